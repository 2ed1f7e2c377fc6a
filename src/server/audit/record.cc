#include "server/audit/record.h"

#include "codec/json.h"
#include "codec/tree.h"

namespace charon::server::audit {
namespace {

constexpr std::size_t kUserAgentBytes = 1024;

// `,"name":"text"`, or nothing for an empty text.
void append_member(std::string_view name, std::string_view text, std::string& out) {
  if (text.empty()) return;
  out.append(",\"").append(name).append("\":");
  codec::append_json_string(text, out);
}

void append_list(const std::vector<std::string>& texts, std::string& out) {
  out += '[';
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out += ',';
    codec::append_json_string(texts[i], out);
  }
  out += ']';
}

void append_user(const User& user, std::string& out) {
  out += "{\"username\":";
  codec::append_json_string(user.name, out);
  append_member("uid", user.uid, out);
  if (!user.groups.empty()) {
    out += ",\"groups\":";
    append_list(user.groups, out);
  }
  if (!user.extra.empty()) {
    out += ",\"extra\":";
    char before = '{';
    for (const auto& [key, values] : user.extra) {
      out += before;
      codec::append_json_string(key, out);
      out += ':';
      append_list(values, out);
      before = ',';
    }
    out += '}';
  }
  out += '}';
}

void remove_managed_fields(codec::Value& object) {
  if (codec::Value* meta = codec::find(object, "metadata"); meta != nullptr && meta->is_object())
    meta->get_object().erase("managedFields");
  // Of a list's items, and of the objects in a table's rows.
  for (std::string_view list : {"items", "rows"}) {
    codec::Value* items = codec::find(object, list);
    if (items == nullptr || !items->is_array()) continue;
    for (codec::Value& item : items->get_array()) {
      codec::Value* inner = list == "rows" ? codec::find(item, "object") : &item;
      if (inner != nullptr) remove_managed_fields(*inner);
    }
  }
}

}  // namespace

Record::Record(rt::Loop& loop, Log& log, Treatment treatment, const Attributes& attributes, Origin origin)
    : loop_(loop), log_(log), treatment_(treatment), received_(loop.clock().wall()) {
  opening_ = "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"";
  opening_.append(name_of(treatment.level)).append("\",\"auditID\":");
  codec::append_json_string(origin.id, opening_);
  opening_ += ",\"stage\":\"";
  who_ = "\",\"requestURI\":";
  codec::append_json_string(origin.uri, who_);
  who_ += ",\"verb\":";
  codec::append_json_string(attributes.verb, who_);
  who_ += ",\"user\":";
  append_user(*attributes.user, who_);
  if (!origin.source_ips.empty()) {
    from_ += ",\"sourceIPs\":";
    append_list(origin.source_ips, from_);
  }
  if (origin.user_agent.size() > kUserAgentBytes) {
    origin.user_agent.resize(kUserAgentBytes);
    origin.user_agent += "...TRUNCATED";
  }
  append_member("userAgent", origin.user_agent, from_);
  if (attributes.resource_request) {
    object_.resource = attributes.resource;
    object_.ns = attributes.ns;
    object_.name = attributes.name;
    object_.group = attributes.group;
    object_.version = attributes.version;
    object_.subresource = attributes.subresource;
  }
  write(Stage::RequestReceived, received_);
}

Record::~Record() {
  if (over_) return;
  if (code_ == 0) status_ = ",\"message\":\"Connection closed early\"";
  write(Stage::ResponseComplete, loop_.clock().wall());
}

void Record::set_impersonated(const User& user) {
  impersonated_ = ",\"impersonatedUser\":";
  append_user(user, impersonated_);
}

void Record::annotate(std::string key, std::string value) { annotations_.try_emplace(std::move(key), std::move(value)); }

std::string Record::text_of(const codec::Value& object) const {
  if (!treatment_.omit_managed_fields) return codec::write_json(object);
  codec::Value copy = object;
  remove_managed_fields(copy);
  return codec::write_json(copy);
}

void Record::set_request(const codec::Value& object) {
  auto complete = [&object](std::string& member, std::string_view name) {
    if (member.empty()) member = codec::string_at_path(object, {"metadata", name});
  };
  complete(object_.ns, "namespace");
  complete(object_.name, "name");
  complete(object_.uid, "uid");
  complete(object_.resource_version, "resourceVersion");
  if (tells(Level::Request)) request_ = text_of(object);
}

void Record::set_patch(std::string_view json) {
  if (!tells(Level::Request)) return;
  // What is written must be one line of JSON, whatever the client sent.
  if (auto patch = codec::parse_json(json)) request_ = codec::write_json(*patch);
}

void Record::set_response(std::string_view json) {
  if (!tells(Level::RequestResponse)) return;
  if (!treatment_.omit_managed_fields) {
    response_ = json;
  } else if (auto object = codec::parse_json(json)) {
    response_ = text_of(*object);
  }
}

void Record::set_status(const codec::Value& status) {
  status_.clear();
  for (std::string_view member : {"status", "message", "reason"})
    append_member(member, codec::string_at(status, member), status_);
  if (const codec::Value* details = codec::find(status, "details")) {
    status_ += ",\"details\":";
    codec::append_json(*details, status_);
  }
}

void Record::started(int code) {
  if (code_ != 0) return;
  code_ = code;
  write(Stage::ResponseStarted, loop_.clock().wall());
}

void Record::complete(int code) {
  code_ = code;
  over_ = true;
  write(Stage::ResponseComplete, loop_.clock().wall());
}

void Record::panicked(std::string_view what) {
  constexpr int kInternalError = 500;
  code_ = kInternalError;
  over_ = true;
  status_ = ",\"status\":\"Failure\"";
  append_member("message", "APIServer panic'd: " + std::string(what), status_);
  append_member("reason", "InternalError", status_);
  write(Stage::Panic, loop_.clock().wall());
}

void Record::append_object(std::string& line) const {
  std::string members;
  append_member("resource", object_.resource, members);
  append_member("namespace", object_.ns, members);
  append_member("name", object_.name, members);
  append_member("uid", object_.uid, members);
  append_member("apiGroup", object_.group, members);
  append_member("apiVersion", object_.version, members);
  append_member("resourceVersion", object_.resource_version, members);
  append_member("subresource", object_.subresource, members);
  if (members.empty()) return;
  line.append(",\"objectRef\":{").append(members, 1).append("}");
}

void Record::append_status(std::string& line) const {
  if (code_ == 0 && status_.empty()) return;
  line.append(",\"responseStatus\":{\"metadata\":{}").append(status_);
  if (code_ != 0) line.append(",\"code\":").append(std::to_string(code_));
  line += '}';
}

void Record::write(Stage stage, Time at) {
  if (!treatment_.wants(stage)) return;
  std::string line = opening_;
  line.append(name_of(stage)).append(who_).append(impersonated_).append(from_);
  append_object(line);
  append_status(line);
  if (!request_.empty()) line.append(",\"requestObject\":").append(request_);
  if (!response_.empty()) line.append(",\"responseObject\":").append(response_);
  append_member("requestReceivedTimestamp", format_rfc3339_micro(received_), line);
  append_member("stageTimestamp", format_rfc3339_micro(at), line);
  char before = '{';
  if (!annotations_.empty()) line += ",\"annotations\":";
  for (const auto& [key, value] : annotations_) {
    line += before;
    codec::append_json_string(key, line);
    line += ':';
    codec::append_json_string(value, line);
    before = ',';
  }
  line += annotations_.empty() ? "}" : "}}";
  log_.add(line);
}

Auditor::Auditor(rt::Loop& loop, Policy policy, Log& log, Metrics& metrics)
    : loop_(loop), policy_(std::move(policy)), log_(log) {
  auto& family = metrics.counter("apiserver_audit_level_total", "Requests by the level at which they are audited.", {"level"});
  for (Level level : {Level::None, Level::Metadata, Level::Request, Level::RequestResponse})
    levels_.push_back(&family.counter({std::string(name_of(level))}));
}

std::unique_ptr<Record> Auditor::begin(const Attributes& attributes, const std::function<Origin()>& origin) {
  Treatment treatment = policy_.treatment(attributes);
  levels_[static_cast<std::size_t>(treatment.level)]->add();
  if (treatment.level == Level::None) return nullptr;
  return std::make_unique<Record>(loop_, log_, treatment, attributes, origin());
}

void annotate(const Request& request, std::string key, std::string value) {
  if (request.audit != nullptr) request.audit->annotate(std::move(key), std::move(value));
}

}  // namespace charon::server::audit
