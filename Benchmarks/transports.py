"""Transports and reads: how fast a call is, and what a daemon takes that has nothing to do."""

import json
import os
import re
import signal
import socket
import statistics
import subprocess
import time

from common import (HTTP_PORT, NGINX_PORT, QUICK, ROOT, ROUNDS, RPCD, SECONDS, TOOLS, Connection, load, pgbench, ratio, resident, row,
                    times, wait_for_ready)

PING = '{"jsonrpc":"2.0","id":@ID@,"method":"system.ping","params":{"payload":"hello"}}'


def pings(path, work):
    echo_path = str(work / "echo.sock")
    with subprocess.Popen([TOOLS / "echo", echo_path]) as echo:
        while not os.path.exists(echo_path):
            time.sleep(0.01)
        value, ours, theirs = ratio(
            lambda: load(path, "--request", PING), lambda: load(echo_path, "--request", PING, "--expect", '"id"'))
        echo.kill()
    row("`system.ping`, socket, depth 1 ÷ C echo", "≥ 0.5", f"{value:.2f}", value >= 0.5,
        f"{ours['perSecond']:,.0f}/s, {times(ours)}; echo {theirs['perSecond']:,.0f}/s, {times(theirs)}")
    rates = [load(path, "--request", PING, "--depth", 64)["perSecond"] for _ in range(ROUNDS)]
    row("`system.ping`, one connection, depth 64", "≥ 150,000/s", f"{statistics.median(rates):,.0f}/s",
        statistics.median(rates) >= 150_000, "median of the rounds")


def make_workspace(path):
    """The request of a read by key, by a user with an access token."""
    connection = Connection(path)
    connection.call("auth.register", email="bench@example.org", password="correct horse battery", name="Bench")
    token = connection.call("auth.login", email="bench@example.org", password="correct horse battery")["accessToken"]
    workspace = connection.call("workspaces.create", name="Bench", _meta={"token": token})["id"]
    params = {"workspaceId": workspace, "_meta": {"token": token}}
    return '{"jsonrpc":"2.0","id":@ID@,"method":"workspaces.get","params":' + json.dumps(params) + "}"


def reads(path, data, work, request):
    workspace = json.loads(request.replace("@ID@", "1"))["params"]["workspaceId"]
    script = work / "get.sql"
    script.write_text(
        "SELECT id, name, slug, settings, version, created_at, updated_at FROM workspaces"
        f" WHERE id = '{workspace}';\n")
    for clients, goal in ((8, 0.8), (32, 1.2)):
        value, ours, theirs = ratio(
            lambda: load(path, "--request", request, "--clients", clients),
            lambda: pgbench(str(data / "postgres" / "socket"), script, clients))
        row(f"`workspaces.get`, {clients} clients ÷ pgbench", f"≥ {goal}", f"{value:.2f}", value >= goal,
            f"{ours['perSecond']:,.0f}/s, {times(ours)}; pgbench {theirs['perSecond']:,.0f}/s, {times(theirs)}")


def wrk(url):
    text = subprocess.run(["wrk", "-t1", "-c32", f"-d{SECONDS}s", "--latency", url], check=True, capture_output=True,
                          text=True).stdout
    assert "Non-2xx" not in text, text
    unit = {"us": 1, "ms": 1000, "s": 1e6}
    quantiles = {name: float(value) * unit[suffix]
                 for name, value, suffix in re.findall(r"(\d+)%\s+([\d.]+)(us|ms|s)", text)}
    return {"perSecond": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), "p50us": quantiles["50"],
            "p99us": quantiles["99"]}


def http(work):
    body = '{"success":true,"data":{"payload":null},"error":null,"meta":{"requestId":"%s"}}' % ("0" * 36)
    configuration = work / "nginx.conf"
    configuration.write_text(f"""
daemon off; worker_processes 1; pid {work}/nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {work}/b; proxy_temp_path {work}/p;
  fastcgi_temp_path {work}/f; uwsgi_temp_path {work}/u; scgi_temp_path {work}/s;
  server {{ listen 127.0.0.1:{NGINX_PORT}; location / {{ default_type application/json; return 200 '{body}'; }} }} }}
""")
    with subprocess.Popen(["/usr/sbin/nginx", "-c", configuration], stderr=subprocess.DEVNULL) as nginx:
        while socket.socket().connect_ex(("127.0.0.1", NGINX_PORT)) != 0:
            time.sleep(0.01)
        value, ours, theirs = ratio(
            lambda: wrk(f"http://127.0.0.1:{HTTP_PORT}/api/v1/ping"), lambda: wrk(f"http://127.0.0.1:{NGINX_PORT}/"))
        nginx.terminate()
    row("HTTP `GET /api/v1/ping`, 32 connections ÷ nginx", "≥ 0.5", f"{value:.2f}", value >= 0.5,
        f"{ours['perSecond']:,.0f}/s, {times(ours)}; nginx {theirs['perSecond']:,.0f}/s, {times(theirs)}")


def idle(process, path):
    before = resident(process)
    connections = [Connection(path) for _ in range(1000)]
    for connection in connections:
        connection.call("system.ping")
    after = resident(process)
    row("1,000 idle connections, resident in all", "< 64 MiB", f"{after:.0f} MiB", after < 64,
        f"{before:.0f} MiB before them")


def start_up(data, work):
    environment = os.environ | {
        "RPCD_DATABASE_URL": f"host={data}/postgres/socket user=rpcd_daemon dbname=rpcd", "RPCD_SOCKET": str(work / "serve.sock"),
        "RPCD_HTTP_LISTEN": "127.0.0.1:0", "RPCD_JWT_KEY_FILE": str(data / "jwt-key"),
        "RPCD_MASTER_KEY_FILE": str(data / "master-key"),
        "RPCD_MIGRATIONS": str(ROOT / "migrations"), "RPCD_LOG_LEVEL": "error"}
    taken = []
    for _ in range(10):
        began = time.monotonic()
        with subprocess.Popen([RPCD, "serve"], env=environment, stdout=subprocess.PIPE, text=True) as process:
            wait_for_ready(process)
            taken.append((time.monotonic() - began) * 1000)
            process.send_signal(signal.SIGTERM)
    value = statistics.median(taken)
    row("`rpcd serve`, start to ready", "≤ 150 ms", f"{value:.0f} ms", value <= 150, f"slowest of ten {max(taken):.0f} ms")


def flat(process, path, read):
    share = 10 if QUICK else 1
    figures = []
    for part in (0.1, 0.9):
        for request, count, clients in ((PING, 1_000_000, 1), (read, 100_000, 8)):
            command = [TOOLS / "load", "--socket", path, "--count", str(int(count * part / share)), "--request", request,
                       "--clients", str(clients), "--depth", "64"]
            subprocess.run(command, check=True, capture_output=True)
        figures.append(resident(process))
    growth = figures[1] / figures[0]
    row("A million pings and 100,000 reads, resident at 100 % ÷ 10 %", "≤ 1.05", f"{growth:.2f}", growth <= 1.05,
        f"{figures[0]:.0f} MiB, {figures[1]:.0f} MiB")


def measure(daemon, path, data, work, request):
    pings(path, work)
    reads(path, data, work, request)
    http(work)
    flat(daemon, path, request)
    start_up(data, work)
    idle(daemon, path)
