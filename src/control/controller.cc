#include "control/controller.h"

#include <algorithm>

#include "base/bytes.h"
#include "codec/tree.h"

namespace charon::control {
namespace {

// The name of the object's controller when it is of `owner`; empty else.
std::string controller_name(const model::DocumentPtr& document, const model::Kind& owner) {
  if (!document || document->json()->find("\"ownerReferences\"") == std::string::npos) return {};
  const codec::Value tree = document->tree();
  const codec::Value* references = codec::find_path(tree, {"metadata", "ownerReferences"});
  if (references == nullptr || !references->is_array()) return {};
  for (const codec::Value& reference : references->get_array()) {
    if (!codec::bool_at(reference, "controller").value_or(false)) continue;
    if (codec::string_at(reference, "kind") != owner.kind) continue;
    const std::string_view api_version = codec::string_at(reference, "apiVersion");
    const std::size_t slash = api_version.find('/');
    const std::string_view group = slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
    if (group == owner.gv.group) return std::string(codec::string_at(reference, "name"));
  }
  return {};
}

}  // namespace

Watch watch_self(const model::Kind& kind) {
  return {&kind, [](const Change& change, const View&, std::vector<Key>& keys) { keys.push_back({change.latest()->key()}); }};
}

Watch watch_controlled(const model::Kind& kind, const model::Kind& owner) {
  return {&kind, [&owner](const Change& change, const View&, std::vector<Key>& keys) {
            const std::string& ns = change.latest()->key().ns;
            const std::string now = controller_name(change.now, owner);
            const std::string before = controller_name(change.before, owner);
            if (!now.empty()) keys.push_back({{owner.namespaced ? ns : "", now}});
            if (!before.empty() && before != now) keys.push_back({{owner.namespaced ? ns : "", before}});
          }};
}

std::string Controller::queue_name() const {
  constexpr std::string_view kSuffix = "-controller";
  std::string_view own = name();
  if (own.ends_with(kSuffix)) own.remove_suffix(kSuffix.size());
  std::string label(own);
  std::ranges::replace(label, '-', '_');
  return label;
}

rt::Task<Answers> Controller::ask(Request, const View&) const { co_return nullptr; }

std::string stable_suffix(std::string_view seed, std::uint64_t attempt) {
  static constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::uint64_t hash = fnv1a_64(std::string(seed) + "/" + std::to_string(attempt));
  std::string suffix;
  for (int i = 0; i < 5; ++i) {
    suffix += kAlphabet[hash % kAlphabet.size()];
    hash /= kAlphabet.size();
  }
  return suffix;
}

}  // namespace charon::control
