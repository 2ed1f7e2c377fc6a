#include "node/volumes/downward_api/items.h"

#include "node/pod/containers.h"

namespace charon::node {

Result<void> add_downward_items(const core::v1::Pod& pod, const std::vector<core::v1::DownwardAPIVolumeFile>& items,
                                std::uint32_t default_mode, const NodeAllocatable& node, Payload& payload) {
  for (const auto& item : items) {
    std::string text;
    if (item.fieldRef) {
      TRY_ASSIGN(text, field_text(pod, item.fieldRef->fieldPath));
    } else if (item.resourceFieldRef) {
      const std::optional<core::v1::Container> container = find_container(pod, item.resourceFieldRef->containerName);
      if (!container) return fail(Reason::BadRequest, "container " + item.resourceFieldRef->containerName + " not found");
      TRY_ASSIGN(text, resource_text(*container, *item.resourceFieldRef, node));
    }
    payload[item.path] = {std::move(text), item.mode ? static_cast<std::uint32_t>(*item.mode) : default_mode};
  }
  return {};
}

}  // namespace charon::node
