#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "api/meta/v1/types.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "codec/yaml.h"
#include "model/envelope.h"
#include "rt/eager_timeout.h"
#include "schema/convert.h"
#include "server/front/call.h"
#include "server/front/frames.h"
#include "server/front/gzip.h"
#include "server/status.h"
#include "server/table/table.h"

namespace charon::server {
namespace {

constexpr std::size_t kCompressStep = 256u << 10;  // between two of them the loop runs

std::string quote_warning(std::string_view text) {
  std::string quoted = "299 - \"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return quoted + "\"";
}

constexpr std::size_t kMostWarningBytes = 4096;
constexpr std::size_t kLongestWarning = 256;  // when all together are too long

// Each once, and no more than clients take in headers (as Kubernetes' warning recorder).
Warnings told(const Warnings& warnings) {
  Warnings all;
  std::size_t bytes = 0;
  for (const std::string& text : warnings) {
    if (std::ranges::find(all, text) != all.end()) continue;
    all.push_back(text);
    bytes += text.size();
  }
  if (bytes <= kMostWarningBytes) return all;
  Warnings cut;
  bytes = 0;
  for (std::string& text : all) {
    if (text.size() > kLongestWarning) {
      std::size_t end = kLongestWarning;
      while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // between two characters
      text.resize(end);
    }
    bytes += text.size();
    if (bytes > kMostWarningBytes) break;
    cut.push_back(std::move(text));
  }
  return cut;
}

std::size_t total_bytes(const std::vector<net::Piece>& pieces) {
  std::size_t bytes = 0;
  for (const net::Piece& piece : pieces) bytes += piece.bytes.size();
  return bytes;
}

// RFC 9110 5.6.7.
std::string format_http_date(std::int64_t seconds) {
  auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday], parts.tm_mday, kMonths[parts.tm_mon],
                     1900 + parts.tm_year, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

// The first `bytes` of the pieces, taken away from them.
std::vector<net::Piece> take_front(std::vector<net::Piece>& pieces, std::size_t& place, std::size_t bytes) {
  std::vector<net::Piece> front;
  for (; place < pieces.size() && bytes > 0; ++place) {
    net::Piece& piece = pieces[place];
    if (piece.bytes.size() > bytes) {
      front.push_back({piece.owner, piece.bytes.substr(0, bytes)});
      piece.bytes.remove_prefix(bytes);
      break;
    }
    bytes -= piece.bytes.size();
    front.push_back(std::move(piece));
  }
  return front;
}

}  // namespace

net::Headers Front::Call::headers(std::string_view type) const {
  net::Headers headers{{"content-type", std::string(type)}, {"cache-control", "no-cache, private"}};
  for (const std::string& warning : told(warnings)) headers.add("warning", quote_warning(warning));
  if (retry_after_s > 0) headers.add("retry-after", std::to_string(retry_after_s));
  name_request(headers);
  return headers;
}

rt::Task<void> Front::send(Call& call, int status, std::string_view type, std::vector<net::Piece> body) {
  co_await send_with(call, status, call.headers(type), std::move(body));
}

rt::Task<void> Front::send_with(Call& call, int status, net::Headers headers, std::vector<net::Piece> body) {
  call.begin(status);
  std::size_t bytes = total_bytes(body);
  call.sent_bytes += bytes;
  if (bytes < kGzipFromBytes || !accepts_gzip(call.head.headers.get("accept-encoding"))) {
    co_await call.exchange.respond(status, std::move(headers), std::move(body));
    co_return;
  }
  headers.add("content-encoding", "gzip");
  headers.add("vary", "Accept-Encoding");
  auto started = co_await call.exchange.start(status, std::move(headers));
  if (started) (void)co_await write_compressed(call, std::move(body));
}

rt::Task<void> Front::send_answer(Call& call, Answer answer) {
  net::Headers headers{{"content-type", answer.content_type}, {"vary", "Accept"}};
  call.name_request(headers);
  std::string hash = answer.etag.size() > 2 ? answer.etag.substr(1, answer.etag.size() - 2) : "";
  if (!hash.empty()) headers.add("etag", answer.etag);
  std::string wanted = net::query_value(call.query(), "hash").value_or("");
  if (!hash.empty() && !wanted.empty() && call.head.path.starts_with("/openapi/v3/")) {
    if (wanted != hash) {
      headers.add("location", call.head.path + "?hash=" + hash);
      co_await send_with(call, 301, std::move(headers), {});
      co_return;
    }
    // What is named by its hash never changes.
    constexpr std::int64_t kYearSeconds = 365 * 24 * 3600;
    headers.add("cache-control", "public, immutable");
    headers.add("expires", format_http_date(api_.loop().clock().wall().seconds + kYearSeconds));
  } else {
    headers.add("cache-control", "no-cache, private");
  }
  if (!hash.empty() && call.head.headers.get("if-none-match") == answer.etag) {
    co_await send_with(call, 304, std::move(headers), {});
  } else {
    co_await send_with(call, 200, std::move(headers), {net::Piece::of(answer.body)});
  }
}

rt::Task<Result<void>> Front::write_compressed(Call& call, std::vector<net::Piece> body) {
  Gzip gzip;
  std::size_t place = 0;
  while (place < body.size()) {
    std::string bytes = gzip.add(take_front(body, place, kCompressStep));
    if (!bytes.empty()) CO_TRY(co_await write(call, {net::Piece::of(std::move(bytes))}, kSlowestWrite));
    co_await rt::sleep(api_.loop(), rt::Duration::zero());
  }
  co_return co_await write(call, {net::Piece::of(gzip.finish())}, kSlowestWrite);
}

rt::Task<Result<void>> Front::write(Call& call, std::vector<net::Piece> pieces, rt::Duration limit) {
  auto written = co_await rt::eager_timeout(api_.loop(), limit, call.exchange.write(std::move(pieces)));
  if (written) co_return std::move(*written);
  call.broken = true;
  co_return fail(Reason::Timeout, "the client does not read what it asked for");
}

rt::Task<void> Front::send_tree(Call& call, int status, codec::Value tree, const schema::Type* type) {
  if (call.audit) {
    if (codec::string_at(tree, "kind") == "Status") call.audit->set_status(tree);
    if (call.audit->tells(audit::Level::RequestResponse)) call.audit->set_response(codec::write_json(tree));
  }
  std::string body;
  if (call.media.format == Format::Yaml) {
    body = codec::write_yaml(tree);
  } else if (call.media.format == Format::Protobuf && type != nullptr) {
    std::string raw;
    schema::append_wire(*type, tree, raw);
    body = model::encode_envelope({codec::string_at(tree, "apiVersion"), codec::string_at(tree, "kind"), raw});
  } else {
    body = codec::write_json(tree);
    if (call.media.pretty) body = indented(body);
    body += "\n";
  }
  std::string media =
      type == nullptr && call.media.format == Format::Protobuf ? "application/json" : content_type(call.media, false);
  co_await send(call, status, media, {net::Piece::of(std::move(body))});
}

rt::Task<void> Front::send_document(Call& call, int status, DocumentPtr document) {
  const Media& media = call.media;
  std::string type = content_type(media, false);
  std::string text;
  if (media.shape == Shape::PartialMetadataList) {
    const model::Kind& kind = document->kind();
    std::string_view group = kind.gv.group.empty() ? "core" : kind.gv.group.substr(0, kind.gv.group.find('.'));
    Error error{Reason::NotAcceptable,
                fmt::format("you requested PartialObjectMetadataList, but the requested object is not a list (*{}.{})", group,
                            kind.kind),
                nullptr};
    co_await send_error(call, error);
    co_return;
  }
  if (call.audit && media.shape == Shape::Object) call.audit->set_response(*document->json());
  if (media.format == Format::Protobuf) {
    SharedBytes bytes =
        media.shape == Shape::Object ? document->protobuf() : share(partial_metadata_protobuf(*document, media.as_version));
    co_await send(call, status, type, {net::Piece::of(std::move(bytes))});
    co_return;
  }
  if (media.shape == Shape::Table) {
    auto options = table_options(call);
    if (!options) {
      co_await send_error(call, options.error());
      co_return;
    }
    text = make_table(*document, *options, api_.loop().clock().wall());
  } else if (media.shape == Shape::PartialMetadata) {
    text = partial_metadata_opening(media.as_version).append(metadata_text(*document)).append("}");
  } else if (media.format == Format::Json && !media.pretty) {
    co_await send(call, status, type, {net::Piece::of(document->json()), net::Piece::constant("\n")});
    co_return;
  } else {
    text = *document->json();
  }
  if (media.format == Format::Yaml) {
    co_await send_tree(call, status, codec::parse_json(text).value(), nullptr);
    co_return;
  }
  if (call.audit && media.shape != Shape::Object) call.audit->set_response(text);
  if (media.pretty) text = indented(text);
  co_await send(call, status, type, {net::Piece::of(text + "\n")});
}

rt::Task<void> Front::send_error(Call& call, const Error& error) {
  codec::Value status = status_of(error);
  if (!call.fresh_token.empty()) codec::ensure_object(status, {"metadata"})["continue"] = call.fresh_token;
  // An error is answered in a form that the reader understands, else in JSON.
  if (auto media = negotiate(call.head.headers.get("accept"), false)) {
    bool pretty = call.media.pretty;
    call.media = *media;
    call.media.pretty = call.media.pretty || pretty;
    call.media.shape = Shape::Object;
  }
  call.retry_after_s = error.details ? error.details->retry_after_s : 0;
  if (call.media.format == Format::Protobuf) {
    co_await send_tree(call, status_code(error), std::move(status), &meta::v1::Status::table());
  } else {
    co_await send_tree(call, status_code(error), std::move(status), nullptr);
  }
}

Result<TableOptions> Front::table_options(const Call& call) const {
  TableOptions options;
  options.version = call.media.as_version;
  std::string include = net::query_value(call.query(), "includeObject").value_or("");
  if (include == "Object") {
    options.include = TableOptions::Include::Object;
  } else if (include == "None") {
    options.include = TableOptions::Include::None;
  } else if (!include.empty() && include != "Metadata") {
    return fail(bad_request("Unable to convert to Table as requested: includeObject: Invalid value: \"" + include +
                            "\": must be 'Metadata', 'Object', 'None', or empty"));
  }
  return options;
}

}  // namespace charon::server
