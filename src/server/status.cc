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

}  // namespace

codec::Value status_of(const Error& error) {
  codec::Object status = status_object("Failure");
  status["message"] = error.message;
  if (std::string_view reason = reason_name(error.reason); !reason.empty()) status["reason"] = reason;
  if (error.details) status["details"] = details_object(*error.details);
  status["code"] = http_code(error.reason);
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
