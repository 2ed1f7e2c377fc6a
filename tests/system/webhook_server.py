"""An admission and conversion webhook over HTTPS on loopback, as users write them. GET /calls lists what was asked."""
import base64
import http.server
import json
import ssl
import sys
import threading
import time

CALLS = []
LOCK = threading.Lock()


def data_of(request):
    return (request.get("object") or {}).get("data") or {}


def patch(*operations):
    return {"allowed": True, "patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(operations).encode()).decode()}


def answer(path, request):
    if path == "/mutate":
        return patch({"op": "add", "path": "/metadata/labels", "value": {"mutated": "yes"}})
    if path == "/late":
        return patch({"op": "add", "path": "/data/late", "value": "yes"})
    if path == "/see-late":
        return patch({"op": "add", "path": "/data/seen", "value": "yes"}) if "late" in data_of(request) else {"allowed": True}
    if path in ("/rename", "/move", "/new-uid"):
        field, value = {"/rename": ("name", "other"), "/move": ("namespace", "default"), "/new-uid": ("uid", "0")}[path]
        return patch({"op": "add", "path": "/metadata/" + field, "value": value})
    if path == "/deny":
        return {"allowed": False, "status": {"code": 403, "reason": "Forbidden", "message": "the word is not said"}}
    if path == "/warn":
        return {"allowed": True, "warnings": ["this is discouraged"]}
    if path == "/annotate":
        return {"allowed": True, "auditAnnotations": {"seen": "yes", "not a key": "no"}}
    if path == "/slow":
        time.sleep(4)
    return {"allowed": True}


def converted(item, version):
    """host and port of v1 are hostPort in v2."""
    item, spec = {**item, "apiVersion": version}, dict(item.get("spec") or {})
    if version.endswith("/v2") and "host" in spec:
        spec["hostPort"] = f"{spec.pop('host')}:{spec.pop('port', '')}"
    elif version.endswith("/v1") and "hostPort" in spec:
        spec["host"], _, spec["port"] = spec.pop("hostPort").partition(":")
    return {**item, "spec": spec}


def convert(path, request):
    if path == "/convert-fail":
        return {"result": {"status": "Failure", "message": "this cannot be converted"}}
    items = [converted(item, request["desiredAPIVersion"]) for item in request["objects"]]
    if path == "/convert-few":
        items = []
    for item in items:
        if path == "/convert-name":
            item["metadata"] = {**item["metadata"], "name": "other"}
        if path == "/convert-version":
            item["apiVersion"] = "conv.example.com/v9"
    return {"result": {"status": "Success"}, "convertedObjects": items}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["content-length"])))
        request, path = review["request"], self.path.partition("?")[0]
        if review["kind"] == "ConversionReview":
            with LOCK:
                CALLS.append({"path": path, "objects": len(request["objects"])})
            return self.reply({"apiVersion": review["apiVersion"], "kind": "ConversionReview",
                               "response": {"uid": request["uid"], **convert(path, request)}})
        with LOCK:
            CALLS.append({"path": path, "operation": request["operation"], "name": request.get("name"), "dryRun": request["dryRun"],
                          "kind": request["kind"]["kind"], "old": request["oldObject"] is not None, "subresource": request.get("subResource", ""),
                          "user": request["userInfo"]["username"]})
        self.reply({"apiVersion": review["apiVersion"], "kind": "AdmissionReview",
                    "response": {"uid": request["uid"], **answer(path, request)}})

    def do_GET(self):
        with LOCK:
            self.reply(list(CALLS))

    def reply(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass  # the caller has given up

    def log_message(self, *_):
        pass


def main():
    certificate, key, port = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
