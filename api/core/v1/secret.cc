#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/bytes.h"
#include "base/names.h"
#include "codec/json.h"

namespace charon::core::v1 {

using codec::Value;

namespace {

void cells_of(const Value& secret, Time, codec::Array& cells) {
  const Value* data = codec::find(secret, "data");
  meta::v1::add_cell(cells, data != nullptr && data->is_object() ? static_cast<std::int64_t>(data->get_object().size()) : 0);
}

constexpr std::size_t kMaxBytes = 1024 * 1024;

// The keys that a type of secret must have.
void check_type(const Value& secret, schema::FieldErrors& errors) {
  struct Needs {
    std::string_view type;
    std::string_view key;
  };
  constexpr Needs kNeeds[] = {{"kubernetes.io/dockerconfigjson", ".dockerconfigjson"},
                              {"kubernetes.io/dockercfg", ".dockercfg"},
                              {"kubernetes.io/ssh-auth", "ssh-privatekey"},
                              {"kubernetes.io/tls", "tls.crt"},
                              {"kubernetes.io/tls", "tls.key"}};
  std::string_view type = codec::string_at(secret, "type");
  meta::v1::FieldPath data("data");
  for (std::string_view key : {".dockerconfigjson", ".dockercfg"}) {
    if (type != "kubernetes.io/" + std::string(key.substr(1))) continue;
    const Value* config = codec::find_path(secret, {"data", key});
    if (config == nullptr || !config->is_string()) continue;
    auto text = base64_decode(codec::view(config->get_string()));
    if (!text || !codec::parse_json(*text))
      meta::v1::add_invalid(errors, data.key(key), Value("<secret contents redacted>"), "invalid character");
  }
  for (const Needs& needs : kNeeds)
    if (needs.type == type && codec::find_path(secret, {"data", needs.key}) == nullptr)
      meta::v1::add_required(errors, data.key(needs.key));
  if (type == "kubernetes.io/basic-auth" && codec::find_path(secret, {"data", "username"}) == nullptr &&
      codec::find_path(secret, {"data", "password"}) == nullptr) {
    meta::v1::add_required(errors, data.key("username"));
    meta::v1::add_required(errors, data.key("password"));
  }
  meta::v1::FieldPath metadata("metadata");
  meta::v1::FieldPath annotations = metadata.child("annotations");
  constexpr std::string_view kAccount = "kubernetes.io/service-account.name";
  if (type == "kubernetes.io/service-account-token" &&
      codec::string_at_path(secret, {"metadata", "annotations", kAccount}).empty())
    meta::v1::add_required(errors, annotations.key(kAccount));
}

void validate(const Value& secret, const model::WriteContext& context, schema::FieldErrors& errors) {
  std::size_t bytes = 0;
  meta::v1::FieldPath path("data");
  if (const Value* data = codec::find(secret, "data"); data != nullptr && data->is_object()) {
    for (const auto& [key, value] : data->get_object()) {
      std::string_view name(key.data(), key.size());
      meta::v1::check_name(errors, path.key(name), name, config_map_key_errors);
      if (value.is_string()) bytes += value.get_string().size() / 4 * 3;
    }
  }
  if (bytes > kMaxBytes) meta::v1::add_too_long(errors, path, kMaxBytes);
  check_type(secret, errors);
  if (context.before == nullptr) return;
  meta::v1::check_immutable(errors, meta::v1::FieldPath("type"), codec::find(*context.before, "type"),
                            codec::find(secret, "type"));
  if (!codec::bool_at(*context.before, "immutable").value_or(false)) return;
  if (!codec::bool_at(secret, "immutable").value_or(false))
    meta::v1::add_forbidden(errors, meta::v1::FieldPath("immutable"), "field is immutable when `immutable` is set");
  if (!meta::v1::same(codec::find(*context.before, "data"), codec::find(secret, "data")))
    meta::v1::add_forbidden(errors, path, "field is immutable when `immutable` is set");
}

constexpr std::string_view kSelectable[] = {"type"};

// stringData is data in plain text, for writing only: whoever gives it owns the data.
void set_defaults(Value& secret) {
  const Value* plain = codec::find(secret, "stringData");
  if (plain == nullptr) return;
  Value given = *plain;
  secret.get_object().erase("stringData");
  if (!given.is_object() || given.get_object().empty()) return;
  codec::Object& data = codec::ensure_object(secret, {"data"});
  for (const auto& [key, text] : given.get_object())
    if (text.is_string()) data[key] = base64_encode(codec::view(text.get_string()));
}

}  // namespace

const model::KindRules secret_rules = {
    .set_defaults = set_defaults, .validate = validate, .cells = cells_of, .selectable_fields = kSelectable};

}  // namespace charon::core::v1
