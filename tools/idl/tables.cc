#include <algorithm>
#include <vector>

#include "names.h"
#include "structs.h"

namespace charon::idl {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

namespace {

const charon::FieldOptions& options_of(const FieldDescriptor& field) { return field.options().GetExtension(charon::k8s); }

std::string json_name(const FieldDescriptor& field) {
  const std::string& name = options_of(field).json();
  return name.empty() ? field.name() : name;
}

std::vector<const FieldDescriptor*> by_number(const Descriptor& message) {
  std::vector<const FieldDescriptor*> fields;
  for (int i = 0; i < message.field_count(); ++i) fields.push_back(message.field(i));
  std::ranges::sort(fields, {}, &FieldDescriptor::number);
  return fields;
}

std::size_t index_of(const FieldDescriptor& field) {
  std::vector<const FieldDescriptor*> fields = by_number(*field.containing_type());
  return static_cast<std::size_t>(std::ranges::find(fields, &field) - fields.begin());
}

std::string fields_array(const Descriptor& message) { return "k" + message.name() + "Fields"; }

template <class Strings>
std::string strings_array(const std::string& name, const Strings& values) {
  std::string out = "constexpr std::string_view " + name + "[] = {";
  for (const std::string& value : values) out += (out.back() == '{' ? "" : ", ") + literal(value);
  return out + "};\n";
}

std::string access_of(const FieldDescriptor& field, const Order& order) {
  std::string value = value_type(field);
  if (field.is_map()) return "schema::map_access<" + value + ">()";
  if (field.is_repeated() && value == "bool") return "schema::list_access<bool, std::deque<bool>>()";
  if (field.is_repeated()) return "schema::list_access<" + value + ">()";
  if (order.boxed.contains(&field)) return "schema::box_access<" + value + ">()";
  if (field.has_optional_keyword()) return "schema::optional_access<" + value + ">()";
  return "";
}

std::string number_text(double value) {
  std::string text = std::to_string(value);
  return text;
}

// The arrays that the field's entry points to.
void write_field_arrays(const FieldDescriptor& field, const std::string& prefix, std::string& out) {
  const charon::FieldOptions& options = options_of(field);
  if (options.list_keys_size() > 0) out += strings_array(prefix + "Keys", options.list_keys());
  if (options.enum__size() > 0) out += strings_array(prefix + "Values", options.enum_());
}

void write_flags(const FieldDescriptor& field, const charon::FieldOptions& options, std::string& out) {
  bool presence = !field.is_repeated() && field.has_optional_keyword();
  if (presence) out += ", .presence = true";
  if (options.omit_empty()) out += ", .omit_empty = true";
  if (options.omit_zero()) out += ", .omit_zero = true";
  if (options.required()) out += ", .required = true";
  if (options.optional()) out += ", .optional = true";
  if (options.inline_()) out += ", .inlined = true";
  if (options.immutable()) out += ", .immutable = true";
  // Objects that are replaced as a whole: by themselves, and as elements of lists.
  const Descriptor* target = field.is_map() ? nullptr : field.message_type();
  bool atomic_object = target != nullptr && target->options().GetExtension(charon::k8s_atomic) && !options.granular();
  if (options.atomic() || atomic_object) out += ", .atomic = true";
}

void write_rules(const charon::FieldOptions& options, const std::string& prefix, std::string& out) {
  static const char* const kPatch[] = {"None", "Merge", "RetainKeys", "MergeRetainKeys", "Replace"};
  static const char* const kListType[] = {"Atomic", "Set", "Map"};
  if (options.patch() != charon::NONE) out += std::string(", .patch = PatchStrategy::") + kPatch[options.patch()];
  if (!options.patch_key().empty()) out += ", .patch_key = " + literal(options.patch_key());
  if (options.list_type() != charon::ATOMIC) out += std::string(", .list_type = ListType::") + kListType[options.list_type()];
  if (options.list_keys_size() > 0) out += ", .list_keys = " + prefix + "Keys";
  if (!options.default_().empty()) out += ", .default_json = " + literal(options.default_());
  if (options.enum__size() > 0) out += ", .enum_values = " + prefix + "Values";
  if (!options.feature_gate().empty()) out += ", .feature_gate = " + literal(options.feature_gate());
  if (!options.format().empty()) out += ", .format = " + literal(options.format());
  if (options.has_min()) out += ", .has_minimum = true";
  if (options.has_max()) out += ", .has_maximum = true";
  if (options.has_min()) out += ", .minimum = " + number_text(options.min());
  if (options.has_max()) out += ", .maximum = " + number_text(options.max());
  if (options.has_max_items()) out += ", .max_items = " + std::to_string(options.max_items());
  if (options.has_max_length()) out += ", .max_length = " + std::to_string(options.max_length());
}

void write_field(const FieldDescriptor& field, const Order& order, const std::string& prefix, std::string& out) {
  const charon::FieldOptions& options = options_of(field);
  out += "    {.name = " + literal(json_name(field)) + ", .doc = " + literal(doc_of(field)) +
         ", .number = " + std::to_string(field.number()) + ", .scalar = Scalar::" + scalar_of(field);
  if (field.is_map())
    out += ", .shape = Shape::Map";
  else if (field.is_repeated())
    out += ", .shape = Shape::List";
  if (const Descriptor* target = table_of(field)) out += ", .message = &" + qualified_name(*target) + "::kTable";
  write_flags(field, options, out);
  write_rules(options, prefix, out);
  out += ", .offset = offsetof(" + field.containing_type()->name() + ", " + member_name(field) + ")";
  if (std::string access = access_of(field, order); !access.empty()) out += ", .access = " + access;
  out += "},\n";
}

// The way from a message to one of its JSON members.
struct Path {
  const FieldDescriptor* field;
  std::vector<const FieldDescriptor*> through;
};

void flatten(const Descriptor& message, std::vector<const FieldDescriptor*> through, std::vector<Path>& out) {
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (options_of(field).inline_()) {
      through.push_back(&field);
      flatten(*field.message_type(), through, out);
      through.pop_back();
    } else {
      out.push_back({&field, through});
    }
  }
}

// Fields of a message of another file have no array here; they are reached through that message's table.
std::string field_address(const FieldDescriptor& field, const FileDescriptor& file) {
  std::string index = std::to_string(index_of(field));
  if (field.file() == &file) return "&" + fields_array(*field.containing_type()) + "[" + index + "]";
  return "&" + qualified_name(*field.containing_type()) + "::kTable.fields[" + index + "]";
}

bool is_object(const Descriptor& message) {
  return message.options().HasExtension(charon::k8s_kind) || message.options().GetExtension(charon::k8s_object);
}

void write_fields(const Descriptor& message, const Order& order, std::string& out) {
  std::vector<const FieldDescriptor*> fields = by_number(message);
  if (fields.empty()) return;
  auto prefix = [&](const FieldDescriptor& field) { return "k" + message.name() + "_" + field.name(); };
  for (const FieldDescriptor* field : fields) write_field_arrays(*field, prefix(*field), out);
  out += "constexpr Field " + fields_array(message) + "[] = {\n";
  for (const FieldDescriptor* field : fields) write_field(*field, order, prefix(*field), out);
  out += "};\n";
}

void write_json_view(const Descriptor& message, std::string& out) {
  std::vector<Path> paths;
  flatten(message, {}, paths);
  if (paths.empty()) return;
  out += "constexpr JsonField k" + message.name() + "Json[] = {\n";
  for (const Path& path : paths) {
    out += "    {.name = " + literal(json_name(*path.field)) + ", .field = " + field_address(*path.field, *message.file());
    if (!path.through.empty()) out += ", .through = " + field_address(*path.through[0], *message.file());
    if (path.through.size() > 1) out += ", .within = " + field_address(*path.through[1], *message.file());
    out += "},\n";
  }
  out += "};\n";
  std::vector<std::size_t> sorted;
  for (std::size_t i = 0; i < paths.size(); ++i) sorted.push_back(i);
  std::ranges::sort(sorted, {}, [&](std::size_t i) { return json_name(*paths[i].field); });
  out += "constexpr std::uint16_t k" + message.name() + "ByName[] = {";
  for (std::size_t i : sorted) out += (out.back() == '{' ? "" : ", ") + std::to_string(i);
  out += "};\n";
}

void write_table(const Descriptor& message, std::string& out) {
  const charon::GroupVersion& gv = message.file()->options().GetExtension(charon::group_version);
  std::string full = gv.openapi().empty() ? message.full_name() : gv.openapi() + "." + message.name();
  out += "constinit const Type " + message.name() + "::kTable = {.name = " + literal(message.name()) +
         ", .full_name = " + literal(full) + ", .doc = " + literal(doc_of(message));
  if (message.field_count() > 0)
    out += ", .fields = " + fields_array(message) + ", .json_fields = k" + message.name() + "Json, .by_name = k" +
           message.name() + "ByName";
  if (is_object(message)) out += ", .is_object = true";
  out += ", .size_bytes = sizeof(" + message.name() + "), .construct = schema::construct<" + message.name() + ">};\n\n";
}

}  // namespace

std::string tables_source(const FileDescriptor& file) {
  Order order = order_of(file);
  std::string out = "// Generated by tools/idl from " + file.name() + ".\n#include \"" + header_of(file) +
                    "\"\n\n#include <cstddef>\n#include <string_view>\n\n"
                    "#pragma clang diagnostic ignored \"-Winvalid-offsetof\"\n\n"
                    "namespace " +
                    namespace_of(file) +
                    " {\n\n"
                    "using schema::Field;\nusing schema::JsonField;\nusing schema::ListType;\nusing schema::PatchStrategy;\n"
                    "using schema::Scalar;\nusing schema::Shape;\nusing schema::Type;\n\nnamespace {\n\n";
  for (const Descriptor* message : order.messages) write_fields(*message, order, out);
  for (const Descriptor* message : order.messages) write_json_view(*message, out);
  out += "\n}  // namespace\n\n";
  for (const Descriptor* message : order.messages) write_table(*message, out);
  for (const Descriptor* message : order.messages)
    out += "bool " + message->name() + "::operator==(const " + message->name() + "&) const = default;\n";
  out += "}  // namespace " + namespace_of(file) + "\n";
  return out;
}

}  // namespace charon::idl
