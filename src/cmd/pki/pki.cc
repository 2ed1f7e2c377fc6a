#include "cmd/pki/pki.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/bytes.h"

namespace charon::cmd {

using x509::Certificate;
using x509::CertificateUse;
using x509::Issuer;

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
constexpr std::string_view kFrontProxyClient = "front-proxy-client";
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
    TRY_ASSIGN(const std::string canonical, x509::canonical_ip(ip));
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
  wanted_[std::string(kFrontProxyClient)] = client("front-proxy-client", {});
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
  TRY_ASSIGN(const std::string made, x509::make_key_pem());
  TRY(files_.write_atomic(path(file), made, kSecretMode));
  return made;
}

Result<std::string> ClusterPki::issue(Certificate wanted, const std::string& key_pem, const Issuer& issuer) {
  std::string serial(16, '\0');
  random_.fill(serial);
  return x509::issue_certificate(wanted, key_pem, issuer, serial);
}

namespace {

constexpr std::string_view kKeyBegin = "-----BEGIN PUBLIC KEY-----";
constexpr std::string_view kKeyEnd = "-----END PUBLIC KEY-----\n";
constexpr std::string_view kSince = "# signs since ";

// One public half in sa.pub, with the line before it.
struct AcceptedKey {
  std::int64_t since_s = 0;  // 0: not told
  std::string pem;
};

std::vector<AcceptedKey> read_accepted(std::string_view text) {
  std::vector<AcceptedKey> keys;
  while (true) {
    const std::size_t begin = text.find(kKeyBegin);
    const std::size_t end = text.find(kKeyEnd, begin == std::string_view::npos ? 0 : begin);
    if (begin == std::string_view::npos || end == std::string_view::npos) return keys;
    AcceptedKey& key = keys.emplace_back();
    key.pem = text.substr(begin, end + kKeyEnd.size() - begin);
    if (const std::size_t since = text.substr(0, begin).rfind(kSince); since != std::string_view::npos)
      key.since_s = std::atoll(std::string(text.substr(since + kSince.size(), begin - since - kSince.size())).c_str());
    text.remove_prefix(end + kKeyEnd.size());
  }
}

std::string write_accepted(const std::vector<AcceptedKey>& keys) {
  std::string text;
  for (const AcceptedKey& key : keys) text += std::string(kSince) + std::to_string(key.since_s) + "\n" + key.pem;
  return text;
}

}  // namespace

// Writes the public half to the front of sa.pub, where it is not there yet. Before the key itself is written: a crash in
// between leaves a public key too many, never a token that is not accepted.
Result<void> ClusterPki::keep_service_account_key(const std::string& key_pem, Time now) {
  auto pub = x509::public_key_pem(key_pem);
  if (!pub) {
    return damaged(path("sa.key"), pub.error(),
                   "Restore it from a backup; or remove it: tokens that it signed are refused then");
  }
  TRY_ASSIGN(const auto written, read_if_there(files_, path("sa.pub")));
  std::vector<AcceptedKey> keys = read_accepted(written.value_or(""));
  auto own = std::ranges::find(keys, *pub, &AcceptedKey::pem);
  AcceptedKey first{now.seconds, *pub};
  if (own != keys.end()) {
    if (own->since_s != 0) first.since_s = own->since_s;
    keys.erase(own);
  }
  keys.insert(keys.begin(), std::move(first));
  if (keys.size() > kServiceAccountKeys) keys.resize(kServiceAccountKeys);
  service_account_public_pem_ = write_accepted(keys);
  if (written == service_account_public_pem_) return {};
  return files_.write_atomic(path("sa.pub"), service_account_public_pem_, kPublicMode);
}

Result<void> ClusterPki::rotate_service_account_key(rt::Files& files, rt::Random& random, const std::string& dir, Time now) {
  ClusterPki pki(files, random, dir);
  TRY_ASSIGN(const std::string made, x509::make_key_pem());
  TRY_ASSIGN(const std::string present, pki.key("sa.key"));
  TRY(pki.keep_service_account_key(present, now));
  TRY(pki.keep_service_account_key(made, now));
  return files.write_atomic(pki.path("sa.key"), made, kSecretMode);
}

// True when the key is another than at the last call; not at the first.
Result<bool> ClusterPki::renew_service_account_key(Time now) {
  const std::string before = service_account_key_pem_;
  TRY_ASSIGN(service_account_key_pem_, key("sa.key"));
  TRY(keep_service_account_key(service_account_key_pem_, now));
  const std::vector<AcceptedKey> keys = read_accepted(service_account_public_pem_);
  if (now.seconds - keys.front().since_s >= kServiceAccountKeySeconds) {
    TRY(rotate_service_account_key(files_, random_, dir_, now));
    TRY_ASSIGN(service_account_key_pem_, key("sa.key"));
    TRY(keep_service_account_key(service_account_key_pem_, now));
  }
  return !before.empty() && before != service_account_key_pem_;
}

Result<bool> ClusterPki::renew_authority(const std::string& name, Issuer& issuer, Time now) {
  const std::string certificate_path = path(name + ".crt");
  const std::string key_path = path(name + ".key");
  TRY_ASSIGN(const auto existing, read_if_there(files_, certificate_path));
  if (existing && !files_.exists(key_path)) {
    return fail(Reason::Invalid, key_path + " is missing, but " + certificate_path + " is there. " + kRestoreAuthority);
  }
  TRY_ASSIGN(const std::string key_pem, key(name + ".key"));
  Certificate authority{.use = CertificateUse::Authority, .common_name = "charon-" + name + "@" + std::to_string(now.seconds)};
  if (existing) {
    auto read = x509::read_certificate(*existing);
    if (!read) return damaged(certificate_path, read.error(), kRestoreAuthority);
    auto same_key = x509::certificate_has_key(*existing, key_pem);
    if (!same_key) return damaged(key_path, same_key.error(), kRestoreAuthority);
    if (!*same_key) {
      return fail(Reason::Invalid, key_path + " does not belong to " + certificate_path + ". " + kRestoreAuthority);
    }
    if (is_current(*read, now, kAuthorityRenewSeconds)) {
      const bool by_another = !issuer.certificate_pem.empty() && issuer.certificate_pem != *existing;
      issuer = {.certificate_pem = *existing, .key_pem = key_pem};
      return by_another;
    }
    // What it issued names it as issuer.
    authority.common_name = read->common_name;
  }
  authority.not_before = Time{now.seconds - kClockSkewSeconds};
  authority.not_after = Time{now.seconds + kAuthoritySeconds};
  auto made = issue(authority, key_pem, {.certificate_pem = "", .key_pem = key_pem});
  if (!made) return damaged(key_path, made.error(), kRestoreAuthority);
  TRY(files_.write_atomic(certificate_path, *made, kPublicMode));
  issuer = {.certificate_pem = *std::move(made), .key_pem = key_pem};
  return true;
}

Result<bool> ClusterPki::renew_leaf(const std::string& name, const Certificate& wanted, Time now) {
  const Issuer& issuer = name == kFrontProxyClient ? proxy_ca_ : ca_;
  const std::string certificate_path = path(name + ".crt");
  TRY_ASSIGN(const auto existing, read_if_there(files_, certificate_path));
  TRY_ASSIGN(const std::string key_pem, key(name + ".key"));
  if (auto pub = x509::public_key_pem(key_pem); !pub) return damaged(path(name + ".key"), pub.error(), kRemoveAndStart);
  if (existing) {
    auto read = x509::read_certificate(*existing);
    if (!read) return damaged(certificate_path, read.error(), kRemoveAndStart);
    TRY_ASSIGN(const bool same_key, x509::certificate_has_key(*existing, key_pem));
    TRY_ASSIGN(const bool ours, x509::certificate_signed_by(*existing, issuer.key_pem));
    if (same_key && ours && says_the_same(*read, wanted) && is_current(*read, now, kLeafRenewSeconds)) {
      net::KeyPair& held = leaves_[name];
      const bool by_another = !held.certificate_pem.empty() && held.certificate_pem != *existing;
      held = {.certificate_pem = *existing, .key_pem = key_pem};
      return by_another;
    }
  }
  Certificate request = wanted;
  request.not_before = Time{now.seconds - kClockSkewSeconds};
  request.not_after = Time{now.seconds + kLeafSeconds};
  TRY_ASSIGN(std::string made, issue(request, key_pem, issuer));
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
  TRY_ASSIGN(const bool key_renewed, renew_service_account_key(now));
  if (key_renewed) renewed.emplace_back("sa");
  TRY_ASSIGN(const bool authority_renewed, renew_authority("ca", ca_, now));
  if (authority_renewed) renewed.emplace_back("ca");
  TRY_ASSIGN(const bool proxy_authority_renewed, renew_authority("front-proxy-ca", proxy_ca_, now));
  if (proxy_authority_renewed) renewed.emplace_back("front-proxy-ca");
  for (const auto& [name, wanted] : wanted_) {
    TRY_ASSIGN(const bool leaf_renewed, renew_leaf(name, wanted, now));
    if (leaf_renewed) renewed.push_back(name);
  }
  TRY(write_kubeconfig());
  return renewed;
}

}  // namespace charon::cmd
