import Identifiers
import Postgres

/// What analytics has to be told of, noted in the workspace and the transaction of what happens.
enum Notes {
    static let noteTransactions = Statement(
        "INSERT INTO analytics_outbox (workspace_id, ledger_id) SELECT $1::uuid, t FROM unnest($2::uuid[]) t"
    )

    static let noteResults = Statement(
        "INSERT INTO analytics_outbox (workspace_id, job_id, seq) SELECT $1::uuid, $2::uuid, s FROM unnest($3::bigint[]) s"
    )

    /// Before they are asked again.
    static let noteFailedVoid = Statement(
        """
        INSERT INTO analytics_outbox (workspace_id, job_id, seq, void_at)
        SELECT workspace_id, job_id, seq, finished_at FROM job_tasks
        WHERE job_id = $1 AND workspace_id = $2 AND state = 'done' AND status = 'failed'
        """)

    static let noteErasure = Statement(
        "INSERT INTO analytics_erasures (workspace_id, record_id) VALUES ($1, $2)")
}

extension Transaction {
    /// Has analytics told of rows of the ledger.
    func note(transactions: [UUID], of workspace: UUID) {
        queue(Notes.noteTransactions, workspace, UUIDArray(transactions))
    }

    /// Has a record's rows taken out of analytics, or all results of the workspace.
    func noteErasure(of record: UUID? = nil, in workspace: UUID) {
        queue(Notes.noteErasure, workspace, record)
    }
}
