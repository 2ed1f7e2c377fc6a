#include "server/authn/request_header/request_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>

#include "codec/json.h"

namespace charon::server {
namespace {

constexpr std::string_view kExtraHeader = "x-remote-extra-";

class RequestHeaderAuthenticator final : public Authenticator {
 public:
  explicit RequestHeaderAuthenticator(std::vector<std::string> allowed_names) : allowed_names_(std::move(allowed_names)) {}

  Result<std::optional<User>> authenticate(const net::RequestHead& head) const override {
    if (!head.certificate || !head.certificate->by_proxy_authority) return std::nullopt;
    const std::string& name = head.certificate->common_name;
    if (!allowed_names_.empty() && std::ranges::find(allowed_names_, name) == allowed_names_.end())
      return fail(Reason::Unauthorized, "Unauthorized");
    User user;
    user.name = head.headers.get("x-remote-user");
    if (user.name.empty()) return std::nullopt;
    user.uid = head.headers.get("x-remote-uid");
    for (const auto& [header, value] : head.headers.items()) {
      if (header == "x-remote-group") user.groups.push_back(value);
      if (!header.starts_with(kExtraHeader)) continue;
      // Keys are percent-encoded: they may hold what header names may not.
      std::string_view key = std::string_view(header).substr(kExtraHeader.size());
      user.extra[net::percent_decode(key).value_or(std::string(key))].push_back(value);
    }
    return user;
  }

 private:
  std::vector<std::string> allowed_names_;
};

// What would end a header, and so begin another, becomes a space.
std::string on_one_line(std::string text) {
  for (char& c : text)
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  return text;
}

// Keys are percent-encoded where header names could not hold them; case does not survive in a header's name.
std::string extra_header(std::string_view key) {
  constexpr std::string_view kPlain = "!#$&'*+-.^_`|~";  // tchar of RFC 9110, less the percent sign and what follows
  std::string name(kExtraHeader);
  for (char c : key) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    bool plain = letter || (c >= '0' && c <= '9') || kPlain.find(c) != std::string_view::npos;
    if (plain) {
      name += letter ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : c;
    } else {
      name += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
  }
  return name;
}

std::string json_list(const std::vector<std::string>& texts) {
  codec::Array list;
  for (const std::string& text : texts) list.emplace_back(text);
  return codec::write_json(codec::Value(std::move(list)));
}

}  // namespace

std::unique_ptr<Authenticator> make_request_header_authenticator(std::vector<std::string> allowed_names) {
  return std::make_unique<RequestHeaderAuthenticator>(std::move(allowed_names));
}

void add_user_headers(const User& user, net::Headers& headers) {
  headers.set("x-remote-user", on_one_line(user.name));
  if (!user.uid.empty()) headers.set("x-remote-uid", on_one_line(user.uid));
  for (const std::string& group : user.groups) headers.add("x-remote-group", on_one_line(group));
  for (const auto& [key, values] : user.extra)
    for (const std::string& value : values) headers.add(extra_header(key), on_one_line(value));
}

core::v1::ConfigMap authentication_config(const ProxyTrust& trust) {
  core::v1::ConfigMap config;
  config.metadata.name = "extension-apiserver-authentication";
  config.metadata.namespace_ = "kube-system";
  config.data["client-ca-file"] = trust.client_ca_pem;
  config.data["requestheader-client-ca-file"] = trust.proxy_ca_pem;
  config.data["requestheader-allowed-names"] = json_list(trust.allowed_names);
  config.data["requestheader-username-headers"] = json_list({"X-Remote-User"});
  config.data["requestheader-uid-headers"] = json_list({"X-Remote-Uid"});
  config.data["requestheader-group-headers"] = json_list({"X-Remote-Group"});
  config.data["requestheader-extra-headers-prefix"] = json_list({"X-Remote-Extra-"});
  return config;
}

}  // namespace charon::server
