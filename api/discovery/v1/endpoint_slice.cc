#include <string>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

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

}  // namespace

const model::KindRules endpoint_slice_rules = {.cells = cells_of};

}  // namespace charon::discovery::v1
