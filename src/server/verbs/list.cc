#include "base/bytes.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "model/selector.h"
#include "server/api.h"

namespace charon::server {
namespace {

// Where the next page starts, in a form that clients do not look into.
std::string make_token(Revision revision, const ObjectKey& last) {
  codec::Object token;
  token["rv"] = revision;
  token["ns"] = last.ns;
  token["name"] = last.name;
  return base64url_encode(codec::write_json(token));
}

Result<ObjectKey> read_token(const std::string& token) {
  auto text = base64url_decode(token);
  auto tree = text ? codec::parse_json(*text) : fail(Reason::BadRequest, "");
  if (!tree || codec::string_at(*tree, "name").empty())
    return fail(bad_request("continue key is not valid: it is not one that this server gave out"));
  return ObjectKey{std::string(codec::string_at(*tree, "ns")), std::string(codec::string_at(*tree, "name"))};
}

bool selectable(const model::Kind& kind, std::string_view path) {
  if (path == "metadata.name") return true;
  if (path == "metadata.namespace") return kind.namespaced;
  for (std::string_view known : kind.rules.selectable_fields)
    if (known == path) return true;
  return false;
}

std::string_view field_value(const model::Document& document, std::string_view path) {
  if (path == "metadata.name") return document.key().name;
  if (path == "metadata.namespace") return document.key().ns;
  return document.field(path);
}

}  // namespace

Result<Filter> Api::filter_of(const Request& request) const {
  Filter filter;
  filter.ns = request.kind->namespaced ? request.ns : "";
  TRY_ASSIGN(auto labels, model::LabelSelector::parse(request.label_selector));
  TRY_ASSIGN(auto fields, model::FieldSelector::parse(request.field_selector));
  for (const auto& requirement : fields.requirements())
    if (!selectable(*request.kind, requirement.path))
      return fail(bad_request("field label not supported: " + requirement.path));
  if (labels.empty() && fields.empty() && request.name.empty()) return filter;
  filter.matches = [labels = std::move(labels), fields = std::move(fields),
                    name = request.name](const model::Document& document) {
    return (name.empty() || document.key().name == name) && labels.matches(document.labels()) &&
           fields.matches([&document](std::string_view path) { return field_value(document, path); });
  };
  return filter;
}

Result<Listing> Api::list(const Request& request, const ListPage& page) const {
  const Cache& cache = caches_.of(*request.kind);
  TRY_ASSIGN(Filter filter, filter_of(request));
  std::optional<ObjectKey> after;
  if (!page.continue_token.empty()) {
    TRY_ASSIGN(after, read_token(page.continue_token));
  }
  Listing listing;
  listing.revision = caches_.revision();
  std::int64_t behind = 0;
  cache.each(filter.ns, after ? &*after : nullptr, [&](const DocumentPtr& document) {
    if (!filter.accepts(*document)) return true;
    if (page.limit == 0 || listing.items.size() < page.limit) {
      listing.items.push_back(document);
      return true;
    }
    ++behind;
    return !filter.matches;  // the count of the rest is only given without selectors
  });
  if (behind > 0) {
    listing.continue_token = make_token(listing.revision, listing.items.back()->key());
    if (!filter.matches) listing.remaining = behind;
  }
  return listing;
}

Result<std::unique_ptr<CacheWatch>> Api::watch(const Request& request, std::optional<Revision> after) const {
  TRY_ASSIGN(Filter filter, filter_of(request));
  return caches_.of(*request.kind).watch(std::move(filter), after);
}

}  // namespace charon::server
