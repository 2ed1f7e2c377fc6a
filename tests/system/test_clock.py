"""Certificates that expired while the machine was off: a cluster is made by a clock of years ago (clock_shift.c), and goes on today."""
import base64
import http.client
import json
import os
import signal
import ssl
import subprocess
import time

from .checks import Failure, Suite, equal, eventually, true
from .cluster import Cluster

CASES = Suite()

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "old"}, "spec": {"terminationGracePeriodSeconds": 1, "containers": [
    {"name": "main", "image": "charon.local/busybox:1", "imagePullPolicy": "Never", "command": ["sleep", "100000"]}]}}
DAY = 86400


def shifted(cluster, days):
    """The environment of a charon whose clock is so many days behind."""
    library = cluster.data_dir + "/clock-shift.so"
    source = os.path.join(os.path.dirname(__file__), "clock_shift.c")
    cluster.run(["clang-19", "-shared", "-fPIC", "-O2", "-o", library, source]).ok()
    return {"LD_PRELOAD": library, "CLOCK_SHIFT_S": str(-days * DAY)}


def shifted_by_file(cluster, days):
    """The same for a clock that jumps when the file is written again; what writes it."""
    file = cluster.data_dir + "/clock-shift"

    def set_days(days):
        with open(file + ".new", "w") as text:
            text.write(str(-days * DAY))
        os.rename(file + ".new", file)
    set_days(days)
    return {**shifted(cluster, days), "CLOCK_SHIFT_FILE": file}, set_days


def ask(cluster, method, path, body=None):
    """Over HTTPS, whatever the server's certificate says of today."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    cluster.tls_context()  # writes the client's files
    context.load_cert_chain(cluster.data_dir + "/test-client.crt", cluster.data_dir + "/test-client.key")
    connection = http.client.HTTPSConnection("127.0.0.1", cluster.port, context=context, timeout=30)
    try:
        connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        reply = json.loads(answer.read())
    except OSError as error:
        raise Failure(f"{method} {path}: {error}") from error
    connection.close()
    if answer.status >= 300:
        raise Failure(f"{method} {path}: {reply}")
    return reply


def ends_after(cluster, file, days):
    return cluster.run(["openssl", "x509", "-noout", "-checkend", str(days * DAY), "-in", f"{cluster.data_dir}/pki/{file}"]).code == 0


def read(cluster, file):
    with open(os.path.join(cluster.data_dir, file)) as text:
        return text.read()


def container(pod):
    status = pod["status"]["containerStatuses"][0]
    return status["containerID"], status["restartCount"]


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def make_in_the_past(cluster, days):
    """The pod that ran then, as the API showed it."""
    cluster.start(env=shifted(cluster, days)).ok()
    cluster.import_image("busybox").ok()
    pods = "/api/v1/namespaces/default/pods"
    eventually(lambda: ask(cluster, "GET", "/api/v1/namespaces/default/serviceaccounts/default"))
    ask(cluster, "POST", pods, POD)
    eventually(lambda: true("running" in ask(cluster, "GET", pods + "/old")["status"].get("containerStatuses", [{"state": {}}])[0]["state"], "the pod runs"), 40)
    pod = ask(cluster, "GET", pods + "/old")
    made = time.mktime(time.strptime(pod["metadata"]["creationTimestamp"], "%Y-%m-%dT%H:%M:%SZ"))
    true(time.time() - made > (days - 2) * DAY, f"it was made then: {pod['metadata']['creationTimestamp']}")
    cluster.kubectl("get pods").fails(1).err_has("certificate has expired or is not yet valid")
    return pod


def check_today(cluster, pod, authority_expired, authority):
    eventually(lambda: cluster.kubectl("get nodes").ok().has(" Ready "))
    for file in sorted(os.listdir(cluster.data_dir + "/pki")):
        if file.endswith(".crt"):
            true(ends_after(cluster, file, 300), f"{file} is valid for most of a year")
    equal(read(cluster, "pki/ca.crt") != authority, authority_expired, "whether the authority's certificate is new")
    equal(container(cluster.kubectl_json("get pod old")), container(pod), "container and restarts of the pod of then")
    time.sleep(3)
    equal(container(cluster.kubectl_json("get pod old")), container(pod), "container and restarts a little later")
    cluster.kubectl("exec old -- echo hello").ok().says("hello")
    folder = "/var/run/secrets/kubernetes.io/serviceaccount/"

    def token_of_today():
        token = cluster.kubectl(f"exec old -- cat {folder}token").ok().out
        true(claims(token)["exp"] > time.time(), "the pod's token is of today")
        return token
    token = eventually(token_of_today, 90, every=1)
    eventually(lambda: equal(cluster.kubectl(f"exec old -- cat {folder}ca.crt").ok().out, read(cluster, "pki/ca.crt"), "the authority in the pod"), 90, every=1)
    ca = cluster.data_dir + "/pki/ca.crt"
    cluster.run(["curl", "-sS", "--cacert", ca, "-H", f"Authorization: Bearer {token}", f"https://127.0.0.1:{cluster.port}/apis"]).ok().has("APIGroupList")
    cluster.kubectl("create deployment new --image=charon.local/busybox:1 -- sleep 1000").ok()
    cluster.kubectl(["patch", "deployment", "new", "-p", '{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":1}}}}']).ok()
    cluster.kubectl("rollout status deployment/new --timeout=40s").ok()
    cluster.kubectl("delete pod old").ok()
    cluster.run([cluster.charon, "status", "--data-dir", cluster.data_dir]).ok().has("ready")


@CASES.case("the cluster of today stops", essential=True)
def stop(c):
    c.run([c.charon, "down", "--data-dir", c.data_dir], timeout=180).ok()


for years in (2, 12):
    @CASES.case(f"a cluster made {years} years ago starts today: all is renewed, its pod goes on")
    def renew(c, years=years):
        past = Cluster(c.charon, f"{c.data_dir}-{years}", c.port, c.root, c.own_kubectl)
        past.history = c.history
        try:
            pod = make_in_the_past(past, years * 365)
            authority = read(past, "pki/ca.crt")
            os.kill(past.pid(), signal.SIGTERM)
            eventually(lambda: true(not os.path.exists(f"/proc/{past.pid()}/exe"), "it ends"), 15)
            past.start().ok()
            check_today(past, pod, years > 9, authority)
        finally:
            past.stop_for_good()
            c.run(["rm", "-rf", past.data_dir])
            c.use_kubectl(None)


@CASES.case("server and agent that run, each for itself, renew their certificates, the authority's too")
def renew_running(c):
    past = Cluster(c.charon, c.data_dir + "-running", c.port, c.root, c.own_kubectl)
    past.history = c.history
    processes = {}

    def start(role, env):
        log = open(f"{past.data_dir}/{role}.log", "a")
        arguments = ["--port", str(past.port)] if role == "server" else []
        processes[role] = subprocess.Popen([past.charon, role, "--data-dir", past.data_dir, *arguments], stdout=log, stderr=log, env={**os.environ, **env})

    def node():
        nodes = ask(past, "GET", "/api/v1/nodes")["items"]
        true(nodes, "the node is registered")
        return nodes[0]

    def heard_of_today():
        lease = ask(past, "GET", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/" + node()["metadata"]["name"])
        true(lease["spec"]["renewTime"] > time.strftime("%Y-%m-%d"), f"the node's lease is of today: {lease['spec']}")

    try:
        env, set_days = shifted_by_file(past, 9 * 365 + 30)
        start("server", env)
        eventually(lambda: ask(past, "GET", "/version"), 20)
        start("agent", env)
        eventually(lambda: true(any(one["type"] == "Ready" and one["status"] == "True" for one in node()["status"]["conditions"]), "the node is ready"), 20)
        authority = read(past, "pki/ca.crt")
        set_days(0)
        processes["agent"].send_signal(signal.SIGUSR1)
        eventually(lambda: true(read(past, "pki/ca.crt") != authority, "the authority has a new certificate"), 10)
        processes["server"].send_signal(signal.SIGUSR1)
        # kubectl verifies the certificate of the server that runs.
        eventually(lambda: past.kubectl("get nodes", namespace=None).ok(), 10)
        past.tls = None  # the administrator's certificate is another, too
        eventually(lambda: equal(ask(past, "GET", "/api/v1/namespaces/default/configmaps/kube-root-ca.crt")["data"]["ca.crt"], read(past, "pki/ca.crt"), "what pods get"), 20)
        processes["server"].terminate()
        processes["server"].wait(15)
        start("server", {})
        eventually(heard_of_today, 40, every=1)  # the agent connected anew, as who it is now
        true(processes["agent"].poll() is None, "the agent never ended")
    finally:
        for process in processes.values():
            process.kill()
            process.wait()
        past.stop_for_good()
        c.run(["rm", "-rf", past.data_dir])
        c.use_kubectl(None)


@CASES.case("the cluster of today starts again")
def start(c):
    c.start().ok()
