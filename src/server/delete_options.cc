#include "server/delete_options.h"

#include <optional>
#include <string>
#include <vector>

#include "codec/tree.h"
#include "net/http.h"
#include "net/query_flag.h"
#include "server/api.h"
#include "server/request_options.h"

namespace charon::server {
namespace {

using Kind = schema::FieldError::Kind;

std::vector<std::string> dry_run_stages(const codec::Value& tree, std::string_view query) {
  std::vector<std::string> stages = net::query_values(query, "dryRun");
  if (const codec::Value* given = codec::find(tree, "dryRun"); given != nullptr && given->is_array())
    for (const codec::Value& stage : given->get_array())
      stages.emplace_back(stage.is_string() ? codec::view(stage.get_string()) : std::string_view());
  return stages;
}

struct Cascade {
  std::string policy;          // empty: not given
  std::optional<bool> orphan;  // the older way to say it
};

Cascade cascade_of(const codec::Value& tree, std::string_view query) {
  Cascade cascade{net::query_value(query, "propagationPolicy").value_or(""), net::query_flag(query, "orphanDependents")};
  if (cascade.policy.empty()) cascade.policy = codec::string_at(tree, "propagationPolicy");
  if (!cascade.orphan) cascade.orphan = codec::bool_at(tree, "orphanDependents");
  return cascade;
}

client::Propagation propagation_of(const Cascade& cascade, schema::FieldErrors& errors) {
  using client::Propagation;
  const std::string& policy = cascade.policy;
  if (cascade.orphan && !policy.empty())
    errors.push_back({Kind::Invalid, "propagationPolicy", "\"" + policy + "\"",
                      "orphanDependents and deletionPropagation cannot be both set"});
  if (policy == "Background") return Propagation::Background;
  if (policy == "Foreground") return Propagation::Foreground;
  if (policy == "Orphan") return Propagation::Orphan;
  if (!policy.empty())
    errors.push_back(unsupported_value("propagationPolicy", policy, R"("Foreground", "Background", "Orphan", "nil")"));
  if (!cascade.orphan) return Propagation::Default;
  return *cascade.orphan ? Propagation::Orphan : Propagation::Background;
}

}  // namespace

// Kubernetes has DeleteOptions in every group version.
Result<void> check_is_delete_options(const codec::Value& tree) {
  std::string_view kind = codec::string_at(tree, "kind");
  if (kind.empty() || kind == "DeleteOptions") return {};
  return fail(bad_request("no kind \"" + std::string(kind) + "\" is registered for version \"" +
                          std::string(codec::string_at(tree, "apiVersion")) + "\": DeleteOptions are expected"));
}

Result<client::DeleteOptions> delete_options(const codec::Value& tree, std::string_view query) {
  client::DeleteOptions options;
  options.grace_period_s = codec::int_at(tree, "gracePeriodSeconds");
  TRY_ASSIGN(std::int64_t grace, read_number(query, "gracePeriodSeconds"));
  if (!net::query_value(query, "gracePeriodSeconds").value_or("").empty()) options.grace_period_s = grace;
  if (options.grace_period_s && *options.grace_period_s < 0) options.grace_period_s = 1;
  options.uid = codec::string_at_path(tree, {"preconditions", "uid"});
  options.resource_version = codec::string_at_path(tree, {"preconditions", "resourceVersion"});
  schema::FieldErrors errors;
  options.propagation = propagation_of(cascade_of(tree, query), errors);
  validate_dry_run(dry_run_stages(tree, query), errors);
  if (!errors.empty()) return fail(invalid_options("DeleteOptions", errors));
  return options;
}

bool asks_for_dry_run(const codec::Value& tree, std::string_view query) { return !dry_run_stages(tree, query).empty(); }

}  // namespace charon::server
