"""From the database to the store of analytics, and reports from there."""

import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

from common import QUICK, ROOT, ROUNDS, RPCD, SECONDS, Connection, load, row, times, wait_for_ready
from identity import psql

sys.path.append(str(ROOT / "Proofs"))
import stores  # noqa: E402

CLIENTS = 32
EVENTS = 200_000 if QUICK else 1_000_000
STEADY, STEADY_SECONDS = 5_000, 5 if QUICK else 20
ROWS = 1_000_000 if QUICK else 10_000_000
# The lock of whoever sends (AdvisoryLock.sendingToAnalytics).
LOCK = 0x7270_6372
SUMS = [("enrichment_sums", "toStartOfFifteenMinutes", "enrichment"), ("call_sums", "toStartOfDay", "enrichment"),
        ("credit_sums", "toStartOfFifteenMinutes", "credits")]
# Each job has so many results.
JOB = 10_000
JOB_ID = "00000000-0000-4000-8000-{:012d}"
QUESTIONS = [
    *(("analytics.enrichment", {"groupBy": by, "timeZone": "Europe/Berlin"}) for by in ("provider", "field", "hour", "day", "week")),
    *(("analytics.credits", {"groupBy": by, "timeZone": "Europe/Berlin"}) for by in ("provider", "source", "hour", "day", "week")),
    ("analytics.funnel", {}), ("analytics.providers", {}),
    ("analytics.enrichment", {"groupBy": "provider", "jobId": JOB_ID.format(ROWS // JOB // 2)}), ("analytics.funnel", {"jobId": JOB_ID.format(ROWS // JOB // 2)})]
OLTP = """SELECT CASE WHEN {by} THEN t.provider ELSE '' END, count(*) FILTER (WHERE t.status = 'found'), count(*), sum(t.cost)
    FROM job_tasks t JOIN jobs j ON j.id = t.job_id WHERE j.workspace_id = '{workspace}' AND t.finished_at >= now() - interval '90 days' GROUP BY 1"""


class Idle:
    """Nobody sends as long as this is held."""

    def __init__(self, data):
        words = ["psql", "-qAtX", "-h", data / "postgres" / "socket", "-U", "rpcd", "rpcd"]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        # Who sends is disconnected, and this is quicker than it comes back.
        self.process.stdin.write(f"""SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = {LOCK};
            SELECT pg_advisory_lock({LOCK});\nSELECT 'held';\n""")
        self.process.stdin.flush()
        while "held" not in self.process.stdout.readline():
            pass

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def results(data, workspace, count):
    """So many results of a job, each with its note, committed at once."""
    psql(data, f"""
        WITH job AS (INSERT INTO jobs (id, workspace_id, status, fields, keys, is_refresh, total, remaining, estimated_credits, created_by)
            VALUES (gen_random_uuid(), '{workspace}', 'completed', '[{{"name":"email","providers":["nobody"],"minConfidence":0}}]', 'own', false, {count}, 0, 0, 'bench')
            RETURNING id),
        one AS (SELECT id FROM records WHERE workspace_id = '{workspace}' LIMIT 1),
        done AS (INSERT INTO job_tasks (job_id, seq, workspace_id, record_id, field, state, status, provider, cost, takes, attempts, finished_at, calls)
            SELECT job.id, n, '{workspace}', one.id, 0, 'done', 'found', 'acme', 1, 1, 1, clock_timestamp(), '[["acme","found",120]]'
            FROM job, one, generate_series(1, {count}) n RETURNING job_id, seq)
        INSERT INTO analytics_outbox (workspace_id, job_id, seq) SELECT '{workspace}', job_id, seq FROM done""")


def waiting(data):
    return int(psql(data, "SELECT count(*) FROM analytics_outbox"))


def arrive(data):
    while psql(data, "SELECT EXISTS (SELECT FROM analytics_outbox)") == "t":
        time.sleep(0.02)


def replication(data, workspace, name):
    psql(data, f"INSERT INTO records (workspace_id, external_id, fields) VALUES ('{workspace}', 'bench', '{{}}') ON CONFLICT DO NOTHING")
    rates = []
    for _ in range(2 if QUICK else 3):
        idle = Idle(data)
        results(data, workspace, EVENTS)
        idle.end()
        while waiting(data) == EVENTS:
            time.sleep(0.01)
        # From the first that has arrived.
        begun, first = time.monotonic(), EVENTS - waiting(data)
        arrive(data)
        rates.append((EVENTS - first) / (time.monotonic() - begun))
    rate = statistics.median(rates)
    row(f"Events sent to {name}, sustained", "≥ 50,000/s", f"{rate:,.0f}/s", rate >= 50_000,
        f"{EVENTS:,} results that waited; rounds {min(rates):,.0f}–{max(rates):,.0f}/s")

    ages, stop = [], threading.Event()

    def look():
        while not stop.is_set():
            age = psql(data, "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0) FROM analytics_outbox")
            ages.append(float(age))
            time.sleep(0.02)

    watcher = threading.Thread(target=look)
    watcher.start()
    began = time.monotonic()
    for number in range(STEADY_SECONDS * 5):
        results(data, workspace, STEADY // 5)
        time.sleep(max(0, began + (number + 1) / 5 - time.monotonic()))
    took = time.monotonic() - began
    stop.set()
    watcher.join()
    ages.sort()
    late = ages[len(ages) * 99 // 100]
    row(f"Age of the oldest event that has not arrived in {name}, p99", "< 2 s", f"{late:.2f} s", late < 2,
        f"at {STEADY * STEADY_SECONDS / took:,.0f} events/s for {took:.0f} s; p50 {ages[len(ages) // 2]:.2f} s")
    arrive(data)


def debits(path, data, name):
    connection = Connection(path)
    workspaces = []
    for _ in range(CLIENTS):
        workspace = connection.call("workspaces.create", name="Bench", ownerEmail="analytics@example.org")["id"]
        connection.call("billing.addCredits", workspaceId=workspace, amount=1_000_000_000, type="bonus")
        workspaces.append(workspace)
    requests = pathlib.Path(path).parent / "debits.txt"
    requests.write_text("".join(json.dumps({"jsonrpc": "2.0", "id": "@", "method": "billing.debit", "params": {"workspaceId": workspace, "amount": 1}})
                                .replace('"@"', "@ID@") + "\n" for workspace in workspaces))

    def measured():
        return load(path, "--requests-file", requests, "--clients", CLIENTS)

    ratios = []
    for _ in range(ROUNDS):
        idle = Idle(data)
        without = measured()
        idle.end()
        arrive(data)
        ratios.append((measured()["perSecond"] / without["perSecond"], without))
        arrive(data)
    value = statistics.median(value for value, _ in ratios)
    row(f"Debits, {CLIENTS} clients: while their events are sent to {name} ÷ while they wait", "≥ 0.9", f"{value:.2f}", value >= 0.9,
        f"{ratios[-1][1]['perSecond']:,.0f}/s while they wait; {times(ratios[-1][1])}")


def fill_clickhouse(url, workspace):
    """Ten million results and as many transactions of 90 days."""
    for statement in [
        f"""INSERT INTO enrichment (workspace_id, at, job_id, seq, record_id, field, is_first_field, status, provider, cost, confidence, attempts,
                `calls.provider`, `calls.outcome`, `calls.milliseconds`, is_void, keep_until)
            SELECT '{workspace}', now64(6) - toIntervalMicrosecond(toUInt64(number * (7776000000000 / {ROWS}))), toUUID(concat('00000000-0000-4000-8000-', leftPad(toString(intDiv(number, {JOB})), 12, '0'))), number,
                generateUUIDv4(), ['email','phone'][1 + number % 2], number % 2 = 0, ['found','found','not_found','cached','failed'][1 + number % 5],
                ['acme','beta','gamma','delta','epsilon'][1 + intDiv(number, 7) % 5], 2, 0.9, 1, [['acme','beta','gamma','delta','epsilon'][1 + intDiv(number, 7) % 5]],
                ['found'], [number % 300], 0, now() + toIntervalDay(700) FROM numbers({ROWS})""",
        f"""INSERT INTO credits (workspace_id, at, id, type, amount, source, provider, keep_until)
            SELECT '{workspace}', now64(6) - toIntervalMicrosecond(toUInt64(number * (7776000000000 / {ROWS}))), generateUUIDv4(), 'capture', 2, 'job', 'acme',
                now() + toIntervalDay(700) FROM numbers({ROWS})""",
        *(f"""INSERT INTO {table} (workspace_id, slot, version, is_changed, keep_until)
            SELECT workspace_id, {slot}(at) AS slot, now64(6) - toIntervalHour(1), 1, max(keep_until) FROM {rows} GROUP BY workspace_id, slot"""
          for table, slot, rows in SUMS)]:
        request = urllib.request.Request(url, data=statement.encode(), method="POST")
        urllib.request.urlopen(request, timeout=1800).read()


def summed_up(url):
    """Once the daemon has made sums of what was there an hour ago: how long it took."""
    began = time.monotonic()
    for table, _, _ in SUMS:
        while True:
            count = f"SELECT count() FROM {table} FINAL WHERE is_changed AND version < now64(6) - toIntervalMinute(30)"
            if int(urllib.request.urlopen(urllib.request.Request(url, data=count.encode(), method="POST"), timeout=600).read()) == 0:
                break
            time.sleep(0.5)
    return time.monotonic() - began


def questions(path, data, store, workspace):
    url = f"http://127.0.0.1:{store.port}/?database={store.DATABASE}"
    fill_clickhouse(url, workspace)
    psql(data, f"""
        INSERT INTO jobs (id, workspace_id, status, fields, keys, is_refresh, total, remaining, estimated_credits, created_by, created_at, finished_at)
        SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, '{workspace}', 'completed', '[]', 'own', false, {JOB}, 0, 0, 'bench',
            now() - make_interval(secs => 7776000.0 * {JOB} / {ROWS} * (n + 1)), now() - make_interval(secs => 7776000.0 * {JOB} / {ROWS} * n)
        FROM generate_series(0, {ROWS // JOB} - 1) n""")
    seconds = summed_up(url)
    connection = Connection(path)
    worst, figures = 0.0, []
    for method, params in QUESTIONS:
        taken = []
        for _ in range(5):
            began = time.monotonic()
            connection.call(method, workspaceId=workspace, range="90d", **params)
            taken.append(time.monotonic() - began)
        middle = statistics.median(taken) * 1000
        worst = max(worst, middle)
        figures.append(f"{method.removeprefix('analytics.')}{' by ' + params['groupBy'] if 'groupBy' in params else ''}{' of a job' if 'jobId' in params else ''} {middle:.0f}")
    row(f"Slowest report over {ROWS:,} events of one workspace, p50", "< 200 ms", f"{worst:.0f} ms", worst < 200, f"ms: {', '.join(figures)}; sums of all of it made in {seconds:.0f} s")
    results(data, workspace, ROWS)
    psql(data, "VACUUM ANALYZE job_tasks")
    taken = []
    for by in ("false", "true"):
        began = time.monotonic()
        psql(data, OLTP.format(by=by, workspace=workspace))
        taken.append(time.monotonic() - began)
    row("The same on the database of the transactions", "–", f"{min(taken) * 1000:,.0f} ms", None, "results by day and by provider, at their best")


def measure(work, environment):
    for name, kind in (("ClickHouse", "clickhouse"), ("PostgreSQL", "postgres")):
        folder = work / f"analytics-{kind}"
        folder.mkdir(mode=0o711)
        folder.chmod(0o711)
        store = stores.ClickHouse(folder) if kind == "clickhouse" else None
        settings = store.environment if store else {}
        if store:
            store.make()
        data = folder / "data"
        daemon = subprocess.Popen([RPCD, "dev", "--data-dir", data, "--http", "off"], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment | settings)
        try:
            wait_for_ready(daemon)
            path = str(data / "rpcd.sock")
            connection = Connection(path)
            connection.call("auth.register", email="analytics@example.org", password="correct horse battery", name="Ada")
            workspace = connection.call("workspaces.create", name="Analytics", ownerEmail="analytics@example.org")["id"]
            replication(data, workspace, name)
            if store:
                debits(path, data, name)
                busy = connection.call("workspaces.create", name="Busy", ownerEmail="analytics@example.org")["id"]
                psql(data, f"INSERT INTO records (workspace_id, external_id, fields) VALUES ('{busy}', 'bench', '{{}}')")
                questions(path, data, store, busy)
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait()
            if store:
                store.remove()
