// Typed calls on a Transport: Client(transport).get<core::v1::Pod>({"default", "web"}).
//
// T is a generated struct of a kind; `kind_of<T>()` is its Kind.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "client/transport.h"
#include "codec/tree.h"
#include "model/kind.h"
#include "schema/convert.h"

namespace charon::client {

template <class T>
const model::Kind& kind_of() {
  static const model::Kind& kind = model::kind_of_type(T::table());
  return kind;
}

class Client {
 public:
  explicit Client(Transport& transport) : transport_(transport) {}

  template <class T>
  rt::Task<Result<std::shared_ptr<const T>>> get(model::ObjectKey key) {
    CO_TRY_ASSIGN(model::DocumentPtr document, co_await transport_.get({&kind_of<T>()}, std::move(key)));
    co_return document->as<T>();
  }
  template <class T>
  rt::Task<Result<std::shared_ptr<const T>>> create(T object) {
    codec::Value tree = schema::tree_from_struct(T::table(), &object);
    CO_TRY_ASSIGN(model::DocumentPtr document,
                  co_await transport_.create({&kind_of<T>()}, object.metadata.namespace_, std::move(tree)));
    co_return document->as<T>();
  }
  // `subresource`: "" or "status".
  template <class T>
  rt::Task<Result<std::shared_ptr<const T>>> update(T object, std::string_view subresource = {}) {
    codec::Value tree = schema::tree_from_struct(T::table(), &object);
    CO_TRY_ASSIGN(model::DocumentPtr document,
                  co_await transport_.update({&kind_of<T>(), subresource}, {object.metadata.namespace_, object.metadata.name},
                                             std::move(tree)));
    co_return document->as<T>();
  }
  template <class T>
  rt::Task<Result<void>> remove(model::ObjectKey key, DeleteOptions options = {}) {
    auto removed = co_await transport_.remove({&kind_of<T>()}, std::move(key), std::move(options));
    if (!removed) co_return fail(std::move(removed.error()));
    co_return Result<void>();
  }
  Transport& transport() const { return transport_; }

 private:
  Transport& transport_;
};

}  // namespace charon::client
