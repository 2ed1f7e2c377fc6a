// metadata.managedFields of every write (KEP-555): its form in objects, and who owns what after a create, an update or an
// apply.
//
// The algorithm is schema/apply; here is what the API server adds to it: operations, times, the cap of updaters, the objects
// that are not tracked, and conflicts as a Status.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "codec/value.h"
#include "model/registry.h"
#include "schema/apply/updater.h"
#include "server/request.h"

namespace charon::server {

class ConvertedTrees;

// More updaters of one object than this are joined, the oldest first, under the name "ancient-changes".
inline constexpr std::size_t kUpdateManagers = 10;

// Between metadata.managedFields and owners. Unknown ("missing fieldsType in managed fields entry 0") when an entry cannot be
// read.
Result<schema::apply::Owners> decode_managed_fields(const codec::Value* managed);
// In Kubernetes' order: by operation, time, name. `stored` is what the owners' `stored` counts in; null when they have none.
codec::Value encode_managed_fields(const schema::apply::Owners& owners, const codec::Value* stored);

// Takes metadata.managedFields out of an object; null when there is none.
codec::Value take_managed_fields(codec::Value& object);
void put_managed_fields(codec::Value& object, codec::Value managed);

// What one write does to the managed fields of an object. Trees are without managedFields.
struct TrackedWrite {
  const Request& request;  // its field_manager is the owner's name
  Time now;
  const model::KindRegistry& kinds;  // where the other versions of the object's kind are
  ConvertedTrees* others = nullptr;  // where they come from when a webhook makes them; see there for how to go on
};
// Of a new object, normalized and with its defaults. Never null.
codec::Value track_create(const TrackedWrite& write, const codec::Value& object);
// `stored` are the object's managed fields, `given` those that the client sent: they count unless they are none, cannot be read
// or come through a subresource. One empty entry stops the tracking until something is applied. Null: none are kept.
codec::Value track_update(const TrackedWrite& write, const codec::Value& live, const codec::Value& object, codec::Value stored,
                          codec::Value given);

struct AppliedWrite {
  codec::Value object;   // without managedFields
  codec::Value managed;  // null: none
};
// `config` has been checked. Conflict (409) with a cause for each field that somebody else owns, unless `force`.
Result<AppliedWrite> track_apply(const TrackedWrite& write, const codec::Value& live, const codec::Value& config,
                                 const codec::Value* stored, schema::apply::Force force);

// The same owners with the same fields, whatever their times.
bool same_but_for_times(const codec::Value& left, const codec::Value& right);

}  // namespace charon::server
