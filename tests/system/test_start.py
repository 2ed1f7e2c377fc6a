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


@CASES.case("an unknown flag is refused")
def unknown_flag(c):
    c.run([c.charon, "up", "--no-such-flag"]).fails()


@CASES.case("charon up without root says what to do")
def not_root(c):
    c.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", c.charon, "up", "--data-dir", "/tmp/charon-not-root"]).fails(1).err_has("needs root", "sudo")


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
    c.run([c.charon, "server", "--data-dir", c.data_dir + "/other", "--port", str(c.port)], timeout=20).fails().err_has(str(c.port))


@CASES.case("charon token create prints a token that the API server takes", since=(1, 27))
def token(c):
    token = c.run([c.charon, "token", "create", "--data-dir", c.data_dir]).ok().out.strip().split()[-1]
    c.run(["kubectl", "--kubeconfig", "/dev/null", "--server", f"https://127.0.0.1:{c.port}", "--insecure-skip-tls-verify", "--token", token, "auth", "whoami"]).ok() \
        .has("system:bootstrap", "system:bootstrappers")


@CASES.case("--config FILE gives any flag; an unknown one is refused")
def config_file(c):
    path = c.data_dir + "/test-config.yaml"
    with open(path, "w") as file:
        file.write(f"port: {c.port}\ndata-dir: {c.data_dir}/other\n")
    c.run([c.charon, "server", "--config", path], timeout=20).fails().err_has(str(c.port))
    with open(path, "w") as file:
        file.write("no-such-flag: 1\n")
    ran = c.run([c.charon, "server", "--config", path], timeout=20).fails()
    true("no-such-flag" in ran.out + ran.err, "the flag is named")


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
