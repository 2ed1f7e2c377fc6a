#include "api/meta/v1/validation.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/meta/v1/cells.h"
#include "base/names.h"
#include "codec/json.h"
#include "codec/tree.h"

namespace charon::meta::v1 {

using codec::find;
using codec::string_at;
using codec::Value;
using Kind = schema::FieldError::Kind;

namespace {

std::string quoted(std::string_view text) { return fmt::format("\"{}\"", text); }

bool parses(int family, std::string_view text) {
  unsigned char bytes[16];
  return inet_pton(family, std::string(text).c_str(), bytes) == 1;
}

void check_requirement(Errors& errors, const FieldPath& path, const Value& expression) {
  std::string_view op = string_at(expression, "operator");
  bool values = !items_at(expression, "values").empty();
  if ((op == "In" || op == "NotIn") && !values)
    add_required(errors, path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
  else if ((op == "Exists" || op == "DoesNotExist") && values)
    add_forbidden(errors, path.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  else if (op != "In" && op != "NotIn" && op != "Exists" && op != "DoesNotExist")
    add_invalid(errors, path.child("operator"), Value(op), "not a valid selector operator");
  check_name(errors, path.child("key"), string_at(expression, "key"), qualified_name_errors);
}

}  // namespace

std::string FieldPath::text() const {
  std::string out = parent_ == nullptr ? "" : parent_->text();
  if (index_ != kNoIndex) return out + fmt::format("[{}]", index_);
  if (is_key_) return out + fmt::format("[{}]", name_);
  if (!out.empty() && !name_.empty()) out += '.';
  return out.append(name_);
}

void add_required(Errors& errors, const FieldPath& path, std::string_view detail) {
  if (!errors.counts_only()) errors.push_back({Kind::Required, path.text(), "", std::string(detail)});
}

void add_invalid(Errors& errors, const FieldPath& path, const Value& value, std::string_view detail) {
  if (!errors.counts_only()) errors.push_back({Kind::Invalid, path.text(), codec::write_json(value), std::string(detail)});
}

void add_forbidden(Errors& errors, const FieldPath& path, std::string_view detail) {
  if (!errors.counts_only()) errors.push_back({Kind::Forbidden, path.text(), "", std::string(detail)});
}

void add_duplicate(Errors& errors, const FieldPath& path, std::string_view value) {
  if (!errors.counts_only()) errors.push_back({Kind::Duplicate, path.text(), quoted(value), ""});
}

void add_not_found(Errors& errors, const FieldPath& path, std::string_view value) {
  if (!errors.counts_only()) errors.push_back({Kind::NotFound, path.text(), quoted(value), ""});
}

void add_not_supported(Errors& errors, const FieldPath& path, std::string_view value,
                       std::initializer_list<std::string_view> supported) {
  std::string detail = "supported values: ";
  for (const std::string_view& each : supported) detail += (&each == supported.begin() ? "" : ", ") + quoted(each);
  if (!errors.counts_only()) errors.push_back({Kind::NotSupported, path.text(), quoted(value), std::move(detail)});
}

void add_too_long(Errors& errors, const FieldPath& path, std::size_t max_bytes) {
  errors.push_back({Kind::TooLong, path.text(), "", fmt::format("may not be more than {} bytes", max_bytes)});
}

void add_too_many(Errors& errors, const FieldPath& path, std::size_t count, std::size_t max_items) {
  errors.push_back({Kind::TooMany, path.text(), std::to_string(count), fmt::format("must have at most {} items", max_items)});
}

const Value* object_at(const Value& value, std::string_view name) {
  const Value* member = find(value, name);
  return member != nullptr && member->is_object() ? member : nullptr;
}

bool is_present(const Value& object, std::string_view name) {
  const Value* member = find(object, name);
  return member != nullptr && !member->is_null();
}

void check_name(Errors& errors, const FieldPath& path, std::string_view text,
                std::vector<std::string> (*check)(std::string_view)) {
  if (!text.empty()) check_given_name(errors, path, text, check);
}

void check_given_name(Errors& errors, const FieldPath& path, std::string_view text,
                      std::vector<std::string> (*check)(std::string_view)) {
  for (const std::string& problem : check(text)) add_invalid(errors, path, Value(text), problem);
}

void check_range(Errors& errors, const FieldPath& path, std::optional<std::int64_t> number, std::int64_t least,
                 std::int64_t most) {
  if (number && (*number < least || *number > most))
    add_invalid(errors, path, Value(*number), fmt::format("must be between {} and {}, inclusive", least, most));
}

void check_ip(Errors& errors, const FieldPath& path, std::string_view text) {
  if (!is_ip(text)) add_invalid(errors, path, Value(text), "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
}

void check_descending_path(Errors& errors, const FieldPath& path, std::string_view text) {
  if (text.starts_with('/')) add_invalid(errors, path, Value(text), "must be a relative path");
  check_no_backsteps(errors, path, text);
}

void check_cidr(Errors& errors, const FieldPath& path, std::string_view text) {
  if (!is_cidr(text)) add_invalid(errors, path, Value(text), "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
}

void check_ordinary_ip(Errors& errors, const FieldPath& path, std::string_view text) {
  std::string address(text);
  unsigned char bytes[16] = {};
  bool v4 = inet_pton(AF_INET, address.c_str(), bytes) == 1;
  if (!v4 && inet_pton(AF_INET6, address.c_str(), bytes) != 1)
    return add_invalid(errors, path, Value(text), "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
  bool zero = std::ranges::all_of(bytes, [](unsigned char byte) { return byte == 0; });
  bool loopback =
      v4 ? bytes[0] == 127 : std::all_of(bytes, bytes + 15, [](unsigned char b) { return b == 0; }) && bytes[15] == 1;
  bool link_local = v4 ? bytes[0] == 169 && bytes[1] == 254 : bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
  bool link_multicast = v4 ? bytes[0] == 224 && bytes[1] == 0 && bytes[2] == 0 : bytes[0] == 0xff && (bytes[1] & 0x0f) == 2;
  if (zero) add_invalid(errors, path, Value(text), fmt::format("may not be unspecified ({})", text));
  if (loopback) add_invalid(errors, path, Value(text), "may not be in the loopback range (127.0.0.0/8, ::1/128)");
  if (link_local) add_invalid(errors, path, Value(text), "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  if (link_multicast)
    add_invalid(errors, path, Value(text), "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
}

void check_no_backsteps(Errors& errors, const FieldPath& path, std::string_view text) {
  for (std::size_t from = 0; from <= text.size();) {
    std::size_t end = std::min(text.find('/', from), text.size());
    if (text.substr(from, end - from) == "..") return add_invalid(errors, path, Value(text), "must not contain '..'");
    from = end + 1;
  }
}

void check_labels(Errors& errors, const FieldPath& path, const Value* labels) {
  if (labels == nullptr || !labels->is_object()) return;
  for (const auto& [key, value] : labels->get_object()) {
    check_name(errors, path, {key.data(), key.size()}, qualified_name_errors);
    if (value.is_string()) check_name(errors, path, codec::view(value.get_string()), label_value_errors);
  }
}

void check_selector(Errors& errors, const FieldPath& path, const Value* selector) {
  if (selector == nullptr || !selector->is_object()) return;
  check_labels(errors, path.child("matchLabels"), find(*selector, "matchLabels"));
  const codec::Array& expressions = items_at(*selector, "matchExpressions");
  FieldPath list = path.child("matchExpressions");
  for (std::size_t i = 0; i < expressions.size(); ++i) check_requirement(errors, list.at(i), expressions[i]);
}

bool is_empty_selector(const Value* selector) {
  if (selector == nullptr || !selector->is_object()) return true;
  const Value* labels = find(*selector, "matchLabels");
  bool no_labels = labels == nullptr || !labels->is_object() || labels->get_object().empty();
  return no_labels && items_at(*selector, "matchExpressions").empty();
}

bool same(const Value* left, const Value* right) {
  static const Value kNull;
  return codec::equal(left == nullptr ? kNull : *left, right == nullptr ? kNull : *right);
}

void check_immutable(Errors& errors, const FieldPath& path, const Value* before, const Value* after) {
  static const Value kNull;
  if (!same(before, after)) add_invalid(errors, path, after == nullptr ? kNull : *after, "field is immutable");
}

void check_port(Errors& errors, const FieldPath& path, const Value* port) {
  if (port != nullptr && port->is_string()) {
    if (port->get_string().empty()) return add_required(errors, path);
    return check_name(errors, path, codec::view(port->get_string()), port_name_errors);
  }
  std::int64_t number = port != nullptr && port->is_int64() ? port->get_int64() : 0;
  if (number < 1 || number > 65535) add_invalid(errors, path, Value(number), "must be between 1 and 65535, inclusive");
}

void check_count_or_percent(Errors& errors, const FieldPath& path, const Value* count) {
  if (count == nullptr || count->is_null()) return;
  if (count->is_int64()) {
    if (count->get_int64() < 0) add_invalid(errors, path, *count, "must be greater than or equal to 0");
    return;
  }
  if (!count->is_string()) return;
  std::string_view text = codec::view(count->get_string());
  bool percent = text.size() > 1 && text.back() == '%' && text.find_first_not_of("0123456789") == text.size() - 1;
  if (!percent)
    return add_invalid(errors, path, *count,
                       "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', "
                       "regex used for validation is '[0-9]+%')");
}

void check_share(Errors& errors, const FieldPath& path, const Value* count) {
  check_count_or_percent(errors, path, count);
  if (count == nullptr || !count->is_string()) return;
  std::string_view text = codec::view(count->get_string());
  int percent = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  bool more = error == std::errc::result_out_of_range || percent > 100;
  if (text.ends_with('%') && more) add_invalid(errors, path, *count, "must not be greater than 100%");
}

bool is_zero_count(const Value* count) {
  if (count == nullptr) return false;
  if (count->is_int64()) return count->get_int64() == 0;
  if (!count->is_string()) return false;
  std::string_view text = codec::view(count->get_string());
  return text.size() > 1 && text.ends_with('%') && text.find_first_not_of('0') == text.size() - 1;
}

bool is_ipv4(std::string_view text) { return parses(AF_INET, text); }

bool is_ipv6(std::string_view text) { return parses(AF_INET6, text); }

bool is_cidr(std::string_view text) {
  std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  std::string_view address = text.substr(0, slash);
  std::string_view bits = text.substr(slash + 1);
  int length = -1;
  auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), length);
  if (error != std::errc() || end != bits.data() + bits.size() || length < 0) return false;
  return is_ipv4(address) ? length <= 32 : is_ipv6(address) && length <= 128;
}

bool is_strict_subset(std::string_view inner, std::string_view outer) {
  auto parse = [](std::string_view text, unsigned char* bytes, int& bits) {
    std::string address(text.substr(0, text.find('/')));
    std::string_view length = text.substr(text.find('/') + 1);
    std::from_chars(length.data(), length.data() + length.size(), bits);
    int family = address.find(':') == std::string::npos ? AF_INET : AF_INET6;
    inet_pton(family, address.c_str(), bytes);
    return family;
  };
  unsigned char small[16] = {};
  unsigned char large[16] = {};
  int small_bits = 0;
  int large_bits = 0;
  if (parse(inner, small, small_bits) != parse(outer, large, large_bits) || small_bits <= large_bits) return false;
  for (int bit = 0; bit < large_bits; ++bit)
    if (((small[bit / 8] ^ large[bit / 8]) >> (7 - bit % 8) & 1) != 0) return false;
  return true;
}

}  // namespace charon::meta::v1
