// What the server tells about itself: its health, also as service level indicators, and the paths that it has.
#include <fmt/format.h>

#include <array>
#include <set>

#include "server/front/call.h"

namespace charon::server {
namespace {

constexpr std::array<std::string_view, 3> kRoots = {"healthz", "livez", "readyz"};

bool belongs(const HealthCheck& check, std::string_view root) {
  return root == "livez" ? check.live : root != "readyz" || check.ready;
}

}  // namespace

void Front::add_health_check(HealthCheck check) { checks_.push_back(std::move(check)); }

// Makes the check, and counts what it came to.
rt::Task<Result<void>> Front::observe(const HealthCheck& check, std::string_view root) {
  Result<void> outcome = co_await check.check();
  std::string type(root);
  indicators_.gauge("kubernetes_healthcheck", "Whether a check of health passed when it was last made.", {"name", "type"})
      .counter({check.name, type})
      .set(outcome ? 1 : 0);
  indicators_.counter("kubernetes_healthchecks_total", "Checks of health, by how they ended.", {"name", "status", "type"})
      .counter({check.name, outcome ? "success" : "error", type})
      .add();
  co_return outcome;
}

rt::Task<Result<void>> Front::serve_health(Call& call, std::string_view path) {
  path.remove_prefix(1);
  std::size_t slash = std::min(path.find('/'), path.size());
  std::string_view root = path.substr(0, slash);
  if (slash + 1 < path.size()) co_return co_await serve_check(call, root, path.substr(slash + 1));
  bool verbose = net::query_value(call.query(), "verbose").has_value();
  std::vector<std::string> names = net::query_values(call.query(), "exclude");
  std::set<std::string, std::less<>> excluded(names.begin(), names.end());
  std::string lines;
  bool healthy = true;
  for (const HealthCheck& check : checks_) {
    if (!belongs(check, root)) continue;
    if (excluded.erase(check.name) > 0) {
      lines += "[+]" + check.name + " excluded: ok\n";
      continue;
    }
    Result<void> outcome = co_await observe(check, root);
    healthy = healthy && outcome.has_value();
    // The reason is for those who may read it; the name tells everybody which part it is.
    lines += outcome ? "[+]" + check.name + " ok\n" : "[-]" + check.name + " failed: reason withheld\n";
  }
  if (!excluded.empty())
    lines += fmt::format("warn: some health checks cannot be excluded: no matches for \"{}\"\n", fmt::join(excluded, "\",\""));
  std::string body = "ok";
  if (!healthy) {
    body = lines + std::string(root) + " check failed\n";
  } else if (verbose) {
    body = lines + std::string(root) + " check passed\n";
  }
  co_await send(call, healthy ? 200 : 500, "text/plain; charset=utf-8", {net::Piece::of(std::move(body))});
  co_return Result<void>();
}

rt::Task<Result<void>> Front::serve_check(Call& call, std::string_view root, std::string_view name) {
  auto check = std::ranges::find_if(checks_, [&](const HealthCheck& one) { return one.name == name && belongs(one, root); });
  if (check == checks_.end()) co_return fail(Reason::NotFound, "the server could not find the requested resource");
  Result<void> outcome = co_await check->check();
  std::string body = outcome ? "ok" : "internal server error: " + outcome.error().message + "\n";
  co_await send(call, outcome ? 200 : 500, "text/plain; charset=utf-8", {net::Piece::of(std::move(body))});
  co_return Result<void>();
}

// The checks are made for whoever scrapes: where no load balancer asks for the health, nobody else makes them.
rt::Task<Result<void>> Front::serve_indicators(Call& call) {
  for (std::string_view root : kRoots)
    for (const HealthCheck& check : checks_)
      if (belongs(check, root)) (void)co_await observe(check, root);
  co_await send(call, 200, "text/plain; version=0.0.4; charset=utf-8", {net::Piece::of(indicators_.expose())});
  co_return Result<void>();
}

codec::Array Front::paths() {
  std::set<std::string> paths = {"/api",        "/apis",       "/apis/",   "/metrics", "/metrics/slis",
                                 "/openapi/v2", "/openapi/v3", "/version", "/version/"};
  auto add_group_version = [&paths](std::string_view group, std::string_view version) {
    if (group.empty()) {
      paths.insert(fmt::format("/api/{}", version));
    } else {
      paths.insert(fmt::format("/apis/{}", group));
      paths.insert(fmt::format("/apis/{}/{}", group, version));
    }
  };
  for (const model::KindRef& kind : api_.kinds().all())
    if (model::served(*kind)) add_group_version(kind->gv.group, kind->gv.version);
  if (aggregation_)
    for (const ApiServices::Remote& remote : aggregation_->services.remotes())
      add_group_version(remote.service->group, remote.service->version);
  for (std::string_view root : kRoots) {
    paths.insert(fmt::format("/{}", root));
    for (const HealthCheck& check : checks_)
      if (belongs(check, root)) paths.insert(fmt::format("/{}/{}", root, check.name));
  }
  for (const auto& [path, document] : documents_) paths.insert(path);
  codec::Array list;
  for (const std::string& path : paths) list.emplace_back(path);
  return list;
}

}  // namespace charon::server
