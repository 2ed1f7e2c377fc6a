#include <algorithm>
#include <cctype>
#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::apps::v1 {

using codec::string_at;
using codec::Value;

namespace {

// "statefulset.apps/web"
std::string controller_text(const Value& revision) {
  for (const Value& owner : meta::v1::items_of(codec::find_path(revision, {"metadata", "ownerReferences"}))) {
    if (!codec::bool_at(owner, "controller").value_or(false)) continue;
    std::string text(string_at(owner, "kind"));
    std::string_view version = string_at(owner, "apiVersion");
    if (std::size_t slash = version.find('/'); slash != std::string_view::npos)
      text.append(".").append(version.substr(0, slash));
    std::ranges::transform(text, text.begin(), [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return text.append("/").append(string_at(owner, "name"));
  }
  return "<none>";
}

void cells_of(const Value& revision, Time, codec::Array& cells) { meta::v1::add_cell(cells, controller_text(revision)); }

}  // namespace

const model::KindRules controller_revision_rules = {.cells = cells_of};

}  // namespace charon::apps::v1
