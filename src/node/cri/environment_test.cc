#include "node/cri/environment.h"

#include <gtest/gtest.h>

#include "codec/wire.h"
#include "node/cri/config.h"
#include "node/cri/events.h"
#include "node/cri/resources.h"

namespace charon::node {
namespace {

TEST(Expand, ReplacesWhatItKnows) {
  Environment environment = {{"A", "1"}, {"B", "two"}};
  EXPECT_EQ(expand("$(A)-$(B)", environment), "1-two");
  EXPECT_EQ(expand("$(C) $$(A) $ $A $(", environment), "$(C) $(A) $ $A $(");
}

core::v1::Pod sample_pod() {
  core::v1::Pod pod;
  pod.metadata.name = "web";
  pod.metadata.namespace_ = "default";
  pod.metadata.uid = "u1";
  pod.metadata.labels["app"] = "x";
  pod.spec.containers.emplace_back().name = "main";
  return pod;
}

std::string value(const Environment& environment, std::string_view name) {
  for (const auto& [key, text] : environment)
    if (key == name) return text;
  return "(none)";
}

TEST(ContainerEnvironment, ResolvesReferences) {
  core::v1::Pod pod = sample_pod();
  core::v1::Container& container = pod.spec.containers[0];
  container.envFrom.emplace_back().configMapRef.emplace().localObjectReference.name = "settings";
  auto& plain = container.env.emplace_back();
  plain.name = "URL";
  plain.value = "http://$(HOST)/$(KUBERNETES_SERVICE_HOST)";
  auto& field = container.env.emplace_back();
  field.name = "APP";
  field.valueFrom.emplace().fieldRef.emplace().fieldPath = "metadata.labels['app']";
  auto& secret = container.env.emplace_back();
  secret.name = "KEY";
  secret.valueFrom.emplace().secretKeyRef.emplace().key = "key";
  secret.valueFrom->secretKeyRef->localObjectReference.name = "keys";
  auto& cpu = container.env.emplace_back();
  cpu.name = "CPUS";
  cpu.valueFrom.emplace().resourceFieldRef.emplace().resource = "limits.cpu";
  container.resources.limits["cpu"] = Quantity::of_milli(1500);

  ReferenceNames names;
  add_environment_references(container, names);
  EXPECT_TRUE(names.config_maps.contains("settings"));
  EXPECT_TRUE(names.secrets.contains("keys"));

  core::v1::ConfigMap settings;
  settings.data["HOST"] = "example.com";
  core::v1::Secret keys;
  keys.data["key"] = "s3cret";
  core::v1::Service master;
  master.metadata.name = "kubernetes";
  master.metadata.namespace_ = "default";
  master.spec.clusterIP = "10.43.0.1";
  auto& port = master.spec.ports.emplace_back();
  port.name = "https";
  port.port = 443;
  PodReferences references;
  references.config_maps["settings"] = std::make_shared<const core::v1::ConfigMap>(settings);
  references.secrets["keys"] = std::make_shared<const core::v1::Secret>(keys);
  references.services.push_back(std::make_shared<const core::v1::Service>(master));

  auto environment = container_environment(pod, container, references, {});
  ASSERT_TRUE(environment) << environment.error().message;
  EXPECT_EQ(value(*environment, "HOST"), "example.com");
  EXPECT_EQ(value(*environment, "URL"), "http://example.com/10.43.0.1");
  EXPECT_EQ(value(*environment, "APP"), "x");
  EXPECT_EQ(value(*environment, "KEY"), "s3cret");
  EXPECT_EQ(value(*environment, "CPUS"), "2");
  EXPECT_EQ(value(*environment, "KUBERNETES_SERVICE_PORT_HTTPS"), "443");
  EXPECT_EQ(value(*environment, "KUBERNETES_PORT"), "tcp://10.43.0.1:443");
  EXPECT_EQ(value(*environment, "KUBERNETES_PORT_443_TCP_ADDR"), "10.43.0.1");

  references.secrets.clear();
  auto failed = container_environment(pod, container, references, {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "secret \"keys\" not found");
}

TEST(Resources, BecomeKernelNumbers) {
  EXPECT_EQ(cpu_shares(0), 2);
  EXPECT_EQ(cpu_shares(250), 256);
  EXPECT_EQ(cpu_quota_us(500, 100000), 50000);
  EXPECT_EQ(cpu_quota_us(1, 100000), 1000);
  core::v1::Pod pod = sample_pod();
  EXPECT_EQ(oom_score_adj(pod, pod.spec.containers[0], 1 << 30), 1000);
  EXPECT_EQ(pod_cgroup(pod), "/kubepods/besteffort/podu1");
  pod.spec.containers[0].resources.requests["memory"] = Quantity::of(1 << 29);
  EXPECT_EQ(oom_score_adj(pod, pod.spec.containers[0], 1 << 30), 500);
  EXPECT_EQ(pod_cgroup(pod), "/kubepods/burstable/podu1");
}

TEST(SandboxConfig, NamesTheClustersResolver) {
  core::v1::Pod pod = sample_pod();
  PodSetup setup;
  setup.cluster_dns = {"10.43.0.10"};
  setup.host_resolv_conf = "nameserver 1.1.1.1\nsearch corp.example\n";
  auto config = sandbox_config(pod, 0, setup);
  ASSERT_TRUE(config.dns_config);
  EXPECT_EQ(config.dns_config->servers, (std::vector<std::string>{"10.43.0.10"}));
  EXPECT_EQ(config.dns_config->searches,
            (std::vector<std::string>{"default.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example"}));
  EXPECT_EQ(config.dns_config->options, (std::vector<std::string>{"ndots:5"}));
  pod.spec.dnsPolicy = "Default";
  EXPECT_FALSE(sandbox_config(pod, 0, setup).dns_config);
  EXPECT_EQ(config.log_directory, "/var/log/pods/default_web_u1");
}

TEST(ContainerConfig, RefusesRootWhereItMayNotBe) {
  core::v1::Pod pod = sample_pod();
  auto& context = pod.spec.containers[0].securityContext.emplace();
  context.runAsNonRoot = true;
  EXPECT_TRUE(depends_on_image_user(pod, pod.spec.containers[0]));
  ContainerSetup setup;
  EXPECT_FALSE(container_config(pod, pod.spec.containers[0], setup, {})) << "nobody knows who it would be";
  setup.image_user = ImageUser{0, ""};
  EXPECT_FALSE(container_config(pod, pod.spec.containers[0], setup, {}));
  setup.image_user = ImageUser{std::nullopt, "www"};
  EXPECT_FALSE(container_config(pod, pod.spec.containers[0], setup, {}));
  setup.image_user = ImageUser{33, ""};
  EXPECT_TRUE(container_config(pod, pod.spec.containers[0], setup, {}));
  context.runAsUser = 0;
  EXPECT_FALSE(container_config(pod, pod.spec.containers[0], {}, {}));
  context.runAsUser = 1000;
  auto config = container_config(pod, pod.spec.containers[0], {}, {});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->linux->security_context->run_as_user->value, 1000);
}

TEST(ContainerConfig, AGroupAloneStandsBesideTheImagesUser) {
  core::v1::Pod pod = sample_pod();
  pod.spec.securityContext.emplace().runAsGroup = 3000;
  EXPECT_TRUE(depends_on_image_user(pod, pod.spec.containers[0]));
  ContainerSetup setup;
  setup.image_user = ImageUser{0, ""};
  auto config = container_config(pod, pod.spec.containers[0], setup, {});
  ASSERT_TRUE(config);
  ASSERT_TRUE(config->linux->security_context->run_as_user);
  EXPECT_EQ(config->linux->security_context->run_as_user->value, 0);
  EXPECT_EQ(config->linux->security_context->run_as_group->value, 3000);
  setup.image_user = ImageUser{std::nullopt, "www"};
  config = container_config(pod, pod.spec.containers[0], setup, {});
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->linux->security_context->run_as_user);
  EXPECT_EQ(config->linux->security_context->run_as_username, "www");
  EXPECT_EQ(config->linux->security_context->run_as_group->value, 3000);
}

std::string envelope(std::string_view space, std::string_view topic, std::string_view container, std::string_view exec) {
  std::string event, any, out;
  codec::WireWriter event_writer(event);
  event_writer.bytes(1, container);
  if (!exec.empty()) event_writer.bytes(2, exec);
  codec::WireWriter any_writer(any);
  any_writer.bytes(1, "containerd.events.TaskExit");
  any_writer.bytes(2, event);
  codec::WireWriter writer(out);
  writer.bytes(2, space);
  writer.bytes(3, topic);
  writer.bytes(4, any);
  return out;
}

TEST(ContainerdEvents, AreRead) {
  auto event = parse_containerd_event(envelope("k8s.io", "/tasks/exit", "c1", "c1"));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, ContainerEvent::Kind::Exited);
  EXPECT_EQ(event->container_id, "c1");
  EXPECT_FALSE(parse_containerd_event(envelope("k8s.io", "/tasks/exit", "c1", "exec-7")))
      << "an exec's end is not the container's";
  EXPECT_FALSE(parse_containerd_event(envelope("moby", "/tasks/exit", "c1", "c1")));
  EXPECT_FALSE(parse_containerd_event("\x0f\xff"));
}

}  // namespace
}  // namespace charon::node
