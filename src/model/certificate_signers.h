// The signers of kubernetes.io, and what each of them signs.
//
// Sources: "Kubernetes signers" of the reference; k8s.io/kubernetes pkg/apis/certificates/helpers.go.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "x509/request.h"

namespace charon::model {

inline constexpr std::string_view kClientSigner = "kubernetes.io/kube-apiserver-client";
inline constexpr std::string_view kKubeletClientSigner = "kubernetes.io/kube-apiserver-client-kubelet";
inline constexpr std::string_view kKubeletServingSigner = "kubernetes.io/kubelet-serving";

bool is_known_signer(std::string_view signer);
// Invalid, with Kubernetes' reason, when the signer does not sign such a request.
Result<void> check_certificate_request(std::string_view signer, const x509::SigningRequest& request,
                                       const std::vector<std::string>& usages);

}  // namespace charon::model
