// A CustomResourceDefinition's tree: what is read from it and written into it by more than one part of the server.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "codec/value.h"
#include "model/kind.h"
#include "server/condition.h"
#include "server/request.h"

namespace charon::server::crd {

inline constexpr std::string_view kCleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

// The kind CustomResourceDefinition itself.
const model::Kind& definition_kind();
bool is_definition(const model::Kind& kind);

// What a delete does to it: the finalizer that holds it until its objects are gone, and the condition that says so.
void mark_deleted(codec::Value& definition, Time now);
bool is_terminating(const codec::Value& definition);
bool has_finalizer(const codec::Value& definition);
void drop_finalizer(codec::Value& definition);

// Whoever relies on what is not done is told: rules in CEL are not enforced.
void add_warnings(const codec::Value& definition, Warnings* warnings);

}  // namespace charon::server::crd
