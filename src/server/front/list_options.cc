#include "server/front/list_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "net/http.h"
#include "net/query_flag.h"
#include "schema/validate.h"
#include "server/request_options.h"

namespace charon::server {
namespace {

using Kind = schema::FieldError::Kind;

std::string value_of(std::string_view query, std::string_view name) { return net::query_value(query, name).value_or(""); }

std::string_view problem_of(std::string_view text, model::Revision& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return "value out of range";
  return error != std::errc() || end != text.data() + text.size() ? "invalid syntax" : "";
}

// The error for a version that is no number; nullopt when it is one.
std::optional<schema::FieldError> read_version(std::string_view text, std::optional<model::Revision>& version) {
  version.reset();
  if (text.empty()) return std::nullopt;
  std::string_view problem = problem_of(text, version.emplace());
  if (problem.empty()) return std::nullopt;
  return schema::FieldError{Kind::Invalid, "resourceVersion", fmt::format("\"{}\"", text),
                            fmt::format("strconv.ParseUint: parsing \"{}\": {}", text, problem)};
}

schema::FieldError forbidden(std::string_view field, std::string_view why) {
  return {Kind::Forbidden, std::string(field), "", std::string(why)};
}

schema::FieldError unknown_match(std::string_view match, std::string_view supported) {
  return unsupported_value("resourceVersionMatch", match, supported);
}

// What list and watch have in common; the match is checked by the caller.
Result<ListOptions> read_common(std::string_view query, std::string_view match) {
  ListOptions options;
  TRY_ASSIGN(std::int64_t limit, read_number(query, "limit"));
  options.limit = limit > 0 ? static_cast<std::size_t>(limit) : 0;
  TRY_ASSIGN(std::int64_t seconds, read_number(query, "timeoutSeconds"));
  constexpr std::int64_t kLongest = 1'000'000'000;
  options.timeout = std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kLongest));
  options.continue_token = value_of(query, "continue");
  options.bookmarks = net::query_flag(query, "allowWatchBookmarks").value_or(false);
  options.send_initial_events = net::query_flag(query, "sendInitialEvents");
  if (match == "Exact") options.match = ListOptions::Match::Exact;
  if (match == "NotOlderThan") options.match = ListOptions::Match::NotOlderThan;
  return options;
}

std::unexpected<Error> invalid(const schema::FieldErrors& errors) { return fail(invalid_options("ListOptions", errors)); }

constexpr std::string_view kWithContinue = "resourceVersionMatch is forbidden when continue is provided";

}  // namespace

Result<ListOptions> read_list_options(std::string_view query) {
  std::string match = value_of(query, "resourceVersionMatch");
  std::string version = value_of(query, "resourceVersion");
  TRY_ASSIGN(ListOptions options, read_common(query, match));
  schema::FieldErrors errors;
  if (!match.empty()) {
    constexpr std::string_view kField = "resourceVersionMatch";
    if (version.empty())
      errors.push_back(forbidden(kField, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
    if (!options.continue_token.empty()) errors.push_back(forbidden(kField, kWithContinue));
    if (options.match == ListOptions::Match::Unset) errors.push_back(unknown_match(match, "\"Exact\", \"NotOlderThan\", \"\""));
    if (options.match == ListOptions::Match::Exact && version == "0")
      errors.push_back(forbidden(kField, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
  }
  if (options.send_initial_events) errors.push_back(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  if (!errors.empty()) return invalid(errors);
  if (auto wrong = read_version(version, options.version))
    return fail(Reason::BadRequest, "invalid resource version: " + schema::field_error_text(*wrong));
  if (!options.continue_token.empty() && options.version.value_or(0) != 0)
    return fail(Reason::BadRequest, "specifying resource version is not allowed when using continue");
  return options;
}

Result<ListOptions> read_watch_options(std::string_view query, std::string_view resource) {
  std::string match = value_of(query, "resourceVersionMatch");
  TRY_ASSIGN(ListOptions options, read_common(query, match));
  schema::FieldErrors errors;
  constexpr std::string_view kField = "resourceVersionMatch";
  bool newer = options.match == ListOptions::Match::NotOlderThan;
  if (options.send_initial_events && !newer)
    errors.push_back(forbidden(kField, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  if (!match.empty()) {
    if (!options.send_initial_events)
      errors.push_back(forbidden(kField, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
    if (!newer) errors.push_back(unknown_match(match, "\"NotOlderThan\""));
    if (!options.continue_token.empty()) errors.push_back(forbidden(kField, kWithContinue));
  }
  if (!errors.empty()) return invalid(errors);
  if (auto wrong = read_version(value_of(query, "resourceVersion"), options.version))
    return fail(schema::invalid_error(resource, "", "", {*wrong}));
  return options;
}

Result<std::optional<model::Revision>> read_get_version(std::string_view query) {
  std::optional<model::Revision> version;
  if (auto wrong = read_version(value_of(query, "resourceVersion"), version))
    return fail(Reason::BadRequest, "invalid resource version: " + schema::field_error_text(*wrong));
  return version;
}

}  // namespace charon::server
