#include "server/admission/pod_security/pod_security.h"

#include <algorithm>
#include <charconv>

#include "api/core/v1/types.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "schema/convert.h"
#include "schema/validate.h"
#include "server/admission/pod_security/standards.h"
#include "server/api.h"
#include "server/audit/record.h"

namespace charon::server {
namespace {

using codec::Value;
using core::v1::Pod;
using core::v1::PodSpec;

constexpr std::string_view kPrefix = "pod-security.kubernetes.io/";
constexpr std::size_t kExistingPods = 3000;  // looked at when a namespace's level rises, as in Kubernetes

using Labels = model::LabelMap;

struct NamespacePolicy {
  PodSecurityPolicy enforce;
  PodSecurityPolicy audit;
  PodSecurityPolicy warn;

  bool unrestricted() const {
    constexpr auto kFree = PodSecurityLevel::Privileged;
    return enforce.level == kFree && audit.level == kFree && warn.level == kFree;
  }
};

struct Parsed {
  NamespacePolicy policy;
  schema::FieldErrors errors;
};

// ----------------------------------------------------------------------------------------------------------- labels

class LabelReader {
 public:
  explicit LabelReader(const Labels& labels) : labels_(labels) {}

  // The level that a label names; restricted, with an error, for what is none. False when there is no such label.
  bool level(std::string_view mode, PodSecurityLevel& level) {
    const std::string* text = find(mode);
    if (text == nullptr) return false;
    level = PodSecurityLevel::Restricted;
    if (*text == "privileged") {
      level = PodSecurityLevel::Privileged;
    } else if (*text == "baseline") {
      level = PodSecurityLevel::Baseline;
    } else if (*text != "restricted") {
      add_error(mode, *text, "must be one of privileged, baseline, restricted");
      return false;
    }
    return true;
  }

  bool version(std::string_view mode, int& version) {
    std::string label = std::string(mode) + "-version";
    const std::string* text = find(label);
    if (text == nullptr) return false;
    version = kLatestStandards;
    if (*text == "latest") return true;
    constexpr std::string_view kMajor = "v1.";
    std::string_view minor = std::string_view(*text).substr(std::min(kMajor.size(), text->size()));
    int number = 0;
    auto [end, error] = std::from_chars(minor.data(), minor.data() + minor.size(), number);
    bool padded = minor.size() > 1 && minor[0] == '0';
    if (!text->starts_with(kMajor) || error != std::errc() || end != minor.data() + minor.size() || number < 0 || padded) {
      add_error(label, *text, "must be \"latest\" or \"v1.x\"");
      return false;
    }
    version = number;
    return true;
  }

  schema::FieldErrors errors;

 private:
  const std::string* find(std::string_view name) const {
    auto found = labels_.find(std::string(kPrefix) + std::string(name));
    return found == labels_.end() ? nullptr : &found->second;
  }
  void add_error(std::string_view name, const std::string& value, std::string detail) {
    errors.push_back({schema::FieldError::Kind::Invalid, "metadata.labels[" + std::string(kPrefix) + std::string(name) + "]",
                      codec::write_json(Value(value)), std::move(detail)});
  }

  const Labels& labels_;
};

// A broken enforce label counts as restricted, a broken audit or warn label as privileged. Without a label of its own, warn
// follows enforce where that is stricter.
Parsed parse(const Labels& labels) {
  Parsed parsed;
  LabelReader reader(labels);
  NamespacePolicy& policy = parsed.policy;
  bool has_enforce = reader.level("enforce", policy.enforce.level);
  reader.version("enforce", policy.enforce.version);
  if (!reader.level("audit", policy.audit.level)) policy.audit.level = PodSecurityLevel::Privileged;
  reader.version("audit", policy.audit.version);
  bool has_warn = reader.level("warn", policy.warn.level);
  bool names_warn = labels.contains(std::string(kPrefix) + "warn");
  if (!has_warn) policy.warn.level = PodSecurityLevel::Privileged;
  bool has_warn_version = reader.version("warn", policy.warn.version);
  if (has_enforce && !names_warn && policy.enforce.level > policy.warn.level) {
    policy.warn.level = policy.enforce.level;
    if (!has_warn_version) policy.warn.version = policy.enforce.version;
  }
  parsed.errors = std::move(reader.errors);
  return parsed;
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return !text.empty() && std::ranges::find(list, text) != list.end();
}

// -------------------------------------------------------------------------------------------------------- workloads

// Where the kind keeps its pod template; empty: it has none.
std::vector<std::string_view> template_path(const model::Kind& kind) {
  bool core = kind.gv.group.empty();
  if (core && kind.kind == "PodTemplate") return {"template"};
  if (core && kind.kind == "ReplicationController") return {"spec", "template"};
  bool apps = kind.gv.group == "apps" && (kind.kind == "Deployment" || kind.kind == "ReplicaSet" ||
                                          kind.kind == "StatefulSet" || kind.kind == "DaemonSet");
  if (apps || (kind.gv.group == "batch" && kind.kind == "Job")) return {"spec", "template"};
  if (kind.gv.group == "batch" && kind.kind == "CronJob") return {"spec", "jobTemplate", "spec", "template"};
  return {};
}

// Images and seccomp annotations can change, and ephemeral containers be added.
template <class Container>
bool same_container(const Container& left, const Container& right, const Pod& now, const Pod& before) {
  if (left.image != right.image) return false;
  std::string key = "container.seccomp.security.alpha.kubernetes.io/" + left.name;
  auto value = [&key](const Pod& pod) {
    auto found = pod.metadata.annotations.find(key);
    return found == pod.metadata.annotations.end() ? std::string() : found->second;
  };
  return value(now) == value(before);
}

bool is_significant(const Pod& now, const Pod& before) {
  const std::string key = "seccomp.security.alpha.kubernetes.io/pod";
  auto annotation = [&key](const Pod& pod) {
    auto found = pod.metadata.annotations.find(key);
    return found == pod.metadata.annotations.end() ? std::string() : found->second;
  };
  if (annotation(now) != annotation(before)) return true;
  auto differ = [&](const auto& left, const auto& right) {
    if (left.size() != right.size()) return true;
    for (std::size_t i = 0; i < left.size(); ++i)
      if (!same_container(left[i], right[i], now, before)) return true;
    return false;
  };
  if (differ(now.spec.containers, before.spec.containers) || differ(now.spec.initContainers, before.spec.initContainers))
    return true;
  for (const auto& container : now.spec.ephemeralContainers) {
    auto old = std::ranges::find_if(before.spec.ephemeralContainers, [&](const auto& candidate) {
      return candidate.ephemeralContainerCommon.name == container.ephemeralContainerCommon.name;
    });
    if (old == before.spec.ephemeralContainers.end() ||
        !same_container(container.ephemeralContainerCommon, old->ephemeralContainerCommon, now, before))
      return true;
  }
  return false;
}

class PodSecurity final : public AdmissionPlugin {
 public:
  PodSecurity(Caches& caches, PodSecurityExemptions exemptions)
      : namespaces_(caches.of(*model::find_kind({"", "v1"}, "Namespace"))),
        pods_(caches.of(*model::find_kind({"", "v1"}, "Pod"))),
        exemptions_(std::move(exemptions)) {}
  std::string_view name() const override { return "PodSecurity"; }

  rt::Task<Result<void>> validate(AdmissionReview review) override { co_return check(review); }

 private:
  Result<void> check(const AdmissionReview& review) const {
    if (review.operation != Operation::Create && review.operation != Operation::Update) return {};
    const Request& request = *review.request;
    if (request.kind == &namespaces_.kind()) return request.subresource.empty() ? check_namespace(review) : Result<void>();
    if (request.kind == &pods_.kind()) {
      bool pod = request.subresource.empty() || request.subresource == "ephemeralcontainers" || request.subresource == "resize";
      return pod ? check_pod(review) : Result<void>();
    }
    if (request.subresource.empty()) warn_about_template(review);
    return {};
  }

  bool is_exempt(const Request& request) const {
    bool by_namespace = contains(exemptions_.namespaces, request.ns);
    bool by_user = !by_namespace && contains(exemptions_.usernames, request.user.name);
    if (by_namespace || by_user) annotate(request, "exempt", by_user ? "user" : "namespace");
    return by_namespace || by_user;
  }

  bool is_exempt_class(const Request& request, const PodSpec& spec) const {
    bool exempt = contains(exemptions_.runtime_classes, spec.runtimeClassName.value_or(""));
    if (exempt) annotate(request, "exempt", "runtimeClass");
    return exempt;
  }

  // For the audit log.
  static void annotate(const Request& request, std::string_view key, std::string value) {
    audit::annotate(request, std::string(kPrefix) + std::string(key), std::move(value));
  }

  std::optional<NamespacePolicy> policy_of(const std::string& ns) const {
    DocumentPtr document = namespaces_.get({"", ns});
    if (!document) return std::nullopt;
    return parse(Labels(document->labels().begin(), document->labels().end())).policy;
  }

  Result<void> check_namespace(const AdmissionReview& review) const {
    Parsed now = parse(labels_of(*review.object));
    Parsed before;
    if (review.before) before = parse(Labels(review.before->labels().begin(), review.before->labels().end()));
    auto texts = [](const schema::FieldErrors& errors) {
      std::vector<std::string> list;
      for (const schema::FieldError& error : errors) list.push_back(schema::field_error_text(error));
      return list;
    };
    // Broken labels that were there before do not keep other changes out.
    if (!now.errors.empty() && texts(now.errors) != texts(before.errors))
      return fail(schema::invalid_error("Namespace", "", review.request->name, now.errors));
    if (!review.before || review.warnings == nullptr || contains(exemptions_.namespaces, review.request->name)) return {};
    const PodSecurityPolicy& enforce = now.policy.enforce;
    const PodSecurityPolicy& enforced = before.policy.enforce;
    bool relaxed = enforce.version == enforced.version && enforce.level <= enforced.level;
    if (enforce.level != PodSecurityLevel::Privileged && enforce != enforced && !relaxed)
      warn_about_pods(review.request->name, enforce, *review.warnings);
    return {};
  }

  void warn_about_pods(const std::string& ns, const PodSecurityPolicy& enforce, Warnings& warnings) const {
    struct Group {
      std::string first;  // by name
      std::size_t count = 0;
    };
    std::map<std::string, Group> groups;  // by what they violate
    std::size_t looked_at = 0;
    std::size_t all = 0;
    pods_.each(ns, nullptr, [&](const DocumentPtr& document) {
      if (++all > kExistingPods) return true;
      ++looked_at;
      auto pod = document->as<Pod>();
      if (contains(exemptions_.runtime_classes, pod->spec.runtimeClassName.value_or(""))) return true;
      std::vector<Violation> found = violations(enforce, pod->metadata.annotations, pod->spec);
      if (found.empty()) return true;
      Group& group = groups[reasons_text(found)];
      if (group.count++ == 0) group.first = pod->metadata.name;
      return true;
    });
    if (looked_at < all)
      warnings.push_back("new PodSecurity enforce level only checked against the first " + std::to_string(looked_at) + " of " +
                         std::to_string(all) + " existing pods");
    if (groups.empty()) return;
    warnings.push_back("existing pods in namespace \"" + ns + "\" violate the new PodSecurity enforce level \"" +
                       enforce.text() + "\"");
    std::vector<std::string> lines;
    for (const auto& [reasons, group] : groups) {
      std::string others;
      if (group.count == 2) others = " (and 1 other pod)";
      if (group.count > 2) others = " (and " + std::to_string(group.count - 1) + " other pods)";
      lines.push_back(group.first + others + ": " + reasons);
    }
    std::ranges::sort(lines);
    for (std::string& line : lines) warnings.push_back(std::move(line));
  }

  Result<void> check_pod(const AdmissionReview& review) const {
    const Request& request = *review.request;
    if (is_exempt(request)) return {};
    std::optional<NamespacePolicy> policy = policy_of(request.ns);
    if (!policy) return {};
    if (policy->unrestricted()) {
      annotate(request, "enforce-policy", policy->enforce.text());
      return {};
    }
    TRY_ASSIGN(Pod pod, schema::from_tree<Pod>(*review.object));
    if (review.before && !is_significant(pod, *review.before->as<Pod>())) return {};
    if (is_exempt_class(request, pod.spec)) return {};
    annotate(request, "enforce-policy", policy->enforce.text());
    std::vector<Violation> found = violations(policy->enforce, pod.metadata.annotations, pod.spec);
    note_violations(request, policy->audit, pod.metadata.annotations, pod.spec);
    if (!found.empty())
      return fail(
          admission_forbidden(request, "violates PodSecurity \"" + policy->enforce.text() + "\": " + details_text(found)));
    warn(policy->warn, pod.metadata.annotations, pod.spec, review.warnings);
    return {};
  }

  void warn_about_template(const AdmissionReview& review) const {
    const Request& request = *review.request;
    std::vector<std::string_view> path = template_path(*request.kind);
    bool heard = review.warnings != nullptr || request.audit != nullptr;
    if (path.empty() || !heard || is_exempt(request)) return;
    std::optional<NamespacePolicy> policy = policy_of(request.ns);
    if (!policy || policy->unrestricted()) return;
    const Value* place = review.object;
    for (std::string_view step : path) place = place == nullptr ? nullptr : codec::find(*place, step);
    if (place == nullptr || !place->is_object()) return;
    auto pods = schema::from_tree<core::v1::PodTemplateSpec>(*place);
    if (!pods || is_exempt_class(request, pods->spec)) return;
    note_violations(request, policy->audit, pods->metadata.annotations, pods->spec);
    warn(policy->warn, pods->metadata.annotations, pods->spec, review.warnings);
  }

  static void note_violations(const Request& request, const PodSecurityPolicy& policy, const Annotations& annotations,
                              const PodSpec& spec) {
    if (request.audit == nullptr) return;
    std::vector<Violation> found = violations(policy, annotations, spec);
    if (!found.empty())
      annotate(request, "audit-violations", "would violate PodSecurity \"" + policy.text() + "\": " + details_text(found));
  }

  static void warn(const PodSecurityPolicy& policy, const Annotations& annotations, const PodSpec& spec, Warnings* warnings) {
    if (warnings == nullptr) return;
    std::vector<Violation> found = violations(policy, annotations, spec);
    if (!found.empty()) warnings->push_back("would violate PodSecurity \"" + policy.text() + "\": " + details_text(found));
  }

  const Cache& namespaces_;
  const Cache& pods_;
  PodSecurityExemptions exemptions_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_pod_security(Caches& caches, PodSecurityExemptions exemptions) {
  return std::make_unique<PodSecurity>(caches, std::move(exemptions));
}

}  // namespace charon::server
