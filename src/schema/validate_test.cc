#include "schema/validate.h"

#include <gtest/gtest.h>

#include "api/apps/v1/types.h"
#include "api/core/v1/types.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "schema/defaults.h"

namespace charon::schema {
namespace {

codec::Value parse(std::string_view text) {
  Result<codec::Value> value = codec::parse_json(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : codec::Value();
}

std::vector<std::string> errors_of(const Type& type, std::string_view text) {
  FieldErrors errors;
  validate(type, parse(text), errors);
  std::vector<std::string> texts;
  for (const FieldError& error : errors) texts.push_back(field_error_text(error));
  return texts;
}

using Texts = std::vector<std::string>;

TEST(Validate, SaysWhatKubernetesSays) {
  EXPECT_EQ(errors_of(apps::v1::Deployment::table(),
                      R"({"spec":{"replicas":-1,"selector":{},"template":{"spec":{"containers":[{"name":""}]}}}})"),
            (Texts{"spec.replicas: Invalid value: -1: must be greater than or equal to 0",
                   "spec.template.spec.containers[0].name: Required value"}));
  EXPECT_EQ(errors_of(core::v1::Service::table(), R"({"spec":{"type":"x","ports":[{"port":70000}]}})"),
            (Texts{"spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive",
                   "spec.type: Unsupported value: \"x\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", "
                   "\"NodePort\""}));
  EXPECT_EQ(errors_of(core::v1::Pod::table(), R"({"metadata":{"name":"a"}})"), Texts{"spec.containers: Required value"});
}

TEST(Validate, InvalidErrorCarriesCauses) {
  FieldErrors errors{{FieldError::Kind::Required, "spec.selector", "", ""}};
  Error error = invalid_error("Deployment", "apps", "web", errors);
  EXPECT_EQ(error.message, "Deployment.apps \"web\" is invalid: spec.selector: Required value");
  ASSERT_NE(error.details, nullptr);
  EXPECT_EQ(error.details->causes, (std::vector<Cause>{{"FieldValueRequired", "Required value", "spec.selector"}}));
  errors.push_back({FieldError::Kind::Invalid, "spec.replicas", "-1", "x"});
  EXPECT_EQ(invalid_error("Pod", "", "p", errors).message,
            "Pod \"p\" is invalid: [spec.selector: Required value, spec.replicas: Invalid value: -1: x]");
}

TEST(Validate, ImmutableFields) {
  FieldErrors errors;
  validate_immutable(apps::v1::Deployment::table(), parse(R"({"spec":{"selector":{"matchLabels":{"a":"1"}},"replicas":1}})"),
                     parse(R"({"spec":{"selector":{"matchLabels":{"a":"2"}},"replicas":2}})"), errors);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(field_error_text(errors[0]), "spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"2\"}}: field is immutable");
}

TEST(Defaults, FillWhatIsAbsent) {
  codec::Value tree = parse(R"({"spec":{"replicas":0,"template":{"spec":{"containers":[{"name":"c",
      "livenessProbe":{"httpGet":{"port":80}},"ports":[{"containerPort":1,"protocol":""}]}]}}}})");
  apply_defaults(apps::v1::Deployment::table(), tree);
  auto at = [&](std::string pointer) { return codec::write_json(tree.at_pointer(pointer)); };
  EXPECT_EQ(at("/spec/replicas"), "0");
  EXPECT_EQ(at("/spec/revisionHistoryLimit"), "10");
  EXPECT_EQ(at("/spec/strategy/type"), "\"RollingUpdate\"");
  EXPECT_EQ(at("/spec/template/spec/securityContext"), "{}");
  EXPECT_EQ(at("/spec/template/spec/terminationGracePeriodSeconds"), "30");
  EXPECT_EQ(at("/spec/template/spec/containers/0/terminationMessagePath"), "\"/dev/termination-log\"");
  EXPECT_EQ(at("/spec/template/spec/containers/0/livenessProbe/periodSeconds"), "10");
  EXPECT_EQ(at("/spec/template/spec/containers/0/livenessProbe/httpGet/scheme"), "\"HTTP\"");
  EXPECT_EQ(at("/spec/template/spec/containers/0/ports/0/protocol"), "\"TCP\"");
  codec::Value again = tree;
  apply_defaults(apps::v1::Deployment::table(), again);
  EXPECT_EQ(again, tree);
}

TEST(FieldErrors, OfAHostileObjectAreCounted) {
  FieldErrors errors;
  for (int i = 0; i < 100'000; ++i) errors.push_back({FieldError::Kind::Required, "spec.a[" + std::to_string(i) + "]", "", ""});
  EXPECT_EQ(errors.size(), 100'000);
  EXPECT_EQ(errors.more(), 100'000 - FieldErrors::kMost);
  Error error = invalid_error("Pod", "", "p", errors);
  EXPECT_EQ(error.details->causes.size(), FieldErrors::kMost);
  EXPECT_LT(error.message.size(), 16 << 10);
  EXPECT_TRUE(error.message.ends_with("spec.a[99]: Required value, and 99900 more errors]")) << error.message;
}

TEST(FieldErrors, LongTextsAreCut) {
  FieldErrors errors;
  std::string value = "\"" + std::string(FieldErrors::kLongestText - 2, 'x') + "é" + std::string(1 << 20, 'y');
  for (int i = 0; i < 50; ++i) errors.push_back({FieldError::Kind::Invalid, "spec", value, "bad"});
  EXPECT_EQ(errors.size(), 50);
  EXPECT_GT(errors.more(), 0);
  // Never within a character.
  EXPECT_TRUE(errors[0].value.ends_with("x...")) << errors[0].value.substr(FieldErrors::kLongestText - 4);
  EXPECT_LT(invalid_error("Pod", "", "p", errors).message.size(), 2 * FieldErrors::kMostBytes);
}

TEST(FieldErrors, OfAnAlternativeCountAll) {
  FieldErrors inner;
  for (int i = 0; i < 150; ++i) inner.push_back({FieldError::Kind::Required, "a", "", ""});
  FieldErrors errors{{FieldError::Kind::Required, "b", "", ""}};
  errors.append(std::move(inner));
  EXPECT_EQ(errors.size(), 151);
  EXPECT_EQ(errors.more(), 51);
}

}  // namespace
}  // namespace charon::schema
