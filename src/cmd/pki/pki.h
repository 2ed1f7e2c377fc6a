// ClusterPki: the certificates and keys of one cluster, made at the first start and renewed without a person.
//
// Files of the directory (keys 0600, the rest 0644):
//   ca.crt ca.key                          the cluster's authority, 10 years; signed anew with the same key in its last year,
//                                          so that what it issued, and who trusts its key, go on
//   apiserver.{crt,key}                    HTTPS of the API server
//   kubelet.{crt,key}                      HTTPS of this node's agent
//   admin, controller-manager, scheduler, node, agent-client .{crt,key}    clients; the subject is user (CN) and groups (O)
//   front-proxy-ca.{crt,key}               the authority of front proxies (the aggregation layer), as long-lived as ca
//   front-proxy-client.{crt,key}           with which the API server speaks for its users to aggregated servers
//   sa.key sa.pub                          ECDSA P-256, signs service-account tokens (ES256); sa.pub holds the public halves of
//                                          this key and of those before it, each with the time since when it signed
// and the administrator's kubeconfig, with everything embedded.
//
// Certificates other than the authority's are valid for a year and are issued anew, for the same key, in their last 30 days,
// when they expired (the machine was off), when they are not valid yet (the clock was wrong), and when a name, address or the
// authority changed. Owned by cmd; one thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/tls.h"
#include "rt/files.h"
#include "rt/random.h"
#include "x509/certificate.h"

namespace charon::cmd {

struct PkiOptions {
  std::string node_name;
  std::string hostname;
  std::vector<std::string> node_ips;     // literal addresses
  std::string service_ip = "10.43.0.1";  // of the Service default/kubernetes
  std::string server_url;                // in the kubeconfig: "https://127.0.0.1:6443"
  std::string kubeconfig_path;           // "<data-dir>/admin.kubeconfig"
};

class ClusterPki final {
 public:
  static constexpr std::int64_t kAuthoritySeconds = 10LL * 365 * 86400;
  static constexpr std::int64_t kAuthorityRenewSeconds = 365LL * 86400;
  static constexpr std::int64_t kLeafSeconds = 365LL * 86400;
  static constexpr std::int64_t kLeafRenewSeconds = 30LL * 86400;
  // The key of service account tokens is replaced after a year; tokens of the last five are accepted.
  static constexpr std::int64_t kServiceAccountKeySeconds = 365LL * 86400;
  static constexpr std::size_t kServiceAccountKeys = 5;

  // Reads the directory, and makes or renews what is missing or due. The interfaces must outlive the object.
  // Forbidden when the directory cannot be used; Invalid when a file is damaged or the authority's halves do not belong
  // together. The message says what to do; nothing that exists is overwritten then.
  static Result<std::unique_ptr<ClusterPki>> open(rt::Files& files, rt::Random& random, const std::string& dir,
                                                  const PkiOptions& options, Time now);

  // Makes a new key of service account tokens now; a running server takes it with its next renew_due. `dir`: as in open.
  static Result<void> rotate_service_account_key(rt::Files& files, rt::Random& random, const std::string& dir, Time now);

  // Renews what is due; call it daily. The names of what is new since the last call ("ca", "apiserver", "sa" ...), issued
  // here or by another process on this directory: its user takes the new one from here. On an error everything stays as it was,
  // or is renewed for a part, and the next call goes on.
  Result<std::vector<std::string>> renew_due(Time now);

  const std::string& ca_pem() const { return ca_.certificate_pem; }
  const std::string& ca_key_pem() const { return ca_.key_pem; }
  const net::KeyPair& api_server() const { return leaf("apiserver"); }
  const net::KeyPair& kubelet() const { return leaf("kubelet"); }
  const net::KeyPair& admin() const { return leaf("admin"); }
  const net::KeyPair& controller_manager() const { return leaf("controller-manager"); }
  const net::KeyPair& scheduler() const { return leaf("scheduler"); }
  // With which the API server calls the agents.
  const net::KeyPair& agent_client() const { return leaf("agent-client"); }
  const net::KeyPair& node() const { return leaf("node"); }
  const std::string& front_proxy_ca_pem() const { return proxy_ca_.certificate_pem; }
  const net::KeyPair& front_proxy_client() const { return leaf("front-proxy-client"); }
  const std::string& service_account_key_pem() const { return service_account_key_pem_; }
  // Of all keys that are accepted, the newest first.
  const std::string& service_account_public_pem() const { return service_account_public_pem_; }

 private:
  ClusterPki(rt::Files& files, rt::Random& random, std::string dir) : files_(files), random_(random), dir_(std::move(dir)) {}

  const net::KeyPair& leaf(const std::string& name) const { return leaves_.at(name); }
  std::string path(const std::string& file) const { return dir_ + "/" + file; }
  Result<void> prepare(const PkiOptions& options);
  Result<bool> renew_authority(const std::string& name, x509::Issuer& authority, Time now);
  Result<bool> renew_leaf(const std::string& name, const x509::Certificate& wanted, Time now);
  Result<bool> renew_service_account_key(Time now);
  Result<void> keep_service_account_key(const std::string& key_pem, Time now);
  Result<void> write_kubeconfig();
  Result<std::string> key(const std::string& file);
  Result<std::string> issue(x509::Certificate wanted, const std::string& key_pem, const x509::Issuer& issuer);

  rt::Files& files_;
  rt::Random& random_;
  std::string dir_;
  std::string server_url_;
  std::string kubeconfig_path_;
  std::map<std::string, x509::Certificate> wanted_;  // by name, without times
  x509::Issuer ca_;
  x509::Issuer proxy_ca_;
  std::map<std::string, net::KeyPair> leaves_;
  std::string service_account_key_pem_;
  std::string service_account_public_pem_;
};

}  // namespace charon::cmd
