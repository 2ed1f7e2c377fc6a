#include "scheduler/profile.h"

#include "base/check.h"
#include "scheduler/plugin_table.h"

namespace charon::scheduler {

Profile default_profile() {
  Profile out;
  for (const PluginEntry& entry : plugin_table()) {
    if (!entry.by_default) continue;
    auto plugin = entry.make(nullptr);
    CHECK(plugin);
    out.plugins.push_back({*std::move(plugin), entry.weight, entry.filters});
  }
  return out;
}

}  // namespace charon::scheduler
