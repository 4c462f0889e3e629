"""A Debian with systemd as its first process, in a container of its own: booted from a root that is made once and kept below .build."""

import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import common

CACHE = common.ROOT / ".build" / "machine"
SUITE = "bookworm"
# What a server has before rpcd is installed. PostgreSQL makes its cluster, as it does for an operator.
PACKAGES = ("systemd", "systemd-sysv", "dbus", "postgresql-15", "ca-certificates", "curl", "libcurl4", "libargon2-1", "libpcre2-8-0",
            "libsystemd0", "libssl3", "libpq5", "man-db")
BOOT_SECONDS = 60
COMMAND_SECONDS = 180


class CannotRun(Exception):
    """Why there can be no such machine here."""


def root_archive():
    """The root as a tar; made when it is not there, which takes minutes."""
    name = hashlib.sha256(" ".join((SUITE,) + PACKAGES).encode()).hexdigest()[:16]
    archive = CACHE / f"root-{name}.tar"
    if archive.exists():
        return archive
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        root = pathlib.Path(folder) / "root"
        with (CACHE / "debootstrap.log").open("w") as log:
            done = subprocess.run(["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, root], stdin=subprocess.DEVNULL,
                                  stdout=log, stderr=subprocess.STDOUT)
        if done.returncode:
            raise CannotRun(f"debootstrap ends with {done.returncode}: see {log.name}")
        pack(root, archive)
    return archive


def pack(root, archive):
    """Whole, or not at all."""
    unfinished = archive.with_suffix(".new")
    shutil.rmtree(root / "var/cache/apt", ignore_errors=True)
    subprocess.run(["tar", "--create", "--file", unfinished, "--numeric-owner", "--xattrs", "--directory", root, "."], check=True)
    unfinished.rename(archive)


def check():
    if os.geteuid() != 0:
        raise CannotRun("only root may boot a container")
    missing = [name for name in ("systemd-nspawn", "debootstrap", "nsenter") if not shutil.which(name)]
    if missing:
        raise CannotRun(f"{', '.join(missing)} cannot be installed")


class Machine:
    """Runs until the end of its `with`."""

    def __init__(self):
        check()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="root-", dir=CACHE)) if CACHE.exists() else None
        archive = root_archive()
        self.folder = self.folder or pathlib.Path(tempfile.mkdtemp(prefix="root-", dir=CACHE))
        self.container = None
        subprocess.run(["tar", "--extract", "--file", archive, "--numeric-owner", "--xattrs", "--directory", self.folder], check=True)
        # minbase has neither of them: a journal that is kept, a name.
        (self.folder / "var/log/journal").mkdir(exist_ok=True)
        (self.folder / "etc/hostname").write_text("rpcd-proof\n")
        (self.folder / "etc/machine-id").write_text("")

    def __enter__(self):
        self.console = (self.folder / "console").open("w+b")
        began = time.monotonic()
        self.container = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--boot", f"--directory={self.folder}",
             "--machine=rpcd-proof", "--link-journal=no"], stdin=subprocess.DEVNULL, stdout=self.console, stderr=subprocess.STDOUT)
        self.first = None
        while time.monotonic() - began < BOOT_SECONDS:
            if self.container.poll() is not None:
                break
            self.first = self.first or self.child()
            if self.first and self.runs("systemctl", "is-system-running") in ("running", "degraded"):
                self.boot_seconds = time.monotonic() - began
                return self
            time.sleep(0.05)
        said = self.said()
        self.__exit__()
        raise CannotRun(f"no systemd boots in a container here: {said}")

    def __exit__(self, *_):
        if self.container and self.container.poll() is None:
            # SIGTERM has systemd-nspawn power its container off.
            self.container.send_signal(signal.SIGTERM)
            try:
                self.container.wait(30)
            except subprocess.TimeoutExpired:
                self.container.kill()
                self.container.wait()
        self.console.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def child(self):
        """The first process of the container, as seen from outside."""
        children = pathlib.Path(f"/proc/{self.container.pid}/task/{self.container.pid}/children").read_text().split()
        for process in children:
            if (pathlib.Path("/proc") / process / "comm").read_text().strip() == "systemd":
                return int(process)
        return None

    def outside(self, process):
        """A process of the container, as it is called outside."""
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                names = re.search(r"NSpid:\s+(.*)", status.read_text())[1].split()
                if len(names) > 1 and names[-1] == str(process) and os.path.samefile(f"/proc/{names[0]}/ns/pid", f"/proc/{self.first}/ns/pid"):
                    return int(names[0])
            except (OSError, TypeError):
                pass
        raise Failed(f"process {process} of the container is not to be found")

    def said(self):
        self.console.seek(0)
        return self.console.read().decode(errors="replace")[-600:].strip()

    @property
    def root(self):
        """The machine's files, its sockets among them, for processes outside."""
        return pathlib.Path(f"/proc/{self.first}/root")

    def inside(self, *words):
        """The command that runs `words` in there."""
        return ["nsenter", "--target", str(self.first), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd", "--",
                "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TERM=dumb", "DEBIAN_FRONTEND=noninteractive", *map(str, words)]

    def network(self, *words):
        """The command that runs `words` on its network, with the files from outside."""
        return ["nsenter", "--target", str(self.first), "--net", "--", *map(str, words)]

    def run(self, *words, input=None, check=True):
        """- Returns: status, standard output, standard error."""
        done = subprocess.run(self.inside(*words), input=input, stdin=None if input is not None else subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=COMMAND_SECONDS)
        if check and done.returncode:
            raise Failed(f"{' '.join(map(str, words))}: status {done.returncode}: {(done.stdout + done.stderr).strip()[-1500:]}")
        return done

    def runs(self, *words):
        """What it prints, whatever its status."""
        return self.run(*words, check=False).stdout.strip()

    def shell(self, script, check=True):
        return self.run("sh", "-ec", script, check=check)

    def show(self, unit, *properties):
        """Properties of a unit."""
        said = self.runs("systemctl", "show", unit, "--property=" + ",".join(properties))
        found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        return [found.get(name, "") for name in properties]

    def wait(self, what, condition, seconds=60):
        """Until it holds. - Returns: what it gave."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.02)
        raise Failed(f"{what}: not within {seconds} s")

    def journal(self, *words):
        return self.runs("journalctl", "--no-pager", "--output=cat", *words)


class Failed(Exception):
    """A step did not do what it is for."""
