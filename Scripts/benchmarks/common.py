"""What every benchmark needs: running whole processes, making fleets, telling figures."""

import json
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(ROOT, ".build/release/airlock")
ENVIRONMENTS = {
    "development": "development", "testing": "testing",
    "staging": "staging", "production": "production",
}
GIT = {
    "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "Bench", "GIT_COMMITTER_NAME": "Bench",
    "GIT_AUTHOR_EMAIL": "bench@shop.example", "GIT_COMMITTER_EMAIL": "bench@shop.example",
}


def note(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def run(arguments, **options):
    """Runs a process; gives its exit code, output, seconds and peak memory in MB."""
    output, errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()
    start = time.monotonic()
    process = subprocess.Popen(arguments, stdout=output, stderr=errors, **options)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - start
    output.seek(0)
    errors.seek(0)
    return {
        "code": process.returncode, "seconds": seconds, "megabytes": usage.ru_maxrss / 1024,
        "cpu": usage.ru_utime + usage.ru_stime,
        "output": output.read().decode(), "errors": errors.read().decode(),
    }


def need(result, what):
    if result["code"] != 0:
        sys.exit(f"bench: {what} ended with {result['code']}:\n{result['errors'][-2000:]}")
    return result


def git(*arguments, cwd=None):
    subprocess.run(["git", *arguments], cwd=cwd, check=True, env={**os.environ, **GIT},
                   stdout=subprocess.DEVNULL)


def commit_all(folder):
    git("init", "-q", "-b", "main", cwd=folder)
    git("add", "-A", cwd=folder)
    git("commit", "-q", "-m", "A fleet", cwd=folder)


def write(folder, path, text):
    place = os.path.join(folder, path)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "w", encoding="utf-8") as file:
        file.write(text)


def make_fleet(folder, lanes):
    """A fleet of default behaviour: four environments, a quarter of the lanes in each."""
    write(folder, "fleet.yaml",
          "airlock: 1\nname: bench\norder: [development, testing, staging, production]\n")
    for name, tier in ENVIRONMENTS.items():
        write(folder, f"environments/{name}.yaml", f"tier: {tier}\nprovider: {{simulated: {{}}}}\n")
    for number in range(lanes // len(ENVIRONMENTS)):
        service = f"service-{number:05d}"
        write(folder, f"services/{service}/service.yaml",
              f"owner: team-{number % 50}\nport: 8080\nhealth: {{path: /healthz, every: 5s}}\n"
              "resources: {cpu: 500m, memory: 256Mi}\n")
        for name in ENVIRONMENTS:
            digest = f"{number:056x}{sum(map(ord, name)):08x}"
            write(folder, f"services/{service}/{name}.yaml",
                  f"artifact: registry.example/{service}@sha256:{digest}\nversion: 1.0.{number}\n"
                  "replicas: 2\nconfig: {LOG_LEVEL: info}\nstrategy: allAtOnce\n")
    commit_all(folder)


def build():
    note("building the release binary")
    subprocess.run(["swift", "build", "-c", "release", "--product", "airlock"], cwd=ROOT,
                   check=True, stdout=sys.stderr)


def airlock(state, repo, *arguments):
    return run([BINARY, *arguments, "--state", state, "--repo", repo])


def tell(rows):
    """Prints rows of (name, unit, value, target, sign) as a table, then as JSON."""
    width = max(len(row[0]) for row in rows)
    for name, unit, value, target, sign in rows:
        aim = "" if target is None else f"   target {sign} {target} {unit}"
        print(f"{name:<{width}}  {value:>10.2f} {unit:<8}{aim}")
    print(json.dumps([
        {"name": name, "unit": unit, "value": round(value, 3), "target": target}
        for name, unit, value, target, _ in rows]))
