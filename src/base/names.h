// The name rules of Kubernetes: RFC 1123 labels and subdomains, label keys and values, and their error texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace charon {

// Each returns what is wrong, in apimachinery's words; empty when the text is well formed.
std::vector<std::string> dns1123_label_errors(std::string_view text);
std::vector<std::string> dns1123_subdomain_errors(std::string_view text);
std::vector<std::string> dns1035_label_errors(std::string_view text);
std::vector<std::string> qualified_name_errors(std::string_view text);  // label and annotation keys
std::vector<std::string> label_value_errors(std::string_view text);
std::vector<std::string> env_var_name_errors(std::string_view text);
std::vector<std::string> config_map_key_errors(std::string_view text);
std::vector<std::string> port_name_errors(std::string_view text);
std::vector<std::string> path_segment_errors(std::string_view text);  // names of RBAC objects

}  // namespace charon
