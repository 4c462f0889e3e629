"""Steps of the systemd proof: what an operator does to keep it: looks whether all is well, backs up, loses everything, brings it back."""

import contextlib
import re
import shutil
import subprocess
import tarfile

import service

CREDENTIALS = "etc/credstore"
PASSPHRASE = "/etc/credstore/rpcd.backup-passphrase"


class Keeping:
    """Mixed into the proof."""

    def psql(self, sql, database="postgres"):
        return self.host.run("runuser", "-u", "postgres", "--", "psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-d", database, input=sql).stdout.strip()

    # At three in the morning, as root.

    def well(self):
        said = self.host.run("rpcd", "doctor", check=False)
        print(said.stdout + said.stderr)
        assert said.returncode in (0, 3) and ": 0 failures" in said.stdout, f"rpcd doctor: {said.returncode}: {said.stdout}{said.stderr}"
        for check in ("keys", "database", "roles", "migrations", "sealed", "daemon"):
            assert re.search(rf"(?m)^ok +{check} ", said.stdout), f"{check} is not ok: {said.stdout}"
        assert self.host.run("rpcd", "config", "check").stdout.strip() == "ok"
        shown = self.host.run("rpcd", "config", "show").stdout
        assert "RPCD_LOG_LEVEL\tdebug\t/etc/rpcd/rpcd.conf:" in shown, shown
        self.host.run("rpcd", "status")
        self.host.run("rpcd", "migrate", "check")
        self.host.run("rpcd", "keys", "list")
        return f"{said.stdout.strip().splitlines()[-1]}; config check, config show, status, keys list, migrate check"

    def figures(self):
        """Of a daemon that nobody calls, and of a command as a whole process."""
        self.restart()
        self.call("system.ping")
        status = (self.host.root / f"proc/{self.process()}/status").read_text()
        held = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024
        calls = 20
        script = f"began=$(date +%s%N); for i in $(seq {calls}); do rpcd call system.ping >/dev/null; done; echo $(($(date +%s%N) - began))"
        each = int(self.host.run("sh", "-c", script).stdout) / calls / 1e6
        return f"{held:.0f} MiB resident (goal 40), rpcd call system.ping {each:.0f} ms as a whole process (goal 10)"

    def bugreport(self):
        path = self.host.run("sh", "-c", "cd /root && rpcd bugreport").stdout.strip()
        report = self.host.root / "root" / path
        assert report.stat().st_mode & 0o777 == 0o600 and report.stat().st_uid == 0, "it is not root's alone"
        with tarfile.open(report) as archive:
            texts = {member.name.split("/")[-1]: archive.extractfile(member).read().decode() for member in archive if member.isfile()}
        assert "serves, socket=" in texts["journal.txt"], f"the journal is not in it: {texts['journal.txt'][:300]}"
        assert "applied" in texts["database-migrations.txt"] and "rpcd_calls_total" in texts["daemon-metrics.txt"]
        keys = [path.read_text().split()[1] for path in (self.host.root / CREDENTIALS).glob("rpcd.*-key")]
        assert keys and not any(key in text for key in keys for text in texts.values()), "a key is in it"
        size = report.stat().st_size
        report.unlink()
        return f"{len(texts)} files, {size / 1000:.0f} kB, the journal's {len(texts['journal.txt'].splitlines())} lines among them, no key"

    @contextlib.contextmanager
    def five_things_broken(self):
        key = self.host.root / CREDENTIALS / "rpcd.master-key"
        before = self.configuration().read_text()
        self.set(RPCD_LOG_LEVEL="loud", RPCD_REDIS_URL="unix:///run/nobody/redis.sock", RPCD_SMTP_URL="smtp://mailer:secret@127.0.0.1:9")
        self.configuration().chmod(0o646)
        key.rename(key.with_suffix(".away"))
        self.host.shell("systemctl stop 'postgresql@*'")
        try:
            yield
        finally:
            self.host.shell("systemctl start postgresql@15-main")
            key.with_suffix(".away").rename(key)
            self.configuration().write_text(before)
            self.configuration().chmod(0o640)

    def broken(self):
        with self.five_things_broken():
            said = self.host.run("rpcd", "doctor", "--timeout", "2", check=False)
            check = self.host.run("rpcd", "config", "check", check=False)
            report = self.host.run("sh", "-c", "cd /root && rpcd bugreport --timeout 2 broken.tar.gz")
        print(said.stdout + said.stderr)
        (self.host.root / "root/broken.tar.gz").unlink()
        for check_name, text in (("configuration", "RPCD_LOG_LEVEL: got 'loud'"), ("configuration", "anybody may change /etc/rpcd/rpcd.conf"),
                                 ("keys", "RPCD_MASTER_KEY_FILE"), ("database", "cannot be reached"), ("redis", "cannot be reached"),
                                 ("mail", "127.0.0.1:9")):
            assert re.search(rf"(?m)^(failure|warning) +{check_name} .*{re.escape(text)}", said.stdout), f"{check_name}: {text!r} is not in {said.stdout}"
        assert said.returncode == 78 and check.returncode == 78, (said.returncode, check.returncode)
        assert "secret" not in said.stdout + said.stderr + check.stderr and report.stdout.strip() == "broken.tar.gz"
        self.restart()
        self.host.wait("the daemon is well again", lambda: self.host.run("rpcd", "status", check=False).returncode == 0)
        return f"a setting, the file's mode, a key, the database, Redis and mail: {said.stdout.strip().splitlines()[-1]}, exit status 78"

    # Backups.

    def timers(self):
        """Both, at another time than at night."""
        units = ("rpcd-backup", "rpcd-verify")
        before = {unit: self.host.show(f"{unit}.service", "ExecMainExitTimestampMonotonic") for unit in units}
        folders = [self.host.root / f"etc/systemd/system/{unit}.timer.d" for unit in units]
        for folder in folders:
            folder.mkdir()
            (folder / "soon.conf").write_text("[Timer]\nOnActiveSec=100ms\nAccuracySec=1ms\nRandomizedDelaySec=0\n")
        try:
            self.host.run("systemctl", "daemon-reload")
            self.host.run("systemctl", "restart", *(f"{unit}.timer" for unit in units))
            for unit in units:
                self.host.wait(f"the end of {unit}.service",
                               lambda: self.host.show(f"{unit}.service", "ExecMainExitTimestampMonotonic") not in (before[unit], ["0"], [""]))
                assert self.host.show(f"{unit}.service", "Result") == ["success"], self.host.journal("-u", unit, "-n", "20")
        finally:
            for folder in folders:
                shutil.rmtree(folder)
            self.host.run("systemctl", "daemon-reload")
        said = self.host.journal("-u", "rpcd-verify", "-n", "20")
        assert re.search(r"\d+ checked, 0 differ", said), said
        return f"rpcd-backup.timer and rpcd-verify.timer start theirs: {' '.join(said.split())[:120]}"

    def backup(self):
        """By the unit and by hand, both with the keys apart."""
        self.host.shell(f"umask 077; head -c 24 /dev/urandom | base64 >{PASSPHRASE}")
        self.host.run("systemctl", "start", "rpcd-backup.service")
        self.host.run("systemctl", "enable", "--now", "rpcd-backup.timer", "rpcd-verify.timer")
        made = self.host.run("sh", "-c", "ls /var/backups/rpcd /var/backups/rpcd-keys").stdout.split()
        assert any(name.endswith(".sealed") for name in made), made
        self.call("credentials.create", workspaceId=self.workspace, provider="hunter", key="proof-key-0123456789", secret="proof-secret")
        with self.load(self.unix, self.workspace) as load:
            load.wait_for(100)
            said = self.host.run("rpcd", "backup", "/var/backups/rpcd/by-hand", "--keys", "/var/backups/rpcd-keys/by-hand.sealed").stdout
            load.wait_for(100)
        self.judged(load)
        folder = self.host.root / "var/backups/rpcd/by-hand"
        assert (folder / "manifest.json").exists() and not (folder / "keys.sealed").exists(), "the keys are beside the dump"
        assert (self.host.root / "var/backups/rpcd-keys/by-hand.sealed").stat().st_mode & 0o777 == 0o600
        self.head = re.search(r"(?m)^head (\S+)$", said)[1]
        return f"systemctl start rpcd-backup; by hand under load: {said.splitlines()[0]}"

    def child_killed(self):
        """As the kernel does it where there is no memory left: pg_dump is killed. No half of a backup stays, and the daemon notices nothing."""
        before = self.process()
        owner = ["runuser", "-u", "rpcd-migrate", "--", "psql", "-q", "-d", "rpcd"]
        self.host.run(*owner, input="CREATE SCHEMA held; CREATE TABLE held.t ();")
        holder = subprocess.Popen(self.host.inside(*owner), stdin=subprocess.PIPE, text=True)
        try:
            holder.stdin.write("BEGIN; LOCK TABLE held.t;\n")
            holder.stdin.flush()
            locks = "SELECT count(*) FROM pg_locks WHERE relation = 'held.t'::regclass AND granted"
            self.host.wait("the lock", lambda: self.psql(locks, "rpcd") == "1")
            taking = subprocess.Popen(self.host.inside("rpcd", "backup", "/var/backups/rpcd/killed", "--without-keys"), stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.host.wait("pg_dump waits", lambda: "pg_dump" in self.psql("SELECT application_name FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
            self.host.shell("kill -KILL $(cat /proc/[0-9]*/stat | sed -n 's/^\\([0-9]*\\) (pg_dump) .*/\\1/p')")
            said, _ = taking.communicate(timeout=60)
        finally:
            holder.communicate("ROLLBACK;\n", timeout=60)
        self.host.run(*owner, input="DROP SCHEMA held CASCADE;")
        assert taking.returncode == 1 and "pg_dump was killed by signal 9" in said, f"{taking.returncode}: {said}"
        assert not list((self.host.root / "var/backups/rpcd").glob("killed*")), "a part of it is left"
        assert self.process() == before
        self.call("system.ping")
        return f"pg_dump killed in the midst: {said.strip().splitlines()[-1]}; nothing is left of it"

    def seen(self):
        """What has to be the same afterwards."""
        return [self.call(method, workspaceId=self.workspace) for method in ("workspaces.get", "credentials.list", "members.list", "billing.get")]

    def drill(self):
        """Everything is lost: database, roles, keys. What is there is a host with a package that has made keys of its own, and the two parts of a
        backup. The commands are those of docs/backup.md."""
        self.host.run("rpcd", "backup", "/var/backups/rpcd/last", "--keys", "/var/backups/rpcd-keys/last.sealed")
        before = self.seen()
        self.host.shell("systemctl stop rpcd.socket rpcd-http.socket rpcd.service; systemctl disable rpcd-migrate")
        self.psql("DROP DATABASE rpcd")
        self.psql('DROP ROLE rpcd; DROP ROLE rpcd_daemon; DROP ROLE rpcd_maintenance; DROP ROLE "rpcd-migrate"')
        self.host.shell("""
            cd /etc/credstore; umask 077
            for key in master-key jwt-key; do echo "1 $(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \\n')" >rpcd.$key; done
            """)
        self.psql('CREATE ROLE "rpcd-migrate" LOGIN CREATEROLE BYPASSRLS')
        self.host.shell("cd /; runuser -u postgres -- createdb --owner=rpcd-migrate --encoding=UTF8 --template=template0 rpcd")
        refused = self.host.run("rpcd", "restore", "/var/backups/rpcd/last", "--keys", "/var/backups/rpcd-keys/last.sealed", check=False)
        assert refused.returncode == 1 and "rpcd keys unseal" in refused.stderr, f"{refused.returncode}: {refused.stderr}"
        put = self.host.run("rpcd", "keys", "unseal", "--from", "/var/backups/rpcd-keys/last.sealed", "--passphrase-file", PASSPHRASE).stdout
        assert put.count("before-unseal") == 2, put
        said = self.host.run("rpcd", "restore", "/var/backups/rpcd/last")
        assert "sealed: " in said.stdout and " opened, 0 not" in said.stdout, said.stdout + said.stderr
        self.psql("CREATE ROLE rpcd LOGIN IN ROLE rpcd_daemon")
        self.host.run("systemctl", "enable", "--now", "rpcd-migrate")
        self.host.run("systemctl", "start", "rpcd.socket", "rpcd-http.socket")
        assert self.seen() == before, "the data is another"
        owners = self.psql("SELECT DISTINCT relowner::regrole FROM pg_class WHERE relnamespace = 'public'::regnamespace", "rpcd")
        assert owners == '"rpcd-migrate"', f"tables are {owners}'s"
        ledger = self.host.run("rpcd", "ledger", "verify").stdout.strip().splitlines()[-1]
        self.host.run("rpcd", "audit", "verify", "--expect", self.head)
        self.host.run("systemctl", "start", "rpcd-verify.service")
        for name in ("master-key", "jwt-key"):
            (self.host.root / CREDENTIALS / f"rpcd.{name}.before-unseal").unlink()
        shutil.rmtree(self.host.root / "var/backups/rpcd/last")
        return f"roles, database, keys, {said.stdout.strip().splitlines()[-1].split(';')[0]}; migrated, serves, equal; {ledger}; trail as of the backup"

    # What install.md says on the side.

    def encrypted_credential(self):
        """The master key as an encrypted credential, and no plain one."""
        plain = self.host.root / CREDENTIALS / "rpcd.master-key"
        done = self.host.run("sh", "-ec", """
            mkdir -p -m 0700 /etc/credstore.encrypted
            systemd-creds encrypt --with-key=host --name=master-key /etc/credstore/rpcd.master-key /etc/credstore.encrypted/rpcd.master-key
            """, check=False)
        if done.returncode:
            raise service.Skip(f"systemd-creds: {done.stderr.strip()}")
        aside, folder = plain.with_suffix(".aside"), self.host.root / "etc/systemd/system/rpcd.service.d"
        folder.mkdir()
        (folder / "key.conf").write_text("[Service]\nLoadCredentialEncrypted=master-key:rpcd.master-key\n")
        plain.rename(aside)
        try:
            self.host.run("systemctl", "daemon-reload")
            self.restart()
            self.call("credentials.list", workspaceId=self.workspace)
            listed = self.host.run("rpcd", "keys", "list").stdout
            assert listed.startswith("1\tseals"), listed
        finally:
            aside.rename(plain)
            shutil.rmtree(folder)
            shutil.rmtree(self.host.root / "etc/credstore.encrypted")
            self.host.run("systemctl", "daemon-reload")
            self.restart()
        return "LoadCredentialEncrypted= in a drop-in, no plain file; rpcd keys list finds it, too"

    def another_service(self):
        """The unit of the manual, with a call in the place of its program."""
        text = re.search(r"(?s)```ini\n# (/etc/systemd/system/payments.service)\n(.*?)```", self.manual("install.md"))
        unit = re.sub(r"(?m)^ExecStart=.*$", "ExecStart=/usr/bin/rpcd call system.version", text[2]).replace("[Service]", "[Service]\nType=oneshot")
        path = self.host.root / text[1][1:]
        (self.host.root / CREDENTIALS / "payments.rpcd-api-key").write_text("rk_proof\n")
        path.write_text(unit)
        try:
            self.host.run("systemctl", "daemon-reload")
            self.host.run("systemctl", "start", "payments.service")
        finally:
            path.unlink()
            (self.host.root / CREDENTIALS / "payments.rpcd-api-key").unlink()
            self.host.run("systemctl", "daemon-reload")
        return "DynamicUser=, SupplementaryGroups=rpcd-clients: it calls"

    def manual(self, name):
        return (self.host.root / "usr/share/doc/rpcd" / name).read_text()
