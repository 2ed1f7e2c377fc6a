"""The stock Python client, as Debian packages it; its script is tests/client-python/run.py."""
import os

from .checks import Suite

CASES = Suite(namespace="t-python")

# Debian's, for which python3-kubernetes is; the PATH may know another first.
PYTHON = "/usr/bin/python3"


def step(name, essential=False, holds=""):
    @CASES.case(holds, essential=essential)
    def run(c):
        c.run([PYTHON, os.path.join(c.root, "tests/client-python/run.py"), name, c.namespace], timeout=60).ok().has("held")


step("load", holds="it loads the kubeconfig with its client certificate", essential=True)
step("objects", holds="create, read, the three kinds of patch, replace, delete, and errors with their codes")
step("pages", holds="a list in pages is whole")
step("watch", holds="a watch sees what happens, typed, and ends when it is told to")
step("pod", holds="a pod: its log, exec with stdin and an exit code, port-forward")
step("deployment", holds="a deployment from a list: scaled, rolled out, its replica set orphaned, which takes its pods along")
step("custom_objects", holds="custom objects: their definition, create, patch, status, list, delete")
step("dynamic_client", holds="the dynamic client finds kinds by discovery, applies on the server, watches")
step("token", holds="a token in place of the certificate: what its roles allow and no more")
step("lease", holds="a Lease is held by whoever writes it first")
step("leader_election", holds="leader election: one leads, the other takes over when the first no longer renews")
