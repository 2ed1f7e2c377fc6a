#include "scheduler/configuration.h"

#include <algorithm>
#include <map>
#include <set>

#include "codec/tree.h"
#include "codec/yaml.h"
#include "scheduler/plugin_args.h"
#include "scheduler/plugin_table.h"

namespace charon::scheduler {

namespace {

using codec::Value;

// Plugins of kube-scheduler that are the scheduler itself here. They are in every profile.
constexpr std::array<std::string_view, 3> kFixed = {"PrioritySort", "SchedulingGates", "DefaultBinder"};
constexpr std::string_view kPreemption = "DefaultPreemption";

std::unexpected<Error> wrong(std::string_view field, std::string_view why) {
  return fail(Reason::BadRequest, std::string(field) + ": " + std::string(why));
}

// One profile while its points of extension are read.
struct Choice {
  struct State {
    bool filters = false;
    std::int64_t weight = 0;
  };
  std::map<std::string_view, State> plugins;
  bool preemption = true;
};

enum class Part : std::uint8_t { Both, Filter, Score, PostFilter, Fixed };

struct Point {
  std::string_view name;
  Part part;
};
// preFilter, preScore and reserve of a plugin are parts of what it does in filter and score.
constexpr std::array kPoints = {
    Point{"multiPoint", Part::Both},  Point{"filter", Part::Filter},   Point{"preFilter", Part::Filter},
    Point{"score", Part::Score},      Point{"preScore", Part::Score},  Point{"postFilter", Part::PostFilter},
    Point{"preEnqueue", Part::Fixed}, Point{"queueSort", Part::Fixed}, Point{"reserve", Part::Fixed},
    Point{"permit", Part::Fixed},     Point{"preBind", Part::Fixed},   Point{"bind", Part::Fixed},
    Point{"postBind", Part::Fixed},
};

bool is_fixed(std::string_view name) { return std::ranges::find(kFixed, name) != kFixed.end(); }

void disable(Choice& choice, std::string_view name, Part part) {
  auto off = [&](Choice::State& state) {
    if (part == Part::Both || part == Part::Filter) state.filters = false;
    if (part == Part::Both || part == Part::Score) state.weight = 0;
  };
  bool all = name == "*";
  for (auto& [plugin, state] : choice.plugins)
    if (all || plugin == name) off(state);
  if ((all || name == kPreemption) && (part == Part::Both || part == Part::PostFilter)) choice.preemption = false;
}

Result<void> enable(Choice& choice, const Value& entry, std::string_view name, Part part) {
  if (name == kPreemption) {
    choice.preemption = true;
    return {};
  }
  const PluginEntry& plugin = *find_plugin(name);
  Choice::State& state = choice.plugins[plugin.name];
  if ((part == Part::Both || part == Part::Filter) && plugin.filters) state.filters = true;
  if (part == Part::Filter && !plugin.filters) return wrong(name, "does not filter");
  if (part == Part::Score && plugin.weight == 0) return wrong(name, "does not score");
  if ((part == Part::Both || part == Part::Score) && plugin.weight != 0) {
    std::int64_t weight = codec::int_at(entry, "weight").value_or(0);
    if (weight < 0) return wrong(name, "weight must not be negative");
    state.weight = weight == 0 ? plugin.weight : weight;
  }
  return {};
}

// Disabled ones first, as in Kubernetes: `disabled: [*]` with a list of enabled ones replaces all.
Result<void> read_point(const Point& point, const Value& set, Choice& choice) {
  TRY(expect_members(set, {"enabled", "disabled"}));
  for (std::string_view side : {"disabled", "enabled"}) {
    const Value* list = codec::find(set, side);
    if (list == nullptr || list->is_null()) continue;
    if (!list->is_array()) return wrong(side, "must be a list");
    for (const Value& entry : list->get_array()) {
      TRY(expect_members(entry, {"name", "weight"}));
      std::string_view name = codec::string_at(entry, "name");
      bool known = name == kPreemption || is_fixed(name) || find_plugin(name) != nullptr;
      if (!known && !(side == "disabled" && name == "*")) return wrong(name, "no such plugin");
      if (is_fixed(name)) {
        if (side == "disabled") return wrong(name, "cannot be disabled");
        continue;
      }
      if (point.part == Part::Fixed) continue;
      if (side == "disabled")
        disable(choice, name, point.part);
      else
        TRY(enable(choice, entry, name, point.part));
    }
  }
  return {};
}

Result<Choice> read_points(const Value* plugins) {
  Choice choice;
  for (const PluginEntry& entry : plugin_table())
    if (entry.by_default) choice.plugins[entry.name] = {entry.filters, entry.weight};
  if (plugins == nullptr || plugins->is_null()) return choice;
  std::vector<std::string_view> known;
  for (const Point& point : kPoints) known.push_back(point.name);
  TRY(expect_members(*plugins, known));
  for (const Point& point : kPoints) {
    const Value* set = codec::find(*plugins, point.name);
    if (set == nullptr || set->is_null()) continue;
    if (auto read = read_point(point, *set, choice); !read) return fail_with(point.name, std::move(read.error()));
  }
  return choice;
}

using ArgsByName = std::map<std::string, const Value*>;

Result<ArgsByName> read_plugin_config(const Value& profile) {
  ArgsByName out;
  const Value* list = codec::find(profile, "pluginConfig");
  if (list == nullptr || list->is_null()) return out;
  if (!list->is_array()) return wrong("pluginConfig", "must be a list");
  for (const Value& entry : list->get_array()) {
    TRY(expect_members(entry, {"name", "args"}));
    std::string name(codec::string_at(entry, "name"));
    if (name != kPreemption && find_plugin(name) == nullptr) return wrong("pluginConfig", "no such plugin: \"" + name + "\"");
    const Value* args = codec::find(entry, "args");
    if (!out.emplace(name, args).second) return wrong("pluginConfig", "repeated config for plugin " + name);
  }
  return out;
}

Result<Profile> read_profile(const Value& tree, Configuration& configuration) {
  TRY(expect_members(tree, {"schedulerName", "plugins", "pluginConfig", "percentageOfNodesToScore"}));
  Profile out;
  if (std::string_view name = codec::string_at(tree, "schedulerName"); !name.empty()) out.scheduler_name = name;
  TRY_ASSIGN(Choice choice, read_points(codec::find(tree, "plugins")));
  TRY_ASSIGN(ArgsByName args, read_plugin_config(tree));
  if (!choice.preemption) out.preemption.reset();
  if (auto given = args.find(std::string(kPreemption)); given != args.end() && given->second != nullptr && choice.preemption) {
    auto read = read_default_preemption_args(*given->second);
    if (!read) return fail_with(kPreemption, std::move(read.error()));
    out.preemption = *read;
  }
  for (const PluginEntry& entry : plugin_table()) {
    auto state = choice.plugins.find(entry.name);
    auto given = args.find(std::string(entry.name));
    const Value* plugin_args = given == args.end() ? nullptr : given->second;
    auto plugin = entry.make(plugin_args);
    if (!plugin) return fail_with(entry.name, std::move(plugin.error()));
    if (entry.name == "VolumeBinding" && plugin_args != nullptr) {
      auto time_out = read_volume_binding_args(*plugin_args);
      if (!time_out) return fail_with(entry.name, std::move(time_out.error()));
      configuration.volume_time_out = *time_out;
    }
    if (state == choice.plugins.end() || (!state->second.filters && state->second.weight == 0)) continue;
    out.plugins.push_back({*std::move(plugin), state->second.weight, state->second.filters});
  }
  return out;
}

Result<std::size_t> percentage(const Value& tree, std::size_t otherwise) {
  const Value* given = codec::find(tree, "percentageOfNodesToScore");
  if (given == nullptr || given->is_null()) return otherwise;
  auto value = codec::int_at(tree, "percentageOfNodesToScore");
  if (!value || *value < 0 || *value > 100) return wrong("percentageOfNodesToScore", "not in valid range [0-100]");
  return static_cast<std::size_t>(*value);
}

Result<rt::Duration> back_off(const Value& tree, std::string_view field, rt::Duration otherwise) {
  const Value* given = codec::find(tree, field);
  if (given == nullptr || given->is_null()) return otherwise;
  auto seconds = codec::int_at(tree, field);
  if (!seconds || *seconds <= 0 || *seconds > 1'000'000) return wrong(field, "must be greater than 0");
  return rt::Duration(std::chrono::seconds(*seconds));
}

}  // namespace

Configuration Configuration::standard() {
  Configuration out;
  out.profiles.push_back(default_profile());
  return out;
}

Result<Configuration> read_configuration(const Value& tree) {
  TRY(expect_members(
      tree, {"parallelism", "leaderElection", "clientConnection", "healthzBindAddress", "metricsBindAddress", "enableProfiling",
             "enableContentionProfiling", "percentageOfNodesToScore", "podInitialBackoffSeconds", "podMaxBackoffSeconds",
             "profiles", "extenders", "delayCacheUntilActive"}));
  if (codec::string_at(tree, "apiVersion") != "kubescheduler.config.k8s.io/v1")
    return wrong("apiVersion", "must be kubescheduler.config.k8s.io/v1");
  if (codec::string_at(tree, "kind") != "KubeSchedulerConfiguration")
    return wrong("kind", "must be KubeSchedulerConfiguration");
  if (const Value* extenders = codec::find(tree, "extenders");
      extenders != nullptr && extenders->is_array() && !extenders->get_array().empty())
    return wrong("extenders", "are not supported");
  Configuration out;
  TRY_ASSIGN(std::size_t of_all, percentage(tree, 0));
  TRY_ASSIGN(out.back_off.least, back_off(tree, "podInitialBackoffSeconds", out.back_off.least));
  TRY_ASSIGN(out.back_off.most, back_off(tree, "podMaxBackoffSeconds", out.back_off.most));
  if (out.back_off.most < out.back_off.least)
    return wrong("podMaxBackoffSeconds", "must be greater than or equal to PodInitialBackoffSeconds");
  const Value* profiles = codec::find(tree, "profiles");
  if (profiles == nullptr || !profiles->is_array() || profiles->get_array().empty()) {
    out.profiles.push_back(default_profile());
    out.profiles.back().percentage_of_nodes = of_all;
    return out;
  }
  std::set<std::string> names;
  for (const Value& entry : profiles->get_array()) {
    auto profile = read_profile(entry, out);
    if (!profile) return fail_with("profiles", std::move(profile.error()));
    TRY_ASSIGN(profile->percentage_of_nodes, percentage(entry, of_all));
    if (!names.insert(profile->scheduler_name).second)
      return wrong("profiles", "duplicate value: \"" + profile->scheduler_name + "\"");
    out.profiles.push_back(*std::move(profile));
  }
  return out;
}

Result<Configuration> parse_configuration(std::string_view text) {
  TRY_ASSIGN(Value tree, codec::parse_yaml(text));
  return read_configuration(tree);
}

}  // namespace charon::scheduler
