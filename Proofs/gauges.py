"""What a daemon holds of its host and of its database, and what waits to be done."""

import pathlib
import re
import subprocess
import time

import common

# What is to be empty when nobody asks for anything.
QUEUES = {
    "mails": "SELECT count(*) FROM mails",
    "deliveries": "SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'",
    "events": "SELECT count(*) FROM events WHERE NOT is_handed_out",
    "outbox": "SELECT count(*) FROM analytics_outbox",
    "tasks": "SELECT count(*) FROM job_tasks WHERE state <> 'done'",
    "unsealed": "SELECT count(*) FROM audit_log a WHERE NOT EXISTS (SELECT FROM audit_seals s WHERE s.seq = a.seq)",
}


def queues(cluster):
    counts = cluster.rows(";".join(QUEUES.values()))
    return {name: int(row[0]) for name, row in zip(QUEUES, counts)}


def sockets_to(port):
    """The inodes of this host's TCP connections to it."""
    lines = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {f"socket:[{fields[9]}]" for fields in lines if int(fields[2].split(":")[1], 16) == port}


def targets(folder):
    for entry in folder.iterdir():
        try:
            yield str(entry.readlink())
        except FileNotFoundError:
            # Closed meanwhile.
            pass


class Gauges:
    """Of one daemon, at one moment. Idle connections to providers are kept for the next call: they are counted apart."""

    def __init__(self, daemon, provider_port):
        connection = common.Connection(daemon.socket)
        text = connection.call("system.metrics")["text"]
        connection.close()
        folder = pathlib.Path(f"/proc/{daemon.pid}")
        status = dict(line.split(":\t") for line in (folder / "status").read_text().splitlines() if ":\t" in line)
        self.kib = int(status["RssAnon"].split()[0])
        self.threads = int(status["Threads"])
        descriptors = list(targets(folder / "fd"))
        self.kept = len(sockets_to(provider_port).intersection(descriptors))
        self.descriptors = len(descriptors) - self.kept
        self.pool, self.busy, self.waiting = (self.metric(text, f"rpcd_pool_{name}") for name in ("connections", "busy", "waiting"))
        self.callers = self.metric(text, "rpcd_connections")
        self.calls = sum(int(count) for count in re.findall(r"^rpcd_calls_total\{.*\} (\d+)$", text, re.MULTILINE))
        self.faults = sum(int(count) for count in re.findall(r'^rpcd_calls_total\{.*"INTERNAL_ERROR"\} (\d+)$', text, re.MULTILINE))
        self.life = daemon.pid

    @staticmethod
    def metric(text, name):
        return int(re.search(rf"^{name} (-?\d+)", text, re.MULTILINE).group(1))


def sessions(cluster):
    """Connections of all daemons to the database."""
    return int(cluster.rows("SELECT count(*) FROM pg_stat_activity WHERE usename = 'rpcd_daemon'")[0][0])


def settle(condition, seconds):
    """Waits for it. - Returns: what it last was when the time is over, else nothing."""
    end = time.monotonic() + seconds
    while True:
        try:
            left = condition()
        except (subprocess.CalledProcessError, OSError, common.Lost) as error:
            left = repr(error)
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.2)
