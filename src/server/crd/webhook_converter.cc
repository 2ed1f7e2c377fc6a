#include "server/crd/webhook_converter.h"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/bytes.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "rt/sync.h"
#include "schema/convert.h"
#include "server/cache.h"
#include "server/crd/conversion_review.h"

namespace charon::server::crd {
namespace {

using codec::Value;
using model::KindRef;

constexpr std::chrono::seconds kCallTime{30};
constexpr std::size_t kBatchObjects = 500;
constexpr std::size_t kBatchBytes = 2u << 20;      // of what is sent; more only for one large object
constexpr std::size_t kUnderWayBytes = 16u << 20;  // of all batches of one definition together
constexpr std::size_t kKeptBytes = 8u << 20;       // of converted documents

WebhookTarget target_of(const Value& config) {
  WebhookTarget target;
  target.url = codec::string_at(config, "url");
  if (auto ca = base64_decode(codec::string_at(config, "caBundle"))) target.ca_pem = *std::move(ca);
  const Value* service = codec::find(config, "service");
  if (service == nullptr) return target;
  target.service = {std::string(codec::string_at(*service, "namespace")), std::string(codec::string_at(*service, "name"))};
  target.path = codec::string_at(*service, "path");
  target.port = static_cast<int>(codec::int_at(*service, "port").value_or(443));
  return target;
}

// The first of the webhook's versions that this server speaks.
std::string review_version_of(const Value& versions) {
  if (versions.is_array())
    for (const Value& version : versions.get_array())
      if (version == Value("v1") || version == Value("v1beta1")) return std::string(codec::view(version.get_string()));
  return "";
}

// A version of a stored object as another version.
struct Key {
  std::string uid;
  model::Revision revision = 0;
  std::string to;
  auto operator<=>(const Key&) const = default;
};

// A document that is being made, for all who want it.
struct Pending {
  explicit Pending(rt::Loop& loop) : done(loop) {}
  rt::Event done;
  DocumentPtr made;            // null: not made
  std::optional<Error> error;  // neither: whoever made it was stopped
};

class WebhookConverter final : public model::Converter {
 public:
  WebhookConverter(const ConversionHost& host, const Value& definition) : host_(host), freed_(host.loop) {
    static const Value kNone;
    const Value* config = codec::find_path(definition, {"spec", "conversion", "webhook", "clientConfig"});
    const Value* versions = codec::find_path(definition, {"spec", "conversion", "webhook", "conversionReviewVersions"});
    target_ = target_of(config != nullptr ? *config : kNone);
    review_version_ = review_version_of(versions != nullptr ? *versions : kNone);
  }

  rt::Task<Result<std::vector<Value>>> trees(std::vector<Value> objects, KindRef to) override {
    std::string wanted = to->gv.text();
    std::vector<std::size_t> others;
    for (std::size_t i = 0; i < objects.size(); ++i)
      if (codec::string_at(objects[i], "apiVersion") != wanted) others.push_back(i);
    std::vector<Value> sent;
    for (std::size_t next = 0; next < others.size();) {
      std::size_t first = next;
      std::size_t bytes = 0;
      sent.clear();
      for (; next < others.size() && sent.size() < kBatchObjects && bytes < kBatchBytes; ++next) {
        bytes += codec::write_json(objects[others[next]]).size();
        sent.push_back(std::move(objects[others[next]]));
      }
      CO_TRY_ASSIGN(std::vector<Value> made, co_await call(std::move(sent), bytes, to));
      for (std::size_t i = 0; i < made.size(); ++i) objects[others[first + i]] = std::move(made[i]);
      sent = {};
    }
    co_return objects;
  }

  rt::Task<Result<std::vector<DocumentPtr>>> documents(std::vector<DocumentPtr> objects, KindRef to) override {
    std::string wanted = to->gv.text();
    std::vector<DocumentPtr> made(objects.size());
    std::vector<std::shared_ptr<Pending>> elsewhere(objects.size());  // being made for somebody else
    while (true) {
      std::vector<std::size_t> mine;
      std::set<Key> claimed;  // the same document may be asked for twice
      std::size_t bytes = 0;
      std::shared_ptr<Pending> awaited;
      for (std::size_t i = 0; i < objects.size() && mine.size() < kBatchObjects && bytes < kBatchBytes; ++i) {
        if (made[i]) continue;
        const std::shared_ptr<Pending> other = std::exchange(elsewhere[i], nullptr);
        if (other && other->error) co_return fail(*other->error);
        if (objects[i]->kind().gv == to->gv) made[i] = objects[i];
        if (other && other->made) made[i] = other->made;
        const Key key = key_of(*objects[i], wanted);
        if (SharedBytes json = made[i] ? nullptr : kept(key)) made[i] = model::Document::from_json(*to, key.revision, json);
        if (made[i]) continue;
        if (auto there = pending_.find(key); there != pending_.end()) {
          elsewhere[i] = awaited = there->second;
          continue;
        }
        if (!claimed.insert(key).second) continue;
        mine.push_back(i);
        bytes += objects[i]->json()->size();
      }
      if (!mine.empty()) {
        CO_TRY(co_await make(objects, mine, bytes, to, made));
      } else if (awaited) {
        co_await awaited->done.wait();
      } else {
        co_return made;
      }
    }
  }

 private:
  // The documents that one caller makes. What was not made when it ends, others have to make for themselves.
  class Claim {
   public:
    explicit Claim(WebhookConverter& converter) : converter_(converter) {}
    Claim(const Claim&) = delete;
    ~Claim() {
      for (const Key& key : keys_) {
        auto there = converter_.pending_.find(key);
        there->second->done.set();
        converter_.pending_.erase(there);
      }
    }
    void add(Key key) {
      converter_.pending_.emplace(key, std::make_shared<Pending>(converter_.host_.loop));
      keys_.push_back(std::move(key));
    }
    void made(std::size_t index, const DocumentPtr& document) {
      converter_.pending_.at(keys_[index])->made = document;
      converter_.keep(keys_[index], document->json());
    }
    void failed(const Error& error) {
      for (const Key& key : keys_) converter_.pending_.at(key)->error = error;
    }

   private:
    WebhookConverter& converter_;
    std::vector<Key> keys_;
  };

  // Room for one batch among those that are under way.
  class Room {
   public:
    Room(WebhookConverter& converter, std::size_t bytes) : converter_(converter), bytes_(bytes) {
      converter_.under_way_ += bytes_;
    }
    Room(const Room&) = delete;
    ~Room() {
      converter_.under_way_ -= bytes_;
      converter_.freed_.set();
    }

   private:
    WebhookConverter& converter_;
    std::size_t bytes_;
  };

  static Key key_of(const model::Document& document, const std::string& to) {
    return {document.uid(), document.revision(), to};
  }

  SharedBytes kept(const Key& key) const {
    auto found = kept_.find(key);
    return found == kept_.end() ? nullptr : found->second;
  }

  void keep(const Key& key, const SharedBytes& json) {
    if (!kept_.emplace(key, json).second) return;
    kept_bytes_ += json->size();
    order_.push_back(key);
    while (kept_bytes_ > kKeptBytes) {
      auto oldest = kept_.find(order_.front());
      kept_bytes_ -= oldest->second->size();
      kept_.erase(oldest);
      order_.pop_front();
    }
  }

  rt::Task<Result<void>> make(const std::vector<DocumentPtr>& objects, const std::vector<std::size_t>& mine, std::size_t bytes,
                              KindRef to, std::vector<DocumentPtr>& made) {
    Claim claim(*this);
    std::string wanted = to->gv.text();
    for (std::size_t i : mine) claim.add(key_of(*objects[i], wanted));
    std::vector<Value> sent;
    sent.reserve(mine.size());
    for (std::size_t i : mine) {
      Value& tree = sent.emplace_back(objects[i]->tree());
      codec::ensure_object(tree, {"metadata"}).erase("resourceVersion");
    }
    auto converted = co_await call(std::move(sent), bytes, to);
    if (!converted) {
      claim.failed(converted.error());
      co_return fail(std::move(converted.error()));
    }
    for (std::size_t i = 0; i < mine.size(); ++i) {
      const model::Revision revision = objects[mine[i]]->revision();
      std::string json;
      schema::append_canonical_json(*to->type, (*converted)[i], json);
      made[mine[i]] = model::Document::from_json(*to, revision, with_resource_version(json, revision));
      claim.made(i, made[mine[i]]);
    }
    co_return Result<void>();
  }

  // One batch.
  rt::Task<Result<std::vector<Value>>> call(std::vector<Value> sent, std::size_t bytes, KindRef to) {
    if (review_version_.empty()) co_return fail(Reason::Unknown, "no supported conversion review versions");
    while (under_way_ > 0 && under_way_ + bytes > kUnderWayBytes) {
      freed_.clear();
      co_await freed_.wait();
    }
    Room room(*this, bytes);
    Conversion asked{review_version_, host_.random.uuid(), to->gv.text(), {}};
    for (const Value& object : sent) asked.objects.push_back(&object);
    auto posting = host_.caller->post({target_, write_conversion(asked), asked.uid, kCallTime});
    auto body = co_await posting;
    if (!body) co_return fail(conversion_error(sent.front(), "failed: " + body.error().message));
    CO_TRY_ASSIGN(std::vector<Value> converted, read_conversion(*body, asked));
    for (Value& object : converted)
      if (auto fits = schema::normalize(*to->type, object); !fits)
        co_return fail(conversion_error(sent.front(), "returned invalid object: " + fits.error().message));
    co_return converted;
  }

  ConversionHost host_;
  WebhookTarget target_;
  std::string review_version_;
  std::map<Key, std::shared_ptr<Pending>> pending_;
  std::map<Key, SharedBytes> kept_;  // JSON: Documents would keep their kind, and so this converter, alive
  std::deque<Key> order_;            // of `kept_`, the oldest first
  std::size_t kept_bytes_ = 0;
  std::size_t under_way_ = 0;  // bytes
  rt::Event freed_;
};

}  // namespace

std::shared_ptr<model::Converter> make_webhook_converter(const ConversionHost& host, const Value& definition) {
  return std::make_shared<WebhookConverter>(host, definition);
}

}  // namespace charon::server::crd
