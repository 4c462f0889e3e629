"""What the proofs share: a database and daemons that are killed and come back, connections to them, and the findings."""

import argparse
import json
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Longer than any call may take: who hears nothing for that long has found a hang.
SILENCE_SECONDS = 70


def arguments(description, has_short_run=True):
    """The options that every proof has."""
    parser = argparse.ArgumentParser(f"scripts/prove {pathlib.Path(sys.argv[0]).stem}", description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, help="draws what is done and where it is killed; a new one each time, printed")
    if has_short_run:
        parser.add_argument("--quick", action="store_true", help="a short run, as the tests do it")
    parser.add_argument("--rpcd", type=pathlib.Path, help="the program; without it the release is built and used")
    return parser


def seed_of(options):
    return options.seed if options.seed is not None else secrets.randbelow(1_000_000_000)


def program_of(options):
    if options.rpcd:
        return options.rpcd.resolve()
    subprocess.run([ROOT / "scripts" / "build"], check=True)
    return ROOT / ".build" / "release" / "rpcd"


def run(parser, main, words=None):
    """Ends with 0 when it is proven. Whatever was started is stopped when the proof is."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(0 if main(parser.parse_args(words)) else 1)


class Findings:
    """What is not as it should be, by kind."""

    def __init__(self):
        self.by_kind = {}
        self.lock = threading.Lock()

    def add(self, kind, text):
        with self.lock:
            self.by_kind.setdefault(kind, []).append(text)

    def expect(self, kind, condition, text):
        if not condition:
            self.add(kind, text)

    def kinds(self):
        return set(self.by_kind)

    def show(self, most=8):
        for kind, texts in self.by_kind.items():
            print(f"{kind}: {len(texts)} found")
            for text in texts[:most]:
                print(f"    {text[:300]}")
            if len(texts) > most:
                print(f"    … and {len(texts) - most} more")

    def conclude(self, counted, seed, proven):
        """Prints what there is to say. - Returns: whether it is proven."""
        print("\n".join(counted))
        self.show()
        print(f"FAILED with seed {seed}" if self.by_kind else f"proven: {proven}")
        return not self.by_kind


def is_running(process):
    """Whether it is there and is no zombie."""
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class WorkFolder:
    """Below /tmp: the path of a socket is short, and PostgreSQL's user may pass."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="rpcd-prove-", dir="/tmp"))
        self.path.chmod(0o711)
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


class Cluster:
    """A durable PostgreSQL server of the proof's own, reached by a socket alone."""

    NAME = "rpcd"

    def __init__(self, folder, name="postgres"):
        self.folder = folder / name
        self.programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[-1]
        self.folder.mkdir(mode=0o700)
        self.prefix = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--reset-env", "--"]

    def make(self):
        self._run("initdb", "-D", self.folder / "data", "-U", self.NAME, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        self.start()
        self._run("createdb", "-h", self.folder, "-U", self.NAME, self.NAME)
        assert self.rows("SHOW fsync") == self.rows("SHOW synchronous_commit") == self.rows("SHOW full_page_writes") == [["on"]]

    def conninfo(self, user=NAME):
        return f"host={self.folder} user={user} dbname={self.NAME}"

    def start(self):
        settings = {"listen_addresses": "", "unix_socket_directories": self.folder, "max_connections": 100, "hot_standby": "on"}
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-t", "60", "-s", "-l", self.folder / "log",
                  "-o", " ".join(f"-c '{key}={value}'" for key, value in settings.items()), "start")

    def kill(self):
        """No shutdown: what is in the write-ahead log is all that is left."""
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-s", "-m", "immediate", "stop")

    def copy(self, primary):
        """A standby of another one, from here on."""
        self._run("pg_basebackup", "-D", self.folder / "data", "-h", primary.folder, "-U", self.NAME, "-R", "-X", "stream", "-c", "fast")
        self.start()

    def promote(self):
        # Not by pg_ctl, which reads a file that the server writes meanwhile, and now and then takes it for corrupt.
        if self.rows("SELECT pg_promote()") != [["t"]]:
            raise SystemExit("the standby was not promoted")

    @property
    def postmaster(self):
        return int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])

    def children(self, what=""):
        """Of its processes those whose title has this in it."""
        found = subprocess.run(["pgrep", "-f", "-P", str(self.postmaster), what or "."], stdout=subprocess.PIPE, text=True).stdout
        return [int(line) for line in found.split()]

    def kill_at_once(self):
        """Every process of it with SIGKILL, as if the machine had lost power."""
        postmaster = self.postmaster
        # Stopped first, so that it starts nobody while its children are looked for.
        os.kill(postmaster, signal.SIGSTOP)
        children = self.children()
        for process in [*children, postmaster]:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        while any(is_running(process) for process in [postmaster, *children]):
            time.sleep(0.005)

    def remove(self):
        """Whether or not it runs."""
        subprocess.run([*self.prefix, self.programs / "pg_ctl", "-D", self.folder / "data", "-w", "-s", "-m", "immediate", "stop"],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    def rows(self, sql, errors=None):
        """As the owner of the tables. - Parameter errors: where psql complains, when that is expected."""
        words = ["psql", "-qAtX", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", self.NAME, self.NAME]
        text = subprocess.run(words, input=sql, check=True, stdout=subprocess.PIPE, stderr=errors, text=True).stdout
        return [line.split("\t") for line in text.splitlines()]

    def _run(self, name, *words):
        done = subprocess.run([*self.prefix, self.programs / name, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE if name != "pg_ctl" else subprocess.DEVNULL, cwd="/", text=True)
        if done.returncode:
            raise SystemExit(f"{name} failed with status {done.returncode}: {done.stderr or ''}")


class Daemon:
    """`rpcd serve`, started again whenever it ends, as a service manager would."""

    def __init__(self, rpcd, name, folder, environment, wrapper=(), log=None):
        """- Parameters: wrapper: what runs it, by exec; log: where its standard error goes."""
        self.command = ["setpriv", "--pdeathsig", "KILL", *wrapper, rpcd, "serve"]
        self.name = name
        self.socket = str(folder / f"{name}.sock")
        self.log = log or folder / f"{name}.log"
        self.environment = environment | {"RPCD_SOCKET": self.socket}
        self.is_ready = threading.Event()
        self.kills = 0
        # Ends that nobody had asked for.
        self.ends = []
        self.status = None
        self._process = None
        self._is_wanted = True
        self._was_killed = self._was_told = False
        self._lock = threading.Lock()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def kill(self):
        """Once it serves, and not before: every kill counts."""
        self.wait_until_ready()
        with self._lock:
            self._was_killed = True
            self.is_ready.clear()
            self._process.send_signal(signal.SIGKILL)
            self.kills += 1

    def restart(self):
        """With SIGTERM. One that does not end with 0 has ended by itself."""
        self.wait_until_ready()
        with self._lock:
            self._was_told = True
            self.is_ready.clear()
            self._process.send_signal(signal.SIGTERM)
        self.wait_until_ready()

    def signal(self, number):
        with self._lock:
            self._process.send_signal(number)

    @property
    def pid(self):
        return self._process.pid

    def wait_until_ready(self):
        if not self.is_ready.wait(60):
            raise SystemExit(f"The daemon {self.name} does not become ready:\n{self.log.read_text()[-2000:]}")

    def stop(self):
        """In order. - Returns: its exit status."""
        with self._lock:
            self._is_wanted = False
            if self._process:
                self._process.send_signal(signal.SIGTERM)
        self._keeper.join(60)
        return self.status

    def _keep(self):
        while True:
            with self._lock:
                if not self._is_wanted:
                    return
                self._was_killed = self._was_told = False
                with self.log.open("a") as log:
                    self._process = subprocess.Popen(self.command, env=self.environment, cwd="/", stdin=subprocess.DEVNULL,
                                                     stdout=subprocess.PIPE, stderr=log, text=True)
            has_served = False
            for line in self._process.stdout:
                if line.startswith("ready "):
                    with self._lock:
                        has_served = True
                        if not self._was_killed and not self._was_told:
                            self.is_ready.set()
            self.status = self._process.wait()
            with self._lock:
                self.is_ready.clear()
                if self._is_wanted and has_served and not self._was_killed and not (self._was_told and self.status == 0):
                    self.ends.append(self.status)
            if not has_served:
                # The database is away: it says so and ends.
                time.sleep(0.05)


class Installation:
    """A database with the schema, and daemons on it."""

    def __init__(self, folder, rpcd, names, migrations=ROOT / "migrations", sql=None, environment={}, cluster=Cluster, pooler=None):
        """- Parameters: cluster: makes what holds the database; pooler: what stands between it and the daemons."""
        self.rpcd = rpcd
        self.cluster = cluster(folder)
        self.pooler = None
        self.daemons = []
        for name in ("jwt-key", "master-key"):
            path = folder / name
            path.write_text(f"1 {secrets.token_hex(32)}\n")
            path.chmod(0o600)
        settings = {
            "PATH": os.environ["PATH"], "RPCD_JWT_KEY_FILE": str(folder / "jwt-key"),
            "RPCD_MASTER_KEY_FILE": str(folder / "master-key"), "RPCD_MIGRATIONS": str(migrations), "RPCD_HTTP_LISTEN": "off",
            "RPCD_RATE_GENERAL": "off", "RPCD_RATE_AUTH": "off", "RPCD_LOG_LEVEL": "error"} | environment
        try:
            self.cluster.make()
            subprocess.run([rpcd, "migrate", "up"], check=True, stdout=subprocess.DEVNULL,
                           env=settings | {"RPCD_DATABASE_URL": self.cluster.conninfo(), "RPCD_SOCKET": str(folder / "none")})
            if sql:
                self.cluster.rows(sql)
            settings["RPCD_DATABASE_URL"] = self.cluster.conninfo("rpcd_daemon")
            if pooler:
                self.pooler = pooler(self.cluster)
                self.pooler.start()
                settings |= {"RPCD_DATABASE_DIRECT_URL": settings["RPCD_DATABASE_URL"], "RPCD_DATABASE_POOLER": "transaction",
                             "RPCD_DATABASE_URL": self.pooler.conninfo("rpcd_daemon")}
            self.settings = settings
            self.daemons = [Daemon(rpcd, name, folder, settings) for name in names]
            for daemon in self.daemons:
                daemon.wait_until_ready()
        except BaseException:
            self.remove()
            raise

    def verify(self, what, findings, kind):
        """Through every daemon, by the command that operators have."""
        said = ""
        for daemon in self.daemons:
            done = subprocess.run([self.rpcd, what, "verify", "--socket", daemon.socket], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True)
            said = done.stdout.strip()
            findings.expect(kind, done.returncode == 0, f"rpcd {what} verify: exit {done.returncode}: {said[:600]}")
        return said.splitlines()[-1] if said else ""

    def stop(self, findings):
        for daemon in self.daemons:
            findings.expect("daemon", not daemon.ends, f"{daemon.name} ended by itself: {daemon.ends}; {daemon.log.read_text()[-500:]}")
            status = daemon.stop()
            findings.expect("daemon", status == 0, f"{daemon.name} was stopped and ended with {status}")
        if self.pooler:
            status = self.pooler.stop()
            findings.expect("pooler", status is None, f"the pooler ended by itself with {status}")

    def remove(self):
        for daemon in self.daemons:
            daemon.stop()
        if self.pooler:
            self.pooler.stop()
        self.cluster.remove()


class Lost(Exception):
    """The connection broke, so nobody knows what became of the call."""


class Connection:
    """Newline-delimited JSON-RPC on a Unix socket."""

    def __init__(self, path):
        self.number = 0
        self.socket = socket.socket(socket.AF_UNIX)
        try:
            self.socket.settimeout(SILENCE_SECONDS)
            self.socket.connect(path)
            self.stream = self.socket.makefile("rb")
        except OSError:
            self.socket.close()
            raise

    def send(self, method, params):
        self.number += 1
        try:
            message = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
            self.socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise Lost from error

    def receive(self):
        """The answer to what was sent last. - Raises: TimeoutError when there is none, in far more than the longest deadline."""
        while True:
            try:
                line = self.stream.readline()
            except TimeoutError:
                raise
            except OSError as error:
                raise Lost from error
            if not line.endswith(b"\n"):
                raise Lost
            answer = json.loads(line)
            if answer.get("id") == self.number:
                return answer

    def call(self, method, **params):
        self.send(method, params)
        answer = self.receive()
        assert "result" in answer, (method, answer)
        return answer["result"]

    def close(self):
        self.stream.close()
        self.socket.close()
