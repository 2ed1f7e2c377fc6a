#include "client/https.h"

#include <charconv>
#include <utility>

#include "codec/json.h"
#include "codec/tree.h"
#include "schema/convert.h"

namespace charon::client {
namespace {

using codec::Value;
using model::DocumentPtr;
using model::ObjectKey;

constexpr std::size_t kObjectLimitBytes = 16u << 20;
constexpr std::size_t kListLimitBytes = 256u << 20;
constexpr std::size_t kWatchLineLimitBytes = 16u << 20;
constexpr int kPageSize = 500;
constexpr int kWatchTimeoutS = 600;

std::string path_of(const ResourceRef& ref, const ObjectKey& key) {
  const model::Kind& kind = *ref.kind;
  std::string path = kind.gv.group.empty() ? "/api/" : "/apis/" + std::string(kind.gv.group) + "/";
  path += kind.gv.version;
  if (kind.namespaced && !key.ns.empty()) path += "/namespaces/" + net::percent_encode(key.ns);
  path += "/" + std::string(kind.plural);
  if (!key.name.empty()) path += "/" + net::percent_encode(key.name);
  if (!ref.subresource.empty()) path += "/" + std::string(ref.subresource);
  return path;
}

class Query {
 public:
  void add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    text_ += text_.empty() ? '?' : '&';
    text_ += std::string(name) + "=" + net::percent_encode(value);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

model::Revision revision_of(const Value& object) {
  const std::string_view text = codec::string_at_path(object, {"metadata", "resourceVersion"});
  model::Revision revision = 0;
  std::from_chars(text.data(), text.data() + text.size(), revision);
  return revision;
}

Error error_of_status(const Value& status, int code) {
  Error error;
  error.reason =
      reason_from(codec::string_at(status, "reason"), static_cast<int>(codec::int_at(status, "code").value_or(code)));
  error.message = codec::string_at(status, "message");
  const Value* details = codec::find(status, "details");
  if (details == nullptr) return error;
  auto read = std::make_shared<StatusDetails>();
  read->name = codec::string_at(*details, "name");
  read->group = codec::string_at(*details, "group");
  read->kind = codec::string_at(*details, "kind");
  read->uid = codec::string_at(*details, "uid");
  read->retry_after_s = static_cast<int>(codec::int_at(*details, "retryAfterSeconds").value_or(0));
  if (const Value* causes = codec::find(*details, "causes"); causes != nullptr && causes->is_array())
    for (const Value& cause : causes->get_array())
      read->causes.push_back({std::string(codec::string_at(cause, "reason")), std::string(codec::string_at(cause, "message")),
                              std::string(codec::string_at(cause, "field"))});
  error.details = std::move(read);
  return error;
}

Error error_of_response(const net::ClientResponse& response) {
  const auto status = codec::parse_json(response.body);
  if (status && codec::string_at(*status, "kind") == "Status") return error_of_status(*status, response.status);
  return {reason_from("", response.status), response.body.substr(0, 512), nullptr};
}

Result<DocumentPtr> document_of(const model::Kind& kind, Value tree) {
  if (!tree.is_object()) return fail(Reason::InternalError, "the server's answer is no object");
  tree.as_object()["apiVersion"] = kind.gv.text();
  tree.as_object()["kind"] = boost::json::string_view(kind.kind.data(), kind.kind.size());
  TRY(schema::normalize(*kind.type, tree));
  std::string json;
  schema::append_canonical_json(*kind.type, tree, json);
  return std::make_shared<const model::Document>(kind, revision_of(tree), share(std::move(json)), tree);
}

std::string body_of(const model::Kind& kind, Value object) {
  if (object.is_object()) {
    object.as_object()["apiVersion"] = kind.gv.text();
    object.as_object()["kind"] = boost::json::string_view(kind.kind.data(), kind.kind.size());
  }
  return codec::write_json(object);
}

std::string delete_body(const DeleteOptions& options) {
  codec::Object body{{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  if (options.grace_period_s) body["gracePeriodSeconds"] = *options.grace_period_s;
  codec::Object preconditions;
  if (!options.uid.empty()) preconditions["uid"] = options.uid;
  if (!options.resource_version.empty()) preconditions["resourceVersion"] = options.resource_version;
  if (!preconditions.empty()) body["preconditions"] = std::move(preconditions);
  switch (options.propagation) {
    case Propagation::Default:
      break;
    case Propagation::Background:
      body["propagationPolicy"] = "Background";
      break;
    case Propagation::Foreground:
      body["propagationPolicy"] = "Foreground";
      break;
    case Propagation::Orphan:
      body["propagationPolicy"] = "Orphan";
      break;
  }
  return codec::write_json(Value(std::move(body)));
}

std::string_view patch_media_type(PatchType type) {
  switch (type) {
    case PatchType::Json:
      return "application/json-patch+json";
    case PatchType::Merge:
      return "application/merge-patch+json";
    case PatchType::StrategicMerge:
      return "application/strategic-merge-patch+json";
  }
  std::unreachable();
}

Result<WatchEvent> event_of(const model::Kind& kind, std::string_view line) {
  TRY_ASSIGN(Value frame, codec::parse_json(line));
  const std::string_view type = codec::string_at(frame, "type");
  Value* object = codec::find(frame, "object");
  if (object == nullptr) return fail(Reason::InternalError, "a watch event without an object");
  if (type == "ERROR") return fail(error_of_status(*object, 500));
  WatchEvent event;
  event.revision = revision_of(*object);
  if (type == "BOOKMARK") {
    event.type = EventType::Bookmark;
    return event;
  }
  event.type = type == "ADDED" ? EventType::Added : type == "DELETED" ? EventType::Deleted : EventType::Modified;
  TRY_ASSIGN(event.object, document_of(kind, std::move(*object)));
  return event;
}

// One JSON object a line. `http` lives as long as the stream does.
class HttpsWatch final : public WatchStream {
 public:
  HttpsWatch(std::shared_ptr<net::HttpClient> http, std::unique_ptr<net::ClientStream> stream, const model::Kind& kind)
      : http_(std::move(http)), stream_(std::move(stream)), kind_(&kind) {}

  rt::Task<Result<std::vector<WatchEvent>>> next() override {
    std::vector<WatchEvent> events;
    while (true) {
      CO_TRY(take_lines(events));
      if (!events.empty()) co_return events;
      if (buffer_.size() > kWatchLineLimitBytes) co_return fail(Reason::InternalError, "a watch event is too long");
      auto bytes = co_await stream_->read();
      if (!bytes) co_return fail(std::move(bytes.error()));
      if (bytes->empty()) co_return fail(Reason::Timeout, "the watch has ended");
      buffer_ += *bytes;
    }
  }

 private:
  // Events before an error are delivered; the error comes with the next call.
  Result<void> take_lines(std::vector<WatchEvent>& events) {
    std::size_t start = 0;
    for (std::size_t end = buffer_.find('\n'); end != std::string::npos; end = buffer_.find('\n', start)) {
      const std::string_view line(buffer_.data() + start, end - start);
      if (!line.empty()) {
        auto event = event_of(*kind_, line);
        if (!event && !events.empty()) break;
        if (!event) return fail(std::move(event.error()));
        events.push_back(*std::move(event));
      }
      start = end + 1;
    }
    buffer_.erase(0, start);
    return {};
  }

  std::shared_ptr<net::HttpClient> http_;
  std::unique_ptr<net::ClientStream> stream_;
  model::KindRef kind_;
  std::string buffer_;
};

class HttpsTransport final : public Transport {
 public:
  HttpsTransport(std::unique_ptr<net::HttpClient> http, HttpsOptions options)
      : http_(std::move(http)), options_(std::move(options)) {}

  rt::Task<Result<DocumentPtr>> get(ResourceRef ref, ObjectKey key) override {
    co_return co_await object(ref, request("GET", path_of(ref, key)));
  }

  rt::Task<Result<ListResult>> list(ResourceRef ref, ListOptions options) override {
    ListResult result;
    std::string next;
    do {
      Query query = query_of(options);
      query.add("limit", std::to_string(kPageSize));
      query.add("continue", next);
      CO_TRY_ASSIGN(Value page, co_await fetch(request("GET", path_of(ref, {options.ns, ""}) + query.text()), kListLimitBytes));
      if (Value* items = codec::find(page, "items"); items != nullptr && items->is_array()) {
        for (Value& item : items->get_array()) {
          CO_TRY_ASSIGN(DocumentPtr document, document_of(*ref.kind, std::move(item)));
          result.items.push_back(std::move(document));
        }
      }
      // The revision of the first page: a watch from there misses nothing of what the later ones may not show.
      if (result.revision == 0) result.revision = revision_of(page);
      next = codec::string_at_path(page, {"metadata", "continue"});
    } while (!next.empty());
    co_return result;
  }

  rt::Task<Result<std::unique_ptr<WatchStream>>> watch(ResourceRef ref, ListOptions options, model::Revision after) override {
    Query query = query_of(options);
    query.add("watch", "1");
    query.add("allowWatchBookmarks", "true");
    query.add("resourceVersion", std::to_string(after));
    query.add("timeoutSeconds", std::to_string(kWatchTimeoutS));
    const std::shared_ptr<net::HttpClient> http = http_;
    CO_TRY_ASSIGN(std::unique_ptr<net::ClientStream> stream,
                  co_await http->open(request("GET", path_of(ref, {options.ns, ""}) + query.text())));
    if (stream->status() == 200) co_return std::make_unique<HttpsWatch>(http, std::move(stream), *ref.kind);
    net::ClientResponse refused;
    refused.status = stream->status();
    while (refused.body.size() < kObjectLimitBytes) {
      CO_TRY_ASSIGN(std::string bytes, co_await stream->read());
      if (bytes.empty()) break;
      refused.body += bytes;
    }
    co_return fail(error_of_response(refused));
  }

  rt::Task<Result<DocumentPtr>> create(ResourceRef ref, std::string ns, Value body) override {
    ObjectKey key{std::move(ns), ""};
    // A subresource is created under the name of its object.
    if (!ref.subresource.empty()) key.name = codec::string_at_path(body, {"metadata", "name"});
    co_return co_await object(ref, request("POST", path_of(ref, key), body_of(*ref.kind, std::move(body))));
  }

  rt::Task<Result<DocumentPtr>> update(ResourceRef ref, ObjectKey key, Value body) override {
    co_return co_await object(ref, request("PUT", path_of(ref, key), body_of(*ref.kind, std::move(body))));
  }

  rt::Task<Result<DocumentPtr>> patch(ResourceRef ref, ObjectKey key, PatchType type, Value patch) override {
    net::ClientRequest made = request("PATCH", path_of(ref, key), codec::write_json(patch));
    made.headers.set("content-type", std::string(patch_media_type(type)));
    co_return co_await object(ref, std::move(made));
  }

  rt::Task<Result<DocumentPtr>> remove(ResourceRef ref, ObjectKey key, DeleteOptions options) override {
    CO_TRY_ASSIGN(Value answer, co_await fetch(request("DELETE", path_of(ref, key), delete_body(options)), kObjectLimitBytes));
    if (codec::string_at(answer, "kind") != "Status") co_return document_of(*ref.kind, std::move(answer));
    codec::Object metadata{{"name", key.name}};
    if (!key.ns.empty()) metadata["namespace"] = key.ns;
    if (const std::string_view uid = codec::string_at_path(answer, {"details", "uid"}); !uid.empty())
      metadata["uid"] = boost::json::string_view(uid.data(), uid.size());
    co_return document_of(*ref.kind, Value(codec::Object{{"metadata", std::move(metadata)}}));
  }

 private:
  net::ClientRequest request(std::string_view method, std::string path, std::string body = {}) const {
    net::ClientRequest made;
    made.method = method;
    made.path = std::move(path);
    made.headers.set("accept", "application/json");
    made.headers.set("user-agent", options_.user_agent);
    if (!options_.bearer_token.empty()) made.headers.set("authorization", "Bearer " + options_.bearer_token);
    if (!body.empty()) made.headers.set("content-type", "application/json");
    made.body = std::move(body);
    return made;
  }

  static Query query_of(const ListOptions& options) {
    Query query;
    query.add("labelSelector", options.label_selector);
    query.add("fieldSelector", options.field_selector);
    return query;
  }

  rt::Task<Result<Value>> fetch(net::ClientRequest made, std::size_t limit) {
    const std::shared_ptr<net::HttpClient> http = http_;
    CO_TRY_ASSIGN(net::ClientResponse response, co_await http->fetch(std::move(made), limit));
    if (response.status < 200 || response.status > 299) co_return fail(error_of_response(response));
    co_return codec::parse_json(response.body);
  }

  rt::Task<Result<DocumentPtr>> object(ResourceRef ref, net::ClientRequest made) {
    CO_TRY_ASSIGN(Value answer, co_await fetch(std::move(made), kObjectLimitBytes));
    co_return document_of(*ref.kind, std::move(answer));
  }

  std::shared_ptr<net::HttpClient> http_;
  HttpsOptions options_;
};

}  // namespace

std::unique_ptr<Transport> make_https_transport(std::unique_ptr<net::HttpClient> http, HttpsOptions options) {
  return std::make_unique<HttpsTransport>(std::move(http), std::move(options));
}

}  // namespace charon::client
