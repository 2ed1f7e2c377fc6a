#include "api/rbac/v1/binding.h"

#include <string>
#include <vector>

#include "api/meta/v1/cells.h"

namespace charon::rbac::v1 {

using codec::string_at;
using codec::string_at_path;
using codec::Value;
using meta::v1::add_cell;

void binding_cells(const Value& binding, Time, codec::Array& cells) {
  std::vector<std::string> users;
  std::vector<std::string> groups;
  std::vector<std::string> accounts;
  for (const Value& subject : meta::v1::items_at(binding, "subjects")) {
    std::string_view kind = string_at(subject, "kind");
    std::string name(string_at(subject, "name"));
    if (kind == "User") users.push_back(name);
    if (kind == "Group") groups.push_back(name);
    if (kind == "ServiceAccount") accounts.push_back(std::string(string_at(subject, "namespace")) + "/" + name);
  }
  add_cell(cells, std::string(string_at_path(binding, {"roleRef", "kind"})) + "/" +
                      std::string(string_at_path(binding, {"roleRef", "name"})));
  add_cell(cells, meta::v1::join(users, ", "));
  add_cell(cells, meta::v1::join(groups, ", "));
  add_cell(cells, meta::v1::join(accounts, ", "));
}

}  // namespace charon::rbac::v1
