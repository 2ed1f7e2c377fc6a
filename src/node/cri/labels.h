// The labels and annotations by which the kubelet's containers are known to crictl, log collectors, monitoring, and to us
// after a restart.
#pragma once

namespace charon::node::labels {

inline constexpr char kPodName[] = "io.kubernetes.pod.name";
inline constexpr char kPodNamespace[] = "io.kubernetes.pod.namespace";
inline constexpr char kPodUid[] = "io.kubernetes.pod.uid";
inline constexpr char kContainerName[] = "io.kubernetes.container.name";

inline constexpr char kContainerHash[] = "io.kubernetes.container.hash";
inline constexpr char kRestartCount[] = "io.kubernetes.container.restartCount";
inline constexpr char kTerminationMessagePath[] = "io.kubernetes.container.terminationMessagePath";
inline constexpr char kTerminationMessagePolicy[] = "io.kubernetes.container.terminationMessagePolicy";
inline constexpr char kGracePeriod[] = "io.kubernetes.pod.terminationGracePeriod";
inline constexpr char kConfigSource[] = "kubernetes.io/config.source";

}  // namespace charon::node::labels
