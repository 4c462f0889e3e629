"""Jobs survive kills: every job ends, what is found is paid once, nothing is lost, and every event arrives.

Jobs of four workspaces, some over the same people, ask providers that fail in every way the simulator knows, while the two daemons that work
on them are killed (SIGKILL) and PostgreSQL is (pg_ctl -m immediate). At the end database, simulator and webhooks are asked what happened.
"""

import collections
import json
import random
import subprocess
import threading
import time
import urllib.request
import uuid

import common
import killing

DAEMONS = ("first", "second")
WORKSPACES = 4
FIELDS = ("email", "phone")
CREDITS = 10_000_000
COSTS = {"moody": 1, "stormy": 2, "fair": 3}
BEHAVIOURS = {
    "moody": {"found": 0.6, "notFound": "mixed", "confidence": [0.2, 1.0], "latencyMs": {"p50": 5, "p99": 50}, "faults": {
        name: 0.02 for name in ("http500", "http503", "http429", "reset", "hang", "truncated", "errorInside", "wrongSchema", "wrongType",
                                "nonUtf8", "duplicateIds", "redirectLoopback")}},
    "stormy": {"found": 0.7, "latencyMs": {"p50": 2}, "storm": {"everyCalls": 400, "lengthCalls": 12}},
    "fair": {"found": 0.9, "confidence": [0.5, 1.0], "latencyMs": {"p50": 5, "p99": 20}, "faults": {"http503": 0.02}},
}
# A task that is taken up calls a provider so often at most.
CALLS_A_TAKE = 3
ENDED = ("completed", "partially_completed", "failed", "cancelled")


class Size:
    def __init__(self, tasks, daemon_kills, database_kills):
        self.tasks, self.daemon_kills, self.database_kills = tasks, daemon_kills, database_kills
        self.records = max(10, min(500, tasks // 20))
        self.jobs = max(2, tasks // (self.records * len(FIELDS)))


class Simulator:
    def __init__(self, program, seed):
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", program, "--listen", "127.0.0.1:0", "--seed", str(seed)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip().removeprefix("ready http=")
        for name, behaviour in BEHAVIOURS.items():
            self.ask(f"providers/{name}", behaviour)

    def ask(self, path, body=None):
        request = urllib.request.Request(f"http://{self.address}/control/{path}", method="PUT" if body else "GET",
                                         data=json.dumps(body).encode() if body else None)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def pages(self, path, member):
        entries, offset = [], 0
        while offset is not None:
            page = self.ask(f"{path}{'&' if '?' in path else '?'}offset={offset}&limit=10000")
            entries += page[member]
            offset = page.get("nextOffset")
        return entries

    def stop(self):
        self.process.terminate()
        self.process.wait()


def prepare(folder, simulator):
    """Manifests and keys of the providers. - Returns: the daemons' settings."""
    text = (common.ROOT / "providers" / "sim-steady.json").read_text()
    for kind in ("providers", "keys"):
        (folder / kind).mkdir(mode=0o700)
    for name, cost in COSTS.items():
        changed = text.replace("sim-steady", f"sim-{name}").replace("/v1/steady/", f"/v1/{name}/").replace("127.0.0.1:18090", simulator.address)
        changed = changed.replace('"platform": 2', f'"platform": {cost}').replace('"timeoutMs": 3000', '"timeoutMs": 500')
        (folder / "providers" / f"sim-{name}.json").write_text(changed)
        key = folder / "keys" / f"provider-sim-{name}"
        key.write_text("platform-key\n")
        key.chmod(0o600)
    return {"RPCD_PROVIDERS_DIR": str(folder / "providers"), "RPCD_PROVIDER_KEYS_DIR": str(folder / "keys"),
            "RPCD_EGRESS_ALLOW": simulator.address}


def persist(installation, generator, method, **params):
    """Calls with a key until it is answered."""
    key = str(uuid.UUID(int=generator.getrandbits(128), version=4))
    while True:
        try:
            connection = common.Connection(generator.choice(installation.daemons).socket)
            try:
                connection.send(method, params | {"_meta": {"idempotencyKey": key}})
                answer = connection.receive()
            finally:
                connection.close()
            if "result" in answer:
                return answer["result"]
            code = (answer["error"].get("data") or {}).get("error", {}).get("code")
            assert code in ("SERVICE_UNAVAILABLE", "TIMEOUT"), answer
        except (OSError, common.Lost):
            pass
        time.sleep(0.05)


def set_up(installation, generator, simulator):
    workspaces = []
    owner = common.Connection(installation.daemons[0].socket)
    owner.call("auth.register", email="ada@example.org", password="correct horse battery", name="Ada")
    for number in range(WORKSPACES):
        workspace = owner.call("workspaces.create", name=f"W{number}", ownerEmail="ada@example.org")["id"]
        owner.call("billing.addCredits", workspaceId=workspace, amount=CREDITS, type="bonus")
        owner.call("webhooks.create", workspaceId=workspace, url=f"http://{simulator.address}/hooks/w{number}",
                   events=["job.completed", "job.partially_completed", "job.failed"])
        workspaces.append(workspace)
    owner.close()
    return workspaces


class Maker(threading.Thread):
    """Makes jobs while everything is killed: half of a workspace's jobs ask about people that others have asked about."""

    def __init__(self, installation, generator, workspaces, size):
        super().__init__(daemon=True)
        self.installation, self.random, self.workspaces, self.size = installation, generator, workspaces, size
        self.jobs = []
        self.failure = None

    def run(self):
        try:
            for number in range(self.size.jobs):
                start = self.random.randrange(0, 4) * self.size.records // 2 if number % 2 else number * self.size.records
                records = [{"externalId": f"p{person}", "fields": {"name": f"person {person}", "domain": f"c{person % 97}.example"}}
                           for person in range(start, start + self.size.records)]
                slugs = [f"sim-{name}" for name in self.random.sample(sorted(COSTS), self.random.randint(2, 3))]
                fields = [{"name": name, "providers": slugs, "minConfidence": 0.3} for name in FIELDS]
                job = persist(self.installation, self.random, "jobs.create", workspaceId=self.workspaces[number % WORKSPACES],
                              records=records, fields=fields, keys="platform")
                self.jobs.append(job["id"])
        except Exception as error:
            self.failure = error


class Observer(threading.Thread):
    """Tells how many tasks are done, until every job has ended."""

    def __init__(self, installation, maker, progress):
        super().__init__(daemon=True)
        self.installation, self.maker, self.progress = installation, maker, progress

    def run(self):
        while not self.progress.is_over:
            try:
                [[done, waiting]] = self.installation.cluster.rows(
                    f"SELECT (SELECT count(*) FROM job_tasks WHERE state = 'done'), (SELECT count(*) FROM jobs WHERE status NOT IN {ENDED})",
                    subprocess.DEVNULL)
            except subprocess.CalledProcessError:
                # It is down at this moment.
                time.sleep(0.1)
                continue
            self.progress.advance(int(done) - self.progress.done)
            if waiting == "0" and not self.maker.is_alive():
                return
            time.sleep(0.2)


def check_jobs(cluster, jobs, workspaces, findings):
    found = cluster.rows("""
        SELECT j.id, j.status, j.total, j.remaining, j.found + j.cached + j.not_found + j.exhausted + j.skipped + j.failed, j.spent_credits,
            j.found, coalesce(l.count, 0), coalesce(l.sum, 0), coalesce(l.different, 0)
        FROM jobs j LEFT JOIN (SELECT split_part(reference_id, ':', 2)::uuid AS job, count(*), sum(amount), count(DISTINCT reference_id) AS different
            FROM ledger WHERE type = 'capture' AND reference_id LIKE 'task:%' GROUP BY 1) l ON l.job = j.id""")
    findings.expect("jobs", {row[0] for row in found} == set(jobs), f"{len(found)} jobs are there, {len(jobs)} were acknowledged")
    for job, status, total, remaining, told, spent, paid, entries, amount, different in found:
        findings.expect("jobs", status in ENDED and remaining == "0" and total == told, f"{job} is {status}: {told} of {total}")
        findings.expect("credits", paid == entries == different and spent == amount,
                        f"{job}: {paid} found, {entries} entries for {different} tasks; spent {spent}, captured {amount}")
    reasons = cluster.rows("""
        SELECT job_id, seq, status FROM job_tasks WHERE (status IN ('found', 'cached', 'exhausted')) <> (value IS NOT NULL)
            OR (status IN ('failed', 'skipped') AND error IS NULL) OR state <> 'done'""")
    findings.expect("jobs", not reasons, f"without a value or a reason: {reasons[:5]}")
    lost = cluster.rows("""
        SELECT t.job_id, t.seq FROM job_tasks t JOIN jobs j ON j.id = t.job_id JOIN records r ON r.id = t.record_id
        WHERE t.status IN ('found', 'cached') AND NOT r.fields ? (j.fields -> t.field::int ->> 'name')""")
    findings.expect("results", not lost, f"found and not in the record: {lost[:5]}")
    accounts = cluster.rows(f"""
        SELECT a.workspace_id, a.balance, a.held, coalesce(sum(j.spent_credits), 0) FROM accounts a LEFT JOIN jobs j USING (workspace_id)
        WHERE a.workspace_id IN ({', '.join(repr(workspace) for workspace in workspaces)})
        GROUP BY 1, 2, 3 HAVING a.held <> 0 OR a.balance <> {CREDITS} - coalesce(sum(j.spent_credits), 0)""")
    findings.expect("credits", not accounts, f"accounts that do not add up: {accounts}")


def check_calls(cluster, simulator, findings):
    """- Returns: calls in all."""
    told = collections.defaultdict(set)
    takes = collections.Counter()
    for workspace, person, provider, taken in cluster.rows("""
            SELECT t.workspace_id, r.fields ->> 'name', t.provider, greatest(t.takes, t.attempts) FROM job_tasks t JOIN records r ON r.id = t.record_id"""):
        takes[person] += int(taken)
        if provider:
            told[provider, person].add(workspace)
    calls = 0
    for name in COSTS:
        for entry in simulator.pages(f"calls?provider={name}", "inputs"):
            person = next(part for part in entry["input"].split("&") if part.startswith("name=")).removeprefix("name=").replace("%20", " ").replace("+", " ")
            calls += entry["calls"]
            findings.expect("calls", entry["calls"] <= CALLS_A_TAKE * takes[person],
                            f"{name} was asked {entry['calls']} times about {person}, in {takes[person]} takes")
            answers = len(told.pop((f"sim-{name}", person), ()))
            right = entry["found"] + entry["faults"]
            findings.expect("calls", right >= answers, f"{name} answered {right} times about {person}, and {answers} workspaces know it")
    findings.expect("calls", not told, f"nobody was asked about {list(told)[:5]}")
    return calls


def check_webhooks(cluster, simulator, workspaces, findings):
    """- Returns: events, and deliveries of them."""
    deadline = time.monotonic() + 120
    while cluster.rows("SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'") != [["0"]] or cluster.rows(
            "SELECT count(*) FROM events WHERE NOT is_handed_out") != [["0"]]:
        if time.monotonic() > deadline:
            findings.add("webhooks", "deliveries are waiting still")
            break
        time.sleep(0.2)
    total = received = 0
    for number, workspace in enumerate(workspaces):
        wanted = {f"msg_{row[0]}" for row in cluster.rows(f"SELECT id FROM events WHERE workspace_id = '{workspace}' AND type LIKE 'job.%'")}
        bodies = collections.defaultdict(set)
        for delivery in simulator.pages(f"hooks/w{number}", "deliveries"):
            received += 1
            bodies[dict(delivery["headers"])["webhook-id"]].add(delivery["body"])
        total += len(wanted)
        findings.expect("webhooks", set(bodies) == wanted, f"{len(wanted)} events of {workspace}, {len(bodies)} ids arrived")
        for identifier, different in bodies.items():
            findings.expect("webhooks", len(different) == 1, f"{identifier} came with {len(different)} bodies")
    jobs = int(cluster.rows("SELECT count(*) FROM jobs")[0][0])
    findings.expect("webhooks", total == jobs, f"{jobs} jobs and {total} events")
    return total, received


def prove(rpcd, seed, size):
    findings = common.Findings()
    generator = random.Random(seed)
    with common.WorkFolder() as folder:
        simulator = Simulator(rpcd.parent / "rpcd-provider-sim", seed)
        installation = killer = None
        try:
            installation = common.Installation(folder, rpcd, DAEMONS, environment=prepare(folder, simulator))
            workspaces = set_up(installation, generator, simulator)
            progress = killing.Progress(size.jobs * size.records * len(FIELDS))
            killer = killing.Killer(generator, progress, installation, size.daemon_kills, size.database_kills)
            maker = Maker(installation, random.Random(generator.random()), workspaces, size)
            observer = Observer(installation, maker, progress)
            for thread in (killer, maker, observer):
                thread.start()
            progress.watch([maker, observer], findings, lambda: (
                f"{killer.daemon_kills}/{size.daemon_kills} kills, {killer.database_kills}/{size.database_kills} of the database"))
            seconds = progress.seconds
            killer.finish()
            for failure in (killer.failure, maker.failure):
                findings.expect("progress", not failure, f"{failure!r}")
            kills = (killer.daemon_kills, killer.database_kills)
            findings.expect("progress", kills == (size.daemon_kills, size.database_kills), f"only {kills} kills came to pass")
            for daemon in installation.daemons:
                daemon.wait_until_ready()
            cluster = installation.cluster
            check_jobs(cluster, maker.jobs, workspaces, findings)
            calls = check_calls(cluster, simulator, findings)
            events, received = check_webhooks(cluster, simulator, workspaces, findings)
            verified = [installation.verify("ledger", findings, "credits"), installation.verify("audit", findings, "trail")]
            statuses = ", ".join(f"{int(count):,} {status}" for status, count in cluster.rows("SELECT status, count(*) FROM job_tasks GROUP BY 1 ORDER BY 2 DESC"))
            again = cluster.rows("SELECT count(*) FROM job_tasks WHERE takes > 1")[0][0]
            installation.stop(findings)
            return [
                f"{progress.total:,} tasks of {size.jobs} jobs in {seconds:.0f} s: {statuses}; {int(again):,} were taken up more than once",
                f"{kills[0]} kills of a daemon, {kills[1]} of PostgreSQL; {calls:,} calls of {len(COSTS)} providers",
                f"{events} events, {received} deliveries of them", *verified], findings
        finally:
            if killer:
                killer.finish()
            if installation:
                installation.remove()
            simulator.stop()


def parser():
    parser = common.arguments(__doc__)
    parser.add_argument("--tasks", type=int, help="how many; 20000 by default")
    parser.add_argument("--kills", type=int, help="of the daemons, with SIGKILL; 50 by default")
    parser.add_argument("--database-kills", type=int, help="of PostgreSQL, with pg_ctl -m immediate; 5 by default")
    return parser


def main(options):
    """- Returns: whether it is proven."""
    seed = common.seed_of(options)
    print(f"seed {seed}", flush=True)
    given = (options.tasks, options.kills, options.database_kills)
    defaults = (400, 3, 1) if options.quick else (20_000, 50, 5)
    size = Size(*(default if value is None else value for value, default in zip(given, defaults)))
    counted, findings = prove(common.program_of(options), seed, size)
    return findings.conclude(counted, seed, "every job ends, what is found is paid once, every event arrives")


if __name__ == "__main__":
    common.run(parser(), main)
