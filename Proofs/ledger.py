"""Credits survive kills: each idempotency key has exactly one effect, and the books agree.

16 clients debit, refund, hold, capture and release through two daemons on one database, and repeat each call with its key until it is
answered, as docs/ledger.md tells them to, while daemons are killed (SIGKILL) and PostgreSQL is (pg_ctl -m immediate). Some calls go
to both daemons at once, some are cut off after they were sent, some have too little time, some are repeated long after they were
answered. At the end the database is asked what became of each key.
"""

import collections
import random
import threading
import time

import common
import killing
import mutants
import pair

CLIENTS = 16
DAEMONS = ("first", "second")
WORKSPACES = 8
CREDITS = 100_000_000
# What is repeated until it is answered. A fault of the daemon is, too, for no outcome is kept of it; but it is found fault with.
PASSING = {"SERVICE_UNAVAILABLE", "TIMEOUT", "INTERNAL_ERROR"}
MOST_FAULTS = 30
# How a key is used first: by one daemon, by both at once, cut off before the answer is read, with a deadline that is too short.
MANNERS, SHARES = ("plain", "race", "cut", "hurried"), (85, 7, 5, 3)
REPEATED = 0.1
TYPES = {"billing.debit": "debit", "billing.refund": "refund", "billing.holds.create": "hold",
         "billing.holds.capture": "capture", "billing.holds.release": "release"}


class Size:
    """How much is done. Of ten debits one is refunded; for twenty there is one hold, captured in part and released; for fifty there
    is one more on an account that has credits for half of those."""

    def __init__(self, debits, daemon_kills, database_kills):
        self.debits, self.daemon_kills, self.database_kills = debits, daemon_kills, database_kills
        self.refunds, self.holds, self.poor = debits // 10, debits // 20, debits // 50
        self.keys = self.debits + self.refunds + 3 * self.holds + self.poor


class Record:
    """A key, what was asked under it, and what was answered."""

    def __init__(self, key, method, workspace, amount, params, may_be_refused):
        self.key, self.method, self.workspace, self.amount = key, method, workspace, amount
        self.params, self.may_be_refused = params, may_be_refused
        self.sent = self.firsts = self.faults = 0
        self.outcome = None

    @property
    def result(self):
        return self.outcome.get("result") if self.outcome else None


def outcome_of(answer):
    """What has to be the same each time, and whether it was said to be a repetition."""
    if "result" in answer:
        result = dict(answer["result"])
        meta = result.pop("_meta", {})
        return {"result": result}, meta.get("replayed", False)
    error = answer["error"]
    envelope = error.get("data") or {}
    inner = envelope.get("error", {})
    return ({"code": inner.get("code", error["code"]), "details": inner.get("details")},
            envelope.get("meta", {}).get("replayed", False))


class Client(threading.Thread):
    def __init__(self, number, plan, generator, daemons, progress, findings):
        super().__init__(daemon=True)
        self.number, self.plan, self.random = number, plan, generator
        # Drawn as often as there are retries; what is done does not depend on it.
        self.patience = random.Random(generator.random())
        self.daemons, self.progress, self.findings = daemons, progress, findings
        self.favourite = number % len(daemons)
        self.connections = {}
        self.records = []
        self.tally = collections.Counter()

    def run(self):
        try:
            for task in self.plan:
                task(self)
        except Exception as error:
            self.findings.add("progress", f"client {self.number} fell over: {error!r}")
        finally:
            for connection in self.connections.values():
                connection.close()

    # What a plan consists of.

    def debit(self, workspace, amount, refund=None, may_be_refused=False):
        made = self.once("billing.debit", workspace, amount, may_be_refused=may_be_refused, amount=amount)
        if refund:
            self.follow(made, "billing.refund", workspace, refund, lambda id: {"transactionId": id, "amount": refund})

    def hold(self, workspace, amount, captured):
        made = self.once("billing.holds.create", workspace, amount, amount=amount)
        self.follow(made, "billing.holds.capture", workspace, captured, lambda id: {"holdId": id, "amount": captured})
        self.follow(made, "billing.holds.release", workspace, amount - captured, lambda id: {"holdId": id})

    def follow(self, made, method, workspace, amount, params):
        if made.result:
            self.once(method, workspace, amount, **params(made.result["id"]))
        else:
            self.progress.advance(waits=True)

    # Calls.

    def once(self, method, workspace, expected, may_be_refused=False, **params):
        """A new key, until it is answered."""
        key = f"{self.number}-{len(self.records)}"
        meta = {"idempotencyKey": key, "requestId": key}
        record = Record(key, method, workspace, expected, {"workspaceId": workspace, "_meta": meta} | params, may_be_refused)
        self.records.append(record)
        manner = self.random.choices(MANNERS, SHARES)[0]
        repeated = self.random.choice(self.records) if self.random.random() < REPEATED else None
        self.until_answered(record, manner)
        self.progress.advance(waits=True)
        if repeated:
            self.tally["repeated on purpose"] += 1
            self.until_answered(repeated, "plain")
        return record

    def until_answered(self, record, manner):
        pause = 0.005
        while not self.progress.is_over and record.faults < MOST_FAULTS:
            answers = self.attempt(record, manner)
            final = [answer for answer in answers if not self.passes(record, answer)]
            for answer in final:
                self.take(record, answer)
            if final:
                return
            manner = "plain"
            self.tally["retries"] += 1
            self.favourite = self.patience.randrange(len(self.daemons))
            time.sleep(self.patience.uniform(0, pause))
            pause = min(2 * pause, 0.1)

    def passes(self, record, answer):
        code = outcome_of(answer)[0].get("code")
        if code not in PASSING:
            return False
        self.tally[code] += 1
        if code == "INTERNAL_ERROR":
            record.faults += 1
            self.findings.add("answers", f"{record.key}: {record.method} ended in {code}")
        return True

    def attempt(self, record, manner):
        """- Returns: what was answered, which may be nothing."""
        places = range(len(self.daemons)) if manner == "race" else [self.favourite]
        params = record.params
        if manner == "hurried":
            params = params | {"_meta": params["_meta"] | {"timeoutMs": self.patience.randint(1, 10)}}
        if manner != "plain":
            self.tally[manner] += 1
        sent = [place for place in places if self.send(place, record, params)]
        if manner == "cut":
            time.sleep(self.patience.uniform(0, 0.01))
            for place in sent:
                self.drop(place)
            return []
        return [answer for answer in map(self.receive, sent) if answer]

    def send(self, place, record, params):
        try:
            if place not in self.connections:
                self.connections[place] = self.connect(self.daemons[place])
            self.connections[place].send(record.method, params)
        except OSError:
            self.tally["nobody there"] += 1
            return False
        except common.Lost:
            self.drop(place)
            return False
        self.tally["calls"] += 1
        record.sent += 1
        return True

    def connect(self, daemon):
        return common.Connection(daemon.socket)

    def receive(self, place):
        try:
            return self.connections[place].receive()
        except common.Lost:
            self.tally["lost answers"] += 1
        except TimeoutError:
            self.findings.add("answers", f"client {self.number} heard nothing for {common.SILENCE_SECONDS} s")
        self.drop(place)
        return None

    def drop(self, place):
        self.connections.pop(place).close()

    def take(self, record, answer):
        outcome, is_replayed = outcome_of(answer)
        if is_replayed:
            self.tally["replays"] += 1
        else:
            record.firsts += 1
            if record.firsts == 2:
                self.findings.add("effects", f"{record.key} was answered as new twice: {record.outcome}, {outcome}")
        if record.outcome is None:
            record.outcome = outcome
            if is_replayed:
                # It had been done; the answer had not come through.
                self.tally["done unheard"] += 1
                self.findings.expect("answers", record.sent > 1, f"{record.key} was replayed at its first attempt")
            if "result" not in outcome:
                is_right = record.may_be_refused and outcome["code"] == "INSUFFICIENT_CREDITS"
                self.findings.expect("answers", is_right, f"{record.key}: {record.method} ended in {outcome}")
        elif record.outcome != outcome:
            self.findings.add("effects", f"{record.key} was answered {record.outcome}, then {outcome}")


def plans(generator, size, hot, others, poor):
    """What each client does, drawn; the counts are exact."""
    def workspace():
        return hot if generator.random() < 0.6 else generator.choice(others)

    def amount():
        return 1 if generator.random() < 0.5 else generator.randint(2, 1000)

    def debit(number):
        taken = amount()
        return lambda client, w=workspace(), refund=generator.randint(1, taken) if number < size.refunds else None: \
            client.debit(w, taken, refund)

    def hold():
        held = generator.randint(2, 1000)
        return lambda client, w=workspace(), captured=generator.randint(1, held - 1): client.hold(w, held, captured)

    tasks = [debit(number) for number in range(size.debits)] + [hold() for _ in range(size.holds)]
    tasks += [lambda client: client.debit(poor, 1, may_be_refused=True) for _ in range(size.poor)]
    generator.shuffle(tasks)
    return [tasks[number::CLIENTS] for number in range(CLIENTS)]


def set_up(installation, size):
    """- Returns: the credits of each workspace: the one that everybody wants, the others, the poor one."""
    connection = common.Connection(installation.daemons[0].socket)
    meta = {"requestId": "setup"}
    connection.call("auth.register", email="ada@example.org", password="correct horse battery", name="Ada")
    credits = {}
    for given in [CREDITS] * (1 + WORKSPACES) + [size.poor // 2]:
        workspace = connection.call("workspaces.create", name="Proof", ownerEmail="ada@example.org")["id"]
        connection.call("billing.addCredits", workspaceId=workspace, amount=given, type="bonus", _meta=meta)
        credits[workspace] = given
    connection.close()
    return credits


def check_effects(installation, workspaces, records, findings):
    """Each key that was answered with success has its one row in the ledger and in the trail; nothing else is there."""
    entries, trail = collections.defaultdict(list), collections.Counter()
    theirs = f"workspace_id IN ({', '.join(repr(workspace) for workspace in workspaces)}) AND request_id <> 'setup'"
    for key, *entry in installation.cluster.rows(
            "SELECT request_id, type, workspace_id, amount, id, coalesce(related_id, id), balance_after FROM ledger"
            f" WHERE {theirs}"):
        entries[key].append(entry)
    for key, action, outcome, count in installation.cluster.rows(
            f"SELECT request_id, action, outcome, count(*) FROM audit_log WHERE action LIKE 'billing.%' AND {theirs} GROUP BY 1, 2, 3"):
        trail[key, action, outcome] = int(count)
    for record in records:
        found = entries.pop(record.key, [])
        # Who was not answered is found elsewhere; he does not know.
        wanted = 1 if record.result else 0 if record.outcome else len(found[:1])
        findings.expect("effects", len(found) == wanted, f"{record.key}: {record.method} has {len(found)} effects, not {wanted}: {found}")
        written = trail.pop((record.key, record.method, "OK"), 0)
        findings.expect("trail", written == wanted, f"{record.key}: {record.method} has {written} rows in the trail, not {wanted}")
        if found and record.result:
            type, workspace, amount, id, related, balance = found[0]
            is_hold = record.method.startswith("billing.holds.")
            said = (TYPES[record.method], record.workspace, record.amount, record.result["id"])
            findings.expect("effects", (type, workspace, int(amount), related if is_hold else id) == said,
                            f"{record.key}: {record.method} was answered {record.result}, and is {found[0]}")
            findings.expect("effects", is_hold or int(balance) == record.result["balanceAfter"],
                            f"{record.key}: balanceAfter was told as {record.result.get('balanceAfter')}, and is {balance}")
    findings.expect("effects", not entries, f"nobody asked for {dict(entries)}")
    findings.expect("trail", not trail, f"nobody asked for {dict(trail)}")


def check_outcomes(installation, records, findings):
    kept = int(installation.cluster.rows("SELECT count(*) FROM idempotency_keys")[0][0])
    known = sum(1 for record in records if record.result or record.may_be_refused)
    findings.expect("effects", kept == known, f"{kept} outcomes are kept, of {known} keys")


def check_books(installation, credits, records, findings):
    """Each account is what the acknowledged outcomes add up to."""
    balance, held = dict(credits), dict.fromkeys(credits, 0)
    for record in records:
        if record.result:
            type = TYPES[record.method]
            balance[record.workspace] += {"debit": -1, "capture": -1, "refund": 1}.get(type, 0) * record.amount
            held[record.workspace] += {"hold": 1, "capture": -1, "release": -1}.get(type, 0) * record.amount
    connection = common.Connection(installation.daemons[-1].socket)
    for workspace in credits:
        found = connection.call("billing.get", workspaceId=workspace)
        found, wanted = (found["creditBalance"], found["creditsHeld"]), (balance[workspace], held[workspace])
        findings.expect("books", found == wanted,
                        f"{workspace}: balance and held are {found}; what was acknowledged makes {wanted}")
    connection.close()
    return list(balance.values())[-1]


def prove(rpcd, seed, size, sql=None, **installing):
    """One run. - Returns: what was counted, in lines, and what was found."""
    findings = common.Findings()
    generator = random.Random(seed)
    with common.WorkFolder() as folder:
        installation = common.Installation(folder, rpcd, DAEMONS, sql=sql, **installing)
        killer = None
        try:
            credits = set_up(installation, size)
            hot, *others, poor = credits
            progress = killing.Progress(size.keys)
            killer = killing.Killer(generator, progress, installation, size.daemon_kills, size.database_kills)
            clients = [Client(number, plan, random.Random(generator.random()), installation.daemons, progress, findings)
                       for number, plan in enumerate(plans(generator, size, hot, others, poor))]
            for thread in [killer, *clients]:
                thread.start()
            progress.watch(clients, findings, lambda: (
                f"{killer.daemon_kills}/{size.daemon_kills} kills, {killer.database_kills}/{size.database_kills} of the database"))
            seconds = progress.seconds
            killer.finish()
            if killer.failure:
                findings.add("progress", f"killing went wrong: {killer.failure}")
            kills = (killer.daemon_kills, killer.database_kills)
            findings.expect("progress", kills == (size.daemon_kills, size.database_kills), f"only {kills} kills came to pass")
            for daemon in installation.daemons:
                daemon.wait_until_ready()
            records = [record for client in clients for record in client.records]
            for record in records:
                findings.expect("answers", record.outcome, f"{record.key}: {record.method} was never answered")
            check_effects(installation, credits, records, findings)
            check_outcomes(installation, records, findings)
            left = check_books(installation, credits, records, findings)
            if size.poor:
                findings.expect("books", left == 0, f"{left} credits are left where half of the debits were refused")
            verified = [installation.verify("ledger", findings, "books"), installation.verify("audit", findings, "trail")]
            installation.stop(findings)
            tally = sum((client.tally for client in clients), collections.Counter())
            counted = lines(size, kills, records, tally, seconds, verified)
            if hasattr(installation.cluster, "outages"):
                outages = installation.cluster.outages
                counted.insert(2, f"each time the standby was promoted; until it took changes {max(outages, default=0):.1f} s at most")
            return counted, findings
        finally:
            if killer:
                killer.finish()
            installation.remove()


def lines(size, kills, records, tally, seconds, verified):
    done = collections.Counter(TYPES[record.method] for record in records if record.result)
    refused = sum(1 for record in records if record.outcome and not record.result)
    return [
        f"{len(records):,} keys in {seconds:.0f} s: {', '.join(f'{count:,} {type}s' for type, count in done.items())}; {refused:,} refused",
        f"{kills[0]} kills of a daemon, {kills[1]} of PostgreSQL, under {CLIENTS} clients of {len(DAEMONS)} daemons",
        f"{tally['calls']:,} calls sent; {tally['lost answers']:,} answers lost in kills, {tally['cut']:,} cut off by the client, "
        f"{tally['SERVICE_UNAVAILABLE']:,} SERVICE_UNAVAILABLE, {tally['TIMEOUT']:,} TIMEOUT, {tally['nobody there']:,} times nobody was "
        f"there: {tally['retries']:,} retries",
        f"{tally['race']:,} keys sent to both daemons at once, {tally['repeated on purpose']:,} repeated after their answer; "
        f"{tally['replays']:,} replays, {tally['done unheard']:,} of them the first that was heard of something done",
        *verified]


def parser():
    parser = common.arguments(__doc__)
    parser.add_argument("--debits", type=int, help="how many; 10000 by default")
    parser.add_argument("--kills", type=int, help="of the daemons, with SIGKILL; 200 by default")
    parser.add_argument("--database-kills", type=int, help="of PostgreSQL, with pg_ctl -m immediate; 20 by default")
    parser.add_argument("--pooler", action="store_true", help="the daemons reach the database through PgBouncer in transaction mode")
    parser.add_argument("--without", choices=mutants.NAMES, help="builds rpcd without this protection and shows that the proof fails")
    return parser


def main(options):
    """- Returns: whether it is proven."""
    seed = common.seed_of(options)
    print(f"seed {seed}", flush=True)
    defaults = (400, 6, 2) if options.quick else (2000, 20, 4) if options.without else (10_000, 200, 20)
    given = (options.debits, options.kills, options.database_kills)
    size = Size(*(default if value is None else value for value, default in zip(given, defaults)))
    if options.without:
        return mutants.show(options.without, lambda rpcd, sql: prove(rpcd, seed, size, sql))
    counted, findings = prove(common.program_of(options), seed, size, pooler=pair.Pooler if options.pooler else None)
    return findings.conclude(counted, seed, "each key has one effect, and the books agree")


if __name__ == "__main__":
    common.run(parser(), main)
