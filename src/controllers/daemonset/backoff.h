// How long failed pods of a DaemonSet are left alone before they are deleted and made again, by node.
//
// Some nodes refuse a pod each time. The first failure is acted on at once; then each waits twice as long as the one before, up
// to 15 minutes. A node that had none for twice that long starts anew. Kept from plan to plan.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/time.h"
#include "control/plan.h"

namespace charon::controllers::daemonset {

class FailureBackoff final : public control::Memory {
 public:
  static constexpr std::int64_t kFirst_s = 1;
  static constexpr std::int64_t kMost_s = 900;

  // How many seconds the failed pod on the node is still to be left alone; 0: none.
  std::int64_t wait_s(const std::string& node, Time now) const;
  // The failed pod on the node is being deleted.
  void note(const std::string& node, Time now);
  // How often the failed pods of the node were deleted lately.
  std::uint64_t count(const std::string& node) const;
  void forget_old(Time now);
  bool empty() const { return nodes_.empty(); }

 private:
  struct Entry {
    std::int64_t delay_s = 0;
    std::uint64_t count = 0;
    Time last;
  };
  std::map<std::string, Entry> nodes_;
};

}  // namespace charon::controllers::daemonset
