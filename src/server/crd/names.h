// Which of a definition's names it may have: within a group a plural, singular or short name, and a kind or list kind, belongs
// to the definition that had it first. Source: apiextensions-apiserver pkg/controller/status.
#pragma once

#include <set>
#include <string>

#include "codec/tree.h"
#include "model/registry.h"
#include "server/crd/definition.h"

namespace charon::server::crd {

// Names that others of the group have.
struct TakenNames {
  std::set<std::string, std::less<>> resources;  // plural, singular and short names
  std::set<std::string, std::less<>> kinds;      // kinds and list kinds

  void add(const codec::Value& accepted_names);
  void add_builtin(std::string_view group);
};

struct Naming {
  codec::Value accepted;  // status.acceptedNames
  Condition condition;    // NamesAccepted
  bool all_accepted = false;
};

Naming judge_names(const codec::Value& definition, const TakenNames& taken);

}  // namespace charon::server::crd
