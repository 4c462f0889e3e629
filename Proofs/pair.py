"""Two PostgreSQL servers of which one takes changes: it is killed, the other one promoted, and the first made anew as its standby."""

import os
import pwd
import shutil
import signal
import subprocess
import time

import common

# How long a standby hears nothing before its primary is killed.
DEAF_SECONDS = 0.3


class Pair:
    """As ``common.Cluster``, whose place it takes. A commit is acknowledged when both have it, so none is lost with one of them."""

    NAME = common.Cluster.NAME

    def __init__(self, folder):
        self.clusters = [common.Cluster(folder, name) for name in ("first", "second")]
        self.primary, self.standby = self.clusters
        # How long the service was without a primary, each time.
        self.outages = []

    def make(self):
        self.primary.make()
        self._follow()

    def conninfo(self, user=NAME):
        hosts = ",".join(str(cluster.folder) for cluster in self.clusters)
        return f"host={hosts} user={user} dbname={self.NAME} target_session_attrs=read-write"

    def kill(self):
        """All processes of the primary at once, as when its machine loses power; then the standby is promoted. A moment before, the
        standby hears nothing any more: what was acknowledged all the same is lost with the primary."""
        receivers = self.standby.children("walreceiver")
        for process in receivers:
            os.kill(process, signal.SIGSTOP)
        time.sleep(DEAF_SECONDS)
        self.killed_at = time.monotonic()
        self.primary.kill_at_once()
        for process in receivers:
            os.kill(process, signal.SIGCONT)
        self.primary, self.standby = self.standby, self.primary
        self.primary.promote()
        # Alone it would wait for ever for a standby that is not there.
        self.primary.rows("ALTER SYSTEM SET synchronous_standby_names = ''")
        self.primary.rows("SELECT pg_reload_conf()")
        self.outages.append(time.monotonic() - self.killed_at)

    def start(self):
        """Makes the server that was killed the standby of the other."""
        shutil.rmtree(self.standby.folder / "data")
        # A process that was killed is there until somebody has reaped it, and so long its lock counts.
        for path in self.standby.folder.glob(".s.PGSQL.*"):
            path.unlink()
        self._follow()

    def rows(self, sql, errors=None):
        return self.primary.rows(sql, errors)

    def remove(self):
        for cluster in self.clusters:
            cluster.remove()

    def _follow(self):
        """Returns when everything that has been acknowledged is on both, and everything will be."""
        self.standby.copy(self.primary)
        self.primary.rows("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.rows("SELECT pg_reload_conf()")
        while self.primary.rows("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'") != [["1"]]:
            time.sleep(0.02)
        target = self.primary.rows("SELECT pg_current_wal_lsn()")[0][0]
        while self.primary.rows(f"SELECT count(*) FROM pg_stat_replication WHERE flush_lsn >= '{target}'") != [["1"]]:
            time.sleep(0.02)


class Pooler:
    """PgBouncer in transaction mode before a server: fewer sessions than the daemons have connections."""

    def __init__(self, cluster, sessions=4):
        self.folder = cluster.folder.parent / "pooler"
        self.cluster, self.sessions = cluster, sessions
        self._process = None

    def start(self):
        self.folder.mkdir()
        user = []
        if os.geteuid() == 0:
            entry = pwd.getpwnam("postgres")
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            user = self.cluster.prefix
        settings = {
            "pool_mode": "transaction", "default_pool_size": self.sessions, "unix_socket_dir": self.folder, "listen_port": 5432,
            "listen_addr": "", "auth_type": "trust", "auth_file": self.folder / "users", "max_client_conn": 500,
            "server_login_retry": 1}
        lines = [f"* = host={self.cluster.folder}", "[pgbouncer]", *(f"{key} = {value}" for key, value in settings.items())]
        (self.folder / "ini").write_text("[databases]\n" + "\n".join(lines) + "\n")
        (self.folder / "users").write_text("".join(f'"{user}" ""\n' for user in ("rpcd", "rpcd_daemon")))
        log = (self.folder / "log").open("w")
        self._process = subprocess.Popen([*user, "/usr/sbin/pgbouncer", self.folder / "ini"], stdin=subprocess.DEVNULL, stdout=log,
                                         stderr=log, cwd="/")
        while not (self.folder / ".s.PGSQL.5432").exists():
            if self._process.poll() is not None:
                raise SystemExit(f"PgBouncer ended:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.02)

    def conninfo(self, user):
        return f"host={self.folder} user={user} dbname={self.cluster.NAME}"

    def stop(self):
        """- Returns: what it ended with, if it had."""
        status = self._process.poll()
        if status is None:
            self._process.kill()
            self._process.wait()
        return status
