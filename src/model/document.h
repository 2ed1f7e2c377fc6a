// Document: one stored version of one object, immutable and already encoded.
//
// The server makes it once per write; store, watch cache, watchers and informers share it by pointer, across loops. The typed
// struct is made on first demand and kept beside the JSON. Protobuf is shared as long as someone holds it, and not kept: a
// list of everything would double what is in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/value.h"
#include "model/kind.h"
#include "schema/convert.h"

namespace charon::model {

using Revision = std::uint64_t;  // the store's, printed as resourceVersion

struct ObjectKey {
  std::string ns;  // empty for cluster-scoped objects
  std::string name;
  auto operator<=>(const ObjectKey&) const = default;
  std::string text() const { return ns.empty() ? name : ns + "/" + name; }
};

class Document {
 public:
  // Reads the metadata out of `tree`, a normalized object of `kind`; `json` is its canonical JSON at `revision`.
  Document(const Kind& kind, Revision revision, SharedBytes json, const codec::Value& tree);
  // Parses `json` itself; CHECKs that it is well formed (it comes from our own store).
  static std::shared_ptr<const Document> from_json(const Kind& kind, Revision revision, SharedBytes json);
  ~Document();
  Document(const Document&) = delete;

  const Kind& kind() const { return *kind_; }
  Revision revision() const { return revision_; }
  const ObjectKey& key() const { return key_; }
  const std::string& uid() const { return uid_; }
  const std::vector<std::pair<std::string, std::string>>& labels() const { return labels_; }  // sorted
  // The value of a selectable field; empty when unset or not selectable.
  std::string_view field(std::string_view path) const;
  const SharedBytes& json() const { return json_; }

  codec::Value tree() const;  // parsed anew at each call: the caller owns it
  // With the k8s\0 envelope. Made anew when nobody holds the one made before: who has several readers keeps it for them.
  SharedBytes protobuf() const;
  // How long its message is, without the envelope.
  std::size_t protobuf_message_bytes() const;

  // The typed struct, decoded once per Document and shared. T must be the struct of kind().
  template <class T>
  std::shared_ptr<const T> as() const {
    return std::static_pointer_cast<const T>(typed(T::table(), [] -> std::shared_ptr<void> { return std::make_shared<T>(); }));
  }

 private:
  std::shared_ptr<const void> typed(const schema::Type& type, std::shared_ptr<void> (*make)()) const;

  KindRef kind_;
  Revision revision_;
  ObjectKey key_;
  std::string uid_;
  std::vector<std::pair<std::string, std::string>> labels_;
  std::vector<std::pair<std::string_view, std::string>> fields_;
  SharedBytes json_;
  mutable std::mutex lazy_mutex_;
  mutable std::shared_ptr<const void> typed_;
  mutable std::weak_ptr<const std::string> protobuf_;
  mutable std::uint32_t protobuf_message_bytes_ = 0;  // 0: not known yet
};

using DocumentPtr = std::shared_ptr<const Document>;

}  // namespace charon::model
