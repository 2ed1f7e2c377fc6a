#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "api/storage/v1/driver_validation.h"

namespace charon::storage::v1 {

using codec::find_path;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::add_flag_cell;
using meta::v1::FieldPath;

namespace {

void cells_of(const Value& driver, Time, codec::Array& cells) {
  for (std::string_view flag : {"attachRequired", "podInfoOnMount", "storageCapacity"})
    add_flag_cell(cells, find_path(driver, {"spec", flag}));
  std::vector<std::string> audiences;
  const Value* tokens = find_path(driver, {"spec", "tokenRequests"});
  for (const Value& token : meta::v1::items_of(tokens)) audiences.emplace_back(codec::string_at(token, "audience"));
  add_cell(cells, tokens != nullptr && tokens->is_array() ? meta::v1::join(audiences, ",") : "<unset>");
  add_flag_cell(cells, find_path(driver, {"spec", "requiresRepublish"}));
  std::vector<std::string> modes;
  for (const Value& mode : meta::v1::items_of(find_path(driver, {"spec", "volumeLifecycleModes"})))
    modes.push_back(meta::v1::scalar_text(&mode));
  add_cell(cells, meta::v1::text_or(meta::v1::join(modes, ",")));
}

void validate_tokens(meta::v1::Errors& errors, const FieldPath& path, const codec::Array& tokens) {
  constexpr std::int64_t kLeastSeconds = 600;
  constexpr std::int64_t kMostSeconds = std::int64_t{1} << 32;
  std::set<std::string_view> audiences;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    FieldPath here = path.at(i);
    std::string_view audience = codec::string_at(tokens[i], "audience");
    if (!audiences.insert(audience).second) {
      meta::v1::add_duplicate(errors, here.child("audience"), audience);
      continue;
    }
    std::optional<std::int64_t> seconds = codec::int_at(tokens[i], "expirationSeconds");
    if (seconds && *seconds < kLeastSeconds)
      meta::v1::add_invalid(errors, here.child("expirationSeconds"), Value(*seconds),
                            "may not specify a duration less than 10 minutes");
    if (seconds && *seconds > kMostSeconds)
      meta::v1::add_invalid(errors, here.child("expirationSeconds"), Value(*seconds),
                            "may not specify a duration larger than 2^32 seconds");
  }
}

void validate(const Value& driver, const model::WriteContext& context, meta::v1::Errors& errors) {
  constexpr std::int64_t kLeastPeriod = 10;
  check_driver_name(errors, FieldPath("name"), codec::string_at_path(driver, {"metadata", "name"}));
  FieldPath spec("spec");
  std::string_view policy = codec::string_at_path(driver, {"spec", "fsGroupPolicy"});
  if (policy != "ReadWriteOnceWithFSType" && policy != "File" && policy != "None")
    meta::v1::add_not_supported(errors, spec.child("fsGroupPolicy"), policy, {"File", "None", "ReadWriteOnceWithFSType"});
  validate_tokens(errors, spec.child("tokenRequests"), meta::v1::items_of(find_path(driver, {"spec", "tokenRequests"})));
  for (const Value& mode : meta::v1::items_of(find_path(driver, {"spec", "volumeLifecycleModes"})))
    if (mode != "Persistent" && mode != "Ephemeral")
      meta::v1::add_not_supported(errors, spec.child("volumeLifecycleModes"), meta::v1::scalar_text(&mode),
                                  {"Persistent", "Ephemeral"});
  const Value* period = find_path(driver, {"spec", "nodeAllocatableUpdatePeriodSeconds"});
  if (period != nullptr && period->is_int64() && period->get_int64() < kLeastPeriod)
    meta::v1::add_invalid(errors, spec.child("nodeAllocatableUpdatePeriodSeconds"), *period,
                          "must be greater than or equal to 10 seconds");
  if (context.before == nullptr) return;
  auto kept = [&](std::string_view member, std::string_view name) {
    meta::v1::check_immutable(errors, spec.child(name), find_path(*context.before, {"spec", member}),
                              find_path(driver, {"spec", member}));
  };
  kept("attachRequired", "attachedRequired");  // as Kubernetes' errors call it
  kept("volumeLifecycleModes", "volumeLifecycleModes");
}

}  // namespace

const model::KindRules csi_driver_rules = {.validate = validate, .cells = cells_of, .update_needs_version = true};

}  // namespace charon::storage::v1
