#include "server/discovery/forms.h"

#include <boost/json.hpp>
#include <utility>

#include "api/apidiscovery/v2/types.h"
#include "api/meta/v1/types.h"
#include "base/check.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "codec/yaml.h"
#include "model/envelope.h"
#include "schema/convert.h"

namespace charon::server {
namespace {

// v2beta1 of the aggregated form has the same messages as v2.
const schema::Type& type_of(std::string_view kind) {
  if (kind == "APIGroupDiscoveryList") return apidiscovery::v2::APIGroupDiscoveryList::table();
  if (kind == "APIGroupList") return meta::v1::APIGroupList::table();
  if (kind == "APIGroup") return meta::v1::APIGroup::table();
  if (kind == "APIVersions") return meta::v1::APIVersions::table();
  CHECK(kind == "APIResourceList");
  return meta::v1::APIResourceList::table();
}

}  // namespace

Answer in_form(Answer json, const Media& media) {
  if (media.format == Format::Json) return json;
  codec::Value tree = codec::parse_json(*json.body).value();
  if (std::size_t parameters = json.content_type.find(';'); parameters != std::string::npos) {
    json.content_type = content_type(media, false) + json.content_type.substr(parameters);
  } else {
    json.content_type = content_type(media, false);
  }
  // Each form is another document to those who keep it.
  if (!json.etag.empty()) json.etag.insert(1, media.format == Format::Yaml ? "y" : "p");
  if (media.format == Format::Yaml) {
    json.body = share(codec::write_yaml(tree));
    return json;
  }
  std::string kind(codec::string_at(tree, "kind"));
  std::string api_version(codec::string_at(tree, "apiVersion"));
  if (api_version.empty()) api_version = "v1";
  const schema::Type& type = type_of(kind);
  CHECK(schema::normalize(type, tree).has_value());
  std::string message;
  schema::append_wire(type, tree, message);
  json.body = share(model::encode_envelope({api_version, kind, message}));
  return json;
}

}  // namespace charon::server
