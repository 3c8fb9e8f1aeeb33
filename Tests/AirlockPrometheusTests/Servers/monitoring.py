#!/usr/bin/env python3
"""Real monitoring on loopback ports of its own, for one test: Prometheus, Alertmanager, an exporter that
counts as a file says, and a receiver of webhooks.

Usage: monitoring.py FOLDER
Prints one line of JSON with the ports, then obeys lines of its input: `kill prometheus`, `start prometheus`.
Everything ends with the input. FOLDER holds:

  traffic.json  {"slots": {SLOT: {"instances": 2, "rate": 100, "errors": 0.01, "slow": 0.02}}, "fault": ""}
                fault: "", "down" (the exporter answers 503), "nan" (errors are no number), "frozen"
  webhook.jsonl what the receiver got, one {"signature", "body"} a line
  notified.jsonl what Alertmanager told a person, one notification a line; it waits a second and repeats nothing
  receiver      "fail" makes the receiver answer 500
"""

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

FOLDER, BINARIES = sys.argv[1], "/usr/bin"
BUCKETS = [0.05, 0.1, 0.25, 0.5, 1.0]


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Quiet(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def reply(self, status, body=b"", kind="text/plain; version=0.0.4"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Counters:
    """Counters that grow with the clock, at the rates that the file gives at each scrape."""

    def __init__(self):
        self.last = time.monotonic()
        self.values = {}

    def text(self):
        with open(os.path.join(FOLDER, "traffic.json"), encoding="utf-8") as file:
            traffic = json.load(file)
        fault = traffic.get("fault", "")
        if fault == "down":
            return None
        now = time.monotonic()
        passed = 0 if fault == "frozen" else now - self.last
        self.last = now
        lines = []
        for slot, says in traffic["slots"].items():
            for instance in range(says["instances"]):
                key = (slot, instance)
                requests, errors, slow = self.values.get(key, (0.0, 0.0, 0.0))
                part = passed * says["rate"] / says["instances"]
                requests += part
                errors += part * says["errors"]
                slow += part * says.get("slow", 0.01)
                self.values[key] = (requests, errors, slow)
                labels = f'slot="{slot}",instance="{slot[:6]}-{instance}"'
                bad = "NaN" if fault == "nan" else int(errors)
                lines.append(f"shop_requests_total{{{labels}}} {int(requests)}")
                lines.append(f"shop_errors_total{{{labels}}} {bad}")
                lines.append(f"shop_memory_bytes{{{labels}}} {64 << 20}")
                for bound in BUCKETS:
                    count = int(requests) - (int(slow) if bound < 0.5 else 0)
                    count = 0 if bound < 0.1 else count
                    lines.append(f'shop_seconds_bucket{{{labels},le="{bound}"}} {count}')
                lines.append(f'shop_seconds_bucket{{{labels},le="+Inf"}} {int(requests)}')
        return "\n".join(lines) + "\n"


COUNTERS = Counters()


class Exporter(Quiet):
    def do_GET(self):
        text = COUNTERS.text()
        self.reply(503) if text is None else self.reply(200, text.encode())


class Receiver(Quiet):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        if self.path == "/person":
            with open(os.path.join(FOLDER, "notified.jsonl"), "a", encoding="utf-8") as file:
                file.write(json.dumps(json.loads(body)) + "\n")
            return self.reply(204)
        path = os.path.join(FOLDER, "receiver")
        if os.path.exists(path) and open(path, encoding="utf-8").read().strip() == "fail":
            return self.reply(500)
        with open(os.path.join(FOLDER, "webhook.jsonl"), "a", encoding="utf-8") as file:
            line = {"signature": self.headers.get("Airlock-Signature"), "body": body}
            file.write(json.dumps(line) + "\n")
        self.reply(204)


def serve(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def start(name, arguments, port, ready):
    log = open(os.path.join(FOLDER, f"{name}.log"), "ab")
    process = subprocess.Popen(
        arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=FOLDER)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=1).read()
            return process
        except (urllib.error.URLError, OSError):
            if process.poll() is not None:
                break
            time.sleep(0.05)
    process.kill()
    sys.exit(f"{name} did not come up; see {log.name}")


def end(process):
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


PORTS = {"exporter": serve(Exporter), "webhook": serve(Receiver), "prometheus": free_port(),
         "alertmanager": free_port()}

with open(os.path.join(FOLDER, "prometheus.yml"), "w", encoding="utf-8") as config:
    config.write(
        "global: {scrape_interval: 1s, scrape_timeout: 900ms}\n"
        "scrape_configs:\n"
        "- job_name: shop\n"
        "  honor_labels: true\n"
        f"  static_configs: [{{targets: ['127.0.0.1:{PORTS['exporter']}']}}]\n")
with open(os.path.join(FOLDER, "alertmanager.yml"), "w", encoding="utf-8") as config:
    config.write(
        "route: {receiver: person, group_wait: 1s, group_interval: 1s, repeat_interval: 4h}\n"
        "receivers:\n"
        "- name: person\n"
        "  webhook_configs:\n"
        f"  - {{url: 'http://127.0.0.1:{PORTS['webhook']}/person', send_resolved: false}}\n")


def start_prometheus():
    port = PORTS["prometheus"]
    return start(
        "prometheus",
        [f"{BINARIES}/prometheus", f"--config.file={FOLDER}/prometheus.yml",
         f"--storage.tsdb.path={FOLDER}/tsdb", f"--web.listen-address=127.0.0.1:{port}",
         "--log.level=warn"], port, "/-/ready")


prometheus = alertmanager = None
try:
    prometheus = start_prometheus()
    alertmanager = start(
        "alertmanager",
        [f"{BINARIES}/prometheus-alertmanager", f"--config.file={FOLDER}/alertmanager.yml",
         f"--storage.path={FOLDER}/alerts", "--cluster.listen-address=",
         f"--web.listen-address=127.0.0.1:{PORTS['alertmanager']}", "--log.level=warn"],
        PORTS["alertmanager"], "/-/ready")
    print(json.dumps(PORTS), flush=True)
    for line in sys.stdin:
        if line.strip() == "kill prometheus":
            prometheus.kill()
            prometheus.wait()
        elif line.strip() == "start prometheus":
            prometheus = start_prometheus()
        print("done", flush=True)
finally:
    end(prometheus)
    end(alertmanager)
