// The query of a list or watch (metav1.ListOptions), checked as Kubernetes checks it: api-concepts "Resource versions" and
// apimachinery's internalversion/validation.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/document.h"

namespace charon::server {

struct ListOptions {
  enum class Match : unsigned char { Unset, Exact, NotOlderThan };
  std::optional<model::Revision> version;  // nullopt: unset; 0: any
  Match match = Match::Unset;
  std::size_t limit = 0;  // 0: all
  std::string continue_token;
  bool bookmarks = false;
  std::optional<bool> send_initial_events;
  std::chrono::seconds timeout{0};  // 0: the server's choice
};

// BadRequest for what does not parse, Invalid ('ListOptions.meta.k8s.io "" is invalid: ...') for what does not go together.
Result<ListOptions> read_list_options(std::string_view query);
// `resource`: "deployments.apps", for the error about the version.
Result<ListOptions> read_watch_options(std::string_view query, std::string_view resource);
// The resourceVersion of a get; nullopt: unset.
Result<std::optional<model::Revision>> read_get_version(std::string_view query);

}  // namespace charon::server
