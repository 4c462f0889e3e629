"""The daemon of a package on a booted machine, as an operator and its clients have it; and what is told of each step."""

import contextlib
import json
import shutil
import subprocess
import time

import common
import loop
import machine

SOCKET = "run/rpcd/rpcd.sock"
CONFIGURATION = "etc/rpcd/rpcd.conf"
CLIENTS = 4


class Report:
    """A row a step: what it is, whether it holds, what was measured."""

    def __init__(self):
        self.rows = []
        self.findings = common.Findings()

    def step(self, name, body):
        began = time.monotonic()
        try:
            said, mark = body() or "", "yes"
        except Skip as reason:
            said, mark = str(reason), "not run"
        except (machine.Failed, AssertionError, OSError, ValueError, common.Lost, subprocess.TimeoutExpired) as error:
            self.findings.add(name, str(error) or type(error).__name__)
            said, mark = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__, "NO"
        self.rows.append((name, mark, said))
        print(f"{mark:8} {name:34} {said}  ({time.monotonic() - began:.1f} s)", flush=True)

    def table(self):
        return ["", "| step | holds | |", "| --- | --- | --- |"] + [f"| {name} | {mark} | {said} |" for name, mark, said in self.rows]


class Skip(Exception):
    """A step that cannot be taken here, and why."""


class Load:
    """Clients that call until the end of its `with`."""

    def __init__(self, host, address, workspace=None):
        words = ["python3", common.ROOT / "Proofs" / "loop.py", address, CLIENTS] + ([workspace] if workspace else [])
        self.words = host.network(*words)

    def __enter__(self):
        self.process = subprocess.Popen(self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def answered(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def wait_for(self, more):
        """Until so many more have been answered: the clients are in the midst of calls, not about to begin."""
        until, end = self.answered() + more, time.monotonic() + 120
        while self.answered() < until:
            if time.monotonic() > end:
                raise machine.Failed(f"{more} more calls were not answered within 120 s")
            time.sleep(0.01)

    def __exit__(self, *_):
        said, _ = self.process.communicate(timeout=2 * loop.SILENCE_SECONDS)
        self.result = json.loads(said.splitlines()[-1])

    def judge(self):
        """- Returns: counts for the table. Nobody was refused, lost, or told something wrong."""
        counts = self.result["counts"]
        bad = {kind: counts[kind] for kind in ("refused", "lost", "wrong", "silent") if counts.get(kind)}
        if bad:
            raise machine.Failed(f"{bad} of {counts}: {self.result['odd'][:5]}")
        return (f"{counts['connections']:,} connections, 0 refused, 0 lost, 0 wrong, {counts.get('unavailable', 0)} told to come again, "
                f"slowest {self.result['slowest'] * 1000:.0f} ms")


class Service:
    def __init__(self, host):
        self.host = host
        # Of calls that each add one credit.
        self.keys = 0

    @property
    def unix(self):
        return f"unix:{self.host.root / SOCKET}"

    def load(self, address, workspace=None):
        return Load(self.host, address, workspace)

    def judged(self, load):
        """- Returns: counts for the table; keeps in mind how many keys there were."""
        self.keys += load.result["keys"]
        return load.judge()

    def ask(self, method, path=SOCKET, **params):
        connection = common.Connection(str(self.host.root / path))
        try:
            connection.send(method, params)
            return connection.receive()
        finally:
            connection.close()

    def call(self, method, **params):
        answer = self.ask(method, **params)
        assert "result" in answer, f"{method}: {answer}"
        return answer["result"]

    def process(self):
        return int(self.host.show("rpcd.service", "MainPID")[0])

    def configuration(self):
        return self.host.root / CONFIGURATION

    def version(self):
        return self.host.runs("dpkg-query", "--show", "--showformat=${Version}", "rpcd")

    def restart(self):
        self.host.run("systemctl", "restart", "rpcd.service")

    def seconds_to_ready(self):
        start, ready = self.host.show("rpcd.service", "ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic")
        return (int(ready) - int(start)) / 1e6

    def set(self, **values):
        """Takes these lines into the settings, or out of them."""
        path = self.host.root / CONFIGURATION
        lines = [line for line in path.read_text().splitlines() if line.split("=")[0] not in values]
        path.write_text("\n".join(lines + [f"{key}={value}" for key, value in values.items() if value is not None]) + "\n")

    @contextlib.contextmanager
    def no_internet(self):
        """The drop-in of the manual, for a while."""
        folder = self.host.root / "etc/systemd/system/rpcd.service.d"
        example = self.host.root / "usr/share/doc/rpcd/examples/no-internet.conf"
        folder.mkdir()
        (folder / example.name).write_text(example.read_text())
        self.host.run("systemctl", "daemon-reload")
        try:
            yield
        finally:
            shutil.rmtree(folder)
            self.host.run("systemctl", "daemon-reload")
