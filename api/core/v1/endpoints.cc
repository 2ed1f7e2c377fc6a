#include <fmt/format.h>

#include <string>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

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

}  // namespace

const model::KindRules endpoints_rules = {.cells = cells_of};

}  // namespace charon::core::v1
