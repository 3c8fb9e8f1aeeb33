"""Judging releases: false alarms and time to detect, beside a fixed threshold and a rank test."""

import json

from common import BINARY, build, need, note, run

# What the judge and the watch are measured on; the program draws the traffic from printed seeds.
TABLES = {
    "harm": "5% errors, small harm and no harm, canary at 1% of the traffic for 30 min",
    "rollouts": "healthy rollouts through 1%, 5%, 25%, 100% with a hold of 10 min each",
    "counting": "clients that retry",
    "delivery": "1,000 rollouts and rollbacks of healthy slots through the engine, each with a kill; "
    "then 200 of each that break a hard limit, and 100 that fail 5%, at one sample a second",
    "watch": "the learned watch on one sample a second, no stable slot beside it",
}


def main(options):
    build()
    figures = {}
    for table, what in TABLES.items():
        note(f"{table}: {what}")
        rows = need(run([BINARY, "sim", "trials", table, "--seed", "1"]), table)["output"]
        print(f"\n{what} (seeds from 1)\n\n{rows}")
        figures[table] = [
            [cell.strip() for cell in row.strip("|").split("|")]
            for row in rows.splitlines() if row.startswith("|") and not row.startswith("|---")
        ]
    print(json.dumps(figures))
