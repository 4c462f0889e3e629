"""Steps of the systemd proof: the package is upgraded, with migrations in between and without, and its settings may be gone."""

import hashlib
import pathlib
import re
import shutil
import subprocess
import tempfile


def variant(package, revision, names, out):
    """The same package as `revision`, with further migrations that add a table each. - Returns: its path."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder) / "root"
        subprocess.run(["dpkg-deb", "--raw-extract", package, root], check=True)
        migrations = root / "usr/share/rpcd/migrations"
        for name in names:
            number = 1 + len(list(migrations.glob("*.sql")))
            text = f"-- migrate:up\nCREATE TABLE {name} (n int8 PRIMARY KEY);\n\n-- migrate:down\nDROP TABLE {name};\n"
            (migrations / f"{number:04}_{name}.sql").write_text(text)
        control = root / "DEBIAN/control"
        control.write_text(re.sub(r"(?m)^(Version: .*-)\d+$", rf"\g<1>{revision}", control.read_text()))
        sums = [f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(root)}\n"
                for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink() and path.relative_to(root).parts[0] != "DEBIAN"]
        (root / "DEBIAN/md5sums").write_text("".join(sums))
        made = out / f"rpcd-{revision}.deb"
        subprocess.run(["dpkg-deb", "--build", "--root-owner-group", "-Znone", root, made], check=True, stdout=subprocess.DEVNULL)
    return made


class Upgrading:
    """Mixed into the proof; `packages` are: the first, the next, one with a migration more, the same again, one with two more."""

    def upgraded(self, number, more):
        """Installs one of the packages under load. - Returns: what dpkg said, what came of the calls."""
        before = self.version()
        with self.load(self.unix, self.workspace) as load:
            load.wait_for(more // 4)
            done = self.host.run("dpkg", "--install", f"/root/{number}.deb")
            load.wait_for(more)
        assert self.version() != before, f"the version is {before} as before"
        return done.stdout + done.stderr, self.judged(load)

    def table(self, name):
        return self.host.run("runuser", "-u", "postgres", "--", "psql", "-qAt", "-c", f"SELECT to_regclass('{name}')", "rpcd").stdout.strip()

    def upgrade(self):
        before = self.process(), self.version()
        _, judged = self.upgraded(1, self.connections)
        assert before[0] != self.process(), "the old process goes on"
        assert "RPCD_RATE_GENERAL=off" in self.configuration().read_text(), "the configuration was not kept"
        return f"{before[1]} → {self.version()}: {judged}"

    def upgrade_by_hand(self):
        """Nobody lets the package migrate. One upgrade brings a migration, the next one none: the old release serves through both."""
        self.host.run("systemctl", "disable", "rpcd-migrate.service")
        before, told = self.process(), []
        for number in (2, 3):
            said, judged = self.upgraded(number, 200)
            assert self.process() == before, f"upgrade {number} has ended the old process"
            assert "goes on with the old release" in said and "1 migrations are missing" in said, said
            told.append(judged.split(", 0 refused")[0])
        assert not self.table("proof_one")
        self.host.shell("systemctl start rpcd-migrate && systemctl restart rpcd")
        assert self.table("proof_one") == "proof_one" and self.process() != before
        self.call("workspaces.get", workspaceId=self.workspace)
        return f"two upgrades, the old release goes on and dpkg says why ({' and '.join(told)}, 0 refused); then migrated and restarted"

    def upgrade_with_migration(self):
        """rpcd-migrate is enabled: migrated under the old release, then restarted."""
        self.host.run("systemctl", "enable", "rpcd-migrate.service")
        before = self.process()
        said, judged = self.upgraded(4, self.connections)
        assert self.table("proof_two") == "proof_two", said
        assert self.process() != before, f"the old process goes on: {said}"
        return judged

    def upgrade_without_settings(self):
        """A file of settings that somebody has removed stays removed, and fails nothing."""
        path, aside = self.host.root / "etc/rpcd/migrate.conf", self.host.root / "root/migrate.conf"
        shutil.copy2(path, aside)
        path.unlink()
        try:
            self.host.run("dpkg", "--install", "/root/4.deb")
            assert not path.exists(), "it is there again"
            self.call("system.ping")
        finally:
            shutil.copy2(aside, path)
            self.host.shell("chown root:rpcd-migrate /etc/rpcd/migrate.conf")
        self.host.run("dpkg", "--install", "/root/4.deb")
        return "dpkg succeeds, the daemon serves"
