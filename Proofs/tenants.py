"""People who work with the platform, through every transport, and remember what they were told; and peers that behave badly."""

import collections
import json
import random
import socket
import threading
import time
import urllib.parse
import uuid

import common
import transports

PASSING = {"SERVICE_UNAVAILABLE", "TIMEOUT", "INTERNAL_ERROR"}
PASSWORD = "correct horse battery"
# For so long a refresh token that was used gives the same successor again.
GRACE_SECONDS = 8
MOST_WORKSPACES = 5
RECORDS = 60


class Refused(Exception):
    """The answer is no, for good."""


class Gate:
    """Load goes through it while it is open; behind it everybody waits."""

    def __init__(self):
        self.is_open = self.is_over = False
        self.inside = 0
        self.changed = threading.Condition()

    def enter(self):
        """- Returns: whether there is more to do."""
        with self.changed:
            self.changed.wait_for(lambda: self.is_open or self.is_over)
            if self.is_over:
                return False
            self.inside += 1
            return True

    def leave(self):
        with self.changed:
            self.inside -= 1
            self.changed.notify_all()

    def set(self, is_open, is_over=False):
        with self.changed:
            self.is_open, self.is_over = is_open, is_over
            self.changed.notify_all()

    def is_left(self, seconds):
        """Waits until nobody is inside any more."""
        with self.changed:
            return self.changed.wait_for(lambda: self.inside == 0, seconds)


class Worker(threading.Thread):
    """Does one thing after the other while the gate is open; behind it, holds no connection."""

    def __init__(self, gate, findings, name):
        super().__init__(daemon=True, name=name)
        self.gate, self.findings = gate, findings
        self.tally = collections.Counter()

    def run(self):
        while self.gate.enter():
            try:
                while self.gate.is_open:
                    self.step()
            except Exception as error:
                self.findings.add("progress", f"{self.name} fell over: {error!r}")
                return
            finally:
                self.rest()
                self.gate.leave()

    def rest(self):
        pass


class Tenant(Worker):
    """Has an account, makes workspaces, takes people in and out, brings records, reads."""

    def __init__(self, number, transport, installation, generator, gate, findings):
        super().__init__(gate, findings, f"tenant {number}")
        self.number, self.transport, self.installation, self.random = number, transport, installation, generator
        self.connection, self.place = None, number % len(installation.daemons)
        self.email, self.people = f"tenant{number}@example.org", 0
        self.login = None
        # What was acknowledged: by workspace, the number in each record, and the roles of members.
        self.records, self.members = {}, {}

    # Calls.

    def attempt(self, method, params):
        """- Returns: the answer, or nothing when it is not known what became of it."""
        try:
            if self.connection is None:
                daemon = self.installation.daemons[self.place]
                self.connection = transports.connect(self.transport, self.installation.rpcd, daemon)
            self.connection.send(method, params)
            self.tally["calls"] += 1
            return self.connection.receive()
        except TimeoutError:
            self.findings.add("answers", f"{self.name} heard nothing of {method} for {common.SILENCE_SECONDS} s")
        except (OSError, common.Lost):
            self.tally["lost or refused"] += 1
        self.rest()
        self.place = self.random.randrange(len(self.installation.daemons))
        return None

    def ask(self, method, token=True, key=False, **params):
        """Until it is answered. - Parameter token: whether it is asked as who is logged in. - Raises: Refused."""
        # The name is taken.
        params |= params.pop("params", {})
        meta = {"requestId": f"{self.number}-{self.random.getrandbits(48):x}"}
        if key:
            meta["idempotencyKey"] = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        pause = 0.01
        while True:
            if token:
                meta["token"] = self.login["accessToken"]
            answer = self.attempt(method, params | {"_meta": meta})
            if answer and "result" in answer:
                return answer["result"]
            if answer:
                code = ((answer["error"].get("data") or {}).get("error") or {}).get("code", answer["error"]["code"])
                if code not in PASSING:
                    raise Refused(f"{method}: {code}: {json.dumps(answer)[:300]}")
                self.tally[code] += 1
                if code == "INTERNAL_ERROR":
                    self.findings.add("answers", f"{meta['requestId']}: {method} ended in {code}")
            time.sleep(self.random.uniform(0, pause))
            pause = min(2 * pause, 0.2)

    def rest(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    # What there is to do.

    def step(self):
        if self.login is None:
            self.register(self.email)
            self.login = self.ask("auth.login", token=False, email=self.email, password=PASSWORD)
        deeds, weights = zip(*[(self.list, 6), (self.put, 5), (self.report, 2), (self.make, 2), (self.meet, 1), (self.renew, 1), (self.enter, 1)])
        try:
            self.random.choices(deeds, weights)[0]()
        except Refused as error:
            self.findings.add("answers", f"{self.name} over {self.transport}: {error}")

    def register(self, email):
        try:
            self.ask("auth.register", token=False, key=True, email=email, password=PASSWORD, name="Somebody")
        except Refused as error:
            # It had been done; to the anonymous this key tells no more than that.
            if "CONFLICT" not in str(error):
                raise

    def enter(self):
        self.login = self.ask("auth.login", token=False, email=self.email, password=PASSWORD)
        self.tally["logins"] += 1

    def renew(self):
        began = time.monotonic()
        try:
            self.login = self.ask("auth.refresh", token=False, refreshToken=self.login["refreshToken"])
            self.tally["refreshes"] += 1
        except Refused:
            # Its answer was lost, and it is too late to hear it again: the family of this token is closed.
            if time.monotonic() - began < GRACE_SECONDS:
                raise
            self.tally["sessions lost"] += 1
            self.enter()

    def make(self):
        if len(self.records) >= MOST_WORKSPACES:
            oldest = next(iter(self.records))
            self.ask("workspaces.delete", key=True, workspaceId=oldest)
            del self.records[oldest], self.members[oldest]
            self.tally["workspaces deleted"] += 1
            return
        made = self.ask("workspaces.create", key=True, name=f"Of {self.number}")
        self.records[made["id"]], self.members[made["id"]] = {}, {self.email: "owner"}
        self.tally["workspaces"] += 1

    def put(self):
        if not self.records:
            return self.make()
        workspace = self.random.choice(list(self.records))
        wanted = {f"r{number}": self.random.randrange(1 << 30)
                  for number in self.random.sample(range(300), self.random.randint(1, RECORDS))}
        records = [{"externalId": name, "fields": {"n": value, "text": "x" * 200}} for name, value in wanted.items()]
        counts = self.ask("records.bulkUpsert", key=True, workspaceId=workspace, records=records)
        new = len(wanted.keys() - self.records[workspace].keys())
        self.findings.expect("effects", counts["inserted"] == new, f"{workspace}: {new} records were new, and {counts} was told")
        self.records[workspace] |= wanted
        self.tally["records"] += len(wanted)

    def list(self):
        if not self.records:
            return self.make()
        workspace = self.random.choice(list(self.records))
        cursor, seen = None, 0
        while True:
            page = self.ask("records.list", workspaceId=workspace, limit=100, **({"cursor": cursor} if cursor else {}))
            seen, cursor = seen + len(page["items"]), page["nextCursor"]
            if not cursor:
                break
        self.findings.expect("answers", seen == len(self.records[workspace]),
                             f"{workspace} has {len(self.records[workspace])} records, {seen} were listed")
        for method in ("audit.list", "members.list", "billing.transactions"):
            self.ask(method, workspaceId=workspace)
        self.tally["lists"] += 1

    def report(self):
        if not self.records:
            return self.make()
        workspace = self.random.choice(list(self.records))
        self.ask("analytics.credits", workspaceId=workspace, range="24h", groupBy="source")
        self.ask("analytics.enrichment", workspaceId=workspace, range="24h", groupBy="provider")
        if self.transport == "http" and self.connection:
            query = urllib.parse.urlencode({"dataset": "credits", "range": "24h"})
            try:
                status, text = self.connection.stream(f"/api/v1/workspaces/{workspace}/analytics/export?{query}", self.login["accessToken"])
                self.findings.expect("answers", status in (200, 503, 504), f"an export ended with {status}: {text[:200]}")
            except (OSError, common.Lost):
                self.rest()
        self.tally["reports"] += 1

    def meet(self):
        """Somebody new is invited, comes, is given another role, and half of the time goes."""
        if not self.records:
            return self.make()
        workspace = self.random.choice(list(self.records))
        self.people += 1
        email = f"guest{self.number}-{self.people}@example.org"
        self.register(email)
        token = self.ask("invitations.create", key=True, workspaceId=workspace, email=email, role="viewer")["token"]
        own, self.login = self.login, self.ask("auth.login", token=False, email=email, password=PASSWORD)
        try:
            self.ask("invitations.accept", key=True, params={"token": token})
            user = self.login["user"]["id"]
            refresh = self.login["refreshToken"]
        finally:
            self.login = own
        self.ask("auth.logout", token=False, key=True, refreshToken=refresh)
        self.ask("members.setRole", key=True, workspaceId=workspace, userId=user, role="member")
        self.members[workspace][email] = "member"
        if self.random.random() < 0.5:
            self.ask("members.remove", key=True, workspaceId=workspace, userId=user)
            del self.members[workspace][email]
        self.tally["guests"] += 1

    # What has to be there in the end.

    def check(self, cluster):
        found = collections.defaultdict(dict)
        for workspace, name, number in cluster.rows(
                "SELECT m.workspace_id, r.external_id, r.fields ->> 'n' FROM memberships m JOIN users u ON u.id = m.user_id"
                f" LEFT JOIN records r ON r.workspace_id = m.workspace_id WHERE u.email = '{self.email}'"):
            found[workspace] |= {name: int(number)} if name else {}
        self.findings.expect("effects", found.keys() == self.records.keys(), f"{self.name} has {list(found)}, acknowledged were {list(self.records)}")
        for workspace, records in self.records.items():
            wrong = {name for name in records.keys() | found[workspace].keys() if records.get(name) != found[workspace].get(name)}
            self.findings.expect("effects", not wrong, f"{workspace}: {len(wrong)} records are not what was acknowledged: {sorted(wrong)[:5]}")
            members = dict(cluster.rows("SELECT u.email, m.role FROM memberships m JOIN users u ON u.id = m.user_id"
                                        f" WHERE m.workspace_id = '{workspace}'"))
            self.findings.expect("effects", members == self.members[workspace],
                                 f"{workspace} has the members {members}, acknowledged were {self.members[workspace]}")


class Pest(Worker):
    """Comes and goes as no client should."""

    def __init__(self, installation, workspace, generator, gate, findings):
        super().__init__(gate, findings, "pest")
        self.installation, self.workspace, self.random = installation, workspace, generator

    def step(self):
        deeds = [self.half, self.vanish, self.deaf, self.garbage, self.silent, self.half_request, self.cancel]
        deed = self.random.choice(deeds)
        try:
            deed(self.random.choice(self.installation.daemons))
            self.tally[deed.__name__] += 1
        except (OSError, common.Lost, ValueError):
            self.tally["nobody there"] += 1
        time.sleep(self.random.uniform(0, 0.1))

    def open(self, daemon):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(10)
        try:
            peer.connect(daemon.socket)
        except OSError:
            peer.close()
            raise
        return peer

    def half(self, daemon):
        with self.open(daemon) as peer:
            peer.sendall(b'{"jsonrpc":"2.0","id":1,"meth')

    def vanish(self, daemon):
        """Asks much, and does not wait for it."""
        with self.open(daemon) as peer:
            call = {"jsonrpc": "2.0", "id": 1, "method": "billing.transactions", "params": {"workspaceId": self.workspace, "limit": 100}}
            peer.sendall((json.dumps(call).encode() + b"\n") * self.random.randint(1, 64))

    def deaf(self, daemon):
        """Does not read what it asked for, until the daemon has had enough."""
        with self.open(daemon) as peer:
            call = {"jsonrpc": "2.0", "id": 1, "method": "system.ping", "params": {"payload": "x" * 60_000}}
            peer.settimeout(3)
            try:
                for _ in range(60):
                    peer.sendall(json.dumps(call).encode() + b"\n")
            except (TimeoutError, BrokenPipeError, ConnectionResetError):
                pass

    def garbage(self, daemon):
        with self.open(daemon) as peer:
            peer.sendall(bytes(self.random.getrandbits(8) for _ in range(500)).replace(b"\n", b" ") + b"\n" * 20)
            peer.recv(100_000)

    def silent(self, daemon):
        """Begins a message and never ends it: the daemon closes."""
        with self.open(daemon) as peer:
            peer.sendall(b'{"jsonrpc":')
            while peer.recv(65536):
                pass

    def half_request(self, daemon):
        host, port = daemon.environment["RPCD_HTTP_LISTEN"].rsplit(":", 1)
        with socket.create_connection((host, int(port)), 10) as peer:
            peer.sendall(b"POST /api/v1/rpc HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{")

    def cancel(self, daemon):
        with self.open(daemon) as peer:
            call = {"jsonrpc": "2.0", "id": 1, "method": "billing.transactions", "params": {"workspaceId": self.workspace, "limit": 100}}
            peer.sendall(json.dumps(call).encode() + b'\n{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}\n')
            peer.recv(1_000_000)
