"""What counting in Redis adds to a call, and what a read by key takes that Redis knows."""

import re
import shutil
import statistics
import subprocess
import time

from common import ROOT, ROUNDS, RPCD, SECONDS, Connection, load, ratio, row, times, wait_for_ready
from transports import make_workspace


def alone(url):
    """One caller, one connection: half of his calls take less, in microseconds."""
    text = subprocess.run(["wrk", "-t1", "-c1", f"-d{SECONDS}s", "--latency", url], check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in text, text
    value, unit = re.search(r"50%\s+([\d.]+)(us|ms)", text).groups()
    return float(value) * {"us": 1, "ms": 1000}[unit]


def serve(work, name, environment):
    daemon = subprocess.Popen(
        [RPCD, "dev", "--data-dir", work / name, "--http", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    line = wait_for_ready(daemon)
    return daemon, re.search(r"http=(\S+)", line)[1], re.search(r"socket=(\S+)", line)[1]


def hits(path):
    text = Connection(path).call("system.metrics")["text"]
    return int(re.search(r'rpcd_redis_standing_lookups_total\{outcome="hit"\} (\d+)', text)[1])


def reads(without, there):
    """The same read by key, 32 clients: asked of PostgreSQL in batches, and kept in Redis."""
    requests = {path: make_workspace(path) for path in (without, there)}
    # Nothing is believed for as long as an entry lives.
    while hits(there) == 0:
        load(there, "--request", requests[there], "--clients", 1, seconds=1)
    value, kept, asked = ratio(
        *(lambda path=path: load(path, "--request", requests[path], "--clients", 32) for path in (there, without)))
    row("`workspaces.get`, 32 clients: kept in Redis ÷ asked of PostgreSQL", "", f"{value:.2f}", True,
        f"kept {kept['perSecond']:,.0f}/s, {times(kept)}; asked {asked['perSecond']:,.0f}/s, {times(asked)}")


def measure(work, environment):
    """Two daemons that are alike but for Redis, by a Unix socket; asked in turn."""
    folder = work / "redis"
    folder.mkdir()
    socket = folder / "socket"
    server = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", folder], stdout=subprocess.DEVNULL)
    environment = environment | {"RPCD_RATE_GENERAL": "1000000/s", "RPCD_REDIS_CACHE_SECONDS": "10"}
    daemons = []
    try:
        while not socket.exists():
            time.sleep(0.01)
        daemons = [serve(work, "without", environment), serve(work, "with", environment | {"RPCD_REDIS_URL": f"unix://{socket}"})]
        urls = [f"http://{address}/api/v1/ping" for _, address, _ in daemons]
        for url in urls:
            alone(url)
        pairs = [tuple(alone(url) for url in urls) for _ in range(ROUNDS)]
        added = statistics.median(there - without for without, there in pairs)
        row("Rate counted in Redis by a Unix socket, added to a call", "≤ 100 µs", f"{added:.0f} µs", added <= 100,
            f"p50 {pairs[-1][1]:.0f} µs with, {pairs[-1][0]:.0f} µs without; `GET /api/v1/ping`, one connection")
        reads(*(path for *_, path in daemons))
    finally:
        for daemon, *_ in daemons:
            daemon.terminate()
            daemon.wait()
        server.terminate()
        server.wait()
        for name in ("redis", "with", "without"):
            shutil.rmtree(work / name, ignore_errors=True)
