"""A WebSocket client of a few lines (RFC 6455), for the subprotocols that kubectl no longer speaks."""
import base64
import os
import socket
import ssl
import struct

from .checks import Failure


class WebSocket:
    """As the administrator, or with a token as whoever has that."""

    def __init__(self, cluster, path, protocols, timeout=20, token=None):
        raw = socket.create_connection(("127.0.0.1", cluster.port), timeout=timeout)
        context = ssl.create_default_context(cafile=cluster.data_dir + "/pki/ca.crt") if token else cluster.tls_context()
        self.socket = context.wrap_socket(raw, server_hostname="127.0.0.1")
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{cluster.port}", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode()]
        if token:
            lines.append("Authorization: Bearer " + token)
        if protocols:
            lines.append("Sec-WebSocket-Protocol: " + ", ".join(protocols))
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        self.status = int(self.stream.readline().split()[1])
        self.headers = {}
        while (line := self.stream.readline().strip()):
            name, value = line.decode().split(":", 1)
            self.headers[name.lower()] = value.strip()
        self.protocol = self.headers.get("sec-websocket-protocol", "")
        self.body = "" if self.status == 101 else self.stream.read(int(self.headers.get("content-length", 0))).decode()

    def send(self, data, opcode=2):
        mask = os.urandom(4)
        size = struct.pack("!B", 0x80 | len(data)) if len(data) < 126 else struct.pack("!BH", 0x80 | 126, len(data))
        self.socket.sendall(bytes([0x80 | opcode]) + size + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)))

    def receive(self):
        """The next message's bytes; None after the server's close."""
        first, second = self.stream.read(2)
        size = second & 0x7F
        if size > 125:
            size = int.from_bytes(self.stream.read(2 if size == 126 else 8), "big")
        data = self.stream.read(size)
        if first & 0x0F == 8:
            return None
        if first & 0x0F not in (1, 2):
            raise Failure(f"a frame of opcode {first & 0x0F}")
        return data

    def channels(self):
        """All that comes until the close, by channel; of the base64 protocols decoded."""
        text = "base64" in self.protocol
        out = {}
        while (message := self.receive()) is not None:
            channel = message[0] - ord("0") if text else message[0]
            out[channel] = out.get(channel, b"") + (base64.b64decode(message[1:]) if text else message[1:])
        self.socket.close()
        return out
