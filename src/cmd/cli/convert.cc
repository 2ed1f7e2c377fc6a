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

int complain(const Error& error) {
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
  return fail(Reason::NotFound, "no kind \"" + std::string(kind) + "\" is known in version \"" + std::string(api_version) + "\"");
}

Result<std::vector<codec::Value>> read_objects(const std::string& bytes) {
  std::vector<codec::Value> objects;
  if (bytes.starts_with(kEnvelopePrefix)) {
    TRY_ASSIGN(model::Envelope envelope, model::decode_envelope(bytes));
    TRY_ASSIGN(const schema::Type* type, type_of(envelope.api_version, envelope.kind));
    TRY_ASSIGN(codec::Value tree, schema::tree_from_wire(*type, envelope.raw));
    tree.as_object()["kind"] = envelope.kind;
    tree.as_object()["apiVersion"] = envelope.api_version;
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

Result<std::string> write_object(codec::Value tree, const std::string& output) {
  std::string api_version(codec::string_at(tree, "apiVersion"));
  std::string kind(codec::string_at(tree, "kind"));
  TRY_ASSIGN(const schema::Type* type, type_of(api_version, kind));
  TRY(schema::normalize(*type, tree));
  if (output == "protobuf") {
    std::string raw;
    schema::append_wire(*type, tree, raw);
    return model::encode_envelope({api_version, kind, raw});
  }
  std::string json;
  schema::append_canonical_json(*type, tree, json);
  if (output == "json") return json + "\n";
  TRY_ASSIGN(codec::Value canonical, codec::parse_json(json));
  return codec::write_yaml(canonical);
}

}  // namespace

int run_convert(const std::string& file, const std::string& output) {
  std::string bytes;
  if (file == "-") {
    bytes.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    std::ifstream input(file, std::ios::binary);
    if (!input) return complain({Reason::NotFound, file + ": cannot be read; is the path right?", nullptr});
    bytes.assign(std::istreambuf_iterator<char>(input), {});
  }
  auto objects = read_objects(bytes);
  if (!objects) return complain(objects.error());
  if (output == "protobuf" && objects->size() > 1)
    return complain({Reason::BadRequest, "protobuf holds one object a file, and this one has " + std::to_string(objects->size()), nullptr});
  bool first = true;
  for (codec::Value& object : *objects) {
    auto text = write_object(std::move(object), output);
    if (!text) return complain(text.error());
    if (!first && output == "yaml") std::fputs("---\n", stdout);
    first = false;
    std::fwrite(text->data(), 1, text->size(), stdout);
  }
  return 0;
}

}  // namespace charon::cmd
