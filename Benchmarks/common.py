"""What the measurements share: rounds, ratios, the load generator, and the table."""

import json
import os
import pathlib
import platform
import re
import socket
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".build" / "bench"
RPCD = ROOT / ".build" / "release" / "rpcd"
PGBENCH = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/pgbench"))[-1]
README = ROOT / "Benchmarks" / "README.md"
HTTP_PORT, NGINX_PORT = 18080, 18081
QUICK = "--quick" in sys.argv
ROUNDS, SECONDS = (2, 1) if QUICK else (5, 3)
rows = []


def row(what, goal, figure, reached, detail):
    rows.append((what, goal, figure, {True: "yes", False: "**no**", None: "–"}[reached], detail))
    print(f"{what}: {figure} (goal {goal}) {detail}", flush=True)


def load(path, *extra, seconds=SECONDS):
    command = [TOOLS / "load", "--socket", path, "--seconds", str(seconds), "--warmup", "0.3", *map(str, extra)]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert result["errors"] == 0, result
    return result


def ratio(ours, theirs):
    """Both in turn, several times; the median of the ratios, and the last of each."""
    ratios, last = [], None
    for _ in range(ROUNDS):
        last = (ours(), theirs())
        ratios.append(last[0]["perSecond"] / last[1]["perSecond"])
    return statistics.median(ratios), *last


def times(result):
    return f"p50 {result['p50us']:.0f} µs, p99 {result['p99us']:.0f} µs" if "p99us" in result else f"mean {result['mean']:.0f} µs"


def wait_for_ready(process):
    for line in process.stdout:
        if line.startswith("ready "):
            return line
    raise SystemExit("rpcd did not become ready")


def resident(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


class Connection:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.stream = self.socket.makefile("rw")

    def call(self, method, **params):
        self.stream.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}) + "\n")
        self.stream.flush()
        answer = json.loads(self.stream.readline())
        assert "result" in answer, answer
        return answer["result"]


def pgbench(host, script, clients):
    command = [PGBENCH, "-h", host, "-U", "rpcd", "-n", "-M", "prepared", "-f", script, "-c", str(clients), "-j", "1",
               "-T", str(SECONDS), "rpcd"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {"perSecond": float(re.search(r"tps = ([\d.]+)", text)[1]),
            "mean": float(re.search(r"latency average = ([\d.]+)", text)[1]) * 1000}


def write_table(parts):
    """The rows of this run; of parts that were not measured the earlier ones stay."""
    text = README.read_text()
    begin, end = "<!-- figures -->\n", "<!-- end of figures -->"
    head, rest = text.split(begin)
    table, tail = rest.split(end)
    kept = [line for line in table.splitlines() if line.startswith("| ")][2:] if parts else []
    fresh = [f"| {' | '.join(entry)} |" for entry in rows]
    names = {line.split(" | ")[0] for line in fresh}
    lines = ["| what | goal | figure | reached | |", "| --- | --- | --- | --- | --- |"]
    lines += [line for line in kept if line.split(" | ")[0] not in names] + fresh
    where = f"{os.cpu_count()} cores, {platform.system()} {platform.release().split('-')[0]}, {ROUNDS} rounds of {SECONDS} s"
    taken = f"Taken on {time.strftime('%Y-%m-%d')}: {where}."
    README.write_text(head + begin + "\n" + "\n".join(lines) + f"\n\n{taken}\n\n" + end + tail)
