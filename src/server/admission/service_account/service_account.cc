#include "server/admission/service_account/service_account.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <set>

#include "api/core/v1/types.h"
#include "codec/tree.h"
#include "model/kind.h"
#include "schema/convert.h"
#include "server/pod_references.h"

namespace charon::server {
namespace {

using codec::Array;
using codec::Object;
using codec::Value;

constexpr std::string_view kMountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr std::string_view kVolumePrefix = "kube-api-access-";
constexpr int kTokenSeconds = 3607;  // an hour, and a little so that such tokens can be told from others
constexpr int kVolumeMode = 0644;
constexpr std::string_view kMirrorAnnotation = "kubernetes.io/config.mirror";
constexpr std::string_view kEnforceAnnotation = "kubernetes.io/enforce-mountable-secrets";

Array& ensure_list(Object& object, std::string_view name) {
  Value& member = object[name];
  if (!member.is_array()) member.emplace_array();
  return member.get_array();
}

Object projected_volume(const std::string& name) {
  Object token{{"serviceAccountToken", Object{{"expirationSeconds", kTokenSeconds}, {"path", "token"}}}};
  Array keys;
  keys.push_back(Object{{"key", "ca.crt"}, {"path", "ca.crt"}});
  Object authority{{"configMap", Object{{"name", "kube-root-ca.crt"}, {"items", std::move(keys)}}}};
  Array files;
  files.push_back(
      Object{{"path", "namespace"}, {"fieldRef", Object{{"apiVersion", "v1"}, {"fieldPath", "metadata.namespace"}}}});
  Object own_namespace{{"downwardAPI", Object{{"items", std::move(files)}}}};
  Array sources;
  sources.push_back(std::move(token));
  sources.push_back(std::move(authority));
  sources.push_back(std::move(own_namespace));
  return {{"name", name}, {"projected", Object{{"sources", std::move(sources)}, {"defaultMode", kVolumeMode}}}};
}

bool mounts_token(const Value& container) {
  const Value* mounts = codec::find(container, "volumeMounts");
  if (mounts == nullptr || !mounts->is_array()) return false;
  for (const Value& mount : mounts->get_array())
    if (codec::string_at(mount, "mountPath") == kMountPath) return true;
  return false;
}

// The name of a token volume that the pod brings along; empty when there is none.
std::string token_volume(const Object& spec) {
  const Value* volumes = spec.if_contains("volumes");
  if (volumes == nullptr || !volumes->is_array()) return {};
  for (const Value& volume : volumes->get_array())
    if (std::string_view name = codec::string_at(volume, "name"); name.starts_with(kVolumePrefix)) return std::string(name);
  return {};
}

bool enforces_secrets(const core::v1::ServiceAccount& account) {
  auto found = account.metadata.annotations.find(kEnforceAnnotation);
  if (found == account.metadata.annotations.end()) return false;
  // As Go's strconv.ParseBool.
  constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "true", "TRUE", "True"};
  return std::ranges::find(kTrue, found->second) != kTrue.end();
}

// What a pod may use of an account that lists its secrets. The first thing that it may not is told.
class SecretLimit {
 public:
  explicit SecretLimit(const core::v1::ServiceAccount& account) : account_(account) {
    for (const auto& secret : account.secrets) secrets_.insert(secret.name);
  }

  Result<void> check(const core::v1::Pod& pod) const {
    for (const auto& volume : pod.spec.volumes)
      if (volume.volumeSource.secret)
        TRY(check_secret("volume with", "secret.secretName", volume.volumeSource.secret->secretName));
    for (const auto& container : pod.spec.initContainers) TRY(check_container("init container ", container));
    for (const auto& container : pod.spec.containers) TRY(check_container("container ", container));
    for (std::size_t i = 0; i < pod.spec.imagePullSecrets.size(); ++i) {
      const std::string& name = pod.spec.imagePullSecrets[i].name;
      bool known = std::ranges::any_of(account_.imagePullSecrets, [&name](const auto& secret) { return secret.name == name; });
      if (!known) return refuse("imagePullSecrets[" + std::to_string(i) + "].name=\"" + name + "\"", "imagePullSecret");
    }
    return {};
  }

 private:
  template <class Container>
  Result<void> check_container(std::string_view sort, const Container& container) const {
    std::string who = std::string(sort) + container.name;
    for (const auto& variable : container.env)
      if (variable.valueFrom && variable.valueFrom->secretKeyRef)
        TRY(check_secret(who + " with envVar " + variable.name + " referencing", "secret.secretName",
                         variable.valueFrom->secretKeyRef->localObjectReference.name));
    for (const auto& all : container.envFrom)
      if (all.secretRef)
        TRY(check_secret(who + " with envFrom referencing", "secret.secretName", all.secretRef->localObjectReference.name));
    return {};
  }

  Result<void> check_secret(const std::string& where, std::string_view member, const std::string& name) const {
    if (secrets_.contains(name)) return {};
    return refuse(where + " " + std::string(member) + "=\"" + name + "\"", "secret");
  }

  Result<void> refuse(const std::string& what, std::string_view sort) const {
    return fail(Reason::Forbidden, what + " is not allowed because service account " + account_.metadata.name +
                                       " does not reference that " + std::string(sort));
  }

  const core::v1::ServiceAccount& account_;
  std::set<std::string, std::less<>> secrets_;
};

class ServiceAccountAdmission final : public AdmissionPlugin {
 public:
  ServiceAccountAdmission(rt::Random& random, Caches& caches)
      : random_(random), accounts_(caches.of(*model::find_kind({"", "v1"}, "ServiceAccount"))) {}
  std::string_view name() const override { return "ServiceAccount"; }

  rt::Task<Result<void>> admit(AdmissionReview review) override {
    const Request& request = *review.request;
    bool pod = request.kind->kind == "Pod" && request.kind->gv.group.empty() && request.subresource.empty();
    if (!pod || review.operation != Operation::Create) co_return Result<void>();
    co_return admit_pod(request, *review.object);
  }

  rt::Task<Result<void>> validate(AdmissionReview review) override {
    const Request& request = *review.request;
    bool pod = request.kind->kind == "Pod" && request.kind->gv.group.empty() && request.subresource.empty();
    if (!pod || review.operation != Operation::Create) co_return Result<void>();
    CO_TRY_ASSIGN(auto made, schema::from_tree<core::v1::Pod>(*review.object));
    co_return check_pod(request, made);
  }

 private:
  Result<void> check_pod(const Request& request, const core::v1::Pod& pod) const {
    if (pod.metadata.annotations.contains(kMirrorAnnotation)) {
      if (!references_of(pod).secrets.empty())
        return fail(admission_forbidden(request, "a mirror pod may not reference secrets"));
      for (const auto& volume : pod.spec.volumes)
        if (volume.volumeSource.projected)
          for (const auto& source : volume.volumeSource.projected->sources)
            if (source.serviceAccountToken)
              return fail(admission_forbidden(request, "a mirror pod may not use ServiceAccountToken volume projections"));
      return {};
    }
    DocumentPtr found = accounts_.get({request.ns, pod.spec.serviceAccountName});
    if (!found) return fail(no_account(request, pod.spec.serviceAccountName));
    auto account = found->as<core::v1::ServiceAccount>();
    if (!enforces_secrets(*account)) return {};
    auto checked = SecretLimit(*account).check(pod);
    if (!checked) return fail(admission_forbidden(request, checked.error().message));
    return {};
  }

  static Error no_account(const Request& request, const std::string& name) {
    return admission_forbidden(
        request, "error looking up service account " + request.ns + "/" + name + ": serviceaccount \"" + name + "\" not found");
  }

  Result<void> admit_pod(const Request& request, Value& pod) const {
    Object& spec = codec::ensure_object(pod, {"spec"});
    std::string name(codec::string_at_path(pod, {"spec", "serviceAccountName"}));
    // A mirror pod stands for one that its node runs by itself: it has no identity.
    if (codec::find_path(pod, {"metadata", "annotations", kMirrorAnnotation}) != nullptr) {
      if (!name.empty()) return fail(admission_forbidden(request, "a mirror pod may not reference service accounts"));
      return {};
    }
    if (name.empty()) name = "default";
    spec["serviceAccountName"] = name;
    spec["serviceAccount"] = name;
    DocumentPtr found = accounts_.get({request.ns, name});
    if (!found) return fail(no_account(request, name));
    auto account = found->as<core::v1::ServiceAccount>();
    std::optional<bool> wanted;
    if (const Value* said = spec.if_contains("automountServiceAccountToken"); said != nullptr && said->is_bool())
      wanted = said->get_bool();
    if (!wanted) wanted = account->automountServiceAccountToken;
    if (wanted.value_or(true)) mount_token(spec);
    const Value* secrets = spec.if_contains("imagePullSecrets");
    bool has_secrets = secrets != nullptr && secrets->is_array() && !secrets->get_array().empty();
    if (!has_secrets && !account->imagePullSecrets.empty()) {
      Array list;
      for (const auto& secret : account->imagePullSecrets) list.push_back(Object{{"name", secret.name}});
      spec["imagePullSecrets"] = std::move(list);
    }
    return {};
  }

  void mount_token(Object& spec) const {
    std::string volume = token_volume(spec);
    bool present = !volume.empty();
    if (!present) volume = std::string(kVolumePrefix) + random_.name_suffix();
    bool needed = false;
    for (std::string_view list : {"initContainers", "containers"}) {
      Value* containers = spec.if_contains(list);
      if (containers == nullptr || !containers->is_array()) continue;
      for (Value& container : containers->get_array()) {
        if (!container.is_object() || mounts_token(container)) continue;
        needed = true;
        ensure_list(container.get_object(), "volumeMounts")
            .push_back(Object{{"name", volume}, {"readOnly", true}, {"mountPath", kMountPath}});
      }
    }
    if (needed && !present) ensure_list(spec, "volumes").push_back(projected_volume(volume));
  }

  rt::Random& random_;
  Cache& accounts_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_service_account_admission(rt::Random& random, Caches& caches) {
  return std::make_unique<ServiceAccountAdmission>(random, caches);
}

}  // namespace charon::server
