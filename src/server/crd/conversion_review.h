// ConversionReview: what is sent to the conversion webhook of a CustomResourceDefinition, and what its answer says. Pure.
//
// Source: apiextensions.k8s.io/v1 and apiextensions-apiserver's pkg/apiserver/conversion (texts of complaints). v1beta1 has the
// same members; of its answers neither uid nor apiVersion are checked, as in Kubernetes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/value.h"

namespace charon::server::crd {

struct Conversion {
  std::string_view review_version;           // "v1" or "v1beta1"
  std::string uid;                           // of this question
  std::string to;                            // an apiVersion
  std::vector<const codec::Value*> objects;  // of other versions; at least one
};

// The JSON text of the request.
std::string write_conversion(const Conversion& conversion);

// The objects as the webhook made them, in the order in which they were sent: of the wanted version, the same objects, with
// their metadata as it was except for labels and annotations. What else is in them is not checked.
//
// Errors are of Reason::Unknown (500): "conversion webhook for example.com/v1, Kind=CronTab failed: ...".
Result<std::vector<codec::Value>> read_conversion(std::string_view body, const Conversion& asked);

// What failed of a conversion of these objects, as Kubernetes says it.
Error conversion_error(const codec::Value& first, std::string_view what);

}  // namespace charon::server::crd
