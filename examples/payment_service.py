"""A payment service in forty lines: it hears of purchases that wait, takes the money, and says how it went.

    python3 examples/payment_service.py .rpcd/rpcd.sock

It runs on the daemon's host as its operator (root, the daemon's user, or one of RPCD_OPERATOR_UIDS). Killed at any moment it can be started
again: what waits is told again, and a purchase is settled once, however often that is said.
"""

import json
import socket
import sys


class Daemon:
    def __init__(self, path):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(path)
        self.stream = connection.makefile("rw")

    def send(self, method, params):
        self.stream.write(json.dumps({"jsonrpc": "2.0", "id": method, "method": method, "params": params}) + "\n")
        self.stream.flush()

    def __iter__(self):
        return map(json.loads, self.stream)


def charge(purchase):
    """Here a real one asks a bank. The reference is the same whenever the same purchase is paid for."""
    return "settled", "payment-" + purchase["id"]


watcher, settler = Daemon(sys.argv[1]), Daemon(sys.argv[1])
watcher.send("admin.purchases.watch", {})
for message in watcher:
    if message.get("method") != "$/progress":
        raise SystemExit(f"the watch has ended: {message}")
    purchase = message["params"]["value"]
    outcome, reference = charge(purchase)
    settler.send("billing.purchases.settle", {"purchaseId": purchase["id"], "outcome": outcome, "referenceId": reference})
    print(json.dumps(next(iter(settler))), flush=True)
