#include <set>
#include <string>

#include "api/core/v1/scheduling_validation.h"
#include "api/meta/v1/conditions.h"
#include "api/resource/v1/claim_validation.h"
#include "api/resource/v1/names.h"
#include "api/resource/v1/request_names.h"
#include "api/storage/v1/driver_validation.h"
#include "codec/json.h"
#include "codec/tree.h"

namespace charon::resource::v1 {

using codec::string_at;
using codec::Value;
using meta::v1::add_forbidden;
using meta::v1::add_invalid;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::items_at;
using meta::v1::object_at;

namespace {

constexpr std::size_t kConsumers = 256;
constexpr std::size_t kResults = 32;
constexpr std::size_t kConfigs = 64;
constexpr std::size_t kConditions = 8;
constexpr std::size_t kDriverBytes = 63;

void check_driver(Errors& errors, const FieldPath& path, std::string_view driver) {
  if (driver.size() <= kDriverBytes) storage::v1::check_driver_name(errors, path, driver);  // else the table says so
}

// "driver/pool/device", with the share of a device that has several.
std::string device_id(const Value& device) {
  std::string id;
  for (std::string_view member : {"driver", "pool", "device"})
    id += (id.empty() ? "" : "/") + std::string(string_at(device, member));
  std::string_view share = string_at(device, "shareID");
  return share.empty() ? id : id + "/" + std::string(share);
}

void validate_result(Errors& errors, const FieldPath& path, const Value& result, const RequestNames& names) {
  names.check(errors, path.child("request"), string_at(result, "request"));
  check_driver(errors, path.child("driver"), string_at(result, "driver"));
  check_pool_name(errors, path.child("pool"), string_at(result, "pool"));
  meta::v1::check_given_name(errors, path.child("device"), string_at(result, "device"), dns1123_label_errors);
  check_binding_conditions(errors, path, result);
  check_tolerations(errors, path.child("tolerations"), items_at(result, "tolerations"));
  if (codec::find(result, "shareID") != nullptr) check_uid(errors, path.child("shareID"), string_at(result, "shareID"));
}

void validate_allocation(Errors& errors, const FieldPath& path, const Value& allocation, const RequestNames& names) {
  static const Value kNothing = codec::Object();
  const Value* found = object_at(allocation, "devices");
  const Value& devices = found == nullptr ? kNothing : *found;
  FieldPath place = path.child("devices");
  FieldPath results_path = place.child("results");
  const codec::Array& results = items_at(devices, "results");
  for (std::size_t i = 0; i < results.size() && results.size() <= kResults; ++i)
    validate_result(errors, results_path.at(i), results[i], names);
  FieldPath configs_path = place.child("config");
  const codec::Array& configs = items_at(devices, "config");
  for (std::size_t i = 0; i < configs.size() && configs.size() <= kConfigs; ++i) {
    FieldPath here = configs_path.at(i);
    if (string_at(configs[i], "source").empty()) meta::v1::add_required(errors, here.child("source"));
    names.check_list(errors, here, configs[i]);
    validate_configuration(errors, here, configs[i]);
  }
  if (const Value* selector = object_at(allocation, "nodeSelector"))
    core::v1::validate_node_selector(errors, path.child("nodeSelector"), selector);
}

void validate_network(Errors& errors, const FieldPath& path, const Value& data) {
  constexpr std::size_t kAddresses = 16;
  auto text = [](const Value& item) { return meta::v1::scalar_text(&item); };
  const codec::Array& ips = items_at(data, "ips");
  if (ips.size() > kAddresses) return;  // the table says so
  check_set(
      errors, path.child("ips"), ips, kAddresses,
      [&](const Value& item, const FieldPath& here) {
        if (!meta::v1::is_cidr(text(item)))
          add_invalid(errors, here, item, "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)");
      },
      text);
}

void validate_device(Errors& errors, const FieldPath& path, const Value& device, const std::set<std::string>& allocated) {
  check_driver(errors, path.child("driver"), string_at(device, "driver"));
  check_pool_name(errors, path.child("pool"), string_at(device, "pool"));
  meta::v1::check_given_name(errors, path.child("device"), string_at(device, "device"), dns1123_label_errors);
  if (codec::find(device, "shareID") != nullptr) check_uid(errors, path.child("shareID"), string_at(device, "shareID"));
  if (std::string id = device_id(device); !allocated.contains(id))
    add_invalid(errors, path, Value(id), "must be an allocated device in the claim");
  const codec::Array& conditions = items_at(device, "conditions");
  FieldPath place = path.child("conditions");
  if (conditions.size() > kConditions) meta::v1::add_too_many(errors, place, conditions.size(), kConditions);
  meta::v1::check_conditions(errors, place, conditions);
  if (meta::v1::is_present(device, "data")) check_opaque_object(errors, path.child("data"), codec::find(device, "data"));
  if (const Value* network = object_at(device, "networkData")) validate_network(errors, path.child("networkData"), *network);
}

void validate_consumer(Errors& errors, const FieldPath& path, const Value& consumer) {
  for (std::string_view member : {"resource", "name", "uid"})
    if (string_at(consumer, member).empty()) meta::v1::add_required(errors, path.child(member));
}

// A claim that is being deleted gets no new users.
bool has_new_consumer(const codec::Array& before, const codec::Array& after) {
  std::set<std::string> known;
  for (const Value& consumer : before) known.insert(codec::write_json(consumer));
  for (const Value& consumer : after)
    if (!known.contains(codec::write_json(consumer))) return true;
  return false;
}

}  // namespace

void validate_claim_status(Errors& errors, const FieldPath& path, const ClaimUpdate& update) {
  static const Value kNothing = codec::Object();
  const Value* found = object_at(update.after, "status");
  const Value& status = found == nullptr ? kNothing : *found;
  const Value* old = object_at(update.before, "status");
  const Value* allocation = object_at(status, "allocation");
  const Value* allocation_before = old == nullptr ? nullptr : object_at(*old, "allocation");
  const codec::Array& consumers = items_at(status, "reservedFor");
  FieldPath consumers_path = path.child("reservedFor");
  check_set(
      errors, consumers_path, consumers, kConsumers,
      [&](const Value& consumer, const FieldPath& here) { validate_consumer(errors, here, consumer); },
      [](const Value& consumer) { return string_at(consumer, "uid"); });
  std::set<std::string> allocated;
  if (allocation != nullptr)
    for (const Value& result : meta::v1::items_of(codec::find_path(*allocation, {"devices", "results"})))
      allocated.insert(device_id(result));
  const codec::Array& devices = items_at(status, "devices");
  check_set(
      errors, path.child("devices"), devices, devices.size(),
      [&](const Value& device, const FieldPath& here) { validate_device(errors, here, device, allocated); }, device_id);
  if (!consumers.empty() && allocation == nullptr)
    add_forbidden(errors, consumers_path, "may not be specified when `allocated` is not set");
  if (allocation != nullptr && meta::v1::is_deleted(update.after) &&
      has_new_consumer(old == nullptr ? codec::Array() : items_at(*old, "reservedFor"), consumers))
    add_forbidden(errors, consumers_path,
                  "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set");
  if (allocation == nullptr) return;
  // What was allocated is not allocated otherwise.
  if (allocation_before != nullptr)
    return meta::v1::check_immutable(errors, path.child("allocation"), allocation_before, allocation);
  validate_allocation(errors, path.child("allocation"), *allocation, RequestNames(codec::find(update.after, "spec")));
}

}  // namespace charon::resource::v1
