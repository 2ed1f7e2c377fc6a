"""Who may do what: identities, roles, nodes and certificates, as stock clients use them."""
import base64
import http.client
import json
import os
import re
import ssl
import subprocess
import time

from .checks import Failure, Suite, equal, eventually, true
from .cluster import Reply

CASES = Suite(namespace="t-access")


def https(c, method, path, body=None, token=None, certificate=None, headers=None):
    """One request as somebody else: with a bearer token, with (certificate, key) files, or as nobody."""
    context = ssl.create_default_context(cafile=c.data_dir + "/pki/ca.crt")
    if certificate:
        context.load_cert_chain(*certificate)
    connection = http.client.HTTPSConnection("127.0.0.1", c.port, context=context, timeout=30)
    try:
        send = {"Content-Type": "application/json", **(headers or {})}
        if token:
            send["Authorization"] = "Bearer " + token
        connection.request(method, path, json.dumps(body) if body is not None else None, send)
        answer = connection.getresponse()
        return Reply(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


def make_csr(c, name, subject):
    """The files of a new key and the request for it in base64, by openssl."""
    base = os.path.join(c.data_dir, name)
    done = subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", base + ".key",
                           "-out", base + ".csr", "-subj", subject], capture_output=True, check=False)
    true(done.returncode == 0, "openssl makes a request: " + done.stderr.decode())
    with open(base + ".csr", "rb") as file:
        return base, base64.b64encode(file.read()).decode()


def csr(name, request, signer="kubernetes.io/kube-apiserver-client", usages=("client auth",), **spec):
    return {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name},
            "spec": {"request": request, "signerName": signer, "usages": list(usages), **spec}}


def issued(c, name):
    def look():
        status = c.kubectl_json(f"get csr {name}", namespace=None).get("status", {})
        if "certificate" not in status:
            raise Failure(f"csr {name} has no certificate: {status}")
        return base64.b64decode(status["certificate"])
    return eventually(look)


@CASES.case("auth whoami: the administrator's name and groups")
def whoami(c):
    c.kubectl("auth whoami").ok().shows("Username kubernetes-admin", "Groups [system:masters system:authenticated]")


@CASES.case("auth can-i, for oneself and as another")
def can_i(c):
    c.kubectl("auth can-i delete nodes").ok().says("yes")
    c.kubectl("auth can-i list pods --as=jane").fails(1).says("no")
    c.kubectl("auth can-i --list --as=jane").ok().shows("selfsubjectreviews.authentication.k8s.io [] [] [create]", "[/version] [] [get]")


@CASES.case("a role and its binding, seen by impersonation")
def role(c):
    c.kubectl("create role reader --verb=get,list --resource=pods").ok()
    c.kubectl("create rolebinding readers --role=reader --group=readers").ok()
    c.kubectl("get pods --as=jane --as-group=readers").ok()
    c.kubectl("get pods --as=jane").fails(1).err_has(
        'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "t-access"')
    c.kubectl("auth can-i get pods --as=jane --as-group=readers").ok().says("yes")
    c.kubectl("delete pod x --as=jane --as-group=readers").fails(1).err_has('cannot delete resource "pods"')


@CASES.case("impersonation needs the right, for each part")
def impersonation(c):
    c.kubectl("auth whoami --as=jane --as-uid=7 --as-group=a").ok().shows("Username jane", "UID 7", "Groups [a system:authenticated]")
    c.kubectl("create clusterrole t-access-as-jane --verb=impersonate --resource=users --resource-name=jane").ok()
    c.kubectl("create clusterrolebinding t-access-as-jane --clusterrole=t-access-as-jane --serviceaccount=t-access:default").ok()
    token = c.kubectl("create token default").ok().out.strip()
    review = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    equal(https(c, "POST", review, {}, token=token, headers={"Impersonate-User": "jane"}).json()["status"]["userInfo"]["username"], "jane", "who it is")
    refused = https(c, "POST", review, {}, token=token, headers={"Impersonate-User": "jane", "Impersonate-Group": "system:masters"})
    equal((refused.status, refused.json()["message"]), (403, 'groups "system:masters" is forbidden: User "system:serviceaccount:t-access:default" cannot '
          'impersonate resource "groups" in API group "" at the cluster scope'), "the group")
    c.kubectl("delete clusterrole,clusterrolebinding t-access-as-jane", namespace=None).ok()


@CASES.case("create token: a service account reads with it what it may, over HTTPS")
def token(c):
    c.kubectl("create serviceaccount robot").ok()
    c.kubectl("create rolebinding robot --role=reader --serviceaccount=t-access:robot").ok()
    text = c.kubectl("create token robot --duration=10m --audience=https://kubernetes.default.svc.cluster.local").ok().out.strip()
    equal(https(c, "GET", "/api/v1/namespaces/t-access/pods", token=text).status, 200, "reading the pods")
    refused = https(c, "GET", "/api/v1/namespaces/default/pods", token=text)
    equal((refused.status, refused.json()["reason"]), (403, "Forbidden"), "reading those of another namespace")
    who = https(c, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, token=text).json()["status"]["userInfo"]
    equal(who["username"], "system:serviceaccount:t-access:robot", "the name")
    equal(who["groups"], ["system:serviceaccounts", "system:serviceaccounts:t-access", "system:authenticated"], "the groups")
    c.kubectl("create token robot --duration=1m").fails(1).err_has("may not specify a duration less than 10 minutes")
    other = c.kubectl("create token robot --audience=vault").ok().out.strip()
    unauthorized = https(c, "GET", "/api/v1/namespaces/t-access/pods", token=other)
    equal((unauthorized.status, unauthorized.json()["message"], unauthorized.json()["reason"]), (401, "Unauthorized", "Unauthorized"), "a token for others")
    review = c.kubectl("create -o json -f -", stdin=json.dumps({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
                                                                 "spec": {"token": other, "audiences": ["vault"]}}), namespace=None).ok()
    equal(json.loads(review.out)["status"]["authenticated"], True, "the review of it for its audience")
    c.kubectl("delete serviceaccount robot").ok()
    equal(https(c, "GET", "/api/v1/namespaces/t-access/pods", token=text).status, 401, "the token of an account that is gone")


@CASES.case("a secret of type service-account-token is filled, and its token taken")
def legacy_token(c):
    c.kubectl("create serviceaccount old").ok()
    c.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "old", "annotations": {"kubernetes.io/service-account.name": "old"}},
             "type": "kubernetes.io/service-account-token"}).ok()
    data = eventually(lambda: filled(c))
    equal(base64.b64decode(data["namespace"]).decode(), "t-access", "the namespace in it")
    true(b"BEGIN CERTIFICATE" in base64.b64decode(data["ca.crt"]), "it holds the cluster's certificate")
    text = base64.b64decode(data["token"]).decode()
    equal(https(c, "GET", "/api", token=text).status, 200, "discovery with the token")
    day = re.compile(r"\d{4}-\d\d-\d\d$")
    label = "kubernetes.io/legacy-token-last-used"
    eventually(lambda: true(day.match(c.kubectl_json("get secret old")["metadata"].get("labels", {}).get(label, "")), "the day of its use"))
    since = c.kubectl_json("get configmap kube-apiserver-legacy-service-account-token-tracking", namespace="kube-system")["data"]["since"]
    true(day.match(since), "since when uses are noted")
    c.kubectl("delete secret old").ok()
    equal(https(c, "GET", "/api", token=text).status, 401, "discovery after the secret is gone")


def filled(c):
    data = c.kubectl_json("get secret old").get("data", {})
    if "token" not in data:
        raise Failure("the secret is not filled")
    return data


@CASES.case("an aggregated cluster role gathers what its label chooses, and view gets a role of one's own")
def aggregation(c):
    c.apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "t-access-all"},
             "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"t-access": "part"}}]}}).ok()
    c.apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
             "metadata": {"name": "t-access-part", "labels": {"t-access": "part", "rbac.authorization.k8s.io/aggregate-to-view": "true"}},
             "rules": [{"apiGroups": [""], "resources": ["podtemplates"], "verbs": ["get"]}]}).ok()
    for name in ("t-access-all", "view", "edit", "admin"):
        eventually(lambda name=name: c.kubectl(f"get clusterrole {name} -o jsonpath={{.rules}}").ok().has("podtemplates"))
    c.kubectl("create rolebinding viewers --clusterrole=view --user=vera").ok()
    c.kubectl("auth can-i get podtemplates --as=vera").says("yes")
    c.kubectl("delete clusterrole t-access-part t-access-all").ok()
    eventually(lambda: c.kubectl("get clusterrole admin -o jsonpath={.rules}").ok().lacks("podtemplates"))


@CASES.case("nobody grants what he may not do himself")
def escalation(c):
    c.kubectl("create rolebinding admins --clusterrole=admin --user=bob").ok()
    c.kubectl("create role small --verb=get --resource=pods --as=bob").ok()
    c.kubectl("create role big --verb=* --resource=* --as=bob").fails(1).err_has(
        'roles.rbac.authorization.k8s.io "big" is forbidden: user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held')
    c.kubectl("create rolebinding big --clusterrole=cluster-admin --user=bob --as=bob").fails(1).err_has("is attempting to grant RBAC permissions")
    c.kubectl("create rolebinding none --clusterrole=nothing --user=bob --as=bob").fails(1).err_has(
        'clusterroles.rbac.authorization.k8s.io "nothing" not found')


@CASES.case("the default roles are those of Kubernetes, and come back when the server starts")
def default_roles(c):
    names = c.kubectl("get clusterroles -l kubernetes.io/bootstrapping=rbac-defaults -o name").ok().out.split()
    for wanted in ("cluster-admin", "admin", "edit", "view", "system:node", "system:auth-delegator", "system:certificates.k8s.io:kubelet-serving-approver",
                   "system:controller:generic-garbage-collector", "system:kube-aggregator", "system:volume-scheduler"):
        true(f"clusterrole.rbac.authorization.k8s.io/{wanted}" in names, f"there is a cluster role {wanted}")
    c.kubectl("get role extension-apiserver-authentication-reader", namespace="kube-system").ok()
    config = c.kubectl_json("get configmap extension-apiserver-authentication", namespace="kube-system")["data"]
    equal(config["requestheader-allowed-names"], '["front-proxy-client"]', "whom aggregated servers believe")
    true("BEGIN CERTIFICATE" in config["client-ca-file"], "and the clients' authority")


@CASES.case("a user's certificate: asked for, approved, issued, used")
def user_certificate(c):
    base, request = make_csr(c, "jane", "/O=readers/CN=jane")
    c.apply(csr("jane", request, expirationSeconds=3600)).ok()
    c.kubectl("get csr jane", namespace=None).ok().shows("kubernetes.io/kube-apiserver-client kubernetes-admin 60m Pending")
    c.kubectl("certificate approve jane", namespace=None).ok().has("certificatesigningrequest.certificates.k8s.io/jane approved")
    with open(base + ".crt", "wb") as file:
        file.write(issued(c, "jane"))
    c.kubectl("get csr jane", namespace=None).ok().shows("Approved,Issued")
    reply = https(c, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, certificate=(base + ".crt", base + ".key"))
    equal(reply.json()["status"]["userInfo"]["username"], "jane", "who she is")
    equal(https(c, "GET", "/api/v1/namespaces/t-access/pods", certificate=(base + ".crt", base + ".key")).status, 200, "reading the pods")


@CASES.case("a request that is denied gets no certificate; administrators' certificates are not to be had")
def denied_certificate(c):
    _, request = make_csr(c, "mallory", "/O=system:masters/CN=mallory")
    c.apply(csr("mallory", request)).fails(1).err_has("use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed")
    _, request = make_csr(c, "joe", "/CN=joe")
    c.apply(csr("joe", request)).ok()
    c.kubectl("certificate deny joe", namespace=None).ok()
    c.kubectl("get csr joe", namespace=None).ok().shows("Denied").lacks("Issued")
    c.apply(csr("broken", base64.b64encode(b"x").decode())).fails(1).err_has("spec.request: Invalid value", "PEM block type must be CERTIFICATE REQUEST")


@CASES.case("a machine with a join token gets a node's certificate by itself, and with it nothing of other nodes")
def node_certificate(c):
    token = c.run([c.charon, "token", "create", "--data-dir", c.data_dir]).ok().out.strip()
    base, request = make_csr(c, "n9", "/O=system:nodes/CN=system:node:n9")
    asked = https(c, "POST", "/apis/certificates.k8s.io/v1/certificatesigningrequests",
                  csr("n9", request, "kubernetes.io/kube-apiserver-client-kubelet", ("client auth", "digital signature")), token=token)
    equal(asked.status, 201, f"asking with the token: {asked.body}")
    with open(base + ".crt", "wb") as file:
        file.write(issued(c, "n9"))
    node = (base + ".crt", base + ".key")
    c.kubectl("create secret generic mine --from-literal=a=b").ok()
    c.kubectl("create secret generic other --from-literal=a=b").ok()
    c.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n9"}}).ok()
    c.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "far"},
             "spec": {"nodeName": "n9", "containers": [{"name": "c", "image": "busybox"}], "volumes": [{"name": "v", "secret": {"secretName": "mine"}}]}}).ok()
    try:
        equal(https(c, "GET", "/api/v1/namespaces/t-access/secrets/mine", certificate=node).status, 200, "the secret of its pod")
        refused = https(c, "GET", "/api/v1/namespaces/t-access/secrets/other", certificate=node)
        equal(refused.status, 403, "another secret")
        equal(refused.json()["message"], 'secrets "other" is forbidden: User "system:node:n9" cannot get resource "secrets" in API group "" in the namespace '
              '"t-access": no relationship found between node \'n9\' and this object', "the message")
        equal(https(c, "GET", "/api/v1/secrets", certificate=node).status, 403, "all secrets")
        equal(https(c, "GET", "/api/v1/nodes/n9", certificate=node).status, 200, "its own node")
        names = [item["metadata"]["name"] for item in c.kubectl_json("get nodes", namespace=None)["items"]]
        other = next(name for name in names if name != "n9")
        equal(https(c, "GET", f"/api/v1/nodes/{other}", certificate=node).status, 403, "another node")
        equal(https(c, "DELETE", f"/api/v1/nodes/{other}", certificate=node).status, 403, "deleting another node")
    finally:
        c.kubectl("delete pod far --force --grace-period=0").ok()
        c.kubectl("delete node n9", namespace=None).ok()


@CASES.case("who knows a join token finds the cluster's signed address without credentials")
def cluster_info(c):
    token = c.run([c.charon, "token", "create", "--data-dir", c.data_dir]).ok().out.strip()
    key = "jws-kubeconfig-" + token.split(".")[0]

    def look():
        data = https(c, "GET", "/api/v1/namespaces/kube-public/configmaps/cluster-info").json().get("data", {})
        if key not in data:
            raise Failure(f"cluster-info has no {key}")
        return data
    data = eventually(look)
    true("certificate-authority-data" in data["kubeconfig"], "it names the authority")
    true(".." in data[key], "the signature is detached")


@CASES.case("a new key for tokens: new ones are signed with it, old ones go on")
def rotated_key(c):
    before = c.kubectl("create token default").ok().out.strip()
    c.run([c.charon, "token", "rotate-key", "--data-dir", c.data_dir]).ok()

    def rotated():
        after = c.kubectl("create token default").ok().out.strip()
        if before.split(".")[0] == after.split(".")[0]:
            raise Failure("tokens are signed with the old key")
        return after
    after = eventually(rotated)
    for text in (before, after):
        equal(https(c, "GET", "/api", token=text).status, 200, "discovery with the token")
    keys = json.loads(https(c, "GET", "/openid/v1/jwks", token=after).body)["keys"]
    equal(len(keys), 2, "the number of published keys")


def parts(token):
    """Header, claims and signature of a JWT."""
    header, claims, signature = token.split(".")
    unpad = lambda text: json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return unpad(header), unpad(claims), signature


def unsigned(header, claims):
    pad = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    return pad(header) + "." + pad(claims)


def signed(c, header, claims, key):
    """With ES256, by openssl."""
    text = unsigned(header, claims)
    done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(), capture_output=True, check=True)
    shown = subprocess.run(["openssl", "asn1parse", "-inform", "DER"], input=done.stdout, capture_output=True, check=True).stdout.decode()
    numbers = [int(line.rsplit(":", 1)[1], 16).to_bytes(32, "big") for line in shown.splitlines() if "INTEGER" in line]
    return text + "." + base64.urlsafe_b64encode(b"".join(numbers)).decode().rstrip("=")


@CASES.case("tokens that are expired, not valid yet, forged or for others: 401")
def bad_tokens(c):
    good = c.kubectl("create token default").ok().out.strip()
    header, claims, signature = parts(good)
    key, other_key = c.data_dir + "/pki/sa.key", c.data_dir + "/other.key"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", other_key], capture_output=True, check=True)
    now = claims["iat"]

    def status(token):
        reply = https(c, "GET", "/api", token=token)
        return reply.status, reply.json().get("reason", "")
    equal(status(signed(c, header, claims, key)), (200, ""), "one that is signed here as the server does")
    admin = {**claims, "sub": "system:serviceaccount:kube-system:default"}
    for what, token in {
            "expired": signed(c, header, {**claims, "iat": now - 7200, "nbf": now - 7200, "exp": now - 3600}, key),
            "not valid yet": signed(c, header, {**claims, "nbf": now + 3600}, key),
            "without an end": signed(c, header, {name: value for name, value in claims.items() if name != "exp"}, key),
            "for another audience": signed(c, header, {**claims, "aud": ["vault"]}, key),
            "by another issuer": signed(c, header, {**claims, "iss": "https://elsewhere.example.com"}, key),
            "signed with another key": signed(c, header, claims, other_key),
            "of an unknown key": signed(c, {**header, "kid": "unknown"}, claims, other_key),
            "with other claims under the signature": unsigned(header, admin) + "." + signature,
            "unsigned": unsigned({**header, "alg": "none"}, admin) + ".",
            "of another algorithm": unsigned({**header, "alg": "HS256"}, admin) + "." + signature,
            "of a name that its claims do not have": signed(c, header, admin, key),
            "of an account that is another by now": signed(c, header, {**claims, "kubernetes.io": {
                **claims["kubernetes.io"], "serviceaccount": {"name": "default", "uid": "0"}}}, key),
            "cut off": good[:-10], "without a signature": ".".join(good.split(".")[:2]), "nothing": "..", "very long": "x" * 20_000}.items():
        equal(status(token), (401, "Unauthorized"), f"a token {what}")
    equal(status(good), (200, ""), "the true one, afterwards")


@CASES.case("a hostile role is judged soon")
def hostile_role(c):
    c.kubectl("create serviceaccount author").ok()
    c.kubectl("create role author --verb=create,get,update --resource=roles.rbac.authorization.k8s.io,configmaps").ok()
    c.kubectl("create rolebinding author --role=author --serviceaccount=t-access:author").ok()
    token = c.kubectl("create token author").ok().out.strip()
    path = "/apis/rbac.authorization.k8s.io/v1/namespaces/t-access/roles"
    names = [f"name-{i}" for i in range(150)]
    rules = {"many rules": [{"verbs": [f"v{i}", "get"], "apiGroups": [""], "resources": [f"r{i}", "configmaps"]} for i in range(8000)],
             "long rules": [{"verbs": names, "apiGroups": names, "resources": names, "resourceNames": names}] * 20}
    for what, hostile in rules.items():
        started = time.monotonic()
        refused = https(c, "POST", path, {"metadata": {"name": "hostile"}, "rules": hostile}, token=token)
        true(refused.status in (403, 422), f"{what}: {refused.status}")
        true(time.monotonic() - started < 10, f"{what} took {time.monotonic() - started} s")
    c.kubectl("get role hostile").fails(1).err_has("NotFound")


@CASES.case("nobody in particular sees health and version, and no more")
def anonymous(c):
    for path in ("/healthz", "/livez", "/readyz", "/version"):
        equal(https(c, "GET", path).status, 200, path)
    for path in ("/api", "/metrics", "/openid/v1/jwks", "/api/v1/nodes"):
        equal(https(c, "GET", path).status, 403, path)
    wrong = https(c, "GET", "/version", token="nonsense")
    equal((wrong.status, wrong.json()["reason"], wrong.json()["code"]), (401, "Unauthorized", 401), "a token that nobody gave out")
