"""The package does what docs/install.md says, on a booted systemd: installed, started by its socket, reloaded, killed, hung, upgraded, removed.

A Debian boots in a container (systemd-nspawn, without a network) with PostgreSQL in it. The .deb is installed and configured by the commands of the
manual. Clients call all the time, each call on a new connection, while the daemon is restarted and the package upgraded: none is refused, every answer
is right, and each key of an idempotent call has one effect. Exit status 77, with a line that says why, where no container can boot.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import time
import uuid

import common
import keeping
import machine
import service
import upgrading
from service import CONFIGURATION, SOCKET, Skip

SKIPPED = 77
# Of memory, with control groups of the first version.
GROUPS = pathlib.Path("/sys/fs/cgroup/memory")
# More than SwiftNIO would let wait.
WAITING = 300


def parser():
    parser = argparse.ArgumentParser("scripts/prove systemd", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deb", type=pathlib.Path, help="the package; without it scripts/package builds it")
    parser.add_argument("--debug", action="store_true", help="packs the program of the tests, where a release would take too long; goals of speed say nothing then")
    parser.add_argument("--next", type=pathlib.Path, help="the package to upgrade to; without it the same one as the next revision")
    parser.add_argument("--connections", type=int, help="at least so many go on during the upgrade; 1000 by default")
    return parser


class Proof(keeping.Keeping, upgrading.Upgrading, service.Service):
    def __init__(self, host, packages, connections):
        super().__init__(host)
        self.packages, self.connections = packages, connections
        self.marks = 0
        self.report = service.Report()
        for number, package in enumerate(packages):
            (host.root / f"root/{number}.deb").write_bytes(package.read_bytes())

    def prove(self):
        steps = [
            ("install", self.install), ("units", self.units), ("exposure", self.exposure), ("configured by the manual", self.configure),
            ("started by a connection", self.activate), ("credentials", self.credentials), ("a password for the database", self.password),
            ("journal fields", self.journal), ("socket by group membership", self.group), ("HTTP", self.http), ("another service", self.another_service), ("figures", self.figures),
            ("all is well, as root", self.well), ("bug report, as root", self.bugreport), ("five things broken", self.broken),
            ("reload, good", self.reload_good), ("reload, bad", self.reload_bad), ("a setting at fault", self.bad_setting),
            ("SIGKILL", self.sigkill), ("SIGSTOP, watchdog", self.sigstop), ("out of memory", self.out_of_memory),
            ("restarts under load", self.restarts), ("restarts under load, HTTP", self.restarts_http), ("a second daemon", self.second_daemon),
            ("upgrade under load", self.upgrade), ("upgrades, migrated by hand", self.upgrade_by_hand),
            ("upgrade with a migration, under load", self.upgrade_with_migration), ("upgrade without settings", self.upgrade_without_settings),
            ("backup", self.backup), ("timers", self.timers), ("a child out of memory", self.child_killed), ("everything lost, restored", self.drill),
            ("each key once", self.each_key_once), ("encrypted credential", self.encrypted_credential), ("without Internet", self.without_internet),
            ("remove", self.remove), ("install again", self.install_again), ("purge", self.purge),
        ]
        for name, body in steps:
            self.report.step(name, body)

    # As an operator would.

    def install(self):
        self.host.run("dpkg", "--install", "/root/0.deb")
        for name in ("master-key", "jwt-key"):
            path = self.host.root / f"etc/credstore/rpcd.{name}"
            assert path.stat().st_mode & 0o777 == 0o600 and path.stat().st_uid == 0, f"{path.name} is not root's alone"
            assert re.fullmatch(r"1 [0-9a-f]{64}\n", path.read_text()), f"{path.name} is no ring"
        for unit in ("rpcd.service", "rpcd.socket", "rpcd-http.socket", "rpcd-admin.socket", "rpcd-migrate.service", "rpcd-backup.timer", "rpcd-verify.timer"):
            state = self.host.show(unit, "UnitFileState", "ActiveState")
            assert state == ["disabled", "inactive"], f"{unit} is {state} before anything is configured"
        mode = self.host.runs("stat", "--format=%U:%G %a", "/" + CONFIGURATION)
        assert mode == "root:rpcd 640", f"{CONFIGURATION} is {mode}"
        size = (self.host.root / "usr/bin/rpcd").stat().st_size
        return f"{self.packages[0].stat().st_size / 1e6:.1f} MB, the program {size / 1e6:.1f} MB"

    def units(self):
        said = self.host.run("systemd-analyze", "verify", "rpcd.service", "rpcd.socket", "rpcd-http.socket", "rpcd-admin.socket", "rpcd-migrate.service", "rpcd@a.service",
                             "rpcd@a.socket", "rpcd-backup.service", "rpcd-backup.timer", "rpcd-verify.service", "rpcd-verify.timer", check=False)
        assert not said.stdout + said.stderr and said.returncode == 0, f"systemd-analyze verify: {said.stdout}{said.stderr}"
        return "systemd-analyze verify prints nothing"

    def exposure(self):
        usual = self.score("rpcd.service", 12)
        with self.no_internet():
            return f"{usual}; without Internet {self.score('rpcd.service', 5)}"

    def score(self, unit, threshold):
        said = self.host.run("systemd-analyze", "security", "--no-pager", f"--threshold={threshold}", unit, check=False)
        found = re.search(r"exposure level for \S+: ([0-9.]+)", said.stdout)
        assert found, said.stdout + said.stderr
        assert said.returncode == 0, f"exposure {found[1]}, above {threshold / 10}"
        return found[1]

    def configure(self):
        self.host.shell("""
            systemctl start postgresql
            cd /
            runuser -u postgres -- psql -q -c 'CREATE ROLE "rpcd-migrate" LOGIN CREATEROLE BYPASSRLS'
            runuser -u postgres -- createdb --owner=rpcd-migrate --encoding=UTF8 --template=template0 rpcd
            systemctl enable --now rpcd-migrate
            runuser -u postgres -- psql -q -c 'CREATE ROLE rpcd LOGIN IN ROLE rpcd_daemon'
            """)
        self.set(RPCD_RATE_GENERAL="off", RPCD_RATE_AUTH="off", RPCD_LOG_LEVEL="debug")
        self.host.run("systemctl", "enable", "rpcd.service", "rpcd-http.socket")
        self.host.run("systemctl", "start", "rpcd.socket", "rpcd-http.socket")
        assert self.host.show("rpcd.service", "ActiveState") == ["inactive"], "the daemon runs before anybody has connected"
        return "migrations by rpcd-migrate, sockets listen, no daemon yet"

    def activate(self):
        """From connect to the first answer; then the same with what the first start has left in memory."""
        times = []
        for _ in range(3):
            self.host.run("systemctl", "stop", "rpcd.service")
            began = time.monotonic()
            assert self.call("system.ping", payload=1) == {"payload": 1}
            times.append(time.monotonic() - began)
        assert self.host.show("rpcd.service", "ActiveState", "SubState") == ["active", "running"]
        return "first answer " + ", ".join(f"{seconds * 1000:.0f}" for seconds in times) + " ms after connect (goal 150)"

    def credentials(self):
        user = self.call("auth.register", email="ada@example.org", password="correct horse battery", name="Ada")
        self.workspace = self.call("workspaces.create", name="Acme", ownerEmail=user["email"])["id"]
        keys = [(self.host.root / f"etc/credstore/rpcd.{name}").read_text().split()[1] for name in ("master-key", "jwt-key")]
        process = self.process()
        seen = (self.host.root / f"proc/{process}/environ").read_bytes() + (self.host.root / f"proc/{process}/cmdline").read_bytes()
        assert b"CREDENTIALS_DIRECTORY=" in seen
        assert not any(key.encode() in seen for key in keys), "a key is in the environment or the arguments"
        assert not any(key in self.host.journal() for key in keys), "a key is in the journal"
        peek = self.host.run("runuser", "-u", "nobody", "--", "cat", "/run/credentials/rpcd.service/master-key", check=False)
        assert peek.returncode != 0 and not any(key in peek.stdout for key in keys), "nobody can read a credential"
        return "read by the daemon alone; not in its environment, its arguments, the journal"

    def password(self):
        """The database over TCP, with a password that libpq finds in the credential."""
        self.host.run("runuser", "-u", "postgres", "--", "psql", "-q", input="ALTER ROLE rpcd PASSWORD 'correct-horse'")
        passfile = self.host.root / "etc/credstore/rpcd.database-passfile"
        passfile.write_text("127.0.0.1:*:rpcd:rpcd:correct-horse\n")
        passfile.chmod(0o600)
        self.set(RPCD_DATABASE_URL="host=127.0.0.1 dbname=rpcd user=rpcd")
        self.restart()
        over = self.host.runs("runuser", "-u", "postgres", "--", "psql", "-qAt", "-c", "SELECT client_addr FROM pg_stat_activity WHERE usename = 'rpcd'")
        passfile.unlink()
        self.set(RPCD_DATABASE_URL="host=/run/postgresql dbname=rpcd user=rpcd")
        self.restart()
        assert set(over.split()) == {"127.0.0.1"}, f"connected from {over!r}"
        return "by a .pgpass file among the credentials"

    def journal(self):
        request = "proof-of-the-journal"
        self.call("workspaces.get", workspaceId=self.workspace, _meta={"requestId": request})
        entry = self.host.wait("an entry under the request's id", lambda: self.host.runs("journalctl", "-u", "rpcd", "-o", "json", f"REQUEST_ID={request}"))
        fields = json.loads(entry.splitlines()[-1])
        expected = {"METHOD": "workspaces.get", "WORKSPACE_ID": self.workspace, "ERROR_CODE": "OK", "CALLER": None, "DURATION_US": None,
                    "PRIORITY": "7", "SYSLOG_IDENTIFIER": "rpcd", "_SYSTEMD_UNIT": "rpcd.service"}
        wrong = {name: fields.get(name) for name, value in expected.items() if name not in fields or value not in (None, fields[name])}
        assert not wrong, f"fields {wrong} of {fields}"
        return f"journalctl -u rpcd REQUEST_ID=…: {', '.join(sorted(name for name in fields if not name.startswith('_')))}"

    def group(self):
        ask = ["systemd-run", "--quiet", "--pipe", "--wait", "--property=DynamicUser=yes"]
        inside = self.host.run(*ask, "--property=SupplementaryGroups=rpcd-clients", "rpcd", "call", "system.ping", check=False)
        outside = self.host.run(*ask, "rpcd", "call", "system.ping", check=False)
        assert inside.returncode == 0, inside.stderr
        assert outside.returncode == 2, f"a stranger's call ends with {outside.returncode}"
        operator = self.host.run(*ask, "--property=SupplementaryGroups=rpcd-clients", "rpcd", "call", "system.metrics", check=False)
        assert operator.returncode == 1, "a member of the group is the operator"
        return "rpcd-clients may connect and is not the operator; others may not"

    def http(self):
        said = self.host.run("curl", "--silent", "--fail", "http://127.0.0.1:8080/api/v1/readiness").stdout
        assert json.loads(said)["data"]["status"] == "ok", said
        return "rpcd-http.socket"

    # What happens to it.

    def reload_good(self):
        """It is over when the command is: nothing has to be waited for."""
        before, times = self.process(), []
        for level, tells in (("info", False), ("debug", True)):
            self.set(RPCD_LOG_LEVEL=level)
            began = time.monotonic()
            self.host.run("systemctl", "reload", "rpcd.service")
            times.append(time.monotonic() - began)
            assert self.tells_of_calls() == tells, f"the log level is not {level}"
            assert self.process() == before, "another process serves"
        return f"the log level, both ways, by the same process, in force after {' and '.join(f'{seconds * 1000:.0f}' for seconds in times)} ms"

    def reload_bad(self):
        before = self.process()
        try:
            self.set(RPCD_LOG_LEVEL="loud", RPCD_RATE_GENERAL="5/min")
            done = self.host.run("systemctl", "reload", "rpcd.service", check=False)
        finally:
            self.set(RPCD_LOG_LEVEL="debug", RPCD_RATE_GENERAL="off")
        assert done.returncode, "systemctl reload says that all is well"
        assert self.host.show("rpcd.service", "ActiveState") == ["active"] and self.process() == before
        text, = self.host.show("rpcd.service", "StatusText")
        assert re.search("The settings stay as they were: RPCD_LOG_LEVEL.*loud", text), text
        self.host.wait("the journal says why", lambda: re.search("RPCD_LOG_LEVEL.*loud", self.host.journal("-u", "rpcd", "-n", "50")))
        assert self.tells_of_calls(), "the log level is another"
        self.host.run("systemctl", "reload", "rpcd.service")
        return f"systemctl reload fails, status {done.returncode}, and its journal and systemctl status say why; the old settings stay"

    def tells_of_calls(self):
        """Whether calls are in the journal, as at the level debug. One that is refused is there at info, too, and so marks the end."""
        self.marks += 1
        quiet, loud = f"quiet-{self.marks}", f"loud-{self.marks}"
        self.call("system.ping", _meta={"requestId": quiet})
        self.ask("workspaces.get", workspaceId=str(uuid.uuid4()), _meta={"requestId": loud})
        self.host.wait("a refusal in the journal", lambda: self.host.journal(f"REQUEST_ID={loud}"))
        return bool(self.host.journal(f"REQUEST_ID={quiet}"))

    def bad_setting(self):
        restarts = self.host.show("rpcd.service", "NRestarts")
        self.set(RPCD_POOL_SIZE="none")
        self.host.run("systemctl", "restart", "rpcd.service", check=False)
        state = self.host.show("rpcd.service", "ActiveState", "Result", "ExecMainStatus")
        said = self.host.journal("-u", "rpcd", "-n", "20")
        again = self.host.show("rpcd.service", "NRestarts")
        self.set(RPCD_POOL_SIZE=None)
        self.host.run("systemctl", "reset-failed", "rpcd.service", check=False)
        self.restart()
        assert state == ["failed", "exit-code", "78"], f"the unit is {state}"
        assert "RPCD_POOL_SIZE: got 'none'" in said, said
        assert again == restarts or again == ["0"], f"started again: {restarts}, {again}"
        return "exit status 78, not tried again, the journal names it"

    def sigkill(self):
        before = self.process()
        self.host.shell(f"kill -KILL {before}")
        began = time.monotonic()
        assert self.call("system.ping", payload=2) == {"payload": 2}
        seconds = time.monotonic() - began
        assert self.process() != before
        return f"answered {seconds * 1000:.0f} ms later, on a connection made meanwhile"

    def sigstop(self):
        """Many connect while it hangs, without waiting for a place; the one that takes its place answers them. Before the watchdog's signal ends
        it, it may come to itself for a moment and accept some, who then ask again."""
        before = self.process()
        self.host.shell(f"kill -STOP {before}")
        began = time.monotonic()
        connections = [common.Connection(self.unix.removeprefix("unix:")) for _ in range(WAITING)]
        for connection in connections:
            connection.send("system.ping", {"payload": 3})
        again = 0
        for connection in connections:
            try:
                assert connection.receive().get("result") == {"payload": 3}
            except common.Lost:
                again += 1
                assert self.call("system.ping", payload=3) == {"payload": 3}
            connection.close()
        seconds = time.monotonic() - began
        self.host.wait("the journal tells of the watchdog", lambda: self.host.journal("-u", "rpcd", "--grep", "Watchdog timeout"))
        assert self.process() != before
        return f"restarted by the watchdog; {WAITING} connections made meanwhile answered after {seconds:.1f} s, {again} of them asked again"

    def out_of_memory(self):
        """Killed by the kernel at a limit of memory: the unit's, or, where the container has no controller for one, a group's from outside."""
        before = self.process()
        controllers = self.host.root / "sys/fs/cgroup/cgroup.controllers"
        if controllers.exists() and "memory" in controllers.read_text().split():
            self.host.run("systemctl", "set-property", "--runtime", "rpcd.service", "MemoryMax=8M", "MemorySwapMax=0")
            self.killed_for_memory(before)
            self.host.run("systemctl", "set-property", "--runtime", "rpcd.service", "MemoryMax=infinity")
        elif os.access(GROUPS / "cgroup.procs", os.W_OK):
            group = GROUPS / f"rpcd-proof-{os.getpid()}"
            group.mkdir()
            try:
                # What it has already is another group's: this is for what it asks for from here on.
                (group / "memory.limit_in_bytes").write_text(str(4 << 20))
                (group / "cgroup.procs").write_text(str(self.host.outside(before)))
                self.killed_for_memory(before)
            finally:
                self.host.wait("nobody in the group", lambda: not (group / "cgroup.procs").read_text())
                group.rmdir()
        else:
            raise Skip("no controller of memory, neither in this container nor outside, so no limit to go over")
        self.call("system.ping")
        return "killed by the kernel, restarted"

    def killed_for_memory(self, before):
        try:
            # A password is hashed in more memory than there is.
            self.ask("auth.login", email="nobody@example.org", password="correct horse battery")
        except common.Lost:
            pass
        self.host.wait("another process", lambda: self.host.show("rpcd.service", "MainPID")[0] not in ("0", str(before)))

    def restarts(self):
        times = []
        with self.load(self.unix, self.workspace) as load:
            for _ in range(3):
                load.wait_for(200)
                self.host.run("systemctl", "restart", "rpcd.service")
                times.append(self.seconds_to_ready())
            load.wait_for(200)
        said = self.judged(load)
        return f"{said}; ready {', '.join(f'{seconds * 1000:.0f}' for seconds in times)} ms after its start (goal 200)"

    def restarts_http(self):
        with self.load("tcp:127.0.0.1:8080") as load:
            for _ in range(2):
                load.wait_for(100)
                self.host.run("systemctl", "restart", "rpcd.service")
            load.wait_for(100)
        return self.judged(load)

    def second_daemon(self):
        """Of a template, with settings of its own, on the same database."""
        text = (self.host.root / CONFIGURATION).read_text()
        (self.host.root / "etc/rpcd/two.conf").write_text(text)
        self.host.shell("chown root:rpcd /etc/rpcd/two.conf; chmod 640 /etc/rpcd/two.conf; systemctl start rpcd@two.socket")
        answer = self.ask("workspaces.get", path="run/rpcd/two.sock", workspaceId=self.workspace)
        assert answer.get("result", {}).get("id") == self.workspace, answer
        self.host.run("systemctl", "stop", "rpcd@two.socket", "rpcd@two.service")
        return "rpcd@two.socket"

    def each_key_once(self):
        balance = self.call("billing.get", workspaceId=self.workspace)["creditBalance"]
        assert balance == self.keys, f"{self.keys} keys, {balance} credits"
        said = self.host.run("rpcd", "ledger", "verify").stdout.strip().splitlines()[-1]
        self.host.run("rpcd", "audit", "verify")
        return f"{self.keys:,} keys of one credit each, balance {balance:,}; {said}"

    def without_internet(self):
        with self.no_internet():
            self.restart()
            self.call("workspaces.get", workspaceId=self.workspace)
            self.http()
        self.restart()
        return "the drop-in serves the socket and HTTP, too"

    def remove(self):
        process = self.process()
        self.host.run("dpkg", "--remove", "rpcd")
        assert not (self.host.root / f"proc/{process}").exists(), "the daemon still runs"
        assert not (self.host.root / SOCKET).exists(), "the socket is still there"
        assert (self.host.root / CONFIGURATION).exists() and (self.host.root / "etc/credstore/rpcd.master-key").exists()
        return "nothing runs or listens; settings and keys stay"

    def install_again(self):
        key = (self.host.root / "etc/credstore/rpcd.master-key").read_text()
        self.host.run("dpkg", "--install", f"/root/{len(self.packages) - 1}.deb")
        assert (self.host.root / "etc/credstore/rpcd.master-key").read_text() == key, "the key is another"
        self.host.run("systemctl", "start", "rpcd.socket")
        assert self.call("workspaces.get", workspaceId=self.workspace)["id"] == self.workspace
        return "with settings, keys and data of before"

    def purge(self):
        said = self.host.run("dpkg", "--purge", "rpcd")
        left = self.host.shell("find / -xdev \\( -path /proc -o -path /root -o -path /var/backups/rpcd\\* \\) -prune -o -name '*rpcd*' -print | sort")
        left = [path for path in left.stdout.split() if not path.startswith(("/var/log/", "/var/cache/man/", "/sys", "/run/log", "/console"))]
        # Keys and what the operator made: a second daemon's settings, a passphrase.
        kept = ["/etc/credstore/rpcd.backup-passphrase", "/etc/credstore/rpcd.jwt-key", "/etc/credstore/rpcd.master-key", "/etc/rpcd"]
        assert left == kept, f"left: {left}"
        assert self.host.run("ls", "/etc/rpcd").stdout.split() == ["two.conf"]
        assert all(f"rpcd: {path} stays" in said.stdout + said.stderr for path in kept), said.stdout + said.stderr
        assert (self.host.root / "var/backups/rpcd/by-hand/manifest.json").exists()
        rows = self.host.run("runuser", "-u", "postgres", "--", "psql", "-qAt", "-c", "SELECT count(*) FROM workspaces", "rpcd").stdout.strip()
        assert rows == "1", f"{rows} workspaces in the database"
        return "nothing is left but the database, its backups, keys, and what the operator made; and it says so"


def packages(options):
    """The one that is installed, and those that it is upgraded to."""
    built = common.ROOT / ".build" / ("package-debug" if options.debug else "package")
    out = built / "proof"
    first = options.deb
    if first is None:
        subprocess.run([common.ROOT / "scripts" / "package", *(["--debug"] if options.debug else [])], check=True, stdout=subprocess.DEVNULL)
        first = next(built.glob("rpcd_*.deb"))
    out.mkdir(parents=True, exist_ok=True)
    second = options.next or upgrading.variant(first, 2, [], out)
    further = [(3, ["proof_one"]), (4, ["proof_one"]), (5, ["proof_one", "proof_two"])]
    return [first, second] + [upgrading.variant(second, revision, names, out) for revision, names in further]


def main(options):
    """- Returns: whether it is proven."""
    subprocess.run([common.ROOT / "scripts" / "install-dependencies", "systemd-container", "debootstrap", "util-linux", "tar"], check=True)
    try:
        with machine.Machine() as host:
            print(f"booted in {host.boot_seconds:.1f} s: {host.runs('systemctl', '--version').splitlines()[0]}", flush=True)
            proof = Proof(host, packages(options), options.connections or 1000)
            proof.prove()
    except machine.CannotRun as reason:
        print(f"SKIPPED: {reason}")
        raise SystemExit(SKIPPED) from None
    return proof.report.findings.conclude(proof.report.table(), "none", "installed, restarted, upgraded and removed, and nobody was refused")


if __name__ == "__main__":
    common.run(parser(), main)
