"""The faults of a soak, drawn by the seed: what is killed, told and taken away while clients are at work."""

import collections
import random
import signal
import subprocess
import threading
import time

import common

GOOD = "RPCD_LIMIT_BULK_RECORDS={records}\nRPCD_LOG_LEVEL=info\n"
BAD = ("RPCD_LIMIT_BULK_RECORDS=many\n", "RPCD_LOG_LEVEL=loud\n", "RPCD_NOBODY_KNOWS=1\n", "no setting at all\n")


class Unrest:
    """Of two daemons the first is killed and stopped; the second lives through everything, so that what it does not give back is seen."""

    def __init__(self, installation, store, configuration, generator, findings):
        self.installation, self.store, self.configuration = installation, store, configuration
        self.random = random.Random(generator.random())
        self.findings = findings
        self.mortal, self.lasting = installation.daemons
        self.counts = collections.Counter()
        self.deeds = {
            "SIGKILL": self.mortal.kill, "SIGTERM": self.mortal.restart, "good SIGHUP": self.reload_good, "bad SIGHUP": self.reload_bad,
            "pause": self.pause, "database": self.database, "sessions": self.sessions, "store": self.away}

    def draw(self, rounds, each):
        """- Returns: what happens in each round: everything equally often, in any order."""
        deeds = list(self.deeds)
        events = [deeds[number % len(deeds)] for number in range(rounds * each)]
        self.random.shuffle(events)
        return [events[number * each:(number + 1) * each] for number in range(rounds)]

    def start(self, events, seconds):
        """One round of them, spread over its time. - Returns: the thread."""
        moments = sorted(self.random.uniform(0, seconds) for _ in events)
        thread = threading.Thread(target=self._run, args=(list(zip(moments, events)),), daemon=True)
        thread.start()
        return thread

    def _run(self, plan):
        began = time.monotonic()
        for moment, event in plan:
            time.sleep(max(0, began + moment - time.monotonic()))
            try:
                self.deeds[event]()
                self.counts[event] += 1
            except (Exception, SystemExit) as error:
                self.findings.add("faults", f"{event} went wrong: {error!r}")

    # What happens.

    def reload_good(self):
        records = self.random.randint(600, 1000)
        self.hang_up(GOOD.format(records=records), "The settings were read again")
        for daemon in self.installation.daemons:
            limits = self.limits(daemon)
            self.findings.expect("faults", limits == records, f"{daemon.name} was told {records} records a call, and allows {limits}")

    def reload_bad(self):
        before = self.configuration.read_text()
        limits = [self.limits(daemon) for daemon in self.installation.daemons]
        self.hang_up(self.random.choice(BAD), "The settings stay as they were")
        after = [self.limits(daemon) for daemon in self.installation.daemons]
        self.findings.expect("faults", limits == after, f"bad settings took the limits from {limits} to {after}")
        # For who is started next.
        self.configuration.write_text(before)

    def hang_up(self, text, expected):
        for daemon in self.installation.daemons:
            daemon.wait_until_ready()
        told = [daemon.log.read_text().count(expected) for daemon in self.installation.daemons]
        self.configuration.write_text(text)
        for daemon in self.installation.daemons:
            daemon.signal(signal.SIGHUP)
        end = time.monotonic() + 30
        for daemon, before in zip(self.installation.daemons, told):
            while daemon.log.read_text().count(expected) == before:
                if time.monotonic() > end:
                    raise AssertionError(f"{daemon.name} does not say: {expected}")
                time.sleep(0.05)

    def limits(self, daemon):
        daemon.wait_until_ready()
        connection = common.Connection(daemon.socket)
        try:
            return connection.call("system.limits")["bulkRecords"]
        finally:
            connection.close()

    def pause(self):
        """As for a switch-over: nothing of the daemon is on the database; then it goes on."""
        daemon = self.random.choice(self.installation.daemons)
        daemon.wait_until_ready()
        self.command("pause", "--seconds", "20", "--socket", daemon.socket)
        time.sleep(self.random.uniform(0.1, 1))
        self.command("resume", "--socket", daemon.socket)

    def command(self, *words):
        done = subprocess.run([self.installation.rpcd, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0, f"rpcd {words[0]} ended with {done.returncode}: {done.stderr or done.stdout}"

    def database(self):
        self.installation.cluster.kill()
        time.sleep(self.random.uniform(0, 1))
        self.installation.cluster.start()

    def sessions(self):
        """Half of the daemons' connections, at the database's end."""
        self.installation.cluster.rows("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'rpcd_daemon' AND random() < 0.5")

    def away(self):
        self.store.kill()
        time.sleep(self.random.uniform(0.2, 1.5))
        self.store.start()
