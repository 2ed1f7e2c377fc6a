#include "server/admission/service_ip/service_ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "api/core/v1/types.h"
#include "base/check.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "model/kind.h"
#include "schema/validate.h"

namespace charon::server {
namespace {

using codec::Object;
using codec::Value;
using core::v1::Service;
using schema::FieldError;
using schema::FieldErrors;

constexpr std::chrono::seconds kReservation{5};  // longer than any commit takes
constexpr int kFirstPort = 30000;
constexpr int kLastPort = 32767;

std::optional<std::uint32_t> parse_ip(const std::string& text) {
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

std::string ip_text(std::uint32_t ip) {
  in_addr address{htonl(ip)};
  char text[INET_ADDRSTRLEN] = {};
  inet_ntop(AF_INET, &address, text, sizeof text);
  return text;
}

struct Range {
  std::string text;
  std::uint32_t first = 0;  // the first address that may be given: the one after the network's own
  std::uint32_t last = 0;   // before the broadcast address
};

Range parse_range(const std::string& cidr) {
  std::size_t slash = cidr.find('/');
  CHECK(slash != std::string::npos);
  auto base = parse_ip(cidr.substr(0, slash));
  int bits = 0;
  std::from_chars(cidr.data() + slash + 1, cidr.data() + cidr.size(), bits);
  CHECK(base.has_value() && bits >= 8 && bits <= 28);
  std::uint32_t size = 1u << (32 - bits);
  std::uint32_t network = *base & ~(size - 1);
  return {cidr, network + 1, network + size - 2};
}

bool has_cluster_ip(std::string_view type) { return type != "ExternalName"; }
bool has_node_ports(std::string_view type) { return type == "NodePort" || type == "LoadBalancer"; }

// What other Services have, and what was handed out a moment ago.
struct Taken {
  std::set<std::uint32_t> ips;
  std::set<int> ports;
};

class ServiceIpAllocator final : public AdmissionPlugin {
 public:
  ServiceIpAllocator(const rt::Clock& clock, rt::Random& random, Caches& caches, const std::string& cidr)
      : clock_(clock),
        random_(random),
        services_(caches.of(*model::find_kind({"", "v1"}, "Service"))),
        range_(parse_range(cidr)) {}
  std::string_view name() const override { return "ServiceIPAllocator"; }

  rt::Task<Result<void>> admit(AdmissionReview review) override {
    const Request& request = *review.request;
    bool writes = review.operation == Operation::Create || review.operation == Operation::Update;
    if (!writes || request.kind != &services_.kind() || !request.subresource.empty()) co_return Result<void>();
    co_return allocate(request, *review.object, review.before);
  }

 private:
  struct Reservation {
    ObjectKey owner;
    rt::Instant until;
  };

  Result<void> allocate(const Request& request, Value& object, const DocumentPtr& before_document) {
    ObjectKey key{request.ns, request.name};
    std::shared_ptr<const Service> before = before_document ? before_document->as<Service>() : nullptr;
    Taken taken = taken_by_others(key);
    FieldErrors errors;
    std::string type(codec::string_at_path(object, {"spec", "type"}));
    Object& spec = codec::ensure_object(object, {"spec"});
    if (has_cluster_ip(type)) {
      allocate_ip(object, spec, before.get(), taken, key, errors);
    } else if (before && has_cluster_ip(before->spec.type)) {
      for (std::string_view member : {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"}) spec.erase(member);
    }
    allocate_ports(object, type, before.get(), taken, key, errors);
    allocate_health_port(object, spec, before.get(), taken, key, errors);
    if (errors.empty()) return {};
    return fail(schema::invalid_error("Service", "", request.name, errors));
  }

  Taken taken_by_others(const ObjectKey& key) {
    Taken taken;
    services_.each({}, nullptr, [&](const DocumentPtr& document) {
      if (document->key() == key) return true;
      auto service = document->as<Service>();
      for (const std::string& text : service->spec.clusterIPs)
        if (auto ip = parse_ip(text)) taken.ips.insert(*ip);
      for (const auto& port : service->spec.ports)
        if (port.nodePort != 0) taken.ports.insert(port.nodePort);
      if (service->spec.healthCheckNodePort != 0) taken.ports.insert(service->spec.healthCheckNodePort);
      return true;
    });
    rt::Instant now = clock_.now();
    std::erase_if(ip_reservations_, [now](const auto& item) { return item.second.until < now; });
    std::erase_if(port_reservations_, [now](const auto& item) { return item.second.until < now; });
    for (const auto& [ip, reservation] : ip_reservations_)
      if (reservation.owner != key) taken.ips.insert(ip);
    for (const auto& [port, reservation] : port_reservations_)
      if (reservation.owner != key) taken.ports.insert(port);
    return taken;
  }

  void allocate_ip(const Value& object, Object& spec, const Service* before, const Taken& taken, const ObjectKey& key,
                   FieldErrors& errors) {
    std::string given(codec::string_at_path(object, {"spec", "clusterIP"}));
    if (const Value* list = codec::find_path(object, {"spec", "clusterIPs"});
        given.empty() && list != nullptr && list->is_array() && !list->get_array().empty() && list->get_array()[0].is_string())
      given = codec::view(list->get_array()[0].get_string());
    if (const Value* families = codec::find_path(object, {"spec", "ipFamilies"}); families != nullptr && families->is_array())
      for (const Value& family : families->get_array())
        if (family.is_string() && codec::view(family.get_string()) != "IPv4")
          errors.push_back(
              {FieldError::Kind::Invalid, "spec.ipFamilies[0]", codec::write_json(family), "not configured on this cluster"});
    if (!errors.empty()) return;
    std::string kept = before != nullptr && has_cluster_ip(before->spec.type) ? before->spec.clusterIP : "";
    if (given.empty()) given = kept;
    if (!kept.empty() && given != kept) {
      errors.push_back(
          {FieldError::Kind::Invalid, "spec.clusterIPs[0]", codec::write_json(Value(given)), "may not change once set"});
      return;
    }
    if (given.empty()) {
      auto ip = free_ip(taken);
      if (!ip) {
        errors.push_back(
            {FieldError::Kind::InternalError, "spec.clusterIPs", "", "failed to allocate a serviceIP: range is full"});
        return;
      }
      given = ip_text(*ip);
    } else if (given != "None" && given != kept && !check_ip(given, taken, errors)) {
      return;
    }
    if (auto ip = parse_ip(given)) ip_reservations_[*ip] = {key, clock_.now() + kReservation};
    spec["clusterIP"] = given;
    codec::Array list;
    list.emplace_back(given);
    spec["clusterIPs"] = std::move(list);
    if (!spec.contains("ipFamilies")) {
      codec::Array families;
      families.emplace_back("IPv4");
      spec["ipFamilies"] = std::move(families);
    }
    if (!spec.contains("ipFamilyPolicy")) spec["ipFamilyPolicy"] = "SingleStack";
  }

  bool check_ip(const std::string& given, const Taken& taken, FieldErrors& errors) const {
    auto ip = parse_ip(given);
    std::string detail;
    if (!ip) {
      errors.push_back({FieldError::Kind::Invalid, "spec.clusterIPs[0]", codec::write_json(Value(given)),
                        "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"});
      return false;
    }
    if (*ip < range_.first || *ip > range_.last)
      detail = "the provided IP (" + given + ") is not in the valid range. The range of valid IPs is " + range_.text;
    if (detail.empty() && taken.ips.contains(*ip)) detail = "provided IP is already allocated";
    if (detail.empty()) return true;
    codec::Array value;
    value.emplace_back(given);
    errors.push_back({FieldError::Kind::Invalid, "spec.clusterIPs", codec::write_json(Value(std::move(value))),
                      "failed to allocate IP " + given + ": " + detail});
    return false;
  }

  // From a random place of the upper band on, then in the lower band.
  std::optional<std::uint32_t> free_ip(const Taken& taken) const {
    std::uint32_t size = range_.last - range_.first + 1;
    std::uint32_t lower = std::min(std::max(16u, size / 16), 256u);
    auto scan = [&](std::uint32_t from, std::uint32_t count) -> std::optional<std::uint32_t> {
      if (count == 0) return std::nullopt;
      std::uint32_t start = static_cast<std::uint32_t>(random_.below(count));
      for (std::uint32_t i = 0; i < count; ++i)
        if (std::uint32_t ip = from + (start + i) % count; !taken.ips.contains(ip)) return ip;
      return std::nullopt;
    };
    if (size <= lower) return scan(range_.first, size);
    if (auto ip = scan(range_.first + lower, size - lower)) return ip;
    return scan(range_.first, lower);
  }

  void allocate_ports(Value& object, std::string_view type, const Service* before, Taken& taken, const ObjectKey& key,
                      FieldErrors& errors) {
    const Value* list = codec::find_path(object, {"spec", "ports"});
    if (list == nullptr || !list->is_array()) return;
    bool wanted = has_node_ports(type);
    if (const Value* spec = codec::find(object, "spec"); type == "LoadBalancer" && spec != nullptr)
      wanted = codec::bool_at(*spec, "allocateLoadBalancerNodePorts").value_or(true);
    std::set<int> own;  // one number may serve several protocols of one Service
    std::size_t index = 0;
    for (Value& port : object.at("spec").at("ports").as_array()) {
      std::string field = "spec.ports[" + std::to_string(index++) + "].nodePort";
      if (!port.is_object()) continue;
      int had = before == nullptr ? 0 : node_port_before(*before, port);
      int given = static_cast<int>(codec::int_at(port, "nodePort").value_or(0));
      if (!has_node_ports(type)) {
        // A change from NodePort to ClusterIP gives the ports back.
        if (given != 0 && given == had) port.get_object().erase("nodePort");
        continue;
      }
      if (given == 0) given = had;
      if (given == 0 && !wanted) continue;
      if (given == 0) {
        given = free_port(taken, own);
        if (given == 0) {
          errors.push_back({FieldError::Kind::InternalError, field, "", "failed to allocate a nodePort: range is full"});
          continue;
        }
      } else if (given != had && !check_port(field, given, taken, errors)) {
        continue;
      }
      own.insert(given);
      port_reservations_[given] = {key, clock_.now() + kReservation};
      port.get_object()["nodePort"] = given;
    }
    taken.ports.insert(own.begin(), own.end());
  }

  static int node_port_before(const Service& before, const Value& port) {
    if (!has_node_ports(before.spec.type)) return 0;
    std::string_view protocol = codec::string_at(port, "protocol");
    for (const auto& old : before.spec.ports)
      if (old.port == codec::int_at(port, "port").value_or(0) && old.protocol == (protocol.empty() ? "TCP" : protocol))
        return old.nodePort;
    return 0;
  }

  static bool check_port(const std::string& field, int port, const Taken& taken, FieldErrors& errors) {
    std::string detail;
    if (port < kFirstPort || port > kLastPort)
      detail = "provided port is not in the valid range. The range of valid ports is 30000-32767";
    if (detail.empty() && taken.ports.contains(port)) detail = "provided port is already allocated";
    if (detail.empty()) return true;
    errors.push_back({FieldError::Kind::Invalid, field, std::to_string(port), detail});
    return false;
  }

  int free_port(const Taken& taken, const std::set<int>& own) const {
    constexpr int kCount = kLastPort - kFirstPort + 1;
    int start = static_cast<int>(random_.below(kCount));
    for (int i = 0; i < kCount; ++i)
      if (int port = kFirstPort + (start + i) % kCount; !taken.ports.contains(port) && !own.contains(port)) return port;
    return 0;
  }

  // One that is given where none is wanted is validation's to refuse.
  void allocate_health_port(const Value& object, Object& spec, const Service* before, const Taken& taken, const ObjectKey& key,
                            FieldErrors& errors) {
    if (codec::string_at_path(object, {"spec", "type"}) != "LoadBalancer" ||
        codec::string_at_path(object, {"spec", "externalTrafficPolicy"}) != "Local")
      return;
    const int had = before == nullptr ? 0 : before->spec.healthCheckNodePort;
    int port = static_cast<int>(codec::int_at(*codec::find(object, "spec"), "healthCheckNodePort").value_or(0));
    if (port == 0) port = had != 0 ? had : free_port(taken, {});
    if (port == 0 || (port != had && !check_port("spec.healthCheckNodePort", port, taken, errors))) return;
    port_reservations_[port] = {key, clock_.now() + kReservation};
    spec["healthCheckNodePort"] = port;
  }

  const rt::Clock& clock_;
  rt::Random& random_;
  Cache& services_;
  Range range_;
  std::map<std::uint32_t, Reservation> ip_reservations_;
  std::map<int, Reservation> port_reservations_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_service_ip_allocator(const rt::Clock& clock, rt::Random& random, Caches& caches,
                                                           const std::string& cidr) {
  return std::make_unique<ServiceIpAllocator>(clock, random, caches, cidr);
}

}  // namespace charon::server
