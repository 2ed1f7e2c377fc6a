#include "cmd/cli/audit_settings.h"

#include "cmd/cli/progress.h"

namespace charon::cmd {

Result<std::optional<AuditSettings>> audit_settings(const rt::Files& files, const Options& options) {
  const ServerOptions& flags = options.server;
  AuditSettings settings;
  if (!flags.audit_policy_file.empty()) {
    auto text = files.read(flags.audit_policy_file);
    if (!text) return fail_with("the audit policy cannot be read", std::move(text.error()));
    auto policy = server::audit::Policy::parse(*text);
    if (!policy) return fail_with("the audit policy " + flags.audit_policy_file + " is not valid", std::move(policy.error()));
    settings.policy = *std::move(policy);
  }
  if (flags.audit_log_path == kNoAudit) return std::nullopt;
  constexpr int kMegabyteBits = 20;
  server::audit::FileSettings file{
      .path = flags.audit_log_path.empty() ? options.data_dir + "/audit/audit.log" : flags.audit_log_path,
      .max_bytes = static_cast<std::uint64_t>(flags.audit_log_max_size) << kMegabyteBits,
      .max_backups = static_cast<std::size_t>(flags.audit_log_max_backup),
      .max_age_days = flags.audit_log_max_age};
  if (flags.audit_log_path != kStandardOutput) settings.file = std::move(file);
  settings.on_error = [](const Error& error) { complain("audit events are lost", error); };
  return std::optional<AuditSettings>(std::move(settings));
}

}  // namespace charon::cmd
