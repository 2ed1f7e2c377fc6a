// One request to a Front and what it answered, for tests: no connection, no TLS.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "net/http.h"
#include "rt/sync.h"

namespace charon::server {

class ExchangeForTest final : public net::Exchange {
 public:
  // `target`: path and query.
  ExchangeForTest(std::string method, std::string target, std::string body = "") : body_(std::move(body)) {
    head_.method = std::move(method);
    std::size_t mark = target.find('?');
    head_.path = target.substr(0, mark);
    if (mark != std::string::npos) head_.query = target.substr(mark + 1);
  }
  void add_header(std::string name, std::string value) { head_.headers.add(std::move(name), std::move(value)); }
  void set_certificate(std::string name, std::vector<std::string> groups) {
    head_.certificate = net::PeerCertificate{std::move(name), std::move(groups), "00"};
  }

  const net::RequestHead& head() const override { return head_; }
  rt::Task<Result<std::string>> body(std::size_t) override { co_return body_; }
  rt::Task<void> respond(int code, net::Headers headers, std::vector<net::Piece> pieces) override {
    status = code;
    response_headers = std::move(headers);
    for (const net::Piece& piece : pieces) text += piece.bytes;
    co_return;
  }
  rt::Task<Result<void>> start(int code, net::Headers headers) override {
    status = code;
    response_headers = std::move(headers);
    co_return Result<void>();
  }
  rt::Task<Result<void>> write(std::vector<net::Piece> pieces) override {
    ++writes;
    if (reads != nullptr) co_await reads->wait();
    if (before_write) co_await before_write();
    for (const net::Piece& piece : pieces) text += piece.bytes;
    co_return Result<void>();
  }
  rt::Task<Result<std::unique_ptr<net::WebSocket>>> upgrade_websocket(std::vector<std::string>) override {
    co_return fail(Reason::BadRequest, "no connection in this test");
  }
  rt::Task<Result<std::unique_ptr<rt::Stream>>> upgrade(std::string, net::Headers) override {
    co_return fail(Reason::BadRequest, "no connection in this test");
  }

  int status = 0;
  net::Headers response_headers;
  std::string text;
  int writes = 0;
  rt::Event* reads = nullptr;  // while it is not set the client reads nothing of a streamed response
  std::function<rt::Task<void>()> before_write;

 private:
  net::RequestHead head_;
  std::string body_;
};

}  // namespace charon::server
