#include "schema/erase_members.h"

#include <boost/json.hpp>
#include <utility>

namespace charon::schema {

void erase_members(codec::Object& object, const std::set<std::string_view>& names) {
  if (names.empty()) return;
  codec::Object kept;
  for (auto& member : object)
    if (!names.contains({member.key().data(), member.key().size()})) kept.emplace(member.key(), std::move(member.value()));
  object = std::move(kept);
}

}  // namespace charon::schema
