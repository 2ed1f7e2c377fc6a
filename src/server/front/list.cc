#include <fmt/format.h>

#include "server/continue_token.h"
#include "server/front/call.h"
#include "server/front/gzip.h"
#include "server/front/list_body.h"
#include "server/front/list_options.h"

namespace charon::server {
namespace {

constexpr std::size_t kPartBytes = 256u << 10;     // of a body, sent at once
constexpr std::chrono::seconds kLongestList{300};  // to send all of it: what it shows is held meanwhile

// One part of the body, and whether there is more.
struct Part {
  std::vector<net::Piece> pieces;
  std::size_t bytes = 0;
  bool more = true;
};

rt::Task<Part> next_part(rt::Loop& loop, ListBody& body) {
  Part part;
  while (part.more && part.bytes < kPartBytes) {
    std::size_t seen = part.pieces.size();
    part.more = body.next(part.pieces);
    for (; seen < part.pieces.size(); ++seen) part.bytes += part.pieces[seen].bytes.size();
    if (part.more && !body.is_cheap()) co_await rt::sleep(loop, rt::Duration::zero());
  }
  co_return part;
}

}  // namespace

rt::Task<Result<void>> Front::serve_get(Call& call) {
  CO_TRY_ASSIGN(std::optional<Revision> version, read_get_version(call.query()));
  if (version && *version > api_.caches().revision()) co_return fail(too_large_version(*version, api_.caches().revision()));
  CO_TRY_ASSIGN(DocumentPtr document, co_await api_.get(call.request()));
  co_await send_document(call, 200, std::move(document));
  co_return Result<void>();
}

rt::Task<Result<void>> Front::serve_list(Call& call) {
  const Request& request = call.request();
  const model::Kind& kind = *request.kind;
  CO_TRY_ASSIGN(ListOptions options, read_list_options(call.query()));
  if (call.media.shape == Shape::PartialMetadata) {
    std::string_view group = kind.gv.group.empty() ? "core" : kind.gv.group.substr(0, kind.gv.group.find('.'));
    co_return fail(
        Reason::NotAcceptable,
        fmt::format("you requested PartialObjectMetadata, but the requested object is a list (*{}.{})", group, kind.list_kind));
  }
  TableOptions table;
  if (call.media.shape == Shape::Table) {
    CO_TRY_ASSIGN(table, table_options(call));
  }
  ListPage page{options.limit, options.continue_token, std::nullopt};
  Revision current = api_.caches().revision();
  if (Revision version = options.version.value_or(0); version > 0) {
    // The cache is always current, so what must not be older than a version is served as it is now. A page of an unnamed
    // match is exact, as in Kubernetes.
    bool exact = options.match == ListOptions::Match::Exact || (options.match == ListOptions::Match::Unset && page.limit > 0);
    if (version > current) co_return fail(too_large_version(version, current));
    if (exact) page.at = version;
  }
  auto listing = co_await api_.list(request, page);
  if (!listing) {
    if (listing.error().reason == Reason::Expired && !page.continue_token.empty())
      call.fresh_token = inconsistent_token(page.continue_token);
    co_return fail(std::move(listing.error()));
  }
  co_return co_await send_listing(call, *std::move(listing), table);
}

rt::Task<Result<void>> Front::send_listing(Call& call, Listing listing, TableOptions table) {
  const model::Kind& kind = *call.request().kind;
  if (call.audit && call.audit->tells(audit::Level::RequestResponse)) {
    Media media = call.media;
    media.format = Format::Json;
    media.pretty = false;
    ListBody body(kind, listing, media, table, api_.loop().clock().wall());
    std::vector<net::Piece> pieces;
    while (body.next(pieces)) {
    }
    std::string text;
    for (const net::Piece& piece : pieces) text += piece.bytes;
    call.audit->set_response(text);
  }
  co_return co_await send_list(call, ListBody(kind, std::move(listing), call.media, table, api_.loop().clock().wall()));
}

rt::Task<Result<void>> Front::send_list(Call& call, ListBody body) {
  rt::Loop& loop = api_.loop();
  rt::Instant deadline = loop.clock().now() + kLongestList;
  Part part = co_await next_part(loop, body);
  std::string type = content_type(call.media, false);
  if (!part.more) {
    co_await send(call, 200, type, std::move(part.pieces));
    co_return Result<void>();
  }
  call.begin(200);
  net::Headers headers = call.headers(type);
  std::optional<Gzip> gzip;
  if (accepts_gzip(call.head.headers.get("accept-encoding"))) {
    gzip.emplace();
    headers.add("content-encoding", "gzip");
    headers.add("vary", "Accept-Encoding");
  }
  CO_TRY(co_await call.exchange.start(200, std::move(headers)));
  while (true) {
    call.sent_bytes += part.bytes;
    if (gzip) {
      std::string bytes = gzip->add(part.pieces);
      if (!part.more) bytes += gzip->finish();
      part.pieces.clear();
      part.pieces.push_back(net::Piece::of(std::move(bytes)));
      co_await rt::sleep(loop, rt::Duration::zero());
    }
    rt::Duration left = std::min<rt::Duration>(deadline - loop.clock().now(), kSlowestWrite);
    CO_TRY(co_await write(call, std::move(part.pieces), std::max(left, rt::Duration::zero())));
    if (!part.more) co_return Result<void>();
    part = co_await next_part(loop, body);
  }
}

}  // namespace charon::server
