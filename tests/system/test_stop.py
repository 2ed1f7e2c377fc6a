"""The end of the cluster."""
import os

from .checks import Suite, true

CASES = Suite()


def cgroups_of(uid):
    return [path for path, _, _ in os.walk("/sys/fs/cgroup") if path.endswith("/pod" + uid)]


@CASES.case("charon down ends the pods, containerd and the server, and leaves no control group")
def down(c):
    pid = c.pid()
    c.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "last"}, "spec": {
        "volumes": [{"name": "memory", "emptyDir": {"medium": "Memory"}}], "containers": [{"name": "main", "image": "charon.local/busybox:1", "command": ["sleep", "1000"],
                                                                                      "volumeMounts": [{"name": "memory", "mountPath": "/memory"}]}]}}).ok()
    c.wait_ready("last")
    uid = c.kubectl("get pod last -o jsonpath={.metadata.uid}").ok().out
    true(cgroups_of(uid), "a running pod has control groups")
    c.run([c.charon, "down", "--data-dir", c.data_dir], timeout=180).ok()
    true(not os.path.exists(f"/proc/{pid}/exe"), "charon is gone")
    left = [line for line in c.run("ps -eo args").ok().out.splitlines() if c.data_dir in line and "tests/run" not in line]
    true(not left, f"processes are left: {left}")
    true(not cgroups_of(uid), f"control groups are left: {cgroups_of(uid)}")


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
    c.run("ip -o link show type veth").ok().says("")  # the pod of before was being started
