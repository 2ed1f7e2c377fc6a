#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "model/selector.h"
#include "model/storage_form.h"
#include "server/api.h"
#include "server/continue_token.h"

namespace charon::server {
namespace {

// How many objects are looked at together, at least, where a selector chooses among what a webhook converts.
constexpr std::size_t kChosenFrom = 100;

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

Result<Listing> Api::list_stored(const Request& request, const ListPage& page) const {
  TRY_ASSIGN(Filter filter, filter_of(request));
  return list_chosen(request, filter, page);
}

rt::Task<Result<Listing>> Api::list(Request request, ListPage page) const {
  CO_TRY_ASSIGN(Filter filter, filter_of(request));
  model::Converter* converter = model::converter_of(*request.kind);
  if (converter == nullptr) co_return list_chosen(request, filter, page);
  // Which objects a selector chooses is known when they have been converted.
  auto matches = std::exchange(filter.matches, nullptr);
  Listing listing;
  const std::size_t limit = page.limit;
  if (matches && limit > 0) page.limit = std::max(limit, kChosenFrom);
  while (true) {
    CO_TRY_ASSIGN(Listing part, list_chosen(request, filter, page));
    CO_TRY_ASSIGN(part.items, co_await converter->documents(std::move(part.items), request.kind));
    if (!matches) co_return part;
    if (listing.revision == 0) listing.revision = part.revision;
    for (DocumentPtr& item : part.items)
      if (matches(*item)) listing.items.push_back(std::move(item));
    bool full = limit > 0 && listing.items.size() >= limit;
    if (!full && part.continue_token.empty()) co_return listing;
    page.continue_token = part.continue_token;
    page.at.reset();
    if (!full) continue;
    bool all = listing.items.size() == limit && part.continue_token.empty();
    listing.items.resize(limit);
    if (all) co_return listing;
    listing.continue_token = make_continue_token({listing.revision, listing.items.back()->key(), std::nullopt});
    caches_.of(*request.kind).hold(listing.revision);
    co_return listing;
  }
}

Result<Listing> Api::list_chosen(const Request& request, const Filter& filter, const ListPage& page) const {
  Cache& cache = caches_.of(*request.kind);
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

Result<std::unique_ptr<ObjectWatch>> Api::watch(const Request& request, std::optional<Revision> after) const {
  if (model::converter_of(*request.kind) == nullptr) return watch_stored(request, after);
  TRY_ASSIGN(Filter filter, filter_of(request));
  auto matches = std::exchange(filter.matches, nullptr);
  TRY_ASSIGN(auto changes, caches_.of(*request.kind).watch(std::move(filter), after));
  return std::make_unique<ObjectWatch>(std::move(changes), caches_.kinds(), request.kind, std::move(matches));
}

Result<std::unique_ptr<ObjectWatch>> Api::watch_stored(const Request& request, std::optional<Revision> after) const {
  TRY_ASSIGN(Filter filter, filter_of(request));
  TRY_ASSIGN(auto changes, caches_.of(*request.kind).watch(std::move(filter), after));
  return std::make_unique<ObjectWatch>(std::move(changes));
}

}  // namespace charon::server
