#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/conditions.h"
#include "api/meta/v1/places.h"
#include "api/meta/v1/validation.h"

namespace charon::flowcontrol::v1 {

using codec::find_path;
using codec::Value;
using meta::v1::add_invalid;
using meta::v1::FieldPath;
using meta::v1::object_at;

namespace {

void add_number(codec::Array& cells, const Value* number) {
  if (number != nullptr && number->is_int64()) return meta::v1::add_cell(cells, number->get_int64());
  meta::v1::add_cell(cells, "<none>");
}

void cells_of(const Value& level, Time, codec::Array& cells) {
  add_number(cells, find_path(level, {"spec", "limited", "nominalConcurrencyShares"}));
  for (std::string_view member : {"queues", "handSize", "queueLengthLimit"})
    add_number(cells, find_path(level, {"spec", "limited", "limitResponse", "queuing", member}));
}

// An exempt level says what it keeps and lends, which is nothing unless it is given.
void set_defaults(Value& level) {
  Value* exempt = meta::v1::place(level, {"spec", "exempt"});
  if (exempt == nullptr || !exempt->is_object()) return;
  for (std::string_view member : {"nominalConcurrencyShares", "lendablePercent"})
    if (!meta::v1::is_present(*exempt, member)) exempt->get_object()[member] = 0;
}

void check_least(meta::v1::Errors& errors, const FieldPath& path, const Value& object, std::string_view member,
                 std::string_view problem) {
  if (std::optional<std::int64_t> number = codec::int_at(object, member); number && *number < 0)
    add_invalid(errors, path.child(member), Value(*number), problem);
}

// Shares and what of them others may borrow, of both types.
void validate_shares(meta::v1::Errors& errors, const FieldPath& path, const Value& level) {
  check_least(errors, path, level, "nominalConcurrencyShares", "must be a non-negative integer");
  meta::v1::check_range(errors, path.child("lendablePercent"), codec::int_at(level, "lendablePercent"), 0, 100);
}

void validate_queues(meta::v1::Errors& errors, const FieldPath& path, const Value& queuing) {
  constexpr std::int64_t kMostQueues = 10'000'000;
  constexpr int kHashBits = 60;
  std::int64_t length = codec::int_at(queuing, "queueLengthLimit").value_or(0);
  std::int64_t queues = codec::int_at(queuing, "queues").value_or(0);
  std::int64_t hand = codec::int_at(queuing, "handSize").value_or(0);
  if (length <= 0) add_invalid(errors, path.child("queueLengthLimit"), Value(length), "must be positive");
  if (queues <= 0) add_invalid(errors, path.child("queues"), Value(queues), "must be positive");
  if (queues > kMostQueues)
    add_invalid(errors, path.child("queues"), Value(queues), fmt::format("must not be greater than {}", kMostQueues));
  FieldPath place = path.child("handSize");
  if (hand <= 0) return add_invalid(errors, place, Value(hand), "must be positive");
  if (hand > queues)
    return add_invalid(errors, place, Value(hand), fmt::format("should not be greater than queues ({})", queues));
  // A hand of queues is dealt by one hash, whose bits must be enough for it.
  if (std::ceil(std::log2(static_cast<double>(queues)) * static_cast<double>(hand)) > kHashBits)
    add_invalid(errors, place, Value(hand),
                fmt::format("required entropy bits of deckSize {} and handSize {} should not be greater than {}", queues, hand,
                            kHashBits));
}

void validate_response(meta::v1::Errors& errors, const FieldPath& path, const Value& limited) {
  static const Value kNothing = codec::Object();
  const Value* given = object_at(limited, "limitResponse");
  const Value& response = given == nullptr ? kNothing : *given;
  const Value* queuing = object_at(response, "queuing");
  std::string_view type = codec::string_at(response, "type");
  if (type == "Reject") {
    if (queuing != nullptr)
      meta::v1::add_forbidden(errors, path.child("queuing"), "must be nil if limited.limitResponse.type is not Limited");
  } else if (type != "Queue") {
    meta::v1::add_not_supported(errors, path.child("type"), type, {"Queue", "Reject"});
  } else if (queuing == nullptr) {
    meta::v1::add_required(errors, path.child("queuing"), "must not be empty if limited.limitResponse.type is Limited");
  } else {
    validate_queues(errors, path.child("queuing"), *queuing);
  }
}

void validate_spec(meta::v1::Errors& errors, const FieldPath& path, const Value& spec, std::string_view name) {
  std::string_view type = codec::string_at(spec, "type");
  if ((name == "exempt") != (type == "Exempt"))
    add_invalid(errors, path.child("type"), Value(type), "must be 'Exempt' if and only if `name` is 'exempt'");
  const Value* limited = object_at(spec, "limited");
  const Value* exempt = object_at(spec, "exempt");
  if (type == "Exempt") {
    if (limited != nullptr) meta::v1::add_forbidden(errors, path.child("limited"), "must be nil if the type is not Limited");
    if (exempt != nullptr) validate_shares(errors, path.child("exempt"), *exempt);
  } else if (type == "Limited") {
    FieldPath place = path.child("limited");
    if (exempt != nullptr) meta::v1::add_forbidden(errors, path.child("exempt"), "must be nil if the type is Limited");
    if (limited == nullptr) return meta::v1::add_required(errors, place, "must not be empty when type is Limited");
    validate_shares(errors, place, *limited);
    check_least(errors, place, *limited, "borrowingLimitPercent", "if specified, must be a non-negative integer");
    validate_response(errors, place.child("limitResponse"), *limited);
  } else {
    meta::v1::add_not_supported(errors, path.child("type"), type, {"Exempt", "Limited"});
  }
}

// Two levels are always there, as they are; only the shares of the exempt one may be chosen.
void validate_mandatory(meta::v1::Errors& errors, const FieldPath& path, const Value& spec, std::string_view name) {
  codec::Object fixed = spec.is_object() ? spec.get_object() : codec::Object();
  if (name == "exempt") {
    fixed.erase("exempt");
    if (!codec::equal(fixed, codec::Object{{"type", "Exempt"}}))
      add_invalid(errors, path, spec, "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value");
  } else if (name == "catch-all") {
    codec::Object limited{{"nominalConcurrencyShares", 5}, {"lendablePercent", 0}, {"limitResponse", {{"type", "Reject"}}}};
    if (!codec::equal(fixed, codec::Object{{"type", "Limited"}, {"limited", limited}}))
      add_invalid(errors, path, spec, "spec of 'catch-all' must equal the fixed value");
  }
}

void validate(const Value& level, const model::WriteContext& context, meta::v1::Errors& errors) {
  static const Value kNothing = codec::Object();
  FieldPath status("status");
  meta::v1::check_condition_types(errors, status.child("conditions"),
                                  meta::v1::items_of(find_path(level, {"status", "conditions"})));
  if (context.subresource == "status") return;
  FieldPath path("spec");
  const Value* given = codec::find(level, "spec");
  const Value& spec = given == nullptr ? kNothing : *given;
  std::string_view name = codec::string_at_path(level, {"metadata", "name"});
  validate_spec(errors, path, spec, name);
  validate_mandatory(errors, path, spec, name);
}

}  // namespace

const model::KindRules priority_level_configuration_rules = {
    .set_defaults = set_defaults, .validate = validate, .cells = cells_of};

}  // namespace charon::flowcontrol::v1
