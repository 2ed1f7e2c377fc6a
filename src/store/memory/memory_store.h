// A store in memory, for tests and the simulator: deterministic, nothing survives it.
//
// A commit is visible to reads at once; watchers and the committer hear of it from the loop, in commit order.
// `snapshot` is NotImplemented.
#pragma once

#include <memory>

#include "rt/loop.h"
#include "store/history.h"
#include "store/store.h"

namespace charon::store {

// `loop` outlives the store.
std::unique_ptr<Store> make_memory_store(rt::Loop& loop, HistoryLimits limits = {});

}  // namespace charon::store
