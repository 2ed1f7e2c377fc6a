// A quantity that parses prints a canonical text: it is at most as exact as what was read, parses as an equal quantity and
// prints the same. Sums compare with their parts as they should.
#include "base/quantity.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const charon::Result<charon::Quantity> quantity = charon::Quantity::parse(text);
  if (!quantity) return 0;
  const std::string printed = quantity->text();
  const charon::Result<charon::Quantity> again = charon::Quantity::parse(printed);
  CHECK(again.has_value());
  CHECK(again->text() == printed);
  CHECK(*again == *quantity);
  charon::Quantity sum = *quantity;
  sum += *quantity;
  CHECK(quantity->sign() < 0 ? sum <= *quantity : sum >= *quantity);
  charon::Quantity none = *quantity;
  none -= *quantity;
  CHECK(none.is_zero());
  (void)quantity->value();
  (void)quantity->milli_value();
  (void)quantity->approximate();
  return 0;
}
