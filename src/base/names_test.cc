#include "base/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace charon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Dns1123Label, Errors) {
  for (const char* text : {"a", "a1", "1", "a-b", "123-abc"}) EXPECT_THAT(dns1123_label_errors(text), IsEmpty()) << text;
  EXPECT_THAT(dns1123_label_errors(std::string(63, 'a')), IsEmpty());
  EXPECT_THAT(dns1123_label_errors(std::string(64, 'a')), ElementsAre("must be no more than 63 bytes"));
  EXPECT_THAT(dns1123_label_errors("a.b"), ElementsAre("must not contain dots"));
  EXPECT_THAT(
      dns1123_label_errors("My_Name"),
      ElementsAre("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
                  "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
                  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"));
  for (const char* text : {"", "-a", "a-", "A", "a_b", "a b"}) EXPECT_THAT(dns1123_label_errors(text), SizeIs(1)) << text;
}

TEST(Dns1123Subdomain, Errors) {
  for (const char* text : {"a", "a.b", "1.2.3", "a-b.c-d"}) EXPECT_THAT(dns1123_subdomain_errors(text), IsEmpty()) << text;
  for (const char* text : {"", ".", "a.", ".a", "a..b", "a.-b", "A.b"})
    EXPECT_THAT(
        dns1123_subdomain_errors(text),
        ElementsAre("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
                    "must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
                    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"))
        << text;
  EXPECT_THAT(dns1123_subdomain_errors(std::string(254, 'a')), ElementsAre("must be no more than 253 bytes"));
}

TEST(Dns1035Label, Errors) {
  EXPECT_THAT(dns1035_label_errors("abc-123"), IsEmpty());
  for (const char* text : {"1a", "", "a.b", "-a"}) EXPECT_THAT(dns1035_label_errors(text), SizeIs(1)) << text;
}

TEST(QualifiedName, Errors) {
  for (const char* text : {"a", "A_b.c-d", "example.com/a", "1/2"}) EXPECT_THAT(qualified_name_errors(text), IsEmpty()) << text;
  EXPECT_THAT(qualified_name_errors("/a"), ElementsAre("prefix part must be non-empty"));
  EXPECT_THAT(qualified_name_errors("a/"),
              ElementsAre("name part must be non-empty", testing::StartsWith("name part must consist")));
  EXPECT_THAT(qualified_name_errors("A/b"), ElementsAre(testing::StartsWith("prefix part a lowercase RFC 1123 subdomain")));
  EXPECT_THAT(qualified_name_errors(std::string(64, 'a')), ElementsAre("name part must be no more than 63 bytes"));
  EXPECT_THAT(
      qualified_name_errors("a/b/c"),
      ElementsAre("a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
                  "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation "
                  "is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. "
                  "'example.com/MyName')"));
}

TEST(LabelValue, Errors) {
  for (const char* text : {"", "a", "A.b_c-1"}) EXPECT_THAT(label_value_errors(text), IsEmpty()) << text;
  for (const char* text : {"-", "a b", "a/b", "\xc3\xa4"}) EXPECT_THAT(label_value_errors(text), SizeIs(1)) << text;
}

TEST(EnvVarName, AllowsPrintableAscii) {
  for (const char* text : {"A", "1", "a b", "~"}) EXPECT_THAT(env_var_name_errors(text), IsEmpty()) << text;
  for (const char* text : {"", "a=b", "a\n", "\xc3\xa4", "\x7f"}) EXPECT_THAT(env_var_name_errors(text), SizeIs(1)) << text;
}

TEST(ConfigMapKey, Errors) {
  for (const char* text : {"a", ".a", "KEY_NAME", "a..b"}) EXPECT_THAT(config_map_key_errors(text), IsEmpty()) << text;
  EXPECT_THAT(config_map_key_errors("."), ElementsAre("must not be '.'"));
  EXPECT_THAT(config_map_key_errors(".."), ElementsAre("must not be '..'"));
  EXPECT_THAT(config_map_key_errors("..a"), ElementsAre("must not start with '..'"));
  EXPECT_THAT(config_map_key_errors("a/b"), SizeIs(1));
}

TEST(PortName, Errors) {
  for (const char* text : {"http", "http-2", "2a"}) EXPECT_THAT(port_name_errors(text), IsEmpty()) << text;
  EXPECT_THAT(port_name_errors("a--b"), ElementsAre("must not contain consecutive hyphens"));
  EXPECT_THAT(port_name_errors("-a"), ElementsAre("must not begin or end with a hyphen"));
  EXPECT_THAT(port_name_errors("1"), ElementsAre("must contain at least one letter (a-z)"));
  EXPECT_THAT(port_name_errors("sixteen-characts"), ElementsAre("must be no more than 15 bytes"));
  EXPECT_THAT(port_name_errors("Aa"), ElementsAre("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"));
}

TEST(PathSegment, Errors) {
  EXPECT_THAT(path_segment_errors("system:node"), IsEmpty());
  EXPECT_THAT(path_segment_errors(".."), ElementsAre("may not be '..'"));
  EXPECT_THAT(path_segment_errors("a/b%"), ElementsAre("may not contain '/'", "may not contain '%'"));
}

}  // namespace
}  // namespace charon
