#include "cmd/pki/pki.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/bytes.h"

namespace charon::cmd {
namespace {

constexpr std::uint32_t kSecretMode = 0600;
constexpr std::uint32_t kPublicMode = 0644;
// A certificate is valid since a little before it was made, for peers whose clocks are behind.
constexpr std::int64_t kClockSkewSeconds = 3600;

// The file's bytes, nullopt when there is none.
Result<std::optional<std::string>> read_if_there(const rt::Files& files, const std::string& path) {
  auto bytes = files.read(path);
  if (bytes) return std::optional(*std::move(bytes));
  if (bytes.error().reason == Reason::NotFound) return std::nullopt;
  return fail(bytes.error().reason, bytes.error().message + ". Run as root, or choose another folder with --data-dir");
}

std::unexpected<Error> damaged(const std::string& path, const Error& error, const std::string& what_to_do) {
  return fail(Reason::Invalid, path + " is damaged (" + error.message + "). " + what_to_do);
}

constexpr const char* kRestoreAuthority =
    "Restore it from a backup; or remove the whole folder to start with a new authority: every kubeconfig and joined node must "
    "then "
    "be set up again";
constexpr const char* kRemoveAndStart = "Remove it and start again: it is made anew";

Certificate client(const std::string& user, std::vector<std::string> groups) {
  return {.use = CertificateUse::Client, .common_name = user, .organizations = std::move(groups)};
}

Result<Certificate> server(const std::string& name, std::vector<std::string> groups, std::vector<std::string> dns_names,
                           const std::vector<std::string>& ips) {
  Certificate made{.use = CertificateUse::Server, .common_name = name, .organizations = std::move(groups)};
  std::erase(dns_names, "");
  for (const auto& ip : ips) {
    if (ip.empty()) continue;
    TRY_ASSIGN(const std::string canonical, canonical_ip(ip));
    made.ips.push_back(canonical);
  }
  std::ranges::sort(dns_names);
  std::ranges::sort(made.ips);
  const auto unique = [](std::vector<std::string>& sorted) { sorted.erase(std::ranges::unique(sorted).begin(), sorted.end()); };
  unique(dns_names);
  unique(made.ips);
  made.dns_names = std::move(dns_names);
  return made;
}

bool says_the_same(const Certificate& a, const Certificate& b) {
  return a.use == b.use && a.common_name == b.common_name && a.organizations == b.organizations && a.dns_names == b.dns_names &&
         a.ips == b.ips;
}

bool is_current(const Certificate& certificate, Time now, std::int64_t renew_seconds) {
  return certificate.not_before.seconds <= now.seconds && certificate.not_after.seconds - now.seconds >= renew_seconds;
}

}  // namespace

Result<std::unique_ptr<ClusterPki>> ClusterPki::open(rt::Files& files, rt::Random& random, const std::string& dir,
                                                     const PkiOptions& options, Time now) {
  std::unique_ptr<ClusterPki> pki(new ClusterPki(files, random, dir));
  TRY(pki->prepare(options));
  TRY(pki->open_service_account_key());
  TRY(pki->renew_due(now));
  return pki;
}

Result<void> ClusterPki::prepare(const PkiOptions& options) {
  if (auto made = files_.make_dirs(dir_, 0700); !made) {
    return fail(made.error().reason, "the folder of the certificates, " + dir_ + ", cannot be made: " + made.error().message +
                                         ". Run as root, or choose another folder with --data-dir");
  }
  server_url_ = options.server_url;
  kubeconfig_path_ = options.kubeconfig_path;

  std::vector<std::string> ips = options.node_ips;
  ips.insert(ips.end(), {"127.0.0.1", "::1"});
  TRY_ASSIGN(wanted_["kubelet"], server("system:node:" + options.node_name, {"system:nodes"},
                                        {options.node_name, options.hostname, "localhost"}, ips));
  ips.push_back(options.service_ip);
  TRY_ASSIGN(wanted_["apiserver"],
             server("kube-apiserver", {},
                    {"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
                     "localhost", options.hostname, options.node_name},
                    ips));
  wanted_["admin"] = client("kubernetes-admin", {"system:masters"});
  wanted_["controller-manager"] = client("system:kube-controller-manager", {});
  wanted_["scheduler"] = client("system:kube-scheduler", {});
  wanted_["agent-client"] = client("kube-apiserver", {});
  wanted_["node"] = client("system:node:" + options.node_name, {"system:nodes"});
  return {};
}

// The key of the file, made when there is none. Not parsed here: what uses it does, and knows what to advise.
Result<std::string> ClusterPki::key(const std::string& file) {
  TRY_ASSIGN(const auto existing, read_if_there(files_, path(file)));
  if (existing) {
    TRY_ASSIGN(const auto info, files_.info(path(file)));
    if ((info.mode & 077) != 0) TRY(files_.set_mode(path(file), kSecretMode));
    return *existing;
  }
  TRY_ASSIGN(const std::string made, make_key_pem());
  TRY(files_.write_atomic(path(file), made, kSecretMode));
  return made;
}

Result<std::string> ClusterPki::issue(Certificate wanted, const std::string& key_pem, const Issuer& issuer) {
  std::string serial(16, '\0');
  random_.fill(serial);
  return issue_certificate(wanted, key_pem, issuer, serial);
}

Result<void> ClusterPki::open_service_account_key() {
  TRY_ASSIGN(service_account_key_pem_, key("sa.key"));
  auto pub = public_key_pem(service_account_key_pem_);
  if (!pub) {
    return damaged(path("sa.key"), pub.error(),
                   "Restore it from a backup; or remove it: tokens that it signed are refused then");
  }
  service_account_public_pem_ = *std::move(pub);
  TRY_ASSIGN(const auto written, read_if_there(files_, path("sa.pub")));
  if (written == service_account_public_pem_) return {};
  return files_.write_atomic(path("sa.pub"), service_account_public_pem_, kPublicMode);
}

Result<bool> ClusterPki::renew_authority(Time now) {
  TRY_ASSIGN(const auto existing, read_if_there(files_, path("ca.crt")));
  if (existing && !files_.exists(path("ca.key"))) {
    return fail(Reason::Invalid, path("ca.key") + " is missing, but " + path("ca.crt") + " is there. " + kRestoreAuthority);
  }
  TRY_ASSIGN(const std::string key_pem, key("ca.key"));
  Certificate authority{.use = CertificateUse::Authority, .common_name = "charon-ca@" + std::to_string(now.seconds)};
  if (existing) {
    auto read = read_certificate(*existing);
    if (!read) return damaged(path("ca.crt"), read.error(), kRestoreAuthority);
    auto same_key = certificate_has_key(*existing, key_pem);
    if (!same_key) return damaged(path("ca.key"), same_key.error(), kRestoreAuthority);
    if (!*same_key) {
      return fail(Reason::Invalid, path("ca.key") + " does not belong to " + path("ca.crt") + ". " + kRestoreAuthority);
    }
    if (is_current(*read, now, kAuthorityRenewSeconds)) {
      ca_ = {.certificate_pem = *existing, .key_pem = key_pem};
      return false;
    }
    // What it issued names it as issuer.
    authority.common_name = read->common_name;
  }
  authority.not_before = Time{now.seconds - kClockSkewSeconds};
  authority.not_after = Time{now.seconds + kAuthoritySeconds};
  auto made = issue(authority, key_pem, {.certificate_pem = "", .key_pem = key_pem});
  if (!made) return damaged(path("ca.key"), made.error(), kRestoreAuthority);
  TRY(files_.write_atomic(path("ca.crt"), *made, kPublicMode));
  ca_ = {.certificate_pem = *std::move(made), .key_pem = key_pem};
  return true;
}

Result<bool> ClusterPki::renew_leaf(const std::string& name, const Certificate& wanted, Time now) {
  const std::string certificate_path = path(name + ".crt");
  TRY_ASSIGN(const auto existing, read_if_there(files_, certificate_path));
  TRY_ASSIGN(const std::string key_pem, key(name + ".key"));
  if (auto pub = public_key_pem(key_pem); !pub) return damaged(path(name + ".key"), pub.error(), kRemoveAndStart);
  if (existing) {
    auto read = read_certificate(*existing);
    if (!read) return damaged(certificate_path, read.error(), kRemoveAndStart);
    TRY_ASSIGN(const bool same_key, certificate_has_key(*existing, key_pem));
    TRY_ASSIGN(const bool ours, certificate_signed_by(*existing, ca_.key_pem));
    if (same_key && ours && says_the_same(*read, wanted) && is_current(*read, now, kLeafRenewSeconds)) {
      leaves_[name] = {.certificate_pem = *existing, .key_pem = key_pem};
      return false;
    }
  }
  Certificate request = wanted;
  request.not_before = Time{now.seconds - kClockSkewSeconds};
  request.not_after = Time{now.seconds + kLeafSeconds};
  TRY_ASSIGN(std::string made, issue(request, key_pem, ca_));
  TRY(files_.write_atomic(certificate_path, made, kPublicMode));
  leaves_[name] = {.certificate_pem = std::move(made), .key_pem = key_pem};
  return true;
}

Result<void> ClusterPki::write_kubeconfig() {
  if (kubeconfig_path_.empty()) return {};
  const std::string text =
      "apiVersion: v1\n"
      "kind: Config\n"
      "clusters:\n"
      "- name: charon\n"
      "  cluster:\n"
      "    server: \"" +
      server_url_ +
      "\"\n"
      "    certificate-authority-data: " +
      base64_encode(ca_.certificate_pem) +
      "\n"
      "users:\n"
      "- name: admin\n"
      "  user:\n"
      "    client-certificate-data: " +
      base64_encode(admin().certificate_pem) +
      "\n"
      "    client-key-data: " +
      base64_encode(admin().key_pem) +
      "\n"
      "contexts:\n"
      "- name: charon\n"
      "  context:\n"
      "    cluster: charon\n"
      "    user: admin\n"
      "current-context: charon\n";
  TRY_ASSIGN(const auto written, read_if_there(files_, kubeconfig_path_));
  if (written == text) return {};
  return files_.write_atomic(kubeconfig_path_, text, kSecretMode);
}

Result<std::vector<std::string>> ClusterPki::renew_due(Time now) {
  std::vector<std::string> renewed;
  TRY_ASSIGN(const bool authority_renewed, renew_authority(now));
  if (authority_renewed) renewed.emplace_back("ca");
  for (const auto& [name, wanted] : wanted_) {
    TRY_ASSIGN(const bool leaf_renewed, renew_leaf(name, wanted, now));
    if (leaf_renewed) renewed.push_back(name);
  }
  TRY(write_kubeconfig());
  return renewed;
}

}  // namespace charon::cmd
