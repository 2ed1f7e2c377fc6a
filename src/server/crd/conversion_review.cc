#include "server/crd/conversion_review.h"

#include <boost/json.hpp>

#include "codec/json.h"
#include "codec/tree.h"
#include "schema/validate.h"
#include "server/object_meta.h"
#include "server/webhook/caller.h"

namespace charon::server::crd {
namespace {

using codec::Object;
using codec::string_at;
using codec::string_at_path;
using codec::Value;

// As Go prints a GroupVersionKind.
std::string type_text(std::string_view api_version, std::string_view kind) {
  std::string text(api_version);
  if (text.find('/') == std::string::npos) text = "/" + text;
  return text + ", Kind=" + std::string(kind);
}

// What `%T` prints of a decoded JSON value.
std::string_view go_type(const Value& value) {
  if (value.is_string()) return "string";
  if (value.is_bool()) return "bool";
  if (value.is_array()) return "[]interface {}";
  if (value.is_object()) return "map[string]interface {}";
  if (value.is_double()) return "float64";
  return value.is_null() ? "<nil>" : "int64";
}

Error complaint(std::string text) { return {Reason::Unknown, std::move(text), nullptr}; }

Result<void> check_review(const Value& review, const Conversion& asked) {
  const Value* response = codec::find(review, "response");
  if (asked.review_version == "v1") {
    std::string got = type_text(string_at(review, "apiVersion"), string_at(review, "kind"));
    std::string wanted = type_text("apiextensions.k8s.io/v1", "ConversionReview");
    if (got != wanted) return fail(complaint("expected webhook response of " + wanted + ", got " + got));
  }
  if (response == nullptr || !response->is_object()) return fail(complaint("no response provided"));
  std::string_view uid = string_at(*response, "uid");
  if (asked.review_version == "v1" && uid != asked.uid)
    return fail(complaint("expected response.uid=\"" + asked.uid + "\", got " + codec::write_json(Value(uid))));
  std::string_view status = string_at_path(*response, {"result", "status"});
  if (status == "Success") return {};
  std::string_view message = string_at_path(*response, {"result", "message"});
  if (!message.empty()) return fail(complaint(std::string(message)));
  return fail(complaint("response.result.status was '" + std::string(status) + "', not 'Success'"));
}

Result<void> check_identity(const Value& original, const Value& converted) {
  auto differs = [](std::string_view what, std::string_view wanted, std::string_view got) {
    return fail(complaint("must have the same " + std::string(what) + ": " + std::string(wanted) + " != " + std::string(got)));
  };
  constexpr std::pair<std::string_view, std::string_view> kMembers[] = {
      {"name", "name"}, {"namespace", "namespace"}, {"uid", "UID"}};
  for (const auto& [member, shown] : kMembers) {
    std::string_view wanted = string_at_path(original, {"metadata", member});
    std::string_view got = string_at_path(converted, {"metadata", member});
    if (wanted != got) return differs(shown, wanted, got);
  }
  return {};
}

// Labels, or annotations, as the webhook made them.
Result<void> take_strings(std::string_view member, const Value& given, Object& meta) {
  const Value* found = codec::find(given, member);
  if (found == nullptr || found->is_null()) {
    meta.erase(member);
    return {};
  }
  std::string place = "metadata." + std::string(member);
  if (!found->is_object())
    return fail(complaint("invalid " + place + " of type " + std::string(go_type(*found)) + " in converted object"));
  for (const auto& [key, value] : found->get_object())
    if (!value.is_string())
      return fail(complaint(place + "[" + std::string(key) + "] must be a string, but is " + std::string(go_type(value)) +
                            " in converted object"));
  const Value* before = meta.if_contains(member);
  if (before == nullptr || !codec::equal(*before, *found)) {
    schema::FieldErrors errors;
    validate_strings(given, member, errors);
    std::string text;
    for (const schema::FieldError& error : errors) text += (text.empty() ? "" : ", ") + schema::field_error_text(error);
    if (!errors.empty()) return fail(complaint(errors.size() > 1 ? "[" + text + "]" : text));
  }
  meta[member] = *found;
  return {};
}

// Metadata is the server's: it stays as it was, except for labels and annotations.
Result<void> restore_meta(const Value& original, Value& converted) {
  const Value* given = codec::find(converted, "metadata");
  if (given == nullptr) return fail(complaint("missing metadata in converted object"));
  if (!given->is_object())
    return fail(complaint("invalid metadata of type " + std::string(go_type(*given)) + " in converted object"));
  const Value* before = codec::find(original, "metadata");
  Object meta = before != nullptr && before->is_object() ? before->get_object() : Object();
  for (std::string_view member : {"labels", "annotations"}) TRY(take_strings(member, *given, meta));
  converted.get_object()["metadata"] = std::move(meta);
  return {};
}

Result<void> check_converted(const Value& original, const Conversion& asked, Value& converted, std::size_t index) {
  std::string before = "returned invalid object at index " + std::to_string(index) + ": ";
  if (!converted.is_object()) return fail(complaint(before + "not an object but " + std::string(go_type(converted))));
  if (std::string_view got = string_at(converted, "apiVersion"); got != asked.to)
    return fail(complaint(before + "invalid groupVersion (expected " + asked.to + ", received " + std::string(got) + ")"));
  std::string_view kind = string_at(original, "kind");
  if (std::string_view got = string_at(converted, "kind"); got != kind)
    return fail(complaint(before + "invalid kind (expected " + std::string(kind) + ", received " + std::string(got) + ")"));
  if (auto same = check_identity(original, converted); !same)
    return fail(complaint("returned invalid object: " + same.error().message));
  if (auto restored = restore_meta(original, converted); !restored)
    return fail(complaint("returned invalid metadata: " + restored.error().message));
  return {};
}

}  // namespace

Error conversion_error(const Value& first, std::string_view what) {
  return complaint("conversion webhook for " + type_text(string_at(first, "apiVersion"), string_at(first, "kind")) + " " +
                   clipped(std::string(what)));
}

std::string write_conversion(const Conversion& conversion) {
  codec::Array objects;
  objects.reserve(conversion.objects.size());
  for (const Value* object : conversion.objects) objects.push_back(*object);
  Object request{{"uid", conversion.uid}, {"desiredAPIVersion", conversion.to}, {"objects", std::move(objects)}};
  Object review{{"kind", "ConversionReview"},
                {"apiVersion", "apiextensions.k8s.io/" + std::string(conversion.review_version)},
                {"request", std::move(request)}};
  return codec::write_json(Value(std::move(review)));
}

Result<std::vector<Value>> read_conversion(std::string_view body, const Conversion& asked) {
  const Value& first = *asked.objects.front();
  auto review = codec::parse_json(body);
  if (!review) return fail(conversion_error(first, "failed: " + review.error().message));
  if (auto checked = check_review(*review, asked); !checked)
    return fail(conversion_error(first, "failed: " + checked.error().message));
  std::vector<Value> converted;
  Value* objects = codec::find(*codec::find(*review, "response"), "convertedObjects");
  if (objects != nullptr && objects->is_array())
    for (Value& object : objects->get_array()) converted.push_back(std::move(object));
  if (converted.size() != asked.objects.size())
    return fail(conversion_error(
        first, "returned " + std::to_string(converted.size()) + " objects, expected " + std::to_string(asked.objects.size())));
  for (std::size_t i = 0; i < converted.size(); ++i)
    if (auto checked = check_converted(*asked.objects[i], asked, converted[i], i); !checked)
      return fail(conversion_error(first, checked.error().message));
  return converted;
}

}  // namespace charon::server::crd
