#include "sim/faults/faulty_transport.h"

#include <utility>

#include "codec/tree.h"

namespace charon::sim {
namespace {

using client::ListOptions;
using client::ResourceRef;
using model::DocumentPtr;

class FaultyStream final : public client::WatchStream {
 public:
  FaultyStream(rt::Loop& loop, std::unique_ptr<client::WatchStream> stream, Faults& faults)
      : loop_(loop), stream_(std::move(stream)), faults_(faults) {}

  rt::Task<Result<std::vector<client::WatchEvent>>> next() override {
    auto batch = co_await stream_->next();
    co_await rt::sleep(loop_, faults_.delay());
    if (auto error = faults_.watch()) co_return fail(*std::move(error));
    co_return batch;
  }

 private:
  rt::Loop& loop_;
  std::unique_ptr<client::WatchStream> stream_;
  Faults& faults_;
};

class FaultyTransport final : public client::Transport {
 public:
  FaultyTransport(rt::Loop& loop, client::Transport& server, Faults& faults) : loop_(loop), server_(server), faults_(faults) {}

  rt::Task<Result<DocumentPtr>> get(ResourceRef ref, model::ObjectKey key) override {
    return call(CallType::Read, server_.get(ref, std::move(key)));
  }
  rt::Task<Result<client::ListResult>> list(ResourceRef ref, ListOptions options) override {
    return call(CallType::Read, server_.list(ref, std::move(options)));
  }
  rt::Task<Result<std::unique_ptr<client::WatchStream>>> watch(ResourceRef ref, ListOptions options,
                                                               model::Revision after) override {
    co_await rt::sleep(loop_, faults_.delay());
    if (auto error = faults_.watch()) co_return fail(*std::move(error));
    auto opened = co_await server_.watch(ref, std::move(options), after);
    if (!opened) co_return fail(std::move(opened.error()));
    co_return std::make_unique<FaultyStream>(loop_, std::move(*opened), faults_);
  }
  rt::Task<Result<DocumentPtr>> create(ResourceRef ref, std::string ns, codec::Value object) override {
    return call(CallType::Create, server_.create(ref, std::move(ns), std::move(object)));
  }
  rt::Task<Result<DocumentPtr>> update(ResourceRef ref, model::ObjectKey key, codec::Value object) override {
    return call(CallType::Update, server_.update(ref, std::move(key), std::move(object)));
  }
  rt::Task<Result<DocumentPtr>> patch(ResourceRef ref, model::ObjectKey key, client::PatchType type,
                                      codec::Value patch) override {
    return call(CallType::Patch, server_.patch(ref, std::move(key), type, std::move(patch)));
  }
  rt::Task<Result<DocumentPtr>> remove(ResourceRef ref, model::ObjectKey key, client::DeleteOptions options) override {
    return call(CallType::Delete, server_.remove(ref, std::move(key), std::move(options)));
  }

 private:
  // `served` has not started: the server sees nothing of a call that is lost on the way.
  template <class T>
  rt::Task<Result<T>> call(CallType type, rt::Task<Result<T>> served) {
    co_await rt::sleep(loop_, faults_.delay());
    if (auto error = faults_.before(type)) co_return fail(*std::move(error));
    Result<T> outcome = co_await served;
    co_await rt::sleep(loop_, faults_.delay());
    if (auto error = faults_.after()) co_return fail(*std::move(error));
    co_return outcome;
  }

  rt::Loop& loop_;
  client::Transport& server_;
  Faults& faults_;
};

}  // namespace

std::unique_ptr<client::Transport> make_faulty_transport(rt::Loop& loop, client::Transport& server, Faults& faults) {
  return std::make_unique<FaultyTransport>(loop, server, faults);
}

}  // namespace charon::sim
