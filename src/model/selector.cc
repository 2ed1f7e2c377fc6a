#include "model/selector.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <tuple>

#include "base/names.h"
#include "codec/tree.h"

namespace charon::model {
namespace {

using Operator = LabelRequirement::Operator;

enum class Token : std::uint8_t {
  End,
  Identifier,
  OpenParen,
  CloseParen,
  Comma,
  Not,
  Equals,
  DoubleEquals,
  NotEquals,
  Greater,
  Less,
  In,
  NotIn
};

struct Lexeme {
  Token token = Token::End;
  std::string text;
};

// In value context `in`, `notin` and the comparison words are plain identifiers.
enum class Context : std::uint8_t { KeyAndOperator, Values };

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_special(char c) { return c == '=' || c == '!' || c == '(' || c == ')' || c == ',' || c == '>' || c == '<'; }

Token symbol_token(std::string_view text) {
  if (text == "(") return Token::OpenParen;
  if (text == ")") return Token::CloseParen;
  if (text == ",") return Token::Comma;
  if (text == "!") return Token::Not;
  if (text == "=") return Token::Equals;
  if (text == "==") return Token::DoubleEquals;
  if (text == "!=") return Token::NotEquals;
  if (text == ">") return Token::Greater;
  if (text == "<") return Token::Less;
  return Token::End;
}

std::vector<Lexeme> scan(std::string_view text) {
  std::vector<Lexeme> lexemes;
  std::size_t at = 0;
  while (at < text.size()) {
    if (is_space(text[at])) {
      ++at;
      continue;
    }
    const std::size_t start = at;
    if (!is_special(text[at])) {
      while (at < text.size() && !is_space(text[at]) && !is_special(text[at])) ++at;
      std::string word(text.substr(start, at - start));
      const Token token = word == "in" ? Token::In : word == "notin" ? Token::NotIn : Token::Identifier;
      lexemes.push_back({token, std::move(word)});
      continue;
    }
    const std::string_view two = text.substr(at, 2);
    at += two == "==" || two == "!=" ? 2 : 1;
    std::string symbol(text.substr(start, at - start));
    const Token token = symbol_token(symbol);
    lexemes.push_back({token, std::move(symbol)});
  }
  lexemes.push_back({Token::End, ""});
  return lexemes;
}

std::string quoted_list(const std::vector<std::string>& values) {
  std::string out = "[";
  for (const std::string& value : values) out += (out.size() > 1 ? "," : "") + fmt::format("\"{}\"", value);
  return out + "]";
}

std::unexpected<Error> invalid_field(std::string_view path, std::string_view value, std::string_view detail) {
  return fail(Reason::BadRequest, fmt::format("{}: Invalid value: {}: {}", path, value, detail));
}

Result<void> check_key(std::string_view key, std::string_view path) {
  const std::vector<std::string> errors = qualified_name_errors(key);
  if (!errors.empty()) return invalid_field(path, fmt::format("\"{}\"", key), fmt::format("{}", fmt::join(errors, "; ")));
  return {};
}

std::optional<std::int64_t> integer(std::string_view text) {
  std::int64_t value = 0;
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<void> check_values(Operator op, const std::vector<std::string>& values) {
  switch (op) {
    case Operator::In:
    case Operator::NotIn:
      if (values.empty()) return invalid_field("values", "[]", "for 'in', 'notin' operators, values set can't be empty");
      break;
    case Operator::Equals:
    case Operator::NotEquals:
      if (values.size() != 1)
        return invalid_field("values", quoted_list(values), "exact-match compatibility requires one single value");
      break;
    case Operator::Exists:
    case Operator::DoesNotExist:
      if (!values.empty())
        return invalid_field("values", quoted_list(values), "values set must be empty for exists and does not exist");
      break;
    case Operator::GreaterThan:
    case Operator::LessThan:
      if (values.size() != 1)
        return invalid_field("values", quoted_list(values), "for 'Gt', 'Lt' operators, exactly one value is required");
      if (!integer(values[0]))
        return invalid_field("values[0]", fmt::format("\"{}\"", values[0]),
                             "for 'Gt', 'Lt' operators, the value must be an integer");
      break;
  }
  return {};
}

Result<LabelRequirement> make_requirement(std::string key, Operator op, std::vector<std::string> values) {
  std::ranges::sort(values);
  values.erase(std::ranges::unique(values).begin(), values.end());
  TRY(check_key(key, "key"));
  TRY(check_values(op, values));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::vector<std::string> errors = label_value_errors(values[i]);
    if (!errors.empty())
      return invalid_field(fmt::format("values[{}][{}]", i, key), fmt::format("\"{}\"", values[i]),
                           fmt::format("{}", fmt::join(errors, "; ")));
  }
  return LabelRequirement{std::move(key), op, std::move(values)};
}

class Parser {
 public:
  explicit Parser(std::string_view text) : lexemes_(scan(text)) {}

  Result<std::vector<LabelRequirement>> parse() {
    std::vector<LabelRequirement> requirements;
    while (true) {
      const Lexeme first = peek(Context::Values);
      if (first.token == Token::End) return requirements;
      if (first.token != Token::Identifier && first.token != Token::Not)
        return expected(first, "!, identifier, or 'end of string'");
      auto requirement = parse_requirement();
      if (!requirement) return fail_with("unable to parse requirement", std::move(requirement.error()));
      requirements.push_back(*std::move(requirement));
      const Lexeme next = take(Context::Values);
      if (next.token == Token::End) return requirements;
      if (next.token != Token::Comma) return expected(next, "',' or 'end of string'");
      const Lexeme after = peek(Context::Values);
      if (after.token != Token::Identifier && after.token != Token::Not) return expected(after, "identifier after ','");
    }
  }

 private:
  static std::unexpected<Error> expected(const Lexeme& found, std::string_view what) {
    return fail(Reason::BadRequest, fmt::format("found '{}', expected: {}", found.text, what));
  }

  Lexeme peek(Context context) const {
    Lexeme lexeme = lexemes_[std::min(at_, lexemes_.size() - 1)];
    if (context == Context::Values && (lexeme.token == Token::In || lexeme.token == Token::NotIn))
      lexeme.token = Token::Identifier;
    return lexeme;
  }
  Lexeme take(Context context) {
    Lexeme lexeme = peek(context);
    ++at_;
    return lexeme;
  }

  Result<LabelRequirement> parse_requirement() {
    Lexeme key = take(Context::Values);
    const bool negated = key.token == Token::Not;
    if (negated) key = take(Context::Values);
    if (key.token != Token::Identifier) return expected(key, "identifier");
    TRY(check_key(key.text, "<nil>"));
    const Token next = peek(Context::Values).token;
    if (negated) return make_requirement(key.text, Operator::DoesNotExist, {});
    if (next == Token::End || next == Token::Comma) return make_requirement(key.text, Operator::Exists, {});
    TRY_ASSIGN(const Operator op, parse_operator());
    if (op == Operator::In || op == Operator::NotIn) {
      TRY_ASSIGN(std::vector<std::string> values, parse_values());
      return make_requirement(key.text, op, std::move(values));
    }
    TRY_ASSIGN(std::string value, parse_exact_value());
    return make_requirement(key.text, op, {std::move(value)});
  }

  Result<Operator> parse_operator() {
    const Lexeme lexeme = take(Context::KeyAndOperator);
    switch (lexeme.token) {
      case Token::In:
        return Operator::In;
      case Token::NotIn:
        return Operator::NotIn;
      case Token::Equals:
      case Token::DoubleEquals:
        return Operator::Equals;
      case Token::NotEquals:
        return Operator::NotEquals;
      case Token::Greater:
        return Operator::GreaterThan;
      case Token::Less:
        return Operator::LessThan;
      default:
        return expected(lexeme, "in, notin, =, ==, !=, gt, lt");
    }
  }

  // "(a, b)"; an empty place between commas is the empty value.
  Result<std::vector<std::string>> parse_values() {
    const Lexeme open = take(Context::Values);
    if (open.token != Token::OpenParen) return fail(Reason::BadRequest, fmt::format("found '{}' expected: '('", open.text));
    std::vector<std::string> values;
    if (peek(Context::Values).token == Token::CloseParen) {
      take(Context::Values);
      return values;
    }
    bool need_value = true;  // nothing stands between the last comma (or the parenthesis) and here
    while (true) {
      const Lexeme lexeme = take(Context::Values);
      if (lexeme.token == Token::Identifier && need_value) {
        values.push_back(lexeme.text);
        need_value = false;
      } else if (lexeme.token == Token::Comma) {
        if (need_value) values.emplace_back();
        need_value = true;
      } else if (lexeme.token == Token::CloseParen) {
        if (need_value) values.emplace_back();
        return values;
      } else {
        return expected(lexeme, need_value ? "',', ')' or identifier" : "',' or ')'");
      }
    }
  }

  Result<std::string> parse_exact_value() {
    const Token next = peek(Context::Values).token;
    if (next == Token::End || next == Token::Comma) return std::string();
    const Lexeme lexeme = take(Context::Values);
    if (lexeme.token != Token::Identifier) return expected(lexeme, "identifier");
    return lexeme.text;
  }

  std::vector<Lexeme> lexemes_;
  std::size_t at_ = 0;
};

bool satisfied(const LabelRequirement& requirement, const std::string* value) {
  const bool listed = value != nullptr && std::ranges::binary_search(requirement.values, *value);
  switch (requirement.op) {
    case Operator::In:
    case Operator::Equals:
      return listed;
    case Operator::NotIn:
    case Operator::NotEquals:
      return !listed;
    case Operator::Exists:
      return value != nullptr;
    case Operator::DoesNotExist:
      return value == nullptr;
    case Operator::GreaterThan:
    case Operator::LessThan: {
      if (value == nullptr) return false;
      const auto have = integer(*value);
      const auto bound = integer(requirement.values[0]);
      if (!have || !bound) return false;
      return requirement.op == Operator::GreaterThan ? *have > *bound : *have < *bound;
    }
  }
  return false;
}

std::string requirement_text(const LabelRequirement& requirement) {
  const std::string& key = requirement.key;
  switch (requirement.op) {
    case Operator::Equals:
      return key + "=" + requirement.values[0];
    case Operator::NotEquals:
      return key + "!=" + requirement.values[0];
    case Operator::In:
      return fmt::format("{} in ({})", key, fmt::join(requirement.values, ","));
    case Operator::NotIn:
      return fmt::format("{} notin ({})", key, fmt::join(requirement.values, ","));
    case Operator::Exists:
      return key;
    case Operator::DoesNotExist:
      return "!" + key;
    case Operator::GreaterThan:
      return key + ">" + requirement.values[0];
    case Operator::LessThan:
      return key + "<" + requirement.values[0];
  }
  return {};
}

// Of one key too the order follows from what they say, so that the printed text parses as the same selector.
void sort_by_key(std::vector<LabelRequirement>& requirements) {
  std::ranges::sort(requirements, {}, [](const LabelRequirement& each) { return std::tie(each.key, each.op, each.values); });
}

// A comma, equals sign or backslash in a field selector's value is written with a backslash before it.
Result<std::string> unescape_field(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (i + 1 == text.size() || (text[i + 1] != '\\' && text[i + 1] != ',' && text[i + 1] != '='))
      return fail(Reason::BadRequest, fmt::format("invalid field selector: invalid escape sequence: {}", text.substr(i, 2)));
    out += text[++i];
  }
  return out;
}

std::vector<std::string_view> split_terms(std::string_view text) {
  std::vector<std::string_view> terms;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == ',') {
      terms.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  if (start < text.size()) terms.push_back(text.substr(start));
  return terms;
}

}  // namespace

Result<LabelSelector> LabelSelector::parse(std::string_view text) {
  LabelSelector selector;
  TRY_ASSIGN(selector.requirements_, Parser(text).parse());
  sort_by_key(selector.requirements_);
  return selector;
}

LabelSelector LabelSelector::nothing() {
  LabelSelector selector;
  selector.nothing_ = true;
  return selector;
}

LabelSelector LabelSelector::of(const LabelMap& labels) {
  LabelSelector selector;
  for (const auto& [key, value] : labels) selector.requirements_.push_back({key, Operator::Equals, {value}});
  return selector;
}

Result<LabelSelector> LabelSelector::of(const LabelMap& match_labels, const std::vector<LabelExpression>& match_expressions) {
  LabelSelector selector;
  for (const auto& [key, value] : match_labels) {
    TRY_ASSIGN(LabelRequirement requirement, make_requirement(key, Operator::Equals, {value}));
    selector.requirements_.push_back(std::move(requirement));
  }
  for (const LabelExpression& expression : match_expressions) {
    Operator op;
    if (expression.op == "In") {
      op = Operator::In;
    } else if (expression.op == "NotIn") {
      op = Operator::NotIn;
    } else if (expression.op == "Exists") {
      op = Operator::Exists;
    } else if (expression.op == "DoesNotExist") {
      op = Operator::DoesNotExist;
    } else {
      return fail(Reason::BadRequest, fmt::format("\"{}\" is not a valid label selector operator", expression.op));
    }
    TRY_ASSIGN(LabelRequirement requirement, make_requirement(expression.key, op, expression.values));
    selector.requirements_.push_back(std::move(requirement));
  }
  sort_by_key(selector.requirements_);
  return selector;
}

Result<LabelSelector> LabelSelector::of_tree(const codec::Value* tree) {
  if (tree == nullptr || !tree->is_object()) return nothing();
  LabelMap match_labels;
  if (const codec::Value* labels = codec::find(*tree, "matchLabels"); labels != nullptr && labels->is_object())
    for (const auto& [key, value] : labels->get_object())
      if (value.is_string()) match_labels[std::string(key)] = codec::view(value.get_string());
  std::vector<LabelExpression> expressions;
  if (const codec::Value* list = codec::find(*tree, "matchExpressions"); list != nullptr && list->is_array()) {
    for (const codec::Value& entry : list->get_array()) {
      LabelExpression& expression = expressions.emplace_back();
      expression.key = codec::string_at(entry, "key");
      expression.op = codec::string_at(entry, "operator");
      if (const codec::Value* values = codec::find(entry, "values"); values != nullptr && values->is_array())
        for (const codec::Value& value : values->get_array())
          if (value.is_string()) expression.values.emplace_back(codec::view(value.get_string()));
    }
  }
  return of(match_labels, expressions);
}

bool LabelSelector::matches(const Labels& labels) const {
  if (nothing_) return false;
  for (const LabelRequirement& requirement : requirements_) {
    const auto place = std::ranges::lower_bound(labels, requirement.key, {}, &std::pair<std::string, std::string>::first);
    const bool there = place != labels.end() && place->first == requirement.key;
    if (!satisfied(requirement, there ? &place->second : nullptr)) return false;
  }
  return true;
}

bool LabelSelector::matches(const LabelMap& labels) const {
  if (nothing_) return false;
  for (const LabelRequirement& requirement : requirements_) {
    const auto place = labels.find(requirement.key);
    if (!satisfied(requirement, place != labels.end() ? &place->second : nullptr)) return false;
  }
  return true;
}

std::string LabelSelector::text() const {
  std::string out;
  for (const LabelRequirement& requirement : requirements_) {
    if (!out.empty()) out += ',';
    out += requirement_text(requirement);
  }
  return out;
}

Result<FieldSelector> FieldSelector::parse(std::string_view text) {
  FieldSelector selector;
  for (const std::string_view term : split_terms(text)) {
    if (term.empty()) continue;
    std::size_t at = 0;
    while (at < term.size() && term[at] != '=' && !(term[at] == '!' && at + 1 < term.size() && term[at + 1] == '=')) ++at;
    if (at == term.size())
      return fail(Reason::BadRequest, fmt::format("invalid selector: '{}'; can't understand '{}'", text, term));
    FieldRequirement requirement;
    requirement.path = term.substr(0, at);
    requirement.equal = term[at] == '=';
    const bool two = !requirement.equal || (at + 1 < term.size() && term[at + 1] == '=');
    TRY_ASSIGN(requirement.value, unescape_field(term.substr(at + (two ? 2 : 1))));
    selector.requirements_.push_back(std::move(requirement));
  }
  return selector;
}

std::string FieldSelector::text() const {
  std::string out;
  for (const FieldRequirement& requirement : requirements_) {
    if (!out.empty()) out += ',';
    out += requirement.path + (requirement.equal ? "=" : "!=");
    for (const char c : requirement.value) {
      if (c == '\\' || c == ',' || c == '=') out += '\\';
      out += c;
    }
  }
  return out;
}

}  // namespace charon::model
