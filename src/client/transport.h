// Transport: the API server as a client sees it. Two implementations: server/in_process.h (no HTTP, no JSON for reads) and
// client/https.h. Controllers, scheduler, node agent and tests are written against this.
//
// Every call is authenticated as the transport's user, authorised and admitted. Errors are the server's Status.
// Documents are shared with the server's watch cache where both are in one process.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/value.h"
#include "model/document.h"
#include "model/kind.h"
#include "rt/task.h"

namespace charon::client {

struct ListOptions {
  std::string ns;              // empty: all namespaces
  std::string label_selector;  // "app=web,tier in (a, b)"
  std::string field_selector;  // "spec.nodeName=n1"
};

struct ListResult {
  std::vector<model::DocumentPtr> items;
  model::Revision revision = 0;
};

enum class EventType : std::uint8_t { Added, Modified, Deleted, Bookmark };

struct WatchEvent {
  EventType type = EventType::Added;
  model::DocumentPtr object;  // null for a bookmark
  model::Revision revision = 0;
};

class WatchStream {
 public:
  virtual ~WatchStream() = default;
  // The next batch, at least one event. Expired or Gone: list again. ServiceUnavailable: watch again from the last revision.
  // Timeout: the server ended the watch in good order.
  virtual rt::Task<Result<std::vector<WatchEvent>>> next() = 0;
};

enum class PatchType : std::uint8_t { Json, Merge, StrategicMerge };

enum class Propagation : std::uint8_t { Default, Background, Foreground, Orphan };

struct DeleteOptions {
  std::optional<std::int64_t> grace_period_s;
  std::string uid;               // precondition; empty: none
  std::string resource_version;  // precondition; empty: none
  Propagation propagation = Propagation::Default;
};

// A resource or one of its subresources ("status", "binding", "scale", "eviction").
struct ResourceRef {
  model::KindRef kind;
  std::string_view subresource = {};
};

class Transport {
 public:
  virtual ~Transport() = default;

  virtual rt::Task<Result<model::DocumentPtr>> get(ResourceRef ref, model::ObjectKey key) = 0;
  virtual rt::Task<Result<ListResult>> list(ResourceRef ref, ListOptions options) = 0;
  virtual rt::Task<Result<std::unique_ptr<WatchStream>>> watch(ResourceRef ref, ListOptions options, model::Revision after) = 0;

  // `object` is the JSON tree of the object (apiVersion and kind may be left out). The name may be given by generateName.
  virtual rt::Task<Result<model::DocumentPtr>> create(ResourceRef ref, std::string ns, codec::Value object) = 0;
  // Conflict when metadata.resourceVersion is given and not the current one.
  virtual rt::Task<Result<model::DocumentPtr>> update(ResourceRef ref, model::ObjectKey key, codec::Value object) = 0;
  virtual rt::Task<Result<model::DocumentPtr>> patch(ResourceRef ref, model::ObjectKey key, PatchType type,
                                                     codec::Value patch) = 0;
  // The object as it was, or as it is now when it stays for its finalizers or grace period.
  virtual rt::Task<Result<model::DocumentPtr>> remove(ResourceRef ref, model::ObjectKey key, DeleteOptions options) = 0;
};

}  // namespace charon::client
