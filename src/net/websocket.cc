#include "net/websocket.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

#include "net/http1_parser.h"
#include "rt/sync.h"

namespace charon::net {
namespace {

constexpr std::size_t kMessageBytes = 1u << 20;
constexpr std::size_t kBufferBytes = 16u << 10;
constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 1.3
constexpr std::string_view kBearerProtocol = "base64url.bearer.authorization.k8s.io.";

enum Opcode : unsigned char { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

enum CloseCode : std::uint16_t {
  kNormal = 1000,
  kProtocolError = 1002,
  kNoStatus = 1005,
  kInvalidData = 1007,
  kTooBig = 1009,
};

bool valid_close_code(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

bool valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (length == 0 || i + length > text.size()) return false;
    std::uint32_t point = length == 1 ? lead : lead & (0x7fu >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      point = point << 6 | (next & 0x3fu);
    }
    if ((length == 3 && point < 0x800) || (length == 4 && point < 0x10000) || point > 0x10ffff) return false;
    if (point >= 0xd800 && point <= 0xdfff) return false;
    i += length;
  }
  return true;
}

std::string accept_key(std::string_view key) {
  std::string input(key);
  input += kGuid;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(input.data(), input.size(), digest, &size, EVP_sha1(), nullptr);
  return base64_encode(std::string_view(reinterpret_cast<char*>(digest), size));
}

void split_list(std::string_view rest, std::vector<std::string>& items) {
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    std::string_view item = rest.substr(0, comma);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
  }
}

bool carries_token(std::string_view protocol) { return protocol.starts_with(kBearerProtocol); }

struct FrameHead {
  bool final = false;
  unsigned char opcode = 0;
  bool masked = false;
  std::uint64_t size = 0;
  unsigned char mask[4] = {};
  std::size_t head_bytes = 0;
  bool reserved = false;
};

// nullopt: more bytes are needed.
std::optional<FrameHead> parse_head(std::string_view in) {
  if (in.size() < 2) return std::nullopt;
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(in[i]); };
  FrameHead head;
  head.final = (at(0) & 0x80) != 0;
  head.reserved = (at(0) & 0x70) != 0;
  head.opcode = at(0) & 0x0f;
  head.masked = (at(1) & 0x80) != 0;
  head.size = at(1) & 0x7f;
  head.head_bytes = 2;
  const std::size_t extended = head.size == 126 ? 2 : head.size == 127 ? 8 : 0;
  if (in.size() < 2 + extended + (head.masked ? 4 : 0)) return std::nullopt;
  if (extended > 0) {
    head.size = 0;
    for (std::size_t i = 0; i < extended; ++i) head.size = head.size << 8 | at(2 + i);
    head.head_bytes += extended;
  }
  if (head.masked) {
    for (std::size_t i = 0; i < 4; ++i) head.mask[i] = at(head.head_bytes + i);
    head.head_bytes += 4;
  }
  return head;
}

void apply_mask(std::span<char> bytes, const unsigned char (&mask)[4], std::size_t offset) {
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bytes[i] ^ mask[(offset + i) & 3]);
}

class Connection final : public WebSocket {
 public:
  Connection(rt::Loop& loop, std::unique_ptr<rt::Stream> stream, std::string protocol, WebSocketRole role)
      : stream_(std::move(stream)), protocol_(std::move(protocol)), role_(role), writing_(loop) {
    buffer_ = std::make_unique_for_overwrite<char[]>(kBufferBytes);
  }

  const std::string& protocol() const override { return protocol_; }
  rt::Task<Result<std::optional<Message>>> read() override;
  rt::Task<Result<void>> write(std::string_view data, bool binary) override {
    auto sending = send_frame(binary ? kBinary : kText, std::string(data));
    co_return co_await sending;
  }
  rt::Task<void> close(std::uint16_t code, std::string reason) override;

 private:
  rt::Task<Result<void>> send_frame(unsigned char opcode, std::string payload);
  rt::Task<Result<FrameHead>> next_head();
  rt::Task<Result<void>> payload(FrameHead head, std::string* into);
  rt::Task<Result<bool>> control(FrameHead head);
  rt::Task<std::unexpected<Error>> violation(std::uint16_t code, std::string text);
  rt::Task<Result<void>> fill();
  std::string_view buffered() const { return {buffer_.get() + begin_, end_ - begin_}; }

  std::unique_ptr<rt::Stream> stream_;
  std::string protocol_;
  WebSocketRole role_;
  rt::Mutex writing_;
  std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool close_sent_ = false;
  bool close_received_ = false;
};

rt::Task<Result<void>> Connection::send_frame(unsigned char opcode, std::string payload) {
  const auto guard = co_await writing_.lock();
  if (close_sent_) co_return fail(Reason::ServiceUnavailable, "the WebSocket is closed");
  close_sent_ = opcode == kClose;
  const bool masked = role_ == WebSocketRole::Client;
  const std::size_t size = payload.size();
  std::string frame;
  frame.reserve(size + 14);
  frame += static_cast<char>(0x80 | opcode);
  const char mask_bit = masked ? '\x80' : '\0';
  if (size < 126) {
    frame += static_cast<char>(mask_bit | static_cast<char>(size));
  } else {
    const int bytes = size <= 0xffff ? 2 : 8;
    frame += static_cast<char>(mask_bit | (bytes == 2 ? 126 : 127));
    for (int i = bytes - 1; i >= 0; --i) frame += static_cast<char>(static_cast<std::uint64_t>(size) >> (8 * i));
  }
  if (masked) {
    unsigned char mask[4];
    RAND_bytes(mask, sizeof mask);
    frame.append(reinterpret_cast<char*>(mask), sizeof mask);
    apply_mask(payload, mask, 0);
  }
  frame += payload;
  co_return co_await stream_->write(frame);
}

rt::Task<Result<void>> Connection::fill() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == kBufferBytes) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  auto count = co_await stream_->read(std::span(buffer_.get() + end_, kBufferBytes - end_));
  if (!count) co_return fail(std::move(count.error()));
  if (*count == 0) co_return fail(Reason::ServiceUnavailable, "the peer closed the connection without a close frame");
  end_ += *count;
  co_return Result<void>{};
}

rt::Task<Result<FrameHead>> Connection::next_head() {
  for (;;) {
    if (const auto head = parse_head(buffered())) {
      begin_ += head->head_bytes;
      co_return *head;
    }
    CO_TRY(co_await fill());
  }
}

rt::Task<Result<void>> Connection::payload(FrameHead head, std::string* into) {
  std::size_t offset = 0;
  while (offset < head.size) {
    if (begin_ == end_) CO_TRY(co_await fill());
    const std::size_t count = std::min<std::size_t>(end_ - begin_, head.size - offset);
    const std::span bytes(buffer_.get() + begin_, count);
    if (head.masked) apply_mask(bytes, head.mask, offset);
    into->append(bytes.data(), bytes.size());
    begin_ += count;
    offset += count;
  }
  co_return Result<void>{};
}

rt::Task<std::unexpected<Error>> Connection::violation(std::uint16_t code, std::string text) {
  auto closing = close(code, text);
  co_await closing;
  co_return fail(Reason::BadRequest, "WebSocket: " + text);
}

// True after the peer's close frame.
rt::Task<Result<bool>> Connection::control(FrameHead head) {
  std::string data;
  CO_TRY(co_await payload(head, &data));
  if (head.opcode == kPong) co_return false;
  if (head.opcode == kPing) {
    if (!close_sent_) (void)co_await send_frame(kPong, std::move(data));
    co_return false;
  }
  close_received_ = true;
  std::uint16_t code = kNormal;
  if (data.size() >= 2) {
    code = static_cast<std::uint16_t>(static_cast<unsigned char>(data[0]) << 8 | static_cast<unsigned char>(data[1]));
    if (!valid_close_code(code) || !valid_utf8(std::string_view(data).substr(2))) code = kProtocolError;
  } else if (data.size() == 1) {
    code = kProtocolError;
  }
  if (!close_sent_) co_await close(code, {});
  co_return true;
}

rt::Task<Result<std::optional<WebSocket::Message>>> Connection::read() {
  if (close_received_) co_return std::optional<Message>();
  Message message;
  bool in_message = false;
  for (;;) {
    CO_TRY_ASSIGN(const FrameHead head, co_await next_head());
    if (head.reserved) co_return co_await violation(kProtocolError, "reserved bits are set");
    if (head.masked != (role_ == WebSocketRole::Server)) co_return co_await violation(kProtocolError, "wrong masking");
    if (head.opcode >= kClose) {
      if (head.opcode > kPong || !head.final || head.size > 125)
        co_return co_await violation(kProtocolError, "malformed control frame");
      CO_TRY_ASSIGN(const bool closed, co_await control(head));
      if (closed) co_return std::optional<Message>();
      continue;
    }
    if (head.opcode > kBinary || (head.opcode == kContinuation) != in_message)
      co_return co_await violation(kProtocolError, "unexpected opcode");
    if (head.size > kMessageBytes || message.data.size() + head.size > kMessageBytes)
      co_return co_await violation(kTooBig, "message too big");
    if (!in_message) message.binary = head.opcode == kBinary;
    in_message = true;
    CO_TRY(co_await payload(head, &message.data));
    if (!head.final) continue;
    if (!message.binary && !valid_utf8(message.data)) co_return co_await violation(kInvalidData, "text is not UTF-8");
    co_return std::optional<Message>(std::move(message));
  }
}

rt::Task<void> Connection::close(std::uint16_t code, std::string reason) {
  std::string data;
  if (code != kNoStatus) {
    data += static_cast<char>(code >> 8);
    data += static_cast<char>(code & 0xff);
    data.append(reason, 0, 123);
  }
  (void)co_await send_frame(kClose, std::move(data));
  if (role_ == WebSocketRole::Server) stream_->shutdown_write();
}

}  // namespace

Result<WebSocketHandshake> accept_websocket(const RequestHead& head, const std::vector<std::string>& protocols) {
  const Headers& headers = head.headers;
  if (head.method != "GET" || !has_token(headers.get("connection"), "upgrade") ||
      !equals_ignoring_case(headers.get("upgrade"), "websocket"))
    return fail(Reason::BadRequest, "not a WebSocket handshake");
  if (headers.get("sec-websocket-version") != "13") return fail(Reason::BadRequest, "WebSocket version 13 is needed");
  const auto key = base64_decode(headers.get("sec-websocket-key"));
  if (!key || key->size() != 16) return fail(Reason::BadRequest, "malformed Sec-WebSocket-Key");
  std::vector<std::string> offered;
  for (const auto& [name, value] : headers.items())
    if (name == "sec-websocket-protocol") split_list(value, offered);
  std::erase_if(offered, carries_token);
  WebSocketHandshake handshake;
  const auto chosen = std::ranges::find_if(
      protocols, [&](const std::string& name) { return std::ranges::find(offered, name) != offered.end(); });
  if (chosen != protocols.end()) {
    handshake.protocol = *chosen;
  } else if (!protocols.empty() && (!offered.empty() || std::ranges::find(protocols, "") == protocols.end())) {
    return fail(Reason::BadRequest, "none of the offered WebSocket subprotocols is known");
  }
  handshake.headers.add("sec-websocket-accept", accept_key(headers.get("sec-websocket-key")));
  if (!handshake.protocol.empty()) handshake.headers.add("sec-websocket-protocol", handshake.protocol);
  return handshake;
}

std::string without_bearer_protocol(std::string_view offered) {
  std::vector<std::string> names;
  split_list(offered, names);
  std::string kept;
  for (const std::string& name : names)
    if (!carries_token(name)) kept.append(kept.empty() ? "" : ", ").append(name);
  return kept;
}

std::unique_ptr<WebSocket> make_websocket(rt::Loop& loop, std::unique_ptr<rt::Stream> stream, std::string protocol,
                                          WebSocketRole role) {
  return std::make_unique<Connection>(loop, std::move(stream), std::move(protocol), role);
}

rt::Task<Result<std::unique_ptr<WebSocket>>> connect_websocket(rt::Loop& loop, HttpClient& client, ClientRequest request,
                                                               std::vector<std::string> protocols) {
  unsigned char random[16];
  RAND_bytes(random, sizeof random);
  const std::string key = base64_encode(std::string_view(reinterpret_cast<char*>(random), sizeof random));
  request.headers.set("connection", "Upgrade");
  request.headers.set("upgrade", "websocket");
  request.headers.set("sec-websocket-version", "13");
  request.headers.set("sec-websocket-key", key);
  std::string list;
  for (const std::string& name : protocols) list.append(list.empty() ? "" : ", ").append(name);
  if (!list.empty()) request.headers.set("sec-websocket-protocol", std::move(list));
  auto upgrading = client.upgrade(std::move(request));
  CO_TRY_ASSIGN(Upgraded upgraded, co_await upgrading);
  if (upgraded.headers.get("sec-websocket-accept") != accept_key(key))
    co_return fail(Reason::BadRequest, "the server's WebSocket handshake does not answer ours");
  std::string chosen(upgraded.headers.get("sec-websocket-protocol"));
  if (!protocols.empty() && std::ranges::find(protocols, chosen) == protocols.end())
    co_return fail(Reason::BadRequest, "the server chose the WebSocket subprotocol \"" + chosen + "\", which was not offered");
  co_return make_websocket(loop, std::move(upgraded.stream), std::move(chosen), WebSocketRole::Client);
}

}  // namespace charon::net
