// SchedulerConfigFile: the scheduler's configuration in a file (scheduler/configuration.h), followed while it is being changed.
//
// It is read again every few seconds, so that it may also be a file of a mounted ConfigMap. One that is wrong changes nothing:
// it is complained about once, and what held before goes on. One loop.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "rt/files.h"
#include "rt/loop.h"
#include "rt/scope.h"
#include "scheduler/configuration.h"

namespace charon::cmd {

class SchedulerConfigFile {
 public:
  static constexpr rt::Duration kPeriod = std::chrono::seconds(2);

  // All must outlive it.
  SchedulerConfigFile(rt::Loop& loop, rt::Files& files, std::string path);

  // What it says now. The error names the file.
  Result<scheduler::Configuration> read() const;
  // Hands each new configuration to `apply` from now on. A second call takes the place of the first.
  void follow(std::function<void(scheduler::Configuration)> apply, std::function<void(const Error&)> complain);

 private:
  rt::Task<void> run();
  Result<scheduler::Configuration> parse(const std::string& text) const;

  rt::Loop& loop_;
  rt::Files& files_;
  std::string path_;
  std::string seen_;     // its text, as it was last looked at
  std::string trouble_;  // what was complained about last
  std::function<void(scheduler::Configuration)> apply_;
  std::function<void(const Error&)> complain_;
  rt::Scope scope_;
};

}  // namespace charon::cmd
