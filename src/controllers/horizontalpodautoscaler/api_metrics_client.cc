#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/quantity.h"
#include "codec/tree.h"
#include "controllers/horizontalpodautoscaler/metrics_client.h"
#include "net/http.h"

namespace charon::controllers::horizontalpodautoscaler {
namespace {

constexpr std::string_view kCustomVersions[] = {"v1beta2", "v1beta1"};

std::optional<std::int64_t> milli_of(const codec::Value* amount) {
  if (amount == nullptr) return std::nullopt;
  std::string text;
  if (amount->is_string()) text = codec::view(amount->get_string());
  if (amount->is_int64()) text = std::to_string(amount->get_int64());
  const Result<Quantity> parsed = Quantity::parse(text);
  if (!parsed) return std::nullopt;
  return parsed->milli_value();
}

Time time_of(const codec::Value& item) { return parse_rfc3339(codec::string_at(item, "timestamp")).value_or(Time{}); }

std::string query(const std::string& name, const std::string& selector) {
  return selector.empty() ? "" : name + "=" + net::percent_encode(selector);
}

std::string join(std::string path, const std::string& first, const std::string& second) {
  char separator = '?';
  for (const std::string& part : {first, second}) {
    if (part.empty()) continue;
    path += separator + part;
    separator = '&';
  }
  return path;
}

std::string in_namespace(const std::string& ns) { return "/namespaces/" + net::percent_encode(ns); }

const codec::Array& items_of(const codec::Value& list) {
  static const codec::Array kNone;
  const codec::Value* items = codec::find(list, "items");
  return items != nullptr && items->is_array() ? items->get_array() : kNone;
}

// The use of one pod; nullopt when a container that counts says nothing of the resource.
Result<std::optional<std::int64_t>> use_of(const codec::Value& item, const std::string& resource,
                                           const std::string& container) {
  const codec::Value* containers = codec::find(item, "containers");
  std::int64_t sum = 0;
  bool found = false;
  if (containers != nullptr && containers->is_array()) {
    for (const codec::Value& each : containers->get_array()) {
      if (!container.empty() && codec::string_at(each, "name") != container) continue;
      found = true;
      const std::optional<std::int64_t> used = milli_of(codec::find_path(each, {"usage", resource}));
      if (!used) return std::nullopt;
      sum += *used;
    }
  }
  if (!container.empty() && !found)
    return fail(Reason::NotFound, fmt::format("container {} not present in metrics for pod {}/{}", container,
                                              codec::string_at_path(item, {"metadata", "namespace"}),
                                              codec::string_at_path(item, {"metadata", "name"})));
  if (!found) return std::nullopt;
  return sum;
}

class ApiMetricsClient final : public MetricsClient {
 public:
  explicit ApiMetricsClient(client::PathReader* reader) : reader_(reader) {}

  rt::Task<Result<Measurement>> resource(std::string resource, std::string container, PodSelection pods) override {
    std::string path =
        join("/apis/metrics.k8s.io/v1beta1" + in_namespace(pods.ns) + "/pods", query("labelSelector", pods.selector), "");
    auto list = co_await get(std::move(path), "pods.metrics.k8s.io");
    if (!list) co_return fail(prefixed("unable to fetch metrics from resource metrics API", list.error()));
    if (items_of(*list).empty()) co_return fail(Reason::NotFound, "no metrics returned from resource metrics API");
    Measurement measured;
    for (const codec::Value& item : items_of(*list)) {
      CO_TRY_ASSIGN(const std::optional<std::int64_t> use, use_of(item, resource, container));
      if (!use) continue;
      PodMetric metric{.value = *use, .timestamp = time_of(item)};
      if (auto window = parse_go_duration(codec::string_at(item, "window")))
        metric.window = std::chrono::duration_cast<std::chrono::seconds>(*window);
      measured.pods[std::string(codec::string_at_path(item, {"metadata", "name"}))] = metric;
    }
    co_return measured;
  }

  rt::Task<Result<Measurement>> of_pods(std::string metric, std::string metric_selector, PodSelection pods) override {
    const std::string path = join(in_namespace(pods.ns) + "/pods/*/" + net::percent_encode(metric),
                                  query("labelSelector", pods.selector), query("metricLabelSelector", metric_selector));
    CO_TRY_ASSIGN(const codec::Value list, co_await get_custom(path));
    if (items_of(list).empty()) co_return fail(Reason::NotFound, "no metrics returned from custom metrics API");
    Measurement measured;
    for (const codec::Value& item : items_of(list)) {
      const std::optional<std::int64_t> value = milli_of(codec::find(item, "value"));
      if (!value) continue;
      PodMetric one{.value = *value, .timestamp = time_of(item)};
      for (std::string_view member : {"windowSeconds", "window"})
        if (auto window = codec::int_at(item, member)) one.window = std::chrono::seconds(*window);
      measured.pods[std::string(codec::string_at_path(item, {"describedObject", "name"}))] = one;
    }
    co_return measured;
  }

  rt::Task<Result<Measurement>> of_object(std::string metric, std::string metric_selector, MeasuredObject object) override {
    std::string path;
    if (object.resource.empty()) {
      path = in_namespace(object.name) + "/metrics/";
    } else {
      path = (object.ns.empty() ? "" : in_namespace(object.ns)) + "/" + net::percent_encode(object.resource) + "/" +
             net::percent_encode(object.name) + "/";
    }
    path = join(path + net::percent_encode(metric), query("metricLabelSelector", metric_selector), "");
    CO_TRY_ASSIGN(const codec::Value list, co_await get_custom(path));
    const std::optional<std::int64_t> value =
        items_of(list).empty() ? std::nullopt : milli_of(codec::find(items_of(list).front(), "value"));
    if (!value) co_return fail(Reason::NotFound, "no metrics returned from custom metrics API");
    Measurement measured;
    measured.values.push_back(*value);
    co_return measured;
  }

  rt::Task<Result<Measurement>> external(std::string metric, std::string metric_selector, std::string ns) override {
    std::string path = join("/apis/external.metrics.k8s.io/v1beta1" + in_namespace(ns) + "/" + net::percent_encode(metric),
                            query("labelSelector", metric_selector), "");
    auto list = co_await get(std::move(path), metric + ".external.metrics.k8s.io");
    if (!list) co_return fail(prefixed("unable to fetch metrics from external metrics API", list.error()));
    if (items_of(*list).empty()) co_return fail(Reason::NotFound, "no metrics returned from external metrics API");
    Measurement measured;
    for (const codec::Value& item : items_of(*list))
      if (const std::optional<std::int64_t> value = milli_of(codec::find(item, "value"))) measured.values.push_back(*value);
    co_return measured;
  }

 private:
  static Error prefixed(const std::string& what, const Error& error) {
    return Error{error.reason, what + ": " + error.message, nullptr};
  }

  rt::Task<Result<codec::Value>> get(std::string path, std::string resource) {
    if (reader_ != nullptr) {
      auto found = co_await reader_->get(std::move(path));
      if (found || found.error().reason != Reason::NotFound) co_return found;
    }
    co_return fail(Reason::NotFound, fmt::format("the server could not find the requested resource (get {})", resource));
  }

  rt::Task<Result<codec::Value>> get_custom(std::string path) {
    const std::string what = "unable to fetch metrics from custom metrics API";
    if (reader_ != nullptr) {
      for (std::string_view version : kCustomVersions) {
        auto found = co_await reader_->get(fmt::format("/apis/custom.metrics.k8s.io/{}{}", version, path));
        if (found) co_return found;
        if (found.error().reason != Reason::NotFound) co_return fail(prefixed(what, found.error()));
      }
    }
    co_return fail(Reason::NotFound, what + ": no custom metrics API (custom.metrics.k8s.io) registered");
  }

  client::PathReader* reader_;
};

}  // namespace

std::unique_ptr<MetricsClient> make_api_metrics_client(client::PathReader* reader) {
  return std::make_unique<ApiMetricsClient>(reader);
}

}  // namespace charon::controllers::horizontalpodautoscaler
