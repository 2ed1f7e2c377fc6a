// Record: one request on its way through the server, as the audit log tells of it; Auditor: makes them.
//
// Source: audit.k8s.io/v1 Event, and apiserver's pkg/audit. On the server's loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "codec/value.h"
#include "rt/loop.h"
#include "server/audit/log.h"
#include "server/audit/policy.h"
#include "server/authz/authorizer.h"
#include "server/request.h"

namespace charon::server::audit {

// What a request says of itself.
struct Origin {
  std::string id;   // the Audit-Id
  std::string uri;  // path and query
  std::string user_agent;
  std::vector<std::string> source_ips;  // none for the parts of this process
};

class Record {
 public:
  // Writes the event RequestReceived.
  Record(rt::Loop& loop, Log& log, Treatment treatment, const Attributes& attributes, Origin origin);
  // Tells of a request that ended without a response, too: its client went away.
  ~Record();
  Record(const Record&) = delete;

  bool tells(Level level) const { return treatment_.level >= level; }

  void set_impersonated(const User& user);
  // The first value of a key stays.
  void annotate(std::string key, std::string value);
  // Names the object where the URL does not; tells its body from level Request on.
  void set_request(const codec::Value& object);
  // A patch, JSON text; from level Request on.
  void set_patch(std::string_view json);
  // JSON text; at level RequestResponse.
  void set_response(std::string_view json);
  // Of an answer that is a Status.
  void set_status(const codec::Value& status);

  // The headers of a response that goes on for long are sent.
  void started(int code);
  // The response is sent as a whole.
  void complete(int code);
  // A defect of ours.
  void panicked(std::string_view what);

 private:
  struct Object {
    std::string resource;
    std::string ns;
    std::string name;
    std::string uid;
    std::string group;
    std::string version;
    std::string resource_version;
    std::string subresource;
  };

  void write(Stage stage, Time at);
  void append_object(std::string& line) const;
  void append_status(std::string& line) const;
  std::string text_of(const codec::Value& object) const;

  rt::Loop& loop_;
  Log& log_;
  Treatment treatment_;
  Time received_;
  // Parts of each line, in JSON.
  std::string opening_;  // up to the stage
  std::string who_;      // requestURI to user
  std::string impersonated_;
  std::string from_;  // sourceIPs, userAgent
  std::string request_;
  std::string response_;
  std::string status_;  // all of a Status before its code
  Object object_;       // nothing in it where the path is no resource
  std::map<std::string, std::string> annotations_;
  int code_ = 0;  // 0: no response yet
  bool over_ = false;
};

class Auditor {
 public:
  // All must outlive it; so must it the records.
  Auditor(rt::Loop& loop, Policy policy, Log& log, Metrics& metrics);

  // Null when the policy does not want it. `origin` is asked only when it does.
  std::unique_ptr<Record> begin(const Attributes& attributes, const std::function<Origin()>& origin);
  Log& log() { return log_; }

 private:
  rt::Loop& loop_;
  Policy policy_;
  Log& log_;
  std::vector<Counter*> levels_;  // by Level
};

// Into the record of the request, where there is one.
void annotate(const Request& request, std::string key, std::string value);

}  // namespace charon::server::audit
