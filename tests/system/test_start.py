"""A cluster from nothing."""
import os
import stat

from .checks import Suite, equal, true
from .cluster import IMAGES

CASES = Suite()


@CASES.case("charon version names itself and the API level")
def version(c):
    c.run([c.charon, "version"]).ok().has("charon ", "v1.36")


@CASES.case("charon status of nothing says so, with exit code 3")
def status_before(c):
    c.run([c.charon, "status", "--data-dir", c.data_dir]).fails(3).has("charon up")


@CASES.case("what was typed wrong: exit code 2, the mistake named, and where to look")
def usage(c):
    for arguments, named in (("up --no-such-flag", "--no-such-flag"), ("", "subcommand"), ("fly", "subcommand"), ("up --port seven", "seven"),
                             ("up --port 70000", "70000"), ("up --listen nowhere", "nowhere"), ("up --node-ip 1.2.3", "1.2.3"),
                             ("up --cluster-cidr 10.0.0.0", "10.0.0.0"), ("up --node-name Big", "lower case"), ("up --node-label x", "key=value"),
                             ("image import /no/such/file", "/no/such/file"), ("convert -f x -o xml", "xml"), ("token", "subcommand"),
                             ("server --config /no/such/file", "/no/such/file")):
        ran = c.run(f"{c.charon} {arguments}").fails(2).err_has("charon: ", named, "--help")
        equal(ran.out, "", "stdout")
    c.run([c.charon, "image", "export"]).fails(2).err_has("`charon image --help`")


@CASES.case("--help of the program and of each command")
def usage_text(c):
    text = c.run([c.charon, "--help"]).ok()
    for command in ("up", "down", "server", "agent", "status", "kubeconfig", "token", "image", "convert", "version"):
        text.has(f"\n  {command} ")
        c.run([c.charon, command, "--help"]).ok().has("--help")
    c.run([c.charon, "up", "--help"]).ok().has("--data-dir", "--port", "--containerd-socket", "--detach")
    c.run([c.charon, "image", "import", "--help"]).ok().has("file")


def refused_before_writing(c, arguments, *texts, env=None):
    """The start ends with these words, and its data directory was not made."""
    folder = c.data_dir + "/refused"
    c.run([c.charon, *arguments, "--data-dir", folder], timeout=20, env=env).fails(1).err_has("cannot start", *texts)
    true(not os.path.exists(folder), "nothing was written")


@CASES.case("without containerd or runc nothing is written, and the package is named")
def no_containerd(c):
    empty = c.data_dir + "/empty-path"
    os.makedirs(empty)
    refused_before_writing(c, ["up", "--port", str(c.port)], "containerd is not installed: apt-get install containerd", env={"PATH": empty})
    refused_before_writing(c, ["up", "--detach", "--port", str(c.port)], "containerd is not installed", env={"PATH": empty})
    os.symlink("/usr/bin/containerd", empty + "/containerd")
    refused_before_writing(c, ["up", "--port", str(c.port)], "runc is not installed: apt-get install runc", env={"PATH": empty})
    refused_before_writing(c, ["up", "--containerd-socket", "/no/such.sock", "--port", str(c.port)], "no containerd at /no/such.sock")


@CASES.case("a data directory that cannot be: what to do")
def bad_data_dir(c):
    c.run([c.charon, "server", "--port", "0", "--data-dir", "/proc/charon"], timeout=20).fails(1).err_has("cannot be written", "--data-dir")
    with open(c.data_dir + "/a-file", "w"):
        pass
    c.run([c.charon, "server", "--port", "0", "--data-dir", c.data_dir + "/a-file/x"], timeout=20).fails(1).err_has("is no folder", "--data-dir")


@CASES.case("charon up without root says what to do")
def not_root(c):
    c.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", c.charon, "up", "--data-dir", "/tmp/charon-not-root"]).fails(1).err_has("needs root", "sudo")
    true(not os.path.exists("/tmp/charon-not-root"), "nothing was written")


@CASES.case("charon up --detach", essential=True)
def up(c):
    c.start().ok().has("API server ready", "ready", c.kubeconfig)


@CASES.case("progress lines tell the seconds to API ready and node ready")
def steps(c):
    true(c.step_seconds("API server ready") <= c.step_seconds("use it with"), "API ready comes before the end")


@CASES.case("the administrator's kubeconfig is for root only")
def kubeconfig_mode(c):
    equal(stat.S_IMODE(os.stat(c.kubeconfig).st_mode), 0o600, "its mode")


@CASES.case("charon kubeconfig prints it")
def kubeconfig(c):
    with open(c.kubeconfig) as file:
        equal(c.run([c.charon, "kubeconfig", "--data-dir", c.data_dir]).ok().out, file.read(), "the output")


@CASES.case("charon status of a running cluster")
def status(c):
    c.run([c.charon, "status", "--data-dir", c.data_dir]).ok().has(str(c.pid()))


@CASES.case("a second charon up on the same data directory is refused")
def second(c):
    c.run([c.charon, "up", "--data-dir", c.data_dir, "--port", str(c.port)]).fails().err_has("already runs")
    c.run([c.charon, "status", "--data-dir", c.data_dir]).ok().has(str(c.pid()))


@CASES.case("charon up on a taken port is refused")
def taken_port(c):
    refused_before_writing(c, ["server", "--port", str(c.port)], f":{c.port}", "--port")
    refused_before_writing(c, ["up", "--port", str(c.port)], f":{c.port}", "--port")
    refused_before_writing(c, ["up", "--port", "0"], ":10250", "The node agent serves there")


@CASES.case("charon token create prints a token that the API server takes", since=(1, 27))
def token(c):
    token = c.run([c.charon, "token", "create", "--data-dir", c.data_dir]).ok().out.strip().split()[-1]
    c.run(["kubectl", "--kubeconfig", "/dev/null", "--server", f"https://127.0.0.1:{c.port}", "--insecure-skip-tls-verify", "--token", token, "auth", "whoami"]).ok() \
        .has("system:bootstrap", "system:bootstrappers")


@CASES.case("--config FILE gives any flag of the command")
def config_file(c):
    path = c.data_dir + "/test-config.yaml"
    with open(path, "w") as file:
        file.write(f"""# all of them
port: {c.port}
data-dir: {c.data_dir}/refused
listen: 0.0.0.0
service-ip: 10.43.0.1
cluster-cidr: 10.42.0.0/24
node-name: a
node-ip: 127.0.0.1
node-label: [a=b, "c=d"]
containerd-socket: /run/x.sock
detach: true
""")
    refused_before_writing(c, ["up", "--config", path], f":{c.port}", "--port")
    c.run([c.charon, "status", "--config", path]).fails(3).has(c.data_dir + "/refused")
    c.run([c.charon, "kubeconfig", "--config", path]).fails(1).err_has(c.data_dir + "/refused")


@CASES.case("a --config FILE that is wrong is refused, and the mistake named")
def bad_config_file(c):
    path = c.data_dir + "/test-config.yaml"
    for text, *named in (("no-such-flag: 1\n", "no-such-flag"), ("port:\n", "port", "must be a value"), ("port: {a: b}\n", "port", "must be a value"),
                         ("port: many\n", "many"), ("port: 99999\n", "99999"), ("- port\n", "mapping of flags"), ("port: [\n", "no YAML"), ("a: \"b\n", "no YAML"),
                         ("help: true\n", "help"), ("config: x\n", "config"), ("listen: here\n", "here")):
        with open(path, "w") as file:
            file.write(text)
        c.run([c.charon, "server", "--config", path], timeout=20).fails(2).err_has("charon: ", *named)


@CASES.case("the demo images build", essential=True)
def images(c):
    c.run([f"{c.root}/deploy/demo/build-images", f"{c.root}/build/images"], timeout=120).ok()


for name in IMAGES:
    @CASES.case(f"charon image import {name}", essential=True)
    def import_image(c, name=name):
        c.import_image(name).ok()


@CASES.case("importing a file that is no image fails")
def import_rubbish(c):
    c.run([c.charon, "image", "import", "--data-dir", c.data_dir, __file__]).fails()
