"""What a host's faults do to callers, and that nothing acknowledged is lost by them: each is really provoked, watched, and ended.

Clients work with credits while a disk fills, descriptors or memory run out, the clock jumps, names no longer resolve, folders turn read-only.
Each ends with the same questions as the proof of the ledger. Needs root and namespaces of its own; what cannot be provoked here says why.
"""

import collections
import json
import os
import random
import re
import sys
import time

import common
import hostfaults
import ledger
import soak
import surroundings
import tenants

CLIENTS = ("socket", "http", "socket", "stdio")
KINDS = (hostfaults.DatabaseDisk, hostfaults.WriteAheadDisk, hostfaults.LogDisk, hostfaults.Descriptors, hostfaults.AddressSpace,
         hostfaults.ControlGroup, surroundings.ClockAhead, surroundings.ClockBack, surroundings.Names, surroundings.ReadOnly)
# Answered calls before, and after.
CALLS = 60
PATIENCE_SECONDS = 90


class Client(soak.Money):
    """Counts what it was answered. Hurries nobody and cuts nothing off, so that what fails has failed by the fault."""

    def until_answered(self, record, manner):
        super().until_answered(record, "plain")

    def take(self, record, answer):
        super().take(record, answer)
        self.tally["OK" if "result" in answer else ledger.outcome_of(answer)[0]["code"]] += 1

    def passes(self, record, answer):
        # Looked at below: how often, in which fault.
        code = ledger.outcome_of(answer)[0].get("code")
        if code not in ledger.PASSING:
            return False
        self.tally[code] += 1
        return True


class Bench:
    """One fault: an installation of its own, clients on it, and what was seen."""

    def __init__(self, fault, folder, rpcd, seed, findings):
        self.fault, self.folder, self.rpcd, self.findings = fault, folder, rpcd, findings
        self.random = random.Random(seed)
        self.gate = tenants.Gate()
        self.installation = None

    def set_up(self):
        fault = self.fault
        fault.prepare(self)
        self.installation = common.Installation(self.folder, self.rpcd, (), cluster=fault.cluster, environment=fault.environment())
        settings = self.installation.settings | {"RPCD_HTTP_LISTEN": soak.free_address(), "RPCD_LOG_LEVEL": fault.level}
        self.daemon = common.Daemon(self.rpcd, "rpcd", self.folder, settings | fault.for_daemon(), fault.wrapper(), fault.log())
        self.installation.daemons.append(self.daemon)
        self.daemon.wait_until_ready()
        self.owner = common.Connection(self.daemon.socket)
        self.owner.call("auth.register", email="ada@example.org", password=tenants.PASSWORD, name="Ada")
        self.credits, keys = {}, {}
        for _ in range(2):
            workspace = self.owner.call("workspaces.create", name="Money", ownerEmail="ada@example.org")["id"]
            self.owner.call("billing.addCredits", workspaceId=workspace, amount=ledger.CREDITS, type="bonus", _meta={"requestId": "setup"})
            keys[workspace] = self.owner.call("apiKeys.create", workspaceId=workspace, name="Money", role="admin")["secret"]
            self.credits[workspace] = ledger.CREDITS
        self.workspace = next(iter(self.credits))
        hot, *others = self.credits
        self.clients = [Client(number, transport, self.installation, keys, soak.endless(self.random, hot, others),
                               random.Random(self.random.random()), self.gate, self.findings) for number, transport in enumerate(CLIENTS)]

    @property
    def tally(self):
        return sum((client.tally for client in self.clients), collections.Counter())

    def wait_for(self, what, condition, seconds=PATIENCE_SECONDS):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                self.findings.add(self.fault.name, f"{what}: not within {seconds} s")
                return False
            time.sleep(0.05)
        return True

    def code(self, method, **params):
        """What a call on a new connection comes to."""
        try:
            connection = common.Connection(self.daemon.socket)
            try:
                connection.socket.settimeout(20)
                connection.send(method, params)
                answer = connection.receive()
            finally:
                connection.close()
        except TimeoutError:
            return "no answer"
        except (OSError, common.Lost) as error:
            return f"no connection ({type(error.__cause__ or error).__name__})"
        return "OK" if "result" in answer else ledger.outcome_of(answer)[0]["code"]

    def run(self):
        """- Returns: the row of the table."""
        for client in self.clients:
            client.start()
        self.gate.set(True)
        self.wait_for("calls before it", lambda: self.tally["OK"] >= CALLS)
        before, life, offset = self.tally, self.daemon.pid, len(self.lines())
        began = time.monotonic()
        self.fault.begin()
        self.wait_for("the fault bites", self.fault.bites)
        notes = self.fault.during() or []
        seen, lasted = self.tally - before, time.monotonic() - began
        self.fault.end()
        ended, after = time.monotonic(), self.tally["OK"]
        recovered = self.wait_for("calls after it", lambda: self.tally["OK"] >= after + CALLS)
        seconds = time.monotonic() - ended
        afterwards = self.fault.afterwards() or []
        self.gate.set(False)
        if not self.gate.is_left(2 * common.SILENCE_SECONDS):
            self.findings.add(self.fault.name, "a client was never answered")
        self.gate.set(False, is_over=True)
        same = self.daemon.pid == life
        afterwards.insert(0, f"goes on {seconds:.1f} s later, {'the same process' if same else 'started again'}" if recovered else "DOES NOT RECOVER")
        self.findings.expect(self.fault.name, same or self.fault.kills, f"the daemon ended by itself: {self.daemon.ends}")
        if self.fault.kills:
            self.daemon.ends.clear()
        self.judge()
        log = self.logged(self.lines()[offset:])
        callers = ", ".join(f"{count} {what}" for what, count in seen.most_common() if what in SEEN)
        return (self.fault.name, f"{lasted:.0f} s", "; ".join([callers, *notes]), log, "; ".join(afterwards))

    def judge(self):
        records = [record for client in self.clients for record in client.records]
        for record in records:
            self.findings.expect(self.fault.name, record.outcome, f"{record.key}: {record.method} was never answered")
        internal = self.tally["INTERNAL_ERROR"]
        self.findings.expect(self.fault.name, not internal, f"{internal} calls were told INTERNAL_ERROR")
        if self.wait_for("the database", lambda: self.code("system.ready") == "OK"):
            ledger.check_effects(self.installation, self.credits, records, self.findings)
            ledger.check_books(self.installation, self.credits, records, self.findings)
            for what in ("ledger", "audit"):
                self.installation.verify(what, self.findings, self.fault.name)
            self.installation.stop(self.findings)

    def lines(self):
        return self.daemon.log.read_text(errors="replace").splitlines()

    def logged(self, lines):
        """Each kind of line once, with how often."""
        counts = collections.Counter()
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                counts["(no whole line) " + line[:60]] += 1
                continue
            if entry["level"] in ("info", "debug") and "settings" not in entry["message"]:
                continue
            text = entry["message"] if entry["message"] != "call" else f"{entry.get('errorCode')} cause={entry.get('cause', '')}"
            counts[entry["level"] + " " + re.sub(r"\b[0-9a-f-]{36}\b|/tmp/[^ :\"]*|\b\d+\b", "…", text)[:220]] += 1
        return "; ".join(f"{count} × {text}" for text, count in counts.most_common(6)) or "nothing"

    def remove(self):
        self.gate.set(False, is_over=True)
        try:
            # It may have fallen over in the midst of it; or before it began.
            self.fault.end()
        except (OSError, AttributeError, SystemExit, common.Lost) as error:
            print(f"{self.fault.name}: not ended: {error!r}", file=sys.stderr)
        if self.installation:
            self.installation.remove()
        self.fault.remove()


SEEN = ("OK", "SERVICE_UNAVAILABLE", "TIMEOUT", "INTERNAL_ERROR", "lost answers", "nobody there", "AUTHENTICATION_ERROR", "RATE_LIMIT_EXCEEDED")


def prove(rpcd, seed, names):
    findings, rows = common.Findings(), []
    for kind in KINDS:
        if names and kind.key not in names:
            continue
        why = kind.cannot()
        if why:
            print(f"not run: {kind.name}: {why}", flush=True)
            rows.append((kind.name, "", f"not run: {why}", "", ""))
            continue
        with common.WorkFolder() as folder:
            bench = Bench(kind(), folder, rpcd, seed, findings)
            try:
                bench.set_up()
                rows.append(bench.run())
                print(f"| {' | '.join(rows[-1])} |", flush=True)
            except (Exception, SystemExit) as error:
                findings.add(kind.name, f"fell over: {error!r}")
                print(f"{kind.name}: fell over: {error!r}", flush=True)
            finally:
                bench.remove()
    return rows, findings


def parser():
    parser = common.arguments(__doc__, has_short_run=False)
    parser.add_argument("names", nargs="*", metavar="FAULT", help=f"only these: {', '.join(kind.key for kind in KINDS)}")
    return parser


def main(options):
    """- Returns: whether it is proven."""
    if os.geteuid() != 0:
        print("not run: faults are provoked with mounts and limits, which takes root")
        sys.exit(77)
    if os.environ.get("RPCD_PROVE_NAMESPACE") != "own":
        # What is mounted goes with it.
        os.environ["RPCD_PROVE_NAMESPACE"] = "own"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])
    seed = common.seed_of(options)
    print(f"seed {seed}", flush=True)
    rows, findings = prove(common.program_of(options), seed, options.names)
    ran = sum(1 for row in rows if row[1])
    return findings.conclude([f"{ran} of {len(rows)} faults were provoked"], seed, "nothing acknowledged is lost, and all goes on when they end")


if __name__ == "__main__":
    common.run(parser(), main)
