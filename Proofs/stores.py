"""Stores of analytics that are killed and come back."""

import os
import signal
import subprocess

import common

TOOLS = common.ROOT / ".build" / "test-clients" / "bin" / "python"
SERVER = common.ROOT / "Tests" / "ClickHouseServer" / "server.py"


class ClickHouse:
    """ClickHouse's own engine behind its HTTP interface; it ends with its standard input."""

    DATABASE = "proof"

    def __init__(self, folder):
        subprocess.run([common.ROOT / "scripts" / "install-test-clients"], check=True)
        self.folder = folder / "clickhouse"
        self.folder.mkdir()
        self.process, self.port = None, "0"
        self.start()

    @property
    def environment(self):
        return {"RPCD_CLICKHOUSE_URL": f"http://127.0.0.1:{self.port}/{self.DATABASE}"}

    def make(self):
        body = f"CREATE DATABASE IF NOT EXISTS {self.DATABASE}".encode()
        subprocess.run(["curl", "-sSf", "--data-binary", "@-", f"http://127.0.0.1:{self.port}/"], input=body, check=True, stdout=subprocess.DEVNULL)

    def start(self):
        self.process = subprocess.Popen([TOOLS, SERVER, self.folder / "data", self.port], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("ready "), line
        self.port = line.strip().rsplit(":", 1)[1]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def remove(self):
        if self.process.poll() is None:
            self.kill()


class Postgres:
    """A second PostgreSQL."""

    def __init__(self, folder):
        self.folder = folder / "store"
        self.folder.mkdir(mode=0o711)
        self.cluster = common.Cluster(self.folder)
        self.cluster.make()

    @property
    def environment(self):
        return {"RPCD_ANALYTICS_URL": self.cluster.conninfo()}

    def make(self):
        pass

    def start(self):
        self.cluster.start()

    def kill(self):
        self.cluster.kill()

    def remove(self):
        self.cluster.remove()


KINDS = {"clickhouse": ClickHouse, "postgres": Postgres}
