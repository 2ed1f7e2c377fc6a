// HTTP/1.x message parsing on buffers (RFC 9112), by Beast's parser: a push parser without input or output.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "base/result.h"
#include "net/http.h"

namespace charon::net {

// Lower case of ASCII letters.
std::string ascii_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);
// Whether a comma-separated header value has `token`, in any case.
bool has_token(std::string_view list, std::string_view token);

struct Http1Head {
  std::string method;
  std::string target;
  int status = 0;
  int version = 11;
  Headers headers;
};

// Parses one message; make a new one for the next.
//
// Rejected with BadRequest, against request smuggling: both Content-Length and Transfer-Encoding, differing
// Content-Lengths, any transfer coding but "chunked" alone, more than one Host. RequestEntityTooLarge: the header is
// longer than the limit (which is status 431 here).
template <bool IsRequest>
class Http1Parser final : public boost::beast::http::basic_parser<IsRequest> {
  using Base = boost::beast::http::basic_parser<IsRequest>;
  using View = boost::beast::string_view;
  using Code = boost::beast::error_code;

 public:
  explicit Http1Parser(std::size_t header_limit_bytes) {
    Base::header_limit(static_cast<std::uint32_t>(header_limit_bytes));
    Base::body_limit(boost::none);
  }

  // Consumes from the front of `in`: up to the end of the header, and when called again the body, whose bytes are appended to
  // `body`. 0 consumed: more bytes are needed.
  Result<std::size_t> feed(std::string_view in, std::string& body) {
    std::size_t consumed = 0;
    body_ = &body;
    const bool in_header = !Base::is_header_done();
    while (consumed < in.size() && !Base::is_done() && in_header != Base::is_header_done()) {
      Code error;
      const std::size_t count = Base::put({in.data() + consumed, in.size() - consumed}, error);
      consumed += count;
      if (error == boost::beast::http::error::need_more) break;
      if (error == boost::beast::http::error::header_limit)
        return fail(Reason::RequestEntityTooLarge, "request header fields too large");
      if (error) return fail(Reason::BadRequest, "malformed HTTP message: " + error.message());
      if (count == 0) break;
    }
    return consumed;
  }
  // The connection ended; false when that cuts the message off.
  bool feed_end() {
    Code error;
    Base::put_eof(error);
    return !error;
  }

  Http1Head& head() { return head_; }
  Headers& trailers() { return trailers_; }

 private:
  void on_request_impl(boost::beast::http::verb, View method, View target, int version, Code&) override {
    head_.method.assign(method.data(), method.size());
    head_.target.assign(target.data(), target.size());
    head_.version = version;
  }
  void on_response_impl(int status, View, int version, Code&) override {
    head_.status = status;
    head_.version = version;
  }
  void on_field_impl(boost::beast::http::field field, View name, View value, Code& error) override {
    std::string text(value.data(), value.size());
    if (Base::is_header_done()) return trailers_.add(ascii_lower({name.data(), name.size()}), std::move(text));
    if (field == boost::beast::http::field::transfer_encoding && !equals_ignoring_case(text, "chunked"))
      error = boost::beast::http::error::bad_transfer_encoding;
    if (field == boost::beast::http::field::host && head_.headers.has("host")) error = boost::beast::http::error::bad_field;
    head_.headers.add(ascii_lower({name.data(), name.size()}), std::move(text));
  }
  void on_header_impl(Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(View bytes, Code&) override {
    body_->append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, View, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View bytes, Code&) override {
    body_->append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_finish_impl(Code&) override {}

  Http1Head head_;
  Headers trailers_;
  std::string* body_ = nullptr;
};

}  // namespace charon::net
