// The schedule of a CronJob: five fields as crontab(5) has them, or a name such as "@daily" (github.com/robfig/cron, standard
// format).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace charon::batch::v1 {

// What is wrong with it, in the words of Kubernetes' parser; nullopt when it is well formed.
std::optional<std::string> schedule_error(std::string_view schedule);

}  // namespace charon::batch::v1
