#include "server/crd/names.h"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include "codec/json.h"
#include "codec/tree.h"

namespace charon::server::crd {

using codec::Value;

namespace {

using Taken = std::set<std::string, std::less<>>;

std::string in_use(std::string_view name) { return codec::write_json(Value(name)) + " is already in use"; }

std::vector<std::string_view> texts_of(const Value* list) {
  std::vector<std::string_view> texts;
  if (list != nullptr && list->is_array())
    for (const Value& text : list->get_array())
      if (text.is_string()) texts.push_back(codec::view(text.get_string()));
  return texts;
}

class Judge {
 public:
  Judge(const Value& wanted, const Value& had) : wanted_(wanted), had_(had) {
    accepted_ = had.is_object() ? had.get_object() : codec::Object();
  }

  void single(std::string_view member, const Taken& taken, std::string_view reason) {
    std::string_view name = codec::string_at(wanted_, member);
    if (name != codec::string_at(had_, member) && taken.contains(name)) return refuse(reason, in_use(name));
    accepted_[member] = name;
  }

  void short_names(const Taken& taken) {
    std::vector<std::string_view> had = texts_of(codec::find(had_, "shortNames"));
    for (std::string_view name : texts_of(codec::find(wanted_, "shortNames")))
      if (std::ranges::find(had, name) == had.end() && taken.contains(name)) return refuse("ShortNamesConflict", in_use(name));
    copy("shortNames");
  }

  void copy(std::string_view member) {
    if (const Value* list = codec::find(wanted_, member)) {
      accepted_[member] = *list;
    } else {
      accepted_.erase(member);
    }
  }

  Naming take() {
    Naming naming{std::move(accepted_), {"NamesAccepted", "True", "NoConflicts", "no conflicts found"}, !refused_};
    if (refused_) naming.condition = {"NamesAccepted", "False", refused_->reason, refused_->message};
    return naming;
  }

 private:
  struct Refusal {
    std::string reason;
    std::string message;
  };

  // The last one found is reported.
  void refuse(std::string_view reason, std::string message) { refused_ = Refusal{std::string(reason), std::move(message)}; }

  const Value& wanted_;
  const Value& had_;
  codec::Object accepted_;
  std::optional<Refusal> refused_;
};

}  // namespace

void TakenNames::add(const Value& names) {
  for (std::string_view member : {"plural", "singular"})
    if (std::string_view name = codec::string_at(names, member); !name.empty()) resources.emplace(name);
  for (std::string_view name : texts_of(codec::find(names, "shortNames"))) resources.emplace(name);
  for (std::string_view member : {"kind", "listKind"})
    if (std::string_view name = codec::string_at(names, member); !name.empty()) kinds.emplace(name);
}

void TakenNames::add_builtin(std::string_view group) {
  for (const model::Kind& kind : model::builtin_kinds()) {
    if (kind.gv.group != group) continue;
    resources.emplace(kind.plural);
    resources.emplace(kind.singular);
    for (std::string_view name : kind.short_names) resources.emplace(name);
    kinds.emplace(kind.kind);
    kinds.emplace(kind.list_kind);
  }
}

Naming judge_names(const Value& definition, const TakenNames& taken) {
  static const Value kNothing;
  const Value* wanted = codec::find_path(definition, {"spec", "names"});
  const Value* had = codec::find_path(definition, {"status", "acceptedNames"});
  Judge judge(wanted != nullptr ? *wanted : kNothing, had != nullptr ? *had : kNothing);
  judge.single("plural", taken.resources, "PluralConflict");
  judge.single("singular", taken.resources, "SingularConflict");
  judge.short_names(taken.resources);
  judge.single("kind", taken.kinds, "KindConflict");
  judge.single("listKind", taken.kinds, "ListKindConflict");
  judge.copy("categories");
  return judge.take();
}

}  // namespace charon::server::crd
