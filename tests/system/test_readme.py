"""The examples of README.md.

A block ```sh that a line `<!-- test -->` stands before is run here, by bash, with KUBECONFIG and CHARON set as after
`./dev up`, from the root of the tree. Every command of it must succeed."""
import os
import re

from .checks import Failure, Suite, true

CASES = Suite(namespace="t-readme")


def blocks(root):
    with open(os.path.join(root, "README.md")) as file:
        return re.findall(r"<!-- test -->\n```sh\n(.*?)```", file.read(), re.S)


@CASES.case("README.md has examples that are run")
def some(c):
    true(len(blocks(c.root)) >= 2, "it has at least two")


@CASES.case("the examples of README.md work, in their order", since=(1, 26))
def run(c):
    shims = os.path.join(c.data_dir, "readme-bin")
    os.makedirs(shims, exist_ok=True)
    with open(shims + "/charon", "w") as file:
        file.write(f'#!/bin/sh\nexec {c.charon} "$@" --data-dir {c.data_dir}\n')
    os.chmod(shims + "/charon", 0o755)
    config = c.run("kubectl config view --raw --minify").ok().out
    own = c.data_dir + "/readme.kubeconfig"
    with open(own, "w") as file:
        file.write(config)
    env = {"KUBECONFIG": own, "PATH": shims + ":" + os.environ["PATH"], "KUBE_EDITOR": "true"}
    c.run(f"kubectl config set-context --current --namespace {c.namespace}", env=env).ok()
    bad = [block for block in blocks(c.root) if c.run(["bash", "-euo", "pipefail", "-c", block], env=env, cwd=c.root, timeout=180).code != 0]
    if bad:
        raise Failure("this example fails:\n" + bad[0])
