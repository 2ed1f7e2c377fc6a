#include "net/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <utility>

#include "net/root_task.h"
#include "x509/handles.h"

namespace charon::net {
namespace {

constexpr std::size_t kReadBytes = 64u << 10;
constexpr std::size_t kWriteBytes = 256u << 10;  // plain text that is encrypted before the transport is asked to write

// An upper bound of what `plain` bytes become, with the record that passes kWriteBytes.
constexpr std::size_t encrypted_bytes(std::size_t plain) {
  constexpr std::size_t kRecord = 16u << 10;
  constexpr std::size_t kOverhead = 64;  // more than a header, a nonce and a tag
  return plain < kRecord ? plain + kOverhead : plain + kRecord + (plain / kRecord + 2) * kOverhead;
}

// TLS 1.2: forward secrecy and authenticated encryption only.
constexpr char kCiphers[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
// TLS 1.3: OpenSSL's list, the cheapest cipher first, as Go's servers order it.
constexpr char kSuites[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

using x509::openssl_failed;
using ContextPtr = std::shared_ptr<SSL_CTX>;
using SslPtr = std::unique_ptr<SSL, x509::Freer<SSL_free>>;

Result<void> use_identity(SSL_CTX* context, const KeyPair& identity) {
  TRY_ASSIGN(const auto chain, x509::parse_certificates(identity.certificate_pem));
  TRY_ASSIGN(const x509::Key key, x509::parse_key(identity.key_pem));
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) return openssl_failed(Reason::Invalid, "certificate");
  for (std::size_t i = 1; i < chain.size(); ++i)
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) return openssl_failed(Reason::Invalid, "chain");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
    return openssl_failed(Reason::Invalid, "private key does not fit the certificate");
  return {};
}

Result<void> trust(SSL_CTX* context, std::string_view ca_pem) {
  TRY_ASSIGN(const auto roots, x509::parse_certificates(ca_pem));
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const x509::X509Ptr& root : roots)
    if (X509_STORE_add_cert(store, root.get()) != 1) return openssl_failed(Reason::Invalid, "CA");
  return {};
}

// Length-prefixed names, as ALPN carries them.
std::string alpn_wire(const std::vector<std::string>& names) {
  std::string wire;
  for (const std::string& name : names) {
    wire += static_cast<char>(name.size());
    wire += name;
  }
  return wire;
}

ContextPtr new_context(const SSL_METHOD* method) {
  ContextPtr context(SSL_CTX_new(method), SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context.get(), kCiphers);
  SSL_CTX_set_ciphersuites(context.get(), kSuites);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
  return context;
}

class Server final : public TlsServer {
 public:
  struct Config {
    ContextPtr context;
    std::string alpn;
    std::vector<x509::X509Ptr> proxy_roots;
  };

  Result<void> replace(const TlsServerOptions& options) override {
    auto config = std::make_shared<Config>();
    config->context = new_context(TLS_server_method());
    config->alpn = alpn_wire(options.alpn);
    SSL_CTX* context = config->context.get();
    TRY(use_identity(context, options.identity));
    if (!options.client_ca_pem.empty()) {
      TRY(trust(context, options.client_ca_pem));
      TRY_ASSIGN(const auto roots, x509::parse_certificates(options.client_ca_pem));
      for (const x509::X509Ptr& root : roots) SSL_CTX_add_client_CA(context, root.get());
      if (!options.proxy_ca_pem.empty()) {
        TRY(trust(context, options.proxy_ca_pem));
        TRY_ASSIGN(config->proxy_roots, x509::parse_certificates(options.proxy_ca_pem));
        SSL_CTX_set_app_data(context, &config->proxy_roots);
      }
      // The handshake goes on with a bad certificate, so that its user gets a clear 401 instead of a broken connection.
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
    }
    static constexpr unsigned char kSessions[] = "charon";
    SSL_CTX_set_session_id_context(context, kSessions, sizeof kSessions - 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets need no cache
    SSL_CTX_set_alpn_select_cb(context, choose_alpn, config.get());
    config_ = std::move(config);
    return {};
  }

  const std::shared_ptr<const Config>& config() const { return config_; }

 private:
  static int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                         void* config) {
    const std::string& ours = static_cast<const Config*>(config)->alpn;
    unsigned char* chosen = nullptr;
    const int outcome = SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                                              static_cast<unsigned>(ours.size()), in, in_size);
    *out = chosen;
    return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
  }

  std::shared_ptr<const Config> config_;
};

class Client final : public TlsClient {
 public:
  Result<void> replace(const TlsClientOptions& options) override {
    ContextPtr context = new_context(TLS_client_method());
    if (options.ca_pem.empty()) {
      SSL_CTX_set_default_verify_paths(context.get());
    } else {
      TRY(trust(context.get(), options.ca_pem));
    }
    if (options.identity) TRY(use_identity(context.get(), *options.identity));
    SSL_CTX_set_verify(context.get(), options.insecure_skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
    const std::string alpn = alpn_wire(options.alpn);
    SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                            static_cast<unsigned>(alpn.size()));
    // Connections hold the context that they were made with.
    context_ = std::move(context);
    server_name_ = options.server_name;
    verify_ = !options.insecure_skip_verify;
    return {};
  }

  Result<void> prepare(SSL* ssl) const {
    SSL_set_connect_state(ssl);
    if (server_name_.empty())
      return verify_ ? fail(Reason::Invalid, "TLS client without a server name cannot verify the server") : Result<void>{};
    unsigned char address[16];
    const bool literal =
        inet_pton(AF_INET, server_name_.c_str(), address) == 1 || inet_pton(AF_INET6, server_name_.c_str(), address) == 1;
    if (!literal && SSL_set_tlsext_host_name(ssl, server_name_.c_str()) != 1)
      return openssl_failed(Reason::Invalid, "server name");
    if (!verify_) return {};
    const int set = literal ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), server_name_.c_str())
                            : SSL_set1_host(ssl, server_name_.c_str());
    if (set != 1) return openssl_failed(Reason::Invalid, "server name");
    return {};
  }
  SSL_CTX* context() const { return context_.get(); }

 private:
  ContextPtr context_;
  std::string server_name_;
  bool verify_ = true;
};

PeerCertificate describe(X509* certificate) {
  PeerCertificate peer;
  const X509_NAME* subject = X509_get_subject_name(certificate);
  // Of several common names the last counts, as in Go.
  if (auto names = x509::entries(subject, NID_commonName); !names.empty()) peer.common_name = std::move(names.back());
  peer.organizations = x509::entries(subject, NID_organizationName);
  std::tm until{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &until) == 1) peer.not_after_s = ::timegm(&until);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) == 1)
    peer.sha256 = hex_encode(std::string_view(reinterpret_cast<char*>(digest), size));
  return peer;
}

// Whether the front proxies' authority signed the certificate itself. Asked of the certificate, as a resumed session has no
// chain.
bool by_proxy_authority(SSL* ssl, X509* certificate) {
  if (SSL_is_server(ssl) == 0) return false;
  const auto* roots = static_cast<const std::vector<x509::X509Ptr>*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (roots == nullptr) return false;
  for (const x509::X509Ptr& root : *roots) {
    const bool signed_by = X509_verify(certificate, X509_get0_pubkey(root.get())) == 1;
    ERR_clear_error();
    if (signed_by) return true;
  }
  return false;
}

// The two buffers between OpenSSL and the transport: ciphertext in both directions.
struct Wire {
  std::unique_ptr<char[]> in;
  std::size_t in_begin = 0;
  std::size_t in_end = 0;
  bool in_eof = false;
  std::string out;
};

int wire_read(BIO* bio, char* into, int size) {
  auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const std::size_t count = std::min(static_cast<std::size_t>(size), wire.in_end - wire.in_begin);
  if (count == 0) {
    if (wire.in_eof) return 0;
    BIO_set_retry_read(bio);
    return -1;
  }
  std::memcpy(into, wire.in.get() + wire.in_begin, count);
  wire.in_begin += count;
  return static_cast<int>(count);
}

int wire_write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  static_cast<Wire*>(BIO_get_data(bio))->out.append(bytes, static_cast<std::size_t>(size));
  return size;
}

long wire_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return static_cast<Wire*>(BIO_get_data(bio))->in_eof ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* wire_method() {
  static const BIO_METHOD* const kMethod = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "charon stream");
    BIO_meth_set_read(method, wire_read);
    BIO_meth_set_write(method, wire_write);
    BIO_meth_set_ctrl(method, wire_control);
    return method;
  }();
  return kMethod;
}

// The reader never writes: what OpenSSL wants to send because of something it read (key updates) goes out before the next
// application data, as RFC 8446 4.6.3 asks.
class OpenSslStream final : public TlsStream {
 public:
  OpenSslStream(std::unique_ptr<rt::Stream> transport, SslPtr ssl, std::shared_ptr<const void> keys)
      : transport_(std::move(transport)), keys_(std::move(keys)), ssl_(std::move(ssl)) {
    wire_.in = std::make_unique_for_overwrite<char[]>(kReadBytes);
    BIO* bio = BIO_new(wire_method());
    BIO_set_data(bio, &wire_);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
  }

  rt::Task<Result<void>> handshake() {
    for (;;) {
      ERR_clear_error();
      const int outcome = SSL_do_handshake(ssl_.get());
      const int error = outcome == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), outcome);
      Error reason;
      if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ) reason = handshake_error();
      auto flushed = co_await flush();
      if (!flushed && error == SSL_ERROR_NONE) co_return flushed;
      if (error == SSL_ERROR_NONE) break;
      if (error != SSL_ERROR_WANT_READ) co_return fail(std::move(reason));
      CO_TRY(co_await fill());
    }
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    alpn_.assign(reinterpret_cast<const char*>(name), size);
    if (const x509::X509Ptr certificate{SSL_get1_peer_certificate(ssl_.get())}) {
      const long verdict = SSL_get_verify_result(ssl_.get());
      if (verdict == X509_V_OK || SSL_is_server(ssl_.get()) == 0) {
        peer_ = describe(certificate.get());
        peer_->by_proxy_authority = by_proxy_authority(ssl_.get(), certificate.get());
      } else {
        peer_problem_ = std::string("x509: ") + X509_verify_cert_error_string(verdict);
      }
    }
    co_return Result<void>{};
  }

  rt::Task<Result<std::size_t>> read(std::span<char> into) override {
    for (;;) {
      ERR_clear_error();
      std::size_t count = 0;
      if (SSL_read_ex(ssl_.get(), into.data(), into.size(), &count) == 1) {
        // More may lie decrypted or complete in the buffer: take it along.
        while (count < into.size()) {
          std::size_t more = 0;
          if (SSL_read_ex(ssl_.get(), into.data() + count, into.size() - count, &more) != 1) break;
          count += more;
        }
        co_return count;
      }
      const int error = SSL_get_error(ssl_.get(), 0);
      if (error == SSL_ERROR_ZERO_RETURN) co_return std::size_t{0};
      if (error != SSL_ERROR_WANT_READ) co_return openssl_failed(Reason::ServiceUnavailable, "TLS");
      if (wire_.in_eof) co_return std::size_t{0};
      CO_TRY(co_await fill());
    }
  }

  rt::Task<Result<void>> write(std::string_view bytes) override {
    writing_ = true;
    wire_.out.reserve(wire_.out.size() + encrypted_bytes(std::min(bytes.size(), kWriteBytes)));
    while (!bytes.empty()) {
      while (!bytes.empty() && wire_.out.size() < kWriteBytes) {
        ERR_clear_error();
        std::size_t count = 0;
        if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &count) != 1) {
          writing_ = false;
          co_return openssl_failed(Reason::ServiceUnavailable, "TLS");
        }
        bytes.remove_prefix(count);
      }
      auto flushed = co_await flush();
      if (!flushed) {
        writing_ = false;
        co_return flushed;
      }
    }
    writing_ = false;
    if (close_after_write_) shutdown_write();
    co_return Result<void>{};
  }

  void shutdown_write() override {
    if (writing_) {
      close_after_write_ = true;
      return;
    }
    if (closed_) return;
    closed_ = true;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    closing_.start(flush_and_close());
  }

  void abort() override { transport_->abort(); }
  rt::Address peer() const override { return transport_->peer(); }
  const std::string& alpn() const override { return alpn_; }
  const std::optional<PeerCertificate>& peer_certificate() const override { return peer_; }
  const std::string& peer_problem() const override { return peer_problem_; }

 private:
  Error handshake_error() {
    const long verdict = SSL_get_verify_result(ssl_.get());
    const int reason = ERR_GET_REASON(ERR_peek_last_error());
    if (verdict != X509_V_OK && reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
      ERR_clear_error();
      return {Reason::Unauthorized, std::string("x509: ") + X509_verify_cert_error_string(verdict), nullptr};
    }
    const bool certificate_alert = reason == SSL_R_TLSV1_ALERT_UNKNOWN_CA || reason == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE ||
                                   reason == SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED;
    return x509::openssl_failed(certificate_alert ? Reason::Unauthorized : Reason::ServiceUnavailable, "TLS handshake").error();
  }

  rt::Task<Result<void>> fill() {
    if (wire_.in_eof) co_return fail(Reason::ServiceUnavailable, "TLS: connection closed by peer");
    wire_.in_begin = wire_.in_end = 0;
    auto count = co_await transport_->read(std::span(wire_.in.get(), kReadBytes));
    if (!count) co_return fail(std::move(count.error()));
    wire_.in_end = *count;
    wire_.in_eof = *count == 0;
    co_return Result<void>{};
  }

  rt::Task<Result<void>> flush() {
    while (!wire_.out.empty()) {
      // OpenSSL may add to `out` while the transport writes, so it gets a buffer of its own.
      sending_.clear();
      sending_.swap(wire_.out);
      CO_TRY(co_await transport_->write(sending_));
    }
    if (sending_.capacity() > kReadBytes) std::string().swap(sending_);
    co_return Result<void>{};
  }

  rt::Task<void> flush_and_close() {
    (void)co_await flush();
    transport_->shutdown_write();
  }

  std::unique_ptr<rt::Stream> transport_;
  std::shared_ptr<const void> keys_;  // what ssl_ and its callbacks refer to
  Wire wire_;
  SslPtr ssl_;
  std::string sending_;
  std::string alpn_;
  std::optional<PeerCertificate> peer_;
  std::string peer_problem_;
  bool writing_ = false;
  bool close_after_write_ = false;
  bool closed_ = false;
  RootTask closing_;
};

rt::Task<Result<std::unique_ptr<TlsStream>>> shake_hands(std::unique_ptr<OpenSslStream> stream) {
  CO_TRY(co_await stream->handshake());
  co_return std::unique_ptr<TlsStream>(std::move(stream));
}

}  // namespace

Result<std::shared_ptr<TlsServer>> make_tls_server(const TlsServerOptions& options) {
  auto server = std::make_shared<Server>();
  TRY(server->replace(options));
  return server;
}

Result<std::shared_ptr<TlsClient>> make_tls_client(const TlsClientOptions& options) {
  auto client = std::make_shared<Client>();
  TRY(client->replace(options));
  return client;
}

rt::Task<Result<std::unique_ptr<TlsStream>>> tls_accept(std::unique_ptr<rt::Stream> stream, std::shared_ptr<TlsServer> server) {
  const auto config = static_cast<const Server&>(*server).config();
  SslPtr ssl(SSL_new(config->context.get()));
  SSL_set_accept_state(ssl.get());
  auto shake = shake_hands(std::make_unique<OpenSslStream>(std::move(stream), std::move(ssl), config));
  co_return co_await shake;
}

rt::Task<Result<std::unique_ptr<TlsStream>>> tls_connect(std::unique_ptr<rt::Stream> stream, std::shared_ptr<TlsClient> client,
                                                         std::vector<std::string> alpn) {
  const auto& ours = static_cast<const Client&>(*client);
  SslPtr ssl(SSL_new(ours.context()));
  CO_TRY(ours.prepare(ssl.get()));
  if (!alpn.empty()) {
    const std::string wire = alpn_wire(alpn);
    SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(wire.data()), static_cast<unsigned>(wire.size()));
  }
  auto shake = shake_hands(std::make_unique<OpenSslStream>(std::move(stream), std::move(ssl), client));
  co_return co_await shake;
}

}  // namespace charon::net
