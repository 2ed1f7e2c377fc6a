"""The stock JavaScript client; its script is tests/client-node/run.mjs."""
import os

from .checks import Suite

CASES = Suite(namespace="t-node-js")


@CASES.case("npm ci", essential=True)
def install(c):
    c.run("npm ci --no-audit --no-fund", cwd=folder(c), timeout=300).ok()


@CASES.case("list, create, watch by informer, errors, a deployment")
def run(c):
    c.run(f"node run.mjs {c.namespace}", cwd=folder(c), timeout=120).ok().has("all steps held")


def folder(c):
    return os.path.join(c.root, "tests/client-node")
