// A Review whose question and answer are one generated struct.
#pragma once

#include <string>
#include <utility>

#include "codec/tree.h"
#include "model/kind.h"
#include "schema/convert.h"
#include "server/api.h"

namespace charon::server {

// `answer` fills the status. Its group and kind are those of the struct, not of the resource it hangs on.
template <class T, class Answer>
rt::Task<Result<codec::Value>> answer_typed(Answer answer, model::GroupVersion gv, Request request, codec::Value object) {
  CO_TRY_ASSIGN(T question, schema::from_tree<T>(object));
  Result<T> filled = answer(request, std::move(question));
  if (!filled) co_return fail(std::move(filled.error()));
  codec::Object tree{{"kind", T::table().name}, {"apiVersion", gv.text()}};
  codec::Value body = schema::tree_from_struct(T::table(), &*filled);
  for (auto& member : body.as_object())
    if (member.key() != "kind" && member.key() != "apiVersion") tree[member.key()] = std::move(member.value());
  co_return codec::Value(std::move(tree));
}

// `answer`: Result<T>(const Request&, T).
template <class T, class Answer>
Review typed_review(model::GroupVersion gv, Answer answer) {
  Review review;
  review.type = &T::table();
  review.answer = [gv, answer](Request request, codec::Value object) {
    return answer_typed<T, Answer>(answer, gv, std::move(request), std::move(object));
  };
  return review;
}

}  // namespace charon::server
