import Identifiers
import Postgres

/// On the database of the transactions, in the workspace of the question.
extension Analytics {
    /// The moments at which hours, days or weeks begin in a time zone, from the one that the range begins in.
    ///
    /// Days and weeks are counted on the calendar of the place, whatever its clocks do; hours on the clock, from the first one on. A day whose
    /// midnight comes twice begins with the first of them.
    static let listBounds = Statement(
        """
        SELECT extract(epoch FROM b)::bigint FROM (
            SELECT generate_series($2::timestamptz - (($2::timestamptz AT TIME ZONE $4) - date_trunc('hour', $2::timestamptz AT TIME ZONE $4)),
                $3::timestamptz - interval '1 microsecond', interval '1 hour') AS b
            WHERE $1 = 'hour'
            UNION ALL SELECT coalesce((SELECT min(s AT TIME ZONE $4 - k * interval '15 minutes') FROM generate_series(1, 12) k
                    WHERE (s AT TIME ZONE $4 - k * interval '15 minutes') AT TIME ZONE $4 = s), s AT TIME ZONE $4)
                FROM generate_series(date_trunc($1, $2::timestamptz AT TIME ZONE $4),
                    ($3::timestamptz - interval '1 microsecond') AT TIME ZONE $4, ('1 ' || $1)::interval) s WHERE $1 <> 'hour') bounds
        ORDER BY 1 LIMIT $5
        """
    ) { try $0.get(0, as: Int64.self) }

    /// Names of places, and UTC: no offsets, whose sign POSIX turns round, and no files that say the same in another way.
    static let listZones = Statement(
        "SELECT name FROM pg_timezone_names WHERE name ~ '/' AND name !~ '^(posix|right)/' OR name IN ('UTC', 'GMT') LIMIT 5000"
    ) { try $0.get(0, as: String.self) }

    /// When a job was made, and after when none of its results can be, where it has ended: a moment later, by the clock of whoever wrote them.
    static let getJobSpan = Statement(
        "SELECT created_at, finished_at + interval '1 hour' FROM jobs WHERE workspace_id = $1 AND id = $2"
    ) { (begin: try $0.get(0, as: Timestamp.self), end: try $0.getOptional(1, as: Timestamp.self)) }

    /// How often circuits have opened that the workspace calls through: the platform's, and its own.
    static let countOpenings = Statement(
        """
        SELECT provider, count(*) FROM provider_openings
        WHERE (workspace_id IS NULL OR workspace_id = $1) AND opened_at >= $2 AND opened_at < $3 GROUP BY provider LIMIT 1000
        """
    ) { (provider: try $0.get(0, as: String.self), count: try $0.get(1, as: Int64.self)) }
}
