#include "server/admission/admission.h"

#include <gtest/gtest.h>

#include "rt/virtual/loop.h"
#include "server/own_request.h"

namespace charon::server {
namespace {

class Slow final : public AdmissionPlugin {
 public:
  Slow(rt::Loop& loop, std::string name, bool refuses) : loop_(loop), name_(std::move(name)), refuses_(refuses) {}
  std::string_view name() const override { return name_; }
  rt::Task<Result<void>> admit(AdmissionReview) override {
    co_await rt::sleep(loop_, std::chrono::milliseconds(50));
    if (refuses_) co_return fail(Reason::Forbidden, "no");
    co_return Result<void>();
  }

 private:
  rt::Loop& loop_;
  std::string name_;
  bool refuses_;
};

TEST(AdmissionMetrics, EachPluginIsTimed) {
  rt::VirtualLoop loop;
  Metrics metrics;
  std::vector<std::unique_ptr<AdmissionPlugin>> plugins;
  plugins.push_back(std::make_unique<Slow>(loop, "First", false));
  plugins.push_back(std::make_unique<Slow>(loop, "Second", true));
  plugins.push_back(std::make_unique<Slow>(loop, "Third", true));
  Admission admission(std::move(plugins), loop.clock(), metrics);
  const Request request = own_request("create", *model::find_kind({"", "v1"}, "ConfigMap"), {"default", "a"});
  EXPECT_FALSE(loop.run(admission.admit({.operation = Operation::Create, .request = &request})));
  std::string text = metrics.expose();
  auto has = [&text](const std::string& name, const char* plugin, const char* rejected, const char* more) {
    return text.find(name + "{name=\"" + plugin + R"(",type="admit",operation="CREATE",rejected=")" + rejected + more + "\n") !=
           std::string::npos;
  };
  const std::string family = "apiserver_admission_controller_admission_duration_seconds";
  EXPECT_TRUE(has(family + "_bucket", "First", "false", R"(",le="0.025"} 0)")) << text;
  EXPECT_TRUE(has(family + "_bucket", "First", "false", R"(",le="0.1"} 1)"));
  EXPECT_TRUE(has(family + "_count", "Second", "true", R"("} 1)"));
  EXPECT_EQ(text.find("Third"), std::string::npos);
}

}  // namespace
}  // namespace charon::server
