// Flags in the query of a URL.
#pragma once

#include <optional>
#include <string_view>

namespace charon::net {

// As Kubernetes reads them: what is there is true, be it "?watch", "?watch=True" or "?watch=no", but for "0" and "false" in
// letters of any case; nullopt when it is not there. Source: Convert_Slice_string_To_bool in apimachinery's
// runtime/conversion.go.
std::optional<bool> query_flag(std::string_view query, std::string_view name);

}  // namespace charon::net
