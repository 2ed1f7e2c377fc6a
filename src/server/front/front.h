// The HTTP front of the API server: from an Exchange to an Api call and back.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "net/http.h"
#include "rt/sync.h"
#include "rt/task.h"
#include "server/aggregation/api_services.h"
#include "server/aggregation/remote_servers.h"
#include "server/api.h"
#include "server/audit/ids.h"
#include "server/audit/record.h"
#include "server/authn/authenticator.h"
#include "server/authz/authorizer.h"
#include "server/discovery/discovery.h"
#include "server/front/body_room.h"
#include "server/front/inflight.h"
#include "server/front/list_body.h"
#include "server/front/media.h"
#include "server/front/recent_forms.h"
#include "server/front/request_metrics.h"
#include "server/front/route.h"
#include "server/front/watch_encoder.h"
#include "server/node_connection.h"
#include "server/openapi/openapi.h"

namespace charon::server {

// A named condition of /livez and /readyz; an error is what is wrong. Kubernetes' own have its names.
struct HealthCheck {
  std::string name;
  std::function<rt::Task<Result<void>>()> check;
  bool live = true;   // part of /livez
  bool ready = true;  // part of /readyz
};

struct RequestLimits {
  InflightLimits inflight;
  // Until the response is sent as a whole, those left out that last as long as the client wants. A client may ask for less by
  // `timeout=`. 0: no limit.
  rt::Duration timeout = std::chrono::seconds(60);
};

class Front {
 public:
  // Aggregated API servers: which there are, and the way to them.
  struct Aggregation {
    const ApiServices& services;
    RemoteServers& servers;
  };
  // All must outlive the Front. `nodes` may be null: then logs, exec and the like answer ServiceUnavailable. Without
  // `aggregation` there are no aggregated servers; without `auditor` nothing is audited.
  Front(Api& api, const Authenticator& authenticator, const Authorizer& authorizer, Metrics& metrics, NodeConnections* nodes,
        std::optional<Aggregation> aggregation = std::nullopt, audit::Auditor* auditor = nullptr,
        const RequestLimits& limits = {});

  void add_health_check(HealthCheck check);
  // A JSON document at a path of its own ("/openid/v1/jwks"); another of the same path takes its place.
  struct JsonDocument {
    std::string type = "application/json";
    SharedBytes json;
  };
  void add_document(std::string path, JsonDocument document);

  rt::Task<void> handle(net::Exchange& exchange);

  // The watches of aggregated servers end in good order, and from then on each that still comes; those of this server's own
  // resources are ended by Caches::shutdown.
  void end_remote_watches() { ending_.set(); }

 private:
  struct Call;  // one request on its way through
  class WatchSink;

  // Not inlined where a watch comes by: the frames of what it does not do would become part of those that it keeps for hours.
  [[gnu::noinline]] rt::Task<Result<void>> serve(Call& call);
  // Whom the request is served as, once they may do what they ask for. Starts the record of the audit log.
  Result<void> admit(Call& call);
  void begin_audit(Call& call, const Attributes& attributes);
  // How long the request may take; 0: no limit. BadRequest for a malformed `timeout=`.
  Result<rt::Duration> allowed_time(const Call& call) const;
  [[gnu::noinline]] rt::Task<Result<void>> serve_admitted(Call& call);
  [[gnu::noinline]] rt::Task<Result<void>> serve_other(Call& call);
  void count_objects();
  // front/health.cc
  rt::Task<Result<void>> serve_health(Call& call, std::string_view path);
  rt::Task<Result<void>> serve_check(Call& call, std::string_view root, std::string_view name);
  rt::Task<Result<void>> serve_indicators(Call& call);
  rt::Task<Result<void>> observe(const HealthCheck& check, std::string_view root);
  codec::Array paths();
  rt::Task<Result<void>> serve_resource(Call& call);
  rt::Task<Result<void>> serve_get(Call& call);
  rt::Task<Result<void>> serve_list(Call& call);
  [[gnu::noinline]] rt::Task<Result<void>> serve_watch(Call& call);
  rt::Task<Result<void>> follow(ObjectWatch* changes, WatchSink& sink, WatchEncoder& encoder, rt::Instant deadline,
                                bool bookmarks);
  rt::Task<Result<void>> serve_write(Call& call);
  rt::Task<Result<void>> serve_delete(Call& call);
  rt::Task<Result<void>> serve_delete_collection(Call& call, client::DeleteOptions options);
  rt::Task<Result<void>> serve_scale(Call& call);
  // What the patch in the body makes of the object's Scale.
  Result<codec::Value> patched_scale(Call& call, std::string_view body, const model::Document& object) const;
  // front/apply.cc
  Result<void> check_write_options(const Call& call) const;
  ApplyOptions apply_options(const Call& call) const;
  Result<void> may_create(const Call& call) const;  // what an apply or an update is of and is not there
  bool updates_nothing(const Request& request, const codec::Value& object) const;
  Result<codec::Value> read_apply(Call& call, std::string_view body) const;
  rt::Task<Result<void>> serve_node_stream(Call& call);
  rt::Task<Result<void>> serve_proxy(Call& call);
  // front/aggregated.cc
  [[gnu::noinline]] rt::Task<Result<void>> serve_remote(Call& call);
  rt::Task<Result<void>> pass_until(Call& call, net::ClientStream& stream, rt::Instant deadline);
  rt::Task<Result<void>> pass_watch(Call& call, net::ClientStream& stream);
  rt::Task<Result<void>> pass_response(Call& call, std::unique_ptr<net::ClientStream> stream, std::string origin);
  rt::Task<Result<void>> pass_body(Call& call, net::ClientStream& stream);
  rt::Task<Result<void>> pass_upgrade(Call& call, std::shared_ptr<net::HttpClient> client, net::ClientRequest request);
  rt::Task<Result<void>> tunnel(Call& call, std::string node, std::string path, std::string query);
  rt::Task<Result<void>> pass_log(Call& call, std::string node, std::string path);

  // In parts and compressed where the client takes that and the size is worth it.
  rt::Task<void> send(Call& call, int status, std::string_view type, std::vector<net::Piece> body);
  rt::Task<void> send_with(Call& call, int status, net::Headers headers, std::vector<net::Piece> body);
  // A document that clients may keep: with its tag, and not at all when they have it.
  rt::Task<void> send_answer(Call& call, Answer answer);
  rt::Task<Result<void>> send_listing(Call& call, Listing listing, TableOptions table);
  rt::Task<Result<void>> send_list(Call& call, ListBody body);
  rt::Task<Result<void>> write_compressed(Call& call, std::vector<net::Piece> body);
  // Breaks the response off when the client does not read.
  rt::Task<Result<void>> write(Call& call, std::vector<net::Piece> pieces, rt::Duration limit);
  rt::Task<void> send_document(Call& call, int status, DocumentPtr document);
  rt::Task<void> send_tree(Call& call, int status, codec::Value tree, const schema::Type* type);
  [[gnu::noinline]] rt::Task<void> send_error(Call& call, const Error& error);
  // Table, with its options checked.
  Result<TableOptions> table_options(const Call& call) const;
  // The object in a body. What it says twice is judged, with what is unknown then (server/strict_errors.h).
  Result<codec::Value> read_tree(Call& call, std::string_view text, const schema::Type* type) const;
  // The same of what is no object of the request's kind: a review, a Scale. Normalized and judged.
  Result<codec::Value> read_normal_tree(Call& call, std::string_view text, const schema::Type* type) const;
  struct Patch {
    client::PatchType sort;
    codec::Value tree;
  };
  // UnsupportedMediaType for a sort that the kind does not take.
  Result<Patch> read_patch(Call& call, std::string_view text) const;

  Api& api_;
  const Authenticator& authenticator_;
  const Authorizer& authorizer_;
  NodeConnections* nodes_;
  std::optional<Aggregation> aggregation_;
  audit::Auditor* auditor_;
  audit::RequestIds ids_;
  Discovery discovery_;
  OpenApiDocuments openapi_;
  Metrics& metrics_;
  Metrics indicators_;  // of service levels: what health checks came to (/metrics/slis)
  RequestMetrics request_metrics_;
  RequestLimits limits_;
  Inflight inflight_;
  BodyRoom remote_bodies_;
  BodyRoom proxied_bodies_;
  rt::Event ending_;
  std::vector<HealthCheck> checks_;
  std::map<std::string, JsonDocument, std::less<>> documents_;  // by path
  RecentForms recent_;
};

}  // namespace charon::server
