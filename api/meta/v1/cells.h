// What the cells of `kubectl get` have in common: ages, labels, selectors, containers, as Kubernetes prints them
// (pkg/printers/internalversion). All functions read normalized trees.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "codec/tree.h"
#include "codec/value.h"

namespace charon::meta::v1 {

void add_cell(codec::Array& cells, std::string_view text);
void add_cell(codec::Array& cells, std::int64_t number);
void add_flag_cell(codec::Array& cells, const codec::Value* flag);  // a boolean; false when absent

// The time of a timestamp member; zero when absent or not a time.
Time time_of(const codec::Value* timestamp);
// How long ago: "5m12s"; "<unknown>" when there is no time.
std::string age_text(Time then, Time now);
std::string age_text(const codec::Value* timestamp, Time now);

// The text, or `otherwise` where it is empty.
std::string_view text_or(std::string_view text, std::string_view otherwise = "<none>");
// "a=1,b=2" in key order; "<none>" without labels.
std::string labels_text(const codec::Value* labels);
// metav1.LabelSelector: "app=web,tier in (a,b)"; "<none>" when it has no requirement.
std::string selector_text(const codec::Value* selector);
// A quantity, number or text as it is printed.
std::string scalar_text(const codec::Value* value);

std::string join(const std::vector<std::string>& parts, std::string_view separator);
// At most `limit` of the parts, and how many more there are: "a,b,c + 2 more...". `none` when there is none.
std::string join_some(const std::vector<std::string>& parts, std::size_t limit, std::string_view none);

// The cells Containers and Images of a pod template: names and images by comma.
void add_container_cells(codec::Array& cells, const codec::Value* pod_spec);

// Members of a list; an empty list when it is absent.
const codec::Array& items_at(const codec::Value& value, std::string_view name);
const codec::Array& items_of(const codec::Value* list);
std::int64_t number_at_path(const codec::Value& value, std::initializer_list<std::string_view> path);
bool is_deleted(const codec::Value& object);  // has metadata.deletionTimestamp

}  // namespace charon::meta::v1
