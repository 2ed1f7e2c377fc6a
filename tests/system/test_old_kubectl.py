"""kubectl 1.20, of Debian 12's package kubernetes-client: what is installed where no kubectl is there. It reads OpenAPI v2 for validation
and `explain`, and speaks SPDY."""
from .checks import Suite
from .verbs import add_verbs

CASES = Suite(namespace="t-old-kubectl", kubectl="kubectl-1.20")
add_verbs(CASES)
