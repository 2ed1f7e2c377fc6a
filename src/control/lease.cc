#include "control/lease.h"

#include <algorithm>
#include <utility>

#include "client/typed.h"
#include "rt/timeout.h"

namespace charon::control {
namespace {

using coordination::v1::Lease;
using coordination::v1::LeaseSpec;

constexpr char kNamespace[] = "kube-system";
// Those who wait for one lease do not ask all at once.
constexpr double kJitter = 1.2;
constexpr std::int32_t kReleasedSeconds = 1;
constexpr std::chrono::seconds kReleaseTime{2};

rt::Task<Result<std::shared_ptr<const Lease>>> write(client::Transport* transport, Lease lease) {
  co_return co_await client::Client(*transport).update<Lease>(std::move(lease));
}

std::string holder_of(const Lease& lease) { return lease.spec.holderIdentity.value_or(""); }

}  // namespace

LeaderElection::LeaderElection(rt::Loop& loop, rt::Random& random, client::Transport& transport, Settings settings,
                               Leadership leadership)
    : loop_(loop),
      random_(random),
      transport_(transport),
      settings_(std::move(settings)),
      leadership_(std::move(leadership)),
      events_(loop, transport, settings_.name),
      scope_(loop) {}

LeaderElection::~LeaderElection() = default;

void LeaderElection::start() { scope_.spawn(run()); }

rt::Task<void> LeaderElection::run() {
  while (true) {
    co_await acquire();
    leads_ = true;
    tell("became leader");
    leadership_.started();
    co_await renew();
    leads_ = false;
    leadership_.lost();
    tell("stopped leading");
  }
}

rt::Task<void> LeaderElection::acquire() {
  while (true) {
    auto held = co_await attempt_in(kRenewDeadline);
    if (held && *held) co_return;
    co_await rt::sleep(loop_, std::chrono::duration_cast<rt::Duration>(kRetryPeriod * (1 + kJitter * random_.unit())));
  }
}

// Returns when the lease is lost.
rt::Task<void> LeaderElection::renew() {
  rt::Instant renewed = loop_.clock().now();
  while (true) {
    co_await rt::sleep(loop_, kRetryPeriod);
    const rt::Duration left = renewed + kRenewDeadline - loop_.clock().now();
    if (left <= rt::Duration::zero()) co_return;
    // Others count from the write, which may have come soon after it was sent.
    const rt::Instant begun = loop_.clock().now();
    auto held = co_await attempt_in(left);
    if (held && *held) renewed = begun;
    if (held && !*held) co_return;  // another has it
  }
}

rt::Task<Result<bool>> LeaderElection::attempt_in(rt::Duration limit) {
  auto outcome = co_await rt::with_timeout(loop_, limit, attempt());
  if (!outcome) co_return fail(Reason::Timeout, "the lease could not be reached in time");
  co_return *std::move(outcome);
}

rt::Task<Result<bool>> LeaderElection::attempt() {
  if (leads_ && observed_) {
    // It is as we left it, unless somebody says otherwise.
    auto kept = co_await take(observed_);
    if (kept && *kept) co_return true;
  }
  auto found = co_await client::Client(transport_).get<Lease>({kNamespace, settings_.name});
  if (!found && found.error().reason == Reason::NotFound) co_return co_await create();
  if (!found) co_return fail(std::move(found.error()));
  observe(std::move(*found));
  if (held_by_other()) co_return false;
  co_return co_await take(observed_);
}

rt::Task<Result<bool>> LeaderElection::create() {
  Lease lease;
  lease.metadata.name = settings_.name;
  lease.metadata.namespace_ = kNamespace;
  const Time now = loop_.clock().wall();
  lease.spec.holderIdentity = settings_.identity;
  lease.spec.leaseDurationSeconds = static_cast<std::int32_t>(kDuration.count());
  lease.spec.acquireTime = lease.spec.renewTime = now;
  lease.spec.leaseTransitions = 0;
  auto created = co_await client::Client(transport_).create<Lease>(std::move(lease));
  if (!created) co_return fail(std::move(created.error()));
  observe(std::move(*created));
  co_return true;
}

// Only one of those who try at once succeeds: the version is a condition.
rt::Task<Result<bool>> LeaderElection::take(LeasePtr lease) {
  Lease updated = *lease;
  LeaseSpec& spec = updated.spec;
  const Time now = loop_.clock().wall();
  if (!leads_) {
    const bool another = holder_of(*lease) != settings_.identity;
    spec.leaseTransitions = spec.leaseTransitions.value_or(0) + (another ? 1 : 0);
    spec.acquireTime = now;
  }
  spec.holderIdentity = settings_.identity;
  spec.leaseDurationSeconds = static_cast<std::int32_t>(kDuration.count());
  spec.renewTime = now;
  auto written = co_await write(&transport_, std::move(updated));
  if (!written) co_return fail(std::move(written.error()));
  observe(std::move(*written));
  co_return true;
}

void LeaderElection::observe(LeasePtr lease) {
  if (!observed_ || observed_->spec != lease->spec) observed_at_ = loop_.clock().now();
  observed_ = std::move(lease);
}

bool LeaderElection::held_by_other() const {
  const std::string holder = holder_of(*observed_);
  if (holder.empty() || holder == settings_.identity) return false;
  const std::chrono::seconds duration(observed_->spec.leaseDurationSeconds.value_or(0));
  return observed_at_ + duration > loop_.clock().now();
}

rt::Task<void> LeaderElection::release() {
  scope_.cancel();
  if (!leads_) co_return;
  leads_ = false;
  leadership_.lost();
  Lease updated = *observed_;
  const Time now = loop_.clock().wall();
  updated.spec.holderIdentity = "";
  updated.spec.leaseDurationSeconds = kReleasedSeconds;
  updated.spec.acquireTime = updated.spec.renewTime = now;
  // When it cannot be written soon, others wait for the lease's end.
  (void)co_await rt::with_timeout(loop_, kReleaseTime, write(&transport_, std::move(updated)));
}

void LeaderElection::tell(const std::string& what) {
  if (!observed_) return;
  events_.record({reference_to(*observed_), EventSeverity::Normal, "LeaderElection", settings_.identity + " " + what});
}

}  // namespace charon::control
