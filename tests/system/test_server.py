"""What the server says about itself."""
import json
import ssl
import time
import urllib.request

from .checks import Suite, equal, true

CASES = Suite()


@CASES.case("version")
def version(c):
    versions = json.loads(c.kubectl("version -o json").ok().out)
    equal(versions["serverVersion"]["major"] + "." + versions["serverVersion"]["minor"].rstrip("+"), "1.36", "the server's version")


@CASES.case("cluster-info")
def cluster_info(c):
    c.kubectl("cluster-info").ok().has("is running at", f":{c.port}")


@CASES.case("api-versions")
def api_versions(c):
    lines = c.kubectl("api-versions").ok().out.split()
    for wanted in ["v1", "apps/v1", "batch/v1", "rbac.authorization.k8s.io/v1", "discovery.k8s.io/v1", "coordination.k8s.io/v1",
                   "events.k8s.io/v1", "networking.k8s.io/v1", "policy/v1", "storage.k8s.io/v1", "scheduling.k8s.io/v1",
                   "autoscaling/v2", "admissionregistration.k8s.io/v1", "authorization.k8s.io/v1", "authentication.k8s.io/v1"]:
        true(wanted in lines, f"{wanted} is served")


@CASES.case("api-resources")
def api_resources(c):
    lines = {}
    for line in c.kubectl("api-resources").ok().out.splitlines()[1:]:
        lines.setdefault(line.split()[0], line.split())
    equal(lines["pods"], ["pods", "po", "v1", "true", "Pod"], "the line of pods")
    equal(lines["deployments"], ["deployments", "deploy", "apps/v1", "true", "Deployment"], "the line of deployments")
    equal(lines["nodes"], ["nodes", "no", "v1", "false", "Node"], "the line of nodes")


@CASES.case("api-resources -o wide shows verbs, --api-group filters")
def api_resources_wide(c):
    verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
    c.kubectl("api-resources --api-group=apps -o wide").ok().has("replicasets", ",".join(verbs) if c.since(1, 26) else " ".join(verbs))


@CASES.case("explain pod", since=(1, 27))
def explain(c):
    c.kubectl("explain pod").ok().has("KIND:", "VERSION:", "DESCRIPTION", "spec", "<PodSpec>", "status")


@CASES.case("explain a field of a field", since=(1, 27))
def explain_field(c):
    c.kubectl("explain deployment.spec.strategy.rollingUpdate.maxSurge").ok().has("<IntOrString>")


@CASES.case("explain --recursive", since=(1, 27))
def explain_recursive(c):
    c.kubectl("explain pod.spec --recursive").ok().has("containers", "livenessProbe", "<[]Container>", "-required-")


@CASES.case("explain of an unknown field fails")
def explain_unknown(c):
    c.kubectl("explain pod.spec.nothing").fails(1).err_has('field "nothing" does not exist')


@CASES.case("explain every kind that is served")
def explain_all(c):
    lines = [line.split() for line in c.kubectl("api-resources --no-headers").ok().out.splitlines()]
    bad = [line[0] for line in lines if c.kubectl(["explain", line[0], "--api-version", line[-3]]).code != 0]
    equal(bad, [], "kinds that explain fails on")


@CASES.case("get of every kind that can be listed")
def get_all(c):
    names = c.kubectl("api-resources --verbs=list -o name").ok().out.split()
    true(len(names) >= 40, f"{len(names)} kinds are served")
    c.kubectl(["get", ",".join(names), "-A"]).ok()


@CASES.case("auth whoami", since=(1, 27))
def whoami(c):
    c.kubectl("auth whoami").ok().has("Username", "system:masters", "system:authenticated")


@CASES.case("auth can-i: the administrator may do all")
def can_i(c):
    c.kubectl("auth can-i '*' '*'").ok().says("yes")
    c.kubectl("auth can-i delete nodes").ok().has("yes")


@CASES.case("auth can-i as somebody else: no, with exit code 1")
def can_i_as(c):
    c.kubectl("auth can-i create pods --as=nobody").fails(1).says("no")


@CASES.case("auth can-i --list")
def can_i_list(c):
    c.kubectl("auth can-i --list").ok().has("*.*", "[*]")


@CASES.case("impersonation is subject to RBAC")
def impersonate(c):
    c.kubectl("get pods --as=nobody").fails(1).err_has('Error from server (Forbidden)', 'User "nobody" cannot list resource "pods"')


@CASES.case("RBAC: a role and a binding open what they name")
def rbac(c):
    c.kubectl("create role reader --verb=get,list --resource=configmaps").ok()
    c.kubectl("create rolebinding reader --role=reader --user=jane").ok()
    c.kubectl("auth can-i list configmaps --as=jane").ok().says("yes")
    c.kubectl("auth can-i list secrets --as=jane").fails(1).says("no")
    c.kubectl("get configmaps --as=jane").ok()
    c.kubectl("delete role/reader rolebinding/reader").ok()
    c.kubectl("auth can-i list configmaps --as=jane").fails(1).says("no")


@CASES.case("top says that there are no metrics")
def top(c):
    c.kubectl("top nodes").fails(1).err_has("Metrics API not available")


for path in ["/healthz", "/livez", "/readyz"]:
    @CASES.case(f"get --raw {path}")
    def health(c, path=path):
        c.kubectl(["get", "--raw", path]).ok().says("ok")
        c.kubectl(["get", "--raw", path + "?verbose"]).ok().has("[+]ping ok", "[+]etcd ok")
        c.kubectl(["get", "--raw", path + "/etcd"]).ok().says("ok")


@CASES.case("get --raw / lists the paths")
def paths(c):
    c.kubectl("get --raw /").ok().has('"/apis/apps/v1"', '"/livez/etcd"', '"/metrics/slis"', '"/openid/v1/jwks"')


@CASES.case("get --raw /metrics/slis tells of the health")
def indicators(c):
    c.kubectl("get --raw /metrics/slis").ok().has('kubernetes_healthcheck{name="etcd",type="livez"} 1', 'kubernetes_healthchecks_total{name="etcd",status="success",type="readyz"}')


@CASES.case("get --raw /metrics is Prometheus text")
def metrics(c):
    c.kubectl("get --raw /metrics").ok().has("# TYPE ", "apiserver_request")


@CASES.case("get --raw /metrics measures the controllers' queues by Kubernetes' names")
def queue_metrics(c):
    text = c.kubectl("get --raw /metrics").ok().out
    for queue in ("deployment", "replicaset", "namespace", "serviceaccount", "endpoint_slice", "garbage_collector_attempt_to_delete", "node_lifecycle_controller"):
        for series in ("adds_total", "depth", "retries_total", "unfinished_work_seconds", "longest_running_processor_seconds",
                       "queue_duration_seconds_count", "work_duration_seconds_count"):
            true(f'workqueue_{series}{{name="{queue}"}} ' in text, f"workqueue_{series} of {queue} is there")


@CASES.case("get --raw /api and /apis")
def raw_discovery(c):
    equal(json.loads(c.kubectl("get --raw /api").ok().out)["kind"], "APIVersions", "the kind")
    equal(json.loads(c.kubectl("get --raw /apis").ok().out)["kind"], "APIGroupList", "the kind")
    equal(json.loads(c.kubectl("get --raw /apis/apps/v1").ok().out)["kind"], "APIResourceList", "the kind")


@CASES.case("aggregated discovery")
def aggregated(c):
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    for path in ("/api", "/apis"):
        equal(c.request("GET", path, headers={"Accept": accept}).json()["kind"], "APIGroupDiscoveryList", f"the kind at {path}")


@CASES.case("OpenAPI v2 and v3")
def openapi(c):
    two = json.loads(c.kubectl("get --raw /openapi/v2").ok().out)
    true("io.k8s.api.core.v1.Pod" in two["definitions"], "v2 defines Pod")
    three = json.loads(c.kubectl("get --raw /openapi/v3").ok().out)
    path = three["paths"]["apis/apps/v1"]["serverRelativeURL"]
    true("io.k8s.api.apps.v1.Deployment" in json.loads(c.kubectl(["get", "--raw", path]).ok().out)["components"]["schemas"], "v3 defines Deployment")


@CASES.case("a path that nobody serves: 404")
def no_path(c):
    c.kubectl("get --raw /apis/nothing.example.com/v1").fails(1).err_has("the server could not find the requested resource")


@CASES.case("no certificate: system:anonymous may not list pods")
def anonymous(c):
    insecure = ssl.create_default_context()
    insecure.check_hostname, insecure.verify_mode = False, ssl.CERT_NONE
    try:
        urllib.request.urlopen(f"https://127.0.0.1:{c.port}/api/v1/pods", context=insecure, timeout=10)
    except urllib.error.HTTPError as error:
        status = json.loads(error.read())
        true((error.code, status["reason"]) in [(403, "Forbidden"), (401, "Unauthorized")], f"{error.code}: {status}")
        return
    true(False, "the request was let through")


@CASES.case("a bad bearer token: 401")
def bad_token(c):
    c.run(["kubectl", "--kubeconfig", "/dev/null", "--server", f"https://127.0.0.1:{c.port}", "--insecure-skip-tls-verify",
           "--token", "nonsense", "get", "pods"]).fails(1).err_has("You must be logged in to the server")


@CASES.case("a table is made for clients that ask for one")
def table(c):
    reply = c.request("GET", "/api/v1/namespaces", headers={"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}).json()
    equal(reply["kind"], "Table", "the kind")
    equal([column["name"] for column in reply["columnDefinitions"]], ["Name", "Status", "Age"], "the columns")


@CASES.case("protobuf for clients that ask for it")
def protobuf(c):
    reply = c.request("GET", "/api/v1/namespaces/default", headers={"Accept": "application/vnd.kubernetes.protobuf"})
    equal(reply.body[:4], b"k8s\0", "the first bytes")


@CASES.case("an Accept that cannot be met: 406")
def not_acceptable(c):
    equal(c.request("GET", "/api/v1/namespaces/default", headers={"Accept": "image/png"}).status, 406, "the status")


@CASES.case("the Service default/kubernetes exists")
def kubernetes_service(c):
    c.kubectl("get service kubernetes", namespace="default").ok().has("kubernetes", "ClusterIP", "443/TCP")


@CASES.case("the namespaces that every cluster has")
def namespaces(c):
    c.kubectl("get namespaces default kube-system kube-public kube-node-lease", namespace=None).ok().has("Active")


@CASES.case("/metrics has the names that Kubernetes' dashboards ask for")
def metric_names(c):
    c.kubectl("get configmaps").ok()
    text = c.request("GET", "/metrics").body.decode()
    for name in ("apiserver_request_total", "apiserver_request_duration_seconds", "apiserver_response_sizes", "apiserver_current_inflight_requests",
                 "apiserver_longrunning_requests", "apiserver_watch_events_total", "apiserver_resource_objects", "apiserver_storage_objects",
                 "apiserver_admission_step_admission_duration_seconds", "authentication_attempts", "authenticated_user_requests",
                 "apiserver_authorization_decisions_total", "apiserver_audit_event_total", "apiserver_audit_level_total", "workqueue_depth",
                 "kubernetes_build_info", "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
                 "process_start_time_seconds"):
        true(f"\n# TYPE {name} " in text, f"there is {name}")
    values = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if not line.startswith("#")}
    for name in ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds"):
        true(values[name] > 0, f"{name} is known")
    started = time.time() - values["process_start_time_seconds"]
    true(-2 < started < 3600, f"the process began {started} s ago")
    wanted = 'apiserver_request_total{verb="LIST",group="",version="v1",resource="configmaps",subresource="",scope="namespace",'
    true(any(series.startswith(wanted) and series.endswith('code="200"}') for series in values), "the list is counted")
