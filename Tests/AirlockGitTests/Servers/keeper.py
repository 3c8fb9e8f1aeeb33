#!/usr/bin/env python3
"""Runs a program until the input ends, so that a server ends with the test that started it.

Usage: keeper.py PROGRAM [ARGUMENT…]
A server that closes every file it inherited would look, to the one who started it, as if it had ended.
"""

import subprocess
import sys

server = subprocess.Popen(
    sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
sys.stdin.buffer.read()
server.terminate()
try:
    server.wait(5)
except subprocess.TimeoutExpired:
    server.kill()
    server.wait()
