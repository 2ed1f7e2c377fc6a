#include <fmt/format.h>

#include <string>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/names.h"

namespace charon::core::v1 {

using codec::string_at;
using codec::Value;

namespace {

void add_subset(const Value& subset, std::vector<std::string>& out) {
  const codec::Array& ports = meta::v1::items_at(subset, "ports");
  for (const Value& address : meta::v1::items_at(subset, "addresses"))
    if (ports.empty()) out.emplace_back(string_at(address, "ip"));
  for (const Value& port : ports) {
    for (const Value& address : meta::v1::items_at(subset, "addresses")) {
      std::string_view ip = string_at(address, "ip");
      std::int64_t number = codec::int_at(port, "port").value_or(0);
      out.push_back(ip.find(':') == std::string_view::npos ? fmt::format("{}:{}", ip, number)
                                                           : fmt::format("[{}]:{}", ip, number));
    }
  }
}

void cells_of(const Value& endpoints, Time, codec::Array& cells) {
  std::vector<std::string> addresses;
  for (const Value& subset : meta::v1::items_at(endpoints, "subsets")) add_subset(subset, addresses);
  meta::v1::add_cell(cells, meta::v1::join_some(addresses, 3, "<none>"));
}

void validate_address(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const Value& address) {
  meta::v1::check_ordinary_ip(errors, path.child("ip"), string_at(address, "ip"));
  meta::v1::check_name(errors, path.child("hostname"), string_at(address, "hostname"), dns1123_label_errors);
  if (codec::find(address, "nodeName") != nullptr)
    meta::v1::check_given_name(errors, path.child("nodeName"), string_at(address, "nodeName"), dns1123_subdomain_errors);
}

enum class Name : unsigned char { Needed, Optional };

// Number and protocol are the table's.
void validate_port(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const Value& port, Name need) {
  std::string_view name = string_at(port, "name");
  if (need == Name::Needed && name.empty()) meta::v1::add_required(errors, path.child("name"));
  meta::v1::check_name(errors, path.child("name"), name, dns1123_label_errors);
  meta::v1::check_name(errors, path.child("appProtocol"), string_at(port, "appProtocol"), qualified_name_errors);
}

void validate(const Value& endpoints, const model::WriteContext&, schema::FieldErrors& errors) {
  meta::v1::FieldPath list("subsets");
  const codec::Array& subsets = meta::v1::items_at(endpoints, "subsets");
  for (std::size_t i = 0; i < subsets.size(); ++i) {
    meta::v1::FieldPath subset = list.at(i);
    if (meta::v1::items_at(subsets[i], "addresses").empty() && meta::v1::items_at(subsets[i], "notReadyAddresses").empty())
      meta::v1::add_required(errors, subset, "must specify `addresses` or `notReadyAddresses`");
    for (std::string_view member : {"addresses", "notReadyAddresses"}) {
      meta::v1::FieldPath path = subset.child(member);
      const codec::Array& addresses = meta::v1::items_at(subsets[i], member);
      for (std::size_t k = 0; k < addresses.size(); ++k) validate_address(errors, path.at(k), addresses[k]);
    }
    meta::v1::FieldPath path = subset.child("ports");
    const codec::Array& ports = meta::v1::items_at(subsets[i], "ports");
    for (std::size_t k = 0; k < ports.size(); ++k)
      validate_port(errors, path.at(k), ports[k], ports.size() > 1 ? Name::Needed : Name::Optional);
  }
}

}  // namespace

const model::KindRules endpoints_rules = {.validate = validate, .cells = cells_of, .update_creates = true};

}  // namespace charon::core::v1
