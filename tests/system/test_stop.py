"""The end of the cluster."""
import os

from .checks import Suite, true

CASES = Suite()


@CASES.case("charon down ends the pods, containerd and the server")
def down(c):
    pid = c.pid()
    c.run([c.charon, "down", "--data-dir", c.data_dir], timeout=180).ok()
    true(not os.path.exists(f"/proc/{pid}/exe"), "charon is gone")
    left = [line for line in c.run("ps -eo args").ok().out.splitlines() if c.data_dir in line and "tests/run" not in line]
    true(not left, f"processes are left: {left}")


@CASES.case("no network interface or mount is left of the pods")
def leftovers(c):
    with open("/proc/mounts") as file:
        mounts = [line.split()[1] for line in file if c.data_dir + "/" in line]
    true(not mounts, f"mounts are left: {mounts[:5]}")
    c.run("ip -o link show type veth").ok().says("")


@CASES.case("charon down of nothing succeeds")
def down_again(c):
    c.run([c.charon, "down", "--data-dir", c.data_dir]).ok()


@CASES.case("the stored state comes back after charon up")
def up_again(c):
    c.start().ok()
    c.kubectl("get namespace default kube-system", namespace=None).ok()
    c.run([c.charon, "down", "--data-dir", c.data_dir], timeout=180).ok()
