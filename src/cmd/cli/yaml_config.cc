#include "cmd/cli/yaml_config.h"

#include <iterator>

#include "codec/json.h"
#include "codec/tree.h"
#include "codec/yaml.h"

namespace charon::cmd {
namespace {

std::string scalar_text(const codec::Value& value) {
  return value.is_string() ? std::string(codec::view(value.get_string())) : codec::write_json(value);
}

}  // namespace

std::string YamlConfig::to_config(const CLI::App* app, bool defaults, bool, std::string) const {
  std::string text;
  for (const CLI::Option* option : app->get_options()) {
    if (option->get_lnames().empty() || !option->get_configurable()) continue;
    std::string value = option->count() > 0 ? option->results().back() : defaults ? option->get_default_str() : std::string();
    if (!value.empty()) text += option->get_lnames().front() + ": " + value + "\n";
  }
  return text;
}

std::vector<CLI::ConfigItem> YamlConfig::from_config(std::istream& input) const {
  std::string text(std::istreambuf_iterator<char>(input), {});
  auto tree = codec::parse_yaml(text);
  if (!tree) throw CLI::FileError("the configuration file is no YAML: " + tree.error().message);
  std::vector<std::string> command;
  for (const CLI::App* app = &program_; !app->get_subcommands().empty();) {
    app = app->get_subcommands().front();
    command.push_back(app->get_name());
  }
  std::vector<CLI::ConfigItem> items;
  if (tree->is_null()) return items;
  if (!tree->is_object())
    throw CLI::FileError("the configuration file must be a mapping of flags to values, such as `port: 6443`");
  for (const auto& [name, value] : tree->get_object()) {
    CLI::ConfigItem item;
    item.parents = command;
    item.name = std::string(name);
    if (value.is_array()) {
      for (const codec::Value& element : value.get_array()) item.inputs.push_back(scalar_text(element));
    } else {
      item.inputs.push_back(scalar_text(value));
    }
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace charon::cmd
