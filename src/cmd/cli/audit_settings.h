// What the flags say about the audit log.
#pragma once

#include <optional>
#include <string_view>

#include "cmd/cli/options.h"
#include "cmd/compose/control_plane.h"
#include "rt/files.h"

namespace charon::cmd {

// Values of --audit-log-path that are no paths.
inline constexpr std::string_view kStandardOutput = "-";
inline constexpr std::string_view kNoAudit = "none";

// nullopt: nothing is audited. The policy file's errors name the file.
Result<std::optional<AuditSettings>> audit_settings(const rt::Files& files, const Options& options);

}  // namespace charon::cmd
