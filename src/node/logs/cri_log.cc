#include "node/logs/cri_log.h"

#include <algorithm>
#include <charconv>

#include "net/http.h"
#include "net/query_flag.h"

namespace charon::node {
namespace {

Result<std::optional<std::int64_t>> number(std::string_view query, std::string_view name, std::int64_t minimum) {
  auto text = net::query_value(query, name);
  if (!text || text->empty()) return std::nullopt;
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < minimum)
    return fail(Reason::BadRequest, "invalid " + std::string(name) + ": \"" + *text + "\"");
  return value;
}

bool flag(std::string_view query, std::string_view name) { return net::query_flag(query, name).value_or(false); }

}  // namespace

std::optional<LogLine> parse_log_line(std::string_view line) {
  LogLine out;
  std::string_view* const fields[] = {&out.time, &out.stream};
  for (std::string_view* field : fields) {
    std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    *field = line.substr(0, space);
    line.remove_prefix(space + 1);
  }
  // The tag: flags divided by ":", of which the first says whether the line is whole.
  std::size_t space = line.find(' ');
  std::string_view tag = line.substr(0, space);
  if (tag.empty() || (tag.front() != 'F' && tag.front() != 'P')) return std::nullopt;
  out.partial = tag.front() == 'P';
  if (space != std::string_view::npos) out.text = line.substr(space + 1);
  if (out.stream != "stdout" && out.stream != "stderr") return std::nullopt;
  return out;
}

Result<LogOptions> log_options(std::string_view query, Time now) {
  LogOptions out;
  out.follow = flag(query, "follow");
  out.timestamps = flag(query, "timestamps");
  out.previous = flag(query, "previous");
  out.stream = net::query_value(query, "stream").value_or("");
  TRY_ASSIGN(out.tail_lines, number(query, "tailLines", 0));
  TRY_ASSIGN(out.limit_bytes, number(query, "limitBytes", 1));
  TRY_ASSIGN(std::optional<std::int64_t> since_s, number(query, "sinceSeconds", 1));
  if (since_s) out.since = Time{now.seconds - *since_s, now.nanos};
  if (auto text = net::query_value(query, "sinceTime"); text && !text->empty()) {
    TRY_ASSIGN(Time since, parse_rfc3339(*text));
    out.since = since;
  }
  return out;
}

void LogFilter::feed(std::string& raw, std::string& out) {
  std::string_view rest = raw;
  while (!full()) {
    std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) break;
    if (auto line = parse_log_line(rest.substr(0, end))) show(*line, out);
    rest.remove_prefix(end + 1);
  }
  raw.erase(0, raw.size() - rest.size());
}

void LogFilter::show(const LogLine& line, std::string& out) {
  if (options_.stream == "Stdout" && line.stream != "stdout") return;
  if (options_.stream == "Stderr" && line.stream != "stderr") return;
  if (options_.since && !past_since_) {
    auto time = parse_rfc3339(line.time);
    if (time && *time < *options_.since) return;
    past_since_ = true;  // lines are in the order of time
  }
  std::size_t before = out.size();
  if (options_.timestamps && !inside_line_) {
    out += line.time;
    out += ' ';
  }
  out += line.text;
  if (!line.partial) out += '\n';
  inside_line_ = line.partial;
  if (!options_.limit_bytes) return;
  auto added = static_cast<std::int64_t>(out.size() - before);
  if (added > *options_.limit_bytes) out.resize(before + static_cast<std::size_t>(*options_.limit_bytes));
  *options_.limit_bytes -= added;
}

}  // namespace charon::node
