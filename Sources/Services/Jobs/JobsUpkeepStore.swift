import Postgres

/// For `rpcd_maintenance`.
extension Jobs {
    /// Tasks of jobs that ended so many seconds ago, a few at a time. Nobody is waited for, and a job that somebody has asked again is passed over.
    static let deleteOldTasks = Statement(
        """
        WITH old AS MATERIALIZED (
            SELECT id FROM jobs WHERE finished_at < now() - make_interval(secs => $1) AND status NOT IN ('pending', 'running', 'paused')
                AND hold_id IS NULL
            ORDER BY finished_at LIMIT 100 FOR UPDATE SKIP LOCKED
        ), gone AS MATERIALIZED (
            SELECT k.job_id, k.seq FROM old, LATERAL (SELECT job_id, seq FROM job_tasks WHERE job_id = old.id ORDER BY seq LIMIT $2
                FOR UPDATE SKIP LOCKED) k LIMIT $2
        )
        DELETE FROM job_tasks t USING gone WHERE (t.job_id, t.seq) = (gone.job_id, gone.seq)
        """)

    /// Of the same those that have no tasks any more.
    static let deleteOldJobs = Statement(
        """
        DELETE FROM jobs WHERE id IN (
            SELECT id FROM jobs j WHERE finished_at < now() - make_interval(secs => $1) AND status NOT IN ('pending', 'running', 'paused')
                AND hold_id IS NULL AND NOT EXISTS (SELECT FROM job_tasks k WHERE k.job_id = j.id)
            ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """)
}
