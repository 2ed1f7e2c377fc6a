"""kubectl 1.35: aggregated discovery, OpenAPI v3, WebSockets."""
from .checks import Suite
from .verbs import add_verbs

CASES = Suite(namespace="t-new-kubectl", kubectl="kubectl-1.35")
add_verbs(CASES)
