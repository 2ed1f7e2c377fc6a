// Writers of one group version's structs (types.h) and type tables (types.cc).
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

namespace charon::idl {

std::string structs_header(const google::protobuf::FileDescriptor& file);
std::string tables_source(const google::protobuf::FileDescriptor& file);

// All kinds of a set of files: the table `builtin_kinds` and the declarations of the rules that exist. `rules` has
// "<group folder>/<version>/<file stem>" of every file beside a types.proto; those that are named
// as a kind (api/apps/v1/replica_set.cc) define its rules.
std::string kinds_source(const std::vector<const google::protobuf::FileDescriptor*>& files,
                         const std::vector<std::string>& rules);
std::string kind_rules_header(const std::vector<const google::protobuf::FileDescriptor*>& files,
                              const std::vector<std::string>& rules);

}  // namespace charon::idl
