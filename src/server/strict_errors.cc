#include "server/strict_errors.h"

#include <fmt/format.h>

#include "schema/validate.h"
#include "server/api.h"

namespace charon::server {
namespace {

void append(std::string& text, std::string_view separator, std::string_view more) {
  if (!text.empty()) text += separator;
  text += more;
}

}  // namespace

void StrictErrors::add(std::string_view what, std::string_view problem, const std::string& path) {
  if (fields_.size() < kMost) fields_.push_back(fmt::format("{}{} field \"{}\"", what, problem, path));
}

void StrictErrors::add(const codec::JsonNotes& notes, std::string_view what) {
  for (const std::string& path : notes.duplicate_fields) add(what, "duplicate", path);
}

void StrictErrors::add(const schema::UnknownFields& unknown, std::string_view what) {
  for (const std::string& path : unknown.paths) add(what, "unknown", path);
}

void StrictErrors::add(const codec::YamlNotes& notes) {
  yaml_.insert(yaml_.end(), notes.duplicate_keys.begin(), notes.duplicate_keys.end());
}

std::string StrictErrors::text() const {
  std::string text;
  for (const std::string& line : yaml_) text += (text.empty() ? "yaml: unmarshal errors:\n  " : "\n  ") + line;
  for (const std::string& field : fields_) append(text, ", ", field);
  return text;
}

void StrictErrors::warn(Warnings& warnings) const {
  warnings.insert(warnings.end(), yaml_.begin(), yaml_.end());
  warnings.insert(warnings.end(), fields_.begin(), fields_.end());
}

Result<void> judge(const StrictErrors& errors, FieldValidation validation, Warnings* warnings, const Refusal& refusal) {
  if (errors.empty()) return {};
  if (validation == FieldValidation::Strict) return fail(refusal(errors.text()));
  if (validation == FieldValidation::Warn && warnings != nullptr) errors.warn(*warnings);
  return {};
}

Result<void> normalize_and_judge(const schema::Type& type, codec::Value& tree, StrictErrors errors, FieldValidation validation,
                                 Warnings* warnings, const Refusal& refusal) {
  schema::UnknownFields unknown;
  if (auto normal = schema::normalize(type, tree, &unknown); !normal) return fail(refusal(normal.error().message));
  errors.add(unknown);
  return judge(errors, validation, warnings,
               [&refusal](const std::string& text) { return refusal(std::string(kStrictDecoding) + text); });
}

Error cannot_handle(std::string_view given, std::string_view version, std::string_view kind, std::string_view why) {
  return bad_request(fmt::format("{} in version \"{}\" cannot be handled as a {}: {}", given, version, kind, why));
}

Error invalid_patch(const codec::Value& patched, std::string_view why) {
  std::string shown;
  codec::append_json_string(codec::write_json(patched), shown);
  return schema::invalid_error("", "", "", {{schema::FieldError::Kind::Invalid, "patch", std::move(shown), std::string(why)}});
}

}  // namespace charon::server
