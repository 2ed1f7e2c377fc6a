// Api: the verbs of the API server on trees and Documents, without HTTP. One file per verb in verbs/.
//
// The HTTP front and the in-process transport both call it. Callers have authorised the request already; admission and
// validation happen here. Everything runs on the server's loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/transport.h"
#include "codec/value.h"
#include "model/document.h"
#include "rt/loop.h"
#include "rt/random.h"
#include "rt/task.h"
#include "schema/apply/updater.h"
#include "server/admission/admission.h"
#include "server/cache.h"
#include "server/object_watch.h"
#include "server/request.h"
#include "store/store.h"

namespace charon::server {

class ConvertedTrees;  // managed_fields/converted_trees.h

// Where a list starts and ends. All its pages show the objects as they were at the revision of the first.
struct ListPage {
  std::size_t limit = 0;       // 0: all
  std::string continue_token;  // from the page before
  std::optional<Revision> at;  // as it was then; nullopt: as it is now
};

struct Listing {
  std::vector<DocumentPtr> items;
  Revision revision = 0;
  std::string continue_token;             // empty at the end
  std::optional<std::int64_t> remaining;  // behind this page; absent with a selector, as in Kubernetes
};

struct Deleted {
  DocumentPtr object;
  bool gone = false;  // else it stays for its grace period or finalizers
};

struct ApplyOptions {
  schema::apply::Force force = schema::apply::Force::No;  // take over fields that others own
  std::function<Result<void>()> may_create;               // asked before an object is created; null: it may
};

struct Applied {
  DocumentPtr object;
  bool created = false;
};

// A resource, or subresource, that is only ever created and answered at once, and never stored: token and access reviews.
struct Review {
  const schema::Type* type = nullptr;  // of what is sent and answered
  // `object` is normalized; the answer carries apiVersion and kind.
  std::function<rt::Task<Result<codec::Value>>(Request request, codec::Value object)> answer;
};

class Api {
 public:
  Api(rt::Loop& loop, rt::Random& random, store::Store& store, Caches& caches, Admission& admission)
      : loop_(loop), random_(random), store_(store), caches_(caches), admission_(admission) {}

  // Reads are of what is there when they begin; only a webhook that converts the objects (model/storage_form.h) makes them
  // wait, and they fail when it does.

  // NotFound in Kubernetes' words: `pods "web" not found`.
  rt::Task<Result<DocumentPtr>> get(Request request) const;
  // Expired when the past that is asked for is no longer kept, Timeout when it is in the future.
  rt::Task<Result<Listing>> list(Request request, ListPage page) const;
  // `after`: nullopt from now, and it may be in the future. BadRequest for a malformed selector, Expired when `after` is too
  // old.
  Result<std::unique_ptr<ObjectWatch>> watch(const Request& request, std::optional<Revision> after) const;
  // The same where nothing but metadata counts: each object in whatever version it is stored, without a webhook.
  Result<Listing> list_stored(const Request& request, const ListPage& page) const;
  Result<std::unique_ptr<ObjectWatch>> watch_stored(const Request& request, std::optional<Revision> after) const;

  // Of a review the answer, as a Document that is stored nowhere.
  rt::Task<Result<DocumentPtr>> create(Request request, codec::Value object, Warnings* warnings);
  rt::Task<Result<DocumentPtr>> update(Request request, codec::Value object, Warnings* warnings);
  rt::Task<Result<DocumentPtr>> patch(Request request, client::PatchType type, codec::Value patch, Warnings* warnings);
  // Server-side apply of `config`, raw, by request.field_manager. What is not there is created.
  rt::Task<Result<Applied>> apply(Request request, codec::Value config, ApplyOptions options, Warnings* warnings);
  // `warnings` may be null.
  rt::Task<Result<Deleted>> remove(Request request, client::DeleteOptions options, Warnings* warnings = nullptr);
  // Deletes what the selectors of the request match; the items as they were.
  rt::Task<Result<std::vector<DocumentPtr>>> remove_collection(Request request, client::DeleteOptions options);

  // Admission of what is stored nowhere: a review, a binding, the options of a stream to a pod. `type` is the object's, which
  // carries apiVersion and kind; it may be changed.
  rt::Task<Result<void>> admit(Operation operation, const Request& request, codec::Value& object, const schema::Type* type,
                               Warnings* warnings);

  void add_review(const model::Kind& kind, std::string subresource, Review review);
  // Admits the question and answers it. Its name is the request's, else that of its metadata.
  rt::Task<Result<codec::Value>> answer(Request request, const Review& review, codec::Value object, Warnings* warnings);
  // Null when there is none.
  const Review* review(const model::Kind& kind, std::string_view subresource) const;

  Caches& caches() const { return caches_; }
  const model::KindRegistry& kinds() const { return caches_.kinds(); }
  rt::Loop& loop() const { return loop_; }
  rt::Random& random() const { return random_; }

 private:
  using Change = std::function<Result<codec::Value>(const codec::Value& current)>;

  // Reads the object, lets `change` make the new one, checks, admits, validates and commits it; again after a lost race unless
  // `strict` (the caller named a resourceVersion). `others`: trees that `change` may miss, and is called again with; may be
  // null.
  rt::Task<Result<DocumentPtr>> write(Request request, Change change, Warnings* warnings, ConvertedTrees* others = nullptr);
  rt::Task<Result<DocumentPtr>> write_once(const Request& request, DocumentPtr before, codec::Value object, Warnings* warnings);
  rt::Task<Result<codec::Value>> managed_after(const Request& request, const codec::Value& before, const codec::Value& object,
                                               codec::Value stored, codec::Value given) const;
  // Creates what is applied and not there; AlreadyExists when somebody else was faster.
  rt::Task<Result<DocumentPtr>> apply_new(Request request, const codec::Value& config, const ApplyOptions& options,
                                          Warnings* warnings);
  rt::Task<Result<DocumentPtr>> create_review(Request request, const Review& review, codec::Value object, Warnings* warnings);
  rt::Task<Result<DocumentPtr>> create_binding(Request request, codec::Value binding);
  rt::Task<Result<DocumentPtr>> commit_create(const Request& request, const codec::Value& object);
  rt::Task<Result<DocumentPtr>> commit_update(const Request& request, DocumentPtr before, const codec::Value& object);
  rt::Task<Result<Deleted>> remove_one(const Request& request, DocumentPtr before, const client::DeleteOptions& options);
  rt::Task<Result<DocumentPtr>> commit_delete(const Request& request, DocumentPtr before);
  // A stored object, which may be of any version, as the kind that was asked for.
  rt::Task<Result<DocumentPtr>> in_version(model::KindRef kind, DocumentPtr stored) const;
  // What a commit at `revision` has stored, as its writer sees it: read back where that is possible, else what was written:
  // `json` of `object`.
  rt::Task<DocumentPtr> written(const model::Kind& kind, Revision revision, SharedBytes json, const codec::Value& object) const;
  // Whether writing an object as it is would change in which version it is stored.
  rt::Task<Result<bool>> is_stored_otherwise(const model::Kind& kind, const model::Document& before) const;
  Result<Filter> filter_of(const Request& request) const;
  Result<Listing> list_chosen(const Request& request, const Filter& filter, const ListPage& page) const;
  // NotFound when the definition of a custom resource went while the request was under way.
  Result<void> check_served(const Request& request) const;

  rt::Loop& loop_;
  rt::Random& random_;
  store::Store& store_;
  Caches& caches_;
  Admission& admission_;
  std::map<std::pair<const model::Kind*, std::string>, Review, std::less<>> reviews_;
};

inline constexpr std::string_view kModified =
    "the object has been modified; please apply your changes to the latest version and try again";

// Errors in Kubernetes' words, with details.
Error not_found(const model::Kind& kind, std::string_view name);
Error already_exists(const model::Kind& kind, std::string_view name);
Error conflict(const model::Kind& kind, std::string_view name, std::string_view why);
Error bad_request(std::string message);
// Timeout, as Kubernetes has it, for a revision that the store has not reached.
Error too_large_version(Revision wanted, Revision current);

}  // namespace charon::server
