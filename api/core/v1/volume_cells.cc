#include "api/core/v1/volume_cells.h"

#include <algorithm>
#include <utility>

#include "api/meta/v1/cells.h"

namespace charon::core::v1 {

using codec::string_at_path;
using codec::Value;

std::string access_modes_text(const Value* modes) {
  constexpr std::pair<std::string_view, std::string_view> kShort[] = {
      {"ReadWriteOnce", "RWO"}, {"ReadOnlyMany", "ROX"}, {"ReadWriteMany", "RWX"}, {"ReadWriteOncePod", "RWOP"}};
  std::string text;
  for (auto [mode, short_name] : kShort) {
    bool given = std::ranges::any_of(meta::v1::items_of(modes), [&](const Value& item) {
      return item.is_string() && codec::view(item.get_string()) == mode;
    });
    if (given) text.append(text.empty() ? "" : ",").append(short_name);
  }
  return text;
}

std::string_view storage_class_of(const Value& object) {
  std::string_view annotated = string_at_path(object, {"metadata", "annotations", "volume.beta.kubernetes.io/storage-class"});
  return meta::v1::text_or(annotated, string_at_path(object, {"spec", "storageClassName"}));
}

std::string_view volume_phase_text(const Value& object) {
  return meta::v1::is_deleted(object) ? "Terminating" : string_at_path(object, {"status", "phase"});
}

std::string storage_text(const Value* quantities) {
  std::string text = quantities == nullptr ? "" : meta::v1::scalar_text(codec::find(*quantities, "storage"));
  return text.empty() ? "0" : text;
}

}  // namespace charon::core::v1
