#include "cmd/compose/scheduler_config.h"

#include <optional>
#include <utility>

namespace charon::cmd {

SchedulerConfigFile::SchedulerConfigFile(rt::Loop& loop, rt::Files& files, std::string path)
    : loop_(loop), files_(files), path_(std::move(path)), scope_(loop) {}

Result<scheduler::Configuration> SchedulerConfigFile::parse(const std::string& text) const {
  auto out = scheduler::parse_configuration(text);
  if (!out) return fail_with(path_, std::move(out.error()));
  return out;
}

Result<scheduler::Configuration> SchedulerConfigFile::read() const {
  TRY_ASSIGN(std::string text, files_.read(path_));
  return parse(text);
}

void SchedulerConfigFile::follow(std::function<void(scheduler::Configuration)> apply,
                                 std::function<void(const Error&)> complain) {
  bool running = static_cast<bool>(apply_);
  apply_ = std::move(apply);
  complain_ = std::move(complain);
  if (auto text = files_.read(path_)) seen_ = *std::move(text);
  if (!running) scope_.spawn(run());
}

rt::Task<void> SchedulerConfigFile::run() {
  while (true) {
    co_await rt::sleep(loop_, kPeriod);
    auto text = files_.read(path_);
    std::optional<Error> trouble;
    if (!text) {
      trouble = std::move(text.error());
    } else if (*text != seen_) {
      seen_ = *std::move(text);
      auto configuration = parse(seen_);
      if (configuration)
        apply_(*std::move(configuration));
      else
        trouble = std::move(configuration.error());
    } else {
      continue;
    }
    std::string what = trouble ? trouble->message : "";
    if (trouble && what != trouble_) complain_(*trouble);
    trouble_ = std::move(what);
  }
}

}  // namespace charon::cmd
