#include "sim/checkers/watch_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace charon::sim {
namespace {

using client::ListOptions;
using client::ResourceRef;
using model::DocumentPtr;

bool is_whole(const ListOptions& options) { return options.label_selector.empty() && options.field_selector.empty(); }

class CheckedStream final : public client::WatchStream {
 public:
  CheckedStream(std::unique_ptr<client::WatchStream> stream, const model::Kind& kind, ListOptions options,
                model::Revision after, const Truth& truth, Findings& findings)
      : stream_(std::move(stream)),
        kind_(kind),
        options_(std::move(options)),
        last_(after),
        truth_(truth),
        findings_(findings) {
    const auto& changes = truth_.changes(kind_);
    const auto first = std::ranges::upper_bound(changes, after, {}, &Truth::Change::revision);
    next_ = static_cast<std::size_t>(first - changes.begin());
  }

  rt::Task<Result<std::vector<client::WatchEvent>>> next() override {
    auto batch = co_await stream_->next();
    if (!batch) co_return fail(std::move(batch.error()));
    for (const client::WatchEvent& event : *batch) check(event);
    co_return std::move(*batch);
  }

 private:
  void check(const client::WatchEvent& event) {
    if (event.revision < last_) report(fmt::format("revision {} after {}", event.revision, last_));
    last_ = std::max(last_, event.revision);
    if (!event.object) return;
    model::Revision& seen = of_object_[event.object->key()];
    if (event.revision <= seen)
      report(fmt::format("{}: revision {} after {}", event.object->key().text(), event.revision, seen));
    seen = event.revision;
    if (is_whole(options_)) check_next(event);
  }
  void check_next(const client::WatchEvent& event) {
    const auto& changes = truth_.changes(kind_);
    while (next_ < changes.size() && !options_.ns.empty() && changes[next_].key().ns != options_.ns) ++next_;
    if (next_ == changes.size())
      return report(fmt::format("{}: an event that the store never had", event.object->key().text()));
    const Truth::Change& wanted = changes[next_++];
    if (wanted.revision != event.revision || wanted.key() != event.object->key() || wanted.type() != event.type)
      report(fmt::format("event {} {} of type {}, but the store had {} {} of type {}", event.revision,
                         event.object->key().text(), static_cast<int>(event.type), wanted.revision, wanted.key().text(),
                         static_cast<int>(wanted.type())));
  }
  void report(const std::string& what) { findings_.add(fmt::format("watch of {}: {}", kind_.plural, what)); }

  std::unique_ptr<client::WatchStream> stream_;
  const model::Kind& kind_;
  ListOptions options_;
  model::Revision last_;
  const Truth& truth_;
  Findings& findings_;
  std::size_t next_ = 0;
  std::map<model::ObjectKey, model::Revision> of_object_;
};

class CheckedTransport final : public client::Transport {
 public:
  CheckedTransport(client::Transport& server, const Truth& truth, Findings& findings)
      : server_(server), truth_(truth), findings_(findings) {}

  rt::Task<Result<DocumentPtr>> get(ResourceRef ref, model::ObjectKey key) override { return server_.get(ref, std::move(key)); }
  rt::Task<Result<client::ListResult>> list(ResourceRef ref, ListOptions options) override {
    auto listed = co_await server_.list(ref, options);
    if (listed && is_whole(options)) check(*ref.kind, options.ns, *listed);
    co_return listed;
  }
  rt::Task<Result<std::unique_ptr<client::WatchStream>>> watch(ResourceRef ref, ListOptions options,
                                                               model::Revision after) override {
    auto opened = co_await server_.watch(ref, options, after);
    if (!opened) co_return fail(std::move(opened.error()));
    co_return std::make_unique<CheckedStream>(std::move(*opened), *ref.kind, std::move(options), after, truth_, findings_);
  }
  rt::Task<Result<DocumentPtr>> create(ResourceRef ref, std::string ns, codec::Value object) override {
    return server_.create(ref, std::move(ns), std::move(object));
  }
  rt::Task<Result<DocumentPtr>> update(ResourceRef ref, model::ObjectKey key, codec::Value object) override {
    return server_.update(ref, std::move(key), std::move(object));
  }
  rt::Task<Result<DocumentPtr>> patch(ResourceRef ref, model::ObjectKey key, client::PatchType type,
                                      codec::Value patch) override {
    return server_.patch(ref, std::move(key), type, std::move(patch));
  }
  rt::Task<Result<DocumentPtr>> remove(ResourceRef ref, model::ObjectKey key, client::DeleteOptions options) override {
    return server_.remove(ref, std::move(key), std::move(options));
  }

 private:
  void check(const model::Kind& kind, const std::string& ns, const client::ListResult& listed) {
    std::size_t wanted = 0;
    for (const auto& [key, document] : truth_.objects(kind)) wanted += ns.empty() || key.ns == ns ? 1 : 0;
    if (listed.items.size() != wanted)
      findings_.add(fmt::format("list of {}: {} objects, the store has {}", kind.plural, listed.items.size(), wanted));
    for (const DocumentPtr& item : listed.items) {
      const auto place = truth_.objects(kind).find(item->key());
      if (place == truth_.objects(kind).end() || place->second->revision() != item->revision())
        findings_.add(fmt::format("list of {}: {} is not as in the store", kind.plural, item->key().text()));
      if (item->revision() > listed.revision)
        findings_.add(fmt::format("list of {}: {} is newer than the list", kind.plural, item->key().text()));
    }
  }

  client::Transport& server_;
  const Truth& truth_;
  Findings& findings_;
};

}  // namespace

std::unique_ptr<client::Transport> make_checked_transport(client::Transport& server, const Truth& truth, Findings& findings) {
  return std::make_unique<CheckedTransport>(server, truth, findings);
}

}  // namespace charon::sim
