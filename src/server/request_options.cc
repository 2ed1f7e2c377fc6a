#include "server/request_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "codec/json.h"
#include "net/http.h"

namespace charon::server {

using Kind = schema::FieldError::Kind;

Error invalid_options(std::string_view kind, const schema::FieldErrors& errors) {
  return schema::invalid_error(kind, "meta.k8s.io", "", errors);
}

Result<std::int64_t> read_number(std::string_view query, std::string_view name) {
  std::string text = net::query_value(query, name).value_or("");
  std::int64_t number = 0;
  if (text.empty()) return number;
  std::string_view digits = text.starts_with('+') ? std::string_view(text).substr(1) : std::string_view(text);
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  bool too_large = error == std::errc::result_out_of_range;
  if (error == std::errc() && end == digits.data() + digits.size()) return number;
  return fail(Reason::BadRequest,
              fmt::format("strconv.ParseInt: parsing \"{}\": {}", text, too_large ? "value out of range" : "invalid syntax"));
}

schema::FieldError unsupported_value(std::string_view field, std::string_view value, std::string_view supported) {
  std::string quoted;
  codec::append_json_string(value, quoted);
  return {Kind::NotSupported, std::string(field), std::move(quoted), fmt::format("supported values: {}", supported)};
}

void validate_dry_run(const std::vector<std::string>& stages, schema::FieldErrors& errors) {
  if (std::ranges::all_of(stages, [](std::string_view stage) { return stage == "All"; })) return;
  codec::Array list;
  for (std::string_view stage : stages) list.emplace_back(stage);
  errors.push_back(
      {Kind::NotSupported, "dryRun", codec::write_json(codec::Value(std::move(list))), "supported values: \"All\""});
}

void validate_field_validation(std::string_view directive, schema::FieldErrors& errors) {
  for (std::string_view known : {"", "Ignore", "Strict", "Warn"})
    if (directive == known) return;
  errors.push_back(unsupported_value("fieldValidation", directive, R"("", "Ignore", "Strict", "Warn")"));
}

}  // namespace charon::server
