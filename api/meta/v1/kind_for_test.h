// A kind's rules as the server applies them, on JSON texts: for the tests of rules.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "codec/json.h"
#include "codec/tree.h"
#include "model/kind.h"
#include "schema/convert.h"
#include "schema/defaults.h"
#include "schema/validate.h"

namespace charon::meta::v1 {

using Texts = std::vector<std::string>;

class KindForTest {
 public:
  KindForTest(std::string_view group, std::string_view version, std::string_view kind)
      : kind_(model::find_kind({group, version}, kind)) {
    if (kind_ == nullptr) ADD_FAILURE() << "no kind " << kind;
  }

  // Read, normalized and with defaults.
  codec::Value read(std::string_view json) const {
    Result<codec::Value> tree = codec::parse_json(json);
    EXPECT_TRUE(tree.has_value()) << json;
    if (!tree) return codec::Object();
    Result<void> normal = schema::normalize(*kind_->type, *tree);
    EXPECT_TRUE(normal.has_value()) << (normal ? "" : normal.error().message);
    schema::apply_defaults(*kind_->type, *tree);
    if (kind_->rules.set_defaults != nullptr) kind_->rules.set_defaults(*tree);
    return *std::move(tree);
  }
  codec::Value created(std::string_view json) const {
    codec::Value tree = read(json);
    if (kind_->rules.prepare != nullptr) kind_->rules.prepare(tree, {.create = true});
    return tree;
  }
  codec::Value updated(const codec::Value& before, std::string_view json) const {
    codec::Value tree = read(json);
    if (kind_->rules.prepare != nullptr) kind_->rules.prepare(tree, {.before = &before});
    return tree;
  }

  // What a create, or an update of `before`, is refused with.
  Texts errors(std::string_view json) const { return check(created(json), {.create = true}); }
  Texts update_errors(std::string_view before, std::string_view after, std::string_view subresource = "") const {
    return errors_of_update(created(before), after, subresource);
  }
  Texts errors_of_update(const codec::Value& before, std::string_view after, std::string_view subresource = "") const {
    return check(updated(before, after), {.subresource = subresource, .before = &before});
  }

  // All cells of the row at `now`, as `kubectl get -o wide` shows them.
  Texts computed_cells(std::string_view json, std::string_view now) const {
    codec::Array cells;
    kind_->rules.cells(read(json), *parse_rfc3339(now), cells);
    Texts texts;
    for (const codec::Value& cell : cells)
      texts.push_back(cell.is_string() ? std::string(codec::view(cell.get_string())) : codec::write_json(cell));
    std::size_t declared = 0;
    for (const model::Column& column : kind_->columns) declared += column.json_path.empty() ? 1 : 0;
    EXPECT_EQ(texts.size(), declared) << "cells of " << kind_->kind;
    return texts;
  }

  const model::Kind& kind() const { return *kind_; }

 private:
  Texts check(const codec::Value& object, const model::WriteContext& context) const {
    schema::FieldErrors errors;
    if (context.before != nullptr) schema::validate_immutable(*kind_->type, *context.before, object, errors);
    schema::validate(*kind_->type, object, errors);
    if (kind_->rules.validate != nullptr) kind_->rules.validate(object, context, errors);
    Texts texts;
    for (const schema::FieldError& error : errors) texts.push_back(schema::field_error_text(error));
    return texts;
  }

  const model::Kind* kind_;
};

inline std::string json_at(const codec::Value& object, std::initializer_list<std::string_view> path) {
  const codec::Value* found = codec::find_path(object, path);
  return found == nullptr ? "(absent)" : codec::write_json(*found);
}

}  // namespace charon::meta::v1
