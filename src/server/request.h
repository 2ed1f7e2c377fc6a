// One resource request after routing and authentication, whatever way it came in.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/value.h"
#include "model/document.h"
#include "model/kind.h"

namespace charon::server {

namespace audit {
class Record;
}

// authentication.k8s.io UserInfo.
struct User {
  std::string name;
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>, std::less<>> extra;

  bool in_group(std::string_view group) const;
};

enum class FieldValidation : std::uint8_t { Ignore, Warn, Strict };

// How a write is noted in metadata.managedFields: what it changed is the field manager's, or the object carries them already
// (an apply), or not at all (a binding, which only the server makes).
enum class Tracking : std::uint8_t { Changes, Given, Off };

struct Request {
  std::string_view verb;  // get, list, watch, create, update, patch, delete, deletecollection (constants)
  model::KindRef kind;
  std::string subresource;
  std::string ns;
  std::string name;
  User user;

  bool dry_run = false;
  FieldValidation field_validation = FieldValidation::Warn;
  std::string field_manager;  // the owner of what is written; empty: "unknown"
  std::string came_through;   // the subresource of the owner where the object as a whole is written: "scale"
  Tracking tracking = Tracking::Changes;
  audit::Record* audit = nullptr;  // what the audit log is told of it; null: nothing. Outlives the request
  // Where the time is added up that it waits for webhooks; null: nobody asks. Outlives the request.
  std::chrono::nanoseconds* webhook_time = nullptr;

  // list, watch, deletecollection
  std::string label_selector;
  std::string field_selector;

  model::ObjectKey key() const { return {kind->namespaced ? ns : std::string(), name}; }
};

// Warnings collected on the way; they become `Warning: 299 - "..."` headers.
using Warnings = std::vector<std::string>;

}  // namespace charon::server
