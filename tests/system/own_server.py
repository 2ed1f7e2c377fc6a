"""A `charon server` beside the cluster under test, with flags and a data directory of its own."""
import os
import subprocess

from .checks import eventually, true


class OwnServer:
    """Use it in a `with`: it runs until the end of the block, or until `stop`."""

    def __init__(self, cluster, name, *flags):
        self.cluster, self.folder = cluster, os.path.join(cluster.data_dir, name)
        self.data_dir = self.folder + "/data"
        os.makedirs(self.folder, exist_ok=True)
        self.log = open(self.folder + "/out", "wb")
        self.process = subprocess.Popen([cluster.charon, "server", "--data-dir", self.data_dir, "--port", "0", *flags], stdout=self.log,
                                        stderr=subprocess.STDOUT)
        self.url = ""

    def __enter__(self):
        try:
            self.url = eventually(lambda: self.line("API server ready"), 20).split()[-1]
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def line(self, text):
        """The first line of its output with this text."""
        with open(self.folder + "/out") as out:
            found = [line for line in out.read().splitlines() if text in line]
        true(found, f"there is a line with {text}")
        return found[0]

    @property
    def env(self):
        return {"KUBECONFIG": self.data_dir + "/admin.kubeconfig"}

    def kubectl(self, arguments, **more):
        return self.cluster.kubectl(f"--server={self.url} {arguments}", namespace="default", env=self.env, **more)

    def stop(self):
        """Its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(30)
        self.log.close()
        return code
