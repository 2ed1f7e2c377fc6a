#include "base/result.h"

#include <array>

namespace charon {
namespace {

struct ReasonFact {
  Reason reason;
  std::string_view name;
  int code;
};

constexpr std::array kReasons{
    ReasonFact{Reason::Unknown, "", 500},
    ReasonFact{Reason::BadRequest, "BadRequest", 400},
    ReasonFact{Reason::Unauthorized, "Unauthorized", 401},
    ReasonFact{Reason::Forbidden, "Forbidden", 403},
    ReasonFact{Reason::NotFound, "NotFound", 404},
    ReasonFact{Reason::MethodNotAllowed, "MethodNotAllowed", 405},
    ReasonFact{Reason::NotAcceptable, "NotAcceptable", 406},
    ReasonFact{Reason::AlreadyExists, "AlreadyExists", 409},
    ReasonFact{Reason::Conflict, "Conflict", 409},
    ReasonFact{Reason::Gone, "Gone", 410},
    ReasonFact{Reason::Expired, "Expired", 410},
    ReasonFact{Reason::Invalid, "Invalid", 422},
    ReasonFact{Reason::RequestEntityTooLarge, "RequestEntityTooLarge", 413},
    ReasonFact{Reason::UnsupportedMediaType, "UnsupportedMediaType", 415},
    ReasonFact{Reason::TooManyRequests, "TooManyRequests", 429},
    ReasonFact{Reason::InternalError, "InternalError", 500},
    ReasonFact{Reason::NotImplemented, "NotImplemented", 501},
    ReasonFact{Reason::ServiceUnavailable, "ServiceUnavailable", 503},
    ReasonFact{Reason::ServerTimeout, "ServerTimeout", 504},
    ReasonFact{Reason::Timeout, "Timeout", 504},
};

}  // namespace

std::string_view reason_name(Reason reason) { return kReasons[static_cast<std::size_t>(reason)].name; }

int http_code(Reason reason) { return kReasons[static_cast<std::size_t>(reason)].code; }

Reason reason_from(std::string_view name, int code) {
  for (const ReasonFact& fact : kReasons)
    if (!name.empty() && fact.name == name) return fact.reason;
  for (const ReasonFact& fact : kReasons)
    if (fact.reason != Reason::Unknown && fact.code == code) return fact.reason;
  return Reason::Unknown;
}

bool Error::retriable() const {
  switch (reason) {
    case Reason::Conflict:
    case Reason::TooManyRequests:
    case Reason::InternalError:
    case Reason::ServiceUnavailable:
    case Reason::ServerTimeout:
    case Reason::Timeout:
      return true;
    default:
      return false;
  }
}

std::unexpected<Error> fail_with(std::string_view context, Error error) {
  error.message = std::string(context) + ": " + error.message;
  return std::unexpected(std::move(error));
}

}  // namespace charon
