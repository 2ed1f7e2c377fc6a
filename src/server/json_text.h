// Work on JSON text that is already written, without a tree: for readers who want it indented, or only a part of it.
#pragma once

#include <string>
#include <string_view>

namespace charon::server {

// The value of the object's own member `name`, a view into `object`; empty when there is none. `object` is well-formed JSON as
// codec::append_json writes it.
std::string_view member_text(std::string_view object, std::string_view name);

// Indents compact JSON by two spaces, as Kubernetes' server does. The text may come in pieces cut anywhere.
class Indenter {
 public:
  void append(std::string_view compact, std::string& out);

 private:
  void new_line(std::string& out) const;

  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool opened_ = false;  // a brace or bracket came last: what follows tells whether it is empty
};

std::string indented(std::string_view compact);

}  // namespace charon::server
