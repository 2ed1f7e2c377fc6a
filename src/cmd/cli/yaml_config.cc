#include "cmd/cli/yaml_config.h"

#include <iterator>

#include "codec/json.h"
#include "codec/tree.h"
#include "codec/yaml.h"

namespace charon::cmd {
namespace {

// The command's own flag of this name. One of `charon up` alone may stand in the file that all commands share: null then.
const CLI::Option* option_of(const CLI::App& program, const CLI::App& command, const std::string& name) {
  const auto find = [&name](const CLI::App& app) -> const CLI::Option* {
    const CLI::Option* option = app.get_option_no_throw("--" + name);
    return option != nullptr && option->get_configurable() ? option : nullptr;
  };
  if (const CLI::Option* own = find(command)) return own;
  for (const CLI::App* other : program.get_subcommands({}))
    if (other->get_name() == "up" && find(*other) != nullptr) return nullptr;
  throw CLI::FileError("the configuration file names \"" + name + "\", which is no flag of this command");
}

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
  const CLI::App* app = &program_;
  while (!app->get_subcommands().empty()) {
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
    if (option_of(program_, *app, item.name) == nullptr) continue;
    if (value.is_null() || value.is_object())
      throw CLI::FileError("\"" + item.name + "\" of the configuration file must be a value or a list of values");
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
