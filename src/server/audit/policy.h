// The audit policy: which requests are written to the audit log, and how much of each.
//
// Source: audit.k8s.io/v1 Policy, and apiserver's pkg/audit/policy and apis/audit/validation.
#pragma once

#include <cstdint>
#include <string_view>

#include "api/audit/v1/types.h"
#include "base/result.h"
#include "server/authz/authorizer.h"

namespace charon::server::audit {

// Each has what those before it have.
enum class Level : std::uint8_t { None, Metadata, Request, RequestResponse };
enum class Stage : std::uint8_t { RequestReceived, ResponseStarted, ResponseComplete, Panic };

std::string_view name_of(Level level);
std::string_view name_of(Stage stage);

// What becomes of one request.
struct Treatment {
  Level level = Level::None;
  std::uint8_t omitted = 0;  // a bit for each Stage that gets no event
  bool omit_managed_fields = false;

  bool wants(Stage stage) const { return (omitted & 1u << static_cast<unsigned>(stage)) == 0; }
};

class Policy {
 public:
  // Of a file, YAML or JSON. BadRequest names what is wrong with it: what is not a Policy, members that it does not know (a
  // misspelt rule would silently match other requests), and what Kubernetes refuses.
  static Result<Policy> parse(std::string_view text);
  // Without a file: Metadata, never a body, of all writes and of reads that give access to something: secrets, tokens, and
  // streams to pods, services and nodes. Left out is what keeps a cluster running and says nothing of anybody: leases, events,
  // the status that nodes report.
  static Policy standard();

  // Of the first rule that matches. `attributes.user` is who sent the request, not whom it impersonates.
  Treatment treatment(const Attributes& attributes) const;

 private:
  struct Rule {
    ::charon::audit::v1::PolicyRule match;
    Treatment treatment;
  };
  static bool matches(const ::charon::audit::v1::PolicyRule& rule, const Attributes& attributes);

  std::vector<Rule> rules_;
};

}  // namespace charon::server::audit
