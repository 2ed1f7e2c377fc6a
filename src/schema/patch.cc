#include "schema/patch.h"

#include <fmt/format.h>

#include <charconv>

#include "codec/json.h"
#include "codec/tree.h"

namespace charon::schema {

using codec::Value;

namespace {

// One step of an RFC 6901 pointer at a time.
struct Pointer {
  std::vector<std::string> steps;
  std::string text;

  static Result<Pointer> parse(std::string_view text) {
    Pointer pointer{{}, std::string(text)};
    if (text.empty()) return pointer;
    if (text.front() != '/') return fail(Reason::BadRequest, fmt::format("invalid JSON pointer \"{}\"", text));
    std::string step;
    for (std::size_t i = 1; i <= text.size(); ++i) {
      if (i == text.size() || text[i] == '/') {
        pointer.steps.push_back(std::move(step));
        step.clear();
      } else if (text[i] == '~' && i + 1 < text.size() && (text[i + 1] == '0' || text[i + 1] == '1')) {
        step += text[++i] == '0' ? '~' : '/';
      } else {
        step += text[i];
      }
    }
    return pointer;
  }
};

std::unexpected<Error> does_not_apply(std::string_view operation, const Pointer& path, std::string_view why) {
  return fail(Reason::Invalid,
              fmt::format("{} operation does not apply: doc is missing path: \"{}\": {}", operation, path.text, why));
}

// The index a step names in an array of `size`; size itself for "-".
std::optional<std::size_t> index_of(std::string_view step, std::size_t size) {
  if (step == "-") return size;
  std::size_t index = 0;
  auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (error != std::errc() || end != step.data() + step.size() || (step.size() > 1 && step[0] == '0')) return std::nullopt;
  return index;
}

Value* step_into(Value& value, std::string_view step) {
  if (value.is_object()) return codec::find(value, step);
  if (!value.is_array()) return nullptr;
  std::optional<std::size_t> index = index_of(step, value.get_array().size());
  return index && *index < value.get_array().size() ? &value.get_array()[*index] : nullptr;
}

Value* find_at(Value& document, const Pointer& path, std::size_t steps) {
  Value* value = &document;
  for (std::size_t i = 0; i < steps && value != nullptr; ++i) value = step_into(*value, path.steps[i]);
  return value;
}

Result<void> add_at(Value& document, const Pointer& path, Value value, std::string_view operation) {
  if (path.steps.empty()) {
    document = std::move(value);
    return {};
  }
  Value* parent = find_at(document, path, path.steps.size() - 1);
  const std::string& last = path.steps.back();
  if (parent != nullptr && parent->is_object()) {
    parent->get_object()[last] = std::move(value);
    return {};
  }
  if (parent == nullptr || !parent->is_array()) return does_not_apply(operation, path, "missing value");
  codec::Array& array = parent->get_array();
  std::optional<std::size_t> index = index_of(last, array.size());
  if (!index || *index > array.size()) return does_not_apply(operation, path, "invalid index referenced");
  array.insert(array.begin() + *index, std::move(value));
  return {};
}

Result<Value> remove_at(Value& document, const Pointer& path, std::string_view operation) {
  if (path.steps.empty()) return does_not_apply(operation, path, "missing value");
  Value* parent = find_at(document, path, path.steps.size() - 1);
  Value* found = parent == nullptr ? nullptr : step_into(*parent, path.steps.back());
  if (found == nullptr) return does_not_apply(operation, path, "missing value");
  Value removed = std::move(*found);
  if (parent->is_object())
    parent->get_object().stable_erase(parent->get_object().find(path.steps.back()));
  else
    parent->get_array().erase(parent->get_array().begin() + *index_of(path.steps.back(), parent->get_array().size()));
  return removed;
}

Result<void> replace_at(Value& document, const Pointer& path, const Value& value) {
  Value* found = find_at(document, path, path.steps.size());
  if (found == nullptr) return does_not_apply("replace", path, "missing value");
  *found = value;
  return {};
}

// `copy_budget`: bytes that copies may still take, so that a small patch cannot double a document again and again.
Result<void> apply_operation(Value& document, const Value& operation, std::size_t& copy_budget) {
  std::string_view name = codec::string_at(operation, "op");
  const Value* path_text = codec::find(operation, "path");
  if (path_text == nullptr || !path_text->is_string()) return fail(Reason::BadRequest, "json patch: an operation has no path");
  TRY_ASSIGN(Pointer path, Pointer::parse(codec::view(path_text->get_string())));
  if (name == "remove") {
    TRY(remove_at(document, path, name));
    return {};
  }
  if (name == "move" || name == "copy") {
    TRY_ASSIGN(Pointer from, Pointer::parse(codec::string_at(operation, "from")));
    if (name == "move") {
      TRY_ASSIGN(Value moved, remove_at(document, from, name));
      return add_at(document, path, std::move(moved), name);
    }
    const Value* source = find_at(document, from, from.steps.size());
    if (source == nullptr) return does_not_apply(name, from, "missing value");
    std::size_t size = codec::write_json(*source).size();
    if (size > copy_budget)
      return fail(Reason::RequestEntityTooLarge,
                  "json patch: its copies take more than " + std::to_string(kPatchCopyBytes) + " bytes");
    copy_budget -= size;
    return add_at(document, path, Value(*source), name);
  }
  const Value* value = codec::find(operation, "value");
  static const Value kNull;
  if (name == "test") {
    const Value* found = find_at(document, path, path.steps.size());
    if (codec::equal(found == nullptr ? kNull : *found, value == nullptr ? kNull : *value)) return {};
    return fail(Reason::Invalid, fmt::format("testing value {} failed: test failed", path.text));
  }
  if (name != "add" && name != "replace") return fail(Reason::BadRequest, fmt::format("Unexpected kind: {}", name));
  if (value == nullptr) return fail(Reason::BadRequest, fmt::format("json patch: {} has no value", name));
  return name == "add" ? add_at(document, path, *value, name) : replace_at(document, path, *value);
}

}  // namespace

Result<void> json_patch(Value& document, const Value& patch) {
  if (!patch.is_array()) return fail(Reason::BadRequest, "json patch: not a list of operations");
  if (patch.get_array().size() > kPatchOperations)
    return fail(Reason::RequestEntityTooLarge, "The allowed maximum operations in a JSON patch is " +
                                                   std::to_string(kPatchOperations) + ", got " +
                                                   std::to_string(patch.get_array().size()));
  Value changed = document;
  std::size_t copy_budget = kPatchCopyBytes;
  for (const Value& operation : patch.get_array()) TRY(apply_operation(changed, operation, copy_budget));
  document = std::move(changed);
  return {};
}

void merge_patch(Value& document, const Value& patch) {
  if (!patch.is_object()) {
    document = patch;
    return;
  }
  if (!document.is_object()) document.emplace_object();
  codec::Object& object = document.get_object();
  for (const auto& member : patch.get_object()) {
    if (member.value().is_null()) {
      if (auto place = object.find(member.key()); place != object.end()) object.stable_erase(place);
    } else {
      merge_patch(object[member.key()], member.value());
    }
  }
}

}  // namespace charon::schema
