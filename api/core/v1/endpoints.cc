#include <fmt/format.h>

#include <string>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"

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
      for (std::size_t k = 0; k < addresses.size(); ++k)
        if (std::string_view ip = string_at(addresses[k], "ip"); !ip.empty() && !meta::v1::is_ip(ip))
          meta::v1::add_invalid(errors, path.at(k).child("ip"), Value(ip),
                                "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    }
    meta::v1::FieldPath path = subset.child("ports");
    const codec::Array& ports = meta::v1::items_at(subsets[i], "ports");
    for (std::size_t k = 0; k < ports.size(); ++k)
      if (ports.size() > 1 && string_at(ports[k], "name").empty()) meta::v1::add_required(errors, path.at(k).child("name"));
  }
}

}  // namespace

const model::KindRules endpoints_rules = {.validate = validate, .cells = cells_of, .update_creates = true};

}  // namespace charon::core::v1
