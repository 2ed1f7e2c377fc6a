// --config FILE: a YAML mapping whose keys are the long names of the given command's flags, for CLI11.
#pragma once

#include <CLI/CLI.hpp>

namespace charon::cmd {

class YamlConfig final : public CLI::Config {
 public:
  // `program` outlives it.
  explicit YamlConfig(const CLI::App& program) : program_(program) {}
  std::string to_config(const CLI::App* app, bool defaults, bool descriptions, std::string prefix) const override;
  // Throws CLI::FileError when the text is not such a mapping.
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;

 private:
  const CLI::App& program_;
};

}  // namespace charon::cmd
