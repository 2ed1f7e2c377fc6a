// protoc-gen-charon: writes structs, type tables and the list of kinds from api/**/types.proto.
//
// Without a parameter: <file>.h and <file>.cc for each file. With the parameter `kinds`: api/kinds.cc and api/kind_rules.h
// over all files given; further parameters `rules=core/v1/pod` name the rule files.
#include <google/protobuf/compiler/code_generator.h>
#include <google/protobuf/compiler/plugin.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include <cstring>
#include <memory>

#include "structs.h"

namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::compiler::GeneratorContext;

void write_file(GeneratorContext& context, const std::string& name, const std::string& text) {
  std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> stream(context.Open(name));
  std::size_t written = 0;
  void* buffer = nullptr;
  int size = 0;
  while (written < text.size() && stream->Next(&buffer, &size)) {
    std::size_t part = std::min(static_cast<std::size_t>(size), text.size() - written);
    std::memcpy(buffer, text.data() + written, part);
    written += part;
    if (part < static_cast<std::size_t>(size)) stream->BackUp(size - static_cast<int>(part));
  }
}

class Generator final : public google::protobuf::compiler::CodeGenerator {
 public:
  bool GenerateAll(const std::vector<const FileDescriptor*>& files, const std::string& parameter, GeneratorContext* context,
                   std::string*) const override {
    std::vector<std::pair<std::string, std::string>> parameters;
    google::protobuf::compiler::ParseGeneratorParameter(parameter, &parameters);
    bool kinds = false;
    std::vector<std::string> rules;
    for (const auto& [name, value] : parameters) {
      if (name == "kinds") kinds = true;
      if (name == "rules") rules.push_back(value);
    }
    if (kinds) {
      write_file(*context, "api/kinds.cc", charon::idl::kinds_source(files, rules));
      write_file(*context, "api/kind_rules.h", charon::idl::kind_rules_header(files, rules));
      return true;
    }
    for (const FileDescriptor* file : files) {
      std::string stem = file->name().substr(0, file->name().rfind('.'));
      write_file(*context, stem + ".h", charon::idl::structs_header(*file));
      write_file(*context, stem + ".cc", charon::idl::tables_source(*file));
    }
    return true;
  }
  bool Generate(const FileDescriptor*, const std::string&, GeneratorContext*, std::string*) const override { return false; }
  std::uint64_t GetSupportedFeatures() const override { return FEATURE_PROTO3_OPTIONAL; }
};

}  // namespace

int main(int argc, char** argv) {
  Generator generator;
  return google::protobuf::compiler::PluginMain(argc, argv, &generator);
}
