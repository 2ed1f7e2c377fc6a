#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "names.h"
#include "structs.h"

namespace charon::idl {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;

namespace {

constexpr const char* kAllVerbs[] = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

struct Entry {
  const Descriptor* message;
  charon::GroupVersion gv;
};

std::vector<Entry> entries_of(const std::vector<const FileDescriptor*>& files) {
  std::vector<Entry> entries;
  for (const FileDescriptor* file : files)
    for (int i = 0; i < file->message_type_count(); ++i)
      if (const Descriptor* message = file->message_type(i); message->options().HasExtension(charon::k8s_kind))
        entries.push_back({message, file->options().GetExtension(charon::group_version)});
  std::ranges::sort(entries, {}, [](const Entry& entry) {
    return std::make_tuple(entry.gv.group(), entry.gv.version(), entry.message->name());
  });
  return entries;
}

// "api/core/v1/types.proto" and "Pod" -> "core/v1/pod"
std::string rule_key(const std::string& folder, const std::string& name) {
  std::string key = lower(name);
  std::erase(key, '_');
  return folder + "/" + key;
}

std::string folder_of(const FileDescriptor& file) {
  std::string name = file.name();
  name = name.substr(0, name.rfind('/'));
  return name.starts_with("api/") ? name.substr(4) : name;
}

struct Rule {
  std::string space;  // "charon::core::v1"
  std::string name;   // "pod_rules"
};

// By rule_key: api/apps/v1/replica_set.cc and replicaset.cc both belong to ReplicaSet.
std::map<std::string, Rule> rules_of(const std::vector<std::string>& rules) {
  std::map<std::string, Rule> out;
  for (const std::string& rule : rules) {
    std::size_t slash = rule.rfind('/');
    std::string folder = rule.substr(0, slash);
    std::string space = "charon::" + folder;
    space.replace(space.find('/'), 1, "::");
    out[rule_key(folder, rule.substr(slash + 1))] = {space, rule.substr(slash + 1) + "_rules"};
  }
  return out;
}

template <class Strings>
std::string array_text(const std::string& name, const Strings& values) {
  std::string out = "constexpr std::string_view " + name + "[] = {";
  for (const std::string& value : values) out += (out.back() == '{' ? "" : ", ") + literal(value);
  return out + "};\n";
}

void write_arrays(const charon::Kind& kind, const std::string& prefix, std::string& out) {
  if (kind.short_names_size() > 0) out += array_text(prefix + "ShortNames", kind.short_names());
  if (kind.categories_size() > 0) out += array_text(prefix + "Categories", kind.categories());
  if (kind.subresources_size() > 0) out += array_text(prefix + "Subresources", kind.subresources());
  if (kind.verbs_size() > 0) out += array_text(prefix + "Verbs", kind.verbs());
  if (kind.columns_size() == 0) return;
  out += "constexpr Column " + prefix + "Columns[] = {\n";
  for (const charon::Column& column : kind.columns())
    out += "    {.name = " + literal(column.name()) + ", .type = " + literal(column.type().empty() ? "string" : column.type()) +
           ", .format = " + literal(column.format()) + ", .description = " + literal(column.description()) +
           ", .priority = " + std::to_string(column.priority()) + ", .json_path = " + literal(column.json_path()) + "},\n";
  out += "};\n";
}

std::string entry_text(const Entry& entry, const std::string& prefix, const std::map<std::string, Rule>& rules) {
  const Descriptor& message = *entry.message;
  const charon::Kind& kind = message.options().GetExtension(charon::k8s_kind);
  const Descriptor* list = message.file()->FindMessageTypeByName(message.name() + "List");
  std::string out = "      {.gv = {" + literal(entry.gv.group()) + ", " + literal(entry.gv.version()) +
                    "}, .kind = " + literal(message.name());
  if (list != nullptr) out += ", .list_kind = " + literal(list->name());
  out += ", .plural = " + literal(kind.plural()) + ", .singular = " + literal(kind.singular());
  if (kind.short_names_size() > 0) out += ", .short_names = " + prefix + "ShortNames";
  if (kind.categories_size() > 0) out += ", .categories = " + prefix + "Categories";
  if (kind.cluster_scoped()) out += ", .namespaced = false";
  if (kind.subresources_size() > 0) out += ", .subresources = " + prefix + "Subresources";
  out += ", .verbs = " + (kind.verbs_size() > 0 ? prefix + "Verbs" : std::string("kAllVerbs"));
  if (kind.generation()) out += ", .generation = true";
  if (kind.columns_size() > 0) out += ", .columns = " + prefix + "Columns";
  out += ", .type = &" + qualified_name(message) + "::table()";
  if (list != nullptr) out += ", .list_type = &" + qualified_name(*list) + "::table()";
  if (auto rule = rules.find(rule_key(folder_of(*message.file()), message.name())); rule != rules.end())
    out += ", .rules = ::" + rule->second.space + "::" + rule->second.name;
  return out + "},\n";
}

}  // namespace

std::string kinds_source(const std::vector<const FileDescriptor*>& files, const std::vector<std::string>& rule_files) {
  std::vector<Entry> entries = entries_of(files);
  std::map<std::string, Rule> rules = rules_of(rule_files);
  std::set<std::string> headers;
  for (const Entry& entry : entries) headers.insert(header_of(*entry.message->file()));
  std::string out = "// Generated by tools/idl: every built-in kind.\n#include \"api/kind_rules.h\"\n";
  for (const std::string& header : headers) out += "#include \"" + header + "\"\n";
  out += "\nnamespace charon::model {\n\nnamespace {\n\n";
  out += array_text("kAllVerbs", std::vector<std::string>(std::begin(kAllVerbs), std::end(kAllVerbs)));
  auto prefix = [&](std::size_t i) { return "k" + std::to_string(i) + entries[i].message->name(); };
  for (std::size_t i = 0; i < entries.size(); ++i)
    write_arrays(entries[i].message->options().GetExtension(charon::k8s_kind), prefix(i), out);
  out +=
      "\n}  // namespace\n\n// Made on first use: rules are constants of other files.\n"
      "std::span<const Kind> builtin_kinds() {\n  static const Kind kinds[] = {\n";
  for (std::size_t i = 0; i < entries.size(); ++i) out += entry_text(entries[i], prefix(i), rules);
  out += "  };\n  return kinds;\n}\n\n}  // namespace charon::model\n";
  return out;
}

std::string kind_rules_header(const std::vector<const FileDescriptor*>& files, const std::vector<std::string>& rule_files) {
  std::set<std::string> kinds;
  for (const Entry& entry : entries_of(files)) kinds.insert(rule_key(folder_of(*entry.message->file()), entry.message->name()));
  std::string out =
      "// Generated by tools/idl: the rules of kinds, each defined in api/<group>/<version>/<kind>.cc.\n#pragma once\n\n"
      "#include \"model/kind.h\"\n";
  for (const auto& [key, rule] : rules_of(rule_files))
    if (kinds.contains(key)) out += "\nnamespace " + rule.space + " {\nextern const model::KindRules " + rule.name + ";\n}";
  return out + "\n";
}

}  // namespace charon::idl
