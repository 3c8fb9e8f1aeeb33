"""The loop: the demo, a plan of ExampleRepo, cold start and first convergence of a fleet."""

import json
import os
import shutil
import statistics
import sys
import tempfile

from common import BINARY, ROOT, airlock, build, commit_all, make_fleet, need, note, run, tell

# Seconds that every instance of default behaviour takes to start; a driven clock would skip them.
SIMULATED_STARTUP = 1.0


def bench_plan(work):
    """`airlock plan` on ExampleRepo, from process start: median of 21."""
    repo = os.path.join(work, "example")
    shutil.copytree(os.path.join(ROOT, "ExampleRepo"), repo)
    commit_all(repo)
    state = os.path.join(work, "plan-state")
    need(airlock(state, repo, "plan"), "plan")
    times = [need(airlock(state, repo, "plan"), "plan")["seconds"] for _ in range(21)]
    return statistics.median(times) * 1000


def bench_fleet(work, lanes):
    repo = os.path.join(work, "fleet")
    note(f"making a fleet of {lanes} lanes")
    make_fleet(repo, lanes)
    note("cold start")
    cold = need(airlock(os.path.join(work, "cold-state"), repo, "plan", "-o", "json"), "plan")
    shown = json.loads(cold["output"])
    if len(shown["lanes"]) != lanes:
        sys.exit(f"bench: the plan has {len(shown['lanes'])} lanes instead of {lanes}")
    note("first convergence")
    state = os.path.join(work, "state")
    first = need(airlock(state, repo, "reconcile", "--wait", "600s", "-o", "json",
                         "--log-level", "info", "--log-format", "json"), "reconcile")
    summary = json.loads(first["output"])
    if summary["totals"]["settled"] != lanes:
        sys.exit(f"bench: {summary['totals']['settled']} of {lanes} lanes settled")
    closed = [json.loads(line) for line in first["errors"].splitlines()
              if '"ledger closed"' in line][-1]
    note("checking what is left")
    verified = need(airlock(state, repo, "audit", "verify"), "audit verify")
    second = airlock(state, repo, "plan", "--detailed-exitcode")
    if second["code"] != 0:
        sys.exit(f"bench: the second plan is not empty:\n{second['output'][-500:]}")
    actions = check_intents(state, repo)
    return cold, first, closed, verified, actions


def check_intents(state, repo):
    """Every action has one durable intent and one end, by the exported log."""
    exported = need(airlock(state, repo, "audit", "export"), "audit export")["output"]
    intended, ended = set(), set()
    for line in exported.splitlines():
        entry = json.loads(line)
        if entry["kind"] == "intended":
            intended.add(entry["seq"])
        elif entry["kind"] == "settled":
            ended.add(entry["about"])
    if intended != ended:
        sys.exit(f"bench: {len(intended ^ ended)} intents without an end")
    return len(intended)


def bench_demo():
    result = need(run([os.path.join(ROOT, "Scripts/demo")]), "Scripts/demo")
    for line in result["output"].splitlines() + result["errors"].splitlines():
        if line.startswith("Done in "):
            return float(line.split()[2])
    sys.exit("bench: the demo did not say how long it took")


def main(options):
    build()
    rows = []
    with tempfile.TemporaryDirectory(prefix="airlock-bench-") as work:
        if not options.skip_demo:
            note("demo")
            rows.append(("demo after the build", "s", bench_demo(), 30, "<="))
        note("plan on ExampleRepo")
        rows.append(("plan on ExampleRepo, from process start", "ms", bench_plan(work), 100, "<="))
        lanes = options.lanes or 10_000
        cold, first, closed, verified, actions = bench_fleet(work, lanes)
        rows += [
            (f"cold start of {lanes} lanes", "s", cold["seconds"], 3, "<="),
            ("peak memory of that", "MB", cold["megabytes"], 300, "<="),
            (f"first convergence of {lanes} lanes, whole process", "lanes/s",
             lanes / first["seconds"], None, None),
            ("the same without the simulated start-up", "lanes/s",
             lanes / (first["seconds"] - SIMULATED_STARTUP), 1000, ">="),
            ("wall time of that", "s", first["seconds"], None, None),
            ("CPU time of that", "s", first["cpu"], None, None),
            ("peak memory of that", "MB", first["megabytes"], None, None),
            ("actions with a durable intent and end", "", actions, None, None),
            ("lanes per fsync of the ledger", "", lanes / int(closed["flushes"]), None, None),
            ("audit verify of that", "s", verified["seconds"], None, None),
        ]
    tell(rows)
