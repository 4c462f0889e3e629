"""Analytics survives kills: what was acknowledged is in the store once, and its sums are the ledger's.

Clients debit, jobs ask providers and are retried, through two daemons on one database, while the daemon that sends is killed (SIGKILL),
PostgreSQL is (pg_ctl -m immediate), and the store of analytics is. At the end the operator's comparison finds no difference, and the reports of
each workspace say what its ledger says, to the credit.
"""

import json
import random
import subprocess
import threading
import time
import uuid

import common
import jobs
import killing
import stores

DAEMONS = ("first", "second")
WORKSPACES = 4
CREDITS = 1_000_000_000
WRITERS = 4
BATCH = 100
RECORDS = 500


class Size:
    def __init__(self, events, leader_kills, database_kills, store_kills):
        self.leader_kills, self.database_kills, self.store_kills = leader_kills, database_kills, store_kills
        self.records = min(RECORDS, events // 20)
        # A result that is found makes two events: itself, and what it cost.
        self.jobs = max(1, events // 5 // self.records)
        self.tasks = self.jobs * self.records
        self.debits = max(BATCH, (events - self.tasks) // BATCH // WRITERS * WRITERS * BATCH)


class Writer(threading.Thread):
    """Debits in batches, each call with a key, until every one is answered."""

    def __init__(self, generator, installation, workspaces, debits, progress):
        super().__init__(daemon=True)
        self.random, self.installation, self.workspaces, self.debits, self.progress = generator, installation, workspaces, debits, progress
        self.spent = dict.fromkeys(workspaces, 0)
        self.failure = None

    def run(self):
        try:
            for _ in range(self.debits // BATCH):
                if not self.batch():
                    return
        except Exception as error:
            self.failure = error

    def batch(self):
        waiting = {}
        for number in range(BATCH):
            workspace, amount = self.random.choice(self.workspaces), self.random.randint(1, 50)
            key = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
            waiting[number] = {"workspaceId": workspace, "amount": amount, "_meta": {"idempotencyKey": key}}
        while waiting and not self.progress.is_over:
            for number, answer in self.send(waiting):
                if "result" in answer:
                    params = waiting.pop(number)
                    self.spent[params["workspaceId"]] += params["amount"]
                    self.progress.advance()
                else:
                    code = (answer["error"].get("data") or {}).get("error", {}).get("code")
                    assert code in ("SERVICE_UNAVAILABLE", "TIMEOUT"), answer
            if waiting:
                time.sleep(0.05)
        return not waiting

    def send(self, waiting):
        calls = [{"jsonrpc": "2.0", "id": number, "method": "billing.debit", "params": params} for number, params in waiting.items()]
        try:
            connection = common.Connection(self.random.choice(self.installation.daemons).socket)
            try:
                connection.socket.sendall(json.dumps(calls).encode() + b"\n")
                line = connection.stream.readline()
            finally:
                connection.close()
            return [(answer["id"], answer) for answer in json.loads(line)] if line.endswith(b"\n") else []
        except OSError:
            return []


def leader(installation):
    """The daemon that sends; whichever answers, where none says so."""
    for daemon in installation.daemons:
        try:
            connection = common.Connection(daemon.socket)
            try:
                if "\nrpcd_analytics_leader 1\n" in connection.call("system.metrics")["text"]:
                    return daemon
            finally:
                connection.close()
        except (OSError, common.Lost):
            pass
    return None


class Killings:
    """What can be killed beside the database."""

    def __init__(self, installation, store):
        self.installation, self.store = installation, store
        self.leaders = 0

    def kill_leader(self):
        deadline = time.monotonic() + 60
        while (daemon := leader(self.installation)) is None:
            assert time.monotonic() < deadline, "nobody sends"
            time.sleep(0.1)
        daemon.kill()

    def kill_store(self):
        self.store.kill()
        # Away for as long as some batches would have taken.
        time.sleep(0.5)
        self.store.start()


def set_up(installation):
    owner = common.Connection(installation.daemons[0].socket)
    owner.call("auth.register", email="ada@example.org", password="correct horse battery", name="Ada")
    workspaces = [owner.call("workspaces.create", name=f"W{number}", ownerEmail="ada@example.org")["id"] for number in range(WORKSPACES)]
    for workspace in workspaces:
        owner.call("billing.addCredits", workspaceId=workspace, amount=CREDITS, type="bonus")
    owner.close()
    return workspaces


class Maker(threading.Thread):
    """Makes jobs and has what failed asked again."""

    def __init__(self, installation, generator, workspaces, size):
        super().__init__(daemon=True)
        self.installation, self.random, self.workspaces, self.size = installation, generator, workspaces, size
        self.failure = None

    def run(self):
        try:
            for number in range(self.size.jobs):
                records = [{"externalId": f"p{number}-{person}", "fields": {"name": f"person {number} {person}", "domain": "c.example"}}
                           for person in range(self.size.records)]
                jobs.persist(self.installation, self.random, "jobs.create", workspaceId=self.workspaces[number % WORKSPACES], records=records,
                             fields=[{"name": "email", "providers": ["sim-fair"]}], keys="platform")
        except Exception as error:
            self.failure = error


class Observer(threading.Thread):
    """Tells how many tasks are done, until every job has ended."""

    def __init__(self, installation, maker, progress):
        super().__init__(daemon=True)
        self.installation, self.maker, self.progress = installation, maker, progress

    def run(self):
        seen = 0
        while not self.progress.is_over:
            try:
                [[done, waiting]] = self.installation.cluster.rows(
                    f"SELECT (SELECT count(*) FROM job_tasks WHERE state = 'done'), (SELECT count(*) FROM jobs WHERE status NOT IN {jobs.ENDED})",
                    subprocess.DEVNULL)
            except subprocess.CalledProcessError:
                time.sleep(0.1)
                continue
            self.progress.advance(max(0, int(done) - seen))
            seen = max(seen, int(done))
            if waiting == "0" and not self.maker.is_alive():
                return
            time.sleep(0.2)


def check_sums(installation, workspaces, findings):
    """What the reports say, against the ledger and the results. - Returns: events in all."""
    connection = common.Connection(installation.daemons[0].socket)
    events = 0
    for workspace in workspaces:
        [[entries, spent, added]] = installation.cluster.rows(f"""
            SELECT count(*), coalesce(sum(amount) FILTER (WHERE type IN ('debit', 'capture')), 0),
                coalesce(sum(amount) FILTER (WHERE type IN ('purchase', 'bonus')), 0) FROM ledger WHERE workspace_id = '{workspace}'""")
        [[results, found, cost]] = installation.cluster.rows(f"""
            SELECT count(*), count(*) FILTER (WHERE status = 'found'), coalesce(sum(cost), 0) FROM job_tasks
            WHERE workspace_id = '{workspace}' AND state = 'done'""")
        credits = connection.call("analytics.credits", workspaceId=workspace, groupBy="source", range="24h")["total"]
        enrichment = connection.call("analytics.enrichment", workspaceId=workspace, groupBy="provider", range="24h")["total"]
        told = [credits[name] for name in ("transactions", "spent", "added")] + [enrichment[name] for name in ("results", "found", "credits")]
        there = [int(number) for number in (entries, spent, added, results, found, cost)]
        findings.expect("sums", told == there, f"{workspace}: reports say {told}, the database {there}")
        events += int(entries) + int(results)
    connection.close()
    return events


def prove(rpcd, seed, size, kind):
    findings = common.Findings()
    generator = random.Random(seed)
    with common.WorkFolder() as folder:
        simulator = jobs.Simulator(rpcd.parent / "rpcd-provider-sim", seed)
        store = installation = killer = None
        try:
            store = stores.KINDS[kind](folder)
            store.make()
            installation = common.Installation(folder, rpcd, DAEMONS, environment=jobs.prepare(folder, simulator) | store.environment)
            workspaces = set_up(installation)
            progress = killing.Progress(size.debits + size.tasks)
            killings = Killings(installation, store)
            killer = killing.Killer(generator, progress, installation, 0, size.database_kills, {
                "leader": (size.leader_kills, killings.kill_leader), "store": (size.store_kills, killings.kill_store)})
            maker = Maker(installation, random.Random(generator.random()), workspaces, size)
            observer = Observer(installation, maker, progress)
            writers = [Writer(random.Random(generator.random()), installation, workspaces, size.debits // WRITERS, progress) for _ in range(WRITERS)]
            for thread in (killer, maker, observer, *writers):
                thread.start()
            progress.watch([maker, observer, *writers], findings, lambda: (
                f"{killer.others['leader']}/{size.leader_kills} kills of who sends, {killer.database_kills}/{size.database_kills} of the database, "
                f"{killer.others['store']}/{size.store_kills} of the store"))
            seconds = progress.seconds
            killer.finish()
            for failure in (killer.failure, maker.failure, *(writer.failure for writer in writers)):
                findings.expect("progress", not failure, f"{failure!r}")
            kills = (killer.others["leader"], killer.database_kills, killer.others["store"])
            wanted = (size.leader_kills, size.database_kills, size.store_kills)
            findings.expect("progress", kills == wanted, f"only {kills} kills came to pass")
            for daemon in installation.daemons:
                daemon.wait_until_ready()
            began = time.monotonic()
            verified = installation.verify("analytics", findings, "analytics")
            waited = time.monotonic() - began
            events = check_sums(installation, workspaces, findings)
            acknowledged = sum(sum(writer.spent.values()) for writer in writers)
            [[debited]] = installation.cluster.rows("SELECT sum(amount) FROM ledger WHERE type = 'debit'")
            findings.expect("credits", int(debited) == acknowledged, f"{acknowledged} were acknowledged, {debited} debited")
            ledger = installation.verify("ledger", findings, "credits")
            [[letters]] = installation.cluster.rows("SELECT count(*) FROM analytics_dead_letters")
            findings.expect("letters", letters == "0", f"{letters} were refused for good")
            installation.stop(findings)
            return [
                f"{events:,} events in {seconds:.0f} s to {kind}; compared {waited:.0f} s after the last",
                f"{kills[0]} kills of the daemon that sends, {kills[1]} of PostgreSQL, {kills[2]} of the store",
                f"analytics: {verified}", f"ledger: {ledger}"], findings
        finally:
            if killer:
                killer.finish()
            if installation:
                installation.remove()
            if store:
                store.remove()
            simulator.stop()


def parser():
    parser = common.arguments(__doc__)
    parser.add_argument("--events", type=int, help="how many, about; 200000 by default")
    parser.add_argument("--kills", type=int, help="of who sends, of PostgreSQL and of the store each; 20 by default")
    parser.add_argument("--store", choices=stores.KINDS, default="clickhouse", help="where analytics is kept; %(default)s by default")
    return parser


def main(options):
    """- Returns: whether it is proven."""
    seed = common.seed_of(options)
    print(f"seed {seed}", flush=True)
    events = options.events or (2_000 if options.quick else 200_000)
    kills = (1 if options.quick else 20) if options.kills is None else options.kills
    counted, findings = prove(common.program_of(options), seed, Size(events, kills, kills, kills), options.store)
    return findings.conclude(counted, seed, "what was acknowledged is in analytics once, and its sums are the ledger's")


if __name__ == "__main__":
    common.run(parser(), main)
