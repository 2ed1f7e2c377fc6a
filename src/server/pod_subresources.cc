#include "server/pod_subresources.h"

#include <string_view>
#include <utility>

#include "codec/tree.h"
#include "server/managed_fields/managed_fields.h"

namespace charon::server {

using codec::Value;

namespace {

void restore(Value& object, const Value& before) {
  Value managed = take_managed_fields(object);
  object = before;
  put_managed_fields(object, std::move(managed));
}

void set_or_erase(codec::Object& members, std::string_view name, const Value* value) {
  if (value != nullptr) {
    members[name] = *value;
  } else {
    members.erase(name);
  }
}

Value with_old_all_but_resources(const Value& given, const Value& before) {
  if (!given.is_array() || !before.is_array()) return given;
  const codec::Array& now = given.get_array();
  codec::Array merged = before.get_array();
  if (now.size() != merged.size()) return given;
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (codec::string_at(now[i], "name") != codec::string_at(merged[i], "name")) return given;
    for (std::string_view member : {"resources", "resizePolicy"})
      set_or_erase(merged[i].as_object(), member, codec::find(now[i], member));
  }
  return merged;
}

}  // namespace

void keep_but_ephemeral_containers(Value& object, const Value& before) {
  const Value* given = codec::find_path(object, {"spec", "ephemeralContainers"});
  Value containers = given == nullptr ? Value(nullptr) : *given;
  restore(object, before);
  set_or_erase(codec::ensure_object(object, {"spec"}), "ephemeralContainers", containers.is_null() ? nullptr : &containers);
}

void keep_but_resources(Value& object, const Value& before) {
  Value given = object;
  restore(object, before);
  for (std::string_view list : {"containers", "initContainers"}) {
    const Value* now = codec::find_path(given, {"spec", list});
    const Value* then = codec::find_path(before, {"spec", list});
    Value merged = now != nullptr && then != nullptr ? with_old_all_but_resources(*now, *then) : Value(nullptr);
    set_or_erase(codec::ensure_object(object, {"spec"}), list, merged.is_null() ? now : &merged);
  }
}

}  // namespace charon::server
