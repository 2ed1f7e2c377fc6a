"""Debian's Prometheus scrapes the server with a service account's token. Its build has no discovery of Kubernetes' objects, so that
it is told its targets: the server, a pod, and the pod through the server's proxy."""
import atexit
import json
import os
import socket
import subprocess
import urllib.parse
import urllib.request

from .checks import Failure, Suite, equal, eventually, true

CASES = Suite(namespace="t-prometheus")


class Prometheus:
    """The program with its configuration and its data below `folder`; it answers on 127.0.0.1:`port`."""

    def __init__(self, folder, jobs):
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        with open(folder + "/prometheus.yml", "w") as file:
            json.dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}, file)  # JSON is YAML
        with open(folder + "/prometheus.log", "wb") as log:
            self.process = subprocess.Popen(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                                             f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=log)
        atexit.register(self.stop)  # also when the suite ends early

    def stop(self):
        self.process.kill()
        self.process.wait()

    def ask(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}", timeout=10) as answer:
                return json.load(answer)["data"]
        except OSError as problem:
            with open(self.folder + "/prometheus.log") as file:
                raise Failure(f"Prometheus does not answer: {problem}; its log: {file.read()[-2000:]}") from None

    def health(self):
        """Of each job: up, down or unknown, and why."""
        return {target["scrapePool"]: (target["health"], target["lastError"]) for target in self.ask("targets?state=active")["activeTargets"]}

    def query(self, expression):
        return self.ask("query?" + urllib.parse.urlencode({"query": expression}))["result"]


@CASES.case("it starts with a token for /metrics and for the proxy to a pod", essential=True)
def start(c):
    c.kubectl("create serviceaccount prometheus").ok()
    c.kubectl("create clusterrole t-prometheus --verb=get --non-resource-url=/metrics", namespace=None).ok()
    c.kubectl("create clusterrolebinding t-prometheus --clusterrole=t-prometheus --serviceaccount=t-prometheus:prometheus", namespace=None).ok()
    c.kubectl("create role proxy --verb=get --resource=pods/proxy").ok()
    c.kubectl("create rolebinding proxy --role=proxy --serviceaccount=t-prometheus:prometheus").ok()
    c.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"terminationGracePeriodSeconds": 0, "containers": [
        {"name": "main", "image": "charon.local/busybox:1", "ports": [{"containerPort": 8080}],
         "command": ["sh", "-c", "mkdir /www; echo pages_total 42 >/www/metrics; exec httpd -f -p 8080 -h /www"]}]}}).ok()
    c.wait_ready("web")
    folder = os.path.join(c.data_dir, "prometheus")
    os.makedirs(folder)
    with open(folder + "/token", "w") as file:
        file.write(c.kubectl("create token prometheus").ok().out.strip())
    server = {"scheme": "https", "tls_config": {"ca_file": c.data_dir + "/pki/ca.crt"}, "static_configs": [{"targets": [f"127.0.0.1:{c.port}"]}]}
    bearer = {"authorization": {"credentials_file": folder + "/token"}}
    pod_ip = c.kubectl_json("get pod web")["status"]["podIP"]
    c.prometheus = Prometheus(folder, [
        {"job_name": "server", **server, **bearer},
        {"job_name": "nobody", **server},
        {"job_name": "pod", "static_configs": [{"targets": [pod_ip + ":8080"]}]},
        {"job_name": "proxy", **server, **bearer, "metrics_path": f"/api/v1/namespaces/{c.namespace}/pods/web:8080/proxy/metrics"}])
    eventually(c.prometheus.health, 20)


@CASES.case("every target is up, but for the one without a token")
def targets(c):
    def look():
        health = c.prometheus.health()
        refusal = health.pop("nobody", None)
        equal(refusal, ("down", "server returned HTTP status 403 Forbidden"), "what nobody gets")
        equal(health, {job: ("up", "") for job in ("server", "pod", "proxy")}, "the others' health")
    eventually(look, 20)


@CASES.case("it counts: requests by verb, the time that they take, what the pod tells")
def counts(c):
    c.kubectl("get configmaps").ok()

    def look():
        equal([row["value"][1] for row in c.prometheus.query("sum by (job) (pages_total)")], ["42", "42"], "what the pod tells, by both ways")
        true(float(c.prometheus.query('sum(apiserver_request_total{verb="LIST",resource="configmaps",code="200"})')[0]["value"][1]) >= 1, "the list is counted")
        slow = c.prometheus.query('histogram_quantile(0.9, sum by (le) (apiserver_request_duration_seconds_bucket))')[0]["value"][1]
        true(0 < float(slow) < 60, f"nine of ten requests take less than {slow} s")
    eventually(look, 20)


@CASES.case("promtool finds nothing wrong with the text")
def promtool(c):
    c.prometheus.stop()
    text = c.kubectl("get --raw /metrics", namespace=None).ok().out
    ran = c.run("promtool check metrics", stdin=text)
    # Kubernetes has given these counters names that promtool would not.
    named = ("authenticated_user_requests", "authentication_attempts", "apiserver_admission_webhook_fail_open_count", "apiserver_admission_webhook_rejection_count")
    complaints = [line for line in ran.err.splitlines() if line.split()[0] not in named]
    equal((ran.code, complaints), (3, []), "its verdict")
    c.kubectl("delete clusterrole,clusterrolebinding t-prometheus", namespace=None).ok()
