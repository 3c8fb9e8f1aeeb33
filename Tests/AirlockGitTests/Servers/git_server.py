#!/usr/bin/env python3
"""A git server for tests: `git http-backend` over HTTP or HTTPS on a free loopback port.

Usage: git_server.py ROOT [--token TOKEN] [--cert PEM --key PEM] [--fault FAULT] [--target URL] [--log FILE]
Prints its port on one line and serves until its input ends. Faults, for clients that must not trust a
server: silent, drip, redirect, moved (what is below /moved is redirected to the same without it), status
(answers with the number that --target gives; readonly: to pushes alone; closed: 403 before any token), truncate, flood, garbage, liar (names a commit that it does not send), hollow (sends commits and trees, and
no blob).
"""

import argparse
import base64
import hashlib
import http.server
import os
import socketserver
import ssl
import subprocess
import sys
import threading
import time

options = argparse.ArgumentParser()
options.add_argument("root")
options.add_argument("--token")
options.add_argument("--cert")
options.add_argument("--key")
options.add_argument("--fault", default="")
options.add_argument("--target", default="")
options.add_argument("--log")
options = options.parse_args()
gone = threading.Event()
# A pack of version 2 with no objects, and its SHA-1.
EMPTY_PACK = b"PACK" + (2).to_bytes(4, "big") + (0).to_bytes(4, "big")
EMPTY_PACK += hashlib.sha1(EMPTY_PACK).digest()


def side_band(pack):
    """A pack as band 1 of side-band-64k, with the flush at its end."""
    pieces = [pack[start : start + 65_000] for start in range(0, len(pack), 65_000)]
    return b"".join(b"%04x\x01" % (len(piece) + 5) + piece for piece in pieces) + b"0000"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def note(self, text):
        if options.log:
            with open(options.log, "a", encoding="utf-8") as log:
                log.write(text + "\n")

    def handle_any(self):
        self.note(f"{self.command} {self.path} {'with' if self.headers.get('Authorization') else 'without'} authorization")
        if options.fault == "silent":
            gone.wait()
            return
        if options.fault == "closed":
            self.send_response(403)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if options.token and not self.is_known():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if options.fault == "redirect":
            self.send_response(302)
            self.send_header("Location", options.target + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if options.fault == "moved" and self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", options.target + self.path.removeprefix("/moved"))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if options.fault == "status" or options.fault == "readonly" and "git-receive-pack" in self.path:
            self.send_response(int(options.target))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if options.fault == "flood" and "info/refs" in self.path:
            self.flood()
            return
        self.backend()

    do_GET = do_POST = handle_any

    def is_known(self):
        given = self.headers.get("Authorization", "")
        wanted = base64.b64encode(f"x-access-token:{options.token}".encode()).decode()
        return given == f"Basic {wanted}"

    def flood(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(b"001e# service=git-upload-pack\n0000")
        number = 0
        while not gone.is_set():
            lines = []
            for _ in range(1000):
                number += 1
                line = f"{number:040x} refs/heads/branch-{number:060d}\n".encode()
                lines.append(f"{len(line) + 4:04x}".encode() + line)
            self.wfile.write(b"".join(lines))

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while True:
                size = int(self.rfile.readline().strip(), 16)
                part = self.rfile.read(size)
                self.rfile.readline()
                if size == 0:
                    return b"".join(parts)
                parts.append(part)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def pack(self, path, *selection):
        folder = options.root + path.removesuffix("/git-upload-pack")
        names = subprocess.run(
            ["git", "-C", folder, "rev-list", "--objects", "--all", *selection],
            stdout=subprocess.PIPE, check=True).stdout
        return subprocess.run(
            ["git", "-C", folder, "pack-objects", "--stdout", "--quiet"], input=names,
            stdout=subprocess.PIPE, check=True).stdout

    def backend(self):
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": "/usr/bin:/bin", "GIT_PROJECT_ROOT": options.root, "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
            "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "REMOTE_USER": "tester",
            "REMOTE_ADDR": "127.0.0.1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        question = self.body()
        answer = subprocess.run(
            ["git", "http-backend"], input=question, env=environment,
            stdout=subprocess.PIPE, check=False).stdout
        head, _, body = answer.partition(b"\r\n\r\n")
        status = 200
        headers = []
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            elif name:
                headers.append((name, value))
        # The last question of a fetch; those before it only look for what both sides have.
        asks_for_pack = question.endswith(b"0009done\n")
        if options.fault == "liar" and asks_for_pack:
            body = b"0008NAK\n" + side_band(EMPTY_PACK)
        if options.fault == "hollow" and asks_for_pack:
            body = b"0008NAK\n" + side_band(self.pack(path, "--filter=blob:none"))
        if options.fault == "truncate" and self.command == "POST":
            body = body[: len(body) // 2]
        if options.fault == "garbage" and asks_for_pack:
            # One wrong byte in an object, under a trailer that is right.
            pack = bytearray(self.pack(path)[:-20])
            pack[len(pack) // 2] ^= 0x5A
            body = b"0008NAK\n" + side_band(bytes(pack) + hashlib.sha1(pack).digest())
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if options.fault == "drip" and self.command == "POST":
            for byte in body:
                if gone.wait(0.2):
                    return
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
            return
        self.wfile.write(body)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
if options.cert:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.cert, options.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.buffer.read()
gone.set()
os._exit(0)
