"""rpcd with a protection taken out, to show that the proof of the ledger notices."""

import shutil
import subprocess
import sys

from common import ROOT

FOLDER = ROOT / ".build" / "mutants"

# Each takes one text of one file for another; the text has to be there exactly once.
LOCK = ("Sources/Services/Billing/BillingStore.swift",
        "FROM accounts WHERE workspace_id = $1 AND EXISTS (SELECT FROM workspaces WHERE id = $1) FOR UPDATE\n",
        "FROM accounts WHERE workspace_id = $1 AND EXISTS (SELECT FROM workspaces WHERE id = $1)\n")
# No call has a key: outcomes are neither kept nor looked up.
KEY = ("Sources/Services/Idempotency/Idempotency.swift",
       "guard call.method.isIdempotent, let key = call.metadata.idempotencyKey else",
       "guard call.method.name.isEmpty, let key = call.metadata.idempotencyKey else")
# Of fifty changes (the first of an account excepted) one is written into the ledger, and not into the account.
BUG = ("Sources/Services/Billing/Billing.swift",
       "func close(_ tx: borrowing Transaction, _ account: Account) {\n",
       "func close(_ tx: borrowing Transaction, _ account: Account) {\n"
       "        guard account.seq == 1 || Int.random(in: 0..<50) > 0 else { return }\n")

# What the database itself holds the books together with.
WITHOUT_CHECKS = """
DROP TRIGGER ledger_check ON ledger;
DROP TRIGGER ledger_account_check ON ledger;
DROP TRIGGER accounts_check ON accounts;
ALTER TABLE ledger DROP CONSTRAINT ledger_seq_key;
ALTER TABLE accounts DROP CONSTRAINT accounts_balance_check, DROP CONSTRAINT accounts_held_check;
"""

# The edit; then each run: what it is, what is done to the database, in what the proof has to fail, and what has to hold all the same.
MUTANTS = {
    "lock": (LOCK, [
        ("without FOR UPDATE", None, {"answers"}, {"effects", "books", "trail"}),
        ("without FOR UPDATE, and without the database's checks", WITHOUT_CHECKS, {"books"}, set()),
    ]),
    "key": (KEY, [("without outcomes of keys", None, {"effects", "trail"}, set())]),
    "constraint": (BUG, [
        ("with a bug, and with the database's checks", None, {"answers"}, {"effects", "books", "trail"}),
        ("with the same bug, without the database's checks", WITHOUT_CHECKS, {"books"}, set()),
    ]),
}
NAMES = sorted(MUTANTS)


def build(name, edit):
    """In a copy of this source tree; what has been compiled there is used again. - Returns: the program."""
    source = FOLDER / "source"
    listed = subprocess.run(["git", "ls-files", "-z", "Package.swift", "Sources", "Tests"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout
    # Written by scripts/build, and not committed.
    paths = [path for path in listed.split("\0") if path] + ["Sources/CRelease/commit.h"]
    place, old, new = edit
    text = (ROOT / place).read_text()
    if text.count(old) != 1:
        raise SystemExit(f"The mutant {name} does not apply any more: {place} has {text.count(old)} times\n{old}")
    wanted = {path: (ROOT / path).read_bytes() for path in paths if (ROOT / path).is_file()}
    wanted[place] = text.replace(old, new).encode()
    for path in source.rglob("*"):
        if path.is_file() and str(path.relative_to(source)) not in wanted:
            path.unlink()
    for path, content in wanted.items():
        target = source / path
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    print(f"building rpcd for --without {name} in {source.relative_to(ROOT)}", file=sys.stderr, flush=True)
    subprocess.run(["swift", "build", "--package-path", source, "--scratch-path", FOLDER / "build", "--product", "rpcd"],
                   check=True, stdout=sys.stderr)
    program = FOLDER / f"rpcd-without-{name}"
    shutil.copy2(FOLDER / "build" / "debug" / "rpcd", program)
    return program


def show(name, prove):
    """- Returns: whether each run failed, and as it should."""
    have_failed = True
    edit, runs = MUTANTS[name]
    program = build(name, edit)
    for what, sql, wanted, kept in runs:
        counted, findings = prove(program, sql)
        print(f"\n{what}:")
        print("\n".join(counted))
        findings.show(most=3)
        missing, broken = wanted - findings.kinds(), kept & findings.kinds()
        if missing:
            print(f"SURVIVED: nothing was found about {', '.join(missing)}")
        if broken:
            print(f"WORSE than it should be: {', '.join(broken)}")
        if not missing and not broken:
            print(f"failed as it should: {', '.join(sorted(findings.kinds()))}" + (f"; {', '.join(sorted(kept))} held" if kept else ""))
        have_failed = have_failed and not missing and not broken
    return have_failed
