"""Hostile YAML: what `airlock validate` costs on it, above the same repository without it."""

import os
import shutil
import statistics
import sys
import tempfile

from common import BINARY, ROOT, build, note, run, tell

RUNS = 9
PATH = "services/storefront/service.yaml"


def bombs():
    """(name, pieces) of files that are made to exhaust a reader; a child that starts counts what this process holds."""
    aliases = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    for level in range(1, 9):
        aliases += f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 9)}]\n"
    yield "alias bomb", [aliases.encode()]
    yield "10,000-deep lists", [b"[" * 10_000]
    yield "10,000-deep mappings", [b"".join(b" " * n + b"a:\n" for n in range(1_000)) + b"{a: " * 9_000]
    yield "duplicate keys", [b"port: 80\n" * 20_000]
    yield "invalid UTF-8", [b"port: \xff\xfe\n"]
    yield "100 MB of nothing", [b" " * (1 << 20)] * 100
    yield "keys in keys", [b"? " * 10_000 + b"a\n"]
    yield "mappings as keys", [b"{" * 5_000 + b"a" + b": b}" * 5_000]
    yield "39,000 values", [b"a: [" + b"x," * 39_000 + b"x]\n"]
    yield "39,000 lines", [b"".join(b"k%d: 1\n" % n for n in range(19_500))]


def measure(folder):
    found = [run([BINARY, "validate", folder]) for _ in range(RUNS)]
    return (found[0], statistics.median(one["seconds"] for one in found) * 1000,
            max(one["megabytes"] for one in found))


def main(_):
    build()
    rows = []
    with tempfile.TemporaryDirectory(prefix="airlock-bench-") as work:
        folder = os.path.join(work, "repo")
        shutil.copytree(os.path.join(ROOT, "ExampleRepo"), folder)
        if not os.path.exists(os.path.join(folder, PATH)):
            sys.exit(f"bench: ExampleRepo has no {PATH}")
        _, time, memory = measure(folder)
        rows.append(("ExampleRepo as it is", "ms", time, None, None))
        for name, pieces in bombs():
            note(name)
            with open(os.path.join(folder, PATH), "wb") as file:
                file.writelines(pieces)
            first, spent, peak = measure(folder)
            if first["code"] != 1 or PATH not in first["output"] + first["errors"]:
                sys.exit(f"bench: {name} was not refused by name:\n{first['output']}{first['errors']}")
            rows.append((f"{name}: refused, more than that", "ms", spent - time, 100, "<="))
            rows.append((f"{name}: memory, more than that", "MB", peak - memory, 50, "<="))
    tell(rows)
