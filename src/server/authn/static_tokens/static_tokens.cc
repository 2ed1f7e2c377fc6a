#include "server/authn/static_tokens/static_tokens.h"

#include <map>

namespace charon::server {
namespace {

class StaticTokens final : public TokenAuthenticator {
 public:
  explicit StaticTokens(std::map<std::string, User, std::less<>> users) : users_(std::move(users)) {}

  Result<std::optional<TokenUser>> authenticate(std::string_view token, const std::vector<std::string>&) const override {
    auto found = users_.find(token);
    if (found == users_.end()) return std::nullopt;
    return TokenUser{found->second, {}};
  }

 private:
  std::map<std::string, User, std::less<>> users_;
};

std::string trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return std::string(text);
}

// The columns of one line (RFC 4180, without line breaks inside quotes); nullopt when a quote does not end.
std::optional<std::vector<std::string>> columns_of(std::string_view line) {
  std::vector<std::string> columns(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      columns.back() += line[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      columns.emplace_back();
    } else {
      columns.back() += c;
    }
  }
  if (quoted) return std::nullopt;
  for (std::string& column : columns) column = trimmed(column);
  return columns;
}

std::vector<std::string> split_groups(std::string_view text) {
  std::vector<std::string> groups;
  while (!text.empty()) {
    std::size_t comma = std::min(text.find(','), text.size());
    if (std::string group = trimmed(text.substr(0, comma)); !group.empty()) groups.push_back(std::move(group));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return groups;
}

}  // namespace

Result<std::unique_ptr<TokenAuthenticator>> make_static_token_authenticator(std::string_view csv) {
  std::map<std::string, User, std::less<>> users;
  for (int number = 1; !csv.empty(); ++number) {
    std::size_t end = std::min(csv.find('\n'), csv.size());
    std::string line = trimmed(csv.substr(0, end));
    csv.remove_prefix(std::min(end + 1, csv.size()));
    if (line.empty() || line.front() == '#') continue;
    auto columns = columns_of(line);
    std::string where = "token file, line " + std::to_string(number) + ": ";
    if (!columns) return fail(Reason::Invalid, where + "a quote does not end");
    if (columns->size() < 3)
      return fail(Reason::Invalid, where + "at least token, user and uid are needed, separated by commas");
    if ((*columns)[0].empty()) return fail(Reason::Invalid, where + "the token is empty");
    User user;
    user.name = (*columns)[1];
    user.uid = (*columns)[2];
    if (columns->size() > 3) user.groups = split_groups((*columns)[3]);
    users[(*columns)[0]] = std::move(user);
  }
  return std::make_unique<StaticTokens>(std::move(users));
}

}  // namespace charon::server
