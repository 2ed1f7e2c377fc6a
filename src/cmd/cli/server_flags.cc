#include "cmd/cli/server_flags.h"

#include "cmd/cli/audit_settings.h"
#include "cmd/cli/flag_checks.h"

namespace charon::cmd {
namespace {

constexpr int kMost = 1 << 20;

std::string absolute_log_path(std::string& path) {
  return path == kStandardOutput || path == kNoAudit ? std::string() : make_absolute(path);
}

}  // namespace

void add_server_flags(CLI::App* command, ServerOptions& options) {
  command
      ->add_option("--audit-policy-file", options.audit_policy_file, "which requests are audited; default: a policy of our own")
      ->transform(CLI::Validator(make_absolute, ""));
  command
      ->add_option("--audit-log-path", options.audit_log_path,
                   "the audit log; - is standard output, none is no log; default: audit/audit.log in the data directory")
      ->transform(CLI::Validator(absolute_log_path, ""));
  command->add_option("--audit-log-format", "form of the audit log's lines; json is the only one")
      ->check(CLI::IsMember({"json"}));
  command->add_option("--audit-log-maxage", options.audit_log_max_age, "days that full audit logs are kept; 0: for ever")
      ->capture_default_str()
      ->check(CLI::Range(0, kMost));
  command->add_option("--audit-log-maxbackup", options.audit_log_max_backup, "full audit logs that are kept; 0: all")
      ->capture_default_str()
      ->check(CLI::Range(0, kMost));
  command->add_option("--audit-log-maxsize", options.audit_log_max_size, "megabytes at which an audit log is full")
      ->capture_default_str()
      ->check(CLI::Range(1, kMost));
  command->add_option("--max-requests-inflight", options.max_requests_inflight, "reads that are served at a time; 0: no limit")
      ->capture_default_str()
      ->check(CLI::Range(0, kMost));
  command
      ->add_option("--max-mutating-requests-inflight", options.max_mutating_requests_inflight,
                   "writes that are served at a time; 0: no limit")
      ->capture_default_str()
      ->check(CLI::Range(0, kMost));
  command
      ->add_option("--request-timeout", options.request_timeout,
                   "how long a request may take that is no watch or stream; 0: no limit")
      ->capture_default_str()
      ->check(duration_problem);
  command
      ->add_option("--shutdown-delay-duration", options.shutdown_delay,
                   "how long all is still served after /readyz has said that the server ends")
      ->capture_default_str()
      ->check(duration_problem);
  command
      ->add_option("--scheduler-config-file", options.scheduler_config_file,
                   "a KubeSchedulerConfiguration: profiles, plugins, back-offs; changes of it are followed")
      ->transform(CLI::Validator(make_absolute, ""));
}

std::vector<std::string> server_arguments(const ServerOptions& options) {
  std::vector<std::string> arguments;
  auto add = [&arguments](const char* flag, std::string value) {
    if (value.empty()) return;
    arguments.emplace_back(flag);
    arguments.push_back(std::move(value));
  };
  add("--audit-policy-file", options.audit_policy_file);
  add("--audit-log-path", options.audit_log_path);
  add("--audit-log-maxage", std::to_string(options.audit_log_max_age));
  add("--audit-log-maxbackup", std::to_string(options.audit_log_max_backup));
  add("--audit-log-maxsize", std::to_string(options.audit_log_max_size));
  add("--max-requests-inflight", std::to_string(options.max_requests_inflight));
  add("--max-mutating-requests-inflight", std::to_string(options.max_mutating_requests_inflight));
  add("--request-timeout", options.request_timeout);
  add("--shutdown-delay-duration", options.shutdown_delay);
  add("--scheduler-config-file", options.scheduler_config_file);
  return arguments;
}

}  // namespace charon::cmd
