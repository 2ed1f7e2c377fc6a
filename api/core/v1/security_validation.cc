#include "api/core/v1/security_validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "api/meta/v1/cells.h"
#include "base/names.h"
#include "codec/tree.h"

namespace charon::core::v1 {

using codec::find;
using codec::string_at;
using codec::Value;
using meta::v1::add_forbidden;
using meta::v1::add_invalid;
using meta::v1::add_required;
using meta::v1::check_range;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::is_present;
using meta::v1::items_at;
using meta::v1::object_at;

namespace {

constexpr std::int64_t kMaxId = 2147483647;

bool is_true(const Value& owner, std::string_view member) { return codec::bool_at(owner, member).value_or(false); }

void validate_seccomp(Errors& errors, const FieldPath& path, const Value* profile) {
  if (profile == nullptr) return;
  std::string_view type = string_at(*profile, "type");
  FieldPath local = path.child("localhostProfile");
  if (type.empty()) add_required(errors, path.child("type"), "type is required when seccompProfile is set");
  if (type != "Localhost") {
    if (is_present(*profile, "localhostProfile"))
      add_invalid(errors, local, *profile, "can only be set when seccomp type is Localhost");
  } else if (!is_present(*profile, "localhostProfile")) {
    add_required(errors, local, "must be set when seccomp type is Localhost");
  } else {
    meta::v1::check_descending_path(errors, local, string_at(*profile, "localhostProfile"));
  }
}

bool is_padded(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\v\f";
  return !text.empty() && (kBlank.find(text.front()) != kBlank.npos || kBlank.find(text.back()) != kBlank.npos);
}

void validate_apparmor(Errors& errors, const FieldPath& path, const Value* profile) {
  if (profile == nullptr) return;
  constexpr std::size_t kMaxPathBytes = 4095;
  std::string_view type = string_at(*profile, "type");
  std::string_view name = string_at(*profile, "localhostProfile");
  FieldPath local = path.child("localhostProfile");
  if (type.empty()) add_required(errors, path.child("type"), "type is required when appArmorProfile is set");
  if ((type == "RuntimeDefault" || type == "Unconfined") && is_present(*profile, "localhostProfile"))
    add_invalid(errors, local, Value(name), "can only be set when AppArmor type is Localhost");
  if (type != "Localhost") return;
  if (is_padded(name)) add_invalid(errors, local, Value(name), "must not be padded with whitespace");
  if (name.empty()) add_required(errors, local, "must be set when AppArmor type is Localhost");
  if (name.size() > kMaxPathBytes) meta::v1::add_too_long(errors, local, kMaxPathBytes);
}

void validate_windows_options(Errors& errors, const FieldPath& path, const Value* options) {
  if (options == nullptr) return;
  constexpr std::size_t kMaxSpecBytes = 64 * 1024;
  if (is_present(*options, "gmsaCredentialSpecName"))
    meta::v1::check_given_name(errors, path.child("gmsaCredentialSpecName"), string_at(*options, "gmsaCredentialSpecName"),
                               dns1123_subdomain_errors);
  if (is_present(*options, "gmsaCredentialSpec")) {
    std::string_view spec = string_at(*options, "gmsaCredentialSpec");
    FieldPath here = path.child("gmsaCredentialSpec");
    if (spec.empty()) add_invalid(errors, here, Value(spec), "gmsaCredentialSpec cannot be an empty string");
    if (spec.size() > kMaxSpecBytes) add_invalid(errors, here, Value(spec), "gmsaCredentialSpec size must be under 64 KiB");
  }
  if (!is_present(*options, "runAsUserName")) return;
  std::string_view user = string_at(*options, "runAsUserName");
  FieldPath here = path.child("runAsUserName");
  if (user.empty()) add_invalid(errors, here, Value(user), "runAsUserName cannot be an empty string");
  if (std::ranges::any_of(user, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    add_invalid(errors, here, Value(user), "runAsUserName cannot contain control characters");
  if (std::ranges::count(user, '\\') > 1)
    add_invalid(errors, here, Value(user), "runAsUserName cannot contain more than one backslash");
}

// Segments of letters, digits, "-" and "_", by "." or "/", each from a letter or digit to one.
bool is_sysctl_name(std::string_view name) {
  constexpr std::size_t kMaxBytes = 253;
  if (name.empty() || name.size() > kMaxBytes) return false;
  auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  for (std::size_t i = 0; i < name.size(); ++i) {
    bool edge =
        i == 0 || i + 1 == name.size() || name[i - 1] == '.' || name[i - 1] == '/' || name[i + 1] == '.' || name[i + 1] == '/';
    bool between = name[i] == '.' || name[i] == '/';
    if (between ? i == 0 || i + 1 == name.size() || !plain(name[i - 1])
                : !plain(name[i]) && (edge || (name[i] != '-' && name[i] != '_')))
      return false;
  }
  return true;
}

enum class Namespace : unsigned char { Other, Net, Ipc };

Namespace namespace_of(std::string name) {
  std::ranges::replace(name, '/', '.');
  if (name.starts_with("net.")) return Namespace::Net;
  bool ipc = name == "kernel.sem" || name.starts_with("kernel.shm") || name.starts_with("kernel.msg") ||
             name.starts_with("fs.mqueue.");
  return ipc ? Namespace::Ipc : Namespace::Other;
}

void validate_sysctls(Errors& errors, const FieldPath& path, const Value& spec, const Value& context) {
  const codec::Array& sysctls = items_at(context, "sysctls");
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < sysctls.size(); ++i) {
    std::string_view name = string_at(sysctls[i], "name");
    FieldPath item = path.at(i);
    FieldPath here = item.child("name");
    if (name.empty())
      add_required(errors, here);
    else if (!is_sysctl_name(name))
      add_invalid(errors, here, Value(name),
                  "must have at most 253 characters and match regex "
                  "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$");
    else if (!seen.insert(name).second)
      meta::v1::add_duplicate(errors, here, name);
    Namespace space = namespace_of(std::string(name));
    if (space == Namespace::Net && is_true(spec, "hostNetwork"))
      add_invalid(errors, here, Value(name), "may not be specified when 'hostNetwork' is true");
    if (space == Namespace::Ipc && is_true(spec, "hostIPC"))
      add_invalid(errors, here, Value(name), "may not be specified when 'hostIPC' is true");
  }
}

void validate_pod_context(Errors& errors, const FieldPath& path, const Value& spec, const Value& context) {
  for (std::string_view id : {"fsGroup", "runAsUser", "runAsGroup"})
    check_range(errors, path.child(id), codec::int_at(context, id), 0, kMaxId);
  const codec::Array& groups = items_at(context, "supplementalGroups");
  FieldPath list = path.child("supplementalGroups");
  for (std::size_t i = 0; i < groups.size(); ++i)
    if (groups[i].is_int64()) check_range(errors, list.at(i), groups[i].get_int64(), 0, kMaxId);
  validate_sysctls(errors, path.child("sysctls"), spec, context);
  validate_seccomp(errors, path.child("seccompProfile"), object_at(context, "seccompProfile"));
  validate_windows_options(errors, path.child("windowsOptions"), object_at(context, "windowsOptions"));
  validate_apparmor(errors, path.child("appArmorProfile"), object_at(context, "appArmorProfile"));
  std::string_view relabel = string_at(context, "seLinuxChangePolicy");
  if (!relabel.empty() && relabel != "Recursive" && relabel != "MountOption")
    meta::v1::add_not_supported(errors, path.child("seLinuxChangePolicy"), relabel, {"MountOption", "Recursive"});
}

// ------------------------------------------------------------------------------------------------- operating systems

constexpr std::string_view kNotOfWindowsPods[] = {"hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"};
constexpr std::string_view kNotOfWindowsPodContexts[] = {"appArmorProfile",     "seLinuxOptions",
                                                         "seccompProfile",      "fsGroup",
                                                         "fsGroupChangePolicy", "sysctls",
                                                         "runAsUser",           "runAsGroup",
                                                         "supplementalGroups",  "supplementalGroupsPolicy",
                                                         "seLinuxChangePolicy"};
constexpr std::string_view kNotOfWindowsContainers[] = {
    "appArmorProfile", "seLinuxOptions", "seccompProfile",           "capabilities", "readOnlyRootFilesystem",
    "privileged",      "procMount",      "allowPrivilegeEscalation", "runAsUser",    "runAsGroup"};

// False and empty are as good as not there where a member is no pointer in Kubernetes.
bool is_set(const Value& owner, std::string_view name) {
  const Value* member = find(owner, name);
  if (member == nullptr || member->is_null() || *member == false) return false;
  return !member->is_array() || !member->get_array().empty();
}

void forbid_set(Errors& errors, const FieldPath& path, const Value* owner, std::span<const std::string_view> members,
                std::string_view why) {
  if (owner == nullptr) return;
  for (std::string_view member : members)
    if (is_set(*owner, member)) add_forbidden(errors, path.child(member), why);
}

void validate_system(Errors& errors, const FieldPath& path, const Value& spec) {
  const Value* os = object_at(spec, "os");
  if (os == nullptr) return;
  FieldPath os_path = path.child("os");
  std::string_view name = string_at(*os, "name");
  if (name.empty()) return add_required(errors, os_path.child("name"));
  if (name != "linux" && name != "windows")
    return meta::v1::add_not_supported(errors, os_path.child("name"), name, {"linux", "windows"});
  static constexpr std::string_view kWindowsOptions[] = {"windowsOptions"};
  bool windows = name == "windows";
  std::string_view why = windows ? "cannot be set for a windows pod" : "windows options cannot be set for a linux pod";
  using Members = std::span<const std::string_view>;
  if (windows) forbid_set(errors, path, &spec, kNotOfWindowsPods, why);
  forbid_set(errors, path.child("securityContext"), object_at(spec, "securityContext"),
             windows ? Members(kNotOfWindowsPodContexts) : Members(kWindowsOptions), why);
  for (std::string_view member : {"initContainers", "containers", "ephemeralContainers"}) {
    const codec::Array& containers = items_at(spec, member);
    FieldPath list = path.child(member);
    for (std::size_t i = 0; i < containers.size(); ++i)
      forbid_set(errors, list.at(i).child("securityContext"), object_at(containers[i], "securityContext"),
                 windows ? Members(kNotOfWindowsContainers) : Members(kWindowsOptions), why);
  }
}

}  // namespace

void validate_pod_security(Errors& errors, const FieldPath& path, const Value& spec) {
  if (is_true(spec, "hostPID") && is_true(spec, "shareProcessNamespace"))
    add_invalid(errors, path.child("securityContext").child("shareProcessNamespace"), Value(true),
                "ShareProcessNamespace and HostPID cannot both be enabled");
  if (const Value* context = object_at(spec, "securityContext"))
    validate_pod_context(errors, path.child("securityContext"), spec, *context);
  if (codec::bool_at(spec, "hostUsers") == false) {
    constexpr std::string_view kWhy = "when `pod.Spec.HostUsers` is false";
    if (is_true(spec, "hostNetwork")) add_forbidden(errors, path.child("hostNetwork"), kWhy);
    if (is_true(spec, "hostPID")) add_forbidden(errors, path.child("HostPID"), kWhy);
    if (is_true(spec, "hostIPC")) add_forbidden(errors, path.child("HostIPC"), kWhy);
  }
  validate_system(errors, path, spec);
}

void validate_container_security(Errors& errors, const FieldPath& path, const ContainerSecurity& given) {
  const Value* context = object_at(given.container, "securityContext");
  if (context == nullptr) return;
  for (std::string_view id : {"runAsUser", "runAsGroup"})
    check_range(errors, path.child(id), codec::int_at(*context, id), 0, kMaxId);
  validate_seccomp(errors, path.child("seccompProfile"), object_at(*context, "seccompProfile"));
  if (codec::bool_at(*context, "allowPrivilegeEscalation") == false) {
    if (is_true(*context, "privileged"))
      add_invalid(errors, path, *context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
    const Value* capabilities = object_at(*context, "capabilities");
    if (capabilities != nullptr && std::ranges::count(items_at(*capabilities, "add"), Value("CAP_SYS_ADMIN")) > 0)
      add_invalid(errors, path, *context,
                  "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
  }
  validate_windows_options(errors, path.child("windowsOptions"), object_at(*context, "windowsOptions"));
  validate_apparmor(errors, path.child("appArmorProfile"), object_at(*context, "appArmorProfile"));
  if (given.host_users && string_at(*context, "procMount") == "Unmasked")
    add_invalid(errors, path.child("procMount"), Value("Unmasked"), "`hostUsers` must be false to use `Unmasked`");
}

}  // namespace charon::core::v1
