"""Faults around the daemon: its clock, its names, its folders."""

import pathlib
import socket
import subprocess
import threading
import time

import jobs
import tenants
from hostfaults import Fault, unmount


class ClockAhead(Fault):
    key, name, shift = "clock-ahead", "the clock jumps a day ahead", "+86400"
    LIBRARY = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)

    @classmethod
    def cannot(cls):
        if cls.LIBRARY is None:
            return "libfaketime is not there (apt-get install faketime)"

    def prepare(self, bench):
        super().prepare(bench)
        self.file = bench.folder / "clock"
        self.file.write_text("+0\n")

    def for_daemon(self):
        return {"LD_PRELOAD": str(self.LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
                "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1"}

    def log_in(self):
        return self.bench.owner.call("auth.login", email="ada@example.org", password=tenants.PASSWORD)

    def me(self, login):
        return self.bench.code("auth.me", _meta={"token": login["accessToken"]})

    def begin(self):
        self.old = self.log_in()
        self.file.write_text(f"{self.shift}\n")
        self.before = self.bench.tally["OK"]

    def bites(self):
        return self.bench.tally["OK"] >= self.before + 100

    def during(self):
        bench = self.bench
        old = self.me(self.old)
        renewed = bench.code("auth.refresh", refreshToken=self.old["refreshToken"])
        self.new = self.log_in()
        return [f"an access token of before {old}", f"its refresh token {renewed}", f"a new one {self.me(self.new)}"]

    def end(self):
        self.file.write_text("+0\n")

    def afterwards(self):
        return [f"a token of meanwhile {self.me(self.new)}", f"its refresh token {self.bench.code('auth.refresh', refreshToken=self.new['refreshToken'])}"]


class ClockBack(ClockAhead):
    key, name, shift = "clock-back", "the clock jumps a day back", "-86400"


class NameServer(threading.Thread):
    """Says of every name under .test that it is this host, as long as it is alive."""

    ADDRESS = "127.0.0.153"

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.ADDRESS, 53))
        self.is_alive_for_clients, self.asked, self.unanswered = True, 0, 0
        self.start()

    def run(self):
        while True:
            try:
                query, peer = self.socket.recvfrom(1500)
            except OSError:
                return
            self.asked += 1
            if not self.is_alive_for_clients:
                self.unanswered += 1
                continue
            end = query.index(b"\0", 12) + 5
            is_address = query[end - 4:end - 2] == b"\0\1"
            answer = query[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_address else b"\0\0") + b"\0\0\0\0" + query[12:end]
            if is_address:
                answer += b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + bytes([127, 0, 0, 1])
            self.socket.sendto(answer, peer)


class Names(Fault):
    key, name = "dns", "names do not resolve"
    # Each has a name of its own, for one that was resolved is known for a while, and its connections stay open.
    BEFORE, AFTER, HOOKS = "sim-fair", "sim-stormy", "hooks.test"

    def prepare(self, bench):
        super().prepare(bench)
        self.server = NameServer()
        self.simulator = jobs.Simulator(bench.rpcd.parent / "rpcd-provider-sim", 1)
        self.settings = jobs.prepare(bench.folder, self.simulator)
        port = self.simulator.address.rsplit(":", 1)[1]
        self.hooks = f"{self.HOOKS}:{port}"
        for path in (bench.folder / "providers").iterdir():
            path.write_text(path.read_text().replace(self.simulator.address, f"{path.stem}.test:{port}"))
        self.settings["RPCD_EGRESS_ALLOW"] = ",".join(f"{name}:{port}" for name in (self.HOOKS, f"{self.BEFORE}.test", f"{self.AFTER}.test"))
        self.resolver = bench.folder / "resolv.conf"
        self.resolver.write_text(f"nameserver {NameServer.ADDRESS}\noptions timeout:1 attempts:1\n")

    def environment(self):
        return self.settings

    def wrapper(self):
        return ("unshare", "--mount", "sh", "-c", f'mount --bind {self.resolver} /etc/resolv.conf && exec "$@"', "sh")

    def job(self, provider):
        people = [{"externalId": f"p{number}", "fields": {"name": f"person {number}", "domain": "c.example"}} for number in range(20)]
        return self.bench.owner.call("jobs.create", workspaceId=self.workspace, records=people, keys="platform",
                                     fields=[{"name": "email" if provider == self.BEFORE else "phone", "providers": [provider]}])["id"]

    def status(self, job):
        found = self.bench.owner.call("jobs.get", workspaceId=self.workspace, jobId=job)
        return found["status"], found["counts"]["failed"]

    def begin(self):
        owner = self.bench.owner
        self.workspace = owner.call("workspaces.create", name="Jobs", ownerEmail="ada@example.org")["id"]
        owner.call("billing.addCredits", workspaceId=self.workspace, amount=10_000, type="bonus")
        first = self.job(self.BEFORE)
        self.bench.wait_for("a job before it", lambda: self.status(first) == ("completed", 0))
        owner.call("webhooks.create", workspaceId=self.workspace, url=f"http://{self.hooks}/hooks/w",
                   events=["job.completed", "job.partially_completed", "job.failed"])
        self.server.is_alive_for_clients = False
        self.before, self.asked = self.bench.tally["OK"], self.server.unanswered
        self.second = self.job(self.AFTER)

    def bites(self):
        return self.server.unanswered >= self.asked + 20 and self.bench.tally["OK"] >= self.before + 200

    def during(self):
        status, failed = self.status(self.second)
        return [f"a job that asks by name is {status}, {failed} of its tasks failed", f"system.ready {self.bench.code('system.ready')}"]

    def end(self):
        self.server.is_alive_for_clients = True

    def afterwards(self):
        began = time.monotonic()
        self.bench.wait_for("the job after it", lambda: self.status(self.second)[0] in jobs.ENDED, 300)
        seconds = time.monotonic() - began
        status, failed = self.status(self.second)
        self.bench.findings.expect(self.name, not failed, f"{failed} tasks failed for good")
        arrived = self.bench.wait_for("the webhook after it", lambda: self.simulator.pages("hooks/w", "deliveries"), 330)
        return [f"the job is {status} {seconds:.0f} s later", f"its webhook was delivered {time.monotonic() - began:.0f} s later" if arrived else "no webhook"]

    def remove(self):
        self.server.socket.close()
        self.simulator.stop()


class ReadOnly(Fault):
    key, name = "read-only", "the daemon's folders turn read-only"

    def prepare(self, bench):
        super().prepare(bench)
        self.is_begun = False

    def begin(self):
        """For every path that is opened from now on: keys, settings, sockets. The database is where it was; its paths begin at its folder."""
        self.before = self.bench.tally["OK"]
        subprocess.run(["mount", "--bind", self.bench.folder, self.bench.folder], check=True)
        self.is_begun = True
        subprocess.run(["mount", "-o", "remount,bind,ro", self.bench.folder], check=True)

    def command(self, *words, **settings):
        """- Returns: how it ended and what it said last."""
        done = subprocess.run([self.bench.rpcd, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
                              env=self.bench.installation.settings | {"RPCD_SOCKET": self.bench.daemon.socket} | settings)
        said = (done.stderr or done.stdout).strip().splitlines()
        return f"`rpcd {' '.join(words)}` exits {done.returncode}: {said[-1] if said else ''}"

    def rotate(self):
        return self.command("keys", "rotate", RPCD_DATABASE_URL=self.bench.installation.cluster.conninfo())

    def bites(self):
        return self.bench.tally["OK"] >= self.before + 100

    def during(self):
        return [self.rotate(), self.command("serve", RPCD_SOCKET=str(self.bench.folder / "other.sock"), RPCD_LOG_LEVEL="error")]

    def end(self):
        if self.is_begun:
            unmount(self.bench.folder)

    def afterwards(self):
        return [self.rotate()]
