"""How far a run is, and what is killed on the way."""

import collections
import random
import sys
import threading
import time

from common import SILENCE_SECONDS


class Progress:
    """How far the run is: the killings follow it, and a line on standard error tells of it."""

    def __init__(self, total):
        self.total = total
        self.done = 0
        # Nobody goes on beyond: so every kill finds calls under way, however long the one before takes.
        self.limit = total
        self.is_over = False
        self.began = time.monotonic()
        self._changed = threading.Condition()

    def advance(self, count=1, waits=False):
        with self._changed:
            self.done += count
            self._changed.notify_all()
            if waits:
                self._changed.wait_for(lambda: self.done < self.limit or self.done >= self.total or self.is_over)

    def allow(self, count):
        with self._changed:
            self.limit = count
            self._changed.notify_all()

    def reaches(self, count):
        """Waits for it. - Returns: whether it was reached before the run was over."""
        with self._changed:
            self._changed.wait_for(lambda: self.done >= count or self.is_over)
            return self.done >= count

    def end(self):
        with self._changed:
            self.is_over = True
            self._changed.notify_all()

    @property
    def seconds(self):
        return time.monotonic() - self.began

    def watch(self, threads, findings, detail):
        """Shows it until the threads have ended, and ends the run when nothing moves any more."""
        last, since, shown = -1, time.monotonic(), 0.0
        live = sys.stderr.isatty()
        while any(thread.is_alive() for thread in threads):
            for thread in threads:
                thread.join(0.2)
                if thread.is_alive():
                    break
            now = time.monotonic()
            if self.done != last:
                last, since = self.done, now
            elif now - since > 2 * SILENCE_SECONDS:
                findings.add("progress", f"nothing was answered for {2 * SILENCE_SECONDS} s, at {self.done} of {self.total}")
                self.end()
                return
            if now - shown >= (0.2 if live else 5):
                shown = now
                print(f"{self.done:,}/{self.total:,}, {detail()}, {self.seconds:.0f} s", end="\r" if live else "\n",
                      file=sys.stderr, flush=True)
        if live:
            print(file=sys.stderr)


class Killer(threading.Thread):
    """Kills by progress, in an order that was drawn: always one of the daemons that serve, and always in the midst of calls."""

    def __init__(self, generator, progress, installation, daemon_kills, database_kills, others={}):
        """- Parameter others: what else is killed, by its name: how often, and how."""
        super().__init__(daemon=True)
        self.actions = {"daemon": self._daemon, "database": self._database} | {name: action for name, (_, action) in others.items()}
        self.events = ["daemon"] * daemon_kills + ["database"] * database_kills
        for name, (count, _) in others.items():
            self.events += [name] * count
        generator.shuffle(self.events)
        self.random = random.Random(generator.random())
        self.progress = progress
        self.installation = installation
        self.daemon_kills = self.database_kills = 0
        self.others = collections.Counter()
        self.failure = None

    def run(self):
        try:
            for number, event in enumerate(self.events, 1):
                # Not up to the next kill: before that comes, some calls are to be under way again.
                self.progress.allow((self._moment(number) + 3 * self._moment(number + 1)) // 4)
                if not self.progress.reaches(self._moment(number)):
                    return
                self.actions[event]()
                if event not in ("daemon", "database"):
                    self.others[event] += 1
            self.progress.allow(self.progress.total)
        except BaseException as error:
            self.failure = error
            self.progress.end()

    def finish(self):
        """Kills nobody any more, and has started again what it killed."""
        self.progress.end()
        if self.is_alive():
            self.join()

    def _moment(self, number):
        return self.progress.total * number // (len(self.events) + 1)

    def _daemon(self):
        # Whoever serves. When all are down, nothing goes on until one is back.
        daemons = self.installation.daemons
        serving = [daemon for daemon in daemons if daemon.is_ready.is_set()]
        self.random.choice(serving or daemons).kill()
        self.daemon_kills += 1

    def _database(self):
        self.installation.cluster.kill()
        self.installation.cluster.start()
        self.database_kills += 1
