"""Debits, end to end, beside pgbench with the same statements."""

import json
import re
import subprocess

from common import PGBENCH, SECONDS, Connection, load, ratio, row, times
from identity import psql

CLIENTS = 32


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
    VALUES (sha256((:k)::text::bytea), sha256('x'), convert_to(repeat('x', 300), 'UTF8'), false, 1)
    ON CONFLICT (scope) DO UPDATE SET created_at = now() WHERE i.created_at <= now() - interval '24 hours';
COMMIT;
""")
    return path


def pgbench(data, scripts):
    files = [word for path in scripts for word in ("-f", path)]
    command = [PGBENCH, "-h", data / "postgres" / "socket", "-U", "rpcd", "-n", "-M", "prepared", *files, "-c", str(CLIENTS), "-j", "1",
               "-T", str(SECONDS), "rpcd"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {"perSecond": float(re.search(r"^tps = ([\d.]+)", text, re.M)[1]),
            "mean": float(re.search(r"^latency average = ([\d.]+)", text, re.M)[1]) * 1000}


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
    rounds = iter(range(1_000_000))

    def debits(count):
        number = next(rounds)
        extra = []
        for workspace in workspaces[:count]:
            params = {"workspaceId": workspace, "amount": 1, "_meta": {"token": token, "idempotencyKey": f"{number}-@ID@"}}
            extra += ["--request", '{"jsonrpc":"2.0","id":@ID@,"method":"billing.debit","params":' + json.dumps(params) + "}"]
        return load(path, *extra, "--clients", CLIENTS)

    for count, what in ((CLIENTS, "32 workspaces"), (1, "one workspace")):
        scripts = [script(work, workspace, user) for workspace in workspaces[:count]]
        value, ours, theirs = ratio(lambda: debits(count), lambda: pgbench(data, scripts))
        row(f"`billing.debit` with keys, {what}, 32 clients ÷ pgbench with the same statements", "≥ 1.0", f"{value:.2f}", value >= 1,
            f"{ours['perSecond']:,.0f}/s, {times(ours)}; pgbench {theirs['perSecond']:,.0f}/s, {times(theirs)}")
