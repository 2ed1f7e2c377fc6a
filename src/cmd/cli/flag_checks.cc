#include "cmd/cli/flag_checks.h"

#include <charconv>
#include <filesystem>
#include <vector>

#include "base/names.h"
#include "base/time.h"
#include "x509/certificate.h"

namespace charon::cmd {
namespace {

constexpr int kShortestPrefix = 8;
constexpr int kLongestPrefix = 30;

std::string first_of(const std::vector<std::string>& problems) { return problems.empty() ? std::string() : problems.front(); }

}  // namespace

std::string ip_problem(const std::string& text) {
  return x509::canonical_ip(text) ? std::string() : "\"" + text + "\" is no IP address, such as 192.0.2.1";
}

std::string pod_range_problem(const std::string& text) {
  const std::string problem = "\"" + text + "\" is no range of IPv4 addresses of 8 to 30 bits, such as 10.42.0.0/24";
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos || text.find(':') != std::string::npos || !x509::canonical_ip(text.substr(0, slash)))
    return problem;
  int bits = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + slash + 1, end, bits);
  return read.ec == std::errc() && read.ptr == end && bits >= kShortestPrefix && bits <= kLongestPrefix ? std::string()
                                                                                                        : problem;
}

std::string node_name_problem(const std::string& text) { return first_of(dns1123_subdomain_errors(text)); }

std::string node_label_problem(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) return "\"" + text + "\" is not of the form key=value";
  std::string problem = first_of(qualified_name_errors(text.substr(0, equals)));
  return problem.empty() ? first_of(label_value_errors(text.substr(equals + 1))) : problem;
}

std::string duration_problem(const std::string& text) {
  auto duration = parse_go_duration(text);
  return duration && *duration >= std::chrono::nanoseconds::zero() ? std::string()
                                                                   : "\"" + text + "\" is no duration, such as 1m30s";
}

std::string make_absolute(std::string& path) {
  if (path.empty()) return "a path must not be empty";
  std::error_code error;
  path = std::filesystem::absolute(path, error).lexically_normal().string();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return error ? error.message() : std::string();
}

}  // namespace charon::cmd
