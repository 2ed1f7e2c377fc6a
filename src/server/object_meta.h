// metadata as the server keeps it: what a client may set, what it may not, and the checks that all kinds share.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "codec/value.h"
#include "model/kind.h"
#include "rt/random.h"
#include "schema/validate.h"
#include "server/request.h"

namespace charon::server {

inline constexpr std::string_view kForegroundFinalizer = "foregroundDeletion";
inline constexpr std::string_view kOrphanFinalizer = "orphan";

// Fills uid, creationTimestamp, generation and, from generateName, the name; removes what only the server sets.
// BadRequest when the object names another namespace or another name than the request.
Result<void> prepare_create_meta(const Request& request, codec::Value& object, Time now, rt::Random& random);

// Carries over what an update may not change. Conflict when uid or resourceVersion are given and differ from `before`.
Result<void> prepare_update_meta(const Request& request, codec::Value& object, const model::Document& before,
                                 const codec::Value& before_tree);

// Of what is sent for an object and is not stored (a binding, an eviction): fills the namespace, or BadRequest when it is
// another than the request's.
Result<void> settle_namespace(const Request& request, codec::Value& object);

// Removes owner references that are there twice, and warns of them.
void drop_double_owners(codec::Value& object, Warnings* warnings);

// BadRequest when the request names another object.
Result<void> check_name(const Request& request, std::string_view name);

// InternalError when the object is another than the one of the key: it is found by the one, and read by the other.
Result<void> check_key(const codec::Value& object, const model::ObjectKey& key);

// Of metadata: "labels", whose values are checked, or "annotations", whose size is.
void validate_strings(const codec::Value& meta, std::string_view member, schema::FieldErrors& errors);
void validate_meta(const model::Kind& kind, const codec::Value& object, schema::FieldErrors& errors);
// What stays as it was, and what may not come any more.
void validate_meta_update(const codec::Value& object, const codec::Value& before, schema::FieldErrors& errors);

// True when an object that is being deleted has nothing left to wait for.
bool ready_to_go(const model::Kind& kind, const codec::Value& object);

}  // namespace charon::server
