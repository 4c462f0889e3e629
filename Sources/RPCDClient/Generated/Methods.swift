// Written by scripts/generate-clients from the OpenRPC document. Do not edit.

extension RPCD.Client {
    /// The methods `admin.…`.
    public var admin: RPCD.AdminMethods { RPCD.AdminMethods(client: self) }

    /// The methods `system.…`.
    public var system: RPCD.SystemMethods { RPCD.SystemMethods(client: self) }

    /// The methods `auth.…`.
    public var auth: RPCD.AuthMethods { RPCD.AuthMethods(client: self) }

    /// The methods `session.…`.
    public var session: RPCD.SessionMethods { RPCD.SessionMethods(client: self) }

    /// The methods `workspaces.…`.
    public var workspaces: RPCD.WorkspacesMethods { RPCD.WorkspacesMethods(client: self) }

    /// The methods `members.…`.
    public var members: RPCD.MembersMethods { RPCD.MembersMethods(client: self) }

    /// The methods `invitations.…`.
    public var invitations: RPCD.InvitationsMethods { RPCD.InvitationsMethods(client: self) }

    /// The methods `apiKeys.…`.
    public var apiKeys: RPCD.ApiKeysMethods { RPCD.ApiKeysMethods(client: self) }

    /// The methods `credentials.…`.
    public var credentials: RPCD.CredentialsMethods { RPCD.CredentialsMethods(client: self) }

    /// The methods `billing.…`.
    public var billing: RPCD.BillingMethods { RPCD.BillingMethods(client: self) }

    /// The methods `records.…`.
    public var records: RPCD.RecordsMethods { RPCD.RecordsMethods(client: self) }

    /// The methods `jobs.…`.
    public var jobs: RPCD.JobsMethods { RPCD.JobsMethods(client: self) }

    /// The methods `audit.…`.
    public var audit: RPCD.AuditMethods { RPCD.AuditMethods(client: self) }

    /// The methods `providers.…`.
    public var providers: RPCD.ProvidersMethods { RPCD.ProvidersMethods(client: self) }

    /// The methods `webhooks.…`.
    public var webhooks: RPCD.WebhooksMethods { RPCD.WebhooksMethods(client: self) }

    /// The methods `analytics.…`.
    public var analytics: RPCD.AnalyticsMethods { RPCD.AnalyticsMethods(client: self) }

    /// The methods `rpc.…`.
    public var rpc: RPCD.RpcMethods { RPCD.RpcMethods(client: self) }

}

extension RPCD {
    /// The methods `admin.…`.
    public struct AdminMethods: Sendable {
        let client: RPCD.Client

        /// The methods `admin.ledger.…`.
        public var ledger: RPCD.AdminMethods.LedgerMethods { RPCD.AdminMethods.LedgerMethods(client: client) }

        /// The methods `admin.purchases.…`.
        public var purchases: RPCD.AdminMethods.PurchasesMethods {
            RPCD.AdminMethods.PurchasesMethods(client: client)
        }

        /// The methods `admin.audit.…`.
        public var audit: RPCD.AdminMethods.AuditMethods { RPCD.AdminMethods.AuditMethods(client: client) }

        /// The methods `admin.users.…`.
        public var users: RPCD.AdminMethods.UsersMethods { RPCD.AdminMethods.UsersMethods(client: client) }

        /// The methods `admin.circuits.…`.
        public var circuits: RPCD.AdminMethods.CircuitsMethods {
            RPCD.AdminMethods.CircuitsMethods(client: client)
        }

        /// The methods `admin.analytics.…`.
        public var analytics: RPCD.AdminMethods.AnalyticsMethods {
            RPCD.AdminMethods.AnalyticsMethods(client: client)
        }

        /// The methods `admin.deadLetters.…`.
        public var deadLetters: RPCD.AdminMethods.DeadLettersMethods {
            RPCD.AdminMethods.DeadLettersMethods(client: client)
        }

        /// Holds calls while the database is switched over: what has begun ends, what comes waits, no
        /// connection to the database is left open.
        ///
        /// For the operator of the host.
        /// - Parameters:
        ///   - seconds: How long at most. Default 20.
        public func pause(seconds: Int64? = nil, options: RPCD.CallOptions = .init()) async throws(RPCD
            .Failure) -> RPCD.Pause
        {
            try await client.call(Operation("admin.pause"), options) { params in
                params.set("seconds", seconds)
            }
        }

        /// Lets calls go on, with new connections to the database.
        ///
        /// For the operator of the host.
        public func resume(options: RPCD.CallOptions = .init()) async throws(RPCD.Failure) -> RPCD.Resumption
        {
            try await client.call(Operation("admin.resume"), options) { _ in }
        }

        /// The methods `admin.ledger.…`.
        public struct LedgerMethods: Sendable {
            let client: RPCD.Client

            /// Recomputes every account from its transactions, and compares holds, refunds, grants and
            /// idempotency keys with them.
            ///
            /// For the operator of the host.
            /// - Parameters:
            ///   - workspaceId: The workspace.
            public func verify(workspaceId: String? = nil, options: RPCD.CallOptions = .init())
                -> RPCD.Stream<RPCD.WorkProgress, RPCD.LedgerVerification>
            {
                client.stream(Operation("admin.ledger.verify"), options) { params in
                    params.set("workspaceId", workspaceId)
                }
            }

        }

        /// The methods `admin.purchases.…`.
        public struct PurchasesMethods: Sendable {
            let client: RPCD.Client

            /// Tells of every purchase that waits, and of each that comes, as progress, until it is cancelled or
            /// its time is over.
            ///
            /// For the operator of the host.
            public func watch(options: RPCD.CallOptions = .init()) -> RPCD.Stream<RPCD.Purchase, RPCD.Done> {
                client.stream(Operation("admin.purchases.watch"), options) { _ in }
            }

        }

        /// The methods `admin.audit.…`.
        public struct AuditMethods: Sendable {
            let client: RPCD.Client

            /// Compares the trail with its seals: rows that were changed, removed, moved or put in are named.
            ///
            /// For the operator of the host.
            /// - Parameters:
            ///   - workspaceId: The workspace.
            ///   - expect: The end of the chain as it was told before, `NUMBER:SEAL`; the chain has to have it
            ///   still.
            public func verify(
                workspaceId: String? = nil, expect: String? = nil, options: RPCD.CallOptions = .init()
            ) -> RPCD.Stream<RPCD.WorkProgress, RPCD.AuditVerification> {
                client.stream(Operation("admin.audit.verify"), options) { params in
                    params.set("workspaceId", workspaceId)
                    params.set("expect", expect)
                }
            }

        }

        /// The methods `admin.users.…`.
        public struct UsersMethods: Sendable {
            let client: RPCD.Client

            /// Lists the accounts, oldest first.
            ///
            /// For the operator of the host.
            /// - Parameters:
            ///   - limit: How many at most. Default 25.
            ///   - cursor: The `nextCursor` of the page before.
            public func list(limit: Int64? = nil, cursor: String? = nil, options: RPCD.CallOptions = .init())
                async throws(RPCD.Failure) -> RPCD.Page<RPCD.AdministeredUser>
            {
                try await client.call(Operation("admin.users.list"), options) { params in
                    params.set("limit", limit)
                    params.set("cursor", cursor)
                }
            }

            /// All that ``list`` has, page by page.
            public func listAll(options: RPCD.CallOptions = .init()) -> RPCD.Items<RPCD.AdministeredUser> {
                RPCD.Items { cursor throws(RPCD.Failure) in
                    try await list(limit: RPCD.itemsAtOnce, cursor: cursor, options: options)
                }
            }

            /// Makes an account, or finds the one of that address, which stays as it is. Without a password a
            /// token sets one within a day, through `auth.resetPassword`.
            ///
            /// For the operator of the host.
            /// - Parameters:
            ///   - email: The address.
            ///   - name: What others see; of an account that is there already, the name stays.
            ///   - password: 12 characters at least.
            @discardableResult
            public func create(
                email: String, name: String, password: String? = nil, options: RPCD.CallOptions = .init()
            ) async throws(RPCD.Failure) -> RPCD.AccountMade {
                try await client.call(
                    Operation("admin.users.create", mutates: true, isIdempotent: true), options
                ) { params in
                    params.set("email", email)
                    params.set("name", name)
                    params.set("password", password)
                }
            }

            /// Shuts an account out: its logins, and the API keys that it made, are refused on their next call.
            ///
            /// For the operator of the host.
            /// - Parameters:
            ///   - userId: The account.
            @discardableResult
            public func disable(userId: String, options: RPCD.CallOptions = .init()) async throws(RPCD
                .Failure) -> RPCD.AdministeredUser
            {
                try await client.call(
                    Operation("admin.users.disable", mutates: true, isIdempotent: true), options
                ) { params in
                    params.set("userId", userId)
                }
            }

            /// Lets an account in again; its logins and API keys work as before.
            ///
            /// For the operator of the host.
            /// - Parameters:
            ///   - userId: The account.
            @discardableResult
            public func enable(userId: String, options: RPCD.CallOptions = .init()) async throws(RPCD.Failure)
                -> RPCD.AdministeredUser
            {
                try await client.call(
                    Operation("admin.users.enable", mutates: true, isIdempotent: true), options
                ) { params in
                    params.set("userId", userId)
                }
            }

            /// Ends every login of an account.
            ///
            /// For the operator of the host.
            /// - Parameters:
            ///   - userId: The account.
            @discardableResult
            public func revokeSessions(userId: String, options: RPCD.CallOptions = .init()) async throws(RPCD
                .Failure) -> RPCD.AdministeredUser
            {
                try await client.call(
                    Operation("admin.users.revokeSessions", mutates: true, isIdempotent: true), options
                ) { params in
                    params.set("userId", userId)
                }
            }

        }

        /// The methods `admin.circuits.…`.
        public struct CircuitsMethods: Sendable {
            let client: RPCD.Client

            /// Lists the circuits that ever opened or were forced: which providers are left alone, with which
            /// keys.
            ///
            /// For the operator of the host.
            /// - Parameters:
            ///   - limit: How many at most. Default 25.
            ///   - cursor: The `nextCursor` of the page before.
            public func list(limit: Int64? = nil, cursor: String? = nil, options: RPCD.CallOptions = .init())
                async throws(RPCD.Failure) -> RPCD.Page<RPCD.Circuit>
            {
                try await client.call(Operation("admin.circuits.list"), options) { params in
                    params.set("limit", limit)
                    params.set("cursor", cursor)
                }
            }

            /// All that ``list`` has, page by page.
            public func listAll(options: RPCD.CallOptions = .init()) -> RPCD.Items<RPCD.Circuit> {
                RPCD.Items { cursor throws(RPCD.Failure) in
                    try await list(limit: RPCD.itemsAtOnce, cursor: cursor, options: options)
                }
            }

            /// Keeps a circuit open or closed, or lets it go by what happens again, closed to begin with. Every
            /// daemon follows within seconds.
            ///
            /// For the operator of the host.
            /// - Parameters:
            ///   - provider: Which provider, as hunter.
            ///   - credential: `platform`, which is meant where nothing is said, or the id of a credential.
            ///   - state: What it has to be.
            @discardableResult
            public func force(
                provider: String, credential: String? = nil, state: RPCD.CircuitForced,
                options: RPCD.CallOptions = .init()
            ) async throws(RPCD.Failure) -> RPCD.Circuit {
                try await client.call(
                    Operation("admin.circuits.force", mutates: true, isIdempotent: true), options
                ) { params in
                    params.set("provider", provider)
                    params.set("credential", credential)
                    params.set("state", state)
                }
            }

        }

        /// The methods `admin.analytics.…`.
        public struct AnalyticsMethods: Sendable {
            let client: RPCD.Client

            /// Compares the store of analytics with the database, for each workspace and day.
            ///
            /// For the operator of the host.
            /// - Parameters:
            ///   - workspaceId: The workspace.
            public func verify(workspaceId: String? = nil, options: RPCD.CallOptions = .init())
                -> RPCD.Stream<RPCD.WorkProgress, RPCD.AnalyticsVerification>
            {
                client.stream(Operation("admin.analytics.verify"), options) { params in
                    params.set("workspaceId", workspaceId)
                }
            }

            /// Has everything read anew and sent to the store of analytics, beside all that goes on.
            ///
            /// For the operator of the host.
            public func rebuild(options: RPCD.CallOptions = .init())
                -> RPCD.Stream<RPCD.WorkProgress, RPCD.Rebuilt>
            {
                client.stream(Operation("admin.analytics.rebuild", mutates: true), options) { _ in }
            }

        }

        /// The methods `admin.deadLetters.…`.
        public struct DeadLettersMethods: Sendable {
            let client: RPCD.Client

            /// Lists what the store of analytics has refused for good.
            ///
            /// For the operator of the host.
            /// - Parameters:
            ///   - limit: How many at most. Default 25.
            ///   - cursor: The `nextCursor` of the page before.
            public func list(limit: Int64? = nil, cursor: String? = nil, options: RPCD.CallOptions = .init())
                async throws(RPCD.Failure) -> RPCD.Page<RPCD.DeadLetter>
            {
                try await client.call(Operation("admin.deadLetters.list"), options) { params in
                    params.set("limit", limit)
                    params.set("cursor", cursor)
                }
            }

            /// All that ``list`` has, page by page.
            public func listAll(options: RPCD.CallOptions = .init()) -> RPCD.Items<RPCD.DeadLetter> {
                RPCD.Items { cursor throws(RPCD.Failure) in
                    try await list(limit: RPCD.itemsAtOnce, cursor: cursor, options: options)
                }
            }

            /// Has what was refused sent again.
            ///
            /// For the operator of the host.
            /// - Parameters:
            ///   - ids: Which; the thousand oldest when left out.
            @discardableResult
            public func replay(ids: [String]? = nil, options: RPCD.CallOptions = .init()) async throws(RPCD
                .Failure) -> RPCD.Replayed
            {
                try await client.call(
                    Operation("admin.deadLetters.replay", mutates: true, isIdempotent: true), options
                ) { params in
                    params.set("ids", ids)
                }
            }

        }

    }

}

extension RPCD {
    /// The methods `system.…`.
    public struct SystemMethods: Sendable {
        let client: RPCD.Client

        /// Answers at once with what it was given.
        ///
        /// For everybody.
        /// - Parameters:
        ///   - payload: Comes back unchanged.
        public func ping(payload: RPCD.Value? = nil, options: RPCD.CallOptions = .init()) async throws(RPCD
            .Failure) -> RPCD.Pong
        {
            try await client.call(Operation("system.ping"), options) { params in
                params.set("payload", payload)
            }
        }

        /// Tells that the daemon is alive; asks nothing of the database.
        ///
        /// For everybody.
        public func health(options: RPCD.CallOptions = .init()) async throws(RPCD.Failure) -> RPCD.Health {
            try await client.call(Operation("system.health"), options) { _ in }
        }

        /// Tells whether calls can be served: it asks the database.
        ///
        /// For everybody.
        public func ready(options: RPCD.CallOptions = .init()) async throws(RPCD.Failure) -> RPCD.Readiness {
            try await client.call(Operation("system.ready"), options) { _ in }
        }

        /// Tells which daemon this is.
        ///
        /// For everybody.
        public func version(options: RPCD.CallOptions = .init()) async throws(RPCD.Failure) -> RPCD.Version {
            try await client.call(Operation("system.version"), options) { _ in }
        }

        /// Lists every limit in force.
        ///
        /// For everybody.
        public func limits(options: RPCD.CallOptions = .init()) async throws(RPCD.Failure) -> RPCD.Limits {
            try await client.call(Operation("system.limits"), options) { _ in }
        }

        /// Counts, durations and states, as Prometheus reads them.
        ///
        /// For the operator of the host.
        /// - Parameters:
        ///   - format: How they are written: as Prometheus has always read them, or by OpenMetrics 1.0.
        ///   Default prometheus.
        public func metrics(format: RPCD.SystemMetricsFormat? = nil, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure) -> RPCD.SystemMetricsResult
        {
            try await client.call(Operation("system.metrics"), options) { params in
                params.set("format", format)
            }
        }

    }

}

extension RPCD {
    /// The methods `auth.…`.
    public struct AuthMethods: Sendable {
        let client: RPCD.Client

        /// The methods `auth.sessions.…`.
        public var sessions: RPCD.AuthMethods.SessionsMethods {
            RPCD.AuthMethods.SessionsMethods(client: client)
        }

        /// Makes an account.
        ///
        /// For everybody.
        /// - Parameters:
        ///   - email: The address; nobody else may have it.
        ///   - password: 12 characters at least.
        ///   - name: What others see.
        @discardableResult
        public func register(
            email: String, password: String, name: String, options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.User {
            try await client.call(Operation("auth.register", mutates: true, isIdempotent: true), options) {
                params in
                params.set("email", email)
                params.set("password", password)
                params.set("name", name)
            }
        }

        /// Gives an access token and a refresh token for an email and a password.
        ///
        /// For everybody.
        /// - Parameters:
        ///   - email: The address.
        ///   - password: The password.
        @discardableResult
        public func login(email: String, password: String, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure) -> RPCD.Login
        {
            try await client.call(Operation("auth.login", mutates: true), options) { params in
                params.set("email", email)
                params.set("password", password)
            }
        }

        /// Gives new tokens for a refresh token, which dies.
        ///
        /// For everybody.
        /// - Parameters:
        ///   - refreshToken: From `auth.login` or `auth.refresh`.
        @discardableResult
        public func refresh(refreshToken: String, options: RPCD.CallOptions = .init()) async throws(RPCD
            .Failure) -> RPCD.Login
        {
            try await client.call(Operation("auth.refresh", mutates: true), options) { params in
                params.set("refreshToken", refreshToken)
            }
        }

        /// Ends the session of a refresh token.
        ///
        /// For everybody.
        /// - Parameters:
        ///   - refreshToken: From `auth.login` or `auth.refresh`.
        public func logout(refreshToken: String, options: RPCD.CallOptions = .init()) async throws(RPCD
            .Failure)
        {
            let _: RPCD.Done = try await client.call(
                Operation("auth.logout", mutates: true, isIdempotent: true), options
            ) { params in
                params.set("refreshToken", refreshToken)
            }
        }

        /// Sets a new password and ends every session.
        ///
        /// For everybody who has logged in; not for API keys.
        /// - Parameters:
        ///   - currentPassword: The password until now.
        ///   - newPassword: 12 characters at least.
        public func changePassword(
            currentPassword: String, newPassword: String, options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) {
            let _: RPCD.Done = try await client.call(
                Operation("auth.changePassword", mutates: true, isIdempotent: true), options
            ) { params in
                params.set("currentPassword", currentPassword)
                params.set("newPassword", newPassword)
            }
        }

        /// Confirms an address with the token of the mail that was sent to it.
        ///
        /// For everybody.
        /// - Parameters:
        ///   - token: From the mail.
        public func verifyEmail(token: String, options: RPCD.CallOptions = .init()) async throws(RPCD.Failure)
        {
            let _: RPCD.Done = try await client.call(
                Operation("auth.verifyEmail", mutates: true, isIdempotent: true), options
            ) { params in
                params.set("token", token)
            }
        }

        /// Sends a mail with which a new password can be set. The answer is the same when there is no such
        /// account.
        ///
        /// For everybody.
        /// - Parameters:
        ///   - email: Of the account.
        public func requestPasswordReset(email: String, options: RPCD.CallOptions = .init()) async throws(RPCD
            .Failure)
        {
            let _: RPCD.Done = try await client.call(
                Operation("auth.requestPasswordReset", mutates: true, isIdempotent: true), options
            ) { params in
                params.set("email", email)
            }
        }

        /// Sets a new password with the token of a mail, and ends every session.
        ///
        /// For everybody.
        /// - Parameters:
        ///   - token: From the mail.
        ///   - newPassword: 12 characters at least.
        public func resetPassword(token: String, newPassword: String, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure)
        {
            let _: RPCD.Done = try await client.call(
                Operation("auth.resetPassword", mutates: true, isIdempotent: true), options
            ) { params in
                params.set("token", token)
                params.set("newPassword", newPassword)
            }
        }

        /// Tells who is calling, and where he is a member.
        ///
        /// For everybody who has logged in, and for API keys.
        public func me(options: RPCD.CallOptions = .init()) async throws(RPCD.Failure) -> RPCD.Me {
            try await client.call(Operation("auth.me"), options) { _ in }
        }

        /// The public keys that access tokens are signed with, as a JWK set.
        ///
        /// For everybody.
        public func jwks(options: RPCD.CallOptions = .init()) async throws(RPCD.Failure) -> [String: RPCD
            .Value]
        {
            try await client.call(Operation("auth.jwks"), options) { _ in }
        }

        /// The methods `auth.sessions.…`.
        public struct SessionsMethods: Sendable {
            let client: RPCD.Client

            /// Lists the caller's logins that are in force, newest first.
            ///
            /// For everybody who has logged in; not for API keys.
            /// - Parameters:
            ///   - limit: How many at most. Default 25.
            ///   - cursor: The `nextCursor` of the page before.
            public func list(limit: Int64? = nil, cursor: String? = nil, options: RPCD.CallOptions = .init())
                async throws(RPCD.Failure) -> RPCD.Page<RPCD.Session>
            {
                try await client.call(Operation("auth.sessions.list"), options) { params in
                    params.set("limit", limit)
                    params.set("cursor", cursor)
                }
            }

            /// All that ``list`` has, page by page.
            public func listAll(options: RPCD.CallOptions = .init()) -> RPCD.Items<RPCD.Session> {
                RPCD.Items { cursor throws(RPCD.Failure) in
                    try await list(limit: RPCD.itemsAtOnce, cursor: cursor, options: options)
                }
            }

            /// Ends one of the caller's logins; its next call is refused.
            ///
            /// For everybody who has logged in; not for API keys.
            /// - Parameters:
            ///   - sessionId: The login.
            public func revoke(sessionId: String, options: RPCD.CallOptions = .init()) async throws(RPCD
                .Failure)
            {
                let _: RPCD.Done = try await client.call(
                    Operation("auth.sessions.revoke", mutates: true, isIdempotent: true), options
                ) { params in
                    params.set("sessionId", sessionId)
                }
            }

        }

    }

}

extension RPCD {
    /// The methods `session.…`.
    public struct SessionMethods: Sendable {
        let client: RPCD.Client

        /// Binds a token to this connection: later calls that bring none are made with it. Not over HTTP.
        ///
        /// For everybody.
        /// - Parameters:
        ///   - token: An access token, or an API key.
        public func authenticate(token: String, options: RPCD.CallOptions = .init()) async throws(RPCD
            .Failure) -> RPCD.Me
        {
            try await client.call(Operation("session.authenticate"), options) { params in
                params.set("token", token)
            }
        }

    }

}

extension RPCD {
    /// The methods `workspaces.…`.
    public struct WorkspacesMethods: Sendable {
        let client: RPCD.Client

        /// Makes a workspace; its maker becomes its owner.
        ///
        /// For everybody who has logged in; not for API keys.
        /// - Parameters:
        ///   - name: What people call it.
        ///   - slug: For URLs: lower-case letters, digits and hyphens. Made from the name when it is left
        ///   out.
        ///   - ownerEmail: Who is to own it. The operator has to say, others may not.
        @discardableResult
        public func create(
            name: String, slug: String? = nil, ownerEmail: String? = nil, options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Workspace {
            try await client.call(Operation("workspaces.create", mutates: true, isIdempotent: true), options)
            { params in
                params.set("name", name)
                params.set("slug", slug)
                params.set("ownerEmail", ownerEmail)
            }
        }

        /// Lists the caller's workspaces, oldest first.
        ///
        /// For everybody who has logged in; not for API keys.
        /// - Parameters:
        ///   - limit: How many at most. Default 25.
        ///   - cursor: The `nextCursor` of the page before.
        public func list(limit: Int64? = nil, cursor: String? = nil, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure) -> RPCD.Page<RPCD.Workspace>
        {
            try await client.call(Operation("workspaces.list"), options) { params in
                params.set("limit", limit)
                params.set("cursor", cursor)
            }
        }

        /// All that ``list`` has, page by page.
        public func listAll(options: RPCD.CallOptions = .init()) -> RPCD.Items<RPCD.Workspace> {
            RPCD.Items { cursor throws(RPCD.Failure) in
                try await list(limit: RPCD.itemsAtOnce, cursor: cursor, options: options)
            }
        }

        /// Gives one workspace.
        ///
        /// For members of the workspace, from the role viewer up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        public func get(workspaceId: String, options: RPCD.CallOptions = .init()) async throws(RPCD.Failure)
            -> RPCD.Workspace
        {
            try await client.call(Operation("workspaces.get"), options) { params in
                params.set("workspaceId", workspaceId)
            }
        }

        /// Changes what is given and leaves the rest.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - name: What people call it.
        ///   - slug: For URLs: lower-case letters, digits and hyphens. Made from the name when it is left
        ///   out.
        ///   - settings: Replaces the settings.
        ///   - ifVersion: Refuse when it has another `version` by now.
        @discardableResult
        public func update(
            workspaceId: String, name: String? = nil, slug: String? = nil,
            settings: [String: RPCD.Value]? = nil, ifVersion: Int64? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Workspace {
            try await client.call(Operation("workspaces.update", mutates: true, isIdempotent: true), options)
            { params in
                params.set("workspaceId", workspaceId)
                params.set("name", name)
                params.set("slug", slug)
                params.set("settings", settings)
                params.set("ifVersion", ifVersion)
            }
        }

        /// Deletes a workspace and everything in it.
        ///
        /// For members of the workspace, from the role owner up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        public func delete(workspaceId: String, options: RPCD.CallOptions = .init()) async throws(RPCD
            .Failure)
        {
            let _: RPCD.Done = try await client.call(
                Operation("workspaces.delete", mutates: true, isIdempotent: true), options
            ) { params in
                params.set("workspaceId", workspaceId)
            }
        }

    }

}

extension RPCD {
    /// The methods `members.…`.
    public struct MembersMethods: Sendable {
        let client: RPCD.Client

        /// Lists the members of a workspace, oldest first.
        ///
        /// For members of the workspace, from the role viewer up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - limit: How many at most. Default 25.
        ///   - cursor: The `nextCursor` of the page before.
        public func list(
            workspaceId: String, limit: Int64? = nil, cursor: String? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Page<RPCD.Member> {
            try await client.call(Operation("members.list"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("limit", limit)
                params.set("cursor", cursor)
            }
        }

        /// All that ``list`` has, page by page.
        public func listAll(workspaceId: String, options: RPCD.CallOptions = .init())
            -> RPCD.Items<RPCD.Member>
        {
            RPCD.Items { cursor throws(RPCD.Failure) in
                try await list(
                    workspaceId: workspaceId, limit: RPCD.itemsAtOnce, cursor: cursor, options: options)
            }
        }

        /// Takes in somebody who has an account and has confirmed his address; others get an invitation.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - email: Of his account.
        ///   - role: Not above the caller's own.
        @discardableResult
        public func add(
            workspaceId: String, email: String, role: RPCD.Role, options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Member {
            try await client.call(Operation("members.add", mutates: true, isIdempotent: true), options) {
                params in
                params.set("workspaceId", workspaceId)
                params.set("email", email)
                params.set("role", role)
            }
        }

        /// Gives a member another role; the last owner stays one.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - userId: The member.
        ///   - role: Not above the caller's own.
        ///   - ifVersion: Refuse when it has another `version` by now.
        @discardableResult
        public func setRole(
            workspaceId: String, userId: String, role: RPCD.Role, ifVersion: Int64? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Member {
            try await client.call(Operation("members.setRole", mutates: true, isIdempotent: true), options) {
                params in
                params.set("workspaceId", workspaceId)
                params.set("userId", userId)
                params.set("role", role)
                params.set("ifVersion", ifVersion)
            }
        }

        /// Takes a member out; the last owner stays.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - userId: The member.
        public func remove(workspaceId: String, userId: String, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure)
        {
            let _: RPCD.Done = try await client.call(
                Operation("members.remove", mutates: true, isIdempotent: true), options
            ) { params in
                params.set("workspaceId", workspaceId)
                params.set("userId", userId)
            }
        }

    }

}

extension RPCD {
    /// The methods `invitations.…`.
    public struct InvitationsMethods: Sendable {
        let client: RPCD.Client

        /// Invites an address. The token is in this answer and nowhere else; an earlier one for the same
        /// address ends.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - email: Whose account it has to be.
        ///   - role: Not above the caller's own.
        @discardableResult
        public func create(
            workspaceId: String, email: String, role: RPCD.Role, options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.NewInvitation {
            try await client.call(Operation("invitations.create", mutates: true, isIdempotent: true), options)
            { params in
                params.set("workspaceId", workspaceId)
                params.set("email", email)
                params.set("role", role)
            }
        }

        /// Lists the invitations that can still be accepted, oldest first.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - limit: How many at most. Default 25.
        ///   - cursor: The `nextCursor` of the page before.
        public func list(
            workspaceId: String, limit: Int64? = nil, cursor: String? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Page<RPCD.Invitation> {
            try await client.call(Operation("invitations.list"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("limit", limit)
                params.set("cursor", cursor)
            }
        }

        /// All that ``list`` has, page by page.
        public func listAll(workspaceId: String, options: RPCD.CallOptions = .init())
            -> RPCD.Items<RPCD.Invitation>
        {
            RPCD.Items { cursor throws(RPCD.Failure) in
                try await list(
                    workspaceId: workspaceId, limit: RPCD.itemsAtOnce, cursor: cursor, options: options)
            }
        }

        /// Takes an invitation back.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - invitationId: The invitation.
        public func revoke(workspaceId: String, invitationId: String, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure)
        {
            let _: RPCD.Done = try await client.call(
                Operation("invitations.revoke", mutates: true, isIdempotent: true), options
            ) { params in
                params.set("workspaceId", workspaceId)
                params.set("invitationId", invitationId)
            }
        }

        /// Makes the caller a member, when the invitation is for his address.
        ///
        /// For everybody who has logged in; not for API keys.
        /// - Parameters:
        ///   - token: From the invitation.
        @discardableResult
        public func accept(token: String, options: RPCD.CallOptions = .init()) async throws(RPCD.Failure)
            -> RPCD.Membership
        {
            try await client.call(Operation("invitations.accept", mutates: true, isIdempotent: true), options)
            { params in
                params.set("token", token)
            }
        }

    }

}

extension RPCD {
    /// The methods `apiKeys.…`.
    public struct ApiKeysMethods: Sendable {
        let client: RPCD.Client

        /// Makes an API key. Its secret is in this answer and nowhere else.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - name: What it is for.
        ///   - role: Not above the caller's own.
        ///   - expiresAt: When it ends by itself; never when left out.
        @discardableResult
        public func create(
            workspaceId: String, name: String, role: RPCD.Role, expiresAt: String? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.NewApiKey {
            try await client.call(Operation("apiKeys.create", mutates: true, isIdempotent: true), options) {
                params in
                params.set("workspaceId", workspaceId)
                params.set("name", name)
                params.set("role", role)
                params.set("expiresAt", expiresAt)
            }
        }

        /// Lists the API keys that are in force, oldest first.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - limit: How many at most. Default 25.
        ///   - cursor: The `nextCursor` of the page before.
        public func list(
            workspaceId: String, limit: Int64? = nil, cursor: String? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Page<RPCD.ApiKey> {
            try await client.call(Operation("apiKeys.list"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("limit", limit)
                params.set("cursor", cursor)
            }
        }

        /// All that ``list`` has, page by page.
        public func listAll(workspaceId: String, options: RPCD.CallOptions = .init())
            -> RPCD.Items<RPCD.ApiKey>
        {
            RPCD.Items { cursor throws(RPCD.Failure) in
                try await list(
                    workspaceId: workspaceId, limit: RPCD.itemsAtOnce, cursor: cursor, options: options)
            }
        }

        /// Ends an API key; its next call is refused.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - apiKeyId: The key.
        public func revoke(workspaceId: String, apiKeyId: String, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure)
        {
            let _: RPCD.Done = try await client.call(
                Operation("apiKeys.revoke", mutates: true, isIdempotent: true), options
            ) { params in
                params.set("workspaceId", workspaceId)
                params.set("apiKeyId", apiKeyId)
            }
        }

    }

}

extension RPCD {
    /// The methods `credentials.…`.
    public struct CredentialsMethods: Sendable {
        let client: RPCD.Client

        /// Stores a provider's key, encrypted.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - provider: Which provider, as hunter.
        ///   - label: To tell several apart.
        ///   - key: The provider's key.
        ///   - secret: Where the provider has two parts.
        @discardableResult
        public func create(
            workspaceId: String, provider: String, label: String? = nil, key: String, secret: String? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Credential {
            try await client.call(Operation("credentials.create", mutates: true, isIdempotent: true), options)
            { params in
                params.set("workspaceId", workspaceId)
                params.set("provider", provider)
                params.set("label", label)
                params.set("key", key)
                params.set("secret", secret)
            }
        }

        /// Lists the credentials of a workspace, oldest first.
        ///
        /// For members of the workspace, from the role viewer up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - limit: How many at most. Default 25.
        ///   - cursor: The `nextCursor` of the page before.
        public func list(
            workspaceId: String, limit: Int64? = nil, cursor: String? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Page<RPCD.Credential> {
            try await client.call(Operation("credentials.list"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("limit", limit)
                params.set("cursor", cursor)
            }
        }

        /// All that ``list`` has, page by page.
        public func listAll(workspaceId: String, options: RPCD.CallOptions = .init())
            -> RPCD.Items<RPCD.Credential>
        {
            RPCD.Items { cursor throws(RPCD.Failure) in
                try await list(
                    workspaceId: workspaceId, limit: RPCD.itemsAtOnce, cursor: cursor, options: options)
            }
        }

        /// Gives one credential, masked.
        ///
        /// For members of the workspace, from the role viewer up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - credentialId: The credential.
        public func get(workspaceId: String, credentialId: String, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure) -> RPCD.Credential
        {
            try await client.call(Operation("credentials.get"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("credentialId", credentialId)
            }
        }

        /// Changes what is given and leaves the rest.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - credentialId: The credential.
        ///   - label: To tell several apart.
        ///   - key: The provider's key.
        ///   - secret: Where the provider has two parts.
        ///   - ifVersion: Refuse when it has another `version` by now.
        @discardableResult
        public func update(
            workspaceId: String, credentialId: String, label: String? = nil, key: String? = nil,
            secret: String? = nil, ifVersion: Int64? = nil, options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Credential {
            try await client.call(Operation("credentials.update", mutates: true, isIdempotent: true), options)
            { params in
                params.set("workspaceId", workspaceId)
                params.set("credentialId", credentialId)
                params.set("label", label)
                params.set("key", key)
                params.set("secret", secret)
                params.set("ifVersion", ifVersion)
            }
        }

        /// Deletes a credential.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - credentialId: The credential.
        public func delete(workspaceId: String, credentialId: String, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure)
        {
            let _: RPCD.Done = try await client.call(
                Operation("credentials.delete", mutates: true, isIdempotent: true), options
            ) { params in
                params.set("workspaceId", workspaceId)
                params.set("credentialId", credentialId)
            }
        }

    }

}

extension RPCD {
    /// The methods `billing.…`.
    public struct BillingMethods: Sendable {
        let client: RPCD.Client

        /// The methods `billing.holds.…`.
        public var holds: RPCD.BillingMethods.HoldsMethods {
            RPCD.BillingMethods.HoldsMethods(client: client)
        }

        /// The methods `billing.purchases.…`.
        public var purchases: RPCD.BillingMethods.PurchasesMethods {
            RPCD.BillingMethods.PurchasesMethods(client: client)
        }

        /// Tells what a workspace has, what is set aside, and what expires when.
        ///
        /// For members of the workspace, from the role viewer up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        public func get(workspaceId: String, options: RPCD.CallOptions = .init()) async throws(RPCD.Failure)
            -> RPCD.Billing
        {
            try await client.call(Operation("billing.get"), options) { params in
                params.set("workspaceId", workspaceId)
            }
        }

        /// Gives credits to a workspace. Nobody else mints any.
        ///
        /// For the operator of the host.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - amount: Credits.
        ///   - type: What they are.
        ///   - expiresAt: When what is left of them is gone; never when left out.
        ///   - description: Why.
        ///   - referenceId: The caller's own; the same one twice is a conflict.
        @discardableResult
        public func addCredits(
            workspaceId: String, amount: Int64, type: RPCD.BillingAddCreditsType, expiresAt: String? = nil,
            description: String? = nil, referenceId: String? = nil, options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Transaction {
            try await client.call(Operation("billing.addCredits", mutates: true, isIdempotent: true), options)
            { params in
                params.set("workspaceId", workspaceId)
                params.set("amount", amount)
                params.set("type", type)
                params.set("expiresAt", expiresAt)
                params.set("description", description)
                params.set("referenceId", referenceId)
            }
        }

        /// Spends credits; what expires first is spent first.
        ///
        /// For members of the workspace, from the role member up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - amount: Credits.
        ///   - description: Why.
        ///   - referenceId: The caller's own; the same one twice is a conflict.
        @discardableResult
        public func debit(
            workspaceId: String, amount: Int64, description: String? = nil, referenceId: String? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Transaction {
            try await client.call(Operation("billing.debit", mutates: true, isIdempotent: true), options) {
                params in
                params.set("workspaceId", workspaceId)
                params.set("amount", amount)
                params.set("description", description)
                params.set("referenceId", referenceId)
            }
        }

        /// Gives back what a debit or capture took, in whole or in part, never more.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - transactionId: The debit or capture.
        ///   - amount: Credits.
        ///   - description: Why.
        @discardableResult
        public func refund(
            workspaceId: String, transactionId: String, amount: Int64? = nil, description: String? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Transaction {
            try await client.call(Operation("billing.refund", mutates: true, isIdempotent: true), options) {
                params in
                params.set("workspaceId", workspaceId)
                params.set("transactionId", transactionId)
                params.set("amount", amount)
                params.set("description", description)
            }
        }

        /// Lists the changes of the account, newest first.
        ///
        /// For members of the workspace, from the role viewer up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - limit: How many at most. Default 25.
        ///   - cursor: The `nextCursor` of the page before.
        ///   - type: Only these.
        public func transactions(
            workspaceId: String, limit: Int64? = nil, cursor: String? = nil,
            type: RPCD.BillingTransactionsType? = nil, options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Page<RPCD.Transaction> {
            try await client.call(Operation("billing.transactions"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("limit", limit)
                params.set("cursor", cursor)
                params.set("type", type)
            }
        }

        /// All that ``transactions`` has, page by page.
        public func transactionsAll(
            workspaceId: String, type: RPCD.BillingTransactionsType? = nil,
            options: RPCD.CallOptions = .init()
        ) -> RPCD.Items<RPCD.Transaction> {
            RPCD.Items { cursor throws(RPCD.Failure) in
                try await transactions(
                    workspaceId: workspaceId, limit: RPCD.itemsAtOnce, cursor: cursor, type: type,
                    options: options)
            }
        }

        /// Has a purchase made by itself when less than the threshold is available, one at a time.
        ///
        /// For members of the workspace, from the role owner up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - enabled: Whether.
        ///   - threshold: Credits.
        ///   - amount: Credits.
        @discardableResult
        public func setAutoRecharge(
            workspaceId: String, enabled: Bool, threshold: Int64, amount: Int64,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.AutoRecharge {
            try await client.call(
                Operation("billing.setAutoRecharge", mutates: true, isIdempotent: true), options
            ) { params in
                params.set("workspaceId", workspaceId)
                params.set("enabled", enabled)
                params.set("threshold", threshold)
                params.set("amount", amount)
            }
        }

        /// Sets when to be told that credits run out: an event `credits.low` whenever less than one of these
        /// becomes available.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - thresholds: Credits, in any order.
        @discardableResult
        public func setLowBalanceThresholds(
            workspaceId: String, thresholds: [Int64], options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.LowBalanceThresholds {
            try await client.call(
                Operation("billing.setLowBalanceThresholds", mutates: true, isIdempotent: true), options
            ) { params in
                params.set("workspaceId", workspaceId)
                params.set("thresholds", thresholds)
            }
        }

        /// The methods `billing.holds.…`.
        public struct HoldsMethods: Sendable {
            let client: RPCD.Client

            /// Sets credits aside for something that may or may not be spent.
            ///
            /// For members of the workspace, from the role member up.
            /// - Parameters:
            ///   - workspaceId: The workspace.
            ///   - amount: Credits.
            ///   - expiresIn: Seconds until the rest goes back by itself. Default 3600.
            ///   - referenceId: The caller's own; the same one twice is a conflict.
            @discardableResult
            public func create(
                workspaceId: String, amount: Int64, expiresIn: Int64? = nil, referenceId: String? = nil,
                options: RPCD.CallOptions = .init()
            ) async throws(RPCD.Failure) -> RPCD.Hold {
                try await client.call(
                    Operation("billing.holds.create", mutates: true, isIdempotent: true), options
                ) { params in
                    params.set("workspaceId", workspaceId)
                    params.set("amount", amount)
                    params.set("expiresIn", expiresIn)
                    params.set("referenceId", referenceId)
                }
            }

            /// Spends of what is set aside, in one part or several.
            ///
            /// For members of the workspace, from the role member up.
            /// - Parameters:
            ///   - workspaceId: The workspace.
            ///   - holdId: The hold.
            ///   - amount: Credits.
            @discardableResult
            public func capture(
                workspaceId: String, holdId: String, amount: Int64, options: RPCD.CallOptions = .init()
            ) async throws(RPCD.Failure) -> RPCD.Hold {
                try await client.call(
                    Operation("billing.holds.capture", mutates: true, isIdempotent: true), options
                ) { params in
                    params.set("workspaceId", workspaceId)
                    params.set("holdId", holdId)
                    params.set("amount", amount)
                }
            }

            /// Gives back what is still set aside.
            ///
            /// For members of the workspace, from the role member up.
            /// - Parameters:
            ///   - workspaceId: The workspace.
            ///   - holdId: The hold.
            @discardableResult
            public func release(workspaceId: String, holdId: String, options: RPCD.CallOptions = .init())
                async throws(RPCD.Failure) -> RPCD.Hold
            {
                try await client.call(
                    Operation("billing.holds.release", mutates: true, isIdempotent: true), options
                ) { params in
                    params.set("workspaceId", workspaceId)
                    params.set("holdId", holdId)
                }
            }

            /// Lists the holds of a workspace, oldest first.
            ///
            /// For members of the workspace, from the role member up.
            /// - Parameters:
            ///   - workspaceId: The workspace.
            ///   - limit: How many at most. Default 25.
            ///   - cursor: The `nextCursor` of the page before.
            public func list(
                workspaceId: String, limit: Int64? = nil, cursor: String? = nil,
                options: RPCD.CallOptions = .init()
            ) async throws(RPCD.Failure) -> RPCD.Page<RPCD.Hold> {
                try await client.call(Operation("billing.holds.list"), options) { params in
                    params.set("workspaceId", workspaceId)
                    params.set("limit", limit)
                    params.set("cursor", cursor)
                }
            }

            /// All that ``list`` has, page by page.
            public func listAll(workspaceId: String, options: RPCD.CallOptions = .init())
                -> RPCD.Items<RPCD.Hold>
            {
                RPCD.Items { cursor throws(RPCD.Failure) in
                    try await list(
                        workspaceId: workspaceId, limit: RPCD.itemsAtOnce, cursor: cursor, options: options)
                }
            }

        }

        /// The methods `billing.purchases.…`.
        public struct PurchasesMethods: Sendable {
            let client: RPCD.Client

            /// Asks for credits, which are there when the payment is settled.
            ///
            /// For members of the workspace, from the role admin up.
            /// - Parameters:
            ///   - workspaceId: The workspace.
            ///   - amount: Credits.
            @discardableResult
            public func create(workspaceId: String, amount: Int64, options: RPCD.CallOptions = .init())
                async throws(RPCD.Failure) -> RPCD.Purchase
            {
                try await client.call(
                    Operation("billing.purchases.create", mutates: true, isIdempotent: true), options
                ) { params in
                    params.set("workspaceId", workspaceId)
                    params.set("amount", amount)
                }
            }

            /// Lists the purchases of a workspace, oldest first.
            ///
            /// For members of the workspace, from the role admin up.
            /// - Parameters:
            ///   - workspaceId: The workspace.
            ///   - status: Only these.
            ///   - limit: How many at most. Default 25.
            ///   - cursor: The `nextCursor` of the page before.
            public func list(
                workspaceId: String, status: RPCD.BillingPurchasesListStatus? = nil, limit: Int64? = nil,
                cursor: String? = nil, options: RPCD.CallOptions = .init()
            ) async throws(RPCD.Failure) -> RPCD.Page<RPCD.Purchase> {
                try await client.call(Operation("billing.purchases.list"), options) { params in
                    params.set("workspaceId", workspaceId)
                    params.set("status", status)
                    params.set("limit", limit)
                    params.set("cursor", cursor)
                }
            }

            /// All that ``list`` has, page by page.
            public func listAll(
                workspaceId: String, status: RPCD.BillingPurchasesListStatus? = nil,
                options: RPCD.CallOptions = .init()
            ) -> RPCD.Items<RPCD.Purchase> {
                RPCD.Items { cursor throws(RPCD.Failure) in
                    try await list(
                        workspaceId: workspaceId, status: status, limit: RPCD.itemsAtOnce, cursor: cursor,
                        options: options)
                }
            }

            /// Tells how a payment went; settled adds the credits, once. For the host's payment service.
            ///
            /// For the operator of the host.
            /// - Parameters:
            ///   - purchaseId: The purchase.
            ///   - outcome: How the payment went.
            ///   - referenceId: The payment's own.
            @discardableResult
            public func settle(
                purchaseId: String, outcome: RPCD.BillingPurchasesSettleOutcome, referenceId: String,
                options: RPCD.CallOptions = .init()
            ) async throws(RPCD.Failure) -> RPCD.Purchase {
                try await client.call(
                    Operation("billing.purchases.settle", mutates: true, isIdempotent: true), options
                ) { params in
                    params.set("purchaseId", purchaseId)
                    params.set("outcome", outcome)
                    params.set("referenceId", referenceId)
                }
            }

        }

    }

}

extension RPCD {
    /// The methods `records.…`.
    public struct RecordsMethods: Sendable {
        let client: RPCD.Client

        /// Adds records, and changes those that are there already: all of them, or none.
        ///
        /// For members of the workspace, from the role member up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - records: Each `{externalId, fields}`. Fields are merged into those that are there, null
        ///   removes one. No `externalId` twice.
        ///   - replace: Whether fields that are not given are removed. Else they stay. Default false.
        @discardableResult
        public func bulkUpsert(
            workspaceId: String, records: [RPCD.NewRecord], replace: Bool? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.UpsertCounts {
            try await client.call(Operation("records.bulkUpsert", mutates: true, isIdempotent: true), options)
            { params in
                params.set("workspaceId", workspaceId)
                params.set("records", records)
                params.set("replace", replace)
            }
        }

        /// Lists records, oldest first.
        ///
        /// For members of the workspace, from the role viewer up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - filter: Only records with these values, of at most 5 fields, as `{"city":"London"}`.
        ///   - externalId: Only the one of this name.
        ///   - limit: How many at most. Default 25.
        ///   - cursor: The `nextCursor` of the page before.
        public func list(
            workspaceId: String, filter: [String: RPCD.Value]? = nil, externalId: String? = nil,
            limit: Int64? = nil, cursor: String? = nil, options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Page<RPCD.Record> {
            try await client.call(Operation("records.list"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("filter", filter)
                params.set("externalId", externalId)
                params.set("limit", limit)
                params.set("cursor", cursor)
            }
        }

        /// All that ``list`` has, page by page.
        public func listAll(
            workspaceId: String, filter: [String: RPCD.Value]? = nil, externalId: String? = nil,
            options: RPCD.CallOptions = .init()
        ) -> RPCD.Items<RPCD.Record> {
            RPCD.Items { cursor throws(RPCD.Failure) in
                try await list(
                    workspaceId: workspaceId, filter: filter, externalId: externalId, limit: RPCD.itemsAtOnce,
                    cursor: cursor, options: options)
            }
        }

        /// Gives one record.
        ///
        /// For members of the workspace, from the role viewer up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - recordId: The record.
        public func get(workspaceId: String, recordId: String, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure) -> RPCD.Record
        {
            try await client.call(Operation("records.get"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("recordId", recordId)
            }
        }

        /// Deletes a record.
        ///
        /// For members of the workspace, from the role member up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - recordId: The record.
        public func delete(workspaceId: String, recordId: String, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure)
        {
            let _: RPCD.Done = try await client.call(
                Operation("records.delete", mutates: true, isIdempotent: true), options
            ) { params in
                params.set("workspaceId", workspaceId)
                params.set("recordId", recordId)
            }
        }

    }

}

extension RPCD {
    /// The methods `jobs.…`.
    public struct JobsMethods: Sendable {
        let client: RPCD.Client

        /// Asks providers for fields of records, sets aside what that costs at most, and begins.
        ///
        /// For members of the workspace, from the role member up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - records: Each `{externalId, fields}`. Fields are merged into those that are there, null
        ///   removes one. No `externalId` twice.
        ///   - recordIds: Which records.
        ///   - all: All records of the workspace.
        ///   - fields: What to ask for, and whom.
        ///   - keys: Whose keys to ask with: the workspace's own, the platform's, or the own where there is
        ///   one. Default auto.
        ///   - maxCredits: What it may cost.
        ///   - refresh: Ask anew what is known from before. Default false.
        ///   - dryRun: Only tell what it would be. Default false.
        ///   - priority: Among the jobs of this workspace. Default 0.
        @discardableResult
        public func create(
            workspaceId: String, records: [RPCD.NewRecord]? = nil, recordIds: [String]? = nil,
            all: Bool? = nil, fields: [RPCD.JobFieldInput], keys: RPCD.JobKeys? = nil,
            maxCredits: Int64? = nil, refresh: Bool? = nil, dryRun: Bool? = nil, priority: Int64? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Job {
            try await client.call(Operation("jobs.create", mutates: true, isIdempotent: true), options) {
                params in
                params.set("workspaceId", workspaceId)
                params.set("records", records)
                params.set("recordIds", recordIds)
                params.set("all", all)
                params.set("fields", fields)
                params.set("keys", keys)
                params.set("maxCredits", maxCredits)
                params.set("refresh", refresh)
                params.set("dryRun", dryRun)
                params.set("priority", priority)
            }
        }

        /// Lists jobs, the newest first.
        ///
        /// For members of the workspace, from the role viewer up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - limit: How many at most. Default 25.
        ///   - cursor: The `nextCursor` of the page before.
        ///   - status: Only these.
        public func list(
            workspaceId: String, limit: Int64? = nil, cursor: String? = nil, status: RPCD.JobStatus? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Page<RPCD.Job> {
            try await client.call(Operation("jobs.list"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("limit", limit)
                params.set("cursor", cursor)
                params.set("status", status)
            }
        }

        /// All that ``list`` has, page by page.
        public func listAll(
            workspaceId: String, status: RPCD.JobStatus? = nil, options: RPCD.CallOptions = .init()
        ) -> RPCD.Items<RPCD.Job> {
            RPCD.Items { cursor throws(RPCD.Failure) in
                try await list(
                    workspaceId: workspaceId, limit: RPCD.itemsAtOnce, cursor: cursor, status: status,
                    options: options)
            }
        }

        /// Tells how far a job is.
        ///
        /// For members of the workspace, from the role viewer up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - jobId: The job.
        public func get(workspaceId: String, jobId: String, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure) -> RPCD.Job
        {
            try await client.call(Operation("jobs.get"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("jobId", jobId)
            }
        }

        /// Tells what came of each field of each record, in the order of the job.
        ///
        /// For members of the workspace, from the role viewer up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - jobId: The job.
        ///   - limit: How many at most. Default 25.
        ///   - cursor: The `nextCursor` of the page before.
        public func results(
            workspaceId: String, jobId: String, limit: Int64? = nil, cursor: String? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Page<RPCD.JobResult> {
            try await client.call(Operation("jobs.results"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("jobId", jobId)
                params.set("limit", limit)
                params.set("cursor", cursor)
            }
        }

        /// All that ``results`` has, page by page.
        public func resultsAll(workspaceId: String, jobId: String, options: RPCD.CallOptions = .init())
            -> RPCD.Items<RPCD.JobResult>
        {
            RPCD.Items { cursor throws(RPCD.Failure) in
                try await results(
                    workspaceId: workspaceId, jobId: jobId, limit: RPCD.itemsAtOnce, cursor: cursor,
                    options: options)
            }
        }

        /// Tells how far a job is, as progress, until it has ended; then the job.
        ///
        /// For members of the workspace, from the role viewer up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - jobId: The job.
        public func watch(workspaceId: String, jobId: String, options: RPCD.CallOptions = .init())
            -> RPCD.Stream<RPCD.Job, RPCD.Job>
        {
            client.stream(Operation("jobs.watch"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("jobId", jobId)
            }
        }

        /// Ends a job; what is under way is settled, the rest of what it had set aside goes back.
        ///
        /// For members of the workspace, from the role member up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - jobId: The job.
        @discardableResult
        public func cancel(workspaceId: String, jobId: String, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure) -> RPCD.Job
        {
            try await client.call(Operation("jobs.cancel", mutates: true, isIdempotent: true), options) {
                params in
                params.set("workspaceId", workspaceId)
                params.set("jobId", jobId)
            }
        }

        /// Takes up no more tasks of a job until it is resumed.
        ///
        /// For members of the workspace, from the role member up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - jobId: The job.
        @discardableResult
        public func pause(workspaceId: String, jobId: String, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure) -> RPCD.Job
        {
            try await client.call(Operation("jobs.pause", mutates: true, isIdempotent: true), options) {
                params in
                params.set("workspaceId", workspaceId)
                params.set("jobId", jobId)
            }
        }

        /// Goes on with a job that was paused.
        ///
        /// For members of the workspace, from the role member up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - jobId: The job.
        @discardableResult
        public func resume(workspaceId: String, jobId: String, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure) -> RPCD.Job
        {
            try await client.call(Operation("jobs.resume", mutates: true, isIdempotent: true), options) {
                params in
                params.set("workspaceId", workspaceId)
                params.set("jobId", jobId)
            }
        }

        /// Asks again for what has failed.
        ///
        /// For members of the workspace, from the role member up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - jobId: The job.
        @discardableResult
        public func retry(workspaceId: String, jobId: String, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure) -> RPCD.Job
        {
            try await client.call(Operation("jobs.retry", mutates: true, isIdempotent: true), options) {
                params in
                params.set("workspaceId", workspaceId)
                params.set("jobId", jobId)
            }
        }

    }

}

extension RPCD {
    /// The methods `audit.…`.
    public struct AuditMethods: Sendable {
        let client: RPCD.Client

        /// Lists what was done in a workspace, and what was refused, newest first.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - limit: How many at most. Default 25.
        ///   - cursor: The `nextCursor` of the page before.
        ///   - action: Only this method, as `members.add`.
        public func list(
            workspaceId: String, limit: Int64? = nil, cursor: String? = nil, action: String? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Page<RPCD.AuditEntry> {
            try await client.call(Operation("audit.list"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("limit", limit)
                params.set("cursor", cursor)
                params.set("action", action)
            }
        }

        /// All that ``list`` has, page by page.
        public func listAll(workspaceId: String, action: String? = nil, options: RPCD.CallOptions = .init())
            -> RPCD.Items<RPCD.AuditEntry>
        {
            RPCD.Items { cursor throws(RPCD.Failure) in
                try await list(
                    workspaceId: workspaceId, limit: RPCD.itemsAtOnce, cursor: cursor, action: action,
                    options: options)
            }
        }

        /// Finds where a secret or an email was given, and what was done with an API key.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - secret: The secret, or the email. It is hashed, and kept nowhere.
        ///   - limit: How many at most. Default 25.
        ///   - cursor: The `nextCursor` of the page before.
        public func search(
            workspaceId: String, secret: String, limit: Int64? = nil, cursor: String? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Page<RPCD.AuditEntry> {
            try await client.call(Operation("audit.search"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("secret", secret)
                params.set("limit", limit)
                params.set("cursor", cursor)
            }
        }

        /// All that ``search`` has, page by page.
        public func searchAll(workspaceId: String, secret: String, options: RPCD.CallOptions = .init())
            -> RPCD.Items<RPCD.AuditEntry>
        {
            RPCD.Items { cursor throws(RPCD.Failure) in
                try await search(
                    workspaceId: workspaceId, secret: secret, limit: RPCD.itemsAtOnce, cursor: cursor,
                    options: options)
            }
        }

    }

}

extension RPCD {
    /// The methods `providers.…`.
    public struct ProvidersMethods: Sendable {
        let client: RPCD.Client

        /// Lists the providers by their slugs.
        ///
        /// For everybody who has logged in, and for API keys.
        /// - Parameters:
        ///   - limit: How many at most. Default 25.
        ///   - cursor: The `nextCursor` of the page before.
        ///   - workspaceId: To its members `ownCircuit` is of its newest credential.
        public func list(
            limit: Int64? = nil, cursor: String? = nil, workspaceId: String? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Page<RPCD.Provider> {
            try await client.call(Operation("providers.list"), options) { params in
                params.set("limit", limit)
                params.set("cursor", cursor)
                params.set("workspaceId", workspaceId)
            }
        }

        /// All that ``list`` has, page by page.
        public func listAll(workspaceId: String? = nil, options: RPCD.CallOptions = .init())
            -> RPCD.Items<RPCD.Provider>
        {
            RPCD.Items { cursor throws(RPCD.Failure) in
                try await list(
                    limit: RPCD.itemsAtOnce, cursor: cursor, workspaceId: workspaceId, options: options)
            }
        }

        /// Gives one provider.
        ///
        /// For everybody who has logged in, and for API keys.
        /// - Parameters:
        ///   - slug: Which provider, as hunter.
        ///   - workspaceId: To its members `ownCircuit` is of its newest credential.
        public func get(slug: String, workspaceId: String? = nil, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure) -> RPCD.Provider
        {
            try await client.call(Operation("providers.get"), options) { params in
                params.set("slug", slug)
                params.set("workspaceId", workspaceId)
            }
        }

        /// Asks a provider once with the workspace's newest credential for it, and tells what it answered.
        /// Charges nothing.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - slug: Which provider, as hunter.
        ///   - input: The fields of a record, as the provider's `inputSchema` has them.
        @discardableResult
        public func test(
            workspaceId: String, slug: String, input: [String: RPCD.Value],
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.ProviderTest {
            try await client.call(Operation("providers.test", mutates: true, isIdempotent: true), options) {
                params in
                params.set("workspaceId", workspaceId)
                params.set("slug", slug)
                params.set("input", input)
            }
        }

    }

}

extension RPCD {
    /// The methods `webhooks.…`.
    public struct WebhooksMethods: Sendable {
        let client: RPCD.Client

        /// Has an endpoint told of events. Its signing secret is in this answer and nowhere else.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - url: Where messages go; https.
        ///   - events: Which events; `*` is every one.
        @discardableResult
        public func create(
            workspaceId: String, url: String, events: [RPCD.WebhooksEvents],
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.NewWebhook {
            try await client.call(Operation("webhooks.create", mutates: true, isIdempotent: true), options) {
                params in
                params.set("workspaceId", workspaceId)
                params.set("url", url)
                params.set("events", events)
            }
        }

        /// Lists the webhooks of a workspace, oldest first.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - limit: How many at most. Default 25.
        ///   - cursor: The `nextCursor` of the page before.
        public func list(
            workspaceId: String, limit: Int64? = nil, cursor: String? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Page<RPCD.Webhook> {
            try await client.call(Operation("webhooks.list"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("limit", limit)
                params.set("cursor", cursor)
            }
        }

        /// All that ``list`` has, page by page.
        public func listAll(workspaceId: String, options: RPCD.CallOptions = .init())
            -> RPCD.Items<RPCD.Webhook>
        {
            RPCD.Items { cursor throws(RPCD.Failure) in
                try await list(
                    workspaceId: workspaceId, limit: RPCD.itemsAtOnce, cursor: cursor, options: options)
            }
        }

        /// Changes what is given and leaves the rest. Enabled again, it gets what waits for it; of what
        /// happened meanwhile it is not told.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - webhookId: The webhook.
        ///   - url: Where messages go; https.
        ///   - events: Which events; `*` is every one.
        ///   - enabled: Whether anything is sent.
        ///   - ifVersion: Refuse when it has another `version` by now.
        @discardableResult
        public func update(
            workspaceId: String, webhookId: String, url: String? = nil, events: [RPCD.WebhooksEvents]? = nil,
            enabled: Bool? = nil, ifVersion: Int64? = nil, options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Webhook {
            try await client.call(Operation("webhooks.update", mutates: true, isIdempotent: true), options) {
                params in
                params.set("workspaceId", workspaceId)
                params.set("webhookId", webhookId)
                params.set("url", url)
                params.set("events", events)
                params.set("enabled", enabled)
                params.set("ifVersion", ifVersion)
            }
        }

        /// Deletes a webhook and its deliveries.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - webhookId: The webhook.
        public func delete(workspaceId: String, webhookId: String, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure)
        {
            let _: RPCD.Done = try await client.call(
                Operation("webhooks.delete", mutates: true, isIdempotent: true), options
            ) { params in
                params.set("workspaceId", workspaceId)
                params.set("webhookId", webhookId)
            }
        }

        /// Gives a webhook a new signing secret, shown once. For 24 hours messages are signed with the one
        /// before, too.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - webhookId: The webhook.
        ///   - ifVersion: Refuse when it has another `version` by now.
        @discardableResult
        public func rotateSecret(
            workspaceId: String, webhookId: String, ifVersion: Int64? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.NewWebhook {
            try await client.call(
                Operation("webhooks.rotateSecret", mutates: true, isIdempotent: true), options
            ) { params in
                params.set("workspaceId", workspaceId)
                params.set("webhookId", webhookId)
                params.set("ifVersion", ifVersion)
            }
        }

        /// Sends a webhook, enabled or not, an event `webhook.test` now, once, and tells what came back.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - webhookId: The webhook.
        @discardableResult
        public func test(workspaceId: String, webhookId: String, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure) -> RPCD.WebhookTest
        {
            try await client.call(Operation("webhooks.test", mutates: true, isIdempotent: true), options) {
                params in
                params.set("workspaceId", workspaceId)
                params.set("webhookId", webhookId)
            }
        }

        /// Lists what a webhook was told in the last 30 days, newest first.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - webhookId: The webhook.
        ///   - status: Only these.
        ///   - limit: How many at most. Default 25.
        ///   - cursor: The `nextCursor` of the page before.
        public func deliveries(
            workspaceId: String, webhookId: String, status: RPCD.WebhookDeliveryStatus? = nil,
            limit: Int64? = nil, cursor: String? = nil, options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Page<RPCD.WebhookDelivery> {
            try await client.call(Operation("webhooks.deliveries"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("webhookId", webhookId)
                params.set("status", status)
                params.set("limit", limit)
                params.set("cursor", cursor)
            }
        }

        /// All that ``deliveries`` has, page by page.
        public func deliveriesAll(
            workspaceId: String, webhookId: String, status: RPCD.WebhookDeliveryStatus? = nil,
            options: RPCD.CallOptions = .init()
        ) -> RPCD.Items<RPCD.WebhookDelivery> {
            RPCD.Items { cursor throws(RPCD.Failure) in
                try await deliveries(
                    workspaceId: workspaceId, webhookId: webhookId, status: status, limit: RPCD.itemsAtOnce,
                    cursor: cursor, options: options)
            }
        }

        /// Has an event sent again, under its message id, with all attempts before it. Whether it had been
        /// delivered does not matter.
        ///
        /// For members of the workspace, from the role admin up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - deliveryId: The delivery.
        @discardableResult
        public func redeliver(workspaceId: String, deliveryId: String, options: RPCD.CallOptions = .init())
            async throws(RPCD.Failure) -> RPCD.WebhookDelivery
        {
            try await client.call(Operation("webhooks.redeliver", mutates: true, isIdempotent: true), options)
            { params in
                params.set("workspaceId", workspaceId)
                params.set("deliveryId", deliveryId)
            }
        }

    }

}

extension RPCD {
    /// The methods `analytics.…`.
    public struct AnalyticsMethods: Sendable {
        let client: RPCD.Client

        /// Counts what came of the fields that jobs asked for.
        ///
        /// For members of the workspace, from the role viewer up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - range: The time up to now; 30 days when neither this nor from is given.
        ///   - from: Where the range begins.
        ///   - to: Where it ends, this moment not in it; now when left out.
        ///   - groupBy: By what sums are told apart. Default day.
        ///   - timeZone: In which days and weeks begin, as Europe/Berlin. Default UTC.
        ///   - provider: Only this one.
        ///   - field: Only this one.
        ///   - jobId: Only this job.
        public func enrichment(
            workspaceId: String, range: RPCD.AnalyticsRange? = nil, from: String? = nil, to: String? = nil,
            groupBy: RPCD.AnalyticsEnrichmentGroupBy? = nil, timeZone: String? = nil, provider: String? = nil,
            field: String? = nil, jobId: String? = nil, options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.EnrichmentReport {
            try await client.call(Operation("analytics.enrichment"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("range", range)
                params.set("from", from)
                params.set("to", to)
                params.set("groupBy", groupBy)
                params.set("timeZone", timeZone)
                params.set("provider", provider)
                params.set("field", field)
                params.set("jobId", jobId)
            }
        }

        /// Adds up what credits came and went.
        ///
        /// For members of the workspace, from the role viewer up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - range: The time up to now; 30 days when neither this nor from is given.
        ///   - from: Where the range begins.
        ///   - to: Where it ends, this moment not in it; now when left out.
        ///   - groupBy: By what sums are told apart. Default day.
        ///   - timeZone: In which days and weeks begin, as Europe/Berlin. Default UTC.
        ///   - provider: Only this one.
        ///   - source: Only this one.
        public func credits(
            workspaceId: String, range: RPCD.AnalyticsRange? = nil, from: String? = nil, to: String? = nil,
            groupBy: RPCD.AnalyticsCreditsGroupBy? = nil, timeZone: String? = nil, provider: String? = nil,
            source: RPCD.AnalyticsCreditsSource? = nil, options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.CreditReport {
            try await client.call(Operation("analytics.credits"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("range", range)
                params.set("from", from)
                params.set("to", to)
                params.set("groupBy", groupBy)
                params.set("timeZone", timeZone)
                params.set("provider", provider)
                params.set("source", source)
            }
        }

        /// Tells of how many records fields were asked for, how many were found, and what each cost.
        ///
        /// For members of the workspace, from the role viewer up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - range: The time up to now; 30 days when neither this nor from is given.
        ///   - from: Where the range begins.
        ///   - to: Where it ends, this moment not in it; now when left out.
        ///   - provider: Only this one.
        ///   - field: Only this one.
        ///   - jobId: Only this job.
        public func funnel(
            workspaceId: String, range: RPCD.AnalyticsRange? = nil, from: String? = nil, to: String? = nil,
            provider: String? = nil, field: String? = nil, jobId: String? = nil,
            options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.Funnel {
            try await client.call(Operation("analytics.funnel"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("range", range)
                params.set("from", from)
                params.set("to", to)
                params.set("provider", provider)
                params.set("field", field)
                params.set("jobId", jobId)
            }
        }

        /// Tells how well and how fast providers answer, and what a hit costs.
        ///
        /// For members of the workspace, from the role viewer up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - range: The time up to now; 30 days when neither this nor from is given.
        ///   - from: Where the range begins.
        ///   - to: Where it ends, this moment not in it; now when left out.
        ///   - field: Only this one.
        public func providers(
            workspaceId: String, range: RPCD.AnalyticsRange? = nil, from: String? = nil, to: String? = nil,
            field: String? = nil, options: RPCD.CallOptions = .init()
        ) async throws(RPCD.Failure) -> RPCD.ProviderReports {
            try await client.call(Operation("analytics.providers"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("range", range)
                params.set("from", from)
                params.set("to", to)
                params.set("field", field)
            }
        }

        /// Sends the rows that reports are made of, as CSV.
        ///
        /// For members of the workspace, from the role viewer up.
        /// - Parameters:
        ///   - workspaceId: The workspace.
        ///   - dataset: Which rows.
        ///   - range: The time up to now; 30 days when neither this nor from is given.
        ///   - from: Where the range begins.
        ///   - to: Where it ends, this moment not in it; now when left out.
        ///   - provider: Only this one.
        public func export(
            workspaceId: String, dataset: RPCD.AnalyticsDifferenceDataset, range: RPCD.AnalyticsRange? = nil,
            from: String? = nil, to: String? = nil, provider: String? = nil,
            options: RPCD.CallOptions = .init()
        ) -> RPCD.Stream<RPCD.DocumentChunk, RPCD.StreamedDocument> {
            client.stream(Operation("analytics.export"), options) { params in
                params.set("workspaceId", workspaceId)
                params.set("dataset", dataset)
                params.set("range", range)
                params.set("from", from)
                params.set("to", to)
                params.set("provider", provider)
            }
        }

    }

}

extension RPCD {
    /// The methods `rpc.…`.
    public struct RpcMethods: Sendable {
        let client: RPCD.Client

        /// Gives this document.
        ///
        /// For everybody.
        public func discover(options: RPCD.CallOptions = .init()) async throws(RPCD.Failure) -> [String: RPCD
            .Value]
        {
            try await client.call(Operation("rpc.discover"), options) { _ in }
        }

    }

}
