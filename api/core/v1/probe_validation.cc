#include "api/core/v1/probe_validation.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/meta/v1/cells.h"
#include "codec/tree.h"

namespace charon::core::v1 {

using codec::string_at;
using codec::Value;
using meta::v1::add_forbidden;
using meta::v1::add_invalid;
using meta::v1::add_required;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::items_at;
using meta::v1::object_at;

namespace {

constexpr std::string_view kHandlers[] = {"exec", "httpGet", "tcpSocket", "grpc", "sleep"};
constexpr std::string_view kProbes[] = {"livenessProbe", "readinessProbe", "startupProbe"};

bool is_header_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

void validate_action(Errors& errors, const FieldPath& path, std::string_view type, const Value& action,
                     const ProbeScope& scope) {
  if (type == "exec") {
    if (items_at(action, "command").empty()) add_required(errors, path.child("command"));
  } else if (type == "sleep") {
    std::int64_t seconds = codec::int_at(action, "seconds").value_or(0);
    if (seconds < 0 || seconds > scope.grace_s)
      add_invalid(errors, path, Value(seconds),
                  fmt::format("must be non-negative and less than terminationGracePeriodSeconds ({})", scope.grace_s));
  } else {
    meta::v1::check_port(errors, path.child("port"), codec::find(action, "port"));
    for (const Value& header : items_at(action, "httpHeaders"))
      if (std::string_view name = string_at(header, "name"); !is_header_name(name))
        add_invalid(errors, path.child("httpHeaders"), Value(name),
                    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for "
                    "validation is '[-A-Za-z0-9]+')");
  }
}

// Exactly one of exec, httpGet, tcpSocket, grpc or sleep.
void validate_handler(Errors& errors, const FieldPath& path, const Value& handler, const ProbeScope& scope) {
  int given = 0;
  for (std::string_view type : kHandlers) {
    const Value* action = object_at(handler, type);
    if (action == nullptr) continue;
    FieldPath here = path.child(type);
    if (++given > 1)
      add_forbidden(errors, here, "may not specify more than 1 handler type");
    else
      validate_action(errors, here, type, *action, scope);
  }
  if (given == 0) add_required(errors, path, "must specify a handler type");
}

void validate_probe(Errors& errors, const FieldPath& path, std::string_view name, const Value& probe, const ProbeScope& scope) {
  validate_handler(errors, path, probe, scope);
  std::optional<std::int64_t> grace = codec::int_at(probe, "terminationGracePeriodSeconds");
  FieldPath grace_path = path.child("terminationGracePeriodSeconds");
  if (grace && *grace <= 0) add_invalid(errors, grace_path, Value(*grace), "must be greater than 0");
  if (name == "readinessProbe") {
    if (grace) add_invalid(errors, grace_path, Value(*grace), "must not be set for readinessProbes");
    return;
  }
  std::int64_t threshold = codec::int_at(probe, "successThreshold").value_or(1);
  if (threshold != 1) add_invalid(errors, path.child("successThreshold"), Value(threshold), "must be 1");
}

}  // namespace

void validate_probes(Errors& errors, const FieldPath& path, const Value& container, const ProbeScope& scope) {
  if (const Value* lifecycle = object_at(container, "lifecycle")) {
    FieldPath here = path.child("lifecycle");
    for (std::string_view hook : {"postStart", "preStop"})
      if (const Value* handler = object_at(*lifecycle, hook)) validate_handler(errors, here.child(hook), *handler, scope);
    if (!string_at(*lifecycle, "stopSignal").empty() && !scope.names_system)
      add_forbidden(errors, here.child("stopSignal"), "may not be set for containers with empty `spec.os.name`");
  }
  for (std::string_view name : kProbes)
    if (const Value* probe = object_at(container, name)) validate_probe(errors, path.child(name), name, *probe, scope);
}

void forbid_probes(Errors& errors, const FieldPath& path, const Value& container) {
  for (std::string_view member : {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"})
    if (object_at(container, member) != nullptr)
      add_forbidden(errors, path.child(member), "may not be set for init containers without restartPolicy=Always");
}

}  // namespace charon::core::v1
