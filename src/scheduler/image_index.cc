#include "scheduler/image_index.h"

#include <algorithm>

namespace charon::scheduler {

void ImageIndex::set(NodeSlot slot, const Images& before, const Images& now) {
  bool same = std::ranges::equal(before, now, [](const core::v1::ContainerImage& a, const core::v1::ContainerImage& b) {
    return a.sizeBytes == b.sizeBytes && a.names == b.names;
  });
  if (same) return;
  for (const auto& image : before)
    for (const std::string& name : image.names) {
      auto found = images_.find(name);
      if (found == images_.end()) continue;
      found->second.erase(slot);
      if (found->second.empty()) images_.erase(found);
    }
  for (const auto& image : now)
    for (const std::string& name : image.names) images_[name][slot] = image.sizeBytes;
}

const ImageIndex::Holders* ImageIndex::holders(const std::string& name) const {
  auto found = images_.find(name);
  return found == images_.end() ? nullptr : &found->second;
}

}  // namespace charon::scheduler
