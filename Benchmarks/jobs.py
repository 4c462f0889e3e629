"""The queue of tasks alone, and a job against a provider that takes its time."""

import json
import statistics
import time
import urllib.request

from common import QUICK, ROUNDS, Connection, row
from identity import psql

TASKS = 20_000 if QUICK else 100_000
WAITING = 100_000 if QUICK else 1_000_000
STARTS = 50 if QUICK else 300
RECORDS = 2_000 if QUICK else 10_000
LATENCY_MS, IN_FLIGHT = 50, 200
ENDED = "('completed', 'partially_completed', 'failed', 'cancelled')"


def records(data, workspace, count, prefix):
    psql(data, f"""INSERT INTO records (workspace_id, external_id, fields) SELECT '{workspace}', '{prefix}' || n,
        jsonb_build_object('name', 'Person ' || n, 'domain', '{prefix}' || n || '.example') FROM generate_series(1, {count}) n""")


def noop(data, workspace, prefix, count):
    """A job whose only provider is nobody: taking its tasks up and writing down what came of them is all there is to do. - Returns: its id."""
    return psql(data, f"""
        WITH job AS (INSERT INTO jobs (id, workspace_id, fields, keys, is_refresh, total, remaining, estimated_credits, created_by)
            VALUES (gen_random_uuid(), '{workspace}', '[{{"name":"email","providers":["nobody"],"minConfidence":0}}]', 'own', false, {count}, {count}, 0, 'bench')
            RETURNING id),
        tasks AS (INSERT INTO job_tasks (job_id, seq, workspace_id, record_id, field)
            SELECT job.id, row_number() OVER (), '{workspace}', r.id, 0 FROM job, (SELECT id FROM records WHERE workspace_id = '{workspace}'
                AND external_id LIKE '{prefix}%' LIMIT {count}) r),
        turn AS (INSERT INTO job_turns (job_id, workspace_id, priority) SELECT id, '{workspace}', 0 FROM job)
        SELECT id || pg_notify('rpcd_jobs', '')::text FROM job""")


def wait(data, jobs):
    while psql(data, f"SELECT count(*) FROM jobs WHERE status NOT IN {ENDED}") != "0":
        time.sleep(0.3)
    ids = ", ".join(f"'{job}'" for job in jobs)
    return float(psql(data, f"SELECT extract(epoch FROM max(finished_at) - min(started_at)) FROM jobs WHERE id IN ({ids})"))


def queue(connection, data):
    workspace = connection.call("workspaces.create", name="Queue", ownerEmail="jobs@example.org")["id"]
    records(data, workspace, max(TASKS, WAITING), "q")
    psql(data, "VACUUM ANALYZE records")
    rates = [TASKS / wait(data, [noop(data, workspace, "q", TASKS)]) for _ in range(ROUNDS)]
    rate = statistics.median(rates)
    row("Tasks that do nothing, taken up and written down", "≥ 12,000/s", f"{rate:,.0f}/s", rate >= 12_000,
        f"one job of {TASKS:,}; durable; rounds {min(rates):,.0f}–{max(rates):,.0f}/s")

    small = [1000 * 20 / wait(data, [noop(data, workspace, "q", 1000) for _ in range(20)]) for _ in range(ROUNDS)]
    large = noop(data, workspace, "q", WAITING)
    psql(data, "VACUUM ANALYZE job_tasks")
    done = []
    while len(done) < 2 or done[-1][1] - done[0][1] < 3:
        done.append((int(psql(data, f"SELECT total - remaining FROM jobs WHERE id = '{large}'")), time.monotonic()))
        if done[0][0] == 0:
            done.pop()
        time.sleep(0.2)
    beside = (done[-1][0] - done[0][0]) / (done[-1][1] - done[0][1])
    connection.call("jobs.cancel", workspaceId=workspace, jobId=large)
    value = statistics.median(small) / beside
    row(f"Cost of a task with {WAITING:,} waiting ÷ with 1,000 a job", "≤ 1.2", f"{value:.2f}", value <= 1.2,
        f"{beside:,.0f}/s; {statistics.median(small):,.0f}/s")

    psql(data, f"DELETE FROM job_tasks WHERE job_id = '{large}'")
    person = [{"externalId": "one", "fields": {"name": "One"}}]
    for _ in range(STARTS):
        connection.call("jobs.create", workspaceId=workspace, records=person, fields=[{"name": "email", "providers": ["sim-steady"]}], keys="own")
    wait(data, [large])
    middle, late = psql(data, f"""SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - created_at) * 1000)
        FROM (SELECT * FROM jobs WHERE workspace_id = '{workspace}' ORDER BY created_at DESC LIMIT {STARTS}) j""").strip("{}").split(",")
    row("From `jobs.create` to a job's first task, p50", "< 5 ms", f"{float(middle):.1f} ms", float(middle) < 5, f"p99 {float(late):.1f} ms")


def providers(connection, data):
    behaviour = json.dumps({"latencyMs": {"p50": LATENCY_MS}}).encode()
    urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:18090/control/providers/steady", data=behaviour, method="PUT")).close()
    ideal = RECORDS * LATENCY_MS / 1000 / IN_FLIGHT
    values = []
    for number in range(min(3, ROUNDS)):
        workspace = connection.call("workspaces.create", name="Job", ownerEmail="jobs@example.org")["id"]
        connection.call("billing.addCredits", workspaceId=workspace, amount=10 * RECORDS, type="bonus")
        records(data, workspace, RECORDS, f"r{number}-")
        job = connection.call("jobs.create", workspaceId=workspace, all=True, fields=[{"name": "email", "providers": ["sim-steady"]}])["id"]
        # psql would take the processors that the job needs.
        while not (ended := connection.call("jobs.get", workspaceId=workspace, jobId=job))["finishedAt"]:
            time.sleep(0.1)
        seconds = wait(data, [job])
        assert ended["counts"]["found"] == RECORDS, ended
        values.append(seconds / ideal)
    value = statistics.median(values)
    row(f"A job of {RECORDS:,} records, {LATENCY_MS} ms each, {IN_FLIGHT} in flight ÷ ideal", "≤ 1.3", f"{value:.2f}", value <= 1.3,
        f"{value * ideal:.1f} s; credits, results and events included")


def measure(path, data):
    connection = Connection(path)
    connection.call("auth.register", email="jobs@example.org", password="correct horse battery", name="Jobs")
    # First: after a million tasks PostgreSQL cleans up for a while.
    providers(connection, data)
    queue(connection, data)
