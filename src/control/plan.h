// Plan: what a controller wants done, as data. A reconcile makes one; the runner carries it out.
//
// Writes of one stage run together (in growing batches: 1, 2, 4, ... so that a failing server is not flooded); the next
// stage starts when all of the one before succeeded, and the first failure ends the plan. A plan must be idempotent: the
// same observed state gives the same plan.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/transport.h"
#include "client/typed.h"
#include "codec/tree.h"
#include "model/document.h"
#include "model/kind.h"
#include "rt/loop.h"
#include "schema/convert.h"

namespace charon::control {

// What an Event is about (core/v1 ObjectReference).
struct ObjectReference {
  std::string api_version;
  std::string kind;
  std::string ns;
  std::string name;
  std::string uid;
  std::string resource_version;
  std::string field_path;
  bool operator==(const ObjectReference&) const = default;
};

// The reference to an object of a generated struct that was read from the server.
template <class T>
ObjectReference reference_to(const T& object) {
  const model::Kind& kind = client::kind_of<T>();
  return {kind.gv.text(),
          std::string(kind.kind),
          object.metadata.namespace_,
          object.metadata.name,
          object.metadata.uid,
          object.metadata.resourceVersion,
          {}};
}

enum class EventSeverity : unsigned char { Normal, Warning };

struct EventNote {
  ObjectReference about;
  EventSeverity severity = EventSeverity::Normal;
  std::string reason;  // "SuccessfulCreate"
  std::string message;
  bool operator==(const EventNote&) const = default;
};

struct Write {
  // The last three write nothing; they ask the server, not a cache, before a later stage does what cannot be undone:
  // ExpectGone: there is no object `key` with the uid of delete_options (with any, when that is empty). ExpectNone: there is no
  // object in `key.ns`.
  // Both fail with Conflict otherwise. ExpectAllowed: one of the reviews in `body`, an array of SubjectAccessReviews, is
  // allowed; Forbidden otherwise.
  enum class Verb : unsigned char { Create, Update, Patch, Delete, ExpectGone, ExpectNone, ExpectAllowed };
  Verb verb = Verb::Create;
  client::ResourceRef resource;
  model::ObjectKey key;
  codec::Value body;  // the object, or the patch
  client::PatchType patch_type = client::PatchType::Merge;
  client::DeleteOptions delete_options;
  // Create: AlreadyExists is a success when the object that exists has a controller reference to this uid.
  std::string owner_uid;
  // Update, Patch, Delete: NotFound is a success (what should change is gone). Always so for Delete.
  bool missing_is_fine = false;
  // Create: AlreadyExists is a success, whatever is there.
  bool exists_is_fine = false;
  int stage = 0;
  // Recorded when the write has succeeded; "{name}" in the message stands for the object's name.
  std::optional<EventNote> on_success;
  // Recorded when it has failed; "{error}" stands for the error's message.
  std::optional<EventNote> on_failure;

  template <class T>
  T object() const {  // for tests: the body as a struct
    auto decoded = schema::from_tree<T>(body);
    return decoded ? *std::move(decoded) : T{};
  }
};

// What a controller wants to know again at the key's next reconcile, and no object tells: how often something was tried. It is
// lost when the process ends, so only paces may depend on it.
struct Memory {
  virtual ~Memory() = default;
};

struct Plan {
  std::vector<Write> writes;      // by stage
  std::vector<EventNote> events;  // recorded when all writes have succeeded
  std::optional<rt::Duration> requeue_after;
  std::shared_ptr<const Memory> memory;  // whether or not the writes succeed

  bool empty() const { return writes.empty() && events.empty() && !requeue_after; }
  // Keeps the earlier of two wishes.
  void requeue(rt::Duration after) {
    if (!requeue_after || after < *requeue_after) requeue_after = after;
  }

  // The Write that each of these returns may be completed by the caller; the reference holds until the next one is added.
  template <class T>
  Write& create(const T& object) {
    return add<T>(Write::Verb::Create, object);
  }
  template <class T>
  Write& update(const T& object) {
    return add<T>(Write::Verb::Update, object);
  }
  template <class T>
  Write& update_status(const T& object) {
    Write& write = add<T>(Write::Verb::Update, object);
    write.resource.subresource = "status";
    return write;
  }
  template <class T>
  Write& patch(model::ObjectKey key, client::PatchType type, codec::Value patch) {
    return this->patch(client::kind_of<T>(), std::move(key), type, std::move(patch));
  }
  // Only the object with this very uid is deleted.
  template <class T>
  Write& remove(const T& object) {
    return remove(client::kind_of<T>(), {object.metadata.namespace_, object.metadata.name}, object.metadata.uid);
  }
  Write& remove(const model::Kind& kind, model::ObjectKey key, std::string uid) {
    Write& write = about(Write::Verb::Delete, kind, std::move(key));
    write.delete_options.uid = std::move(uid);
    write.missing_is_fine = true;
    return write;
  }
  Write& patch(const model::Kind& kind, model::ObjectKey key, client::PatchType type, codec::Value patch) {
    Write& write = about(Write::Verb::Patch, kind, std::move(key));
    write.patch_type = type;
    write.body = std::move(patch);
    return write;
  }
  Write& expect_gone(const model::Kind& kind, model::ObjectKey key, std::string uid) {
    Write& write = about(Write::Verb::ExpectGone, kind, std::move(key));
    write.delete_options.uid = std::move(uid);
    return write;
  }
  Write& expect_none(const model::Kind& kind, std::string ns) {
    return about(Write::Verb::ExpectNone, kind, {std::move(ns), ""});
  }
  // `review`: the kind SubjectAccessReview.
  Write& expect_allowed(const model::Kind& review, codec::Array questions) {
    Write& write = about(Write::Verb::ExpectAllowed, review, {});
    write.body = std::move(questions);
    return write;
  }

 private:
  Write& about(Write::Verb verb, const model::Kind& kind, model::ObjectKey key) {
    Write& write = writes.emplace_back();
    write.verb = verb;
    write.resource.kind = &kind;
    write.key = std::move(key);
    return write;
  }
  template <class T>
  Write& add(Write::Verb verb, const T& object) {
    Write& write = about(verb, client::kind_of<T>(), {object.metadata.namespace_, object.metadata.name});
    write.body = schema::tree_from_struct(T::table(), &object);
    return write;
  }
};

}  // namespace charon::control
