"""Faults of a host that has too little: each is prepared before the daemon starts, begun while it works, and ended."""

import json
import os
import pathlib
import pwd
import resource
import shutil
import socket
import subprocess
import threading
import time

import common


def mount(folder, size, options=""):
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}{options}", "tmpfs", folder], check=True)


def unmount(folder):
    subprocess.run(["umount", "--lazy", folder], stderr=subprocess.DEVNULL)


def fill(folder):
    """To the last byte. - Returns: the file that does it."""
    path = folder / "filler"
    with open(path, "wb", buffering=0) as file:
        for block in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * block)
            except OSError:
                pass
    return path


class Fault:
    """- Stored: kills: whether the daemon may end of it, and is started again."""

    kills = False
    level = "warning"
    cluster = common.Cluster

    @classmethod
    def cannot(cls):
        """Why it cannot be provoked here."""

    def prepare(self, bench):
        self.bench = bench

    def environment(self):
        return {}

    def for_daemon(self):
        return {}

    def wrapper(self):
        return ()

    def log(self):
        return None

    def during(self):
        pass

    def afterwards(self):
        pass

    def bites(self):
        return True

    def remove(self):
        pass


class DatabaseDisk(Fault):
    key, name = "database-disk", "disk full, where the tables are"
    limited = "data"

    def prepare(self, bench):
        super().prepare(bench)
        fault = self

        class Tiny(common.Cluster):
            """Its tables or its write-ahead log on a small file system."""

            def make(self):
                user = pwd.getpwnam("postgres")
                self.small, log = self.folder / "small", self.folder / "wal"
                self.small.mkdir()
                fault.small = self.small
                mount(self.small, "96m", f",mode=0700,uid={user.pw_uid},gid={user.pw_gid}")
                data = self.folder / "data"
                if fault.limited == "data":
                    (self.small / "data").mkdir(mode=0o700)
                    os.chown(self.small / "data", user.pw_uid, user.pw_gid)
                    data.symlink_to(self.small / "data")
                else:
                    log = self.small / "wal"
                self._run("initdb", "-D", data, "--waldir", log, "-U", self.NAME, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
                self.start()
                self._run("createdb", "-h", self.folder, "-U", self.NAME, self.NAME)

        self.cluster = Tiny
        self.filler = self.small = None

    def begin(self):
        self.before = self.bench.tally
        self.filler = fill(self.small)

    def bites(self):
        seen = self.bench.tally - self.before
        return seen["SERVICE_UNAVAILABLE"] + seen["INTERNAL_ERROR"] >= 20

    def during(self):
        bench = self.bench
        return [f"system.ready {bench.code('system.ready')}", f"reads {bench.code('billing.get', workspaceId=bench.workspace)}",
                f"records in bulk {bench.code('records.bulkUpsert', workspaceId=bench.workspace, records=records('d', 500))}"]

    def end(self):
        if self.filler:
            self.filler.unlink(missing_ok=True)

    def remove(self):
        if self.small:
            unmount(self.small)


def records(prefix, count):
    return [{"externalId": f"{prefix}{number}", "fields": {"text": os.urandom(2000).hex()}} for number in range(count)]


class WriteAheadDisk(DatabaseDisk):
    key, name = "wal-disk", "disk full, where the write-ahead log is"
    limited = "wal"

    def begin(self):
        super().begin()
        self.started_again = False
        self.thread = threading.Thread(target=self.write, daemon=True)
        self.is_over = False
        self.thread.start()

    def write(self):
        """Until a segment is full and there is no room for the next."""
        number = 0
        while not self.is_over:
            number += 1
            self.bench.code("records.bulkUpsert", workspaceId=self.bench.workspace, records=records(f"w{number}-", 300))

    def during(self):
        self.is_over = True
        bench = self.bench
        return [f"system.ready {bench.code('system.ready')}", f"system.ping {bench.code('system.ping')}"]

    def end(self):
        super().end()
        if not self.filler:
            return
        cluster = self.bench.installation.cluster
        try:
            is_up = common.is_running(cluster.postmaster)
        except (OSError, ValueError, IndexError):
            is_up = False
        if not is_up:
            self.started_again = True
            cluster.start()

    def afterwards(self):
        return ["PostgreSQL had ended and was started by hand" if self.started_again else "PostgreSQL had recovered by itself"]


class LogDisk(Fault):
    key, name = "log-disk", "disk full, where the log is"
    level = "debug"

    def prepare(self, bench):
        super().prepare(bench)
        self.folder = bench.folder / "log"
        self.folder.mkdir()
        mount(self.folder, "2m")
        self.filler = None

    def log(self):
        return self.folder / "rpcd.log"

    def begin(self):
        self.filler = fill(self.folder)
        self.size = self.log().stat().st_size
        self.before = self.bench.tally["OK"]

    def bites(self):
        return self.bench.tally["OK"] >= self.before + 200 and shutil.disk_usage(self.folder).free == 0

    def during(self):
        return [f"system.ready {self.bench.code('system.ready')}"]

    def end(self):
        if self.filler:
            self.filler.unlink(missing_ok=True)

    def afterwards(self):
        lines = self.log().read_text(errors="replace").splitlines()
        broken = sum(1 for line in lines if not is_whole(line))
        return [f"{len(lines)} lines in the end, {broken} of them cut off"]

    def remove(self):
        unmount(self.folder)


def is_whole(line):
    try:
        return bool(json.loads(line))
    except ValueError:
        return False


class Descriptors(Fault):
    key, name = "descriptors", "file descriptors used up"
    # libdispatch looks at its threads by /proc once a second, and ends the process when it cannot open that.
    kills = True

    def prepare(self, bench):
        super().prepare(bench)
        self.peers = []

    def begin(self):
        self.pid = self.bench.daemon.pid
        used = len(os.listdir(f"/proc/{self.pid}/fd"))
        self.limits = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (used + 5, self.limits[1]))
        # The backlog holds who is not let in.
        for _ in range(30):
            peer = socket.socket(socket.AF_UNIX)
            peer.setblocking(False)
            try:
                peer.connect(self.bench.daemon.socket)
            except BlockingIOError:
                pass
            self.peers.append(peer)
        # Connections to the database are to be made anew, without a descriptor for them.
        self.bench.installation.cluster.rows("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'rpcd_daemon'")
        self.began, self.before = time.monotonic(), self.bench.tally

    def bites(self):
        return time.monotonic() > self.began + 5

    def during(self):
        """On a connection that was open, and on a new one."""
        try:
            self.bench.owner.call("system.ping")
            known = "OK"
        except (common.Lost, OSError):
            known = "lost"
        return [f"an open connection {known}", f"a new one {self.bench.code('system.ping')}"]

    def end(self):
        if self.peers and self.bench.daemon.pid == self.pid:
            resource.prlimit(self.pid, resource.RLIMIT_NOFILE, self.limits)
        for peer in self.peers:
            peer.close()
        self.peers = []


class AddressSpace(Fault):
    key, name = "address-space", "memory used up (RLIMIT_AS)"
    kills = True

    def prepare(self, bench):
        super().prepare(bench)
        self.pid = None

    def limit(self):
        status = pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()
        resource.prlimit(self.pid, resource.RLIMIT_AS, (int(status[0]) * resource.getpagesize() + (24 << 20), resource.RLIM_INFINITY))

    def begin(self):
        self.pid = self.bench.daemon.pid
        self.limit()
        self.peers = [threading.Thread(target=self.press, daemon=True) for _ in range(12)]
        self.began = time.monotonic()
        for peer in self.peers:
            peer.start()

    def press(self):
        """Messages as long as they may be."""
        body = records("m", 900)
        for record in body:
            record["fields"]["text"] = "x" * 8000
        while self.bench.daemon.pid == self.pid and time.monotonic() < self.began + 20:
            self.bench.code("records.bulkUpsert", workspaceId=self.bench.workspace, records=body)

    def bites(self):
        return self.bench.daemon.pid != self.pid or not any(peer.is_alive() for peer in self.peers)

    def during(self):
        return [f"the daemon {'was ended' if self.bench.daemon.pid != self.pid or self.bench.daemon.ends else 'lived on'}"]

    def end(self):
        if self.pid == self.bench.daemon.pid:
            resource.prlimit(self.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def afterwards(self):
        return [f"exit statuses {self.bench.daemon.ends}"] if self.bench.daemon.ends else []


class ControlGroup(AddressSpace):
    key, name = "cgroup", "memory used up (control group)"
    ROOT = pathlib.Path("/sys/fs/cgroup/memory")

    @classmethod
    def cannot(cls):
        if not os.access(cls.ROOT / "cgroup.procs", os.W_OK):
            return "no controller of memory that can be written here"

    def prepare(self, bench):
        super().prepare(bench)
        self.group = self.ROOT / bench.folder.name
        self.group.mkdir()

    def wrapper(self):
        return ("sh", "-c", f'echo $$ > {self.group}/cgroup.procs && exec "$@"', "sh")

    def limit(self):
        used = int((self.group / "memory.usage_in_bytes").read_text())
        (self.group / "memory.limit_in_bytes").write_text(str(used + (24 << 20)))

    def end(self):
        if self.group.exists():
            (self.group / "memory.limit_in_bytes").write_text("-1")

    def remove(self):
        try:
            self.group.rmdir()
        except OSError:
            pass
