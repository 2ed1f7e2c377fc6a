#include "model/document.h"

#include <algorithm>

#include "base/check.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "model/envelope.h"

namespace charon::model {

namespace {

// The text at a dotted path; numbers and booleans as JSON prints them.
std::string field_text(const codec::Value& tree, std::string_view path) {
  const codec::Value* value = &tree;
  while (!path.empty() && value != nullptr) {
    std::size_t dot = path.find('.');
    std::string_view step = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    if (!step.empty()) value = codec::find(*value, step);
  }
  if (value == nullptr || value->is_null() || value->is_object() || value->is_array()) return {};
  if (value->is_string()) return std::string(codec::view(value->get_string()));
  return codec::write_json(*value);
}

}  // namespace

Document::Document(const Kind& kind, Revision revision, SharedBytes json, const codec::Value& tree)
    : kind_(&kind), revision_(revision), json_(std::move(json)) {
  if (const codec::Value* metadata = codec::find(tree, "metadata")) {
    key_.ns = codec::string_at(*metadata, "namespace");
    key_.name = codec::string_at(*metadata, "name");
    uid_ = codec::string_at(*metadata, "uid");
    const codec::Value* labels = codec::find(*metadata, "labels");
    if (labels != nullptr && labels->is_object()) {
      for (const auto& label : labels->get_object())
        if (label.value().is_string())
          labels_.emplace_back(std::string(label.key().data(), label.key().size()), codec::view(label.value().get_string()));
      std::ranges::sort(labels_);
    }
  }
  for (std::string_view path : kind.rules.selectable_fields) {
    auto value_of = kind.rules.selectable_value;
    std::string text = value_of != nullptr ? value_of(tree, path) : field_text(tree, path);
    if (!text.empty()) fields_.emplace_back(path, std::move(text));
  }
}

Document::~Document() = default;

std::shared_ptr<const Document> Document::from_json(const Kind& kind, Revision revision, SharedBytes json) {
  Result<codec::Value> tree = codec::parse_json(*json);
  CHECK(tree.has_value());
  return std::make_shared<const Document>(kind, revision, std::move(json), *tree);
}

std::string_view Document::field(std::string_view path) const {
  if (path == "metadata.name") return key_.name;
  if (path == "metadata.namespace") return key_.ns;
  for (const auto& [name, value] : fields_)
    if (name == path) return value;
  return {};
}

codec::Value Document::tree() const {
  Result<codec::Value> tree = codec::parse_json(*json_);
  CHECK(tree.has_value());
  return *std::move(tree);
}

SharedBytes Document::protobuf() const {
  {
    std::lock_guard lock(lazy_mutex_);
    if (SharedBytes made = protobuf_.lock()) return made;
  }
  // Made outside the lock: two readers may both make it.
  std::string raw;
  schema::append_wire(*kind_->type, tree(), raw);
  SharedBytes made = share(encode_envelope({kind_->gv.text(), kind_->kind, raw}));
  std::lock_guard lock(lazy_mutex_);
  protobuf_ = made;
  protobuf_message_bytes_ = static_cast<std::uint32_t>(raw.size());
  return made;
}

std::size_t Document::protobuf_message_bytes() const {
  {
    std::lock_guard lock(lazy_mutex_);
    if (protobuf_message_bytes_ > 0) return protobuf_message_bytes_;
  }
  (void)protobuf();
  std::lock_guard lock(lazy_mutex_);
  return protobuf_message_bytes_;
}

std::shared_ptr<const void> Document::typed(const schema::Type& type, std::shared_ptr<void> (*make)()) const {
  CHECK(&type == kind_->type);
  {
    std::lock_guard lock(lazy_mutex_);
    if (typed_ != nullptr) return typed_;
  }
  std::shared_ptr<void> object = make();
  CHECK(schema::struct_from_tree(type, tree(), object.get()).has_value());
  std::lock_guard lock(lazy_mutex_);
  if (typed_ == nullptr) typed_ = std::move(object);
  return typed_;
}

}  // namespace charon::model
