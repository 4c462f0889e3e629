"""Tokens, credentials, key rotation, the trail, logins."""

import json
import re
import statistics
import subprocess
import threading
import time

from common import QUICK, ROUNDS, RPCD, TOOLS, Connection, load, pgbench, ratio, row, times

CREDENTIALS = 5_000 if QUICK else 50_000
AUDIT_ROWS = 100_000 if QUICK else 1_000_000


def psql(data, sql):
    return subprocess.run(["psql", "-qAtX", "-h", data / "postgres" / "socket", "-U", "rpcd", "-c", sql, "rpcd"], check=True,
                          capture_output=True, text=True).stdout.strip()


def token_check(path, request):
    """The same read by the operator, who has neither token nor membership."""
    without = json.loads(request.replace("@ID@", "1"))
    del without["params"]["_meta"]
    without = json.dumps(without).replace('"id": 1', '"id":@ID@')
    pairs = [(load(path, "--request", request)["p50us"], load(path, "--request", without)["p50us"]) for _ in range(ROUNDS)]
    added = statistics.median(a - b for a, b in pairs)
    row("Access token and role check, added to a call", "≤ 40 µs", f"{added:.0f} µs", added <= 40,
        f"p50 {pairs[-1][0]:.0f} µs with, {pairs[-1][1]:.0f} µs as the operator")


def create_request(request):
    message = json.loads(request.replace("@ID@", "1"))
    message["method"] = "credentials.create"
    message["params"] |= {"provider": "hunter", "label": "bench", "key": "hk_0123456789abcdef0123456789abcdef"}
    return json.dumps(message).replace('"id": 1', '"id":@ID@')


def credentials(path, data, work, request):
    workspace = json.loads(request.replace("@ID@", "1"))["params"]["workspaceId"]
    user = psql(data, "SELECT id FROM users LIMIT 1")
    load(path, "--request", create_request(request), seconds=0.2)
    script = work / "create.sql"
    script.write_text(f"""\\set n random(1, 1000000000)
BEGIN;
INSERT INTO credentials (id, workspace_id, provider, label, key_box, secret_box, masked_key, key_version, created_by)
VALUES (gen_random_uuid(), '{workspace}', 'hunter', 'bench', decode(repeat('ab', 63), 'hex'), NULL, '…cdef', 1, '{user}')
RETURNING id, provider, label, masked_key, secret_box IS NOT NULL, key_version, version, created_by, created_at, last_used_at;
INSERT INTO audit_log (actor, action, workspace_id, object, address, request_id, outcome)
VALUES ('user/{user}', 'credentials.create', '{workspace}',
    '{{"id":"{user}","key":"hmac-1-0123456789abcdef0123456789abcdef"}}', 'uid/0', (:n)::text, 'OK');
COMMIT;
""")
    value, ours, theirs = ratio(
        lambda: load(path, "--request", create_request(request), "--clients", 8),
        lambda: pgbench(str(data / "postgres" / "socket"), script, 8))
    row("`credentials.create`, 8 clients ÷ pgbench with the same two INSERTs", "≥ 0.8", f"{value:.2f}", value >= 0.8,
        f"{ours['perSecond']:,.0f}/s, {times(ours)}; pgbench {theirs['perSecond']:,.0f}/s, {times(theirs)}")
    psql(data, "DELETE FROM credentials")


def rotation(path, data, request):
    """Killed twice on its way, finished by the third run; and how reads fare meanwhile."""
    subprocess.run([TOOLS / "load", "--socket", path, "--count", str(CREDENTIALS), "--clients", "8", "--depth", "8", "--request",
                    create_request(request)], check=True, capture_output=True)
    assert psql(data, "SELECT count(*) FROM credentials") == str(CREDENTIALS)
    psql(data, "VACUUM ANALYZE credentials")
    before = load(path, "--request", request, "--clients", 2)
    rates, during = [], []
    for kills in (2, 0, 0):
        busy = threading.Thread(target=lambda: during.append(load(path, "--request", request, "--clients", 2)))
        if kills == 0:
            busy.start()
        for _ in range(kills):
            with subprocess.Popen([RPCD, "keys", "rotate", "--data-dir", data], stderr=subprocess.PIPE, text=True) as process:
                while "sealed" not in process.stderr.read(40):
                    pass
                process.kill()
        began = time.monotonic()
        done = subprocess.run([RPCD, "keys", "rotate", "--data-dir", data], check=True, capture_output=True, text=True)
        count = int(re.search(r"(\d+) credentials and webhooks sealed anew", done.stdout)[1])
        if kills == 0:
            rates.append(count / (time.monotonic() - began))
            busy.join()
        else:
            assert 0 < count < CREDENTIALS, done
    current = re.findall(r"(\d+)\tseals\t(\d+) credentials", subprocess.run(
        [RPCD, "keys", "list", "--data-dir", data], check=True, capture_output=True, text=True).stdout)
    assert int(current[0][1]) == CREDENTIALS, current
    rate, slower = max(rates), min(entry["p99us"] for entry in during) / before["p99us"]
    row(f"`rpcd keys rotate`, {CREDENTIALS:,} credentials, reads beside it", "≥ 20,000/s", f"{rate:,.0f}/s", rate >= 20_000,
        "the run before was killed twice and finished by the third")
    row("`workspaces.get` p99 while keys rotate ÷ before", "≤ 2", f"{slower:.2f}", slower <= 2,
        f"{before['p99us']:.0f} µs before")


def trail(path, data):
    psql(data, f"""INSERT INTO audit_log (actor, action, workspace_id, object, address, request_id, outcome)
        SELECT 'user:' || gen_random_uuid(), 'credentials.create', gen_random_uuid(),
            jsonb_build_object('id', gen_random_uuid()), 'uid:0', gen_random_uuid(), 'OK' FROM generate_series(1, {AUDIT_ROWS})""")
    while psql(data, "SELECT (SELECT count(*) FROM audit_log) = (SELECT count(*) FROM audit_seals)") != "t":
        time.sleep(0.5)
    psql(data, "VACUUM ANALYZE audit_log, audit_seals")
    rates = []
    for _ in range(3):
        began = time.monotonic()
        done = subprocess.run([RPCD, "audit", "verify", "--socket", path], check=True, capture_output=True, text=True)
        count = int(re.match(r"(\d+) checked, 0 differ", done.stdout)[1])
        rates.append(count / (time.monotonic() - began))
    rate = statistics.median(rates)
    row("`rpcd audit verify`", "≥ 200,000 rows/s", f"{rate:,.0f}/s", rate >= 200_000, f"{count:,} rows")


def logins(path, data):
    """In turn, so that both meet the same moments."""
    connection = Connection(path)
    connection.call("auth.register", email="timing@example.org", password="correct horse battery", name="Timing")
    taken = {"unknown": [], "known": []}
    count = 20 if QUICK else 200
    for number in range(count):
        for kind in ("unknown", "known") if number % 2 else ("known", "unknown"):
            email = f"nobody{number}@example.org" if kind == "unknown" else "timing@example.org"
            began = time.perf_counter()
            connection.stream.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "auth.login", "params": {
                "email": email, "password": "wrong password"}}) + "\n")
            connection.stream.flush()
            connection.stream.readline()
            taken[kind].append((time.perf_counter() - began) * 1000)
            if kind == "known":
                # Five failures would lock the pair.
                psql(data, "DELETE FROM login_failures")
    value = statistics.median(taken["unknown"]) / statistics.median(taken["known"])
    row("Login, unknown email ÷ wrong password, median time", "0.97–1.03", f"{value:.3f}", 0.97 <= value <= 1.03,
        f"{statistics.median(taken['unknown']):.1f} ms, {statistics.median(taken['known']):.1f} ms; {count} of each in turn")


def measure(path, data, work, request):
    token_check(path, request)
    credentials(path, data, work, request)
    rotation(path, data, request)
    trail(path, data)
    logins(path, data)
