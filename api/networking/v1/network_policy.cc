#include <optional>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"

namespace charon::networking::v1 {

namespace {

void cells_of(const codec::Value& policy, Time, codec::Array& cells) {
  meta::v1::add_cell(cells, meta::v1::selector_text(codec::find_path(policy, {"spec", "podSelector"})));
}

// Every policy is about ingress, and about egress when it has rules for it.
void set_defaults(codec::Value& policy) {
  if (!meta::v1::items_of(codec::find_path(policy, {"spec", "policyTypes"})).empty()) return;
  codec::Array types = {"Ingress"};
  if (!meta::v1::items_of(codec::find_path(policy, {"spec", "egress"})).empty()) types.emplace_back("Egress");
  codec::ensure_object(policy, {"spec"})["policyTypes"] = std::move(types);
}

using codec::Value;
using meta::v1::FieldPath;

void validate_ports(schema::FieldErrors& errors, const FieldPath& path, const Value& rule) {
  const codec::Array& ports = meta::v1::items_at(rule, "ports");
  for (std::size_t i = 0; i < ports.size(); ++i) {
    FieldPath here = path.at(i);
    const Value* port = codec::find(ports[i], "port");
    std::optional<std::int64_t> end = codec::int_at(ports[i], "endPort");
    if (port != nullptr) meta::v1::check_port(errors, here.child("port"), port);
    std::string_view protocol = codec::string_at(ports[i], "protocol");
    if (!protocol.empty() && protocol != "TCP" && protocol != "UDP" && protocol != "SCTP")
      meta::v1::add_not_supported(errors, here.child("protocol"), protocol, {"SCTP", "TCP", "UDP"});
    if (!end) continue;
    meta::v1::check_range(errors, here.child("endPort"), end, 1, 65535);
    if (port == nullptr)
      meta::v1::add_required(errors, here.child("port"), "must be specified when `endPort` is specified");
    else if (!port->is_int64())
      meta::v1::add_invalid(errors, here.child("endPort"), Value(*end), "may not be specified when `port` is non-numeric");
    else if (*end < port->get_int64())
      meta::v1::add_invalid(errors, here.child("endPort"), Value(*end), "must be greater than or equal to `port`");
  }
}

void validate_peers(schema::FieldErrors& errors, const FieldPath& path, const codec::Array& peers) {
  for (std::size_t i = 0; i < peers.size(); ++i) {
    FieldPath here = path.at(i);
    const Value* block = codec::find(peers[i], "ipBlock");
    const Value* pods = codec::find(peers[i], "podSelector");
    const Value* spaces = codec::find(peers[i], "namespaceSelector");
    meta::v1::check_selector(errors, here.child("podSelector"), pods);
    meta::v1::check_selector(errors, here.child("namespaceSelector"), spaces);
    if (block == nullptr && pods == nullptr && spaces == nullptr) meta::v1::add_required(errors, here, "must specify a peer");
    if (block == nullptr) continue;
    if (pods != nullptr || spaces != nullptr)
      meta::v1::add_forbidden(errors, here, "may not specify both ipBlock and another peer");
    std::string_view cidr = codec::string_at(*block, "cidr");
    FieldPath block_path = here.child("ipBlock");
    if (cidr.empty())
      meta::v1::add_required(errors, block_path.child("cidr"));
    else
      meta::v1::check_cidr(errors, block_path.child("cidr"), cidr);
    const codec::Array& except = meta::v1::items_at(*block, "except");
    FieldPath list = block_path.child("except");
    for (std::size_t k = 0; k < except.size(); ++k) {
      std::string text = meta::v1::scalar_text(&except[k]);
      meta::v1::check_cidr(errors, list.at(k), text);
      if (meta::v1::is_cidr(text) && meta::v1::is_cidr(cidr) && !meta::v1::is_strict_subset(text, cidr))
        meta::v1::add_invalid(errors, list.at(k), except[k], "must be a strict subset of `cidr`");
    }
  }
}

void validate(const Value& policy, const model::WriteContext&, schema::FieldErrors& errors) {
  FieldPath spec("spec");
  meta::v1::check_selector(errors, spec.child("podSelector"), codec::find_path(policy, {"spec", "podSelector"}));
  const codec::Array& types = meta::v1::items_of(codec::find_path(policy, {"spec", "policyTypes"}));
  if (types.size() > 2)
    meta::v1::add_invalid(errors, spec.child("policyTypes"), Value(types), "may not specify more than two policyTypes");
  struct Direction {
    std::string_view rules;
    std::string_view peers;
  };
  for (Direction direction : {Direction{"ingress", "from"}, Direction{"egress", "to"}}) {
    const codec::Array& rules = meta::v1::items_of(codec::find_path(policy, {"spec", direction.rules}));
    FieldPath list = spec.child(direction.rules);
    for (std::size_t i = 0; i < rules.size(); ++i) {
      FieldPath rule = list.at(i);
      validate_ports(errors, rule.child("ports"), rules[i]);
      validate_peers(errors, rule.child(direction.peers), meta::v1::items_at(rules[i], direction.peers));
    }
  }
}

}  // namespace

const model::KindRules network_policy_rules = {.set_defaults = set_defaults, .validate = validate, .cells = cells_of};

}  // namespace charon::networking::v1
