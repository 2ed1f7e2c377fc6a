"""Lists, watches and the forms in which objects are read, as kubectl and other clients rely on them."""
import gzip
import json
import os
import socket
import subprocess
import threading
import time

from .checks import Suite, equal, eventually, true

CASES = Suite(namespace="t-reading")

TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
PROTOBUF = "application/vnd.kubernetes.protobuf"


def path(c, name=""):
    return f"/api/v1/namespaces/{c.namespace}/configmaps" + (f"/{name}" if name else "")


def make(c, name, **labels):
    reply = c.request("POST", path(c), {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name, "labels": labels}})
    equal(reply.status, 201, "the status")
    return reply.json()


class Watch:
    """A watch over HTTP, read by a thread."""

    def __init__(self, c, query, accept="application/json", headers=None):
        self.connection = c.connect(timeout=200)
        self.connection.request("GET", path(c) + "?watch=1&" + query, headers={"Accept": accept, **(headers or {})})
        self.socket = self.connection.sock
        self.answer = self.connection.getresponse()
        self.events = []
        self.ended = False
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            while line := self.answer.readline():
                self.events.append(json.loads(line))
        except (OSError, ValueError, AttributeError):
            pass
        self.ended = True

    def names(self):
        return [(event["type"], event["object"]["metadata"].get("name")) for event in self.events]

    def close(self):
        # Closing the connection would wait for the line that the thread is reading.
        self.socket.shutdown(socket.SHUT_RDWR)


@CASES.case("kubectl get --chunk-size pages through everything", essential=True)
def chunks(c):
    for number in range(23):
        make(c, f"n{number:02}", set="many")
    names = c.kubectl("get cm -l set=many --chunk-size=5 -o name").ok().out.split()
    equal(names, [f"configmap/n{number:02}" for number in range(23)], "the names")
    c.kubectl("get cm --chunk-size=7").ok().has("n00", "n22")


@CASES.case("pages show the set as it was when the list began")
def snapshot(c):
    first = c.request("GET", path(c) + "?limit=10&labelSelector=set%3Dmany").json()
    c.request("DELETE", path(c, "n15"))
    make(c, "n10a", set="many")
    token = first["metadata"]["continue"]
    rest = c.request("GET", path(c) + f"?limit=100&labelSelector=set%3Dmany&continue={token}").json()
    equal([item["metadata"]["name"] for item in rest["items"]], [f"n{number:02}" for number in range(10, 23)], "the rest")
    equal(rest["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"], "the revision")
    make(c, "n15", set="many")
    c.request("DELETE", path(c, "n10a"))


@CASES.case("list at a revision: exact, not older than, too large")
def versions(c):
    listed = c.request("GET", path(c)).json()
    then, number = listed["metadata"]["resourceVersion"], len(listed["items"])
    make(c, "later")
    exact = c.request("GET", path(c) + f"?resourceVersion={then}&resourceVersionMatch=Exact").json()
    equal(len(exact["items"]), number, "objects then")
    newer = c.request("GET", path(c) + f"?resourceVersion={then}&resourceVersionMatch=NotOlderThan").json()
    equal(len(newer["items"]), number + 1, "objects now")
    future = c.request("GET", path(c) + "?resourceVersion=999999999")
    equal((future.status, future.json()["reason"], future.headers["retry-after"]), (504, "Timeout", "1"), "the future")
    c.request("DELETE", path(c, "later"))


@CASES.case("kubectl get --watch shows what changes, and --output-watch-events how")
def kubectl_watch(c):
    process = subprocess.Popen(["kubectl", "-n", c.namespace, "get", "cm", "n00", "--watch", "--output-watch-events"], text=True,
                               env={**os.environ, "KUBECONFIG": c.kubeconfig}, stdout=subprocess.PIPE)
    try:
        lines = []
        threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")), daemon=True).start()
        eventually(lambda: true(any(line.startswith("ADDED") for line in lines), "the object is shown"))
        c.kubectl("label cm n00 watched=yes").ok()
        eventually(lambda: true(any(line.startswith("MODIFIED") for line in lines), "the change is shown"))
        equal(sum("EVENT" in line for line in lines), 1, "lines with columns")
    finally:
        process.kill()
        process.wait()


@CASES.case("watch from now, from a revision, and with a selector that objects enter and leave")
def watches(c):
    then = make(c, "w1", color="red")["metadata"]["resourceVersion"]
    every = Watch(c, "labelSelector=color")
    later = Watch(c, f"resourceVersion={then}")
    red = Watch(c, f"resourceVersion={then}&labelSelector=color%3Dred")
    make(c, "w2", color="blue")
    for color in ("red", "green"):
        c.kubectl(f"label cm w2 color={color} --overwrite").ok()
    c.request("DELETE", path(c, "w2"))
    wanted = [("ADDED", "w2"), ("MODIFIED", "w2"), ("MODIFIED", "w2"), ("DELETED", "w2")]
    eventually(lambda: equal(later.names(), wanted, "from a revision"))
    eventually(lambda: equal(every.names(), [("ADDED", "w1")] + wanted, "from now"))
    eventually(lambda: equal(red.names(), [("ADDED", "w2"), ("DELETED", "w2")], "with a selector"))
    for watch in (every, later, red):
        watch.close()


@CASES.case("watch: initial events end with a bookmark; bookmarks before the end")
def bookmarks(c):
    watch = Watch(c, "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=4&labelSelector=color")
    eventually(lambda: equal([event["type"] for event in watch.events[:2]], ["ADDED", "BOOKMARK"], "the first events"))
    equal(watch.events[1]["object"]["metadata"]["annotations"], {"k8s.io/initial-events-end": "true"}, "the bookmark's mark")
    eventually(lambda: true(watch.ended, "it ends after 4 seconds"))
    equal([event["type"] for event in watch.events[2:]], ["BOOKMARK"], "the last event")


@CASES.case("watch as Table has its columns once, as PartialObjectMetadata only metadata")
def watch_forms(c):
    table = Watch(c, "labelSelector=set%3Dmany", TABLE)
    eventually(lambda: equal(len(table.events), 23, "events"))
    columns = [event["object"]["columnDefinitions"] for event in table.events]
    true(columns[0] and not any(columns[1:]), "columns come with the first event only")
    partial = Watch(c, "labelSelector=set%3Dmany", PARTIAL)
    eventually(lambda: equal(len(partial.events), 23, "events"))
    equal({event["object"]["kind"] for event in partial.events}, {"PartialObjectMetadata"}, "kinds")
    true(all("data" not in event["object"] for event in partial.events), "there is no data")
    table.close()
    partial.close()


@CASES.case("get --raw: forms by the Accept header")
def forms(c):
    equal(json.loads(c.kubectl(["get", "--raw", path(c, "n00")]).ok().out)["kind"], "ConfigMap", "the kind")
    for accept, start in ((PROTOBUF, b"k8s\0"), ("application/yaml", b"kind: "), ("text/html, */*;q=0.1", b'{"kind":"ConfigMap"'),
                          (TABLE, b'{"kind":"Table"'), (PARTIAL, b'{"kind":"PartialObjectMetadata"')):
        reply = c.request("GET", path(c, "n00"), headers={"Accept": accept})
        true(reply.status == 200 and reply.body.startswith(start), f"{accept} is answered with {start}")
    refused = c.request("GET", path(c, "n00"), headers={"Accept": "text/html"})
    equal((refused.status, refused.json()["reason"]), (406, "NotAcceptable"), "what is not offered")


@CASES.case("large responses are compressed")
def compressed(c):
    plain = c.request("GET", "/openapi/v2")
    packed = c.request("GET", "/openapi/v2", headers={"Accept-Encoding": "gzip"})
    equal(packed.headers.get("content-encoding"), "gzip", "the encoding")
    true(gzip.decompress(packed.body) == plain.body, "it is the same")
    true(len(packed.body) * 3 < len(plain.body), "it is smaller")


@CASES.case("field selectors, and their errors")
def field_selectors(c):
    c.kubectl("get cm --field-selector metadata.name=n03 -o name").ok().says("configmap/n03")
    c.kubectl("get pods --field-selector spec.nodeName=none,status.phase!=Running -o name").ok().says("")
    c.kubectl("get secrets --field-selector type=Opaque -o name").ok()
    c.kubectl("get nodes --field-selector spec.unschedulable=false -o name").ok().has("node/")
    c.kubectl("get pods --field-selector spec.color=red").fails(1).err_has("field label not supported: spec.color")


@CASES.case("watch over WebSocket")
def websocket(c):
    connection = c.connect(timeout=20)
    connection.request("GET", path(c) + "?watch=1&fieldSelector=metadata.name%3Dn01", headers={
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="})
    stream = connection.sock.makefile("rb")
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += stream.readline()
    true(head.startswith(b"HTTP/1.1 101"), "the upgrade is accepted")
    first, size = stream.read(2)
    equal(first, 0x81, "one whole text message")
    if size == 126:
        size = int.from_bytes(stream.read(2), "big")
    event = json.loads(stream.read(size))
    equal((event["type"], event["object"]["metadata"]["name"]), ("ADDED", "n01"), "the event")
    connection.close()


@CASES.case("watches resume over a restart of the server, without a gap")
def resume(c):
    then = make(c, "r1")["metadata"]["resourceVersion"]
    make(c, "r2")
    c.kill()
    c.start().ok()
    make(c, "r3")
    watch = Watch(c, f"resourceVersion={then}")
    eventually(lambda: equal(watch.names()[:2], [("ADDED", "r2"), ("ADDED", "r3")], "the events"))
    watch.close()
