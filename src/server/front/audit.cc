// What the audit log is told of a request that came over HTTP.
#include <algorithm>

#include "server/front/call.h"
#include "server/proxy/headers.h"
#include "x509/certificate.h"

namespace charon::server {
namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// What proxies say, in their order, then who is connected. All but the last may be a lie of the client's.
std::vector<std::string> source_ips(const net::RequestHead& head) {
  std::vector<std::string> ips;
  std::string_view list = head.headers.get("x-forwarded-for");
  while (!list.empty()) {
    std::size_t comma = std::min(list.find(','), list.size());
    if (auto ip = x509::canonical_ip(std::string(trimmed(list.substr(0, comma))))) ips.push_back(*std::move(ip));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  if (auto ip = x509::canonical_ip(std::string(head.headers.get("x-real-ip"))); ip && std::ranges::find(ips, *ip) == ips.end())
    ips.push_back(*std::move(ip));
  if (!head.peer.host.empty() && (ips.empty() || ips.back() != head.peer.host)) ips.push_back(head.peer.host);
  return ips;
}

}  // namespace

void Front::Call::begin(int code) {
  status = code;
  started = true;
  if (audit && is_long_running(route)) audit->started(code);
}

void Front::begin_audit(Call& call, const Attributes& attributes) {
  const net::RequestHead& head = call.head;
  std::string_view given = head.headers.get("audit-id");
  call.audit_id = given.empty() ? ids_.next() : std::string(given);
  if (auditor_ == nullptr) return;
  call.audit = auditor_->begin(attributes, [&call, &head] {
    return audit::Origin{call.audit_id, with_query(encode_path(head.path), head.query),
                         std::string(head.headers.get("user-agent")), source_ips(head)};
  });
  call.request().audit = call.audit.get();
}

}  // namespace charon::server
