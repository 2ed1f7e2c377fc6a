"""VictoriaMetrics reads a Prometheus' scrape configuration with kubernetes_sd_configs, which Debian's Prometheus is built without: it
lists and watches nodes, services, endpoints, pods and ingresses as a service account, and scrapes what it finds."""
import atexit
import json
import os
import socket
import subprocess
import urllib.parse
import urllib.request

from .checks import Failure, Suite, equal, eventually, true

CASES = Suite(namespace="t-discovery")
SECONDS = 15  # "within seconds", on a busy machine


class Victoria:
    """The program with its configuration and its data below `folder`; it answers on 127.0.0.1:`port`."""

    def __init__(self, folder, jobs):
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        with open(folder + "/scrape.yml", "w") as file:
            json.dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}, file)  # JSON is YAML
        with open(folder + "/victoria.log", "wb") as log:
            self.process = subprocess.Popen(["victoria-metrics", f"-promscrape.config={folder}/scrape.yml", f"-storageDataPath={folder}/data",
                                             f"-httpListenAddr=127.0.0.1:{self.port}", "-promscrape.kubernetesSDCheckInterval=1s",
                                             "-search.latencyOffset=0s", "-memory.allowedBytes=128MiB"], stdout=log, stderr=log)
        atexit.register(self.stop)  # also when the suite ends early

    def stop(self):
        self.process.kill()
        self.process.wait()

    def log(self):
        with open(self.folder + "/victoria.log") as file:
            return file.read()

    def ask(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}", timeout=10) as answer:
                return json.load(answer)["data"]
        except OSError as problem:
            raise Failure(f"it does not answer: {problem}; its log: {self.log()[-2000:]}") from None

    def targets(self, job):
        """What is scraped for a job: its labels, by its address."""
        return {target["labels"]["instance"]: target["labels"] for target in self.ask("targets?state=active")["activeTargets"]
                if target["labels"]["job"] == job}

    def values(self, expression):
        """The rows of a query: the labels `instance` or `found`, and the value."""
        rows = self.ask("query?" + urllib.parse.urlencode({"query": expression}))["result"]
        return {row["metric"].get("found") or row["metric"].get("instance", ""): float(row["value"][1]) for row in rows}


def web(name, port=8080, **more):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "web"}, "annotations": {"prometheus.io/scrape": "true"}, **more},
            "spec": {"terminationGracePeriodSeconds": 0, "containers": [
                {"name": "main", "image": "charon.local/busybox:1", "ports": [{"name": "metrics", "containerPort": port}, {"name": "other", "containerPort": 9}],
                 "command": ["sh", "-c", f"mkdir /www; echo pages_total 42 >/www/metrics; exec httpd -f -p {port} -h /www"]}]}}


@CASES.case("a program with a token that may list and watch", essential=True)
def start(c):
    c.kubectl("create serviceaccount scraper").ok()
    c.kubectl("create clusterrole t-discovery --verb=get,list,watch --resource=nodes,services,endpoints,pods,endpointslices.discovery.k8s.io,"
              "ingresses.networking.k8s.io", namespace=None).ok()
    c.kubectl("create clusterrole t-discovery-metrics --verb=get --non-resource-url=/metrics", namespace=None).ok()
    for role in ("t-discovery", "t-discovery-metrics"):
        c.kubectl(f"create clusterrolebinding {role} --clusterrole={role} --serviceaccount=t-discovery:scraper", namespace=None).ok()
    c.kubectl("create serviceaccount stranger").ok()
    c.apply(web("web-1")).ok()
    c.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
             "spec": {"selector": {"app": "web"}, "ports": [{"name": "metrics", "port": 80, "targetPort": "metrics"}]}}).ok()
    c.apply({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "front"}, "spec": {
        "tls": [{"hosts": ["shop.example.com"]}],
        "rules": [{"host": "shop.example.com", "http": {"paths": [{"path": "/cart", "pathType": "Prefix", "backend": {
            "service": {"name": "web", "port": {"name": "metrics"}}}}]}}]}}).ok()
    c.wait_ready("web-1")
    folder = os.path.join(c.data_dir, "victoria")
    os.makedirs(folder)
    for account in ("scraper", "stranger"):
        with open(f"{folder}/{account}", "w") as file:
            file.write(c.kubectl(f"create token {account}").ok().out.strip())
    server = f"127.0.0.1:{c.port}"
    tls = {"tls_config": {"ca_file": c.data_dir + "/pki/ca.crt"}}

    def discovery(role, account="scraper", everywhere=False, **more):
        return {"role": role, "api_server": "https://" + server, "authorization": {"credentials_file": f"{folder}/{account}"}, **tls,
                **({} if everywhere else {"namespaces": {"names": [c.namespace]}}), **more}

    def job(name, found, *relabel, role=None, **more):
        return {"job_name": name, "kubernetes_sd_configs": [discovery(role or name, **found)], "relabel_configs": list(relabel), **more}

    def keep(label, value):
        return {"action": "keep", "source_labels": [label], "regex": value}

    def label(target, source):
        return {"target_label": target, "source_labels": [source]}
    # What cannot be reached by its own address (a name in a cluster without DNS, a host that nobody serves) is scraped as the server,
    # under the name of what was found.
    by_server = {"scheme": "https", **tls, "authorization": {"credentials_file": f"{folder}/scraper"}}
    to_server = {"target_label": "__address__", "replacement": server}
    c.victoria = Victoria(folder, [
        job("node", {"everywhere": True}, label("found", "__meta_kubernetes_node_name"), label("ready", "__meta_kubernetes_node_label_kubernetes_io_os"),
            label("instance", "__address__"), to_server, **by_server),
        job("service", {}, label("found", "__meta_kubernetes_service_name"), label("instance", "__address__"),
            label("type", "__meta_kubernetes_service_cluster_ip"), to_server, **by_server),
        job("endpoints", {}, keep("__meta_kubernetes_endpoint_port_name", "metrics"), label("found", "__meta_kubernetes_pod_name"),
            label("service", "__meta_kubernetes_service_name"), label("ready", "__meta_kubernetes_endpoint_ready")),
        job("endpointslice", {}, keep("__meta_kubernetes_endpointslice_port_name", "metrics"), label("found", "__meta_kubernetes_pod_name"),
            label("service", "__meta_kubernetes_service_name")),
        job("pod", {}, keep("__meta_kubernetes_pod_annotation_prometheus_io_scrape", "true"), keep("__meta_kubernetes_pod_container_port_name", "metrics"),
            label("found", "__meta_kubernetes_pod_name"), label("node", "__meta_kubernetes_pod_node_name"), label("phase", "__meta_kubernetes_pod_phase"),
            {"action": "labelmap", "regex": "__meta_kubernetes_pod_label_(.+)"}),
        job("chosen", {"selectors": [{"role": "pod", "label": "app=web,tier=front", "field": "status.phase=Running"}]},
            keep("__meta_kubernetes_pod_container_port_name", "metrics"), label("found", "__meta_kubernetes_pod_name"), role="pod"),
        job("ingress", {}, label("found", "__meta_kubernetes_ingress_host"), label("path", "__meta_kubernetes_ingress_path"),
            label("scheme", "__meta_kubernetes_ingress_scheme"), to_server, **by_server),
        job("apiserver", {"everywhere": True}, keep("__meta_kubernetes_namespace", "default"), keep("__meta_kubernetes_service_name", "kubernetes"),
            keep("__meta_kubernetes_endpoint_port_name", "https"), role="endpoints", **by_server),
        job("stranger", {"account": "stranger"}, role="pod")])
    eventually(lambda: c.victoria.ask("targets?state=active"), 20)


def up(c, job, wanted, what):
    eventually(lambda: equal(c.victoria.values(f'up{{job="{job}"}}'), wanted, what), SECONDS)


@CASES.case("nodes and services, with their labels and addresses")
def nodes(c):
    node = c.kubectl_json("get nodes", namespace=None)["items"][0]
    name = node["metadata"]["name"]
    address = [one["address"] for one in node["status"]["addresses"] if one["type"] == "InternalIP"][0]
    up(c, "node", {name: 1}, "the nodes")
    port = node["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"]
    equal({key: labels["ready"] for key, labels in c.victoria.targets("node").items()}, {f"{address}:{port}": "linux"}, "the node's address and label")
    up(c, "service", {"web": 1}, "the services")
    ip = c.kubectl("get service web -o jsonpath={.spec.clusterIP}").ok().out
    equal({key: labels["type"] for key, labels in c.victoria.targets("service").items()}, {"web.t-discovery.svc:80": ip}, "the service's name and address")


@CASES.case("endpoints, endpoint slices and pods: the pod is scraped at its own address")
def pods(c):
    pod = c.kubectl_json("get pod web-1")
    for job in ("endpoints", "endpointslice", "pod"):
        up(c, job, {"web-1": 1}, job)
        equal(set(c.victoria.targets(job)), {pod["status"]["podIP"] + ":8080"}, f"the address by {job}")
        equal(c.victoria.values(f'pages_total{{job="{job}"}}'), {"web-1": 42}, f"what the pod tells by {job}")
    labels = c.victoria.targets("pod")[pod["status"]["podIP"] + ":8080"]
    equal((labels["app"], labels["node"], labels["phase"]), ("web", pod["spec"]["nodeName"], "Running"), "the pod's labels")
    labels = c.victoria.targets("endpoints")[pod["status"]["podIP"] + ":8080"]
    equal((labels["service"], labels["ready"]), ("web", "true"), "the endpoint's labels")


@CASES.case("ingresses, by host and path")
def ingresses(c):
    up(c, "ingress", {"shop.example.com": 1}, "the ingresses")
    labels = list(c.victoria.targets("ingress").values())
    equal([(one["path"], one["scheme"]) for one in labels], [("/cart", "https")], "path and scheme")


@CASES.case("the API server is found by its own endpoints, and scraped")
def apiserver(c):
    eventually(lambda: equal(list(c.victoria.values('up{job="apiserver"}').values()), [1], "the API server"), SECONDS)
    eventually(lambda: true(sum(c.victoria.values('sum(apiserver_longrunning_requests{job="apiserver",verb="WATCH",resource="pods"})').values()) >= 1,
                            "its own watch is among the running ones"), SECONDS)


@CASES.case("a pod that comes is seen in seconds, and one that goes")
def churn(c):
    c.apply(web("web-2", labels={"app": "web", "tier": "front"})).ok()
    c.wait_ready("web-2")
    for job in ("endpoints", "endpointslice", "pod"):
        up(c, job, {"web-1": 1, "web-2": 1}, job)
    up(c, "chosen", {"web-2": 1}, "what selectors choose")
    c.kubectl("label pod web-2 tier-").ok()
    c.kubectl("label pod web-1 tier=front").ok()
    eventually(lambda: equal({labels["found"] for labels in c.victoria.targets("chosen").values()}, {"web-1"}, "what selectors choose now"), SECONDS)
    c.kubectl("delete pod web-2 --wait=false").ok()
    for job in ("endpoints", "endpointslice", "pod"):
        eventually(lambda: equal({labels["found"] for labels in c.victoria.targets(job).values()}, {"web-1"}, job), SECONDS)
    c.kubectl("delete ingress front").ok()
    eventually(lambda: equal(c.victoria.targets("ingress"), {}, "the ingresses"), SECONDS)


@CASES.case("who may not list finds nothing, and is told why")
def stranger(c):
    equal(c.victoria.targets("stranger"), {}, "what it finds")
    true("403" in c.victoria.log() and "t-discovery:stranger" in c.victoria.log(), f"the refusal is in its log: {c.victoria.log()[-2000:]}")


@CASES.case("its watches go on over a restart of the server")
def restart(c):
    c.kill()
    c.start().ok()
    c.apply(web("web-3")).ok()
    c.wait_ready("web-3")
    for job in ("endpoints", "pod"):
        eventually(lambda: equal({labels["found"] for labels in c.victoria.targets(job).values()}, {"web-1", "web-3"}, job), 60)
    c.victoria.stop()
    c.kubectl("delete clusterrole,clusterrolebinding t-discovery t-discovery-metrics", namespace=None).ok()
