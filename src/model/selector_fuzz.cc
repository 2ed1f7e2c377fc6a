// A label selector that parses prints a text that parses as the same selector and prints the same; both choose the same
// objects. A field selector likewise.
#include "model/selector.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"

namespace {

using namespace charon::model;

const Labels kObjects[] = {{}, {{"app", "web"}}, {{"app", "api"}, {"n", "7"}, {"tier", "a"}}, {{"example.com/x", ""}}};

void fuzz_labels(std::string_view text) {
  const charon::Result<LabelSelector> selector = LabelSelector::parse(text);
  if (!selector) return;
  const std::string printed = selector->text();
  const charon::Result<LabelSelector> again = LabelSelector::parse(printed);
  CHECK(again.has_value());
  CHECK(again->text() == printed);
  CHECK(again->requirements() == selector->requirements());
  for (const Labels& labels : kObjects) CHECK(selector->matches(labels) == again->matches(labels));
  CHECK(!selector->empty() || selector->matches(kObjects[1]));
}

void fuzz_fields(std::string_view text) {
  const charon::Result<FieldSelector> selector = FieldSelector::parse(text);
  if (!selector) return;
  const std::string printed = selector->text();
  const charon::Result<FieldSelector> again = FieldSelector::parse(printed);
  CHECK(again.has_value());
  CHECK(again->requirements() == selector->requirements());
  CHECK(again->text() == printed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz_labels(text);
  fuzz_fields(text);
  return 0;
}
