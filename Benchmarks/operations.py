"""What an operator waits for, and what it costs to be watched."""

import contextlib
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

from common import QUICK, ROOT, ROUNDS, RPCD, Connection, load, ratio, resident, row, wait_for_ready

# As it is installed: with Swift's runtime in it (scripts/package).
PACKAGED = ROOT / ".build" / "package" / "release" / "rpcd"
PROGRAM = PACKAGED if PACKAGED.exists() else RPCD
LINKED = "the package's" if PROGRAM == PACKAGED else "with Swift's runtime beside it"
JOURNAL = pathlib.Path("/run/systemd/journal")

RUNS = 5 if QUICK else 30
COLLECTOR = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
    def log_message(self, *_):
        pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


def process(path):
    """The command as a shell sees it: started, connected, answered, gone."""
    taken = []
    for _ in range(RUNS):
        began = time.monotonic()
        subprocess.run([PROGRAM, "call", "system.ping", "--socket", path], check=True, stdout=subprocess.DEVNULL)
        taken.append((time.monotonic() - began) * 1000)
    value = statistics.median(taken)
    row("`rpcd call system.ping`, the whole process", "< 10 ms", f"{value:.1f} ms", value < 10, f"{LINKED}; {min(taken):.1f}–{max(taken):.1f} ms")


def size(work):
    stripped = work / "rpcd-stripped"
    subprocess.run(["strip", "-o", stripped, PROGRAM], check=True)
    megabytes = stripped.stat().st_size / 1e6
    row("The program, stripped", "< 30 MB", f"{megabytes:.1f} MB", megabytes < 30, LINKED)


def settings_for(data, work):
    """Of a `rpcd serve` on the database that is there."""
    return {"PATH": os.environ["PATH"], "RPCD_DATABASE_URL": f"host={data / 'postgres' / 'socket'} user=rpcd_daemon dbname=rpcd",
            "RPCD_JWT_KEY_FILE": str(data / "jwt-key"), "RPCD_MASTER_KEY_FILE": str(data / "master-key"),
            "RPCD_MIGRATIONS": str(ROOT / "migrations"), "RPCD_HTTP_LISTEN": "off", "RPCD_RATE_GENERAL": "off", "RPCD_RATE_AUTH": "off",
            "RPCD_LOG_LEVEL": "error", "RPCD_SOCKET": str(work / "serve.sock")}


def start(settings, log=subprocess.DEVNULL):
    return subprocess.Popen([PROGRAM, "serve"], stdout=subprocess.PIPE, stderr=log, text=True, env=settings)


def ready(settings):
    taken, memory = [], 0
    for _ in range(RUNS):
        began = time.monotonic()
        daemon = start(settings)
        wait_for_ready(daemon)
        taken.append((time.monotonic() - began) * 1000)
        memory = resident(daemon)
        daemon.terminate()
        daemon.wait()
    row("`rpcd serve` when it is ready, resident", "< 40 MiB", f"{memory:.0f} MiB", memory < 40, "")
    value = statistics.median(taken)
    row("`rpcd serve` from its start to ready", "< 200 ms", f"{value:.0f} ms", value < 200, f"the database is up; {min(taken):.0f}–{max(taken):.0f} ms")


def activation(settings, work):
    taken = []
    path = work / "activated.sock"
    for _ in range(RUNS):
        path.unlink(missing_ok=True)
        words = [word for key, value in settings.items() for word in ("-E", f"{key}={value}")]
        manager = subprocess.Popen(["/usr/bin/systemd-socket-activate", "-l", path, *words, PROGRAM, "serve"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not path.exists():
            time.sleep(0.002)
        time.sleep(0.05)
        began = time.monotonic()
        Connection(str(path)).call("system.ping")
        taken.append((time.monotonic() - began) * 1000)
        manager.terminate()
        manager.wait()
    value = statistics.median(taken)
    row("From the first connection to a socket that starts the daemon to its answer", "< 150 ms", f"{value:.0f} ms", value < 150,
        f"{min(taken):.0f}–{max(taken):.0f} ms")


@contextlib.contextmanager
def journal():
    """Where systemd is not running, its journal by itself. - Returns: what is standard error of a unit, and how the unit is told so."""
    own = None
    if not (JOURNAL / "stdout").exists():
        made = not JOURNAL.exists()
        JOURNAL.mkdir(parents=True, exist_ok=True)
        own = subprocess.Popen(["/lib/systemd/systemd-journald"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (JOURNAL / "stdout").exists():
            time.sleep(0.01)
    try:
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(str(JOURNAL / "stdout"))
            # systemd-journald's protocol of streams: identifier, unit, priority, and where else it goes.
            stream.sendall(b"rpcd\n\n6\n0\n0\n0\n0\n")
            status = os.fstat(stream.fileno())
            yield stream, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
    finally:
        if own:
            own.terminate()
            own.wait()
            if made:
                shutil.rmtree(JOURNAL)


def watched(settings, work, request):
    """Two daemons on one database, one of them watched: metrics each second, a tenth of its calls traced, its log in the journal."""
    with journal() as (stream, told):
        watch(settings, work, request, stream, told)


def watch(settings, work, request, stream, told):
    collector = subprocess.Popen([sys.executable, "-c", COLLECTOR], stdout=subprocess.PIPE, text=True)
    port = collector.stdout.readline().strip()
    bare = settings | {"RPCD_SOCKET": str(work / "bare.sock")}
    seen = settings | {"RPCD_SOCKET": str(work / "seen.sock"), "RPCD_LOG_LEVEL": "info", "RPCD_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"} | told
    daemons = [start(bare), start(seen, stream)]
    stop = threading.Event()

    def scrape():
        connection = Connection(seen["RPCD_SOCKET"])
        while not stop.wait(1):
            connection.call("system.metrics")

    try:
        for daemon in daemons:
            wait_for_ready(daemon)
        scraper = threading.Thread(target=scrape)
        scraper.start()
        value, ours, theirs = ratio(lambda: load(seen["RPCD_SOCKET"], "--request", request, "--clients", 8),
                                    lambda: load(bare["RPCD_SOCKET"], "--request", request, "--clients", 8))
        stop.set()
        scraper.join()
        row("`workspaces.get`, 8 clients: with metrics, journal and traces ÷ without", "≥ 0.95", f"{value:.2f}", value >= 0.95,
            f"{ours['perSecond']:,.0f}/s and {theirs['perSecond']:,.0f}/s")
    finally:
        stop.set()
        for daemon in daemons:
            daemon.terminate()
            daemon.wait()
        collector.kill()


def measure(path, data, work, request):
    process(path)
    size(work)
    settings = settings_for(data, work)
    ready(settings)
    activation(settings, work)
    watched(settings, work, request)
