"""The webhook server of the suites (webhook_server.py) as a process with a certificate of its own."""
import base64
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.request

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "webhook_server.py")


class WebhookServer:
    def __init__(self, c, names):
        """`names`: of the certificate, "IP:127.0.0.1,DNS:..."."""
        self.folder = tempfile.mkdtemp(prefix="charon-webhook-")
        self.certificate, self.key = os.path.join(self.folder, "tls.crt"), os.path.join(self.folder, "tls.key")
        c.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=hook",
               "-addext", f"subjectAltName={names}", "-keyout", self.key, "-out", self.certificate]).ok()
        with open(self.certificate, "rb") as file:
            self.ca = base64.b64encode(file.read()).decode()
        self.port, self.process = 0, None
        self.start()

    def start(self):
        """Again on the same port."""
        self.process = subprocess.Popen([sys.executable, PROGRAM, self.certificate, self.key, str(self.port)],
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def client(self, path):
        return {"url": f"https://127.0.0.1:{self.port}{path}", "caBundle": self.ca}

    def calls(self, path):
        context = ssl.create_default_context(cafile=self.certificate)
        with urllib.request.urlopen(f"https://127.0.0.1:{self.port}/calls", context=context, timeout=10) as reply:
            return [call for call in json.load(reply) if call["path"] == path]
