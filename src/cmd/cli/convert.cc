#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

#include "cmd/cli/commands.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "codec/yaml.h"
#include "model/envelope.h"
#include "model/kind.h"
#include "schema/convert.h"

namespace charon::cmd {
namespace {

constexpr std::string_view kEnvelopePrefix("k8s\0", 4);

int complain_about(const Error& error) {
  std::fprintf(stderr, "charon: %s\n", error.message.c_str());
  return 1;
}

Result<const schema::Type*> type_of(std::string_view api_version, std::string_view kind) {
  std::size_t slash = api_version.find('/');
  model::GroupVersion gv{slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash),
                         slash == std::string_view::npos ? api_version : api_version.substr(slash + 1)};
  if (const model::Kind* found = model::find_kind(gv, kind)) return found->type;
  for (const model::Kind& candidate : model::builtin_kinds())
    if (candidate.gv == gv && candidate.list_kind == kind) return candidate.list_type;
  return fail(Reason::NotFound,
              "no kind \"" + std::string(kind) + "\" is known in version \"" + std::string(api_version) + "\"");
}

Result<std::vector<codec::Value>> read_objects(const std::string& bytes) {
  std::vector<codec::Value> objects;
  if (bytes.starts_with(kEnvelopePrefix)) {
    TRY_ASSIGN(model::Envelope envelope, model::decode_envelope(bytes));
    TRY_ASSIGN(const schema::Type* type, type_of(envelope.api_version, envelope.kind));
    TRY_ASSIGN(codec::Value tree, schema::tree_from_wire(*type, envelope.raw));
    tree.as_object()["kind"] = envelope.kind;
    tree.as_object()["apiVersion"] = envelope.api_version;
    // Members in the order that readers are used to, kind and apiVersion first.
    std::string json;
    schema::append_canonical_json(*type, tree, json);
    TRY_ASSIGN(tree, codec::parse_json(json));
    objects.push_back(std::move(tree));
    return objects;
  }
  if (bytes.find_first_not_of(" \t\r\n") != std::string::npos && bytes[bytes.find_first_not_of(" \t\r\n")] == '{') {
    TRY_ASSIGN(codec::Value tree, codec::parse_json(bytes));
    objects.push_back(std::move(tree));
    return objects;
  }
  return codec::parse_yaml_documents(bytes);
}

bool is_list(const codec::Value& tree) {
  return codec::string_at(tree, "apiVersion") == "v1" && codec::string_at(tree, "kind") == "List";
}

// Every kind must be known, also inside a v1 List.
Result<void> check_kinds(const codec::Value& tree) {
  if (!is_list(tree)) {
    TRY(type_of(codec::string_at(tree, "apiVersion"), codec::string_at(tree, "kind")));
    return {};
  }
  const codec::Value* items = codec::find(tree, "items");
  if (items == nullptr || !items->is_array()) return {};
  for (const codec::Value& item : items->get_array()) TRY(check_kinds(item));
  return {};
}

Result<std::string> to_protobuf(codec::Value tree) {
  std::string api_version(codec::string_at(tree, "apiVersion"));
  std::string kind(codec::string_at(tree, "kind"));
  TRY_ASSIGN(const schema::Type* type, type_of(api_version, kind));
  schema::UnknownFields unknown;
  TRY(schema::normalize(*type, tree, &unknown));
  if (!unknown.paths.empty())
    return fail(Reason::BadRequest,
                kind + " has no field \"" + unknown.paths.front() + "\", and protobuf can hold known fields only");
  std::string raw;
  schema::append_wire(*type, tree, raw);
  return model::encode_envelope({api_version, kind, raw});
}

// All objects in one text: several are a v1 List in JSON, documents of one stream in YAML. JSON and YAML keep every field as it
// stands.
Result<std::string> write_objects(std::vector<codec::Value> objects, const std::string& output) {
  if (objects.empty()) return fail(Reason::BadRequest, "there is no object in it");
  for (const codec::Value& object : objects) TRY(check_kinds(object));
  if (output == "protobuf") {
    if (objects.size() > 1 || is_list(objects.front()))
      return fail(Reason::BadRequest, "protobuf holds one object a file, and this is a list of them; convert them one by one");
    return to_protobuf(std::move(objects.front()));
  }
  if (output == "yaml") {
    std::string text;
    for (const codec::Value& object : objects) text += (text.empty() ? "" : "---\n") + codec::write_yaml(object);
    return text;
  }
  if (objects.size() == 1) return codec::write_json_pretty(objects.front()) + "\n";
  codec::Array items;
  for (codec::Value& object : objects) items.push_back(std::move(object));
  return codec::write_json_pretty(codec::Object{{"apiVersion", "v1"}, {"kind", "List"}, {"items", std::move(items)}}) + "\n";
}

}  // namespace

int run_convert(const std::string& file, const std::string& output) {
  std::string bytes;
  if (file == "-") {
    bytes.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    std::ifstream input(file, std::ios::binary);
    if (!input) return complain_about({Reason::NotFound, file + ": cannot be read; is the path right?", nullptr});
    bytes.assign(std::istreambuf_iterator<char>(input), {});
  }
  auto objects = read_objects(bytes);
  if (!objects) return complain_about(objects.error());
  auto text = write_objects(std::move(*objects), output);
  if (!text) return complain_about(text.error());
  std::fwrite(text->data(), 1, text->size(), stdout);
  return 0;
}

}  // namespace charon::cmd
