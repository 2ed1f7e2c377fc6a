// Members taken out of an object in time that grows with the object, not with the object times the members.
#pragma once

#include <set>
#include <string_view>

#include "codec/value.h"

namespace charon::schema {

// The others keep their order. `names` may name what is not there, and may be keys of `object` itself.
void erase_members(codec::Object& object, const std::set<std::string_view>& names);

}  // namespace charon::schema
