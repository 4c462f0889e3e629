/// What every session has set. A plan is made once for each statement, maybe while its table is empty, and kept while that grows; every
/// statement has an index to go by, so reading a whole table is never the better plan for long. Where there is no other way it is planned as if
/// it cost more than anything, so nothing may be compiled on the ground of what it costs: that takes milliseconds for a table of one row.
/// Safety nets below the deadlines of calls; and the server notices within a second that this side has died.
enum SessionSettings {
    /// For as long as the connection lasts.
    static let script = """
        SET TimeZone = 'UTC'; SET statement_timeout = '65s'; SET idle_in_transaction_session_timeout = '65s'; \
        SET client_connection_check_interval = '1s'; SET enable_seqscan = off; SET jit = off
        """

    /// For one transaction, of which it is the first statement.
    static let local: StaticString = """
        SELECT set_config('TimeZone', 'UTC', true), set_config('statement_timeout', '65s', true), \
        set_config('idle_in_transaction_session_timeout', '65s', true), \
        set_config('client_connection_check_interval', '1s', true), set_config('enable_seqscan', 'off', true), \
        set_config('jit', 'off', true)
        """

    /// Beside ``script``: only reads, and short ones.
    static let readsScript = "SET statement_timeout = '2s'; SET default_transaction_read_only = on"

    /// Instead of ``local``.
    static let localReads: StaticString = """
        SELECT set_config('TimeZone', 'UTC', true), set_config('statement_timeout', '2s', true), \
        set_config('client_connection_check_interval', '1s', true), set_config('enable_seqscan', 'off', true), \
        set_config('jit', 'off', true), set_config('transaction_read_only', 'on', true)
        """
}
