// The table of all plugins: how each is made from its arguments, and its part in the default profile.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "codec/value.h"
#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

struct PluginEntry {
  std::string_view name;
  // `args`: what a KubeSchedulerConfiguration says in pluginConfig; null: the defaults. BadRequest says what is wrong with it.
  Result<std::unique_ptr<Plugin>> (*make)(const codec::Value* args);
  bool filters = false;
  std::int64_t weight = 0;  // 0: it does not score
  bool by_default = true;   // in the default profile
};

// In the order in which filters run, cheap ones first.
std::span<const PluginEntry> plugin_table();
const PluginEntry* find_plugin(std::string_view name);

}  // namespace charon::scheduler
