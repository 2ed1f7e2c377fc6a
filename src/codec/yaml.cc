#include "codec/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <boost/json.hpp>
#include <cmath>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "base/bytes.h"
#include "base/limits.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "codec/utf8.h"
#include "codec/yaml_scalar.h"

namespace charon::codec {
namespace {

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";
constexpr std::size_t kMostNotes = 100;
constexpr std::size_t kLongestKey = 1024;  // that a note shows

[[noreturn]] void refuse(const YAML::Mark& mark, const std::string& message) { throw YAML::ParserException(mark, message); }

// A finished node with what it costs to copy it and how deep it nests (a scalar is 0 deep).
struct Node {
  Value value;
  std::size_t weight = 1;
  int height = 0;
};

// Builds the tree of one document from the parser's events.
class Builder final : public YAML::EventHandler {
 public:
  // `notes` may be null.
  Builder(std::size_t input_bytes, YamlNotes* notes)
      : copy_budget_(std::max(10 * input_bytes, kYamlFreeExpansionBytes)), notes_(notes) {}

  // The document's root, null when there was nothing in it.
  Value take() { return std::move(root_); }

  // The offset at which the document began; -1 before any event.
  int start() const { return start_; }

  // The offset of the last scalar that may stand in quotes, with its tag and anchor; -1 without one.
  int last_quoted() const { return last_quoted_; }

  void OnDocumentStart(const YAML::Mark& mark) override { start_ = mark.pos; }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { finish(mark, anchor, {Value(nullptr)}); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(mark, "an alias stands inside the node it names");
    if (static_cast<int>(levels_.size()) + found->second.height > limits::kDocumentDepth) refuse(mark, "nested too deeply");
    charge(mark, found->second.weight);
    add(mark, Node(found->second), false);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& text) override {
    if (tag != "?") last_quoted_ = mark.pos;
    if (find_invalid_utf8(text) != std::string_view::npos) return OnScalar(mark, tag, anchor, repaired(text));
    const bool merge = (tag == "?" && text == "<<") || tag == "tag:yaml.org,2002:merge";
    finish(mark, anchor, {scalar(mark, tag, text), text.size() + 1}, merge);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check_collection_tag(mark, tag, "seq");
    open(mark, anchor, Value(boost::json::array_kind));
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    check_collection_tag(mark, tag, "map");
    open(mark, anchor, Value(boost::json::object_kind));
  }
  void OnMapEnd() override {
    for (const Value& source : levels_.back().merged) merge_from(levels_.back(), source);
    close();
  }

 private:
  struct Level {
    Node node;
    YAML::Mark mark;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    bool key_is_merge = false;
    bool key_is_text = false;  // else a number or a boolean
    std::string key;
    std::vector<Value> merged;
  };

  static void check_collection_tag(const YAML::Mark& mark, std::string_view tag, std::string_view name) {
    if (tag.starts_with(kTagPrefix) && tag.substr(kTagPrefix.size()) == name) return;
    if (tag != "?" && tag != "!" && !tag.empty()) refuse(mark, fmt::format("tag {} is not supported here", tag));
  }

  // yaml-cpp writes the escapes \N and \_ as the single bytes 0x85 and 0xa0 instead of as UTF-8. The input is UTF-8, so that
  // a stray byte comes from them.
  static std::string repaired(std::string_view text) {
    std::string out;
    while (!text.empty()) {
      const CodePoint point = first_code_point(text);
      if (point.valid) {
        out.append(text.substr(0, point.bytes));
      } else {
        const bool escape = text.front() == '\x85' || text.front() == '\xa0';
        out += escape ? std::string("\xc2") + text.front() : std::string("\xef\xbf\xbd");
      }
      text.remove_prefix(point.bytes);
    }
    return out;
  }

  static Value scalar(const YAML::Mark& mark, std::string_view tag, const std::string& text) {
    if (tag == "!") return Value(boost::json::string_view(text));
    if (tag == "?" || tag.empty()) return finite(mark, resolve_plain_scalar(text));
    if (!tag.starts_with(kTagPrefix)) refuse(mark, fmt::format("tag {} is not supported", tag));
    tag.remove_prefix(kTagPrefix.size());
    if (tag == "str" || tag == "timestamp" || tag == "merge") return Value(boost::json::string_view(text));
    if (tag == "binary") {
      Result<std::string> bytes = base64_decode(text);
      if (!bytes) refuse(mark, "!!binary value contains invalid base64 data");
      if (find_invalid_utf8(*bytes) != std::string_view::npos) refuse(mark, "!!binary value is not text");
      return Value(boost::json::string_view(*bytes));
    }
    Value value = finite(mark, resolve_plain_scalar(text));
    if (tag == "float" && value.is_number()) return Value(value.to_number<double>());
    const bool fits = (tag == "int" && (value.is_int64() || value.is_uint64())) || (tag == "bool" && value.is_bool()) ||
                      (tag == "null" && value.is_null());
    if (!fits) refuse(mark, fmt::format("cannot decode `{}` as a !!{}", text, tag));
    return value;
  }

  static Value finite(const YAML::Mark& mark, Value value) {
    if (value.is_double() && !std::isfinite(value.get_double())) refuse(mark, "infinities and NaN have no JSON form");
    return value;
  }

  void charge(const YAML::Mark& mark, std::size_t weight) {
    if (weight > copy_budget_) refuse(mark, "document contains excessive aliasing");
    copy_budget_ -= weight;
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, Value container) {
    if (static_cast<int>(levels_.size()) >= limits::kDocumentDepth) refuse(mark, "nested too deeply");
    levels_.push_back({.node = {std::move(container), 2, 1}, .mark = mark, .anchor = anchor});
  }

  void close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    finish(level.mark, level.anchor, std::move(level.node));
  }

  void finish(const YAML::Mark& mark, YAML::anchor_t anchor, Node node, bool merge = false) {
    if (anchor != 0) {
      charge(mark, node.weight);
      anchors_.insert_or_assign(anchor, node);
    }
    add(mark, std::move(node), merge);
  }

  void add(const YAML::Mark& mark, Node node, bool merge) {
    if (levels_.empty()) {
      root_ = std::move(node.value);
      return;
    }
    Level& level = levels_.back();
    level.node.weight += node.weight;
    level.node.height = std::max(level.node.height, node.height + 1);
    if (Array* array = level.node.value.if_array()) {
      array->push_back(std::move(node.value));
    } else if (!level.has_key) {
      level.key = merge ? std::string() : key_text(mark, node.value);
      level.key_is_text = node.value.is_string();
      level.key_is_merge = merge;
      level.has_key = true;
    } else {
      level.has_key = false;
      if (level.key_is_merge) {
        check_merge(mark, node.value);
        level.merged.push_back(std::move(node.value));
      } else {
        set_member(mark, level, std::move(node.value));
      }
    }
  }

  void set_member(const YAML::Mark& mark, Level& level, Value value) {
    Object& object = level.node.value.get_object();
    if (notes_ != nullptr && notes_->duplicate_keys.size() < kMostNotes && object.contains(level.key)) {
      const std::string shown = level.key.substr(0, kLongestKey);
      std::string key = level.key_is_text ? write_json(Value(shown)) : shown;
      notes_->duplicate_keys.push_back(fmt::format("line {}: key {} already set in map", mark.line + 1, key));
    }
    object[level.key] = std::move(value);
  }

  static std::string key_text(const YAML::Mark& mark, const Value& key) {
    if (key.is_string()) return std::string(view(key.get_string()));
    if (key.is_structured() || key.is_null()) refuse(mark, "a mapping key must be a string, a number or a boolean");
    return write_json(key);
  }

  static void check_merge(const YAML::Mark& mark, const Value& source) {
    bool good = source.is_object();
    if (const Array* list = source.if_array()) {
      good = true;
      for (const Value& item : *list) good = good && item.is_object();
    }
    if (!good) refuse(mark, "map merge requires map or sequence of maps as the value");
  }

  // Members that the map has itself, or got from an earlier source, stay.
  static void merge_from(Level& level, const Value& source) {
    if (const Array* list = source.if_array()) {
      for (const Value& item : *list) merge_from(level, item);
      return;
    }
    for (const auto& member : source.get_object()) level.node.value.get_object().emplace(member.key(), member.value());
  }

  int start_ = -1;
  int last_quoted_ = -1;
  Value root_;
  std::vector<Level> levels_;
  std::unordered_map<YAML::anchor_t, Node> anchors_;
  std::size_t copy_budget_;
  YamlNotes* notes_;
};

// Duplicates of JSON, whose paths end with the key.
void note_duplicates(const JsonNotes& json, YamlNotes& notes) {
  for (std::string_view path : json.duplicate_fields) {
    if (notes.duplicate_keys.size() == kMostNotes) return;
    std::string_view key = path.substr(path.rfind('.') + 1);
    notes.duplicate_keys.push_back(fmt::format("key {} already set in map", write_json(Value(key))));
  }
}

std::unexpected<Error> yaml_error(const YAML::Mark& mark, std::string_view message) {
  if (mark.is_null()) return fail(Reason::BadRequest, fmt::format("yaml: {}", message));
  return fail(Reason::BadRequest, fmt::format("yaml: line {}, column {}: {}", mark.line + 1, mark.column + 1, message));
}

// YAML's character set: UTF-8 without control characters other than tab and line ends.
std::optional<std::size_t> find_forbidden(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f) return i;
  }
  const std::size_t invalid = find_invalid_utf8(text);
  return invalid == std::string_view::npos ? std::nullopt : std::optional(invalid);
}

// Whether the scalar ends that begins at `offset`, maybe with a tag and an anchor. yaml-cpp takes the end of the input, after a
// line end, for a closing quote; all that is not in quotes ends there.
bool quote_ends(std::string_view text, std::size_t offset) {
  std::string_view rest = text.substr(std::min(offset, text.size()));
  while (rest.starts_with('!') || rest.starts_with('&')) {
    rest.remove_prefix(std::min(rest.find_first_of(" \t\r\n"), rest.size()));
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
  }
  if (!rest.starts_with('"') && !rest.starts_with('\'')) return true;
  const char quote = rest.front();
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (quote == '"' && rest[i] == '\\') {
      ++i;
    } else if (rest[i] == quote) {
      if (quote == '"' || i + 1 == rest.size() || rest[i + 1] != quote) return true;
      ++i;
    }
  }
  return false;
}

YAML::Mark mark_at(std::string_view text, std::size_t offset) {
  YAML::Mark mark;
  mark.pos = static_cast<int>(offset);
  for (const char c : text.substr(0, offset)) {
    ++mark.column;
    if (c != '\n') continue;
    ++mark.line;
    mark.column = 0;
  }
  return mark;
}

void append_escaped_code_point(char32_t point, std::string& out) {
  switch (point) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\r':
      out += "\\r";
      break;
    default:
      if (point < 0x100) {
        out += fmt::format("\\x{:02X}", static_cast<unsigned>(point));
      } else {
        out += fmt::format("\\u{:04X}", static_cast<unsigned>(point));
      }
  }
}

bool needs_escape(char32_t point) {
  if (point < 0x80) return point < 0x20 || point == 0x7f || point == '"' || point == '\\';
  return point < 0xa0 || point == 0x2028 || point == 0x2029 || point == 0xfeff || point == 0xfffd || point == 0xfffe ||
         point == 0xffff;
}

std::string double_quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (needs_escape(point.value)) {
      append_escaped_code_point(point.value, out);
    } else {
      out.append(text.substr(0, point.bytes));
    }
    text.remove_prefix(point.bytes);
  }
  return out += '"';
}

std::string scalar_text(std::string_view text) { return is_safe_plain(text) ? std::string(text) : double_quoted(text); }

// A literal block keeps every byte only when no line is cut, folded or taken for indentation by some reader.
bool fits_literal(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.back() == ' ' || text.back() == '\t') return false;
  if (text.front() == ' ' || text.front() == '\n' || text.front() == '\t') return false;
  if (text.find(" \n") != std::string_view::npos || text.find("\t\n") != std::string_view::npos) return false;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    const bool allowed = point.value == '\n' || point.value == '\t' || point.value == '"' || point.value == '\\';
    if (!allowed && needs_escape(point.value)) return false;
    text.remove_prefix(point.bytes);
  }
  return true;
}

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void document(const Value& value) {
    if (is_block(value)) {
      block(value, 0);
    } else {
      leaf(value, 0);
    }
  }

 private:
  static constexpr std::size_t kStep = 2;
  static constexpr std::size_t kLongestSimpleKey = 128;  // libyaml's; longer ones are written with "? "

  static bool is_block(const Value& value) {
    return (value.is_object() && !value.get_object().empty()) || (value.is_array() && !value.get_array().empty());
  }

  void spaces(std::size_t count) { out_.append(count, ' '); }

  // The caller has written the indentation of the first line.
  void block(const Value& value, std::size_t indent) {
    bool first = true;
    if (const Object* object = value.if_object()) {
      for (const auto& member : *object) {
        if (!first) spaces(indent);
        first = false;
        this->member({member.key().data(), member.key().size()}, member.value(), indent);
      }
      return;
    }
    for (const Value& item : value.get_array()) {
      if (!first) spaces(indent);
      first = false;
      out_ += "- ";
      if (is_block(item)) {
        block(item, indent + kStep);
      } else {
        leaf(item, indent);
      }
    }
  }

  void member(std::string_view name, const Value& value, std::size_t indent) {
    const std::string key = scalar_text(name);
    const bool is_long = key.size() > kLongestSimpleKey;
    if (is_long) {
      out_.append("? ").append(key).append("\n");
      spaces(indent);
      out_ += ':';
    } else {
      out_.append(key).append(":");
    }
    if (is_block(value)) {
      // The items of a list stand below its name, as kubectl prints them.
      const std::size_t inner = value.is_array() && !is_long ? indent : indent + kStep;
      out_ += '\n';
      spaces(inner);
      block(value, inner);
    } else {
      out_ += ' ';
      leaf(value, indent);
    }
  }

  // A scalar or an empty collection, up to and with the end of its line. `indent` is the parent's.
  void leaf(const Value& value, std::size_t indent) {
    if (const boost::json::string* text = value.if_string()) {
      string(view(*text), indent);
    } else if (value.is_double()) {
      number(value);
    } else {
      append_json(value, out_);
    }
    if (!out_.ends_with('\n')) out_ += '\n';
  }

  // YAML 1.1 wants a point in a number with an exponent.
  void number(const Value& value) {
    std::string text = write_json(value);
    const std::size_t exponent = text.find('e');
    if (exponent != std::string::npos && text.find('.') == std::string::npos) text.insert(exponent, ".0");
    if (exponent != std::string::npos && text[text.find('e') + 1] != '-' && text[text.find('e') + 1] != '+')
      text.insert(text.find('e') + 1, "+");
    out_ += text;
  }

  void string(std::string_view text, std::size_t indent) {
    if (!fits_literal(text)) {
      out_ += scalar_text(text);
      return;
    }
    const std::size_t end = text.find_last_not_of('\n') + 1;
    const std::size_t breaks = text.size() - end;
    out_ += breaks == 0 ? "|-\n" : breaks == 1 ? "|\n" : "|+\n";
    for (std::string_view rest = text.substr(0, end); !rest.empty();) {
      const std::size_t line = std::min(rest.find('\n'), rest.size());
      if (line > 0) spaces(indent + kStep);
      out_.append(rest.substr(0, line));
      out_ += '\n';
      rest.remove_prefix(std::min(line + 1, rest.size()));
    }
    if (breaks > 1) out_.append(breaks - 1, '\n');
  }

  std::string& out_;
};

}  // namespace

Result<std::vector<Value>> parse_yaml_documents(std::string_view text, YamlNotes* notes) {
  // A byte order mark says nothing here, and offsets count from behind it.
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  // JSON is read as JSON: faster, and tabs may stand anywhere.
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start != std::string_view::npos && (text[start] == '{' || text[start] == '[')) {
    JsonNotes json_notes;
    if (Result<Value> json = parse_json(text, notes == nullptr ? nullptr : &json_notes)) {
      if (notes != nullptr) note_duplicates(json_notes, *notes);
      std::vector<Value> documents;
      documents.push_back(*std::move(json));
      return documents;
    }
  }
  if (const std::optional<std::size_t> forbidden = find_forbidden(text))
    return yaml_error(mark_at(text, *forbidden), "control characters and bytes that are not UTF-8 are not allowed");
  std::vector<Value> documents;
  try {
    std::istringstream input{std::string(text)};
    YAML::Parser parser(input);
    for (int last_start = -1;;) {
      Builder builder(text.size(), notes);
      if (!parser.HandleNextDocument(builder)) return documents;
      // A token that can begin no node ("," or "]") is left unread by yaml-cpp, which would see an empty document for ever.
      if (builder.start() <= last_start)
        return yaml_error(mark_at(text, static_cast<std::size_t>(last_start)), "did not find the expected start of a node");
      last_start = builder.start();
      if (builder.last_quoted() >= 0 && !quote_ends(text, static_cast<std::size_t>(builder.last_quoted())))
        return yaml_error(mark_at(text, static_cast<std::size_t>(builder.last_quoted())), "found unexpected end of stream");
      Value value = builder.take();
      if (!value.is_null()) documents.push_back(std::move(value));
    }
  } catch (const YAML::Exception& error) {
    return yaml_error(error.mark, error.msg);
  }
}

Result<Value> parse_yaml(std::string_view text, YamlNotes* notes) {
  TRY_ASSIGN(std::vector<Value> documents, parse_yaml_documents(text, notes));
  if (documents.size() > 1) return fail(Reason::BadRequest, "yaml: one document expected, more found");
  if (documents.empty()) return Value(nullptr);
  return std::move(documents.front());
}

std::string write_yaml(const Value& value) {
  std::string out;
  Writer(out).document(value);
  return out;
}

}  // namespace charon::codec
