#include <fmt/format.h>

#include "base/limits.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "rt/scope.h"
#include "rt/timeout.h"
#include "server/front/call.h"
#include "server/front/frames.h"
#include "server/status.h"
#include "server/table/table.h"

namespace charon::server {
namespace {

// Between bookmarks, as in Kubernetes about once a minute.
constexpr std::chrono::seconds kBookmarkInterval{60};

constexpr std::string_view kNames[] = {"ADDED", "MODIFIED", "DELETED"};

net::Piece opening(EventType type) {
  switch (type) {
    case EventType::Added:
      return net::Piece::constant("{\"type\":\"ADDED\",\"object\":");
    case EventType::Modified:
      return net::Piece::constant("{\"type\":\"MODIFIED\",\"object\":");
    default:
      return net::Piece::constant("{\"type\":\"DELETED\",\"object\":");
  }
}

// How events become bytes for one watcher.
struct Encoder {
  const Media& media;
  const model::Kind& kind;
  TableOptions table;
  bool first = true;

  void append(const CacheEvent& event, Time now, std::vector<net::Piece>& out) {
    if (media.format == Format::Protobuf) {
      out.push_back(net::Piece::of(watch_frame(kNames[static_cast<int>(event.type)], *event.object->protobuf())));
      return;
    }
    out.push_back(opening(event.type));
    if (media.shape == Shape::Table) {
      table.headers = first;
      out.push_back(
          net::Piece::of(make_table(kind, {&event.object, 1}, table, {std::to_string(event.object->revision()), "", 0}, now)));
    } else if (media.shape == Shape::PartialMetadata) {
      out.push_back(net::Piece::of(codec::write_json(partial_metadata(event.object->tree(), media.as_version))));
    } else {
      out.push_back(net::Piece::of(event.object->json()));
    }
    out.push_back(net::Piece::constant("}\n"));
    first = false;
  }

  net::Piece bookmark(Revision revision, bool initial_end) const {
    std::string annotations = initial_end ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "";
    bool table_form = media.shape == Shape::Table;
    std::string object =
        table_form ? fmt::format(
                         "{{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/{}\",\"metadata\":{{\"resourceVersion\":\"{}\"}},"
                         "\"columnDefinitions\":[],\"rows\":[{{\"cells\":[],\"object\":{{\"kind\":\"PartialObjectMetadata\","
                         "\"apiVersion\":\"meta.k8s.io/{}\",\"metadata\":{{\"resourceVersion\":\"{}\"{}}}}}}}]}}",
                         media.as_version, revision, media.as_version, revision, annotations)
                   : fmt::format("{{\"kind\":\"{}\",\"apiVersion\":\"{}\",\"metadata\":{{\"resourceVersion\":\"{}\"{}}}}}",
                                 kind.kind, kind.gv.text(), revision, annotations);
    if (media.format == Format::Protobuf) return net::Piece::of(bookmark_frame(kind, revision, initial_end));
    return net::Piece::of("{\"type\":\"BOOKMARK\",\"object\":" + object + "}\n");
  }

  net::Piece error(const Error& error) const {
    if (media.format == Format::Protobuf) return net::Piece::of(status_frame(status_of(error)));
    return net::Piece::of("{\"type\":\"ERROR\",\"object\":" + codec::write_json(status_of(error)) + "}\n");
  }
};

struct WatchOptions {
  std::optional<Revision> after;  // nullopt: from the state now
  bool initial_events = false;    // the present objects first, as ADDED
  bool bookmarks = false;
  bool mark_initial_end = false;
  rt::Duration limit{};
};

Result<WatchOptions> read_options(std::string_view query, rt::Random& random) {
  WatchOptions options;
  std::string version = net::query_value(query, "resourceVersion").value_or("");
  for (char c : version)
    if (c < '0' || c > '9' || version.size() > 19)
      return fail(Reason::BadRequest, "resourceVersion: Invalid value: \"" + version + "\": strconv.ParseUint: parsing \"" +
                                          version + "\": invalid syntax");
  if (!version.empty() && version != "0") options.after = std::stoull(version);
  options.initial_events = !options.after;
  options.bookmarks = net::query_value(query, "allowWatchBookmarks").value_or("") == "true";
  if (auto send = net::query_value(query, "sendInitialEvents")) {
    options.initial_events = *send == "true";
    options.mark_initial_end = options.initial_events && options.bookmarks;
  }
  long seconds = std::atol(net::query_value(query, "timeoutSeconds").value_or("0").c_str());
  if (seconds > 0) {
    options.limit = std::chrono::seconds(seconds);
  } else {
    // Between one and two times the limit, so that the watches of a restart do not all end together.
    options.limit = std::chrono::duration_cast<rt::Duration>(limits::kWatchTimeout * (1 + random.unit()));
  }
  return options;
}

}  // namespace

rt::Task<Result<void>> Front::serve_watch(Call& call) {
  const Request& request = call.request();
  rt::Loop& loop = api_.loop();
  CO_TRY_ASSIGN(WatchOptions options, read_options(call.query(), api_.random()));
  if (Revision current = api_.caches().revision(); options.after && *options.after > current)
    co_return fail(too_large_version(*options.after, current));
  std::optional<Revision> start = options.initial_events ? std::nullopt : options.after;
  CO_TRY_ASSIGN(std::unique_ptr<CacheWatch> watch, api_.watch(request, start));
  // Read before the first suspension: what changes from here on is in the watch.
  Listing present;
  if (options.initial_events) {
    CO_TRY_ASSIGN(present, api_.list(request, {}));
  }
  Encoder encoder{call.media, *request.kind, {}, true};
  encoder.table.version = call.media.as_version;
  if (net::query_value(call.query(), "includeObject") == "Object") encoder.table.include = TableOptions::Include::Object;

  call.status = 200;
  call.started = true;
  CO_TRY(co_await call.exchange.start(
      200, {{"content-type", content_type(call.media, true)}, {"cache-control", "no-cache, private"}}));
  if (options.initial_events) {
    std::vector<net::Piece> pieces;
    for (const DocumentPtr& item : present.items)
      encoder.append({EventType::Added, item, item->revision()}, loop.clock().wall(), pieces);
    if (options.mark_initial_end) pieces.push_back(encoder.bookmark(present.revision, true));
    if (!pieces.empty()) CO_TRY(co_await call.exchange.write(std::move(pieces)));
  }
  rt::Instant deadline = loop.clock().now() + options.limit;
  while (true) {
    rt::Duration left = deadline - loop.clock().now();
    if (left <= rt::Duration::zero()) co_return Result<void>();
    rt::Duration wait = options.bookmarks ? std::min<rt::Duration>(left, kBookmarkInterval) : left;
    auto events = co_await rt::with_timeout(loop, wait, watch->next());
    std::vector<net::Piece> pieces;
    if (!events) {
      if (options.bookmarks) pieces.push_back(encoder.bookmark(api_.caches().of(*request.kind).revision(), false));
    } else if (!*events) {
      if (events->error().reason == Reason::Timeout) co_return Result<void>();
      pieces.push_back(encoder.error(events->error()));
    } else {
      for (const CacheEvent& event : **events) encoder.append(event, loop.clock().wall(), pieces);
    }
    if (!pieces.empty()) CO_TRY(co_await call.exchange.write(std::move(pieces)));
    if (events && !*events) co_return Result<void>();
  }
}

}  // namespace charon::server
