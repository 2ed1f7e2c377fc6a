"""The audit log: what it tells by default, and with a policy of the user's."""
import json
import os

from .checks import Suite, equal, eventually, true
from .own_server import OwnServer

CASES = Suite(namespace="t-audit")


def events(c, **wanted):
    """Those whose members have these values; `name`, `resource` and `subresource` are the object's."""
    found = []
    with open(os.path.join(c.data_dir, "audit", "audit.log")) as file:
        for line in file:
            event = json.loads(line)
            told = {**event, **event.get("objectRef", {})}
            if all(told.get(key) == value for key, value in wanted.items()):
                found.append(event)
    return found


def one(c, **wanted):
    def look():
        found = events(c, **wanted)
        equal(len(found), 1, f"events with {wanted}")
        return found[0]
    return eventually(look, 5)


@CASES.case("who wrote what from where, without bodies")
def writes(c):
    c.kubectl("create configmap told --from-literal=key=confidential").ok()
    event = one(c, resource="configmaps", name="told", verb="create", namespace="t-audit")
    equal((event["apiVersion"], event["kind"], event["level"], event["stage"]), ("audit.k8s.io/v1", "Event", "Metadata", "ResponseComplete"),
          "what it is")
    equal(event["user"]["username"], "kubernetes-admin", "the user")
    true("system:masters" in event["user"]["groups"], "the user's groups are there")
    equal(event["sourceIPs"], ["127.0.0.1"], "the address")
    true(event["userAgent"].startswith("kubectl"), "the client is named")
    equal(event["responseStatus"], {"metadata": {}, "code": 201}, "the status")
    equal(event["annotations"]["authorization.k8s.io/decision"], "allow", "the decision")
    true("requestObject" not in event and "responseObject" not in event, "there are no bodies")
    true(event["requestReceivedTimestamp"] <= event["stageTimestamp"], "times are in order")
    with open(os.path.join(c.data_dir, "audit", "audit.log")) as file:
        true("confidential" not in file.read(), "what is in the object is not told")
    equal(oct(os.stat(os.path.join(c.data_dir, "audit", "audit.log")).st_mode & 0o777), "0o600", "who may read the log")


@CASES.case("every response names its request, with the client's own name if it has one")
def ids(c):
    path = "/api/v1/namespaces/t-audit/configmaps/told"
    reply = c.request("DELETE", path)
    event = one(c, verb="delete", name="told", namespace="t-audit")
    equal({key.lower(): value for key, value in reply.headers.items()}["audit-id"], event["auditID"], "the header")
    c.request("DELETE", path, headers={"Audit-Id": "mine", "X-Forwarded-For": "192.0.2.7"})
    event = one(c, auditID="mine")
    equal(event["sourceIPs"], ["192.0.2.7", "127.0.0.1"], "the addresses")
    equal(event["responseStatus"]["reason"], "NotFound", "the error's reason")
    equal(event["responseStatus"]["code"], 404, "the error's code")


@CASES.case("reads of secrets are told, those of configmaps are not")
def reads(c):
    c.kubectl("create secret generic key --from-literal=key=confidential").ok()
    c.kubectl("get secret key").ok()
    c.kubectl("get configmap kube-root-ca.crt").ok()
    one(c, resource="secrets", name="key", verb="get")
    equal(events(c, resource="configmaps", verb="get"), [], "events of configmaps")


@CASES.case("impersonation and refusals")
def impersonation(c):
    c.kubectl("create configmap mine --as=jane").fails(1)

    def of_jane():
        return [event for event in events(c, resource="configmaps", verb="create") if "impersonatedUser" in event]
    eventually(lambda: true(of_jane(), "there is an event"), 5)
    event = of_jane()[0]
    equal(event["user"]["username"], "kubernetes-admin", "the user")
    equal(event["impersonatedUser"]["username"], "jane", "as whom")
    equal(event["responseStatus"]["code"], 403, "the code")
    equal(event["annotations"]["authorization.k8s.io/decision"], "forbid", "the decision")


@CASES.case("what the controllers and the scheduler write is told, their leases are not")
def components(c):
    eventually(lambda: true(events(c, verb="create", resource="serviceaccounts", namespace="t-audit"), "the account is told"), 5)
    event = events(c, verb="create", resource="serviceaccounts", namespace="t-audit")[0]
    equal(event["user"]["username"], "system:serviceaccount:kube-system:service-account-controller", "the user")
    equal(events(c, resource="leases"), [], "events of leases")


@CASES.case("pod security's audit mode")
def pod_security(c):
    c.kubectl("label namespace t-audit pod-security.kubernetes.io/audit=restricted", namespace=None).ok()
    c.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "loose"},
             "spec": {"containers": [{"name": "main", "image": "charon.local/busybox:1", "command": ["sleep", "1"]}]}}).ok()
    notes = one(c, resource="pods", name="loose", verb="create", subresource=None)["annotations"]
    equal(notes["pod-security.kubernetes.io/enforce-policy"], "privileged:latest", "what is enforced")
    true(notes["pod-security.kubernetes.io/audit-violations"].startswith('would violate PodSecurity "restricted:latest": allowPrivilegeEscalation'),
         "what is violated")
    c.kubectl("delete pod loose --grace-period=0 --force").ok()


POLICY = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitManagedFields: true
rules:
- level: None
  resources: [{group: coordination.k8s.io}]
- level: RequestResponse
  resources: [{group: "", resources: [configmaps]}]
  namespaces: [default]
  omitStages: [RequestReceived]
"""


@CASES.case("a policy and a log of one's own")
def own_policy(c):
    policy = os.path.join(c.data_dir, "audit-policy.yaml")
    with open(policy, "w") as file:
        file.write(POLICY)
    with OwnServer(c, "audit-own", "--audit-policy-file", policy, "--audit-log-path", "-") as server:
        server.kubectl("create configmap whole --from-literal=key=open").ok()
        event = json.loads(eventually(lambda: server.line('"name":"whole"'), 5))
        equal(event["requestObject"]["data"], {"key": "open"}, "the request's body")
        equal(event["responseObject"]["data"], {"key": "open"}, "the response's body")
        true("managedFields" not in event["responseObject"]["metadata"], "the managed fields are left out")
        true(not os.path.exists(server.data_dir + "/audit"), "there is no other log")


@CASES.case("a policy that is not valid ends the start, and nothing is written")
def bad_policy(c):
    folder = os.path.join(c.data_dir, "audit-bad")
    os.makedirs(folder)
    policy = folder + "/policy.yaml"
    for text, problem in ((POLICY.replace("level: None", "level: Nil"), 'rules[0].level: Unsupported value: "Nil"'),
                          (POLICY.replace("namespaces:", "namespace:"), 'unknown field "rules[1].namespace"'), ("rules: []", "kind: Policy")):
        with open(policy, "w") as file:
            file.write(text)
        c.run([c.charon, "server", "--data-dir", folder + "/data", "--port", "0", "--audit-policy-file", policy], timeout=20).fails(1).err_has(
            "cannot start", f"the audit policy {policy} is not valid", problem)
    c.run([c.charon, "server", "--data-dir", folder + "/data", "--port", "0", "--audit-policy-file", "/no/such"], timeout=20).fails(1).err_has(
        "the audit policy cannot be read", "/no/such")
    true(not os.path.exists(folder + "/data"), "nothing was written")
