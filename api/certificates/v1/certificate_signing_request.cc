#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/bytes.h"
#include "base/names.h"
#include "x509/request.h"

namespace charon::certificates::v1 {

using codec::find_path;
using codec::string_at;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::FieldPath;
using schema::FieldErrors;

namespace {

constexpr std::string_view kLegacySigner = "kubernetes.io/legacy-unknown";
constexpr std::int64_t kTenMinutes = 600;
constexpr std::string_view kDecisions[] = {"Approved", "Denied", "Failed"};

const codec::Array& conditions_of(const Value& request) {
  return meta::v1::items_of(find_path(request, {"status", "conditions"}));
}

std::vector<Value> conditions_of(const Value& request, std::string_view type) {
  std::vector<Value> found;
  for (const Value& condition : conditions_of(request))
    if (string_at(condition, "type") == type) found.push_back(condition);
  return found;
}

std::string condition_text(const Value& request) {
  bool approved = !conditions_of(request, "Approved").empty();
  bool denied = !conditions_of(request, "Denied").empty();
  std::string text = denied ? "Denied" : approved ? "Approved" : "Pending";
  if (!conditions_of(request, "Failed").empty()) text += ",Failed";
  if (!codec::string_at_path(request, {"status", "certificate"}).empty()) text += ",Issued";
  return text;
}

void cells_of(const Value& request, Time, codec::Array& cells) {
  const Value* seconds = find_path(request, {"spec", "expirationSeconds"});
  bool given = seconds != nullptr && seconds->is_int64();
  add_cell(cells, given ? human_duration(std::chrono::seconds(seconds->get_int64())) : "<none>");
  add_cell(cells, condition_text(request));
}

constexpr std::string_view kSelectable[] = {"spec.signerName"};

// What was asked for stays; a signer that writes the status cannot lose the decision.
void prepare(Value& request, const model::WriteContext& context) {
  if (context.create) return;
  if (const Value* spec = codec::find(*context.before, "spec")) request.as_object()["spec"] = *spec;
  if (context.subresource != "status") return;
  codec::Array kept = conditions_of(request);
  for (std::string_view type : {"Approved", "Denied"})
    if (conditions_of(request, type).empty())
      for (Value& condition : conditions_of(*context.before, type)) kept.push_back(std::move(condition));
  if (!kept.empty()) codec::ensure_object(request, {"status"})["conditions"] = std::move(kept);
}

void check_signer_name(const FieldPath& path, std::string_view name, FieldErrors& errors) {
  if (name.empty()) return;  // required by the table
  std::size_t slash = name.find('/');
  if (slash == std::string_view::npos || name.find('/', slash + 1) != std::string_view::npos)
    return meta::v1::add_invalid(errors, path, Value(name),
                                 "must be a fully qualified domain and path of the form 'example.com/signer-name'");
  auto check = [&](std::string_view segment, std::vector<std::string> (*label_errors)(std::string_view)) {
    for (std::size_t start = 0; start <= segment.size();) {
      std::size_t end = std::min(segment.find('.', start), segment.size());
      std::string label(segment.substr(start, end - start));
      for (const std::string& error : label_errors(label))
        meta::v1::add_invalid(errors, path, Value(segment), "validating label \"" + label + "\": " + error);
      start = end + 1;
    }
  };
  check(name.substr(0, slash), dns1123_label_errors);
  if (name.substr(0, slash).find('.') == std::string_view::npos)
    meta::v1::add_invalid(errors, path, Value(name.substr(0, slash)),
                          "should be a domain with at least two segments separated by dots");
  check(name.substr(slash + 1), dns1123_subdomain_errors);
  if (name == kLegacySigner)
    meta::v1::add_invalid(errors, path, Value(name), "the legacy signerName is not allowed via this API version");
}

void check_spec(const Value& request, FieldErrors& errors) {
  FieldPath spec("spec");
  FieldPath asked = spec.child("request");
  std::string_view encoded = codec::string_at_path(request, {"spec", "request"});
  if (!encoded.empty()) {
    auto pem = base64_decode(encoded);
    auto read = pem ? x509::read_request(*pem) : Result<x509::SigningRequest>(std::unexpected(pem.error()));
    if (!read) meta::v1::add_invalid(errors, asked, Value(encoded), read.error().message);
  }
  FieldPath usages = spec.child("usages");
  const codec::Array& wanted = meta::v1::items_of(find_path(request, {"spec", "usages"}));
  if (wanted.empty()) meta::v1::add_required(errors, usages, "usages must be provided");
  std::set<std::string_view> distinct;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i].is_string() && !distinct.insert(codec::view(wanted[i].get_string())).second)
      meta::v1::add_duplicate(errors, usages.at(i), codec::view(wanted[i].get_string()));
  check_signer_name(spec.child("signerName"), codec::string_at_path(request, {"spec", "signerName"}), errors);
  const Value* seconds = find_path(request, {"spec", "expirationSeconds"});
  if (seconds != nullptr && seconds->is_int64() && seconds->get_int64() < kTenMinutes)
    meta::v1::add_invalid(errors, spec.child("expirationSeconds"), *seconds,
                          "may not specify a duration less than 600 seconds (10 minutes)");
}

bool is_decision(std::string_view type) { return std::ranges::find(kDecisions, type) != std::end(kDecisions); }

void check_conditions(const Value& request, FieldErrors& errors) {
  FieldPath status("status");
  FieldPath list = status.child("conditions");
  std::set<std::string_view> seen;
  const codec::Array& conditions = conditions_of(request);
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    FieldPath here = list.at(i);
    std::string_view type = string_at(conditions[i], "type");
    std::string_view value = string_at(conditions[i], "status");
    if (type.empty()) meta::v1::add_required(errors, here.child("type"));
    if (value.empty()) {
      meta::v1::add_required(errors, here.child("status"));
    } else if (is_decision(type)) {
      if (value != "True") meta::v1::add_not_supported(errors, here.child("status"), value, {"True"});
    } else if (value != "True" && value != "False" && value != "Unknown") {
      meta::v1::add_not_supported(errors, here.child("status"), value, {"False", "True", "Unknown"});
    }
    if ((type == "Approved" && seen.contains("Denied")) || (type == "Denied" && seen.contains("Approved")))
      meta::v1::add_invalid(errors, here.child("type"), Value(type), "Approved and Denied conditions are mutually exclusive");
    if (!seen.insert(type).second) meta::v1::add_duplicate(errors, here.child("type"), type);
  }
}

bool same_condition(const Value& left, const Value& right) {
  // A time that is not set may be null or not there.
  return std::ranges::all_of(
      std::initializer_list<std::string_view>{"type", "status", "reason", "message", "lastUpdateTime", "lastTransitionTime"},
      [&](std::string_view member) { return string_at(left, member) == string_at(right, member); });
}

// Decisions stay: what was approved once has perhaps been signed already.
void check_update(const Value& request, const model::WriteContext& context, FieldErrors& errors) {
  FieldPath status("status");
  FieldPath list = status.child("conditions");
  const Value& before = *context.before;
  for (std::string_view type : kDecisions) {
    std::vector<Value> then = conditions_of(before, type);
    std::vector<Value> now = conditions_of(request, type);
    std::string quoted = "\"" + std::string(type) + "\"";
    if (now.size() > then.size()) {
      if (context.subresource == "status" && type != "Failed")
        meta::v1::add_forbidden(errors, list, "updates may not add a condition of type " + quoted);
    } else if (now.size() < then.size()) {
      meta::v1::add_forbidden(errors, list, "updates may not remove a condition of type " + quoted);
    } else if (!std::ranges::equal(now, then, same_condition)) {
      meta::v1::add_forbidden(errors, list, "updates may not modify a condition of type " + quoted);
    }
  }
  std::string_view issued = codec::string_at_path(before, {"status", "certificate"});
  if (!issued.empty() && codec::string_at_path(request, {"status", "certificate"}) != issued)
    meta::v1::add_forbidden(errors, status.child("certificate"), "updates may not modify existing certificate content");
}

void validate(const Value& request, const model::WriteContext& context, FieldErrors& errors) {
  if (context.create) check_spec(request, errors);
  check_conditions(request, errors);
  if (std::string_view encoded = codec::string_at_path(request, {"status", "certificate"}); !encoded.empty()) {
    auto pem = base64_decode(encoded);
    auto read = pem ? x509::read_certificate(*pem) : Result<x509::Certificate>(std::unexpected(pem.error()));
    FieldPath status("status");
    if (!read) meta::v1::add_invalid(errors, status.child("certificate"), Value("<certificate data>"), read.error().message);
  }
  if (!context.create) check_update(request, context, errors);
}

}  // namespace

const model::KindRules certificate_signing_request_rules = {
    .prepare = prepare, .validate = validate, .cells = cells_of, .selectable_fields = kSelectable};

}  // namespace charon::certificates::v1
