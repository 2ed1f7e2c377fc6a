#include "server/delete_options.h"

#include <cstdlib>
#include <optional>
#include <string>

#include "codec/json.h"
#include "codec/tree.h"
#include "net/http.h"
#include "net/query_flag.h"
#include "server/api.h"

namespace charon::server {
namespace {

Result<void> check(const codec::Value& tree) {
  if (const codec::Value* dry_run = codec::find(tree, "dryRun"); dry_run != nullptr && dry_run->is_array())
    for (const codec::Value& entry : dry_run->get_array())
      if (!entry.is_string() || codec::view(entry.get_string()) != "All")
        return fail(Reason::Invalid, "dryRun: Unsupported value: " + codec::write_json(entry) + ": supported values: \"All\"");
  if (codec::find(tree, "orphanDependents") != nullptr && codec::find(tree, "propagationPolicy") != nullptr)
    return fail(Reason::Invalid,
                "propagationPolicy: Invalid value: orphanDependents and deletionPropagation cannot be both set");
  return {};
}

}  // namespace

Result<client::DeleteOptions> delete_options(const codec::Value& tree, std::string_view query) {
  TRY(check(tree));
  client::DeleteOptions options;
  options.grace_period_s = codec::int_at(tree, "gracePeriodSeconds");
  if (auto grace = net::query_value(query, "gracePeriodSeconds"); grace && !grace->empty()) {
    char* end = nullptr;
    options.grace_period_s = std::strtoll(grace->c_str(), &end, 10);
    if (*end != '\0') return fail(bad_request("gracePeriodSeconds: Invalid value: \"" + *grace + "\""));
  }
  if (options.grace_period_s && *options.grace_period_s < 0)
    return fail(Reason::Invalid, "gracePeriodSeconds: Invalid value: " + std::to_string(*options.grace_period_s) +
                                     ": must be greater than or equal to 0");
  options.uid = codec::string_at_path(tree, {"preconditions", "uid"});
  options.resource_version = codec::string_at_path(tree, {"preconditions", "resourceVersion"});
  std::string policy =
      net::query_value(query, "propagationPolicy").value_or(std::string(codec::string_at(tree, "propagationPolicy")));
  if (policy.empty()) {
    std::optional<bool> orphan = net::query_flag(query, "orphanDependents");
    if (!orphan) orphan = codec::bool_at(tree, "orphanDependents");
    if (orphan) options.propagation = *orphan ? client::Propagation::Orphan : client::Propagation::Background;
  } else if (policy == "Background") {
    options.propagation = client::Propagation::Background;
  } else if (policy == "Foreground") {
    options.propagation = client::Propagation::Foreground;
  } else if (policy == "Orphan") {
    options.propagation = client::Propagation::Orphan;
  } else {
    return fail(Reason::Invalid, "propagationPolicy: Unsupported value: \"" + policy +
                                     "\": supported values: \"Background\", \"Foreground\", \"Orphan\"");
  }
  return options;
}

bool asks_for_dry_run(const codec::Value& tree) {
  const codec::Value* dry_run = codec::find(tree, "dryRun");
  return dry_run != nullptr && dry_run->is_array() && !dry_run->get_array().empty();
}

}  // namespace charon::server
