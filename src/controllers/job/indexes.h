// IndexSet: completion indexes of a job as status.completedIndexes and status.failedIndexes write them: "1,3-5,7".
//
// A value; as large as its intervals are many, whatever they span.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace charon::controllers::job {

class IndexSet {
 public:
  // Those of `text` that are below `limit`. Pieces that are malformed are left out.
  static IndexSet parse(std::string_view text, int limit);

  void add(int index) { add(index, index); }
  void add(int first, int last);
  void add(const IndexSet& other);

  bool contains(int index) const;
  bool empty() const { return intervals_.empty(); }
  int size() const;
  // How many are in both.
  int overlap(const IndexSet& other) const;
  // Two neighbours are written "3,4", three "3-5".
  std::string text() const;

  // First to last; they neither overlap nor touch.
  const std::map<int, int>& intervals() const { return intervals_; }
  bool operator==(const IndexSet&) const = default;

 private:
  std::map<int, int> intervals_;
};

}  // namespace charon::controllers::job
