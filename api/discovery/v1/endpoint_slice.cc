#include <string>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/names.h"

namespace charon::discovery::v1 {

using codec::Value;

namespace {

constexpr std::size_t kShown = 3;

void cells_of(const Value& slice, Time, codec::Array& cells) {
  std::vector<std::string> ports;
  for (const Value& port : meta::v1::items_at(slice, "ports")) {
    std::string number = meta::v1::scalar_text(codec::find(port, "port"));
    ports.push_back(!number.empty() ? number : std::string(meta::v1::text_or(codec::string_at(port, "name"), "*")));
  }
  std::vector<std::string> addresses;
  for (const Value& endpoint : meta::v1::items_at(slice, "endpoints"))
    for (const Value& address : meta::v1::items_at(endpoint, "addresses")) addresses.push_back(meta::v1::scalar_text(&address));
  meta::v1::add_cell(cells, meta::v1::join_some(ports, kShown, "<unset>"));
  meta::v1::add_cell(cells, meta::v1::join_some(addresses, kShown, "<unset>"));
}

void validate(const Value& slice, const model::WriteContext&, schema::FieldErrors& errors) {
  std::string_view type = codec::string_at(slice, "addressType");
  if (type.empty()) meta::v1::add_required(errors, meta::v1::FieldPath("addressType"));
  meta::v1::FieldPath list("endpoints");
  const codec::Array& endpoints = meta::v1::items_at(slice, "endpoints");
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    meta::v1::FieldPath endpoint = list.at(i);
    meta::v1::FieldPath path = endpoint.child("addresses");
    const codec::Array& addresses = meta::v1::items_at(endpoints[i], "addresses");
    for (std::size_t k = 0; k < addresses.size(); ++k) {
      std::string text = meta::v1::scalar_text(&addresses[k]);
      if (type == "IPv4" && !meta::v1::is_ipv4(text))
        meta::v1::add_invalid(errors, path.at(k), addresses[k], "must be an IPv4 address");
      if (type == "IPv6" && !meta::v1::is_ipv6(text))
        meta::v1::add_invalid(errors, path.at(k), addresses[k], "must be an IPv6 address");
    }
    meta::v1::check_name(errors, endpoint.child("hostname"), codec::string_at(endpoints[i], "hostname"), dns1123_label_errors);
  }
}

}  // namespace

const model::KindRules endpoint_slice_rules = {.validate = validate, .cells = cells_of};

}  // namespace charon::discovery::v1
