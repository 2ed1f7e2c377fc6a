// KindRegistry: the kinds that a server knows at this moment: the built-in ones, and those of CustomResourceDefinitions, which
// come, change and go.
//
// Owned by whoever puts a server together and handed to all that look kinds up: routing, discovery, OpenAPI, caches, and the
// controllers that work on every kind. Lives on the server's loop. What is returned as a pointer is valid until the next
// change; whoever keeps it longer keeps a KindRef.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/kind.h"

namespace charon::model {

class KindRegistry {
 public:
  KindRegistry() = default;  // with the built-in kinds
  KindRegistry(const KindRegistry&) = delete;

  // Null when there is none.
  const Kind* find_kind(GroupVersion gv, std::string_view kind) const;
  const Kind* find_resource(GroupVersion gv, std::string_view plural) const;
  // The version of the kind's resource that stands for all its versions (Kind::canonical); the kind itself when it is unknown.
  const Kind& canonical(const Kind& kind) const;
  // The built-in ones first, then the custom ones by the names of their definitions.
  std::vector<KindRef> all() const;
  // Goes up with each change.
  std::uint64_t generation() const { return generation_; }

  // The served versions of the definition ("crontabs.example.com") from now on; none: it is gone.
  void set(const std::string& definition, std::vector<std::shared_ptr<const Kind>> kinds);

  // Called after each change. Ends when destroyed; must not outlive the registry. A listener must not change the registry.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&& other) noexcept;
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription();

   private:
    friend class KindRegistry;
    const KindRegistry* registry_ = nullptr;
    std::uint64_t id_ = 0;
  };
  [[nodiscard]] Subscription listen(std::function<void()> listener) const;

 private:
  void index();

  std::map<std::string, std::vector<std::shared_ptr<const Kind>>> custom_;  // by definition
  std::unordered_map<std::string, const Kind*> by_kind_;                    // "example.com/v1/CronTab", of the custom ones
  std::unordered_map<std::string, const Kind*> by_resource_;                // "example.com/v1/crontabs"
  std::uint64_t generation_ = 0;
  mutable std::map<std::uint64_t, std::function<void()>> listeners_;
  mutable std::uint64_t next_listener_ = 1;
};

}  // namespace charon::model
