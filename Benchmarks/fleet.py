"""Two daemons on one database and one machine beside one, and a daemon behind a transaction pooler beside one that is not."""

import concurrent.futures
import json
import os
import pathlib
import pwd
import signal
import subprocess
import time

from common import ROOT, RPCD, Connection, load, ratio, row, times, wait_for_ready

CLIENTS = 32


class Second:
    """Another daemon on the database of `rpcd dev`, with its keys."""

    def __init__(self, data, work, name, environment):
        self.path = str(work / f"{name}.sock")
        settings = {
            "RPCD_DATABASE_URL": f"host={data / 'postgres' / 'socket'} user=rpcd_daemon dbname=rpcd", "RPCD_SOCKET": self.path,
            "RPCD_HTTP_LISTEN": "off", "RPCD_JWT_KEY_FILE": str(data / "jwt-key"), "RPCD_MASTER_KEY_FILE": str(data / "master-key"),
            "RPCD_RATE_GENERAL": "off", "RPCD_RATE_AUTH": "off", "RPCD_LOG_LEVEL": "error"} | environment
        self.process = subprocess.Popen([RPCD, "serve"], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ | settings)
        wait_for_ready(self.process)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Pooler:
    """PgBouncer in transaction mode."""

    def __init__(self, data, work, sessions):
        folder = work / "pooler"
        folder.mkdir()
        user = []
        if os.geteuid() == 0:
            entry = pwd.getpwnam("postgres")
            os.chown(folder, entry.pw_uid, entry.pw_gid)
            user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--reset-env", "--"]
        (folder / "users").write_text('"rpcd_daemon" ""\n')
        (folder / "ini").write_text(
            f"[databases]\n* = host={data / 'postgres' / 'socket'}\n[pgbouncer]\npool_mode = transaction\ndefault_pool_size = {sessions}\n"
            f"unix_socket_dir = {folder}\nlisten_port = 5432\nlisten_addr =\nauth_type = trust\nauth_file = {folder / 'users'}\n")
        self.url = f"host={folder} user=rpcd_daemon dbname=rpcd"
        self.process = subprocess.Popen([*user, "/usr/sbin/pgbouncer", "-q", folder / "ini"], cwd="/", stderr=subprocess.DEVNULL)
        while not pathlib.Path(folder / ".s.PGSQL.5432").exists():
            time.sleep(0.02)

    def stop(self):
        self.process.kill()
        self.process.wait()


def spread(paths, words):
    """The clients over the daemons, at the same time. - Parameter words: for the load generator of each.
    - Returns: as `load`, the rates added up."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda place: load(paths[place], *words(place), "--clients", CLIENTS // len(paths)), range(len(paths))))
    return {"perSecond": sum(result["perSecond"] for result in results), "p50us": max(result["p50us"] for result in results),
            "p99us": max(result["p99us"] for result in results)}


def measure(path, data, work, request):
    connection = Connection(path)
    token = json.loads(request.replace("@ID@", "1"))["params"]["_meta"]["token"]
    workspaces = []
    for _ in range(CLIENTS):
        workspace = connection.call("workspaces.create", name="Bench", _meta={"token": token})["id"]
        connection.call("billing.addCredits", workspaceId=workspace, amount=1_000_000_000, type="bonus")
        workspaces.append(workspace)
    rounds = iter(range(1_000_000))

    def debits(paths):
        number = next(rounds)

        def words(place):
            extra = []
            for workspace in workspaces:
                key = f"fleet-{number}-{place}-@ID@"
                params = {"workspaceId": workspace, "amount": 1, "_meta": {"token": token, "idempotencyKey": key}}
                extra += ["--request", '{"jsonrpc":"2.0","id":@ID@,"method":"billing.debit","params":' + json.dumps(params) + "}"]
            return extra
        return spread(paths, words)

    def reads(paths):
        return spread(paths, lambda place: ["--request", request])

    def compare(what, measured, ours, theirs, names):
        value, first, last = ratio(lambda: measured(ours), lambda: measured(theirs))
        row(what, "", f"{value:.2f}", True,
            f"{names[0]} {first['perSecond']:,.0f}/s, {times(first)}; {names[1]} {last['perSecond']:,.0f}/s, {times(last)}")

    second = Second(data, work, "second", {})
    try:
        for what, measured in (("`workspaces.get`, 32 clients", reads), ("`billing.debit` with keys, 32 workspaces, 32 clients", debits)):
            compare(f"{what}: two daemons on these cores ÷ one", measured, [path, second.path], [path], ("two", "one"))
    finally:
        second.stop()
    pooler = Pooler(data, work, 8)
    direct = f"host={data / 'postgres' / 'socket'} user=rpcd_daemon dbname=rpcd"
    try:
        pooled = Second(data, work, "pooled", {
            "RPCD_DATABASE_URL": pooler.url, "RPCD_DATABASE_POOLER": "transaction", "RPCD_DATABASE_DIRECT_URL": direct})
        try:
            for what, measured in (("`workspaces.get`, 32 clients", reads), ("`billing.debit` with keys, 32 workspaces, 32 clients", debits)):
                compare(f"{what}: through PgBouncer, 8 sessions ÷ without", measured, [pooled.path], [path], ("through it", "without"))
        finally:
            pooled.stop()
        unnamed = Second(data, work, "unnamed", {
            "RPCD_DATABASE_URL": direct, "RPCD_DATABASE_POOLER": "transaction", "RPCD_DATABASE_DIRECT_URL": direct})
        try:
            compare("`billing.debit` with keys, 32 workspaces, 32 clients: `RPCD_DATABASE_POOLER=transaction` without a pooler ÷ `none`", debits,
                    [unnamed.path], [path], ("transaction", "none"))
        finally:
            unnamed.stop()
    finally:
        pooler.stop()
