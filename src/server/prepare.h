// The way of every written object from a client's tree to one that may be stored: normalized, defaulted, checked.
#pragma once

#include <string_view>

#include "base/result.h"
#include "codec/value.h"
#include "model/kind.h"
#include "rt/task.h"
#include "schema/validate.h"
#include "server/request.h"

namespace charon::server {

// apiVersion and kind, filled in when they are left out. BadRequest when they are another kind's.
Result<void> check_identity(const model::Kind& kind, codec::Value& object);
Result<void> check_identity(std::string_view kind, std::string_view api_version, codec::Value& object);

// BadRequest, in Kubernetes' words, for an object without a name where the request names it.
Result<void> check_named(const Request& request, const codec::Value& object);

// Types, unknown fields (by the request's field validation) and both sorts of defaults. BadRequest for a body, Invalid for a
// patch that makes something else of the object (server/strict_errors.h).
Result<void> normalize_and_default(const Request& request, codec::Value& object, Warnings* warnings);

// Whether a subresource is a part of the object itself, which is read and written through it.
bool is_part_of_object(std::string_view subresource);

// On /finalize only spec.finalizers changes, on /approval only status.conditions, on /ephemeralcontainers and /resize of a pod
// what pod_subresources.h says. On the main resource status stays as it was
// (or empty); on /status everything else does.
void keep_other_half(const Request& request, codec::Value& object, const codec::Value& before);
void drop_status(const model::Kind& kind, codec::Value& object);

// metadata.generation of an update: one more when anything outside metadata and status differs.
void count_generation(const model::Kind& kind, codec::Value& object, const codec::Value& before);

// Invalid with all causes when metadata, the table or the kind's rules find fault. `before`: null for creates.
Result<void> validate_object(const Request& request, const codec::Value& object, const codec::Value* before);

// Canonical JSON. RequestEntityTooLarge beyond limits::kObjectBytes.
Result<SharedBytes> encode(const model::Kind& kind, const codec::Value& object);
// The same; what is too large only with its managedFields goes without them.
Result<SharedBytes> encode_to_fit(const model::Kind& kind, const codec::Value& object);
// What is put into the store: `json`, the object's own canonical JSON, or that of the kind that it is stored as.
rt::Task<Result<SharedBytes>> stored_form(model::KindRef kind, const codec::Value& object, SharedBytes json);

}  // namespace charon::server
