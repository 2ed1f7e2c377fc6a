#include "schema/patch.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "codec/json.h"
#include "codec/tree.h"
#include "schema/erase_members.h"

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
    if (text.front() != '/') return fail(Reason::Invalid, fmt::format("invalid JSON pointer \"{}\"", text));
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

// What a patch may still make the server do, so that a small one cannot double a document again and again, nor shift the
// elements of a large one.
struct Budget {
  std::size_t copy_bytes = kPatchCopyBytes;
  std::size_t moves = kPatchMoves;
};

Result<void> spend(std::size_t& left, std::size_t wanted, std::string_view too_many) {
  if (wanted > left) return fail(Reason::RequestEntityTooLarge, fmt::format("json patch: {}", too_many));
  left -= wanted;
  return {};
}

Result<void> spend_moves(Budget& budget, std::size_t neighbours) {
  return spend(budget.moves, neighbours, "its insertions and removals in lists and objects of this size take too long");
}

Result<void> add_at(Value& document, const Pointer& path, Value value, std::string_view operation, Budget& budget) {
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
  TRY(spend_moves(budget, array.size() - *index));
  array.insert(array.begin() + *index, std::move(value));
  return {};
}

Result<Value> remove_at(Value& document, const Pointer& path, std::string_view operation, Budget& budget) {
  if (path.steps.empty()) return does_not_apply(operation, path, "missing value");
  Value* parent = find_at(document, path, path.steps.size() - 1);
  Value* found = parent == nullptr ? nullptr : step_into(*parent, path.steps.back());
  if (found == nullptr) return does_not_apply(operation, path, "missing value");
  Value removed = std::move(*found);
  if (parent->is_object()) {
    codec::Object& object = parent->get_object();
    auto place = object.find(path.steps.back());
    TRY(spend_moves(budget, static_cast<std::size_t>(object.end() - place)));
    object.stable_erase(place);
  } else {
    codec::Array& array = parent->get_array();
    const std::size_t index = *index_of(path.steps.back(), array.size());
    TRY(spend_moves(budget, array.size() - index));
    array.erase(array.begin() + index);
  }
  return removed;
}

Result<void> replace_at(Value& document, const Pointer& path, const Value& value) {
  Value* found = find_at(document, path, path.steps.size());
  if (found == nullptr) return does_not_apply("replace", path, "missing value");
  *found = value;
  return {};
}

Result<void> apply_operation(Value& document, const Value& operation, Budget& budget) {
  std::string_view name = codec::string_at(operation, "op");
  const Value* path_text = codec::find(operation, "path");
  if (path_text == nullptr || !path_text->is_string()) return fail(Reason::Invalid, "json patch: an operation has no path");
  TRY_ASSIGN(Pointer path, Pointer::parse(codec::view(path_text->get_string())));
  if (name == "remove") {
    TRY(remove_at(document, path, name, budget));
    return {};
  }
  if (name == "move" || name == "copy") {
    TRY_ASSIGN(Pointer from, Pointer::parse(codec::string_at(operation, "from")));
    if (name == "move") {
      TRY_ASSIGN(Value moved, remove_at(document, from, name, budget));
      return add_at(document, path, std::move(moved), name, budget);
    }
    const Value* source = find_at(document, from, from.steps.size());
    if (source == nullptr) return does_not_apply(name, from, "missing value");
    std::size_t size = codec::write_json(*source).size();
    TRY(spend(budget.copy_bytes, size, "its copies take more than " + std::to_string(kPatchCopyBytes) + " bytes"));
    return add_at(document, path, Value(*source), name, budget);
  }
  const Value* value = codec::find(operation, "value");
  static const Value kNull;
  if (name == "test") {
    const Value* found = find_at(document, path, path.steps.size());
    if (codec::equal(found == nullptr ? kNull : *found, value == nullptr ? kNull : *value)) return {};
    return fail(Reason::Invalid, fmt::format("testing value {} failed: test failed", path.text));
  }
  if (name != "add" && name != "replace") return fail(Reason::Invalid, fmt::format("Unexpected kind: {}", name));
  if (value == nullptr) return fail(Reason::Invalid, fmt::format("json patch: {} has no value", name));
  return name == "add" ? add_at(document, path, *value, name, budget) : replace_at(document, path, *value);
}

Result<void> check_shape(const Value& operation) {
  if (!operation.is_object()) return fail(Reason::BadRequest, "error decoding patch: an operation is not an object");
  for (std::string_view member : {"op", "path", "from"}) {
    const Value* text = codec::find(operation, member);
    if (text != nullptr && !text->is_string() && !text->is_null())
      return fail(Reason::BadRequest, fmt::format("error decoding patch: {} is not a string", member));
  }
  return {};
}

}  // namespace

Result<void> json_patch(Value& document, const Value& patch) {
  if (!patch.is_array()) return fail(Reason::BadRequest, "error decoding patch: not a list of operations");
  if (patch.get_array().size() > kPatchOperations)
    return fail(Reason::RequestEntityTooLarge, "The allowed maximum operations in a JSON patch is " +
                                                   std::to_string(kPatchOperations) + ", got " +
                                                   std::to_string(patch.get_array().size()));
  for (const Value& operation : patch.get_array()) TRY(check_shape(operation));
  Value changed = document;
  Budget budget;
  for (const Value& operation : patch.get_array()) TRY(apply_operation(changed, operation, budget));
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
  std::set<std::string_view> removed;
  for (const auto& member : patch.get_object()) {
    if (member.value().is_null())
      removed.emplace(member.key().data(), member.key().size());
    else
      merge_patch(object[member.key()], member.value());
  }
  erase_members(object, removed);
}

}  // namespace charon::schema
