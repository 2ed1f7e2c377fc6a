#include "names.h"

#include <map>
#include <string_view>

namespace charon::idl {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

namespace {

constexpr std::string_view kKeywords[] = {
    "auto",   "bool",     "break",   "case",     "catch",   "char",      "class",    "const",    "continue",  "default",
    "delete", "do",       "double",  "else",     "enum",    "explicit",  "export",   "extern",   "false",     "float",
    "for",    "friend",   "goto",    "if",       "inline",  "int",       "long",     "mutable",  "namespace", "new",
    "not",    "operator", "or",      "and",      "private", "protected", "public",   "register", "requires",  "return",
    "short",  "signed",   "sizeof",  "static",   "struct",  "switch",    "template", "this",     "throw",     "true",
    "try",    "typedef",  "typeid",  "typename", "union",   "unsigned",  "using",    "virtual",  "void",      "volatile",
    "while",  "xor",      "concept", "table"};

struct Known {
  const char* scalar;
  const char* type;
};

// Messages of api/scalars.proto and their like.
const std::map<std::string, Known>& known_messages() {
  static const std::map<std::string, Known> known = {
      {"charon.Quantity", {"Quantity", "::charon::Quantity"}},
      {"charon.IntOrString", {"IntOrString", "::charon::IntOrString"}},
      {"charon.Time", {"Time", "::charon::Time"}},
      {"charon.MicroTime", {"MicroTime", "::charon::Time"}},
      {"charon.Duration", {"Duration", "std::chrono::nanoseconds"}},
      {"charon.RawExtension", {"RawExtension", "::charon::schema::RawJson"}},
      {"charon.FieldsV1", {"FieldsV1", "::charon::schema::RawJson"}},
      {"charon.Json", {"Json", "::charon::schema::RawJson"}},
      {"charon.StringList", {"StringList", "std::vector<std::string>"}},
  };
  return known;
}

const std::map<std::string, std::string>& schema_unions() {
  static const std::map<std::string, std::string> unions = {
      {"charon.apiextensions.v1.JSONSchemaPropsOrArray", "SchemaOrArray"},
      {"charon.apiextensions.v1.JSONSchemaPropsOrBool", "SchemaOrBool"},
      {"charon.apiextensions.v1.JSONSchemaPropsOrStringArray", "SchemaOrStringArray"},
  };
  return unions;
}

const FieldDescriptor& value_of(const FieldDescriptor& field) {
  return field.is_map() ? *field.message_type()->map_value() : field;
}

std::string dots_to_colons(const std::string& name) {
  std::string out;
  for (char c : name) {
    if (c == '.')
      out += "::";
    else
      out += c;
  }
  return out;
}

class Sorter {
 public:
  explicit Sorter(const FileDescriptor& file) : file_(file) {}

  void visit(const Descriptor& message) {
    if (done_.contains(&message)) return;
    done_.insert(&message);
    for (int i = 0; i < message.field_count(); ++i) {
      const FieldDescriptor& field = *message.field(i);
      const Descriptor* target = table_of(field);
      if (target == nullptr) continue;
      if (!field.is_repeated() && (field.has_optional_keyword() || reaches(*target, message))) order_.boxed.insert(&field);
      if (target->file() == &file_) visit(*target);
    }
    order_.messages.push_back(&message);
  }
  Order take() { return std::move(order_); }

 private:
  static bool reaches(const Descriptor& from, const Descriptor& to) {
    std::set<const Descriptor*> seen;
    std::vector<const Descriptor*> rest = {&from};
    while (!rest.empty()) {
      const Descriptor* message = rest.back();
      rest.pop_back();
      if (message == &to) return true;
      if (!seen.insert(message).second) continue;
      for (int i = 0; i < message->field_count(); ++i)
        if (const Descriptor* target = table_of(*message->field(i))) rest.push_back(target);
    }
    return false;
  }

  const FileDescriptor& file_;
  std::set<const Descriptor*> done_;
  Order order_;
};

}  // namespace

std::string member_name(const FieldDescriptor& field) {
  std::string name = field.name();
  for (std::string_view keyword : kKeywords)
    if (name == keyword) return name + "_";
  return name;
}

std::string qualified_name(const Descriptor& message) { return "::" + dots_to_colons(message.full_name()); }

std::string namespace_of(const FileDescriptor& file) { return dots_to_colons(file.package()); }

std::string header_of(const FileDescriptor& file) {
  std::string name = file.name();
  return name.substr(0, name.rfind('.')) + ".h";
}

std::string scalar_of(const FieldDescriptor& field) {
  const FieldDescriptor& value = value_of(field);
  switch (value.type()) {
    case FieldDescriptor::TYPE_BOOL:
      return "Bool";
    case FieldDescriptor::TYPE_INT32:
    case FieldDescriptor::TYPE_ENUM:
      return "Int32";
    case FieldDescriptor::TYPE_INT64:
      return "Int64";
    case FieldDescriptor::TYPE_UINT32:
      return "Uint32";
    case FieldDescriptor::TYPE_UINT64:
      return "Uint64";
    case FieldDescriptor::TYPE_FLOAT:
      return "Float";
    case FieldDescriptor::TYPE_DOUBLE:
      return "Double";
    case FieldDescriptor::TYPE_STRING:
      return "String";
    case FieldDescriptor::TYPE_BYTES:
      return "Bytes";
    case FieldDescriptor::TYPE_MESSAGE:
      break;
    default:
      return "";
  }
  const std::string& name = value.message_type()->full_name();
  if (auto known = known_messages().find(name); known != known_messages().end()) return known->second.scalar;
  if (auto known = schema_unions().find(name); known != schema_unions().end()) return known->second;
  return "Message";
}

const Descriptor* table_of(const FieldDescriptor& field) {
  const FieldDescriptor& value = value_of(field);
  if (value.type() != FieldDescriptor::TYPE_MESSAGE) return nullptr;
  return known_messages().contains(value.message_type()->full_name()) ? nullptr : value.message_type();
}

std::string value_type(const FieldDescriptor& field) {
  const FieldDescriptor& value = value_of(field);
  switch (value.type()) {
    case FieldDescriptor::TYPE_BOOL:
      return "bool";
    case FieldDescriptor::TYPE_INT32:
    case FieldDescriptor::TYPE_ENUM:
      return "std::int32_t";
    case FieldDescriptor::TYPE_INT64:
      return "std::int64_t";
    case FieldDescriptor::TYPE_UINT32:
      return "std::uint32_t";
    case FieldDescriptor::TYPE_UINT64:
      return "std::uint64_t";
    case FieldDescriptor::TYPE_FLOAT:
      return "float";
    case FieldDescriptor::TYPE_DOUBLE:
      return "double";
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES:
      return "std::string";
    default:
      break;
  }
  auto known = known_messages().find(value.message_type()->full_name());
  return known != known_messages().end() ? known->second.type : qualified_name(*value.message_type());
}

template <class D>
std::string doc_of(const D& descriptor) {
  google::protobuf::SourceLocation location;
  if (!descriptor.GetSourceLocation(&location)) return {};
  std::string out;
  for (char c : location.leading_comments) {
    bool space = c == '\n' || c == ' ';
    if (space && (out.empty() || out.back() == ' ')) continue;
    out += space ? ' ' : c;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}
template std::string doc_of(const Descriptor&);
template std::string doc_of(const FieldDescriptor&);
template std::string doc_of(const google::protobuf::EnumDescriptor&);

std::string literal(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

Order order_of(const FileDescriptor& file) {
  Sorter sorter(file);
  for (int i = 0; i < file.message_type_count(); ++i) sorter.visit(*file.message_type(i));
  return sorter.take();
}

}  // namespace charon::idl
