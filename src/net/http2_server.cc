// HTTP/2 server connection (RFC 9113): a task per stream.
#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"
#include "net/connection.h"
#include "net/http1_parser.h"
#include "net/http2_session.h"

namespace charon::net {
namespace {

constexpr std::size_t kHighWaterBytes = 256u << 10;  // queued per stream before `write` waits
constexpr std::size_t kLowWaterBytes = 64u << 10;    // when it goes on
constexpr std::uint64_t kDrainFactor = 8;            // of a body limit: what is read on before a refusal
constexpr std::size_t kDiscardBytes = 64u << 10;     // of a body that are read after the whole response, and for how long
constexpr std::chrono::milliseconds kDiscardTime{1000};
constexpr std::array<std::uint8_t, 8> kDrainPing = {'s', 'h', 'u', 't', 'd', 'o', 'w', 'n'};
constexpr std::chrono::milliseconds kDrainTime{1000};  // for a client that does not answer it
constexpr int kControlBurst = 1000;                    // PING, SETTINGS and PRIORITY frames at once
constexpr int kControlPerSecond = 50;
constexpr std::size_t kHeaderOverhead = 32;  // RFC 9113 6.5.2: a field counts as name + value + 32

enum class Response : std::uint8_t { None, Complete, Streaming };

std::string_view view(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

nghttp2_nv field(std::string_view name, std::string_view value) {
  return {const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(name.data())),
          const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(value.data())), name.size(), value.size(),
          // The name of a request never comes again: it would only drive other fields out of the table (RFC 7541 6.2.2).
          static_cast<std::uint8_t>(name == "audit-id" ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE)};
}

// Fields that mean something for HTTP/1.1 only (RFC 9113 8.2.2).
bool connection_specific(std::string_view name) {
  return name == "connection" || name == "transfer-encoding" || name == "keep-alive" || name == "upgrade";
}

class Http2Connection;

class ServerStream final : public Exchange {
 public:
  ServerStream(Http2Connection& connection, std::int32_t id) : connection_(connection), id_(id) {}

  const RequestHead& head() const override { return head_; }
  rt::Task<Result<std::string>> body(std::size_t limit_bytes) override;
  rt::Task<void> respond(int status, Headers headers, std::vector<Piece> body) override;
  rt::Task<Result<void>> start(int status, Headers headers) override;
  rt::Task<Result<void>> write(std::vector<Piece> pieces) override;
  rt::Task<Result<std::unique_ptr<WebSocket>>> upgrade_websocket(std::vector<std::string>) override {
    co_return fail(Reason::BadRequest, "WebSocket needs HTTP/1.1");
  }
  rt::Task<Result<std::unique_ptr<rt::Stream>>> upgrade(std::string, Headers) override {
    co_return fail(Reason::BadRequest, "upgrades need HTTP/1.1");
  }

 private:
  friend class Http2Connection;
  void submit_head(int status, const Headers& headers, std::optional<std::size_t> length, bool with_body);
  void discard_body();
  void stop_body();
  void consume_all();
  void resume_sending();

  Http2Connection& connection_;
  std::int32_t id_;
  std::size_t place_ = 0;  // in the connection's list
  RequestHead head_;
  std::string target_;
  std::size_t header_bytes_ = 0;
  bool header_too_large_ = false;
  bool head_done_ = false;

  std::string body_;
  std::size_t unconsumed_ = 0;  // received, but not yet given back to the flow-control windows
  bool body_done_ = false;
  bool body_wanted_ = false;
  bool discarding_ = false;  // the response is out
  std::size_t discarded_ = 0;
  std::optional<ScopedTimer> discard_timer_;
  bool wake_listed_ = false;
  bool write_waits_ = false;

  Response response_ = Response::None;
  SendQueue queue_;
  bool done_ = false;    // the handler
  bool closed_ = false;  // the stream
  bool retired_ = false;
  Waiter waiter_;
  RootTask task_;
};

class Http2Connection final : public ServerConnection, public Http2Session {
 public:
  Http2Connection(ConnectionContext context, Accepted accepted)
      : Http2Session(context.loop, std::move(accepted.stream)),
        context_(context),
        certificate_(std::move(accepted.certificate)),
        certificate_problem_(std::move(accepted.certificate_problem)),
        initial_(std::move(accepted.initial)),
        peer_(stream_->peer()),
        active_(context.loop.clock().now()),
        control_refill_(active_) {
    open_session();
  }
  ~Http2Connection() override {
    // Handlers end before what they use.
    for (auto& stream : streams_) stream->task_.reset();
  }

  rt::Task<void> run() override {
    watchdog_.start(watch_idle());
    co_await exchange(std::move(initial_));
  }
  void begin_shutdown() override {
    if (drain_timer_) return;
    // First a GOAWAY that refuses nothing: what the client sends until it has seen it is served, for it need not be repeatable
    // (RFC 9113 6.8). The answer to the PING says that it has.
    nghttp2_submit_shutdown_notice(session_.get());
    nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, kDrainPing.data());
    drain_timer_.emplace(loop_, kDrainTime, [this] { refuse_streams(); });
    kick();
  }

 private:
  friend class ServerStream;

  void open_session();
  void after_io() override;
  void start_handler(ServerStream& stream);
  rt::Task<void> run_stream(ServerStream* stream);
  rt::Task<void> watch_idle();
  void retire(ServerStream& stream) {
    stream.retired_ = true;
    retired_.push_back(&stream);
  }
  void list_wake(ServerStream& stream) {
    if (std::exchange(stream.wake_listed_, true)) return;
    to_wake_.push_back(&stream);
  }
  bool control_frame_allowed();
  void refuse_streams();

  static ServerStream* stream_of(nghttp2_session* session, std::int32_t id) {
    return static_cast<ServerStream*>(nghttp2_session_get_stream_user_data(session, id));
  }
  int begin_headers(const nghttp2_frame* frame);
  int header(ServerStream& stream, std::string_view name, std::string_view value);
  int frame_received(const nghttp2_frame* frame);
  int data_received(std::int32_t id, std::string_view bytes);
  int stream_closed(std::int32_t id, std::uint32_t error);
  int frame_sent(const nghttp2_frame* frame);
  int send_data(ServerStream& stream, const std::uint8_t* frame_head, std::size_t size);

  ConnectionContext context_;
  std::optional<PeerCertificate> certificate_;
  std::string certificate_problem_;
  std::string initial_;
  rt::Address peer_;
  std::vector<std::unique_ptr<ServerStream>> streams_;
  std::vector<ServerStream*> to_start_;
  std::vector<ServerStream*> to_wake_;
  std::vector<ServerStream*> retired_;
  rt::Instant active_;  // when the last stream ended
  bool settled_ = false;
  std::optional<ScopedTimer> drain_timer_;  // set: the shutdown has begun
  bool refuses_streams_ = false;
  int control_tokens_ = kControlBurst;
  rt::Instant control_refill_;
  RootTask watchdog_;
};

void Http2Connection::open_session() {
  struct Made {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_option* option = nullptr;
    Made() {
      nghttp2_session_callbacks_new(&callbacks);
      nghttp2_session_callbacks_set_on_begin_headers_callback(
          callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
            return static_cast<Http2Connection*>(self)->begin_headers(frame);
          });
      nghttp2_session_callbacks_set_on_header_callback2(
          callbacks, [](nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value,
                        std::uint8_t, void* self) {
            ServerStream* stream = stream_of(session, frame->hd.stream_id);
            return stream != nullptr ? static_cast<Http2Connection*>(self)->header(*stream, view(name), view(value)) : 0;
          });
      nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks,
                                                           [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
                                                             return static_cast<Http2Connection*>(self)->frame_received(frame);
                                                           });
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
          callbacks,
          [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes, std::size_t size, void* self) {
            return static_cast<Http2Connection*>(self)->data_received(id, {reinterpret_cast<const char*>(bytes), size});
          });
      nghttp2_session_callbacks_set_on_stream_close_callback(
          callbacks, [](nghttp2_session*, std::int32_t id, std::uint32_t error, void* self) {
            return static_cast<Http2Connection*>(self)->stream_closed(id, error);
          });
      nghttp2_session_callbacks_set_on_frame_send_callback(callbacks,
                                                           [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
                                                             return static_cast<Http2Connection*>(self)->frame_sent(frame);
                                                           });
      nghttp2_session_callbacks_set_send_data_callback(
          callbacks, [](nghttp2_session*, nghttp2_frame*, const std::uint8_t* head, std::size_t size,
                        nghttp2_data_source* source, void* self) {
            return static_cast<Http2Connection*>(self)->send_data(*static_cast<ServerStream*>(source->ptr), head, size);
          });
      nghttp2_option_new(&option);
      nghttp2_option_set_no_auto_window_update(option, 1);
      nghttp2_option_set_no_closed_streams(option, 1);
      nghttp2_option_set_stream_reset_rate_limit(option, 1000, 100);
    }
  };
  static const Made made;  // read-only after construction
  nghttp2_session* session = nullptr;
  nghttp2_session_server_new2(&session, made.callbacks, this, made.option);
  session_.reset(session);
  const std::array<nghttp2_settings_entry, 4> settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, context_.limits.streams_per_connection},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindowBytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(context_.limits.header_bytes)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  }};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kConnectionWindowBytes);
}

int Http2Connection::begin_headers(const nghttp2_frame* frame) {
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  auto stream = std::make_unique<ServerStream>(*this, frame->hd.stream_id);
  nghttp2_session_set_stream_user_data(session_.get(), frame->hd.stream_id, stream.get());
  stream->place_ = streams_.size();
  streams_.push_back(std::move(stream));
  return 0;
}

int Http2Connection::header(ServerStream& stream, std::string_view name, std::string_view value) {
  if (stream.head_done_) return 0;  // trailers
  stream.header_bytes_ += name.size() + value.size() + kHeaderOverhead;
  if (stream.header_bytes_ > context_.limits.header_bytes) {
    stream.header_too_large_ = true;
    return 0;
  }
  if (name == ":method") {
    stream.head_.method = value;
  } else if (name == ":path") {
    stream.target_ = value;
  } else if (name == ":authority") {
    stream.head_.headers.add("host", std::string(value));
  } else if (!name.starts_with(':') && !(name == "host" && stream.head_.headers.has("host"))) {
    stream.head_.headers.add(std::string(name), std::string(value));
  }
  return 0;
}

int Http2Connection::frame_received(const nghttp2_frame* frame) {
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA: {
      ServerStream* stream = stream_of(session_.get(), frame->hd.stream_id);
      if (stream == nullptr) return 0;
      if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        stream->body_done_ = true;
        list_wake(*stream);
      }
      if (frame->hd.type == NGHTTP2_HEADERS && !std::exchange(stream->head_done_, true)) to_start_.push_back(stream);
      // Empty DATA frames do nothing but cost: count them.
      if (frame->hd.type == NGHTTP2_DATA && frame->hd.length == 0 && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0 &&
          !control_frame_allowed())
        nghttp2_session_terminate_session(session_.get(), NGHTTP2_ENHANCE_YOUR_CALM);
      return 0;
    }
    case NGHTTP2_SETTINGS:
      settled_ = true;
      [[fallthrough]];
    case NGHTTP2_PING:
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0 && drain_timer_ && std::ranges::equal(frame->ping.opaque_data, kDrainPing))
        refuse_streams();
      [[fallthrough]];
    case NGHTTP2_PRIORITY:
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0 && !control_frame_allowed())
        nghttp2_session_terminate_session(session_.get(), NGHTTP2_ENHANCE_YOUR_CALM);
      return 0;
    default:
      return 0;
  }
}

void Http2Connection::refuse_streams() {
  if (std::exchange(refuses_streams_, true)) return;
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()),
                        NGHTTP2_NO_ERROR, nullptr, 0);
  kick();
}

bool Http2Connection::control_frame_allowed() {
  if (control_tokens_ == 0) {
    const rt::Instant now = loop_.clock().now();
    const auto elapsed_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - control_refill_).count();
    control_tokens_ = static_cast<int>(std::min<std::int64_t>(kControlBurst, elapsed_ms * kControlPerSecond / 1000));
    if (control_tokens_ > 0) control_refill_ = now;
  }
  if (control_tokens_ == 0) return false;
  --control_tokens_;
  return true;
}

int Http2Connection::data_received(std::int32_t id, std::string_view bytes) {
  ServerStream* stream = stream_of(session_.get(), id);
  if (stream == nullptr || stream->done_ || stream->discarding_ || stream->header_too_large_) {
    nghttp2_session_consume(session_.get(), id, bytes.size());
    if (stream == nullptr || !stream->discarding_) return 0;
    stream->discarded_ += bytes.size();
    if (stream->discarded_ > kDiscardBytes) stream->stop_body();
    return 0;
  }
  stream->body_.append(bytes);
  stream->unconsumed_ += bytes.size();
  if (stream->body_wanted_) list_wake(*stream);
  return 0;
}

int Http2Connection::stream_closed(std::int32_t id, std::uint32_t error) {
  ServerStream* stream = stream_of(session_.get(), id);
  if (stream == nullptr) return 0;
  active_ = loop_.clock().now();
  if (stream->unconsumed_ > 0) nghttp2_session_consume_connection(session_.get(), std::exchange(stream->unconsumed_, 0));
  stream->queue_.clear();
  // A handler whose response went out completely may go on; every other one is cancelled.
  stream->closed_ = true;
  if (stream->done_ || error != NGHTTP2_NO_ERROR || !stream->queue_.ended() || !stream->head_done_) retire(*stream);
  return 0;
}

int Http2Connection::frame_sent(const nghttp2_frame* frame) {
  const bool ends =
      (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 && (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS);
  if (!ends) return 0;
  ServerStream* stream = stream_of(session_.get(), frame->hd.stream_id);
  if (stream != nullptr && !stream->body_done_) stream->discard_body();
  return 0;
}

int Http2Connection::send_data(ServerStream& stream, const std::uint8_t* frame_head, std::size_t size) {
  if (out_.size() >= kWriteBytes) return NGHTTP2_ERR_WOULDBLOCK;
  out_.append(reinterpret_cast<const char*>(frame_head), 9);
  stream.queue_.take(size, out_);
  if (stream.write_waits_ && stream.queue_.bytes() <= kLowWaterBytes) list_wake(stream);
  return 0;
}

void Http2Connection::after_io() {
  // Handlers that run here may submit, which changes none of these lists but `retired_`.
  for (std::size_t i = 0; i < to_wake_.size(); ++i) {
    to_wake_[i]->wake_listed_ = false;
    if (!to_wake_[i]->retired_) to_wake_[i]->waiter_.wake();
  }
  to_wake_.clear();
  for (std::size_t i = 0; i < to_start_.size(); ++i)
    if (!to_start_[i]->closed_) start_handler(*to_start_[i]);
  to_start_.clear();
  if (retired_.empty()) return;
  std::vector<std::unique_ptr<ServerStream>> dead;
  for (ServerStream* stream : std::exchange(retired_, {})) {
    const std::size_t place = stream->place_;
    dead.push_back(std::move(streams_[place]));
    if (place + 1 < streams_.size()) {
      streams_[place] = std::move(streams_.back());
      streams_[place]->place_ = place;
    }
    streams_.pop_back();
  }
}

void Http2Connection::start_handler(ServerStream& stream) {
  stream.head_.peer = peer_;
  stream.head_.certificate = certificate_;
  stream.head_.certificate_problem = certificate_problem_;
  stream.head_.http_version = 20;
  stream.task_.start(run_stream(&stream));
}

rt::Task<void> Http2Connection::run_stream(ServerStream* stream) {
  bool failed = false;
  if (stream->header_too_large_) {
    co_await stream->respond(431, {}, {});
  } else if (!split_target(stream->target_, stream->head_)) {
    co_await stream->respond(400, {}, {});
  } else {
    try {
      co_await context_.handler(*stream);
    } catch (const std::exception&) {
      failed = true;
    }
  }
  if (stream->response_ == Response::None) {
    co_await stream->respond(500, {}, {});
  } else if (stream->response_ == Response::Streaming) {
    if (failed) nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream->id_, NGHTTP2_INTERNAL_ERROR);
    stream->queue_.end();
    stream->resume_sending();
  }
  stream->done_ = true;
  stream->consume_all();
  if (stream->closed_) {
    retire(*stream);
    kick();
  }
}

// The preface must come in time, and a connection without streams does not stay for ever.
rt::Task<void> Http2Connection::watch_idle() {
  co_await rt::sleep(loop_, context_.limits.header_timeout);
  if (!settled_) {
    break_off();
    co_return;
  }
  for (;;) {
    const rt::Instant now = loop_.clock().now();
    if (!streams_.empty()) active_ = now;
    if (now - active_ >= context_.limits.idle_timeout) break;
    co_await rt::sleep_until(loop_, active_ + context_.limits.idle_timeout);
  }
  nghttp2_session_terminate_session(session_.get(), NGHTTP2_NO_ERROR);
  kick();
}

void ServerStream::consume_all() {
  if (unconsumed_ == 0) return;
  nghttp2_session_consume(connection_.session_.get(), id_, std::exchange(unconsumed_, 0));
  connection_.kick();
}

// The response is out and the request's body is not. Clients that are asked to stop while they send throw the response away
// (curl before 8), so what is short is read to its end.
void ServerStream::discard_body() {
  discarding_ = true;
  body_.clear();
  consume_all();
  discard_timer_.emplace(connection_.loop_, kDiscardTime, [this] { stop_body(); });
}

// Asks the client to stop (RFC 9113 8.1).
void ServerStream::stop_body() {
  if (!std::exchange(discarding_, false)) return;
  nghttp2_submit_rst_stream(connection_.session_.get(), NGHTTP2_FLAG_NONE, id_, NGHTTP2_NO_ERROR);
  connection_.kick();
}

rt::Task<Result<std::string>> ServerStream::body(std::size_t limit_bytes) {
  std::uint64_t length = 0;
  const std::string_view announced = head_.headers.get("content-length");
  std::from_chars(announced.data(), announced.data() + announced.size(), length);
  const std::uint64_t drain_bytes = limit_bytes * kDrainFactor;
  std::uint64_t discarded = 0;
  if (!body_done_ && length <= limit_bytes) body_.reserve(length);
  body_wanted_ = true;
  for (;;) {
    // Too much is read on and thrown away for a while: a client that still sends takes an early answer for a broken stream.
    if (discarded + body_.size() > limit_bytes) {
      discarded += body_.size();
      body_.clear();
    }
    consume_all();
    if (discarded > 0 && (body_done_ || discarded > drain_bytes))
      co_return fail(Reason::RequestEntityTooLarge, "limit is " + std::to_string(limit_bytes));
    if (body_done_) co_return std::move(body_);
    bool expired = false;
    {
      ScopedTimer timer(connection_.loop_, connection_.context_.limits.body_timeout, [this, &expired] {
        expired = true;
        waiter_.wake();
      });
      co_await waiter_.wait();
    }
    if (expired) co_return fail(Reason::Timeout, "the request's body did not arrive in time");
  }
}

void ServerStream::submit_head(int status, const Headers& headers, std::optional<std::size_t> length, bool with_body) {
  static constexpr std::size_t kUsual = 24;
  char status_text[4];
  char length_text[24];
  std::array<nghttp2_nv, kUsual> usual;
  std::vector<nghttp2_nv> many;
  nghttp2_nv* fields = usual.data();
  if (headers.items().size() + 2 > kUsual) {
    many.resize(headers.items().size() + 2);
    fields = many.data();
  }
  std::size_t count = 0;
  fields[count++] = field(":status", {status_text, std::to_chars(status_text, status_text + 4, status).ptr});
  for (const auto& [name, value] : headers.items())
    if (!connection_specific(name) && !(length && name == "content-length")) fields[count++] = field(name, value);
  if (length)
    fields[count++] = field("content-length", {length_text, std::to_chars(length_text, length_text + 24, *length).ptr});
  nghttp2_data_provider provider;
  provider.source.ptr = this;
  provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t limit, std::uint32_t* flags,
                              nghttp2_data_source* source,
                              void*) -> ssize_t { return static_cast<ServerStream*>(source->ptr)->queue_.offer(limit, flags); };
  nghttp2_submit_response(connection_.session_.get(), id_, fields, count, with_body ? &provider : nullptr);
  connection_.kick();
}

rt::Task<void> ServerStream::respond(int status, Headers headers, std::vector<Piece> body) {
  ENSURE(response_ == Response::None);
  response_ = Response::Complete;
  queue_.add(std::move(body));
  queue_.end();
  const bool bodyless = status < 200 || status == 204 || status == 304;
  const std::size_t size = queue_.bytes();
  const bool with_body = size > 0 && !bodyless && head_.method != "HEAD";
  submit_head(status, headers, bodyless ? std::nullopt : std::optional(size), with_body);
  co_return;
}

rt::Task<Result<void>> ServerStream::start(int status, Headers headers) {
  ENSURE(response_ == Response::None);
  response_ = Response::Streaming;
  submit_head(status, headers, std::nullopt, head_.method != "HEAD");
  co_return Result<void>{};
}

rt::Task<Result<void>> ServerStream::write(std::vector<Piece> pieces) {
  ENSURE(response_ == Response::Streaming);
  if (head_.method == "HEAD") co_return Result<void>{};
  queue_.add(std::move(pieces));
  resume_sending();
  while (queue_.bytes() > kHighWaterBytes) {
    write_waits_ = true;
    co_await waiter_.wait();
  }
  write_waits_ = false;
  co_return Result<void>{};
}

void ServerStream::resume_sending() {
  if (!std::exchange(queue_.deferred, false)) return;
  nghttp2_session_resume_data(connection_.session_.get(), id_);
  connection_.kick();
}

}  // namespace

std::unique_ptr<ServerConnection> make_http2_connection(ConnectionContext context, Accepted accepted) {
  return std::make_unique<Http2Connection>(context, std::move(accepted));
}

}  // namespace charon::net
