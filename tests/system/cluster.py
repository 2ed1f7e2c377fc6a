"""The cluster under test: its process, kubectl against it, and bare HTTPS to it."""
import base64
import collections
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import ssl
import subprocess
import time

from .checks import Failure, Ran, eventually

IMAGES = ["busybox", "nginx"]


class Reply:
    """An HTTP answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Cluster:
    def __init__(self, charon, data_dir, port, root, kubectl=None):
        self.charon, self.data_dir, self.port, self.root = charon, data_dir, port, root
        self.kubeconfig = os.path.join(data_dir, "admin.kubeconfig")
        self.namespace = "default"
        self.history = collections.deque(maxlen=12)  # what the present case ran
        self.start_output = ""
        self.tls = None
        self.process = 0
        self.own_kubectl, self.path = kubectl or shutil.which("kubectl"), os.environ["PATH"]
        self.use_kubectl(None)

    # ------------------------------------------------------------------------------------------------------- processes

    def run(self, command, stdin=None, timeout=60, env=None, cwd=None):
        """A command line without a shell; its text is split as a shell would."""
        argv = shlex.split(command) if isinstance(command, str) else command
        shown = shlex.join(argv)
        data = stdin.encode() if isinstance(stdin, str) else stdin
        try:
            done = subprocess.run(argv, input=data, stdin=None if data is not None else subprocess.DEVNULL, capture_output=True,
                                  timeout=timeout, env={**os.environ, "KUBECONFIG": self.kubeconfig, **(env or {})}, cwd=cwd)
        except subprocess.TimeoutExpired as expired:
            self.history.append(Ran(shown, "none (killed)", text(expired.stdout), text(expired.stderr)))
            raise
        ran = Ran(shown, done.returncode, text(done.stdout), text(done.stderr))
        self.history.append(ran)
        return ran

    def kubectl(self, arguments, stdin=None, timeout=60, env=None, namespace="", **more):
        """kubectl in the suite's namespace; `namespace=None`: without one."""
        argv = ["kubectl"] + (shlex.split(arguments) if isinstance(arguments, str) else list(arguments))
        if namespace is not None:
            argv[1:1] = ["-n", namespace or self.namespace]
        return self.run(argv, stdin=stdin, timeout=timeout, env=env, **more)

    def use_kubectl(self, program):
        """From now on `kubectl` is this one, also in the PATH of what is run; None: the one that tests/run was given."""
        folder = os.path.join(self.data_dir, "test-bin")
        os.makedirs(folder, exist_ok=True)
        link = os.path.join(folder, "kubectl")
        if os.path.lexists(link):
            os.remove(link)
        os.symlink(os.path.abspath(program or self.own_kubectl), link)
        os.environ["PATH"] = folder + ":" + self.path
        version = json.loads(self.run("kubectl version --client -o json").ok().out)["clientVersion"]["gitVersion"]
        self.kubectl_version = tuple(int(part) for part in re.match(r"v(\d+)\.(\d+)", version).groups())

    def fetch_kubectl(self, name):
        self.use_kubectl(self.fetch_client(name))

    def fetch_client(self, name):
        return self.run([f"{self.root}/tools/fetch-clients", name], timeout=300).ok().out.strip()

    def since(self, *version):
        """Whether kubectl is at least of this version."""
        return self.kubectl_version >= version

    def wait_gone(self, what, seconds=30, namespace=""):
        """As `kubectl wait --for=delete`, which fails in older versions when there is nothing any more."""
        eventually(lambda: self.kubectl(f"get {what}", namespace=namespace).fails(1).err_has("NotFound"), seconds)

    def kubectl_json(self, arguments, **more):
        return json.loads(self.kubectl(arguments + " -o json", **more).ok().out)

    def make_namespace(self, name):
        self.namespace = name
        self.kubectl(f"create namespace {name}", namespace=None).ok()
        # Pods are admitted once the account that they run as is there.
        eventually(lambda: self.kubectl("get serviceaccount default").ok())

    def apply(self, manifest, arguments="apply -f -"):
        return self.kubectl(arguments, stdin=manifest if isinstance(manifest, str) else json.dumps(manifest))

    def wait_ready(self, pod, seconds=40):
        return self.kubectl(f"wait --for=condition=Ready pod/{pod} --timeout={seconds}s", timeout=seconds + 15).ok()

    # --------------------------------------------------------------------------------------------------------- life

    def start(self, *arguments, env=None):
        ran = self.run([self.charon, "up", "--detach", "--data-dir", self.data_dir, "--port", str(self.port), *arguments], timeout=150, env=env)
        self.start_output = ran.out
        self.tls = None
        if ran.code == 0:
            with open(os.path.join(self.data_dir, "charon.pid")) as file:
                self.process = int(file.read().split()[0])
        return ran

    def pid(self):
        """Of the server and agent."""
        return self.process

    def kill(self):
        """kill -9 of the server and agent; containerd and the containers go on."""
        pid = self.pid()
        if not is_charon(pid):
            raise Failure("charon does not run")
        os.kill(pid, signal.SIGKILL)
        while os.path.exists(f"/proc/{pid}") and not is_dead(pid):
            time.sleep(0.01)

    def import_image(self, name):
        return self.run([self.charon, "image", "import", "--data-dir", self.data_dir, f"{self.root}/build/images/{name}.tar"], timeout=120)

    def stop_for_good(self):
        """After the tests, whatever state they left. Errors do not matter any more."""
        if self.process and is_charon(self.process):
            os.kill(self.process, signal.SIGTERM)
        try:
            self.run([self.charon, "down", "--data-dir", self.data_dir], timeout=180)
        except subprocess.TimeoutExpired:
            pass
        # Its port is free when it has ended.
        deadline = time.monotonic() + 20
        while self.process and is_charon(self.process) and time.monotonic() < deadline:
            time.sleep(0.05)

    def step_seconds(self, text):
        """The time that the start's progress lines name for a step."""
        match = re.search(r"charon: \[ *([0-9.]+) s\] .*" + re.escape(text), self.start_output)
        if not match:
            raise Failure(f"the start shows no step {text!r}")
        return float(match[1])

    # ---------------------------------------------------------------------------------------------------------- HTTPS

    def connect(self, timeout=30):
        """An HTTP/1.1 connection as the administrator."""
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls_context(), timeout=timeout)

    def tls_context(self):
        if self.tls is None:
            config = json.loads(self.run("kubectl config view --raw -o json").ok().out)
            parts = {"ca": config["clusters"][0]["cluster"]["certificate-authority-data"],
                     "crt": config["users"][0]["user"]["client-certificate-data"],
                     "key": config["users"][0]["user"]["client-key-data"]}
            for name, data in parts.items():
                with open(os.path.join(self.data_dir, f"test-client.{name}"), "wb") as file:
                    file.write(base64.b64decode(data))
            self.tls = ssl.create_default_context(cafile=self.data_dir + "/test-client.ca")
            self.tls.load_cert_chain(self.data_dir + "/test-client.crt", self.data_dir + "/test-client.key")
        return self.tls

    def request(self, method, path, body=None, content_type="application/json", headers=None):
        """One request on a connection of its own."""
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        connection = self.connect()
        try:
            send = {"Accept": "application/json", **(headers or {})}
            if body is not None:
                send["Content-Type"] = content_type
            connection.request(method, path, body.encode() if isinstance(body, str) else body, send)
            answer = connection.getresponse()
            reply = Reply(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()
        self.history.append(Ran(f"{method} {path}  (body: {len(body or '')} bytes)", reply.status, text(reply.body), ""))
        return reply


def text(data):
    return (data or b"").decode(errors="replace")


def is_dead(pid):
    """A process that was killed holds its port until its last thread, which may be in the middle of a write, has gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            zombie = file.read().rsplit(")", 1)[1].split()[0] == "Z"
        return zombie and len(os.listdir(f"/proc/{pid}/task")) <= 1
    except (FileNotFoundError, ProcessLookupError):
        return True


def is_charon(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().startswith("charon")
    except FileNotFoundError:
        return False
