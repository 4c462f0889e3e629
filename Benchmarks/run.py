"""Measures rpcd beside its peers: every figure is a ratio of two rates that were taken in turn, in one run."""

import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import analytics
import fleet
import identity
import jobs
import ledger
import operations
import records
import redis
import transports
from common import HTTP_PORT, QUICK, ROOT, RPCD, wait_for_ready, write_table

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("--quick", action="store_true", help="short rounds; the table is only printed")
arguments.add_argument("parts", nargs="*", metavar="PART",
                       help="transports, identity, ledger, records, jobs, redis, fleet, analytics or operations; all of them when left out. Of the others the table keeps its rows")
parts = arguments.parse_args().parts
if unknown := set(parts) - {"transports", "identity", "ledger", "records", "jobs", "redis", "fleet", "analytics", "operations"}:
    arguments.error(f"there is no part {', '.join(unknown)}")


def measures(part):
    return not parts or part in parts



work = pathlib.Path(tempfile.mkdtemp(prefix="rpcd-bench-", dir="/tmp"))
work.chmod(0o711)
data = work / "data"
environment = os.environ | {
    "RPCD_RATE_GENERAL": "off", "RPCD_RATE_AUTH": "off", "RPCD_LIMIT_CONNECTIONS": "2000", "RPCD_LOG_LEVEL": "error"}
daemon = subprocess.Popen(
    [RPCD, "dev", *(["--demo"] if measures("jobs") else []), "--data-dir", data, "--http", f"127.0.0.1:{HTTP_PORT}"], stdout=subprocess.PIPE, text=True, cwd=ROOT,
    env=environment)
try:
    wait_for_ready(daemon)
    path = str(data / "rpcd.sock")
    request = transports.make_workspace(path)
    if measures("transports"):
        transports.measure(daemon, path, data, work, request)
    if measures("identity"):
        identity.measure(path, data, work, request)
    if measures("ledger"):
        ledger.measure(path, data, work, request)
    if measures("records"):
        records.measure(path, data, work, request)
    if measures("jobs"):
        jobs.measure(path, data)
    if measures("redis"):
        redis.measure(work, environment)
    if measures("fleet"):
        fleet.measure(path, data, work, request)
    if measures("analytics"):
        analytics.measure(work, environment)
    if measures("operations"):
        operations.measure(path, data, work, request)
    if not QUICK:
        write_table(parts)
finally:
    daemon.send_signal(signal.SIGTERM)
    daemon.wait()
    shutil.rmtree(work, ignore_errors=True)
