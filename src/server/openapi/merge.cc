#include "server/openapi/merge.h"

#include <boost/json.hpp>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "codec/json.h"
#include "codec/tree.h"
#include "server/openapi/gnostic.h"

namespace charon::server {

using codec::Object;
using codec::Value;

namespace {

constexpr std::string_view kDefinitions = "#/definitions/";
constexpr std::string_view kParameters = "#/parameters/";

std::string_view key_of(const boost::json::key_value_pair& member) { return {member.key().data(), member.key().size()}; }

// Calls `visit` with each "$ref" to a definition, less its beginning. Values of extensions, examples and defaults are data.
void each_reference(Value& value, const std::function<void(boost::json::string&)>& visit) {
  if (value.is_array()) {
    for (Value& item : value.get_array()) each_reference(item, visit);
    return;
  }
  if (!value.is_object()) return;
  for (auto& member : value.get_object()) {
    std::string_view name = key_of(member);
    if (name.starts_with("x-") || name == "example" || name == "default" || name == "enum") continue;
    Value& inner = member.value();
    if (name == "$ref" && inner.is_string() && codec::view(inner.get_string()).starts_with(kDefinitions)) {
      visit(inner.get_string());
    } else {
      each_reference(inner, visit);
    }
  }
}

// Parameters that many operations share stand in a place of their own, which our document has not.
void inline_parameters(Value& holder, const Value& shared) {
  Value* list = codec::find(holder, "parameters");
  if (list == nullptr || !list->is_array()) return;
  for (Value& parameter : list->get_array()) {
    std::string_view reference = codec::string_at(parameter, "$ref");
    if (!reference.starts_with(kParameters)) continue;
    if (const Value* found = codec::find(shared, reference.substr(kParameters.size()))) parameter = Value(*found);
  }
}

void inline_parameters_of_path(Value& item, const Value& shared) {
  inline_parameters(item, shared);
  if (!item.is_object()) return;
  for (auto& member : item.get_object()) inline_parameters(member.value(), shared);
}

Object needed_definitions(Value& paths, const Value& all) {
  Object needed;
  std::vector<std::string> open;
  auto note = [&open](boost::json::string& reference) {
    open.emplace_back(codec::view(reference).substr(kDefinitions.size()));
  };
  each_reference(paths, note);
  while (!open.empty()) {
    std::string name = std::move(open.back());
    open.pop_back();
    if (needed.contains(name)) continue;
    const Value* found = codec::find(all, name);
    Value& made = needed[name];
    made = found != nullptr ? *found : Value(Object{{"type", "object"}});
    each_reference(made, note);
  }
  return needed;
}

// Whether it has the form that a Swagger document must have; the writer of its protobuf form knows.
bool can_be_published(const Object& part) {
  try {
    gnostic_v2({{"swagger", "2.0"}, {"info", Object()}, {"paths", part.at("paths")}, {"definitions", part.at("definitions")}});
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

// The names under which definitions of `part` that mean something else in `document` are to go; "": there already.
std::map<std::string, std::string, std::less<>> new_names(const Object& document, const Object& part) {
  std::map<std::string, std::string, std::less<>> names;
  for (const auto& member : part) {
    std::string name(key_of(member));
    const Value* there = document.if_contains(name);
    if (there == nullptr || codec::equal(*there, member.value())) continue;
    std::string fresh;
    for (int number = 2; fresh.empty() || document.contains(fresh) || part.contains(fresh); ++number)
      fresh = name + "_v" + std::to_string(number);
    names.emplace(std::move(name), std::move(fresh));
  }
  return names;
}

}  // namespace

Result<Object> openapi_v2_part(std::string_view text, std::string_view prefix) {
  TRY_ASSIGN(Value document, codec::parse_json(text));
  Value* all = codec::find(document, "paths");
  if (codec::string_at(document, "swagger") != "2.0" || all == nullptr || !all->is_object())
    return fail(Reason::BadRequest, "the answer is not an OpenAPI v2 document");
  const Value* definitions = codec::find(document, "definitions");
  const Value* shared = codec::find(document, "parameters");
  Value paths = Object();
  for (auto& member : all->get_object()) {
    if (!key_of(member).starts_with(prefix)) continue;
    Value& item = paths.get_object()[member.key()];
    item = std::move(member.value());
    if (shared != nullptr) inline_parameters_of_path(item, *shared);
  }
  Object part{{"definitions", needed_definitions(paths, definitions != nullptr ? *definitions : Value())}};
  part["paths"] = std::move(paths);
  if (!can_be_published(part)) return fail(Reason::BadRequest, "the answer is not a well-formed OpenAPI v2 document");
  return part;
}

void merge_openapi_v2(Object& document, const Object& part) {
  Object& definitions = document["definitions"].as_object();
  const Object& added = part.at("definitions").as_object();
  const auto names = new_names(definitions, added);
  auto rename = [&names](boost::json::string& reference) {
    auto found = names.find(codec::view(reference).substr(kDefinitions.size()));
    if (found != names.end()) reference = std::string(kDefinitions) + found->second;
  };
  for (const auto& member : added) {
    auto renamed = names.find(key_of(member));
    std::string_view name = renamed == names.end() ? key_of(member) : std::string_view(renamed->second);
    if (definitions.contains(name)) continue;
    Value& made = definitions[name];
    made = member.value();
    each_reference(made, rename);
  }
  Object& paths = document["paths"].as_object();
  for (const auto& member : part.at("paths").as_object()) {
    if (paths.contains(member.key())) continue;
    Value& made = paths[member.key()];
    made = member.value();
    each_reference(made, rename);
  }
}

}  // namespace charon::server
