#include "server/status.h"

#include <boost/json.hpp>

namespace charon::server {
namespace {

codec::Object details_object(const StatusDetails& details) {
  codec::Object object;
  if (!details.name.empty()) object["name"] = details.name;
  if (!details.group.empty()) object["group"] = details.group;
  if (!details.kind.empty()) object["kind"] = details.kind;
  if (!details.uid.empty()) object["uid"] = details.uid;
  if (!details.causes.empty()) {
    codec::Array causes;
    for (const Cause& cause : details.causes) {
      codec::Object entry;
      if (!cause.reason.empty()) entry["reason"] = cause.reason;
      if (!cause.message.empty()) entry["message"] = cause.message;
      if (!cause.field.empty()) entry["field"] = cause.field;
      causes.push_back(std::move(entry));
    }
    object["causes"] = std::move(causes);
  }
  if (details.retry_after_s > 0) object["retryAfterSeconds"] = details.retry_after_s;
  return object;
}

codec::Object status_object(std::string_view status) {
  return {{"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", codec::Object()}, {"status", status}};
}

// The foreign part is the deleter of the details that `foreign_error` made; null for other errors.
const ForeignStatus* foreign_part(const Error& error) { return std::get_deleter<ForeignStatus>(error.details); }

}  // namespace

Error foreign_error(ForeignStatus status, std::string message, StatusDetails details) {
  Error error{reason_from(status.reason, status.code), std::move(message), nullptr};
  error.details = std::shared_ptr<const StatusDetails>(new StatusDetails(std::move(details)), std::move(status));
  return error;
}

int status_code(const Error& error) {
  const ForeignStatus* foreign = foreign_part(error);
  return foreign == nullptr ? http_code(error.reason) : foreign->code;
}

codec::Value status_of(const Error& error) {
  codec::Object status = status_object("Failure");
  const ForeignStatus* foreign = foreign_part(error);
  status["message"] = error.message;
  std::string_view reason = foreign == nullptr ? reason_name(error.reason) : std::string_view(foreign->reason);
  if (!reason.empty()) status["reason"] = reason;
  if (error.details) {
    codec::Object details = details_object(*error.details);
    if (foreign == nullptr || !details.empty()) status["details"] = std::move(details);
  }
  status["code"] = status_code(error);
  return status;
}

codec::Value success_status(const model::Document& deleted) {
  codec::Object status = status_object("Success");
  StatusDetails details;
  details.name = deleted.key().name;
  details.group = deleted.kind().gv.group;
  details.kind = deleted.kind().plural;
  details.uid = deleted.uid();
  status["details"] = details_object(details);
  return status;
}

}  // namespace charon::server
