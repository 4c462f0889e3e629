"""Nothing wears out: after mixed load over every transport, with kills and faults, all is back to where it began, and nothing is lost.

Rounds of load, and rest between them. Clients work with credits, accounts, workspaces, members, records, reports and jobs over socket, HTTP
and stdio; some behave badly. One daemon is killed and stopped; the other lives through reloads, pauses, kills of PostgreSQL and of the
store of analytics, and lost sessions. The first round is without faults: what the lasting daemon holds after it is what it may hold in the end.
"""

import collections
import itertools
import random
import socket
import time

import common
import gauges
import jobs
import killing
import ledger
import stores
import tenants
import transports
import unrest

DAEMONS = ("mortal", "lasting")
CLIENTS = 6
TENANTS = 6
MAKERS = 2
# Fails in every way, but so seldom that its circuit stays closed: jobs are to end with the round.
MOODY = jobs.BEHAVIOURS["moody"] | {"faults": dict.fromkeys(jobs.BEHAVIOURS["moody"]["faults"], 0.003)}
# Beyond the plateau after the first round: an eighth and this, for the heap breaks up; a leak of a byte a call is seen in a long run.
SPARE_KIB = 8 * 1024
# Threads and descriptors come with work and go when there has been none for a while; the pool is filled when it is needed.
SPARE_THREADS = 6
SPARE_DESCRIPTORS = 6
# What a killed daemon was about to send, another takes up: events after two minutes, mails after five.
RESTING_SECONDS = 330


class Size:
    def __init__(self, rounds, seconds, faults):
        self.rounds, self.seconds, self.faults = rounds, seconds, faults


class Money(ledger.Client):
    """The proof of the ledger's client, through any transport, until the gate is closed for good."""

    def __init__(self, number, transport, installation, keys, plan, generator, gate, findings):
        """- Parameter keys: who it is over HTTP, where nobody is the operator: an API key of each workspace."""
        super().__init__(number, self.behind(gate, plan), generator, installation.daemons, killing.Progress(1 << 60), findings)
        self.transport, self.rpcd, self.keys = transport, installation.rpcd, keys
        self.name = f"client {number}"

    def behind(self, gate, plan):
        while gate.enter():
            try:
                while gate.is_open:
                    yield next(plan)
            finally:
                for place in list(self.connections):
                    self.drop(place)
                gate.leave()

    def connect(self, daemon):
        return transports.connect(self.transport, self.rpcd, daemon)

    def send(self, place, record, params):
        if self.transport == "http":
            params = params | {"_meta": params["_meta"] | {"token": self.keys[params["workspaceId"]]}}
        return super().send(place, record, params)


def endless(generator, hot, others):
    """What a client does with credits."""
    while True:
        workspace = hot if generator.random() < 0.6 else generator.choice(others)
        if generator.random() < 0.1:
            held = generator.randint(2, 1000)
            yield lambda client, w=workspace, h=held, c=generator.randint(1, held - 1): client.hold(w, h, c)
        else:
            taken = generator.randint(1, 1000)
            refund = generator.randint(1, taken) if generator.random() < 0.1 else None
            yield lambda client, w=workspace, t=taken, r=refund: client.debit(w, t, r)


class Maker(tenants.Worker):
    """Makes a job, and watches it to its end."""

    def __init__(self, number, installation, workspaces, generator, gate, findings):
        super().__init__(gate, findings, f"maker {number}")
        self.number, self.installation, self.workspaces, self.random = number, installation, workspaces, generator
        self.jobs = []

    def step(self):
        workspace = self.random.choice(self.workspaces)
        records = [{"externalId": f"p{person}", "fields": {"name": f"person {person}", "domain": "c.example"}}
                   for person in self.random.sample(range(5000), 20)]
        job = jobs.persist(self.installation, self.random, "jobs.create", workspaceId=workspace, records=records, keys="platform",
                           fields=[{"name": name, "providers": ["sim-moody", "sim-fair"], "minConfidence": 0.3} for name in jobs.FIELDS])
        self.jobs.append(job["id"])
        ended = jobs.persist(self.installation, self.random, "jobs.watch", workspaceId=workspace, jobId=job["id"])
        self.findings.expect("jobs", ended["status"] in jobs.ENDED, f"jobs.watch of {job['id']} ended with {ended['status']}")
        self.tally["watched"] += 1


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


class Soak:
    def __init__(self, folder, rpcd, seed, size, kind, findings):
        self.size, self.findings = size, findings
        self.random = random.Random(seed)
        self.folder, self.rpcd = folder, rpcd
        self.gate = tenants.Gate()
        self.rows = []
        self.installation = None
        self.mail = transports.MailServer()
        self.simulator = jobs.Simulator(rpcd.parent / "rpcd-provider-sim", seed)
        self.simulator.ask("providers/moody", MOODY)
        self.store = stores.KINDS[kind](folder)

    def set_up(self):
        self.store.make()
        configuration = self.folder / "rpcd.conf"
        configuration.write_text(unrest.GOOD.format(records=1000))
        environment = jobs.prepare(self.folder, self.simulator) | self.store.environment | self.mail.environment | {
            "RPCD_CONFIG": str(configuration), "RPCD_LIMIT_WRITE_TIMEOUT_MS": "1000", "RPCD_LIMIT_MESSAGE_TIMEOUT_MS": "1000"}
        self.installation = common.Installation(self.folder, self.rpcd, (), environment=environment)
        settings = self.installation.settings
        # What the file is to set.
        del settings["RPCD_LOG_LEVEL"]
        for name in DAEMONS:
            daemon = common.Daemon(self.rpcd, name, self.folder, settings | {"RPCD_HTTP_LISTEN": free_address()})
            self.installation.daemons.append(daemon)
        for daemon in self.installation.daemons:
            daemon.wait_until_ready()
        self.unrest = unrest.Unrest(self.installation, self.store, configuration, self.random, self.findings)
        self.providers = jobs.set_up(self.installation, self.random, self.simulator)
        owner = common.Connection(self.installation.daemons[0].socket)
        self.credits, self.keys = {}, {}
        for _ in range(5):
            workspace = owner.call("workspaces.create", name="Money", ownerEmail="ada@example.org")["id"]
            owner.call("billing.addCredits", workspaceId=workspace, amount=ledger.CREDITS, type="bonus", _meta={"requestId": "setup"})
            self.credits[workspace] = ledger.CREDITS
            self.keys[workspace] = owner.call("apiKeys.create", workspaceId=workspace, name="Money", role="admin")["secret"]
        owner.close()
        self.hire()

    def hire(self):
        """Everybody who works, behind a gate that is closed."""
        def own():
            return random.Random(self.random.random())

        hot, *others = self.credits
        ways = itertools.cycle(transports.NAMES)
        self.money = [Money(number, next(ways), self.installation, self.keys, endless(own(), hot, others), own(), self.gate, self.findings)
                      for number in range(CLIENTS)]
        self.tenants = [tenants.Tenant(number, next(ways), self.installation, own(), self.gate, self.findings) for number in range(TENANTS)]
        self.makers = [Maker(number, self.installation, self.providers, own(), self.gate, self.findings) for number in range(MAKERS)]
        self.pest = tenants.Pest(self.installation, hot, own(), self.gate, self.findings)
        self.workers = [*self.money, *self.tenants, *self.makers, self.pest]
        for worker in self.workers:
            worker.start()

    # Rounds.

    def run(self):
        plan = [[]] + self.unrest.draw(self.size.rounds - 1, self.size.faults)
        for number, events in enumerate(plan):
            began = time.monotonic()
            self.gate.set(True)
            faults = self.unrest.start(events, self.size.seconds * 0.9)
            time.sleep(self.size.seconds)
            faults.join()
            self.gate.set(False)
            if not self.gate.is_left(2 * common.SILENCE_SECONDS):
                busy = [worker.name for worker in self.workers if worker.is_alive()]
                self.findings.add("progress", f"round {number}: somebody is still not answered, of {busy}")
                return
            if not self.rest(number, events, time.monotonic() - began):
                return

    def rest(self, number, events, seconds):
        """Nobody asks for anything: what is there after a while is there for good. - Returns: whether there is a next round."""
        for daemon in self.installation.daemons:
            daemon.wait_until_ready()
        cluster = self.installation.cluster
        left = gauges.settle(lambda: {name: count for name, count in gauges.queues(cluster).items() if count}, RESTING_SECONDS)
        self.findings.expect("queues", not left, f"after round {number} there wait {left}")

        def unrested():
            found = [self.gauges(daemon) for daemon in self.installation.daemons]
            # Who asks is there, too.
            return [gauge.__dict__ for gauge in found if gauge.callers > 1 or gauge.waiting or gauge.busy > 1]
        left = gauges.settle(unrested, RESTING_SECONDS)
        self.findings.expect("callers", not left, f"after round {number}: {left}")
        gauge = self.gauges(self.unrest.lasting)
        sessions = gauges.sessions(cluster)
        first = self.rows[0] if self.rows else None
        self.rows.append((gauge, sessions, len(events), seconds))
        print(self.line(number), flush=True)
        if not first:
            return True
        before, few = first[:2]
        for name, now, most in (
                ("kib", gauge.kib, before.kib * 9 // 8 + SPARE_KIB), ("threads", gauge.threads, before.threads + SPARE_THREADS),
                ("descriptors", gauge.descriptors, before.descriptors + SPARE_DESCRIPTORS), ("sessions", sessions, few + 2)):
            self.findings.expect("gauges", now <= most, f"after round {number} the lasting daemon holds {now} {name}; {most} may be")
        self.findings.expect("daemon", gauge.life == before.life, "the lasting daemon is another process than it was")
        return True

    def gauges(self, daemon):
        return gauges.Gauges(daemon, int(self.simulator.address.rsplit(":", 1)[1]))

    def line(self, number):
        gauge, sessions, events, seconds = self.rows[number]
        return (f"| {number} | {seconds:.0f} s | {events} | {gauge.calls:,} | {gauge.kib:,} | {gauge.descriptors} + {gauge.kept} | {gauge.threads} | {sessions} | "
                f"{gauge.pool} | {gauge.waiting} | {gauge.callers - 1} |")

    HEAD = ("| round | load | faults | calls | heap KiB | descriptors + to providers | threads | sessions | pool | waiting | callers |\n"
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")

    # The end.

    def conclude(self):
        """- Returns: what was counted, in lines."""
        self.gate.set(False, is_over=True)
        findings, installation, cluster = self.findings, self.installation, self.installation.cluster
        records = [record for client in self.money for record in client.records]
        for record in records:
            findings.expect("answers", record.outcome, f"{record.key}: {record.method} was never answered")
        ledger.check_effects(installation, self.credits, records, findings)
        ledger.check_books(installation, self.credits, records, findings)
        for tenant in self.tenants:
            tenant.check(cluster)
        made = [job for maker in self.makers for job in maker.jobs]
        jobs.check_jobs(cluster, made, self.providers, findings)
        events, received = jobs.check_webhooks(cluster, self.simulator, self.providers, findings)
        verified = [f"{what}: {installation.verify(what, findings, what)}" for what in ("ledger", "audit", "analytics")]
        dead = cluster.rows("SELECT count(*) FROM analytics_dead_letters")[0][0]
        findings.expect("analytics", dead == "0", f"{dead} dead letters")
        for daemon in installation.daemons:
            bad = [line for line in daemon.log.read_text().splitlines()
                   if "INTERNAL_ERROR" in line or '"level":"error"' in line and "The settings stay as they were" not in line]
            findings.expect("log", not bad, f"{daemon.name}: {len(bad)} lines: {bad[:3]}")
        installation.stop(findings)
        return self.counted(records, made, events, received, verified)

    def counted(self, records, made, events, received, verified):
        tally = sum((worker.tally for worker in [*self.money, *self.tenants, *self.makers]), collections.Counter())
        done = collections.Counter(ledger.TYPES[record.method] for record in records if record.result)
        (first, *_), (last, *_) = self.rows[0], self.rows[-1]
        grown, calls = last.kib - first.kib, last.calls - first.calls
        ill = ", ".join(f"{count:,} {what}" for what, count in sorted(self.pest.tally.items()))
        return [
            f"{tally['calls']:,} calls by {len(self.money) + len(self.tenants)} clients over {', '.join(transports.NAMES)}; "
            f"{tally['lost or refused'] + tally['lost answers'] + tally['nobody there']:,} lost or refused, {tally['SERVICE_UNAVAILABLE']:,} "
            f"SERVICE_UNAVAILABLE, {tally['TIMEOUT']:,} TIMEOUT",
            f"credits: {', '.join(f'{count:,} {type}s' for type, count in done.items())}; {tally['replays']:,} replays",
            f"{tally['logins']:,} logins, {tally['refreshes']:,} refreshes, {tally['sessions lost']} sessions lost; {tally['workspaces']:,} workspaces, "
            f"{tally['workspaces deleted']:,} deleted; {tally['guests']:,} guests; {tally['records']:,} records; {tally['lists']:,} lists, "
            f"{tally['reports']:,} reports; {self.mail.taken:,} mails",
            f"{len(made):,} jobs, {tally['watched']:,} watched; {events:,} events, {received:,} deliveries of them",
            f"badly behaved: {ill}",
            "faults: " + ", ".join(f"{count} {what}" for what, count in sorted(self.unrest.counts.items())),
            f"the lasting daemon's heap grew by {grown:,} KiB in {calls:,} calls after the first round", *verified]

    def remove(self):
        self.gate.set(False, is_over=True)
        if self.installation:
            self.installation.remove()
        self.store.remove()
        self.simulator.stop()
        self.mail.shutdown()
        self.mail.server_close()


def prove(rpcd, seed, size, kind):
    findings = common.Findings()
    with common.WorkFolder() as folder:
        soak = Soak(folder, rpcd, seed, size, kind, findings)
        try:
            soak.set_up()
            print(Soak.HEAD, flush=True)
            soak.run()
            return soak.conclude(), findings
        finally:
            soak.remove()


def parser():
    parser = common.arguments(__doc__)
    parser.add_argument("--minutes", type=float, help="of load; 10 by default, in rounds of one")
    parser.add_argument("--store", choices=stores.KINDS, default="postgres", help="where analytics is kept; %(default)s by default")
    return parser


def main(options):
    """- Returns: whether it is proven."""
    seed = common.seed_of(options)
    print(f"seed {seed}", flush=True)
    rounds = max(3, round(options.minutes or 10))
    size = Size(3, 10, 4) if options.quick else Size(rounds, 60 * (options.minutes or 10) / rounds, 8)
    counted, findings = prove(common.program_of(options), seed, size, options.store)
    return findings.conclude(counted, seed, "all is back to where it began, and nothing is lost")


if __name__ == "__main__":
    common.run(parser(), main)
