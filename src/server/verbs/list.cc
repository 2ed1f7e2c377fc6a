#include <fmt/format.h>

#include "model/selector.h"
#include "server/api.h"
#include "server/continue_token.h"

namespace charon::server {
namespace {

// Kinds with selectable fields of their own name each that may be chosen by; the others have those of every kind.
bool selectable(const model::Kind& kind, std::string_view path) {
  if (path == "metadata.name") return true;
  if (path == "metadata.namespace") return kind.namespaced || kind.rules.selectable_fields.empty();
  if (path == "spec.host") return kind.kind == "Pod";
  for (std::string_view known : kind.rules.selectable_fields)
    if (known == path) return true;
  return false;
}

// In the words that Kubernetes' conversions have for each kind.
Error not_selectable(const model::Kind& kind, std::string_view path) {
  if (kind.rules.selectable_fields.empty())
    return bad_request(
        fmt::format("\"{}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"", path));
  if (kind.kind == "Job") return bad_request(fmt::format("field label \"{}\" not supported for batchv1.Job", path));
  if (kind.kind == "ResourceSlice")
    return bad_request(fmt::format("field label not supported for {}, Kind={}: {}", kind.gv.text(), kind.kind, path));
  return bad_request(fmt::format("field label not supported: {}", path));
}

std::string_view field_value(const model::Document& document, std::string_view path) {
  // The name that the field had before v1.
  return document.field(path == "spec.host" ? "spec.nodeName" : path);
}

}  // namespace

Result<Filter> Api::filter_of(const Request& request) const {
  Filter filter;
  filter.ns = request.kind->namespaced ? request.ns : "";
  filter.name = request.name;
  TRY_ASSIGN(auto labels, model::LabelSelector::parse(request.label_selector));
  TRY_ASSIGN(auto fields, model::FieldSelector::parse(request.field_selector));
  for (const auto& requirement : fields.requirements()) {
    if (!selectable(*request.kind, requirement.path)) return fail(not_selectable(*request.kind, requirement.path));
    if (requirement.path != "metadata.name" || !requirement.equal) continue;
    if (!request.name.empty() && requirement.value != request.name)
      return fail(bad_request("fieldSelector metadata.name doesn't match requested name"));
    filter.name = requirement.value;
  }
  if (labels.empty() && fields.empty()) return filter;
  filter.matches = [labels = std::move(labels), fields = std::move(fields)](const model::Document& document) {
    return labels.matches(document.labels()) &&
           fields.matches([&document](std::string_view path) { return field_value(document, path); });
  };
  return filter;
}

Error too_large_version(Revision wanted, Revision current) {
  auto details = std::make_shared<StatusDetails>();
  details->causes.push_back({"ResourceVersionTooLarge", "Too large resource version", ""});
  details->retry_after_s = 1;
  return {Reason::Timeout, fmt::format("Timeout: Too large resource version: {}, current: {}", wanted, current), details};
}

Result<Listing> Api::list(const Request& request, const ListPage& page) const {
  Cache& cache = caches_.of(*request.kind);
  TRY_ASSIGN(Filter filter, filter_of(request));
  Revision current = caches_.revision();
  Listing listing;
  listing.revision = page.at.value_or(current);
  ContinueToken token;
  bool continued = !page.continue_token.empty();
  if (continued) {
    TRY_ASSIGN(token, read_continue_token(page.continue_token));
    listing.revision = token.revision.value_or(current);
  }
  if (listing.revision > current) return fail(too_large_version(listing.revision, current));

  bool chosen = filter.matches || !filter.name.empty();
  bool known = !chosen && token.left.has_value();  // how many come, so that they need not be counted
  std::int64_t behind = 0;
  auto visit = [&](const DocumentPtr& document) {
    if (!filter.accepts(*document)) return true;
    if (page.limit == 0 || listing.items.size() < page.limit) {
      listing.items.push_back(document);
      return true;
    }
    ++behind;
    return !chosen && !known;
  };
  bool one =
      !filter.name.empty() && listing.revision == current && !continued && (!request.kind->namespaced || !filter.ns.empty());
  if (one) {
    if (DocumentPtr found = cache.get({filter.ns, filter.name})) visit(found);
    return listing;
  }
  if (auto read = cache.each_at(listing.revision, filter.ns, continued ? &token.last : nullptr, visit); !read) {
    if (!continued) return fail(std::move(read.error()));
    return fail(Reason::Expired, std::string(kInconsistentContinue));
  }
  if (behind == 0) return listing;
  if (known) behind = std::max<std::int64_t>(1, *token.left - static_cast<std::int64_t>(listing.items.size()));
  std::optional<std::int64_t> left = chosen ? std::nullopt : std::optional(behind);
  // Also a list that went on inconsistently is consistent from here.
  listing.continue_token = make_continue_token({listing.revision, listing.items.back()->key(), left});
  listing.remaining = left;
  cache.hold(listing.revision);
  return listing;
}

Result<std::unique_ptr<CacheWatch>> Api::watch(const Request& request, std::optional<Revision> after) const {
  TRY_ASSIGN(Filter filter, filter_of(request));
  return caches_.of(*request.kind).watch(std::move(filter), after);
}

}  // namespace charon::server
