// --config FILE: a YAML mapping whose keys are the long names of the flags, for CLI11.
#pragma once

#include <CLI/CLI.hpp>

namespace charon::cmd {

class YamlConfig final : public CLI::Config {
 public:
  std::string to_config(const CLI::App* app, bool defaults, bool descriptions, std::string prefix) const override;
  // Throws CLI::FileError when the text is not such a mapping.
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;
};

}  // namespace charon::cmd
