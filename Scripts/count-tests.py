"""Prints `passed failed skipped` of a Swift Testing result file, and each skip with its reason.

Fails when the file is missing or unfinished, so that a crash is never read as success.
"""

import sys
import xml.etree.ElementTree as xml

passed = failed = skipped = 0
try:
    cases = xml.parse(sys.argv[1]).getroot().iter("testcase")
except (OSError, xml.ParseError) as error:
    sys.exit(f"{sys.argv[1]}: {error}")
for case in cases:
    skip = case.find("skipped")
    if skip is not None:
        skipped += 1
        reason = (skip.text or skip.get("message") or "no reason given").strip()
        print(f"skipped: {case.get('name')}: {reason}", file=sys.stderr)
    elif case.find("failure") is not None or case.find("error") is not None:
        failed += 1
        print(f"failed: {case.get('classname')} {case.get('name')}", file=sys.stderr)
    else:
        passed += 1
print(passed, failed, skipped)
