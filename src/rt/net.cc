#include "rt/net.h"

namespace charon::rt {

std::string Address::text() const {
  if (kind == Kind::Unix) return "unix:" + host;
  std::string port_text = ":" + std::to_string(port);
  return host.find(':') == std::string::npos ? host + port_text : "[" + host + "]" + port_text;
}

}  // namespace charon::rt
