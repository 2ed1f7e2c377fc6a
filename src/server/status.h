// metav1.Status: how outcomes look on the wire.
#pragma once

#include <string>

#include "base/result.h"
#include "codec/value.h"
#include "model/document.h"

namespace charon::server {

codec::Value status_of(const Error& error);
int status_code(const Error& error);

// The parts of a Status that another server worded, an admission webhook, and that need not be among our reasons: kept beside
// an Error's details, so that they reach the client as they came.
struct ForeignStatus {
  int code = 0;
  std::string reason;

  void operator()(const StatusDetails* details) const { delete details; }
};
Error foreign_error(ForeignStatus status, std::string message, StatusDetails details);

// What a finished delete answers.
codec::Value success_status(const model::Document& deleted);

}  // namespace charon::server
