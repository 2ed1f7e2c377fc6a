#include <algorithm>

#include "base/limits.h"
#include "rt/eager_timeout.h"
#include "rt/scope.h"
#include "server/front/call.h"
#include "server/front/list_options.h"
#include "server/front/watch_encoder.h"

namespace charon::server {
namespace {

// Between bookmarks, as in Kubernetes, and how long before its end a watch gets one more.
constexpr std::chrono::seconds kBookmarkInterval{60};
constexpr std::chrono::seconds kBookmarkBeforeEnd{2};
constexpr std::size_t kInitialItems = 200;  // in one write

rt::Duration time_limit(const ListOptions& options, rt::Random& random) {
  if (options.timeout.count() > 0) return options.timeout;
  // Between one and two times the limit, so that the watches of a restart do not all end together.
  return std::chrono::duration_cast<rt::Duration>(limits::kWatchTimeout * (1 + random.unit()));
}

// When bookmarks are due.
class BookmarkTimes {
 public:
  BookmarkTimes(rt::Instant now, rt::Instant deadline) : deadline_(deadline) { sent(now); }
  rt::Instant next() const { return next_; }
  void sent(rt::Instant now) {
    next_ = now + kBookmarkInterval;
    rt::Instant last = deadline_ - kBookmarkBeforeEnd;
    if (now < last) next_ = std::min(next_, last);
  }

 private:
  rt::Instant deadline_;
  rt::Instant next_;
};

}  // namespace

// Where the events of a watch go: the body of the response, or messages of a WebSocket.
class Front::WatchSink {
 public:
  WatchSink(Front& front, Call& call)
      : front_(front),
        call_(call),
        events_(front.request_metrics_.watch_events(*call.request().kind)),
        sizes_(front.request_metrics_.watch_event_sizes(*call.request().kind)),
        readers_(front.api_.loop()) {}

  // Neither this nor `write` is inlined, so that their frames are gone while the watch waits (front.h).
  // `watch` ends when the client closes the WebSocket.
  [[gnu::noinline]] rt::Task<Result<void>> open(ObjectWatch* watch) {
    const net::Headers& headers = call_.head.headers;
    bool plain = headers.get("upgrade").empty();
    call_.begin(plain ? 200 : 101);
    if (plain) {
      co_return co_await call_.exchange.start(200, call_.headers(content_type(call_.media, true)));
    }
    CO_TRY_ASSIGN(socket_, co_await call_.exchange.upgrade_websocket(offered_protocols(headers)));
    readers_.spawn(read_until_closed(socket_.get(), watch));
    co_return Result<void>();
  }

  // The event that was just encoded stands from `first` on.
  void count(const std::vector<net::Piece>& pieces, std::size_t first) {
    std::size_t bytes = 0;
    for (; first < pieces.size(); ++first) bytes += pieces[first].bytes.size();
    events_.add();
    sizes_.observe(static_cast<double>(bytes));
  }

  void count_terminated() { front_.request_metrics_.watcher_terminated(*call_.request().kind); }

  // Whole events.
  [[gnu::noinline]] rt::Task<Result<void>> write(std::vector<net::Piece> pieces) {
    if (socket_ == nullptr) co_return co_await front_.write(call_, std::move(pieces), kSlowestWrite);
    // One message each. JSON events end with their lines; frames of protobuf carry their lengths.
    std::string text;
    for (const net::Piece& piece : pieces) text += piece.bytes;
    bool binary = call_.media.format == Format::Protobuf;
    std::string_view rest = text;
    while (!rest.empty()) {
      std::size_t size = binary ? 4 + frame_bytes(rest) : rest.find('\n') + 1;
      std::string_view message = rest.substr(0, size);
      if (binary) message.remove_prefix(4);
      auto sent = co_await rt::eager_timeout(front_.api_.loop(), kSlowestWrite, send_message(socket_.get(), message, binary));
      if (!sent) co_return fail(Reason::Timeout, "the client does not read what it asked for");
      if (!*sent) co_return std::move(*sent);
      rest.remove_prefix(size);
    }
    co_return Result<void>();
  }

  rt::Task<void> close() {
    if (socket_ != nullptr) co_await socket_->close(1000, "");
  }

 private:
  static std::size_t frame_bytes(std::string_view frame) {
    std::size_t size = 0;
    for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(frame[static_cast<std::size_t>(i)]);
    return size;
  }

  static rt::Task<Result<void>> send_message(net::WebSocket* socket, std::string_view message, bool binary) {
    co_return co_await socket->write(message, binary);
  }

  // A watch has no protocol of its own: the client's first choice is as good as any.
  static std::vector<std::string> offered_protocols(const net::Headers& headers) {
    std::vector<std::string> protocols;
    std::string_view list = headers.get("sec-websocket-protocol");
    while (!list.empty()) {
      std::size_t comma = std::min(list.find(','), list.size());
      std::string_view name = list.substr(0, comma);
      while (name.starts_with(' ')) name.remove_prefix(1);
      protocols.emplace_back(name);
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return protocols;
  }

  static rt::Task<void> read_until_closed(net::WebSocket* socket, ObjectWatch* watch) {
    while (true) {
      auto message = co_await socket->read();
      if (!message || !*message) break;
    }
    watch->end(Error{Reason::Timeout, "the client has gone", nullptr});
  }

  Front& front_;
  Call& call_;
  Counter& events_;
  Histogram& sizes_;
  std::unique_ptr<net::WebSocket> socket_;
  rt::Scope readers_;
};

rt::Task<Result<void>> Front::serve_watch(Call& call) {
  const Request& request = call.request();
  CO_TRY_ASSIGN(ListOptions options, read_watch_options(call.query(), request.kind->group_resource()));
  TableOptions table;
  if (call.media.shape == Shape::Table) {
    CO_TRY_ASSIGN(table, table_options(call));
  }
  bool from_start = options.version.value_or(0) == 0;
  bool initial_events = options.send_initial_events.value_or(from_start);
  Revision current = api_.caches().revision();
  auto after = initial_events || from_start ? std::nullopt : options.version;
  auto watch = api_.watch(request, after);
  WatchEncoder encoder(*request.kind, call.media, table, recent_);
  // As in Kubernetes: what is wrong with the version is told by an event, once the watch has been accepted.
  std::optional<Error> refusal;
  if (!watch) {
    if (watch.error().reason != Reason::Expired) co_return fail(std::move(watch.error()));
    refusal = std::move(watch.error());
  } else if (initial_events && options.version.value_or(0) > current) {
    refusal = too_large_version(*options.version, current);
  }
  // Read before the first suspension: what changes from here on is in the watch.
  Listing present;
  if (initial_events && !refusal) {
    CO_TRY_ASSIGN(present, co_await api_.list(request, {}));
  }
  request_metrics_.initial_events(*request.kind).add(static_cast<double>(present.items.size()));
  std::unique_ptr<ObjectWatch> changes = watch ? std::move(*watch) : nullptr;
  WatchSink sink(*this, call);
  if (refusal) {
    std::vector<net::Piece> pieces;
    encoder.append_error(*refusal, pieces);
    // Nothing to end when the client goes.
    call.begin(200);
    CO_TRY(co_await call.exchange.start(200, call.headers(content_type(call.media, true))));
    co_return co_await write(call, std::move(pieces), kSlowestWrite);
  }
  CO_TRY(co_await sink.open(changes.get()));
  for (std::size_t place = 0; place < present.items.size();) {
    std::vector<net::Piece> pieces;
    std::size_t end = std::min(place + kInitialItems, present.items.size());
    for (; place < end; ++place) {
      DocumentPtr item = std::move(present.items[place]);
      Revision revision = item->revision();
      const std::size_t first = pieces.size();
      encoder.append({EventType::Added, std::move(item), revision}, api_.loop().clock().wall(), pieces);
      sink.count(pieces, first);
    }
    CO_TRY(co_await sink.write(std::move(pieces)));
  }
  if (options.send_initial_events.value_or(false) && options.bookmarks) {
    std::vector<net::Piece> pieces;
    encoder.append_bookmark(WatchEncoder::Bookmark::InitialEnd, present.revision, pieces);
    CO_TRY(co_await sink.write(std::move(pieces)));
  }
  present = {};
  rt::Instant deadline = api_.loop().clock().now() + time_limit(options, api_.random());
  auto followed = co_await follow(changes.get(), sink, encoder, deadline, options.bookmarks);
  if (!followed && followed.error().reason == Reason::Timeout) sink.count_terminated();
  CO_TRY(std::move(followed));
  co_await sink.close();
  co_return Result<void>();
}

rt::Task<Result<void>> Front::follow(ObjectWatch* changes, WatchSink& sink, WatchEncoder& encoder, rt::Instant deadline,
                                     bool bookmarks) {
  rt::Loop& loop = api_.loop();
  BookmarkTimes times(loop.clock().now(), deadline);
  while (true) {
    rt::Instant now = loop.clock().now();
    if (now >= deadline) co_return Result<void>();
    std::vector<net::Piece> pieces;
    bool ended = false;
    if (bookmarks && now >= times.next()) {
      encoder.append_bookmark(WatchEncoder::Bookmark::Progress, changes->revision(), pieces);
      times.sent(now);
    } else {
      rt::Instant until = bookmarks ? std::min(deadline, times.next()) : deadline;
      auto events = co_await rt::eager_timeout(loop, until - now, changes->next());
      if (!events) continue;
      if (*events) {
        for (const CacheEvent& event : **events) {
          const std::size_t first = pieces.size();
          encoder.append(event, loop.clock().wall(), pieces);
          sink.count(pieces, first);
        }
      } else {
        ended = true;
        if (events->error().reason == Reason::Expired) sink.count_terminated();
        if (events->error().reason != Reason::Timeout) encoder.append_error(events->error(), pieces);
      }
    }
    if (!pieces.empty()) CO_TRY(co_await sink.write(std::move(pieces)));
    if (ended) co_return Result<void>();
  }
}

}  // namespace charon::server
