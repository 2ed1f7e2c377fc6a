#include <string>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"

namespace charon::networking::v1 {

using codec::Value;
using meta::v1::FieldPath;

namespace {

void cells_of(const Value& range, Time, codec::Array& cells) {
  std::vector<std::string> cidrs;
  for (const Value& cidr : meta::v1::items_of(codec::find_path(range, {"spec", "cidrs"})))
    cidrs.push_back(meta::v1::scalar_text(&cidr));
  meta::v1::add_cell(cells, meta::v1::join(cidrs, ","));
}

bool is_v6(const Value& cidr) { return meta::v1::scalar_text(&cidr).contains(':'); }

void validate_cidrs(meta::v1::Errors& errors, const FieldPath& path, const codec::Array& cidrs) {
  if (cidrs.empty()) return meta::v1::add_required(errors, path, "at least one CIDR required");
  if (cidrs.size() > 2) return meta::v1::add_invalid(errors, path, Value(cidrs), "may only hold up to 2 values");
  bool good = true;
  for (std::size_t i = 0; i < cidrs.size(); ++i) {
    std::string text = meta::v1::scalar_text(&cidrs[i]);
    meta::v1::check_cidr(errors, path.at(i), text);
    good = good && meta::v1::is_cidr(text);
  }
  if (good && cidrs.size() == 2 && is_v6(cidrs[0]) == is_v6(cidrs[1]))
    meta::v1::add_invalid(errors, path, Value(cidrs),
                          "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64");
}

// What there is stays; a range of the other family may be added.
void validate_change(meta::v1::Errors& errors, const FieldPath& path, const codec::Array& before, const codec::Array& after) {
  bool grows = before.size() == 1 && after.size() == 2;
  if (before.size() != after.size() && !grows) return meta::v1::add_invalid(errors, path, Value(after), "field is immutable");
  for (std::size_t i = 0; i < before.size(); ++i)
    if (!codec::equal(before[i], after[i])) meta::v1::add_invalid(errors, path.at(i), after[i], "field is immutable");
  if (grows) validate_cidrs(errors, path, after);
}

void validate(const Value& range, const model::WriteContext& context, meta::v1::Errors& errors) {
  if (context.subresource == "status") return;
  FieldPath spec("spec");
  const codec::Array& cidrs = meta::v1::items_of(codec::find_path(range, {"spec", "cidrs"}));
  if (context.before == nullptr) return validate_cidrs(errors, spec.child("cidrs"), cidrs);
  validate_change(errors, spec.child("cidrs"), meta::v1::items_of(codec::find_path(*context.before, {"spec", "cidrs"})), cidrs);
}

}  // namespace

const model::KindRules service_cidr_rules = {.validate = validate, .cells = cells_of};

}  // namespace charon::networking::v1
