#include "store/history.h"

#include <algorithm>

#include <fmt/format.h>

namespace charon::store {

Result<void> check_writes(std::span<const Write> writes) {
  if (writes.empty()) return fail(Reason::BadRequest, "a commit needs at least one write");
  if (writes.size() > kWritesPerCommit) {
    return fail(Reason::BadRequest, fmt::format("a commit has at most {} writes, not {}", kWritesPerCommit, writes.size()));
  }
  std::vector<std::string_view> keys;
  keys.reserve(writes.size());
  for (const Write& write : writes) {
    if (write.key.empty()) return fail(Reason::BadRequest, "a key must not be empty");
    keys.push_back(write.key);
  }
  std::ranges::sort(keys);
  if (auto twin = std::ranges::adjacent_find(keys); twin != keys.end()) {
    return fail(Reason::BadRequest, fmt::format("a commit writes {} twice", *twin));
  }
  return {};
}

Result<void> check_precondition(const Write& write, const std::optional<Revision>& current) {
  if (write.if_modified && *write.if_modified != current.value_or(0)) return fail(Reason::Conflict, write.key);
  return {};
}

Result<void> check_revision(Revision revision, Revision compacted, Revision current) {
  if (revision < compacted) return fail(gone(revision, compacted));
  if (revision > current) {
    return fail(Reason::Timeout, fmt::format("revision {} is not there yet, the store is at {}", revision, current));
  }
  return {};
}

Error gone(Revision revision, Revision compacted) {
  return Error{Reason::Gone, fmt::format("revision {} was compacted away, the oldest is {}", revision, compacted), nullptr};
}

std::optional<std::string> prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty()) {
    if (static_cast<unsigned char>(end.back()) != 0xff) {
      end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
      return end;
    }
    end.pop_back();
  }
  return std::nullopt;
}

}  // namespace charon::store
