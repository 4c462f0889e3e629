"""Debits, end to end, beside pgbench with the same statements."""

import json
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

from common import PGBENCH, QUICK, ROUNDS, RPCD, SECONDS, Connection, load, ratio, row, times
from identity import psql

CLIENTS = 32
TRANSACTIONS = 500_000 if QUICK else 10_000_000
ACCOUNTS = 1_000


def script(work, workspace, user):
    path = work / f"debit-{workspace}.sql"
    path.write_text(f"""\\set k random(1, 9000000000000000000)
BEGIN;
SELECT role FROM rpcd_enter_key('{workspace}', '\\x00', '{workspace}');
SELECT fingerprint, outcome, is_sealed, key_version, scope FROM idempotency_keys
    WHERE scope = sha256((:k)::text::bytea) AND created_at > now() - interval '24 hours' LIMIT 1;
SELECT balance, seq FROM accounts WHERE workspace_id = '{workspace}' AND EXISTS (SELECT FROM workspaces WHERE id = '{workspace}')
    FOR UPDATE \\gset
INSERT INTO ledger (id, workspace_id, seq, type, amount, balance_after, held_after, actor, request_id)
    VALUES (gen_random_uuid(), '{workspace}', :seq + 1, 'debit', 1, :balance - 1, 0, 'user/{user}', (:k)::text);
UPDATE accounts SET balance = :balance - 1, held = 0, expiring = 0, next_expiry = NULL, seq = :seq + 1
    WHERE workspace_id = '{workspace}';
INSERT INTO audit_log (actor, action, workspace_id, object, address, request_id, outcome)
    VALUES ('user/{user}', 'billing.debit', '{workspace}', '{{"id":"{user}"}}', 'uid/0', (:k)::text, 'OK');
INSERT INTO idempotency_keys AS i (scope, fingerprint, outcome, is_sealed, key_version)
    VALUES (sha256((:k)::text::bytea), sha256('x'), convert_to('{{"result":"' || repeat('x', 300) || '"}}', 'UTF8'), false, 1)
    ON CONFLICT (scope) DO UPDATE SET created_at = now() WHERE i.created_at <= now() - interval '24 hours';
COMMIT;
""")
    return path


def pgbench(data, scripts):
    files = [word for path in scripts for word in ("-f", path)]
    with tempfile.TemporaryDirectory() as folder:
        command = [PGBENCH, "-h", data / "postgres" / "socket", "-U", "rpcd", "-n", "-M", "prepared", *files, "-c", str(CLIENTS), "-j", "1",
                   "-T", str(SECONDS), "--log", "--log-prefix", f"{folder}/log", "rpcd"]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        taken = sorted(int(line.split()[2]) for path in pathlib.Path(folder).iterdir() for line in path.read_text().splitlines())
    return {"perSecond": float(re.search(r"^tps = ([\d.]+)", text, re.M)[1]), "p50us": taken[len(taken) // 2],
            "p99us": taken[len(taken) * 99 // 100]}


def debit_function(data):
    """The same debit as one function of PostgreSQL: what the database can do when nothing is between."""
    psql(data, """CREATE OR REPLACE FUNCTION bench_debit(w uuid, k text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    a record;
BEGIN
    PERFORM FROM idempotency_keys WHERE scope = sha256(k::bytea) AND created_at > now() - interval '24 hours';
    SELECT balance, seq INTO a FROM accounts WHERE workspace_id = w FOR UPDATE;
    INSERT INTO ledger (id, workspace_id, seq, type, amount, balance_after, held_after, actor, request_id)
    VALUES (gen_random_uuid(), w, a.seq + 1, 'debit', 1, a.balance - 1, 0, 'user/x', k);
    UPDATE accounts SET balance = a.balance - 1, held = 0, expiring = 0, next_expiry = NULL, seq = a.seq + 1 WHERE workspace_id = w;
    INSERT INTO audit_log (actor, action, workspace_id, object, address, request_id, outcome)
    VALUES ('user/x', 'billing.debit', w, '{}', 'uid/0', k, 'OK');
    INSERT INTO idempotency_keys (scope, fingerprint, outcome, is_sealed, key_version)
    VALUES (sha256(k::bytea), sha256('x'), convert_to('{"result":"' || repeat('x', 300) || '"}', 'UTF8'), false, 1);
    RETURN a.balance - 1;
END $$""")


def function_script(work, workspace):
    path = work / f"function-{workspace}.sql"
    path.write_text(f"\\set k random(1, 9000000000000000000)\nSELECT bench_debit('{workspace}', (:k)::text);\n")
    return path


def grow(data):
    """Millions of transactions of accounts that are whole, for `rpcd ledger verify` reads them, too."""
    each = TRANSACTIONS // ACCOUNTS
    psql(data, f"""SET session_replication_role = replica;
        CREATE TABLE bench_accounts AS SELECT gen_random_uuid() AS id FROM generate_series(1, {ACCOUNTS});
        INSERT INTO accounts (workspace_id, balance, seq) SELECT id, 1000000001 - {each}, {each} FROM bench_accounts;
        INSERT INTO ledger (id, workspace_id, seq, type, amount, balance_after, held_after, actor, request_id)
        SELECT gen_random_uuid(), a.id, n, CASE WHEN n = 1 THEN 'bonus' ELSE 'debit' END, CASE WHEN n = 1 THEN 1000000000 ELSE 1 END,
            1000000001 - n, 0, 'user/x', 'bench' FROM generate_series(1, {each}) n, bench_accounts a""")
    psql(data, "VACUUM ANALYZE accounts, ledger")
    return psql(data, "SELECT id FROM bench_accounts LIMIT 1")


def pages(path, workspace):
    """Ten a page, so that there are a thousand of them."""
    connection = Connection(path)
    params = {"workspaceId": workspace, "limit": 10 if TRANSACTIONS // ACCOUNTS >= 10_000 else 1}
    cursor, number = None, 1
    while number < min(1000, TRANSACTIONS // ACCOUNTS):
        cursor = connection.call("billing.transactions", **params, **({"cursor": cursor} if cursor else {}))["nextCursor"]
        number += 1
    def request(extra):
        return '{"jsonrpc":"2.0","id":@ID@,"method":"billing.transactions","params":' + json.dumps(params | extra) + "}"
    value, first, last = ratio(lambda: load(path, "--request", request({})), lambda: load(path, "--request", request({"cursor": cursor})))
    value = max(value, 1 / value)
    row(f"`billing.transactions`, page 1 and page {number:,} of {TRANSACTIONS:,} rows", "≤ 2", f"{value:.2f}", value <= 2,
        f"page 1 {times(first)}; page {number:,} {times(last)}")


def verification(path):
    rates = []
    for _ in range(3):
        began = time.monotonic()
        done = subprocess.run([RPCD, "ledger", "verify", "--socket", path], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
        count = int(re.match(r"(\d+) checked, 0 differ", done.stdout)[1])
        rates.append(count / (time.monotonic() - began))
    rate = statistics.median(rates)
    row("`rpcd ledger verify`", "≥ 500,000 transactions/s", f"{rate:,.0f}/s", rate >= 500_000, f"{count:,} transactions")


def measure(path, data, work, request):
    connection = Connection(path)
    token = json.loads(request.replace("@ID@", "1"))["params"]["_meta"]["token"]
    user = psql(data, "SELECT id FROM users LIMIT 1")
    workspaces = []
    for _ in range(CLIENTS):
        workspace = connection.call("workspaces.create", name="Bench", _meta={"token": token})["id"]
        connection.call("billing.addCredits", workspaceId=workspace, amount=1_000_000_000, type="bonus")
        workspaces.append(workspace)
    psql(data, "INSERT INTO master_keys (number) VALUES (1) ON CONFLICT DO NOTHING")
    debit_function(data)
    rounds = iter(range(1_000_000))

    def debits(count):
        number = next(rounds)
        extra = []
        for workspace in workspaces[:count]:
            params = {"workspaceId": workspace, "amount": 1, "_meta": {"token": token, "idempotencyKey": f"{number}-@ID@"}}
            extra += ["--request", '{"jsonrpc":"2.0","id":@ID@,"method":"billing.debit","params":' + json.dumps(params) + "}"]
        return load(path, *extra, "--clients", CLIENTS)

    for count, what, goal in ((CLIENTS, "32 workspaces", 1), (1, "one workspace", 3)):
        scripts = [script(work, workspace, user) for workspace in workspaces[:count]]
        value, ours, theirs = ratio(lambda: debits(count), lambda: pgbench(data, scripts))
        detail = f"{ours['perSecond']:,.0f}/s, {times(ours)}; pgbench {theirs['perSecond']:,.0f}/s, {times(theirs)}"
        row(f"`billing.debit` with keys, {what}, 32 clients ÷ pgbench with the same statements", f"≥ {goal}", f"{value:.2f}", value >= goal,
            detail)
        functions = [function_script(work, workspace) for workspace in workspaces[:count]]
        value, ours, theirs = ratio(lambda: debits(count), lambda: pgbench(data, functions))
        row(f"the same, {what} ÷ pgbench calling a PL/pgSQL function that does all of it", "", f"{value:.2f}", True,
            f"{ours['perSecond']:,.0f}/s; pgbench {theirs['perSecond']:,.0f}/s, {times(theirs)}")
    before = statistics.median(debits(CLIENTS)["perSecond"] for _ in range(ROUNDS))
    large = grow(data)
    after = statistics.median(debits(CLIENTS)["perSecond"] for _ in range(ROUNDS))
    row(f"`billing.debit`, 32 workspaces, beside {TRANSACTIONS:,} transactions ÷ before they were there", "≥ 0.9", f"{after / before:.2f}",
        after >= 0.9 * before, f"{after:,.0f}/s, {before:,.0f}/s")
    pages(path, large)
    verification(path)
