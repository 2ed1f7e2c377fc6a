#include "node/registration/registrar.h"

#include <utility>

#include "api/coordination/v1/types.h"
#include "client/typed.h"
#include "rt/timeout.h"

namespace charon::node {

using namespace std::chrono_literals;

namespace {

constexpr auto kLookEvery = 10s;
constexpr auto kWriteEvery = 5min;
constexpr auto kRenewEvery = 10s;
constexpr std::int32_t kLeaseSeconds = 40;
constexpr char kLeaseNamespace[] = "kube-node-lease";
// Read by the scheduler, for profiles that place pods by what is in use.
constexpr char kCpuUsedAnnotation[] = "charon.local/cpu-used";
constexpr char kMemoryUsedAnnotation[] = "charon.local/memory-used";

}  // namespace

Registrar::Registrar(rt::Loop& loop, rt::Files& files, client::Transport& transport, Runtime& runtime,
                     control::EventRecorder& events, NodeOptions options,
                     std::function<void(const std::vector<std::string>& pod_cidrs)> network)
    : loop_(loop),
      files_(files),
      transport_(transport),
      runtime_(runtime),
      events_(events),
      options_(std::move(options)),
      network_(std::move(network)),
      registered_(loop),
      awake_(loop),
      scope_(loop) {}

void Registrar::start() {
  scope_.spawn(keep_node());
  scope_.spawn(keep_lease());
}

rt::Task<void> Registrar::wait_registered() { co_await registered_.wait(); }

rt::Task<RuntimeHealth> Registrar::runtime_health() {
  RuntimeHealth out;
  if (runtime_version_.empty()) {
    auto version = co_await runtime_.version();
    if (!version) co_return out;
    runtime_version_ = version->runtime_name + "://" + version->runtime_version;
  }
  out.version = runtime_version_;
  auto status = co_await runtime_.status();
  if (!status || !status->status) {
    runtime_version_.clear();
    co_return out;
  }
  out.answers = true;
  for (const auto& condition : status->status->conditions) {
    if (condition.status || (condition.type != "NetworkReady" && condition.type != "RuntimeReady")) continue;
    if (!out.not_ready.empty()) out.not_ready += "; ";
    out.not_ready += condition.type == "NetworkReady" ? "container runtime network not ready: NetworkReady=false reason:"
                                                      : "container runtime not ready: RuntimeReady=false reason:";
    out.not_ready += condition.reason + " message:" + condition.message;
  }
  co_return out;
}

void Registrar::tell(std::string reason, std::string message) {
  control::EventNote note;
  note.about.kind = "Node";
  note.about.api_version = "v1";
  note.about.name = options_.name;
  note.about.uid = options_.name;  // as the kubelet has it
  note.reason = std::move(reason);
  note.message = std::move(message);
  events_.record(std::move(note));
}

void Registrar::tell_changes(const core::v1::Node& before, const core::v1::Node& after) {
  auto status_of = [](const core::v1::Node& node, std::string_view type) -> std::string {
    for (const auto& condition : node.status.conditions)
      if (condition.type == type) return condition.status;
    return "";
  };
  for (const auto& condition : after.status.conditions) {
    if (status_of(before, condition.type) == condition.status) continue;
    std::string reason = condition.reason;
    if (condition.type == "Ready") reason = condition.status == "True" ? "NodeReady" : "NodeNotReady";
    tell(reason, "Node " + options_.name + " status is now: " + reason);
  }
}

rt::Task<Result<void>> Registrar::sync_node() {
  client::Client client(transport_);
  auto found = co_await client.get<core::v1::Node>({"", options_.name});
  if (!found && found.error().reason != Reason::NotFound) co_return fail(std::move(found.error()));
  // The network first: the runtime is not ready without it.
  if (found && !(*found)->spec.podCIDRs.empty())
    network_((*found)->spec.podCIDRs);
  else if (!options_.pod_cidr.empty())
    network_({options_.pod_cidr});
  machine_ = read_machine(files_, options_.data_dir);
  RuntimeHealth runtime = co_await runtime_health();
  node_ready_ = runtime.answers && runtime.not_ready.empty();
  const Time now = loop_.clock().wall();
  if (!found) {
    core::v1::Node node = new_node(options_, machine_, runtime, now);
    CO_TRY_ASSIGN(auto created, co_await client.create<core::v1::Node>(node));
    // A created object's status may be dropped: it is written on its own.
    node_uid_ = created->metadata.uid;
    core::v1::Node with_status = *created;
    with_status.status = node.status;
    CO_TRY_ASSIGN(auto written, co_await client.update<core::v1::Node>(with_status, "status"));
    tell("Starting", "Starting kubelet.");
    tell_changes(core::v1::Node(), *written);
    last_write_ = loop_.clock().now();
    registered_.set();
    co_return Result<void>();
  }
  node_uid_ = (*found)->metadata.uid;
  core::v1::Node before = **found;
  core::v1::Node after = updated_node(before, options_, machine_, runtime, now);
  if (after.spec.podCIDR.empty() && !options_.pod_cidr.empty()) {
    after.spec.podCIDR = options_.pod_cidr;
    after.spec.podCIDRs = {options_.pod_cidr};
  }
  if (after.metadata.labels != before.metadata.labels || after.spec != before.spec) {
    CO_TRY_ASSIGN(auto updated, co_await client.update<core::v1::Node>(after));
    after.metadata.resourceVersion = updated->metadata.resourceVersion;
  }
  if (node_changed(before, after) || loop_.clock().now() - last_write_ >= kWriteEvery) {
    CO_TRY_ASSIGN(auto written, co_await client.update<core::v1::Node>(after, "status"));
    last_write_ = loop_.clock().now();
    tell_changes(before, *written);
  }
  registered_.set();
  co_return Result<void>();
}

rt::Task<bool> Registrar::wait_awake() {
  co_await awake_.wait();
  co_return true;
}

rt::Task<void> Registrar::keep_node() {
  rt::Duration delay = 200ms;
  for (;;) {
    awake_.clear();
    auto done = co_await sync_node();
    bool ready = done && node_ready_;
    // Until the node is ready it is looked at more often, so that a new node becomes ready at once.
    delay = done && ready ? rt::Duration(kLookEvery) : std::min<rt::Duration>(delay * 2, 2s);
    (void)co_await rt::with_timeout(loop_, delay, wait_awake());
    if (done && ready) delay = 200ms;
  }
}

void Registrar::report_usage(std::map<std::string, std::string, std::less<>>& annotations) {
  auto stat = files_.read("/proc/stat");
  auto memory = files_.read("/proc/meminfo");
  if (!stat || !memory) return;
  std::int64_t used = meminfo_bytes(*memory, "MemTotal") - meminfo_bytes(*memory, "MemAvailable");
  auto milli_cpus = cpu_meter_.milli_cpus_since_last(*stat);
  if (!milli_cpus) return;
  annotations[kCpuUsedAnnotation] = Quantity::of_milli(*milli_cpus).text();
  annotations[kMemoryUsedAnnotation] = Quantity::of(used, Quantity::Format::BinarySI).text();
}

rt::Task<Result<void>> Registrar::renew_lease() {
  client::Client client(transport_);
  auto found = co_await client.get<coordination::v1::Lease>({kLeaseNamespace, options_.name});
  if (!found && found.error().reason != Reason::NotFound) co_return fail(std::move(found.error()));
  coordination::v1::Lease lease;
  if (found) lease = **found;
  lease.metadata.name = options_.name;
  lease.metadata.namespace_ = kLeaseNamespace;
  if (lease.metadata.ownerReferences.empty() && !node_uid_.empty()) {
    auto& owner = lease.metadata.ownerReferences.emplace_back();
    owner.apiVersion = "v1";
    owner.kind = "Node";
    owner.name = options_.name;
    owner.uid = node_uid_;
  }
  lease.spec.holderIdentity = options_.name;
  lease.spec.leaseDurationSeconds = kLeaseSeconds;
  lease.spec.renewTime = loop_.clock().wall();
  report_usage(lease.metadata.annotations);
  if (found) {
    CO_TRY_ASSIGN(auto updated, co_await client.update<coordination::v1::Lease>(lease));
    (void)updated;
  } else {
    CO_TRY_ASSIGN(auto created, co_await client.create<coordination::v1::Lease>(lease));
    (void)created;
  }
  co_return Result<void>();
}

rt::Task<void> Registrar::keep_lease() {
  co_await registered_.wait();
  rt::Duration delay = 200ms;
  for (;;) {
    auto done = co_await renew_lease();
    delay = done ? rt::Duration(kRenewEvery) : std::min<rt::Duration>(delay * 2, 7s);
    co_await rt::sleep(loop_, delay);
    if (done) delay = 200ms;
  }
}

}  // namespace charon::node
