"""Scale: what a look and a commit cost `airlock run` over smart HTTP, with git beside it."""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from common import BINARY, GIT, ROOT, airlock, build, make_fleet, need, note, run, tell

ROUNDS = 50
SERVER = os.path.join(ROOT, "Tests/AirlockGitTests/Servers/git_server.py")


class Reconciler:
    """`airlock run`, whose log says what each look and each pass cost."""

    def __init__(self, work, url):
        self.state = os.path.join(work, "state")
        self.url = url
        self.log_path = os.path.join(work, "log")
        self.log = open(self.log_path, "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [BINARY, "run", "--allow-root", "--poll", "1h", "--repo", url, "--state", self.state,
             "--log-level", "debug", "--log-format", "json"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log)
        self.seen = 0
        deadline = time.monotonic() + 30
        while not os.path.exists(os.path.join(self.state, "control.sock")):
            if time.monotonic() > deadline or self.process.poll() is not None:
                sys.exit("bench: airlock run did not start")
            time.sleep(0.05)

    def look(self, wait=None):
        """Has it look once; gives what it logged meanwhile."""
        arguments = ["reconcile"] + (["--wait", wait] if wait else [])
        need(airlock(self.state, self.url, *arguments), "reconcile")
        # The last pass is logged after the answer.
        time.sleep(0.02)
        self.log.flush()
        with open(self.log_path, encoding="utf-8") as log:
            log.seek(self.seen)
            text = log.read()
        end = text.rfind("\n") + 1
        self.seen += len(text[:end].encode())
        return [json.loads(line) for line in text[:end].splitlines()]

    def cpu(self):
        """CPU seconds of the process and of its fetch worker."""
        total = 0
        tree = [self.process.pid]
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/children", encoding="utf-8") as file:
                tree += [int(pid) for pid in file.read().split()]
        for pid in tree:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")

    def megabytes(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def git(*arguments, cwd, text=None):
    return subprocess.run(["git", *arguments], cwd=cwd, check=True, env={**os.environ, **GIT},
                          input=text, stdout=subprocess.PIPE, encoding="utf-8").stdout.strip()


def timed(arguments, cwd=None):
    start = time.monotonic()
    subprocess.run(arguments, cwd=cwd, check=True, env={**os.environ, **GIT},
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.monotonic() - start) * 1000


def figures(lines, message, key):
    return [int(line[key]) / 1000 for line in lines if line.get("message") == message and key in line]


def change(bare, lanes, round_number):
    """Moves one lane to another artifact, in a commit on main."""
    service = f"service-{round_number % (lanes // 4):05d}"
    path = f"services/{service}/development.yaml"
    old = git("rev-parse", "main", cwd=bare)
    text = git("show", f"main:{path}", cwd=bare)
    digest = f"{round_number:08x}" * 8
    text = "\n".join(
        f"artifact: registry.example/{service}@sha256:{digest}" if line.startswith("artifact") else line
        for line in text.splitlines()) + "\n"
    blob = git("hash-object", "-w", "--stdin", cwd=bare, text=text)
    git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", cwd=bare)
    tree = git("write-tree", cwd=bare)
    commit = git("commit-tree", tree, "-p", old, "-m", f"{service} moves", cwd=bare)
    git("update-ref", "refs/heads/main", commit, cwd=bare)
    return old, commit


def measure(lanes):
    rows = []
    with tempfile.TemporaryDirectory(prefix="airlock-bench-") as work:
        folder, bare = os.path.join(work, "fleet"), os.path.join(work, "fleet.git")
        note(f"making a fleet of {lanes} lanes")
        make_fleet(folder, lanes)
        git("clone", "-q", "--bare", folder, bare, cwd=work)
        git("read-tree", "main", cwd=bare)
        server = subprocess.Popen([sys.executable, SERVER, work], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, encoding="utf-8")
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}/fleet.git"
        peer = os.path.join(work, "peer")
        git("clone", "-q", "--mirror", url, peer, cwd=work)
        reconciler = Reconciler(work, url)
        try:
            note("first convergence")
            start = time.monotonic()
            reconciler.look(wait="2h")
            rows.append((f"{lanes} lanes: first convergence", "lanes/s",
                         lanes / (time.monotonic() - start), None, None))
            rows += quiet(reconciler, url, lanes)
            rows += commits(reconciler, bare, peer, lanes)
            rows.append((f"{lanes} lanes: resident", "MB", reconciler.megabytes(),
                         1500 if lanes == 100_000 else None, "<="))
        finally:
            reconciler.stop()
            server.stdin.close()
            server.wait()
    return rows


def quiet(reconciler, url, lanes):
    note("looks that find nothing new")
    walls, peers, blobs, documents, plans = [], [], 0, 0, 0
    before = reconciler.cpu()
    for number in range(ROUNDS):
        peers.append(timed(["git", "ls-remote", url, "refs/heads/main"]))
        lines = reconciler.look()
        walls.append(sum(figures(lines, "looked", "allMicroseconds"))
                     + sum(figures(lines, "passed", "microseconds")))
        for line in lines:
            if line.get("message") == "looked":
                blobs += int(line["blobs"])
                documents += int(line["documents"])
            if line.get("message") == "planned":
                plans += 1
                note(f"look {number} made a plan: {json.dumps(line)}")
    cpu = (reconciler.cpu() - before) / ROUNDS * 1000
    wall, peer = statistics.median(walls), statistics.median(peers)
    name = f"{lanes} lanes, nothing new"
    return [
        (f"{name}: wake to sleep", "ms", wall, None, None),
        (f"{name}: git ls-remote beside it", "ms", peer, None, None),
        (f"{name}: ratio", "", wall / peer, 1.5, "<="),
        (f"{name}: CPU with the worker", "ms", cpu, None, None),
        (f"{name}: blobs read, documents decoded, plans made", "", blobs + documents + plans, 0, "<="),
    ]


def commits(reconciler, bare, peer, lanes):
    note("commits that change one lane")
    ours, theirs, walks, diffs, thinking, documents = [], [], [], [], [], []
    for number in range(1, ROUNDS + 1):
        old, new = change(bare, lanes, number)
        fetched = timed(["git", "fetch", "-q", "origin", "+refs/heads/main:refs/heads/main"], peer)
        diffed = timed(["git", "diff", "--raw", old, new], peer)
        lines = reconciler.look(wait="60s")
        first = next(line for line in lines if line.get("message") == "looked"
                     and int(line["documents"]) > 0)
        plan = next(line for line in lines if line.get("message") == "planned"
                    and int(line["lanes"]) > 0)
        fetch, walk, decode = (int(first[f"{key}Microseconds"]) / 1000
                               for key in ("fetch", "walk", "decode"))
        planned = int(plan["planMicroseconds"]) / 1000
        ours.append(fetch + walk + decode + planned)
        theirs.append(fetched + diffed)
        walks.append(walk)
        diffs.append(diffed)
        thinking.append(decode + planned)
        documents.append(sum(int(line["documents"]) for line in lines if line.get("message") == "looked"))
    name = f"{lanes} lanes, one lane changed"
    median = statistics.median
    return [
        (f"{name}: fetch, walk, decode, plan", "ms", median(ours), None, None),
        (f"{name}: git fetch + git diff --raw beside it", "ms", median(theirs), None, None),
        (f"{name}: ratio", "", median(ours) / median(theirs), 1.5, "<="),
        (f"{name}: walk", "ms", median(walks), None, None),
        (f"{name}: git diff --raw beside it", "ms", median(diffs), None, None),
        (f"{name}: decode and plan", "ms", median(thinking), None, None),
        (f"{name}: most documents decoded", "", max(documents), 1, "<="),
    ]


def main(options):
    build()
    rows = []
    for lanes in options.lanes or [1_000, 10_000, 100_000]:
        rows += measure(lanes)
        tell(rows)
    values = {row[0]: row[2] for row in rows}
    small, large = (values.get(f"{lanes} lanes, one lane changed: decode and plan")
                    for lanes in (1_000, 100_000))
    if small and large:
        rows.append(("decode and plan at 100,000 against 1,000 lanes", "", large / small, 1.5, "<="))
    resident = [values.get(f"{lanes} lanes: resident") for lanes in (10_000, 100_000)]
    if all(resident):
        rows.append(("growth per lane", "KB", (resident[1] - resident[0]) / 90 * 1.024, None, None))
    tell(rows)
