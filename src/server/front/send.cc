#include <fmt/format.h>

#include "api/meta/v1/types.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "codec/yaml.h"
#include "model/envelope.h"
#include "schema/convert.h"
#include "server/front/call.h"
#include "server/front/frames.h"
#include "server/status.h"
#include "server/table/table.h"

namespace charon::server {
namespace {

std::string quote_warning(std::string_view text) {
  std::string quoted = "299 - \"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return quoted + "\"";
}

TableOptions table_options(const Media& media, std::string_view query) {
  TableOptions options;
  options.version = media.as_version;
  std::string include = net::query_value(query, "includeObject").value_or("Metadata");
  if (include == "Object") options.include = TableOptions::Include::Object;
  if (include == "None") options.include = TableOptions::Include::None;
  return options;
}

// The list's opening, up to its items.
std::string list_opening(const model::Kind& kind, const Listing& listing) {
  std::string text = fmt::format("{{\"kind\":\"{}\",\"apiVersion\":\"{}\",\"metadata\":{{\"resourceVersion\":\"{}\"",
                                 kind.list_kind, kind.gv.text(), listing.revision);
  if (!listing.continue_token.empty()) text += ",\"continue\":\"" + listing.continue_token + "\"";
  if (listing.remaining) text += ",\"remainingItemCount\":" + std::to_string(*listing.remaining);
  return text + "},\"items\":[";
}

codec::Object list_meta(const Listing& listing) {
  codec::Object meta;
  meta["resourceVersion"] = std::to_string(listing.revision);
  if (!listing.continue_token.empty()) meta["continue"] = listing.continue_token;
  if (listing.remaining) meta["remainingItemCount"] = *listing.remaining;
  return meta;
}

// The cache is always current, so any revision that has been reached is served by what is there now.
Result<void> check_version(std::string_view query, Revision current) {
  std::string version = net::query_value(query, "resourceVersion").value_or("");
  std::string match = net::query_value(query, "resourceVersionMatch").value_or("");
  if (version.find_first_not_of("0123456789") != std::string::npos || version.size() > 19)
    return fail(bad_request("Invalid value: \"" + version + "\": resourceVersion is not a whole number"));
  if (!match.empty() && version.empty())
    return fail(Reason::Invalid,
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided");
  if (!match.empty() && match != "Exact" && match != "NotOlderThan")
    return fail(Reason::Invalid,
                "resourceVersionMatch: Unsupported value: \"" + match + "\": supported values: \"Exact\", \"NotOlderThan\"");
  Revision wanted = version.empty() ? 0 : std::stoull(version);
  if (match == "Exact" && wanted != current)
    return fail(Reason::Expired, "The resourceVersion for the provided list is too old: only the current one, " +
                                     std::to_string(current) + ", is kept");
  if (wanted <= current) return {};
  return fail(too_large_version(wanted, current));
}

}  // namespace

Error too_large_version(Revision wanted, Revision current) {
  auto details = std::make_shared<StatusDetails>();
  details->causes.push_back({"ResourceVersionTooLarge", "Too large resource version", ""});
  details->retry_after_s = 1;
  return {Reason::Timeout, fmt::format("Too large resource version: {}, current: {}", wanted, current), details};
}

rt::Task<void> Front::send(Call& call, int status, std::string_view type, std::vector<net::Piece> body) {
  call.status = status;
  call.started = true;
  net::Headers headers{{"content-type", std::string(type)}, {"cache-control", "no-cache, private"}};
  for (const std::string& warning : call.warnings) headers.add("warning", quote_warning(warning));
  co_await call.exchange.respond(status, std::move(headers), std::move(body));
}

rt::Task<void> Front::send_tree(Call& call, int status, codec::Value tree, const schema::Type* type) {
  std::string body;
  if (call.media.format == Format::Yaml) {
    body = codec::write_yaml(tree);
  } else if (call.media.format == Format::Protobuf && type != nullptr) {
    std::string raw;
    schema::append_wire(*type, tree, raw);
    body = model::encode_envelope({codec::string_at(tree, "apiVersion"), codec::string_at(tree, "kind"), raw});
  } else {
    body = call.media.pretty ? codec::write_json_pretty(tree) : codec::write_json(tree);
    body += "\n";
  }
  std::string media =
      type == nullptr && call.media.format == Format::Protobuf ? "application/json" : content_type(call.media, false);
  co_await send(call, status, media, {net::Piece::of(std::move(body))});
}

rt::Task<void> Front::send_document(Call& call, int status, DocumentPtr document) {
  if (call.media.shape == Shape::Table) {
    TableMeta meta{std::to_string(document->revision()), "", 0};
    std::string table =
        make_table(document->kind(), {&document, 1}, table_options(call.media, call.query()), meta, api_.loop().clock().wall());
    co_await send(call, status, content_type(call.media, false), {net::Piece::of(std::move(table))});
  } else if (call.media.shape == Shape::PartialMetadata) {
    co_await send_tree(call, status, partial_metadata(document->tree(), call.media.as_version),
                       &meta::v1::PartialObjectMetadata::table());
  } else if (call.media.format == Format::Protobuf) {
    co_await send(call, status, content_type(call.media, false), {net::Piece::of(document->protobuf())});
  } else if (call.media.format == Format::Json && !call.media.pretty) {
    co_await send(call, status, "application/json", {net::Piece::of(document->json()), net::Piece::constant("\n")});
  } else {
    co_await send_tree(call, status, document->tree(), nullptr);
  }
}

rt::Task<void> Front::send_error(Call& call, const Error& error) {
  codec::Value status = status_of(error);
  // An error is answered in a form that the reader understands, else in JSON.
  if (auto media = negotiate(call.head.headers.get("accept"), false)) {
    call.media = *media;
    call.media.shape = Shape::Object;
  }
  if (call.media.format == Format::Protobuf) {
    co_await send_tree(call, http_code(error.reason), std::move(status), &meta::v1::Status::table());
  } else {
    co_await send_tree(call, http_code(error.reason), std::move(status), nullptr);
  }
}

rt::Task<Result<void>> Front::serve_list(Call& call) {
  const Request& request = call.request();
  const model::Kind& kind = *request.kind;
  ListPage page;
  if (auto limit = net::query_value(call.query(), "limit"); limit && !limit->empty()) {
    for (char c : *limit)
      if (c < '0' || c > '9') co_return fail(bad_request("limit: Invalid value: \"" + *limit + "\": must be a whole number"));
    page.limit = limit->size() > 9 ? 0 : static_cast<std::size_t>(std::stoul(*limit));
  }
  page.continue_token = net::query_value(call.query(), "continue").value_or("");
  CO_TRY(check_version(call.query(), api_.caches().revision()));
  CO_TRY_ASSIGN(Listing listing, api_.list(request, page));
  std::vector<net::Piece> body;
  if (call.media.shape == Shape::Table) {
    TableMeta meta{std::to_string(listing.revision), listing.continue_token, listing.remaining.value_or(0)};
    body.push_back(net::Piece::of(
        make_table(kind, listing.items, table_options(call.media, call.query()), meta, api_.loop().clock().wall())));
  } else if (call.media.shape == Shape::PartialMetadata) {
    codec::Object list{{"kind", "PartialObjectMetadataList"},
                       {"apiVersion", "meta.k8s.io/" + call.media.as_version},
                       {"metadata", list_meta(listing)}};
    codec::Array items;
    for (const DocumentPtr& item : listing.items) items.push_back(partial_metadata(item->tree(), call.media.as_version));
    list["items"] = std::move(items);
    co_await send_tree(call, 200, std::move(list), &meta::v1::PartialObjectMetadataList::table());
    co_return Result<void>();
  } else if (call.media.format == Format::Protobuf) {
    body.push_back(net::Piece::of(protobuf_list(kind, list_meta(listing), listing.items)));
  } else {
    body.reserve(listing.items.size() * 2 + 2);
    body.push_back(net::Piece::of(list_opening(kind, listing)));
    for (std::size_t i = 0; i < listing.items.size(); ++i) {
      if (i > 0) body.push_back(net::Piece::constant(","));
      body.push_back(net::Piece::of(listing.items[i]->json()));
    }
    body.push_back(net::Piece::constant("]}\n"));
    if (call.media.format == Format::Yaml || call.media.pretty) {
      std::string text;
      for (const net::Piece& piece : body) text += piece.bytes;
      CO_TRY_ASSIGN(codec::Value tree, codec::parse_json(text));
      co_await send_tree(call, 200, std::move(tree), nullptr);
      co_return Result<void>();
    }
  }
  co_await send(call, 200, content_type(call.media, false), std::move(body));
  co_return Result<void>();
}

}  // namespace charon::server
