#include "server/front/connect_options.h"

#include <boost/json.hpp>
#include <charconv>

#include "api/core/v1/types.h"
#include "codec/tree.h"
#include "net/http.h"
#include "net/query_flag.h"

namespace charon::server {
namespace {

void add_flag(codec::Object& object, std::string_view query, std::string_view name) {
  if (net::query_flag(query, name).value_or(false)) object[name] = true;
}

void add_text(codec::Object& object, std::string_view query, std::string_view name) {
  if (auto value = net::query_value(query, name); value && !value->empty()) object[name] = *value;
}

void add_streams(codec::Object& object, std::string_view query) {
  for (std::string_view name : {"stdin", "stdout", "stderr", "tty"}) add_flag(object, query, name);
  add_text(object, query, "container");
}

ConnectOptions exec_options(std::string_view query) {
  codec::Object object{{"kind", "PodExecOptions"}, {"apiVersion", "v1"}};
  add_streams(object, query);
  codec::Array command;
  for (std::string& word : net::query_values(query, "command")) command.emplace_back(std::move(word));
  if (!command.empty()) object["command"] = std::move(command);
  return {std::move(object), &core::v1::PodExecOptions::table()};
}

ConnectOptions port_forward_options(std::string_view query) {
  codec::Object object{{"kind", "PodPortForwardOptions"}, {"apiVersion", "v1"}};
  codec::Array ports;
  for (const std::string& text : net::query_values(query, "ports")) {
    int port = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error == std::errc() && end == text.data() + text.size()) ports.emplace_back(port);
  }
  if (!ports.empty()) object["ports"] = std::move(ports);
  return {std::move(object), &core::v1::PodPortForwardOptions::table()};
}

ConnectOptions proxy_options(std::string_view kind, std::string_view query) {
  codec::Object object{{"kind", std::string(kind) + "ProxyOptions"}, {"apiVersion", "v1"}};
  add_text(object, query, "path");
  const schema::Type* type = &core::v1::PodProxyOptions::table();
  if (kind == "Service") type = &core::v1::ServiceProxyOptions::table();
  if (kind == "Node") type = &core::v1::NodeProxyOptions::table();
  return {std::move(object), type};
}

std::string text_of(const codec::Value& value) {
  if (value.is_string()) return std::string(codec::view(value.get_string()));
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_int64()) return std::to_string(value.get_int64());
  return {};
}

}  // namespace

std::optional<ConnectOptions> connect_options(const Request& request, std::string_view query) {
  if (request.subresource == "exec") return exec_options(query);
  if (request.subresource == "portforward") return port_forward_options(query);
  if (request.subresource == "proxy") return proxy_options(request.kind->kind, query);
  if (request.subresource != "attach") return std::nullopt;
  codec::Object object{{"kind", "PodAttachOptions"}, {"apiVersion", "v1"}};
  add_streams(object, query);
  return ConnectOptions{std::move(object), &core::v1::PodAttachOptions::table()};
}

std::string connect_query(const codec::Value& object) {
  std::string query;
  auto add = [&query](std::string_view name, const codec::Value& value) {
    query += (query.empty() ? "" : "&") + std::string(name) + "=" + net::percent_encode(text_of(value));
  };
  for (const auto& [key, value] : object.as_object()) {
    std::string_view name(key.data(), key.size());
    if (name == "kind" || name == "apiVersion") continue;
    if (value.is_array()) {
      for (const codec::Value& entry : value.get_array()) add(name, entry);
    } else {
      add(name, value);
    }
  }
  return query;
}

}  // namespace charon::server
