// Result<T>: the outcome of everything that is expected to fail now and then.
//
// The error carries what a Kubernetes Status needs (api-conventions, "Response Status Kind"), so that an error made
// deep in a codec reaches kubectl unchanged, and a retry class, so that callers need not interpret texts.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace charon {

// Kubernetes' metav1.StatusReason. The HTTP code of each is given by `http_code`.
enum class Reason : std::uint8_t {
  Unknown,
  BadRequest,
  Unauthorized,
  Forbidden,
  NotFound,
  MethodNotAllowed,
  NotAcceptable,
  AlreadyExists,
  Conflict,
  Gone,
  Expired,
  Invalid,
  RequestEntityTooLarge,
  UnsupportedMediaType,
  TooManyRequests,
  InternalError,
  NotImplemented,
  ServiceUnavailable,
  ServerTimeout,
  Timeout,
};

// "NotFound", "AlreadyExists", ...; empty for Unknown, as Kubernetes prints it.
std::string_view reason_name(Reason reason);
// 404 for NotFound, 409 for AlreadyExists, 500 for Unknown, ...
int http_code(Reason reason);
// The reason for a Status read from a server: by its name, else by its HTTP code.
Reason reason_from(std::string_view name, int code);

// One entry of Status.details.causes: what is wrong with which field ("spec.containers[0].name").
struct Cause {
  std::string reason;  // metav1.CauseType: "FieldValueRequired", "FieldValueInvalid", ...
  std::string message;
  std::string field;
  bool operator==(const Cause&) const = default;
};

struct StatusDetails {
  std::string name;
  std::string group;
  std::string kind;  // the resource's plural name for most errors, as Kubernetes has it
  std::string uid;
  std::vector<Cause> causes;
  int retry_after_s = 0;
};

struct Error {
  Reason reason = Reason::Unknown;
  std::string message;
  std::shared_ptr<const StatusDetails> details;  // null when there is nothing to add

  // True when the same call may succeed later without a change by the caller.
  bool retriable() const;
};

template <class T = void>
using Result = std::expected<T, Error>;

// `return fail(Reason::NotFound, "no such thing");`
inline std::unexpected<Error> fail(Reason reason, std::string message) {
  return std::unexpected(Error{reason, std::move(message), nullptr});
}
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

// The same error with "context: " before its message.
std::unexpected<Error> fail_with(std::string_view context, Error error);

}  // namespace charon

// Evaluates a Result; on error returns it from the enclosing function, else yields the value.
#define CHARON_CONCAT_(a, b) a##b
#define CHARON_CONCAT(a, b) CHARON_CONCAT_(a, b)
#define TRY_ASSIGN_(tmp, target, expression)        \
  auto tmp = (expression);                          \
  if (!tmp) [[unlikely]]                            \
    return std::unexpected(std::move(tmp.error())); \
  target = *std::move(tmp)
#define TRY_ASSIGN(target, expression) TRY_ASSIGN_(CHARON_CONCAT(try_, __LINE__), target, expression)
#define TRY(expression)                                           \
  do {                                                            \
    if (auto try_result = (expression); !try_result) [[unlikely]] \
      return std::unexpected(std::move(try_result.error()));      \
  } while (false)
// The same inside a coroutine.
#define CO_TRY_ASSIGN_(tmp, target, expression)        \
  auto tmp = (expression);                             \
  if (!tmp) [[unlikely]]                               \
    co_return std::unexpected(std::move(tmp.error())); \
  target = *std::move(tmp)
#define CO_TRY_ASSIGN(target, expression) CO_TRY_ASSIGN_(CHARON_CONCAT(try_, __LINE__), target, expression)
#define CO_TRY(expression)                                        \
  do {                                                            \
    if (auto try_result = (expression); !try_result) [[unlikely]] \
      co_return std::unexpected(std::move(try_result.error()));   \
  } while (false)
