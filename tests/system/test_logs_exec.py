"""logs, exec, attach and cp."""
import os
import subprocess
import tempfile

from .checks import Suite, equal, eventually, true

CASES = Suite(namespace="t-logs")


@CASES.case("a pod that counts, with two containers", essential=True)
def make(c):
    script = "i=0; while [ $i -lt 20 ]; do i=$((i+1)); echo line $i; done; while true; do i=$((i+1)); echo line $i; sleep 0.5; done"
    c.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "count"}, "spec": {"terminationGracePeriodSeconds": 0, "containers": [
        {"name": "main", "image": "charon.local/busybox:1", "command": ["sh", "-c", script]},
        {"name": "other", "image": "charon.local/busybox:1", "command": ["sh", "-c", "echo I am the other; echo to stderr >&2; exec sleep 1000"]}]}}).ok()
    c.wait_ready("count")


@CASES.case("logs of the first container", since=(1, 22))
def first(c):
    c.kubectl("logs count").ok().has("line 1\n", "line 20\n")


@CASES.case("logs")
def logs(c):
    c.kubectl("logs count -c main").ok().has("line 1\n", "line 20\n")


@CASES.case("logs --tail, --limit-bytes, --timestamps, --since")
def options(c):
    equal(len(c.kubectl("logs count -c main --tail=3").ok().out.splitlines()), 3, "the lines")
    equal(len(c.kubectl("logs count -c main --limit-bytes=10").ok().out), 10, "the bytes")
    true(c.kubectl("logs count -c main --timestamps --tail=1").ok().out[:2] == "20", "a time comes first")
    c.kubectl("logs count -c main --since=1h").ok().has("line 1\n")
    equal(c.kubectl("logs count -c main --tail=0").ok().out, "", "the output")


@CASES.case("logs -c, --all-containers, --prefix")
def containers(c):
    c.kubectl("logs count -c other").ok().has("I am the other", "to stderr")
    c.kubectl("logs count --all-containers --prefix --tail=5").ok().has("[pod/count/main]", "[pod/count/other]")


@CASES.case("logs of a container that is not there")
def no_container(c):
    c.kubectl("logs count -c none").fails(1).err_has("container none is not valid for pod count")
    c.kubectl("logs nopod").fails(1).err_has('pods "nopod" not found')
    c.kubectl("logs count -c main --previous").fails(1).err_has("previous terminated container")


@CASES.case("logs -f follows")
def follow(c):
    follower = subprocess.Popen(["kubectl", "--kubeconfig", c.kubeconfig, "-n", c.namespace, "logs", "-f", "count", "-c", "main", "--tail=1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        lines = [follower.stdout.readline() for _ in range(4)]
    finally:
        follower.kill()
    numbers = [int(line.split()[1]) for line in lines]
    equal(numbers, list(range(numbers[0], numbers[0] + 4)), "the numbers")


@CASES.case("logs -f ends with the container")
def follow_end(c):
    c.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "short"}, "spec": {"restartPolicy": "Never", "containers": [
        {"name": "main", "image": "charon.local/busybox:1", "command": ["sh", "-c", "echo start; sleep 2; printf 'no newline'"]}]}}).ok()
    eventually(lambda: c.kubectl("logs short").ok().has("start"), 20)
    c.kubectl("logs -f short", timeout=20).ok().says("start\nno newline")


@CASES.case("logs of a container that is held back after a crash: its last run, also as the previous one")
def crashed(c):
    c.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "crash"}, "spec": {"containers": [
        {"name": "main", "image": "charon.local/busybox:1", "command": ["sh", "-c", "n=$(cat /v/n 2>/dev/null || echo 0); echo run $n; echo $((n+1)) > /v/n; exit 3"],
         "volumeMounts": [{"name": "v", "mountPath": "/v"}]}], "volumes": [{"name": "v", "emptyDir": {}}]}}).ok()
    eventually(lambda: c.kubectl("get pod crash").ok().has("CrashLoopBackOff"), 30)

    def same():  # it may run again between the two
        last = c.kubectl("logs crash").ok().out
        true(last != "run 0\n", "it ran again")
        c.kubectl("logs crash --previous").ok().says(last.strip())

    eventually(same, 30)


@CASES.case("logs of a pod that is nowhere yet: nothing")
def nowhere(c):
    c.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "nowhere"}, "spec": {"nodeSelector": {"no": "where"}, "containers": [
        {"name": "main", "image": "charon.local/busybox:1"}]}}).ok()
    equal(c.kubectl("logs nowhere").ok().out, "", "the output")
    c.kubectl("exec nowhere -- true").fails(1).err_has("does not have a host assigned")


@CASES.case("a line of 100 kB comes out whole")
def long_line(c):
    c.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "long"}, "spec": {"restartPolicy": "Never", "containers": [
        {"name": "main", "image": "charon.local/busybox:1", "command": ["sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x; echo; echo end"]}]}}).ok()
    eventually(lambda: c.kubectl("get pod long").ok().has("Completed"), 20)
    equal([len(line) for line in c.kubectl("logs long").ok().out.splitlines()], [100_000, 3], "the lengths of the lines")


@CASES.case("exec: output, errors and exit codes")
def execute(c):
    c.kubectl("exec count -- echo hello").ok().says("hello")
    ran = c.kubectl(["exec", "count", "--", "sh", "-c", "echo out; echo err >&2; exit 3"]).fails(3)
    equal(ran.out, "out\n", "stdout")
    true("err\n" in ran.err and "exit code 3" in ran.err, f"stderr: {ran.err}")
    c.kubectl("exec count -c other -- cat /proc/1/cmdline").ok().has("sleep")


@CASES.case("exec -i passes stdin through to its end")
def stdin(c):
    data = os.urandom(300_000)
    done = subprocess.run(["kubectl", "--kubeconfig", c.kubeconfig, "-n", c.namespace, "exec", "-i", "count", "--", "cat"], input=data, capture_output=True, timeout=30)
    equal((done.returncode, done.stdout == data), (0, True), "exit code, and whether the bytes came back")


@CASES.case("exec -t makes a terminal")
def terminal(c):
    c.run(["script", "-qec", f"kubectl --kubeconfig {c.kubeconfig} -n {c.namespace} exec -it count -- tty", "/dev/null"], timeout=20).ok().has("/dev/pts/")


@CASES.case("exec of a program, container or pod that is not there")
def exec_errors(c):
    ran = c.kubectl("exec count -- /no/such/program").fails()
    true("no such file" in ran.err or "not found" in ran.err, f"stderr: {ran.err}")
    c.kubectl("exec count -c none -- true").fails(1)
    c.kubectl("exec nopod -- true").fails(1).err_has('pods "nopod" not found')


@CASES.case("exec by SPDY, as older clients do")
def spdy(c):
    c.kubectl("exec count -- echo hello", env={"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false"}).ok().says("hello")
    c.kubectl("exec -i count -- cat", stdin="through", env={"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false"}).ok().says("through")
    c.kubectl("exec count -- sh -c 'exit 5'", env={"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false"}).fails(5)


@CASES.case("attach shows the output")
def attach(c):
    attached = subprocess.Popen(["kubectl", "--kubeconfig", c.kubeconfig, "-n", c.namespace, "attach", "count", "-c", "main"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        true(attached.stdout.readline().startswith("line "), "a line comes")
    finally:
        attached.kill()


@CASES.case("cp to a pod and back")
def copy(c):
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/there", "wb") as file:
            file.write(os.urandom(50_000))
        c.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "cp"}, "spec": {"terminationGracePeriodSeconds": 0, "containers": [
            {"name": "main", "image": "charon.local/busybox:1", "command": ["sleep", "1000"]}]}}).ok()
        c.wait_ready("cp")
        c.kubectl(f"cp {folder}/there cp:/tmp/there").ok()
        c.kubectl(f"cp cp:/tmp/there {folder}/back").ok()
        with open(folder + "/there", "rb") as one, open(folder + "/back", "rb") as other:
            true(one.read() == other.read(), "the bytes are the same")


@CASES.case("20 short execs leave nothing behind on the server")
def many(c):
    before = len(os.listdir(f"/proc/{c.pid()}/fd"))
    for _ in range(20):
        c.kubectl("exec count -- true").ok()
    eventually(lambda: true(len(os.listdir(f"/proc/{c.pid()}/fd")) <= before + 4, "descriptors go back to what they were"), 20)
