"""A small aggregated API server, as users write them: flunders.wardle.example.com over HTTPS behind the front proxy.

It reads from the cluster whom to believe (ConfigMap extension-apiserver-authentication), takes nobody without the front proxy's
certificate, and asks the cluster whether the user may do what it asks for (SubjectAccessReview).

aggregated_server.py CERTIFICATE KEY API-SERVER-URL CA TOKEN: prints its port and, of a plain HTTP server on loopback, a second one:
GET /calls there lists what was asked, POST /mode/NAME changes how it behaves (ok, failing, slow, huge, malformed, broken). Ends with
its standard input.
"""
import http.server
import json
import os
import ssl
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

GROUP, VERSION = "wardle.example.com", "v1"
ROOT = f"/apis/{GROUP}/{VERSION}"
LOCK = threading.Condition()
STATE = {"mode": "ok", "calls": [], "objects": {}, "revision": 1, "events": [], "uid": 0}
KIND = {"group": GROUP, "version": VERSION, "kind": "Flunder"}


def resource_list():
    verbs = ["create", "delete", "get", "list", "watch"]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{GROUP}/{VERSION}", "resources": [
        {"name": "flunders", "singularName": "flunder", "namespaced": True, "kind": "Flunder", "shortNames": ["fl"], "verbs": verbs},
        {"name": "flunders/status", "singularName": "", "namespaced": True, "kind": "Flunder", "verbs": ["get"]}]}


def schemas():
    reference = {"type": "string", "description": "What this flunder refers to."}
    return {"example.wardle.v1.Flunder": {
        "type": "object", "description": "A flunder, of the kind that examples are made of.", "x-kubernetes-group-version-kind": [KIND],
        "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"},
                       "spec": {"type": "object", "properties": {"reference": reference}}}}}


def operations(reference, v2):
    body = {"description": "OK", "schema": reference} if v2 else {"description": "OK", "content": {"application/json": {"schema": reference}}}
    common = {"responses": {"200": body}, "x-kubernetes-group-version-kind": KIND}
    namespace = {"name": "namespace", "in": "path", "required": True}
    parameters = [{**namespace, "type": "string"} if v2 else {**namespace, "schema": {"type": "string"}}]
    return {f"{ROOT}/namespaces/{{namespace}}/flunders": {
        "parameters": parameters, "get": {**common, "x-kubernetes-action": "list"}, "post": {**common, "x-kubernetes-action": "post"}}}


def openapi_v2():
    return {"swagger": "2.0", "info": {"title": "wardle", "version": "1"}, "definitions": schemas(),
            "paths": operations({"$ref": "#/definitions/example.wardle.v1.Flunder"}, True)}


def openapi_v3():
    return {"openapi": "3.0.0", "info": {"title": "wardle", "version": "1"}, "components": {"schemas": schemas()},
            "paths": operations({"$ref": "#/components/schemas/example.wardle.v1.Flunder"}, False)}


def documents():
    version = {"groupVersion": f"{GROUP}/{VERSION}", "version": VERSION}
    group = {"name": GROUP, "versions": [version], "preferredVersion": version}
    return {"/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]},
            f"/apis/{GROUP}": {"kind": "APIGroup", "apiVersion": "v1", **group},
            ROOT: resource_list(),
            "/openapi/v2": openapi_v2(),
            "/openapi/v3": {"paths": {f"apis/{GROUP}/{VERSION}": {"serverRelativeURL": f"/openapi/v3{ROOT}?hash=ABC"}}},
            f"/openapi/v3{ROOT}": openapi_v3()}


def table(objects):
    columns = [{"name": name, "type": "string", "format": form, "description": "", "priority": 0}
               for name, form in (("Name", "name"), ("Reference", ""))]
    return {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": str(STATE["revision"])},
            "columnDefinitions": columns,
            "rows": [{"cells": [each["metadata"]["name"], each.get("spec", {}).get("reference", "")], "object": {
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": each["metadata"]}} for each in objects]}


def failure(code, reason, message):
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": reason, "message": message, "code": code}


class Cluster:
    """The API server, as this server's service account."""

    def __init__(self, url, ca, token):
        self.url, self.token, self.tls = url, token, ssl.create_default_context(cafile=ca)

    def call(self, path, body=None):
        request = urllib.request.Request(self.url + path, None if body is None else json.dumps(body).encode(), {
            "Authorization": "Bearer " + self.token, "Content-Type": "application/json", "Accept": "application/json"})
        with urllib.request.urlopen(request, context=self.tls, timeout=10) as reply:
            return json.load(reply)

    def allows(self, user, attributes):
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
            "user": user["name"], "groups": user["groups"], "extra": user["extra"], "resourceAttributes": attributes}}
        return self.call("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)["status"]["allowed"]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster = None
    allowed_names = []

    def user(self):
        extra = {}
        for name, value in self.headers.items():
            if name.lower().startswith("x-remote-extra-"):
                extra.setdefault(urllib.parse.unquote(name[len("x-remote-extra-"):].lower()), []).append(value)
        return {"name": self.headers.get("x-remote-user"), "uid": self.headers.get("x-remote-uid"), "extra": extra,
                "groups": self.headers.get_all("x-remote-group") or []}

    def do_GET(self):
        subject = dict(pair[0] for pair in self.connection.getpeercert()["subject"])
        if subject.get("commonName") not in self.allowed_names:
            return self.reply(401, failure(401, "Unauthorized", "not by this proxy"))
        url = urllib.parse.urlsplit(self.path)
        self.path_parts, self.query = url.path.rstrip("/"), dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        user = self.user()
        with LOCK:
            STATE["calls"].append({"method": self.command, "path": url.path, "query": url.query, "user": user,
                                   "headers": {name.lower(): value for name, value in self.headers.items()}})
            mode = STATE["mode"]
        if self.path_parts in documents():
            return self.document(mode)
        parts = self.path_parts.removeprefix(ROOT + "/").split("/")
        namespace = parts[1] if parts[0] == "namespaces" and len(parts) > 2 else ""
        parts = parts[2:] if namespace else parts
        if parts[0] != "flunders":
            return self.reply(404, failure(404, "NotFound", "the server could not find the requested resource"))
        verb = {"POST": "create", "DELETE": "delete"}.get(self.command, "get" if len(parts) > 1 else "watch" if "watch" in self.query else "list")
        name = parts[1] if len(parts) > 1 else ""
        if not self.cluster.allows(user, {"group": GROUP, "resource": "flunders", "verb": verb, "namespace": namespace, "name": name}):
            return self.reply(403, failure(403, "Forbidden", "the cluster says no"))
        if self.headers.get("upgrade"):
            return self.echo()
        return self.serve(mode, verb, namespace, name, body)

    do_POST = do_DELETE = do_GET

    def document(self, mode):
        if mode == "failing":
            return self.reply(500, failure(500, "InternalError", "broken on purpose"))
        if mode == "slow":
            time.sleep(30)
        if mode == "malformed":
            return self.send(200, b'{"kind":"APIResourceList","resources":[{"name":5},{"name":"x"},"y",{"name":"z","kind":"Z","verbs":[1,{}]}],"swagger":"2.0",'
                                  b'"paths":{"/apis/wardle.example.com/v1/x":{"get":{"parameters":[7]}},"apis/wardle.example.com/v1":[]}}', {})
        if mode == "huge":
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(1 << 40))
            self.end_headers()
            try:
                while STATE["mode"] == "huge":
                    self.wfile.write(b" " * (1 << 20))
            except OSError:
                pass
            self.close_connection = True
            return None
        tag = '"' + str(hash(self.path_parts) & 0xffff) + '"'
        if self.headers.get("if-none-match") == tag:
            return self.send(304, b"", {"etag": tag})
        return self.reply(200, documents()[self.path_parts], {"etag": tag})

    def serve(self, mode, verb, namespace, name, body):
        with LOCK:
            objects = STATE["objects"]
            if verb == "create":
                made = json.loads(body)
                STATE["uid"] += 1
                made["metadata"].update(namespace=namespace, uid=f"uid-{STATE['uid']}", creationTimestamp="2026-01-01T00:00:00Z")
                return self.reply(201, self.record("ADDED", made))
            found = objects.get((namespace, name))
            if name and not found:
                return self.reply(404, {**failure(404, "NotFound", f'flunders.{GROUP} "{name}" not found'),
                                        "details": {"name": name, "group": GROUP, "kind": "flunders"}})
            if verb == "delete":
                del objects[(namespace, name)]
                self.record("DELETED", found)
                return self.reply(200, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})
            if verb == "get":
                return self.reply(200, table([found]) if self.wants_table() else found)
            items = [each for (space, _), each in sorted(objects.items()) if namespace in ("", space)]
            revision = STATE["revision"]
        if verb == "watch":
            return self.watch(namespace)
        if mode == "broken":
            self.chunks()
            self.chunk(b'{"kind":"FlunderList","items":[')
            self.connection.close()
            self.close_connection = True
            return None
        return self.reply(200, table(items) if self.wants_table() else {
            "kind": "FlunderList", "apiVersion": f"{GROUP}/{VERSION}", "metadata": {"resourceVersion": str(revision)}, "items": items})

    def wants_table(self):
        return "as=Table" in self.headers.get("accept", "")

    def record(self, event, flunder):
        STATE["revision"] += 1
        flunder = {**flunder, "metadata": {**flunder["metadata"], "resourceVersion": str(STATE["revision"])}}
        if event != "DELETED":
            STATE["objects"][(flunder["metadata"]["namespace"], flunder["metadata"]["name"])] = flunder
        STATE["events"].append((STATE["revision"], event, flunder))
        LOCK.notify_all()
        return flunder

    def watch(self, namespace):
        """Events after the revision that is asked for, as they come."""
        seen = int(self.query.get("resourceVersion") or 0)
        self.chunks()
        deadline = time.monotonic() + float(self.query.get("timeoutSeconds") or 600)
        while time.monotonic() < deadline:
            with LOCK:
                fresh = [each for each in STATE["events"] if each[0] > seen]
                if not fresh:
                    LOCK.wait(1)
                    continue
            for revision, event, flunder in fresh:
                seen = revision
                if namespace in ("", flunder["metadata"]["namespace"]):
                    shown = table([flunder]) if self.wants_table() else flunder
                    if not self.chunk(json.dumps({"type": event, "object": shown}).encode() + b"\n"):
                        self.close_connection = True
                        return None
        self.chunk(b"")
        return None

    def echo(self):
        """Whatever protocol is asked for: what is sent comes back in upper case."""
        self.send_response(101)
        self.send_header("connection", "Upgrade")
        self.send_header("upgrade", self.headers["upgrade"])
        self.end_headers()
        self.close_connection = True
        while data := self.connection.recv(4096):
            self.connection.sendall(data.upper())

    def chunks(self):
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def chunk(self, data):
        try:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            return True
        except OSError:
            return False

    def reply(self, code, value, headers=None):
        return self.send(code, json.dumps(value).encode(), headers or {})

    def send(self, code, body, headers):
        self.send_response(code)
        self.send_header("content-type", "application/json")
        if code != 304:
            self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass  # the caller has given up

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Who gives up, or shows the wrong certificate, is no matter for the report."""


class Control(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(json.dumps(STATE["calls"]))

    def do_POST(self):
        with LOCK:
            STATE["mode"], STATE["calls"] = self.path.removeprefix("/mode/"), []
        self.answer("{}")

    def answer(self, text):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def main():
    certificate, key, url, ca, token = sys.argv[1:]
    Handler.cluster = Cluster(url, ca, token)
    config = Handler.cluster.call("/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication")["data"]
    Handler.allowed_names = json.loads(config["requestheader-allowed-names"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_REQUIRED
    with tempfile.NamedTemporaryFile("w", suffix=".crt", delete=False) as file:
        file.write(config["requestheader-client-ca-file"])
    context.load_verify_locations(file.name)
    os.remove(file.name)
    server = Server(("0.0.0.0", 0), Handler)
    control = Server(("127.0.0.1", 0), Control)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=control.serve_forever, daemon=True).start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], control.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
