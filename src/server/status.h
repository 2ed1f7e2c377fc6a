// metav1.Status: how outcomes look on the wire.
#pragma once

#include <string>

#include "base/result.h"
#include "codec/value.h"
#include "model/document.h"

namespace charon::server {

codec::Value status_of(const Error& error);
// What a finished delete answers.
codec::Value success_status(const model::Document& deleted);

}  // namespace charon::server
