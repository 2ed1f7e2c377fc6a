// Inflight: how many requests are being served, and how many may be, as kube-apiserver's --max-requests-inflight and
// --max-mutating-requests-inflight say. Requests that last as long as the client wants, and those of this process, do not
// count.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/metrics.h"

namespace charon::server {

struct InflightLimits {
  int reads = 400;   // 0: no limit
  int writes = 200;  // likewise
};

class Inflight {
 public:
  enum class Sort : std::uint8_t { Read, Write };

  // The metrics must outlive it.
  Inflight(InflightLimits limits, Metrics& metrics);

  // Stands for one request; must not outlive the Inflight.
  class Place {
   public:
    Place(Inflight& inflight, Sort sort) : inflight_(&inflight), sort_(sort) { inflight.count(sort, 1); }
    Place(Place&& other) noexcept : inflight_(std::exchange(other.inflight_, nullptr)), sort_(other.sort_) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (inflight_ != nullptr) inflight_->count(sort_, -1);
    }

   private:
    Inflight* inflight_;
    Sort sort_;
  };

  bool has_room(Sort sort) const;

 private:
  struct Class {
    int limit = 0;
    int now = 0;
    Counter* gauge = nullptr;
  };

  Class& of(Sort sort) { return classes_[static_cast<std::size_t>(sort)]; }
  void count(Sort sort, int change) {
    Class& counted = of(sort);
    counted.now += change;
    counted.gauge->set(counted.now);
  }

  std::array<Class, 2> classes_;
};

}  // namespace charon::server
