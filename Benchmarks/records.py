"""Records in bulk beside COPY, and files of a million rows."""

import json
import random
import re
import statistics
import subprocess
import time
import uuid

from common import QUICK, RPCD, Connection, row
from identity import psql

CALLS = 20 if QUICK else 100
EACH = 1000
ROWS = 100_000 if QUICK else 1_000_000
CITIES = ["Berlin", "Paris", "Rome", "Oslo", "Wien", "Praha"]


def person(number):
    return {"name": f"Person Number {number}", "email": f"person{number}@example{number % 997}.com", "company": f"Company {number % 5000}",
            "city": CITIES[number % len(CITIES)], "phone": f"+1555{number:07d}", "title": "Engineer"}


def ordered_id(index):
    """As the daemon's own: those of one call follow each other."""
    milliseconds = int(time.time() * 1000)
    return uuid.UUID(int=milliseconds << 80 | 7 << 76 | index << 64 | 2 << 62 | random.getrandbits(62))


class Psql:
    """One session, as the owner of the tables, that tells how long each command takes."""

    def __init__(self, data):
        self.process = subprocess.Popen(["psql", "-h", data / "postgres" / "socket", "-U", "rpcd", "-qAt", "rpcd"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdin.write("\\timing on\n")

    def milliseconds(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if found := re.match(r"Time: ([\d.]+) ms", line):
                return float(found[1])
        raise SystemExit("psql ended")

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def bulk(connection, data, work, workspace):
    """Both add rows that are not there yet, in turn, to one table with all its indexes."""
    console, file = Psql(data), work / "rows.copy"
    ours, theirs = [], []
    for call in range(2 * CALLS):
        numbers = range(call * EACH, call * EACH + EACH)
        if call % 2 == 0:
            records = [{"externalId": f"p-{number:08d}", "fields": person(number)} for number in numbers]
            message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "records.bulkUpsert",
                                  "params": {"workspaceId": workspace, "records": records}}) + "\n"
            began = time.monotonic()
            connection.stream.write(message)
            connection.stream.flush()
            answer = json.loads(connection.stream.readline())
            ours.append((time.monotonic() - began) * 1000)
            assert answer["result"]["inserted"] == EACH, answer
        else:
            file.write_text("".join(
                f"{ordered_id(index)}\t{workspace}\tp-{number:08d}\t{json.dumps(person(number))}\n" for index, number in enumerate(numbers)))
            theirs.append(console.milliseconds(f"\\copy records (id, workspace_id, external_id, fields) from '{file}'"))
    console.close()
    value = statistics.median(theirs) / statistics.median(ours)
    row("`records.bulkUpsert` of 1,000 new records ÷ `COPY` of such rows by psql", "≥ 0.7", f"{value:.2f}", value >= 0.7,
        f"median {statistics.median(ours):.1f} ms; psql {statistics.median(theirs):.1f} ms; {CALLS} of each in turn")


def command(*arguments):
    """Runs it to its end. Returns its output, the seconds it took, and the most memory that it had, in MiB."""
    began = time.monotonic()
    process = subprocess.Popen([RPCD, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    peak = 0
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status") as status:
                if found := re.search(r"VmHWM:\s+(\d+)", status.read()):
                    peak = max(peak, int(found[1]) / 1024)
        except FileNotFoundError:
            pass
        time.sleep(0.02)
    assert process.returncode == 0, process.returncode
    return process.stdout.read(), time.monotonic() - began, peak


def files(connection, path, work, token):
    workspace = connection.call("workspaces.create", name="Bench", _meta={"token": token})["id"]
    file = work / "people.csv"
    with open(file, "w") as out:
        out.write("externalId,name,email,company,city,phone,title\n")
        for number in range(ROWS):
            out.write(f"p-{number:08d}," + ",".join(person(number).values()) + "\n")
    arguments = ["import", str(file), "--workspace", workspace, "--socket", path]
    for what, expected in (("new", f"{ROWS} rows: {ROWS} inserted"), ("unchanged", f"{ROWS} rows: 0 inserted, 0 updated, {ROWS} unchanged")):
        output, seconds, peak = command(*arguments)
        assert output.startswith(expected), output
        row(f"`rpcd import` of {ROWS:,} {what} rows, peak memory", "< 100 MiB", f"{peak:.0f} MiB", peak < 100,
            f"{ROWS / seconds:,.0f} rows/s, {file.stat().st_size / 1e6:.0f} MB of CSV")
    for form in ("ndjson", "csv"):
        _, seconds, peak = command("export", "--workspace", workspace, "--output", str(work / f"out.{form}"), "--socket", path)
        row(f"`rpcd export` of {ROWS:,} records as {form}, peak memory", "< 100 MiB", f"{peak:.0f} MiB", peak < 100, f"{ROWS / seconds:,.0f} rows/s")


def measure(path, data, work, request):
    connection = Connection(path)
    token = json.loads(request.replace("@ID@", "1"))["params"]["_meta"]["token"]
    workspace = connection.call("workspaces.create", name="Bench", _meta={"token": token})["id"]
    bulk(connection, data, work, workspace)
    psql(data, "VACUUM ANALYZE records")
    files(connection, path, work, token)
