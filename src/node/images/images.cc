#include "node/images/images.h"

#include <utility>

#include "base/bytes.h"
#include "codec/json.h"
#include "codec/tree.h"

namespace charon::node {
namespace {

// The part before the first slash is a registry only when it looks like a host.
bool is_host(std::string_view part) {
  return part == "localhost" || part.find('.') != std::string_view::npos || part.find(':') != std::string_view::npos;
}

std::string_view registry_of(std::string_view image) {
  std::size_t slash = image.find('/');
  if (slash == std::string_view::npos || !is_host(image.substr(0, slash))) return "docker.io";
  return image.substr(0, slash);
}

std::string_view host_of(std::string_view key) {
  if (key.starts_with("https://")) key.remove_prefix(8);
  if (key.starts_with("http://")) key.remove_prefix(7);
  return key.substr(0, key.find('/'));
}

}  // namespace

PullPolicy pull_policy(const core::v1::Container& container) {
  if (container.imagePullPolicy == "Always") return PullPolicy::Always;
  if (container.imagePullPolicy == "Never") return PullPolicy::Never;
  if (container.imagePullPolicy == "IfNotPresent") return PullPolicy::IfNotPresent;
  auto name = normalized_image(container.image);
  return name && name->ends_with(":latest") ? PullPolicy::Always : PullPolicy::IfNotPresent;
}

std::optional<std::string> normalized_image(std::string_view image) {
  if (image.empty() || image.size() > 4096) return std::nullopt;
  for (char c : image) {
    bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              std::string_view("._-/:@").find(c) != std::string_view::npos;
    if (!ok) return std::nullopt;
  }
  std::string out(image);
  std::size_t slash = image.find('/');
  if (slash == std::string_view::npos)
    out = "docker.io/library/" + out;
  else if (!is_host(image.substr(0, slash)))
    out = "docker.io/" + out;
  std::string_view last = std::string_view(out).substr(out.rfind('/') + 1);
  if (last.empty() || last.front() == ':' || last.front() == '@') return std::nullopt;
  std::string_view path = std::string_view(out).substr(out.find('/') + 1);
  for (char c : path.substr(0, path.find_first_of(":@")))
    if (c >= 'A' && c <= 'Z') return std::nullopt;  // repositories are in lower case
  if (last.find(':') == std::string_view::npos && last.find('@') == std::string_view::npos) out += ":latest";
  return out;
}

std::optional<cri::v1::AuthConfig> registry_auth(const core::v1::Secret& secret, std::string_view image) {
  std::string_view registry = registry_of(image);
  auto found = secret.data.find(".dockerconfigjson");
  bool old = found == secret.data.end();
  if (old) found = secret.data.find(".dockercfg");
  if (found == secret.data.end()) return std::nullopt;
  auto tree = codec::parse_json(found->second);
  if (!tree) return std::nullopt;
  const codec::Value* auths = old ? &*tree : codec::find(*tree, "auths");
  if (auths == nullptr || !auths->is_object()) return std::nullopt;
  for (const auto& [key, entry] : auths->get_object()) {
    std::string_view host = host_of({key.data(), key.size()});
    bool docker = registry == "docker.io" && (host == "index.docker.io" || host == "docker.io");
    if (host != registry && !docker) continue;
    cri::v1::AuthConfig auth;
    auth.username = codec::string_at(entry, "username");
    auth.password = codec::string_at(entry, "password");
    if (auth.username.empty())
      if (auto text = base64_decode(codec::string_at(entry, "auth")); text && text->find(':') != std::string::npos) {
        auth.username = text->substr(0, text->find(':'));
        auth.password = text->substr(text->find(':') + 1);
      }
    auth.identity_token = codec::string_at(entry, "identitytoken");
    auth.server_address = std::string(registry);
    return auth;
  }
  return std::nullopt;
}

rt::Task<Result<std::optional<std::string>>> Images::find(std::string image) {
  CO_TRY_ASSIGN(std::optional<cri::v1::Image> found, co_await runtime_.image_status(std::move(image)));
  if (!found) co_return std::optional<std::string>();
  co_return std::optional<std::string>(found->id);
}

rt::Task<Result<PullOutcome>> Images::pull(std::shared_ptr<const core::v1::Pod> pod, std::string image,
                                           cri::v1::PodSandboxConfig sandbox) {
  rt::Instant start = loop_.clock().now();
  std::vector<std::optional<cri::v1::AuthConfig>> auths;
  for (const auto& reference : pod->spec.imagePullSecrets) {
    auto secret = co_await objects_.secret(pod->metadata.namespace_, reference.name);
    if (!secret || !*secret) continue;  // a missing pull secret is no obstacle to a public image
    if (auto auth = registry_auth(**secret, image)) auths.push_back(std::move(auth));
  }
  if (auths.empty()) auths.push_back(std::nullopt);
  Error last;
  for (auto& auth : auths) {
    auto pulled = co_await runtime_.pull_image(image, std::move(auth), sandbox);
    if (!pulled) {
      last = std::move(pulled.error());
      continue;
    }
    PullOutcome outcome;
    outcome.image_ref = std::move(*pulled);
    outcome.took = loop_.clock().now() - start;
    auto status = co_await runtime_.image_status(outcome.image_ref);
    if (status && *status) outcome.size_bytes = (*status)->size;
    co_return outcome;
  }
  co_return fail(std::move(last));
}

rt::Task<Result<ImageUser>> Images::user(std::string image) {
  CO_TRY_ASSIGN(std::optional<cri::v1::Image> found, co_await runtime_.image_status(std::move(image)));
  if (!found) co_return fail(Reason::NotFound, "image is not present");
  if (found->uid) co_return ImageUser{found->uid->value, ""};
  // Without a user the image runs as root.
  if (found->username.empty()) co_return ImageUser{0, ""};
  co_return ImageUser{std::nullopt, found->username};
}

}  // namespace charon::node
