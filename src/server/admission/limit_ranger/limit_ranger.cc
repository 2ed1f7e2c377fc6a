#include "server/admission/limit_ranger/limit_ranger.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <set>

#include "api/core/v1/types.h"
#include "codec/tree.h"
#include "model/pod_resources.h"
#include "schema/convert.h"

namespace charon::server {
namespace {

using codec::Value;
using core::v1::LimitRange;
using core::v1::LimitRangeItem;
using model::ResourceList;

constexpr std::string_view kAnnotation = "kubernetes.io/limit-ranger";

// --------------------------------------------------------------------------------------------------------- defaults

// Fills what a container does not say; the names of the resources that were set, by comma.
std::string fill(Value& container, std::string_view member, const ResourceList& defaults) {
  std::string set;
  for (const auto& [name, amount] : defaults) {
    codec::Object& list = codec::ensure_object(container, {"resources", member});
    if (list.contains(name)) continue;
    list[name] = amount.text();
    set += (set.empty() ? "" : ", ") + name;
  }
  return set;
}

void fill_containers(Value& pod, std::string_view member, std::string_view what, const ResourceList& requests,
                     const ResourceList& limits, std::vector<std::string>& notes) {
  Value* containers = codec::find(pod.as_object()["spec"], member);
  if (containers == nullptr || !containers->is_array()) return;
  for (Value& container : containers->get_array()) {
    std::string of = " for " + std::string(what) + " " + std::string(codec::string_at(container, "name"));
    // Limits go first, but the annotation names requests before limits.
    std::string set_limits = fill(container, "limits", limits);
    std::string set_requests = fill(container, "requests", requests);
    if (!set_requests.empty()) notes.push_back(set_requests + " request" + of);
    if (!set_limits.empty()) notes.push_back(set_limits + " limit" + of);
  }
}

void set_defaults(const LimitRange& range, Value& pod) {
  ResourceList requests;
  ResourceList limits;
  for (const LimitRangeItem& item : range.spec.limits) {
    if (item.type != "Container") continue;
    for (const auto& [name, amount] : item.defaultRequest) requests.insert_or_assign(name, amount);
    for (const auto& [name, amount] : item.default_) limits.insert_or_assign(name, amount);
  }
  std::vector<std::string> notes;
  fill_containers(pod, "containers", "container", requests, limits, notes);
  fill_containers(pod, "initContainers", "init container", requests, limits, notes);
  if (notes.empty()) return;
  std::string text = "LimitRanger plugin set: ";
  for (std::size_t i = 0; i < notes.size(); ++i) text += (i == 0 ? "" : "; ") + notes[i];
  codec::ensure_object(pod, {"metadata", "annotations"})[kAnnotation] = text;
}

// ----------------------------------------------------------------------------------------------------------- bounds

using Complaints = std::vector<std::string>;

struct Asked {
  const ResourceList& requests;
  const ResourceList& limits;
};

const Quantity* amount_of(const ResourceList& list, const std::string& name) {
  auto found = list.find(name);
  return found == list.end() ? nullptr : &found->second;
}

void check_min(const LimitRangeItem& item, const Asked& asked, Complaints& complaints) {
  for (const auto& [name, least] : item.min) {
    std::string bound = fmt::format("minimum {} usage per {} is {}", name, item.type, least.text());
    const Quantity* request = amount_of(asked.requests, name);
    const Quantity* limit = amount_of(asked.limits, name);
    if (request == nullptr) {
      complaints.push_back(bound + ".  No request is specified");
    } else if (*request < least) {
      complaints.push_back(bound + ", but request is " + request->text());
    } else if (limit != nullptr && *limit < least) {
      complaints.push_back(bound + ", but limit is " + limit->text());
    }
  }
}

void check_max(const LimitRangeItem& item, const Asked& asked, Complaints& complaints) {
  for (const auto& [name, most] : item.max) {
    std::string bound = fmt::format("maximum {} usage per {} is {}", name, item.type, most.text());
    const Quantity* request = amount_of(asked.requests, name);
    const Quantity* limit = amount_of(asked.limits, name);
    if (limit == nullptr) {
      complaints.push_back(bound + ".  No limit is specified");
    } else if (*limit > most) {
      complaints.push_back(bound + ", but limit is " + limit->text());
    } else if (request != nullptr && *request > most) {
      complaints.push_back(bound + ", but request is " + request->text());
    }
  }
}

// A claim has requests only.
void check_max_request(const LimitRangeItem& item, const ResourceList& requests, Complaints& complaints) {
  for (const auto& [name, most] : item.max) {
    std::string bound = fmt::format("maximum {} usage per {} is {}", name, item.type, most.text());
    const Quantity* request = amount_of(requests, name);
    if (request == nullptr) {
      complaints.push_back(bound + ".  No request is specified");
    } else if (*request > most) {
      complaints.push_back(bound + ", but request is " + request->text());
    }
  }
}

void check_ratio(const LimitRangeItem& item, const Asked& asked, Complaints& complaints) {
  for (const auto& [name, most] : item.maxLimitRequestRatio) {
    std::string bound = fmt::format("{} max limit to request ratio per {} is {}", name, item.type, most.text());
    const Quantity* request = amount_of(asked.requests, name);
    const Quantity* limit = amount_of(asked.limits, name);
    if (request == nullptr || request->is_zero()) {
      complaints.push_back(bound + ", but no request is specified or request is 0");
    } else if (limit == nullptr || limit->is_zero()) {
      complaints.push_back(bound + ", but no limit is specified or limit is 0");
    } else if (double ratio = limit->approximate() / request->approximate(); ratio * 1000 > most.approximate() * 1000) {
      complaints.push_back(bound + fmt::format(", but provided ratio is {:f}", ratio));
    }
  }
}

void check_all(const LimitRangeItem& item, const Asked& asked, Complaints& complaints) {
  check_min(item, asked, complaints);
  check_max(item, asked, complaints);
  check_ratio(item, asked, complaints);
}

void check_pod(const LimitRange& range, const core::v1::PodSpec& pod, Complaints& complaints) {
  for (const LimitRangeItem& item : range.spec.limits) {
    if (item.type == "Container") {
      for (const auto* containers : {&pod.containers, &pod.initContainers})
        for (const core::v1::Container& container : *containers)
          check_all(item, {container.resources.requests, container.resources.limits}, complaints);
    } else if (item.type == "Pod") {
      ResourceList requests = model::sum_of_requests(pod);
      ResourceList limits = model::sum_of_limits(pod);
      check_all(item, {requests, limits}, complaints);
    }
  }
}

void check_claim(const LimitRange& range, const core::v1::PersistentVolumeClaim& claim, Complaints& complaints) {
  const ResourceList none;
  for (const LimitRangeItem& item : range.spec.limits) {
    if (item.type != "PersistentVolumeClaim") continue;
    check_min(item, {claim.spec.resources.requests, none}, complaints);
    check_max_request(item, claim.spec.resources.requests, complaints);
  }
}

// As apimachinery's Aggregate prints several errors; each text once.
std::string joined(const Complaints& complaints) {
  std::set<std::string_view> seen;
  std::string text;
  for (const std::string& complaint : complaints)
    if (seen.insert(complaint).second) text += (text.empty() ? "" : ", ") + complaint;
  return seen.size() > 1 ? "[" + text + "]" : text;
}

class LimitRanger final : public AdmissionPlugin {
 public:
  explicit LimitRanger(Caches& caches)
      : ranges_(caches.of(*model::find_kind({"", "v1"}, "LimitRange"))),
        pod_(model::find_kind({"", "v1"}, "Pod")),
        claim_(model::find_kind({"", "v1"}, "PersistentVolumeClaim")) {}
  std::string_view name() const override { return "LimitRanger"; }

  rt::Task<Result<void>> admit(AdmissionReview review) override {
    if (concerns(review) && review.request->kind == pod_ && review.operation == Operation::Create)
      for (const auto& range : ranges(review.request->ns)) set_defaults(*range, *review.object);
    co_return Result<void>();
  }

  rt::Task<Result<void>> validate(AdmissionReview review) override {
    if (!concerns(review)) co_return Result<void>();
    for (const auto& range : ranges(review.request->ns)) {
      Complaints complaints;
      if (review.request->kind == pod_) {
        CO_TRY_ASSIGN(auto pod, schema::from_tree<core::v1::Pod>(*review.object));
        check_pod(*range, pod.spec, complaints);
      } else {
        CO_TRY_ASSIGN(auto claim, schema::from_tree<core::v1::PersistentVolumeClaim>(*review.object));
        check_claim(*range, claim, complaints);
      }
      if (!complaints.empty()) co_return fail(admission_forbidden(*review.request, joined(complaints)));
    }
    co_return Result<void>();
  }

 private:
  // What a pod asks for changes through /resize alone, and what is being deleted may go.
  bool concerns(const AdmissionReview& review) const {
    const Request& request = *review.request;
    if (request.kind == pod_ && request.subresource == "resize") return review.operation == Operation::Update;
    if (!request.subresource.empty() || (request.kind != pod_ && request.kind != claim_)) return false;
    if (review.operation == Operation::Create) return true;
    return review.operation == Operation::Update && request.kind == claim_ &&
           codec::string_at_path(*review.object, {"metadata", "deletionTimestamp"}).empty();
  }

  std::vector<std::shared_ptr<const LimitRange>> ranges(const std::string& ns) const {
    std::vector<std::shared_ptr<const LimitRange>> found;
    ranges_.each(ns, nullptr, [&](const DocumentPtr& document) {
      found.push_back(document->as<LimitRange>());
      return true;
    });
    return found;
  }

  const Cache& ranges_;
  const model::Kind* pod_;
  const model::Kind* claim_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_limit_ranger(Caches& caches) { return std::make_unique<LimitRanger>(caches); }

}  // namespace charon::server
