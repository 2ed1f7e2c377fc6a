"""Steps with the stock Python client: /usr/bin/python3 run.py STEP NAMESPACE, the cluster from KUBECONFIG.

A step that holds ends with exit code 0 and prints "held"; another with a traceback. The steps are in the order in which the suite
tests/system/test_python_client.py runs them; some use what an earlier one made.
"""
import datetime
import json
import logging
import os
import sys
import tempfile
import threading
import time

import yaml
from kubernetes import client, config, dynamic, utils
from kubernetes.client import ApiException
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock
from kubernetes.stream import portforward, stream
from kubernetes.watch import Watch

STEPS = {}


def step(function):
    STEPS[function.__name__] = function
    return function


def equal(actual, wanted, what):
    assert actual == wanted, f"{what}: {actual!r}, wanted {wanted!r}"


def eventually(check, seconds=30, every=0.1):
    deadline = time.monotonic() + seconds
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(every)


def refused(call, *arguments, **named):
    """The ApiException of a call that must not succeed."""
    try:
        call(*arguments, **named)
    except ApiException as problem:
        return problem
    raise AssertionError(f"{call.__name__} succeeds, wanted a refusal")


def config_map(name, value="1", **labels):
    return {"metadata": {"name": name, "labels": {"from": "python", **labels}}, "data": {"n": value}}


@step
def load(_):
    assert client.VersionApi().get_code().git_version.startswith("v1.36"), "the version"
    equal(len(client.CoreV1Api().list_node().items), 1, "the nodes")


@step
def objects(namespace):
    core = client.CoreV1Api()
    made = core.create_namespaced_config_map(namespace, config_map("one"))
    assert made.metadata.uid and isinstance(made.metadata.creation_timestamp, datetime.datetime), "what the server sets is there"
    core.patch_namespaced_config_map("one", namespace, {"data": {"m": "2"}})
    patched = core.patch_namespaced_config_map("one", namespace, [{"op": "replace", "path": "/data/n", "value": "3"}])
    equal(patched.data, {"m": "2", "n": "3"}, "the data after a strategic and a JSON patch")
    made.data = {"n": "4"}
    equal(refused(core.replace_namespaced_config_map, "one", namespace, made).status, 409, "a change of what has changed since")
    patched.data = {"n": "5"}
    equal(core.replace_namespaced_config_map("one", namespace, patched).data, {"n": "5"}, "the data after a replacement")
    invalid = refused(core.create_namespaced_config_map, namespace, config_map("Not A Name"))
    assert invalid.status == 422 and "metadata.name" in invalid.body, f"a bad name is 422: {invalid}"
    gone = core.delete_namespaced_config_map("one", namespace, propagation_policy="Background")
    equal(gone.status, "Success", "the outcome of the deletion")
    equal(refused(core.read_namespaced_config_map, "one", namespace).status, 404, "what was deleted")


@step
def pages(namespace):
    core = client.CoreV1Api()
    for number in range(5):
        core.create_namespaced_config_map(namespace, config_map(f"page-{number}", pages="yes"))
    seen, more = [], None
    while more != "":
        page = core.list_namespaced_config_map(namespace, label_selector="pages=yes", limit=2, _continue=more)
        seen += [item.metadata.name for item in page.items]
        more = page.metadata._continue or ""
    equal(seen, [f"page-{number}" for number in range(5)], "the names")
    core.delete_collection_namespaced_config_map(namespace, label_selector="pages=yes")
    equal(core.list_namespaced_config_map(namespace, label_selector="pages=yes").items, [], "what is left")


@step
def watch(namespace):
    core = client.CoreV1Api()
    core.create_namespaced_config_map(namespace, config_map("before", watched="yes"))
    events = []

    def follow():
        for event in Watch().stream(core.list_namespaced_config_map, namespace, label_selector="watched=yes", timeout_seconds=3):
            events.append((event["type"], event["object"].metadata.name, event["object"].data["n"]))

    following = threading.Thread(target=follow, daemon=True)
    following.start()
    eventually(lambda: equal(events, [("ADDED", "before", "1")], "the events"), 10, every=0.02)
    core.create_namespaced_config_map(namespace, config_map("during", watched="yes"))
    core.patch_namespaced_config_map("during", namespace, {"data": {"n": "2"}})
    core.patch_namespaced_config_map("during", namespace, {"metadata": {"labels": {"watched": "no"}}})
    core.delete_namespaced_config_map("before", namespace)
    following.join(15)
    assert not following.is_alive(), "the watch ends after its timeout"
    equal(events[1:], [("ADDED", "during", "1"), ("MODIFIED", "during", "2"), ("DELETED", "during", "2"), ("DELETED", "before", "1")], "the later events")


@step
def pod(namespace):
    core = client.CoreV1Api()
    core.create_namespaced_pod(namespace, {"metadata": {"name": "web"}, "spec": {"terminationGracePeriodSeconds": 0, "containers": [
        {"name": "main", "image": "charon.local/busybox:1", "ports": [{"containerPort": 8080}],
         "command": ["sh", "-c", "echo started; mkdir /www; echo page >/www/index.html; exec httpd -f -p 8080 -h /www"]}]}})

    def ready():
        conditions = core.read_namespaced_pod_status("web", namespace).status.conditions or []
        assert any(one.type == "Ready" and one.status == "True" for one in conditions), "the pod is ready"
    eventually(ready)
    equal(core.read_namespaced_pod_log("web", namespace), "started\n", "the log")

    def execute(*command, **options):
        return stream(core.connect_get_namespaced_pod_exec, "web", namespace, command=list(command), stdout=True, stderr=True, **options)

    equal(execute("echo", "hello"), "hello\n", "the output")
    session = execute("sh", "-c", "read line; echo got $line; exit 7", stdin=True, _preload_content=False)
    session.write_stdin("text\n")
    session.run_forever(timeout=10)
    equal((session.read_stdout(), session.returncode), ("got text\n", 7), "output and exit code")
    ports = portforward(core.connect_get_namespaced_pod_portforward, "web", namespace, ports="8080")
    socket = ports.socket(8080)
    socket.settimeout(10)
    socket.sendall(b"GET / HTTP/1.0\r\n\r\n")
    answer = b""
    while piece := socket.recv(4096):
        answer += piece
    socket.close()
    assert answer.endswith(b"\r\n\r\npage\n") and ports.error(8080) is None, f"the page: {answer}"


@step
def deployment(namespace):
    labels = {"app": "rolled"}
    utils.create_from_dict(client.ApiClient(), {"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "ConfigMap", **config_map("from-a-list")},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "rolled"}, "spec": {"selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels},
            "spec": {"terminationGracePeriodSeconds": 0, "containers": [{"name": "main", "image": "charon.local/nginx:1"}]}}}}]}, namespace=namespace)
    apps = client.AppsV1Api()
    apps.patch_namespaced_deployment_scale("rolled", namespace, {"spec": {"replicas": 2}})
    eventually(lambda: equal(apps.read_namespaced_deployment_status("rolled", namespace).status.ready_replicas, 2, "the ready pods"))
    apps.delete_namespaced_deployment("rolled", namespace, orphan_dependents=True)
    eventually(lambda: equal(refused(apps.read_namespaced_deployment, "rolled", namespace).status, 404, "the deployment"))
    sets = apps.list_namespaced_replica_set(namespace, label_selector="app=rolled").items
    equal([one.metadata.owner_references for one in sets], [None], "the owners of the replica set that is left")
    apps.delete_collection_namespaced_replica_set(namespace, label_selector="app=rolled", propagation_policy="Foreground")
    eventually(lambda: equal(client.CoreV1Api().list_namespaced_pod(namespace, label_selector="app=rolled").items, [], "the pods that are left"))


@step
def custom_objects(namespace):
    extensions, custom = client.ApiextensionsV1Api(), client.CustomObjectsApi()
    where = ("python.example.com", "v1", namespace, "gauges")
    extensions.create_custom_resource_definition({"metadata": {"name": "gauges.python.example.com"}, "spec": {
        "group": "python.example.com", "scope": "Namespaced", "names": {"plural": "gauges", "singular": "gauge", "kind": "Gauge"},
        "versions": [{"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}, "schema": {"openAPIV3Schema": {
            "type": "object", "properties": {
                "spec": {"type": "object", "properties": {"level": {"type": "integer", "maximum": 9}, "unit": {"type": "string", "default": "m"}}},
                "status": {"type": "object", "properties": {"seen": {"type": "integer"}}}}}}}]}})

    def served():
        conditions = extensions.read_custom_resource_definition("gauges.python.example.com").status.conditions or []
        assert any(one.type == "Established" and one.status == "True" for one in conditions), "the definition is established"
    eventually(served)
    gauge = {"apiVersion": "python.example.com/v1", "kind": "Gauge", "metadata": {"name": "tank"}, "spec": {"level": 3}}
    equal(custom.create_namespaced_custom_object(*where, gauge)["spec"], {"level": 3, "unit": "m"}, "what was made")
    equal(custom.patch_namespaced_custom_object(*where, "tank", {"spec": {"level": 4}})["spec"]["level"], 4, "the patched level")
    equal(refused(custom.patch_namespaced_custom_object, *where, "tank", {"spec": {"level": 10}}).status, 422, "a level beyond the schema's bound")
    custom.patch_namespaced_custom_object_status(*where, "tank", {"status": {"seen": 4}})
    equal([(item["metadata"]["name"], item["status"]) for item in custom.list_namespaced_custom_object(*where)["items"]], [("tank", {"seen": 4})], "the list")
    custom.delete_namespaced_custom_object(*where, "tank")
    equal(refused(custom.get_namespaced_custom_object, *where, "tank").status, 404, "the deleted one")
    extensions.delete_custom_resource_definition("gauges.python.example.com")


@step
def dynamic_client(namespace):
    with tempfile.TemporaryDirectory() as folder:
        found = dynamic.DynamicClient(client.ApiClient(), cache_file=folder + "/discovery")
    maps = found.resources.get(api_version="v1", kind="ConfigMap")
    equal((maps.name, found.resources.get(api_version="apps/v1", kind="Deployment").name), ("configmaps", "deployments"), "the resources' names")
    # As text: this version of the client cannot send an apply from a dictionary.
    applied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"a": "1"}}
    maps.server_side_apply(json.dumps(applied), name="applied", namespace=namespace, field_manager="python")
    other = {**applied, "data": {"a": "2"}}
    refusal = refused(maps.server_side_apply, json.dumps(other), name="applied", namespace=namespace, field_manager="other")
    assert refusal.status == 409 and b'conflict with \\"python\\"' in refusal.body, f"another's field is a conflict: {refusal}"
    maps.server_side_apply(json.dumps(other), name="applied", namespace=namespace, field_manager="other", force_conflicts=True)
    current = maps.get(name="applied", namespace=namespace)
    equal((current.data.a, [entry.manager for entry in current.metadata.managedFields]), ("2", ["other"]), "value and owners")
    event = next(iter(maps.watch(namespace=namespace, field_selector="metadata.name=applied", timeout=5)))
    equal((event["type"], event["object"].data.a), ("ADDED", "2"), "the first event")
    deployments = found.resources.get(api_version="apps/v1", kind="Deployment")
    equal(deployments.get(namespace=namespace).kind, "DeploymentList", "the kind of a list")
    maps.delete(name="applied", namespace=namespace)


@step
def token(namespace):
    core, rbac = client.CoreV1Api(), client.RbacAuthorizationV1Api()
    core.create_namespaced_service_account(namespace, {"metadata": {"name": "robot"}})
    issued = core.create_namespaced_service_account_token("robot", namespace, {"spec": {"audiences": [], "expirationSeconds": 600}})
    with open(os.environ["KUBECONFIG"]) as file:
        mine = yaml.safe_load(file)
    for user in mine["users"]:
        user["user"] = {"token": issued.status.token}
    robot = client.CoreV1Api(config.new_client_from_config_dict(mine))
    no = refused(robot.list_namespaced_pod, namespace)
    assert no.status == 403 and f"system:serviceaccount:{namespace}:robot" in no.body, f"without a role: {no}"
    rbac.create_namespaced_role_binding(namespace, {
        "metadata": {"name": "robot"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": namespace}]})
    assert any(one.metadata.name == "web" for one in robot.list_namespaced_pod(namespace).items), "the viewer sees the pod"
    equal(refused(robot.delete_namespaced_pod, "web", namespace).status, 403, "a deletion by a viewer")


@step
def lease(namespace):
    leases = client.CoordinationV1Api()
    made = leases.create_namespaced_lease(namespace, {"metadata": {"name": "held"}, "spec": {"holderIdentity": "", "leaseDurationSeconds": 15}})
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=123456)
    made.spec.renew_time = now
    for holder, wins in (("first", True), ("second", False)):
        made.spec.holder_identity = holder
        if wins:
            leases.replace_namespaced_lease("held", namespace, made)
        else:
            equal(refused(leases.replace_namespaced_lease, "held", namespace, made).reason, "Conflict", "the second writer's answer")
    held = leases.read_namespaced_lease("held", namespace).spec
    equal((held.holder_identity, held.renew_time), ("first", now), "holder and time, to the microsecond")


@step
def leader_election(namespace):
    logging.getLogger().setLevel(logging.WARNING)
    story = []

    def candidate(name):
        lock = ConfigMapLock("leader", namespace, name)
        settings = electionconfig.Config(lock, lease_duration=3, renew_deadline=2, retry_period=1,
                                         onstarted_leading=lambda: story.append(name + " leads"), onstopped_leading=lambda: story.append(name + " stops"))
        thread = threading.Thread(target=leaderelection.LeaderElection(settings).run, daemon=True)
        thread.start()
        return lock, thread

    first, first_ends = candidate("first")
    eventually(lambda: equal(story, ["first leads"], "the story"), 5)
    second, second_ends = candidate("second")
    time.sleep(4)  # more than the lease lasts without being renewed
    equal(story, ["first leads"], "the story while the first renews")
    first.update = lambda *_: False
    eventually(lambda: equal(sorted(story), ["first leads", "first stops", "second leads"], "the story"), 15)
    second.update = lambda *_: False
    for thread in (first_ends, second_ends):
        thread.join(10)
    equal(story[-1], "second stops", "the end of the story")


config.load_kube_config()
STEPS[sys.argv[1]](sys.argv[2])
print("held")
