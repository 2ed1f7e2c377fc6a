// check: a configuration against its type, in the words of structured-merge-diff.
#include <set>
#include <vector>

#include "base/limits.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "schema/apply/operations.h"

namespace charon::schema::apply {

using codec::Value;

namespace {

// How many mistakes are reported; the rest is left out.
constexpr std::size_t kReported = 50;

// Go's %v of a value.
std::string plain(const Value& value) {
  if (value.is_string()) return std::string(codec::view(value.get_string()));
  if (value.is_null()) return "<nil>";
  return codec::write_json(value);
}

std::string_view go_type(const Value& value) {
  switch (value.kind()) {
    case boost::json::kind::string:
      return "string";
    case boost::json::kind::bool_:
      return "bool";
    case boost::json::kind::array:
      return "[]interface {}";
    case boost::json::kind::object:
      return "map[string]interface {}";
    default:
      return "<nil>";
  }
}

class Checker {
 public:
  void object(const Type& type, const Value& value) {
    if (value.is_null()) return;
    if (!value.is_object()) return complain("expected map, got &{" + plain(value) + "}");
    if (path_.size() > limits::kDocumentDepth) return complain("exceeded max depth");
    for (const auto& entry : value.get_object()) {
      std::string_view name(entry.key().data(), entry.key().size());
      path_.push_back(PathElement::field(name));
      if (const JsonField* found = type.find(name)) {
        field(*found->field, entry.value());
      } else if (type.is_object && (name == "apiVersion" || name == "kind")) {
        text(entry.value());
      } else if (type.additional != nullptr) {
        field(*type.additional, entry.value());
      } else if (!type.preserve_unknown) {
        complain("field not declared in schema");
      }
      path_.pop_back();
    }
  }

  Result<void> outcome() && {
    if (errors_.empty()) return {};
    if (errors_.size() == 1) return fail(Reason::Unknown, std::move(errors_.front()));
    std::string all = "errors:";
    for (const std::string& error : errors_) all += "\n  " + error;
    return fail(Reason::Unknown, std::move(all));
  }

 private:
  void complain(std::string what) {
    if (errors_.size() >= kReported) return;
    std::string place = display(path_);
    errors_.push_back(place.empty() ? std::move(what) : place + ": " + what);
  }

  void text(const Value& value) {
    if (value.is_string() || value.is_null()) return;
    complain("expected string, got &value.valueUnstructured{Value:" + plain(value) + "}");
  }

  void field(const Field& field, const Value& value) {
    if (value.is_null()) return;
    if (field.shape == Shape::List) return list(field, value);
    if (field.shape == Shape::Single) return single(field, value);
    if (!value.is_object()) return complain("expected map, got &{" + plain(value) + "}");
    for (const auto& entry : value.get_object()) {
      path_.push_back(PathElement::field({entry.key().data(), entry.key().size()}));
      element(field, entry.value());
      path_.pop_back();
    }
  }

  void list(const Field& field, const Value& value) {
    if (!value.is_array()) return complain("expected list, got &{" + plain(value) + "}");
    Node node = Node::of(field);
    std::set<PathElement> seen;
    std::int64_t index = 0;
    for (const Value& item : value.get_array()) {
      PathElement name = PathElement::index(index);
      if (node.sort == Node::Sort::List) {
        Result<PathElement> given = element_name(node, item);
        if (!given) return complain("element " + std::to_string(index) + ": " + given.error().message);
        name = *std::move(given);
        if (!seen.insert(name).second) {
          std::string key;
          name.append_display(key);
          complain("duplicate entries for key " + key);
        }
      }
      ++index;
      path_.push_back(std::move(name));
      element(field, item);
      path_.pop_back();
    }
  }

  // Of a list or map.
  void element(const Field& field, const Value& value) {
    if (value.is_null()) return;
    if (field.items != nullptr) return this->field(*field.items, value);
    single(field, value);
  }

  void single(const Field& field, const Value& value) {
    switch (field.scalar) {
      case Scalar::Message:
        return object(*field.message, value);
      case Scalar::Int32:
      case Scalar::Int64:
      case Scalar::Uint32:
      case Scalar::Uint64:
      case Scalar::Float:
      case Scalar::Double:
        if (!value.is_number()) complain("expected numeric (int or float), got " + std::string(go_type(value)));
        return;
      case Scalar::Bool:
        if (!value.is_bool()) complain("expected boolean, got &{" + plain(value) + "}");
        return;
      case Scalar::String:
      case Scalar::Bytes:
      case Scalar::Duration:
        return text(value);
      case Scalar::Quantity:
      case Scalar::IntOrString:
      case Scalar::Time:
      case Scalar::MicroTime:
        if (value.is_object() || value.is_array()) complain("expected any scalar, got &{" + plain(value) + "}");
        return;
      default:
        return;
    }
  }

  Path path_;
  std::vector<std::string> errors_;
};

}  // namespace

Result<void> check(const Type& type, const Value& config) {
  Checker checker;
  checker.object(type, config);
  return std::move(checker).outcome();
}

}  // namespace charon::schema::apply
