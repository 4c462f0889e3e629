"""Credits survive the loss of the primary: its standby is promoted under load, and each idempotency key has exactly one effect.

The same calls, clients and questions as in the proof of the ledger. The database is two servers, of which the second has every commit
before it is acknowledged (synchronous_standby_names). The first loses all its processes at once (SIGKILL), the second is promoted
(pg_promote), the first made anew as its standby, and so on in turn. The daemons know both (host=a,b target_session_attrs=read-write).
"""

import common
import ledger
import pair


def parser():
    parser = common.arguments(__doc__)
    parser.add_argument("--debits", type=int, help="how many; 5000 by default")
    parser.add_argument("--kills", type=int, help="of the daemons, with SIGKILL; 20 by default")
    parser.add_argument("--failovers", type=int, help="10 by default")
    return parser


def main(options):
    """- Returns: whether it is proven."""
    seed = common.seed_of(options)
    print(f"seed {seed}", flush=True)
    defaults = (400, 2, 2) if options.quick else (5000, 20, 10)
    given = (options.debits, options.kills, options.failovers)
    size = ledger.Size(*(default if value is None else value for value, default in zip(given, defaults)))
    counted, findings = ledger.prove(common.program_of(options), seed, size, cluster=pair.Pair)
    return findings.conclude(counted, seed, "each key has one effect, whichever server is the primary")


if __name__ == "__main__":
    common.run(parser(), main)
