"""The audit log: what `airlock doctor --disk` says of the disk in the folder for temporary files."""

import json
import os
import shutil
import statistics
import tempfile

from common import airlock, build, need, note, tell

# Runs of the small size; the machine's disk is not quiet.
RUNS = 5


def measure(work, entries):
    note(f"writing {entries} entries")
    state = os.path.join(work, "state")
    found = need(airlock(state, work, "doctor", "--disk", "--entries", str(entries), "-o", "json"),
                 "doctor --disk")
    return json.loads(found["output"])


def main(_):
    build()
    work = tempfile.mkdtemp(prefix="airlock-bench-")
    try:
        small = [measure(work, 20_000) for _ in range(RUNS)]
        large = measure(work, 1_000_000)
    finally:
        shutil.rmtree(work)

    def middle(name):
        return statistics.median(found[name] for found in small)

    tell([
        ("20,000 entries in batches, signed", "entries/s", middle("entriesPerSecond"), 20_000, ">="),
        ("1,000,000 entries in batches, signed", "entries/s", large["entriesPerSecond"], 20_000, ">="),
        ("one production entry, signed, p50", "ms", middle("waitP50"), None, ""),
        ("one production entry, signed, p99", "ms", middle("waitP99"), 20, "<="),
        ("slowest of 100 proofs in 1,000,000", "ms", large["proof"], 5, "<="),
        ("open for writing at 1,000,000", "ms", large["open"], None, ""),
    ])
