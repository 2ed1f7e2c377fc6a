#include "server/api.h"

namespace charon::server {
namespace {

std::shared_ptr<const StatusDetails> details_of(const model::Kind& kind, std::string_view name) {
  auto details = std::make_shared<StatusDetails>();
  details->name = name;
  details->group = kind.gv.group;
  details->kind = kind.plural;
  return details;
}

std::string quoted(const model::Kind& kind, std::string_view name) {
  return kind.group_resource() + " \"" + std::string(name) + "\"";
}

}  // namespace

Error not_found(const model::Kind& kind, std::string_view name) {
  return {Reason::NotFound, quoted(kind, name) + " not found", details_of(kind, name)};
}

Error already_exists(const model::Kind& kind, std::string_view name) {
  return {Reason::AlreadyExists, quoted(kind, name) + " already exists", details_of(kind, name)};
}

Error conflict(const model::Kind& kind, std::string_view name, std::string_view why) {
  return {Reason::Conflict, "Operation cannot be fulfilled on " + quoted(kind, name) + ": " + std::string(why),
          details_of(kind, name)};
}

Error bad_request(std::string message) { return {Reason::BadRequest, std::move(message), nullptr}; }

bool User::in_group(std::string_view group) const {
  for (const std::string& candidate : groups)
    if (candidate == group) return true;
  return false;
}

}  // namespace charon::server
