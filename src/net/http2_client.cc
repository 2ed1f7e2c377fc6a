#include "net/http2_client.h"

#include <array>
#include <charconv>
#include <unordered_set>

#include "net/http2_session.h"
#include "rt/sync.h"

namespace charon::net {
namespace {

constexpr std::size_t kRequestHeaderBytes = 256u << 10;
constexpr std::size_t kResponseHeaderBytes = 256u << 10;
constexpr std::uint32_t kResponseWindowBytes = 4u << 20;  // long lists come without a stop for each MiB; as Go's client has it
constexpr std::size_t kLongFrameBytes = 8u << 10;

nghttp2_nv field(std::string_view name, std::string_view value) {
  return {const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(name.data())),
          const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

std::string_view text(const std::uint8_t* bytes, std::size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

class Connection;

// What the connection knows of a stream. Users are woken from the loop, never inside the connection's own tasks, because a
// user may drop the last reference to the connection.
struct StreamState {
  explicit StreamState(rt::Loop& loop) : changed(loop) {}

  std::int32_t id = 0;
  bool closed = false;    // nghttp2 has forgotten it
  bool orphaned = false;  // the user has
  int status = 0;
  Headers headers;
  Headers trailers;
  std::size_t header_bytes = 0;
  bool headers_done = false;
  bool ended = false;
  std::string body;  // received, not yet read
  std::optional<OpenFailure> failure;
  SendQueue queue;
  rt::Event changed;
};

class Stream final : public ClientStream {
 public:
  Stream(std::shared_ptr<Connection> connection, std::unique_ptr<StreamState> state)
      : connection_(std::move(connection)), state_(std::move(state)) {}
  ~Stream() override;

  int status() const override { return state_->status; }
  const Headers& headers() const override { return state_->headers; }
  const Headers& trailers() const override { return state_->trailers; }
  rt::Task<Result<std::string>> read() override;
  rt::Task<OpenOutcome> wait_for_headers(std::unique_ptr<ClientStream> self);

 private:
  std::shared_ptr<Connection> connection_;
  std::unique_ptr<StreamState> state_;
};

class Connection final : public Http2ClientConnection, public Http2Session, public std::enable_shared_from_this<Connection> {
 public:
  Connection(rt::Loop& loop, std::unique_ptr<rt::Stream> stream, Http2Target target)
      : Http2Session(loop, std::move(stream)), target_(std::move(target)) {
    open_session();
    task_.start(live());
  }
  ~Connection() override { task_.reset(); }

  bool usable() const override { return !over_ && nghttp2_session_check_request_allowed(session_.get()) != 0; }
  rt::Task<OpenOutcome> open(ClientRequest request, SharedBytes body) override;

  // nghttp2 may still ask for the body of a stream that is being reset, so its state stays until the stream is closed.
  void release(std::unique_ptr<StreamState> state) {
    live_.erase(state.get());
    if (over_ || state->id == 0) return;
    if (!state->body.empty()) nghttp2_session_consume_connection(session_.get(), state->body.size());
    if (!state->closed) {
      nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, state->id, NGHTTP2_CANCEL);
      state->orphaned = true;
      orphans_.push_back(std::move(state));
    }
    kick();
  }
  void consumed(const StreamState& state, std::size_t bytes) {
    if (over_) return;
    nghttp2_session_consume(session_.get(), state.id, bytes);
    kick();
  }

 private:
  void open_session();
  rt::Task<void> live() {
    auto exchanging = exchange({});
    co_await exchanging;
    over_ = true;
    for (StreamState* state : live_) {
      if (!state->ended && !state->failure)
        state->failure =
            OpenFailure{{Reason::ServiceUnavailable, "the connection to " + target_.authority + " broke", nullptr}};
      state->changed.set();
    }
  }
  void after_io() override {
    if (!orphans_.empty()) std::erase_if(orphans_, [](const auto& state) { return state->closed; });
  }

  static StreamState* state_of(nghttp2_session* session, std::int32_t id) {
    return static_cast<StreamState*>(nghttp2_session_get_stream_user_data(session, id));
  }
  void header(StreamState& state, std::string_view name, std::string_view value);
  void frame_received(const nghttp2_frame* frame);
  void stream_closed(std::int32_t id, std::uint32_t error);
  void submit(StreamState& state, const ClientRequest& request, const SharedBytes& body);

  Http2Target target_;
  std::unordered_set<StreamState*> live_;
  std::vector<std::unique_ptr<StreamState>> orphans_;
  bool over_ = false;
  RootTask task_;
};

void Connection::open_session() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks, [](nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                    const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* self) {
        StreamState* state = state_of(session, frame->hd.stream_id);
        if (state != nullptr) static_cast<Connection*>(self)->header(*state, text(name, name_size), text(value, value_size));
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
    static_cast<Connection*>(self)->frame_received(frame);
    return 0;
  });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks,
      [](nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* bytes, std::size_t size, void*) {
        StreamState* state = state_of(session, id);
        if (state == nullptr || state->orphaned) {
          nghttp2_session_consume(session, id, size);
          return 0;
        }
        // A long body comes in many frames for one read: room for them at once.
        if (state->body.capacity() - state->body.size() < size && size >= kLongFrameBytes)
          state->body.reserve(state->body.size() + kReadBytes);
        state->body.append(text(bytes, size));
        state->changed.set();
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, std::int32_t id, std::uint32_t error, void* self) {
        static_cast<Connection*>(self)->stream_closed(id, error);
        return 0;
      });
  nghttp2_session_callbacks_set_send_data_callback(callbacks,
                                                   [](nghttp2_session*, nghttp2_frame*, const std::uint8_t* head,
                                                      std::size_t size, nghttp2_data_source* source, void* self) -> int {
                                                     auto& connection = *static_cast<Connection*>(self);
                                                     if (connection.out_.size() >= kWriteBytes) return NGHTTP2_ERR_WOULDBLOCK;
                                                     connection.out_.append(text(head, 9));
                                                     static_cast<StreamState*>(source->ptr)->queue.take(size, connection.out_);
                                                     return 0;
                                                   });
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_max_send_header_block_length(option, kRequestHeaderBytes);
  nghttp2_session* session = nullptr;
  nghttp2_session_client_new2(&session, callbacks, this, option);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_option_del(option);
  session_.reset(session);
  const std::array<nghttp2_settings_entry, 2> settings{{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kResponseWindowBytes},
  }};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, 16 * kConnectionWindowBytes);
}

void Connection::header(StreamState& state, std::string_view name, std::string_view value) {
  state.header_bytes += name.size() + value.size();
  if (state.header_bytes > kResponseHeaderBytes) {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, state.id, NGHTTP2_ENHANCE_YOUR_CALM);
    return;
  }
  if (name == ":status") {
    std::from_chars(value.data(), value.data() + value.size(), state.status);
    return;
  }
  (state.headers_done ? state.trailers : state.headers).add(std::string(name), std::string(value));
}

void Connection::frame_received(const nghttp2_frame* frame) {
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return;
  StreamState* state = state_of(session_.get(), frame->hd.stream_id);
  if (state == nullptr) return;
  if (frame->hd.type == NGHTTP2_HEADERS) {
    if (state->status >= 100 && state->status < 200) {
      state->headers = {};  // an interim response
      return;
    }
    state->headers_done = true;
  }
  if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) state->ended = true;
  state->changed.set();
}

void Connection::stream_closed(std::int32_t id, std::uint32_t error) {
  StreamState* state = state_of(session_.get(), id);
  if (state == nullptr) return;
  state->closed = true;
  if (!state->ended && !state->failure) {
    // nghttp2 closes streams beyond a GOAWAY's last id as refused, too.
    const bool refused = error == NGHTTP2_REFUSED_STREAM;
    const Reason reason = error == NGHTTP2_CANCEL || refused ? Reason::ServiceUnavailable : Reason::InternalError;
    state->failure =
        OpenFailure{{reason, std::string("the server reset the stream: ") + nghttp2_http2_strerror(error), nullptr}, refused};
  }
  state->changed.set();
}

void Connection::submit(StreamState& state, const ClientRequest& request, const SharedBytes& body) {
  std::vector<nghttp2_nv> fields;
  fields.reserve(request.headers.items().size() + 5);
  fields.push_back(field(":method", request.method));
  fields.push_back(field(":scheme", target_.scheme));
  const std::string_view host = request.headers.get("host");
  fields.push_back(field(":authority", host.empty() ? std::string_view(target_.authority) : host));
  fields.push_back(field(":path", request.path));
  for (const auto& [name, value] : request.headers.items())
    if (name != "host" && name != "connection" && name != "content-length") fields.push_back(field(name, value));
  const std::string length = std::to_string(body->size());
  if (!body->empty()) fields.push_back(field("content-length", length));
  nghttp2_data_provider provider;
  provider.source.ptr = &state;
  provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t limit, std::uint32_t* flags,
                              nghttp2_data_source* source,
                              void*) -> ssize_t { return static_cast<StreamState*>(source->ptr)->queue.offer(limit, flags); };
  const bool with_body = !body->empty();
  if (with_body) {
    std::vector<Piece> pieces;
    pieces.push_back(Piece::of(body));
    state.queue.add(std::move(pieces));
  }
  state.queue.end();
  const std::int32_t id =
      nghttp2_submit_request(session_.get(), nullptr, fields.data(), fields.size(), with_body ? &provider : nullptr, &state);
  if (id < 0) {
    state.closed = true;
    state.failure = OpenFailure{{Reason::ServiceUnavailable, std::string("HTTP/2: ") + nghttp2_strerror(id), nullptr}, true};
    return;
  }
  state.id = id;
  kick();
}

rt::Task<OpenOutcome> Connection::open(ClientRequest request, SharedBytes body) {
  auto state = std::make_unique<StreamState>(loop_);
  if (!usable())
    co_return std::unexpected(OpenFailure{{Reason::ServiceUnavailable, "the connection is going away", nullptr}, true});
  submit(*state, request, body);
  live_.insert(state.get());
  auto stream = std::make_unique<Stream>(shared_from_this(), std::move(state));
  Stream& waiting = *stream;
  auto opening = waiting.wait_for_headers(std::move(stream));
  co_return co_await opening;
}

Stream::~Stream() { connection_->release(std::move(state_)); }

rt::Task<OpenOutcome> Stream::wait_for_headers(std::unique_ptr<ClientStream> self) {
  while (!state_->headers_done) {
    if (state_->failure) co_return std::unexpected(*state_->failure);
    state_->changed.clear();
    co_await state_->changed.wait();
  }
  co_return std::move(self);
}

rt::Task<Result<std::string>> Stream::read() {
  while (state_->body.empty()) {
    if (state_->ended) co_return std::string();
    if (state_->failure) co_return fail(state_->failure->error);
    state_->changed.clear();
    co_await state_->changed.wait();
  }
  std::string bytes = std::exchange(state_->body, {});
  connection_->consumed(*state_, bytes.size());
  co_return bytes;
}

}  // namespace

std::shared_ptr<Http2ClientConnection> make_http2_client_connection(rt::Loop& loop, std::unique_ptr<rt::Stream> stream,
                                                                    Http2Target target) {
  return std::make_shared<Connection>(loop, std::move(stream), std::move(target));
}

}  // namespace charon::net
