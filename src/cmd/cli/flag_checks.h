// What a flag's value must look like. Each check returns what is wrong with it, empty when nothing is.
#pragma once

#include <string>

namespace charon::cmd {

std::string ip_problem(const std::string& text);
std::string pod_range_problem(const std::string& text);  // "10.42.0.0/24": IPv4, 8 to 30 bits
std::string node_name_problem(const std::string& text);
std::string node_label_problem(const std::string& text);  // "key=value"
std::string duration_problem(const std::string& text);    // "1m30s", not negative
// Makes a path absolute, without a slash at its end.
std::string make_absolute(std::string& path);

}  // namespace charon::cmd
