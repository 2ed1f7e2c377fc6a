#include "server/crd/conversion_review.h"

#include <gtest/gtest.h>

#include "codec/json.h"
#include "codec/tree.h"

namespace charon::server::crd {
namespace {

using codec::Value;

constexpr std::string_view kOriginal =
    R"({"apiVersion":"e.com/v1","kind":"Tab","metadata":{"name":"a","namespace":"n","uid":"u1",
  "labels":{"x":"1"},"finalizers":["e.com/f"]},"spec":{"host":"h"}})";
constexpr std::string_view kMeta = R"({"name":"a","namespace":"n","uid":"u1"})";

class ConversionReviewTest : public testing::Test {
 protected:
  Value original_ = codec::parse_json(kOriginal).value();
  Conversion asked_{"v1", "q", "e.com/v2", {&original_}};

  static std::string answer(std::string_view objects, std::string_view uid = "q",
                            std::string_view result = R"({"status":"Success"})",
                            std::string_view version = "apiextensions.k8s.io/v1") {
    return R"({"kind":"ConversionReview","apiVersion":")" + std::string(version) + R"(","response":{"uid":")" +
           std::string(uid) + R"(","result":)" + std::string(result) + R"(,"convertedObjects":)" + std::string(objects) + "}}";
  }
  static std::string object(std::string_view meta, std::string_view version = "e.com/v2", std::string_view kind = "Tab") {
    return R"([{"apiVersion":")" + std::string(version) + R"(","kind":")" + std::string(kind) + R"(","metadata":)" +
           std::string(meta) + R"(,"spec":{"hostPort":"h:80"}}])";
  }
  std::string error(std::string_view body) {
    auto read = read_conversion(body, asked_);
    if (read) return "";
    EXPECT_EQ(http_code(read.error().reason), 500);
    EXPECT_EQ(reason_name(read.error().reason), "");
    return read.error().message;
  }
};

TEST_F(ConversionReviewTest, AsksForAllObjectsAtOnce) {
  EXPECT_EQ(
      write_conversion(asked_),
      R"({"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1","request":{"uid":"q","desiredAPIVersion":"e.com/v2",)"
      R"("objects":[)" +
          codec::write_json(original_) + "]}}");
}

TEST_F(ConversionReviewTest, MetadataStaysButForLabelsAndAnnotations) {
  auto read = read_conversion(
      answer(object(
          R"({"name":"a","namespace":"n","uid":"u1","labels":{"y":"2"},"annotations":{"k":"v"},"finalizers":[],"generation":9})")),
      asked_);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 1u);
  const Value& meta = read->front().at("metadata");
  EXPECT_TRUE(codec::equal(meta, codec::parse_json(R"({"name":"a","namespace":"n","uid":"u1","labels":{"y":"2"},
    "annotations":{"k":"v"},"finalizers":["e.com/f"]})")
                                     .value()))
      << codec::write_json(meta);
  EXPECT_EQ(codec::string_at_path(read->front(), {"spec", "hostPort"}), "h:80");
  read = read_conversion(answer(object(kMeta)), asked_);
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->front().at("metadata").get_object().contains("labels"));
}

TEST_F(ConversionReviewTest, AnswersThatAreWrongAreRefusedInKubernetesWords) {
  const std::string failed = "conversion webhook for e.com/v1, Kind=Tab failed: ";
  const std::string returned = "conversion webhook for e.com/v1, Kind=Tab returned ";
  EXPECT_EQ(error("nonsense").substr(0, failed.size()), failed);
  EXPECT_EQ(error("[]"), failed + "expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got /, Kind=");
  EXPECT_EQ(error(R"({"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1"})"), failed + "no response provided");
  EXPECT_EQ(error(answer("[]", "other")), failed + R"(expected response.uid="q", got "other")");
  EXPECT_EQ(error(answer("[]", "q", R"({"status":"Failure","message":"cannot do that"})")), failed + "cannot do that");
  EXPECT_EQ(error(answer("[]", "q", R"({"status":"Maybe"})")), failed + "response.result.status was 'Maybe', not 'Success'");
  EXPECT_EQ(error(answer("[]")), returned + "0 objects, expected 1");
  EXPECT_EQ(error(answer("null")), returned + "0 objects, expected 1");
  EXPECT_EQ(error(answer("[7]")), returned + "invalid object at index 0: not an object but int64");
  EXPECT_EQ(error(answer(object(kMeta, "e.com/v3"))),
            returned + "invalid object at index 0: invalid groupVersion (expected e.com/v2, received e.com/v3)");
  EXPECT_EQ(error(answer(object(kMeta, "e.com/v2", "Tub"))),
            returned + "invalid object at index 0: invalid kind (expected Tab, received Tub)");
  EXPECT_EQ(error(answer(object(R"({"name":"b","namespace":"n","uid":"u1"})"))),
            returned + "invalid object: must have the same name: a != b");
  EXPECT_EQ(error(answer(object(R"({"name":"a","namespace":"m","uid":"u1"})"))),
            returned + "invalid object: must have the same namespace: n != m");
  EXPECT_EQ(error(answer(object(R"({"name":"a","namespace":"n"})"))),
            returned + "invalid object: must have the same UID: u1 != ");
  EXPECT_EQ(error(answer(object(R"({"name":"a","namespace":"n","uid":"u1","labels":[]})"))),
            returned + "invalid metadata: invalid metadata.labels of type []interface {} in converted object");
  EXPECT_EQ(error(answer(object(R"({"name":"a","namespace":"n","uid":"u1","annotations":{"k":1}})"))),
            returned + "invalid metadata: metadata.annotations[k] must be a string, but is int64 in converted object");
  EXPECT_EQ(error(answer(object(R"({"name":"a","namespace":"n","uid":"u1","labels":{"not a label":"1"}})")))
                .substr(0, returned.size() + 17),
            returned + "invalid metadata:");
}

TEST_F(ConversionReviewTest, LongComplaintsAreCut) {
  const std::string text = error(answer("[]", "q", R"({"status":"Failure","message":")" + std::string(1u << 20, 'x') + "\"}"));
  EXPECT_LT(text.size(), 20'000u);
  EXPECT_TRUE(text.ends_with("xxx... (truncated)"));
}

TEST_F(ConversionReviewTest, TheFirstVersionOfReviewsIsBelievedMore) {
  asked_.review_version = "v1beta1";
  EXPECT_EQ(error(answer(object(kMeta), "other", R"({"status":"Success"})", "x/v9")), "");
}

}  // namespace
}  // namespace charon::server::crd
