#include "codec/json_path.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "codec/json.h"
#include "codec/tree.h"

namespace charon::codec {

namespace {

enum class Sort : std::uint8_t { Member, Any, Descend, Slice, Filter };
enum class Comparison : std::uint8_t { Exists, Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual };

}  // namespace

struct JsonPath::Step {
  Sort sort = Sort::Member;
  std::string name;  // of a Member
  // Of a Slice: an index alone has `last` one behind it.
  std::optional<std::int64_t> first, last;
  std::int64_t stride = 1;
  bool index = false;
  // Of a Filter: a path from the element, and what it is compared with.
  JsonPath left;
  Comparison comparison = Comparison::Exists;
  Value right;
};

namespace {

using Step = JsonPath::Step;

// How deep filters may stand in each other.
constexpr int kFilterDepth = 4;

class Parser {
 public:
  explicit Parser(std::string_view text, int depth) : text_(text), depth_(depth) {}

  Result<std::vector<std::shared_ptr<const Step>>> parse() {
    if (text_.starts_with('$') || text_.starts_with('@')) text_.remove_prefix(1);
    while (!text_.empty()) {
      if (text_.starts_with("..")) {
        text_.remove_prefix(2);
        add({.sort = Sort::Descend});
        if (!text_.empty() && text_.front() != '[') TRY(member());
      } else if (text_.front() == '.') {
        text_.remove_prefix(1);
        if (text_.empty()) break;  // "." is the whole
        if (text_.front() != '[') TRY(member());
      } else if (text_.front() == '[') {
        TRY(bracket());
      } else {
        TRY(member());
      }
    }
    return std::move(steps_);
  }

 private:
  void add(Step step) { steps_.push_back(std::make_shared<const Step>(std::move(step))); }
  static std::unexpected<Error> wrong(std::string what) {
    return fail(Reason::BadRequest, "unrecognized JSONPath: " + std::move(what));
  }

  Result<void> member() {
    std::string name;
    while (!text_.empty() && text_.front() != '.' && text_.front() != '[') {
      if (text_.front() == '\\' && text_.size() > 1) text_.remove_prefix(1);
      name += text_.front();
      text_.remove_prefix(1);
    }
    if (name.empty()) return wrong("a name is missing");
    if (name == "*") {
      add({.sort = Sort::Any});
    } else {
      add({.name = std::move(name)});
    }
    return {};
  }

  // The text up to the bracket that closes, quotes and brackets within left alone.
  Result<std::string_view> inside() {
    std::size_t depth = 0;
    char quote = 0;
    for (std::size_t i = 0; i < text_.size(); ++i) {
      char c = text_[i];
      if (quote != 0) {
        if (c == '\\') {
          ++i;
        } else if (c == quote) {
          quote = 0;
        }
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == '[') {
        ++depth;
      } else if (c == ']' && --depth == 0) {
        std::string_view within = text_.substr(1, i - 1);
        text_.remove_prefix(i + 1);
        return within;
      }
    }
    return wrong("a bracket is not closed");
  }

  Result<void> bracket() {
    TRY_ASSIGN(std::string_view within, inside());
    if (within == "*") {
      add({.sort = Sort::Any});
      return {};
    }
    if (within.starts_with("?(") && within.ends_with(')')) return filter(within.substr(2, within.size() - 3));
    if (within.size() >= 2 && (within.front() == '\'' || within.front() == '"') && within.back() == within.front()) {
      add({.name = unescaped(within.substr(1, within.size() - 2))});
      return {};
    }
    return slice(within);
  }

  static std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      out += text[i];
    }
    return out;
  }

  Result<void> slice(std::string_view within) {
    Step step{.sort = Sort::Slice};
    std::vector<std::optional<std::int64_t>> parts;
    while (true) {
      std::size_t colon = std::min(within.find(':'), within.size());
      std::string_view part = within.substr(0, colon);
      std::int64_t number = 0;
      auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
      if (!part.empty() && (error != std::errc() || end != part.data() + part.size()))
        return wrong("invalid array index " + std::string(within));
      parts.push_back(part.empty() ? std::nullopt : std::optional(number));
      if (colon == within.size()) break;
      within.remove_prefix(colon + 1);
    }
    if (parts.size() > 3 || (parts.size() == 1 && !parts[0])) return wrong("invalid array index");
    step.index = parts.size() == 1;
    step.first = parts[0];
    if (parts.size() > 1) step.last = parts[1];
    if (parts.size() > 2) step.stride = parts[2].value_or(1);
    if (step.stride <= 0) return wrong("the step of a slice must be positive");
    add(std::move(step));
    return {};
  }

  Result<void> filter(std::string_view within) {
    if (depth_ == kFilterDepth) return wrong("filters stand too deep in each other");
    struct Operator {
      std::string_view text;
      Comparison comparison;
    };
    constexpr Operator kOperators[] = {{"==", Comparison::Equal},       {"!=", Comparison::NotEqual},
                                       {"<=", Comparison::LessOrEqual}, {">=", Comparison::GreaterOrEqual},
                                       {"<", Comparison::Less},         {">", Comparison::Greater}};
    Step step{.sort = Sort::Filter};
    std::string_view left = within, right;
    for (const Operator& each : kOperators) {
      std::size_t at = within.find(each.text);
      if (at == std::string_view::npos) continue;
      left = within.substr(0, at);
      right = within.substr(at + each.text.size());
      step.comparison = each.comparison;
      break;
    }
    TRY_ASSIGN(auto steps, Parser(trimmed(left), depth_ + 1).parse());
    step.left = JsonPath(std::move(steps));
    if (step.comparison != Comparison::Exists) {
      right = trimmed(right);
      if (right.size() >= 2 && (right.front() == '\'' || right.front() == '"') && right.back() == right.front()) {
        step.right = unescaped(right.substr(1, right.size() - 2));
      } else {
        TRY_ASSIGN(step.right, parse_json(right));
      }
    }
    add(std::move(step));
    return {};
  }

  static std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
  }

  std::string_view text_;
  int depth_;
  std::vector<std::shared_ptr<const Step>> steps_;
};

void descend(const Value& value, std::vector<const Value*>& out) {
  out.push_back(&value);
  if (value.is_array())
    for (const Value& item : value.get_array()) descend(item, out);
  if (value.is_object())
    for (const auto& member : value.get_object()) descend(member.value(), out);
}

bool holds(const Step& step, const Value& element) {
  std::vector<const Value*> found = step.left.find(element);
  if (step.comparison == Comparison::Exists) return !found.empty();
  if (found.empty()) return false;
  const Value& left = *found.front();
  if (step.comparison == Comparison::Equal) return equal(left, step.right);
  if (step.comparison == Comparison::NotEqual) return !equal(left, step.right);
  int order = 0;
  if (left.is_number() && step.right.is_number()) {
    double one = left.to_number<double>(), other = step.right.to_number<double>();
    order = one < other ? -1 : one > other ? 1 : 0;
  } else if (left.is_string() && step.right.is_string()) {
    order = left.get_string().compare(step.right.get_string());
  } else {
    return false;
  }
  if (step.comparison == Comparison::Less) return order < 0;
  if (step.comparison == Comparison::LessOrEqual) return order <= 0;
  return step.comparison == Comparison::Greater ? order > 0 : order >= 0;
}

void take_slice(const Step& step, const Array& list, std::vector<const Value*>& out) {
  auto size = static_cast<std::int64_t>(list.size());
  auto place = [size](std::int64_t index) { return index < 0 ? index + size : index; };
  std::int64_t first = place(step.first.value_or(0));
  std::int64_t last = step.index ? first + 1 : std::min(place(step.last.value_or(size)), size);
  if (step.index && (first < 0 || first >= size)) return;
  for (std::int64_t i = std::max<std::int64_t>(first, 0); i < last; i += step.stride)
    out.push_back(&list[static_cast<std::size_t>(i)]);
}

void take(const Step& step, const Value& value, std::vector<const Value*>& out) {
  switch (step.sort) {
    case Sort::Member:
      if (const Value* found = codec::find(value, step.name)) out.push_back(found);
      break;
    case Sort::Descend:
      descend(value, out);
      break;
    case Sort::Slice:
      if (value.is_array()) take_slice(step, value.get_array(), out);
      break;
    case Sort::Any:
    case Sort::Filter: {
      auto consider = [&](const Value& element) {
        if (step.sort == Sort::Any || holds(step, element)) out.push_back(&element);
      };
      if (value.is_array())
        for (const Value& item : value.get_array()) consider(item);
      if (value.is_object())
        for (const auto& member : value.get_object()) consider(member.value());
      break;
    }
  }
}

}  // namespace

Result<JsonPath> JsonPath::parse(std::string_view text) {
  TRY_ASSIGN(auto steps, Parser(text, 0).parse());
  return JsonPath(std::move(steps));
}

std::vector<const Value*> JsonPath::find(const Value& root) const {
  std::vector<const Value*> places{&root};
  for (const auto& step : steps_) {
    std::vector<const Value*> next;
    for (const Value* place : places) {
      take(*step, *place, next);
      if (next.size() > kMostFound) break;
    }
    places = std::move(next);
  }
  return places;
}

}  // namespace charon::codec
