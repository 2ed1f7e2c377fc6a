// A Transport that holds what the server answers against the Truth. Stands between the server and the faults.
//
//   list    shows exactly what the store holds
//   watch   revisions never go back, and each object's rise; without selectors every change after the start comes, once and
//           in order
#pragma once

#include <memory>

#include "client/transport.h"
#include "sim/checkers/findings.h"
#include "sim/checkers/truth.h"

namespace charon::sim {

// All must outlive it.
std::unique_ptr<client::Transport> make_checked_transport(client::Transport& server, const Truth& truth, Findings& findings);

}  // namespace charon::sim
