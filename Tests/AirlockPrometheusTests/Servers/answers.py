#!/usr/bin/env python3
"""A server that says what a file tells it to, for what no real one can be made to say.

Usage: answers.py FOLDER
Prints one line of JSON with its port; ends with its input. FOLDER/answer.json is
{"status": 200, "headers": {}, "body": "…", "repeat": 1, "delay": 0, "skew": 0, "time": NOW}; with "bodies" in place of
"body" each question gets the next one. What was asked goes to FOLDER/requests.jsonl.
"""

import http.server
import itertools
import json
import os
import sys
import threading
import time
from email.utils import formatdate

FOLDER = sys.argv[1]
LOCK = threading.Lock()
TURNS = itertools.count()


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        asked = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        with open(os.path.join(FOLDER, "answer.json"), encoding="utf-8") as file:
            answer = json.load(file)
        with LOCK, open(os.path.join(FOLDER, "requests.jsonl"), "a", encoding="utf-8") as file:
            line = {"path": self.path, "headers": dict(self.headers.items()), "body": asked}
            file.write(json.dumps(line) + "\n")
            turn = next(TURNS)
        time.sleep(answer.get("delay", 0))
        bodies = answer.get("bodies") or [answer.get("body", "")]
        body = (bodies[min(turn, len(bodies) - 1)] * answer.get("repeat", 1)).encode()
        self.send_response_only(answer.get("status", 200))
        self.send_header("Date", formatdate(
            answer.get("time", time.time()) + answer.get("skew", 0), usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        for name, value in answer.get("headers", {}).items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    do_GET = do_POST


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"answers": server.server_address[1]}), flush=True)
sys.stdin.read()
