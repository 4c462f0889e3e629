// What methods take and give. Written by scripts/generate-clients from the OpenRPC document. Do not edit.

/** Values that this client does not know may come, too. */
export type ErrorCode =
  | "PARSE_ERROR"
  | "INVALID_REQUEST"
  | "METHOD_NOT_FOUND"
  | "VALIDATION_ERROR"
  | "INTERNAL_ERROR"
  | "AUTHENTICATION_ERROR"
  | "INSUFFICIENT_CREDITS"
  | "AUTHORIZATION_ERROR"
  | "NOT_FOUND"
  | "CONFLICT"
  | "PAYLOAD_TOO_LARGE"
  | "IDEMPOTENCY_KEY_REUSED"
  | "RATE_LIMIT_EXCEEDED"
  | "CANCELLED"
  | "UPSTREAM_ERROR"
  | "SERVICE_UNAVAILABLE"
  | "TIMEOUT"
  | (string & {});

/** Values that this client does not know may come, too. */
export type AnalyticsCreditsGroupBy =
  | "provider"
  | "source"
  | "hour"
  | "day"
  | "week"
  | (string & {});

/** Values that this client does not know may come, too. */
export type AnalyticsCreditsSource =
  | "job"
  | "purchase"
  | "bonus"
  | "debit"
  | "refund"
  | "hold"
  | "capture"
  | "release"
  | "expiry"
  | (string & {});

/** Values that this client does not know may come, too. */
export type AnalyticsDifferenceDataset =
  | "enrichment"
  | "credits"
  | (string & {});

/** Values that this client does not know may come, too. */
export type AnalyticsEnrichmentGroupBy =
  | "provider"
  | "field"
  | "hour"
  | "day"
  | "week"
  | (string & {});

/** Values that this client does not know may come, too. */
export type AnalyticsRange =
  | "24h"
  | "7d"
  | "30d"
  | "90d"
  | (string & {});

/** Values that this client does not know may come, too. */
export type AuditDifferenceKind =
  | "changed"
  | "removed"
  | "sealMissing"
  | "notAsKept"
  | "unsealed"
  | (string & {});

/** Values that this client does not know may come, too. */
export type BillingAddCreditsType =
  | "purchase"
  | "bonus"
  | (string & {});

/** Values that this client does not know may come, too. */
export type BillingPurchasesListStatus =
  | "pending"
  | "settled"
  | "failed"
  | (string & {});

/** Values that this client does not know may come, too. */
export type BillingPurchasesSettleOutcome =
  | "settled"
  | "failed"
  | (string & {});

/** Values that this client does not know may come, too. */
export type BillingTransactionsType =
  | "purchase"
  | "bonus"
  | "debit"
  | "refund"
  | "hold"
  | "capture"
  | "release"
  | "expiry"
  | (string & {});

/** Values that this client does not know may come, too. */
export type CircuitForced =
  | "auto"
  | "open"
  | "closed"
  | (string & {});

/** Values that this client does not know may come, too. */
export type CircuitState =
  | "closed"
  | "open"
  | "halfOpen"
  | (string & {});

/** Values that this client does not know may come, too. */
export type CreditReportGroupBy =
  | "provider"
  | "field"
  | "source"
  | "hour"
  | "day"
  | "week"
  | (string & {});

/** Values that this client does not know may come, too. */
export type DisabledReason =
  | "manual"
  | "gone"
  | "failing"
  | (string & {});

/** Values that this client does not know may come, too. */
export type JobKeys =
  | "own"
  | "platform"
  | "auto"
  | (string & {});

/** Values that this client does not know may come, too. */
export type JobResultStatus =
  | "found"
  | "cached"
  | "not_found"
  | "exhausted"
  | "skipped"
  | "failed"
  | (string & {});

/** Values that this client does not know may come, too. */
export type JobStatus =
  | "pending"
  | "running"
  | "paused"
  | "completed"
  | "partially_completed"
  | "failed"
  | "cancelled"
  | (string & {});

/** Values that this client does not know may come, too. */
export type ProviderTestKey =
  | "own"
  | "platform"
  | (string & {});

/** Values that this client does not know may come, too. */
export type ProviderTestOutcome =
  | "found"
  | "notFound"
  | (string & {});

/** Values that this client does not know may come, too. */
export type Role =
  | "viewer"
  | "member"
  | "admin"
  | "owner"
  | (string & {});

/** Values that this client does not know may come, too. */
export type SystemMetricsFormat =
  | "prometheus"
  | "openmetrics"
  | (string & {});

/** Values that this client does not know may come, too. */
export type WebhookDeliveryStatus =
  | "pending"
  | "delivered"
  | "failed"
  | (string & {});

/** Values that this client does not know may come, too. */
export type WebhooksEvents =
  | "*"
  | "job.completed"
  | "job.partially_completed"
  | "job.failed"
  | "job.cancelled"
  | "credits.low"
  | "breaker.opened"
  | "breaker.closed"
  | "webhook.test"
  | (string & {});

export interface AccountMade {
  /** The account. */
  readonly user: User;
  /** Whether it was made by this call. */
  readonly isNew: boolean;
  /** Sets a password once, within a day; shown here alone. Null where a password was given. */
  readonly passwordToken: string | null;
}

export interface AdministeredUser {
  /** The account. */
  readonly id: string;
  /** Its address. */
  readonly email: string;
  /** What others see. */
  readonly name: string;
  /** When it was made. */
  readonly createdAt: string;
  /** Since when it is shut out. */
  readonly disabledAt: string | null;
}

export interface AnalyticsDifference {
  /** Whose. */
  readonly workspaceId: string;
  /** Of what. */
  readonly dataset: AnalyticsDifferenceDataset;
  /** When, in UTC. */
  readonly day: string;
  /**
   * What differs: rows, credits, what was found, or spent; with reported before it where rows are right and
   * reports are not.
   */
  readonly what: string;
  /** By the database. */
  readonly expected: number;
  /** In the store. */
  readonly actual: number;
}

export interface AnalyticsVerification {
  /** Rows of the database. */
  readonly checked: number;
  /** How much differs; at most 1000 of it is listed. */
  readonly found: number;
  /** By workspace and day. */
  readonly differences: AnalyticsDifference[];
}

export interface ApiKey {
  /** The key. */
  readonly id: string;
  /** Where it acts. */
  readonly workspaceId: string;
  /** What it is for. */
  readonly name: string;
  /** What it may. */
  readonly role: Role;
  /** Who made it; null for the operator. */
  readonly createdBy: string | null;
  /** When it was made. */
  readonly createdAt: string;
  /** When it ends by itself. */
  readonly expiresAt: string | null;
  /** To the minute. */
  readonly lastUsedAt: string | null;
}

export interface AuditDifference {
  /** What does not fit. */
  readonly kind: AuditDifferenceKind;
  /** The row's place in the trail. */
  readonly seq: number;
  /** The row; null when it is gone. */
  readonly id: string | null;
  /** What it says was done. */
  readonly action: string | null;
  /** When it says it was. */
  readonly at: string | null;
}

export interface AuditEntry {
  /** The row. */
  readonly id: string;
  /** When. */
  readonly at: string;
  /** `user:…`, `apiKey:…`, `peer:uid:…` for the operator, else the address. */
  readonly actor: string;
  /** The method. */
  readonly action: string;
  /** The ids of what it was done to, roles and other choices; secrets and emails as keyed hashes. */
  readonly object: { [name: string]: unknown };
  /** From where: `ip:…` or `uid:…`. */
  readonly address: string;
  /** Under which the daemon's log has it. */
  readonly requestId: string;
  /** `OK`, or the code of the error. */
  readonly outcome: string;
}

export interface AuditHead {
  /** Of the last seal. */
  readonly number: number;
  /** In hexadecimal. */
  readonly seal: string;
}

export interface AuditVerification {
  /** Rows that were compared with their seal. */
  readonly checked: number;
  /** How many differ; at most 1000 of them are listed. */
  readonly found: number;
  /** Each row that differs, in the order of the trail. */
  readonly differences: AuditDifference[];
  /** The end of the chain. Kept elsewhere, it tells later that nothing before it was made anew. */
  readonly head: AuditHead;
}

export interface AutoRecharge {
  /** Whether more is bought by itself. */
  readonly enabled: boolean;
  /** When less than this is available. */
  readonly threshold: number;
  /** How much. */
  readonly amount: number;
}

export interface Billing {
  /** Credits, those that are held included. */
  readonly creditBalance: number;
  /** Set aside by holds. */
  readonly creditsHeld: number;
  /** What may be spent. */
  readonly available: number;
  /** The plan. */
  readonly plan: string;
  /** What expires, the first 100, soonest first; it is also spent first. */
  readonly expiring: ExpiringCredits[];
  /** See `billing.setAutoRecharge`. */
  readonly autoRecharge: AutoRecharge;
  /** See `billing.setLowBalanceThresholds`. */
  readonly lowBalanceThresholds: number[];
}

export interface Checks {
  /** Always `ok`. */
  readonly postgres: string;
  /** Where analytics is kept: `ok`, `away`, `behind` or `refused`. */
  readonly clickhouse?: string | undefined;
  /** The same, in a PostgreSQL of its own. */
  readonly analytics?: string | undefined;
  /** What daemons share: `ok`, `away`, or `refuses` when it is full or closed to the daemon. */
  readonly redis?: string | undefined;
  /** Where lists are read: `ok`, `away` or `behind`; else they are read from the primary. */
  readonly replica?: string | undefined;
}

export interface Circuit {
  /** The slug. */
  readonly provider: string;
  /** `platform`, or the id of a workspace's own. */
  readonly credential: string;
  /** Whose credential it is. */
  readonly workspaceId: string | null;
  /** Whether the provider is called: not while it is open. */
  readonly state: CircuitState;
  /** When it is tried again, where that is known. */
  readonly openUntil: string | null;
  /** In a row. */
  readonly openings: number;
  /** What the operator said. */
  readonly forced: CircuitForced;
  /** When it changed last. */
  readonly updatedAt: string;
}

export interface Credential {
  /** The credential. */
  readonly id: string;
  /** Which provider it is for. */
  readonly provider: string;
  /** To tell several apart. */
  readonly label: string;
  /** Its last four characters, or none of a short one. */
  readonly maskedKey: string;
  /** Whether it has a second part. */
  readonly hasSecret: boolean;
  /** Of the master key that it is sealed under. */
  readonly keyVersion: number;
  /** Counts the changes; give it as `ifVersion`. */
  readonly version: number;
  /** Who stored it. */
  readonly createdBy: string | null;
  /** When. */
  readonly createdAt: string;
  /** When a provider was last called with it. */
  readonly lastUsedAt: string | null;
}

export interface CreditGroup {
  /** Of sums by time, when it begins. */
  readonly start: string | null;
  /** Of other sums, the provider, field or source; null for what has none. */
  readonly name: string | null;
  /** Of every type. */
  readonly transactions: number;
  /** Debits and captures. */
  readonly spent: number;
  /** Given back of what was spent. */
  readonly refunded: number;
  /** Purchases and bonuses. */
  readonly added: number;
  /** Gone unused. */
  readonly expired: number;
}

export interface CreditReport {
  /** The range begins. */
  readonly from: string;
  /** It ends before this. */
  readonly to: string;
  /** As it was asked. */
  readonly groupBy: CreditReportGroupBy;
  /** In which days and weeks begin. */
  readonly timeZone: string;
  /** By time each one there is, with zeros too; else the largest first. */
  readonly groups: CreditGroup[];
  /** Of all groups. */
  readonly total: CreditSums;
}

export interface CreditSums {
  /** Of every type. */
  readonly transactions: number;
  /** Debits and captures. */
  readonly spent: number;
  /** Given back of what was spent. */
  readonly refunded: number;
  /** Purchases and bonuses. */
  readonly added: number;
  /** Gone unused. */
  readonly expired: number;
}

export interface DeadLetter {
  /** For `admin.deadLetters.replay`. */
  readonly id: string;
  /** Whose. */
  readonly workspaceId: string;
  /** The credit transaction that it tells of. */
  readonly transactionId: string | null;
  /** The job whose result it tells of. */
  readonly jobId: string | null;
  /** Its number in the job. */
  readonly task: number | null;
  /** What the store said. */
  readonly reason: string;
  /** When. */
  readonly createdAt: string;
}

export interface DocumentChunk {
  /** The next part of the document. */
  readonly chunk: string;
}

export interface EnrichmentGroup {
  /** Of sums by time, when it begins. */
  readonly start: string | null;
  /** Of other sums, the provider, field or source; null for what has none. */
  readonly name: string | null;
  /** Fields of records that came to an end. */
  readonly results: number;
  /** Found and paid for. */
  readonly found: number;
  /** Known from before; free. */
  readonly cached: number;
  /** Nobody knows. */
  readonly notFound: number;
  /** Found, but not as sure as was asked for. */
  readonly exhausted: number;
  /** Nobody could be asked, or nobody paid. */
  readonly skipped: number;
  /** No provider could be asked. */
  readonly failed: number;
  /** What they cost. */
  readonly credits: number;
}

export interface EnrichmentReport {
  /** The range begins. */
  readonly from: string;
  /** It ends before this. */
  readonly to: string;
  /** As it was asked. */
  readonly groupBy: CreditReportGroupBy;
  /** In which days and weeks begin. */
  readonly timeZone: string;
  /** By time each one there is, with zeros too; else the largest first. */
  readonly groups: EnrichmentGroup[];
  /** Of all groups. */
  readonly total: EnrichmentSums;
}

export interface EnrichmentSums {
  /** Fields of records that came to an end. */
  readonly results: number;
  /** Found and paid for. */
  readonly found: number;
  /** Known from before; free. */
  readonly cached: number;
  /** Nobody knows. */
  readonly notFound: number;
  /** Found, but not as sure as was asked for. */
  readonly exhausted: number;
  /** Nobody could be asked, or nobody paid. */
  readonly skipped: number;
  /** No provider could be asked. */
  readonly failed: number;
  /** What they cost. */
  readonly credits: number;
}

export interface ExpiringCredits {
  /** Credits. */
  readonly amount: number;
  /** When they are gone. */
  readonly expiresAt: string;
}

export interface FoundField {
  /** Which field. */
  readonly name: string;
  /** What it is. */
  readonly value: unknown;
  /** How sure it is, 0 to 1. */
  readonly confidence: number;
}

export interface Funnel {
  /** The range begins. */
  readonly from: string;
  /** It ends before this. */
  readonly to: string;
  /** Records of jobs; one that two jobs were about counts twice. */
  readonly records: number;
  /** Fields of them that came to an end. */
  readonly fields: number;
  /** Of these, where somebody was asked or the answer was known. */
  readonly attempted: number;
  /** Of these, found, or known from before. */
  readonly found: number;
  /** Of these, paid for. */
  readonly paid: number;
  /** What they cost. */
  readonly credits: number;
  /** Thousandths of a credit for each that was found or known; null when there is none. */
  readonly milliCreditsPerFound: number | null;
}

export interface Health {
  /** Always `ok`. */
  readonly status: string;
}

export interface Hold {
  /** The hold. */
  readonly id: string;
  /** What was set aside. */
  readonly amount: number;
  /** What of it was spent. */
  readonly captured: number;
  /** active, captured, released or expired. */
  readonly status: string;
  /** The caller's own, unique in a workspace. */
  readonly referenceId: string | null;
  /** When the rest goes back by itself. */
  readonly expiresAt: string;
  /** When it was made. */
  readonly createdAt: string;
}

export interface Invitation {
  /** The invitation. */
  readonly id: string;
  /** Where it leads. */
  readonly workspaceId: string;
  /** For whom. */
  readonly email: string;
  /** What he will be. */
  readonly role: Role;
  /** Null for the operator. */
  readonly invitedBy: string | null;
  /** When it was made. */
  readonly createdAt: string;
  /** Until when it can be accepted. */
  readonly expiresAt: string;
}

export interface Job {
  /** The job. */
  readonly id: string;
  /** Whose. */
  readonly workspaceId: string;
  /** Where it stands. */
  readonly status: JobStatus;
  /** What it asks, and whom. */
  readonly fields: JobField[];
  /** Whose keys it asks with. */
  readonly keys: JobKeys;
  /** Whether it asks anew what is known from before. */
  readonly refresh: boolean;
  /** Tasks: one for each record and field. */
  readonly total: number;
  /** Tasks that are not done. */
  readonly remaining: number;
  /** What came of the others. */
  readonly counts: JobCounts;
  /** What it costs at most. */
  readonly estimatedCredits: number;
  /** What it has cost so far. */
  readonly spentCredits: number;
  /** What it may cost. */
  readonly maxCredits: number | null;
  /** When it was made. */
  readonly createdAt: string;
  /** By whom. */
  readonly createdBy: string;
  /** When its first task was taken up. */
  readonly startedAt: string | null;
  /** When it ended. */
  readonly finishedAt: string | null;
  /** Counts the changes of its status. */
  readonly version: number;
}

export interface JobCounts {
  /** Found and paid for. */
  readonly found: number;
  /** Known from before; free. */
  readonly cached: number;
  /** Nobody knows. */
  readonly notFound: number;
  /** Found, but not as sure as was asked for. */
  readonly exhausted: number;
  /** Nobody could be asked, or nobody paid. */
  readonly skipped: number;
  /** No provider could be asked. */
  readonly failed: number;
}

export interface JobField {
  /** The field of the records. */
  readonly name: string;
  /** Whom to ask, in this order. */
  readonly providers: string[];
  /** What is less sure than this, from 0 to 1, is not taken as found. */
  readonly minConfidence: number;
}

export interface JobFieldInput {
  /** The field of the records. */
  readonly name: string;
  /** Slugs of whom to ask, in this order. */
  readonly providers: string[];
  /** What is less sure than this, from 0 to 1, is not taken as found. */
  readonly minConfidence?: number | undefined;
}

export interface JobResult {
  /** The record. */
  readonly recordId: string;
  /** What the workspace calls it. */
  readonly externalId: string;
  /** The field. */
  readonly field: string;
  /** What came of it; null while it is not done. */
  readonly status: JobResultStatus | null;
  /** What was found. */
  readonly value: unknown | null;
  /** By whom. */
  readonly provider: string | null;
  /** How sure, from 0 to 1. */
  readonly confidence: number | null;
  /** Calls of a provider for it. */
  readonly attempts: number;
  /** Credits. */
  readonly cost: number;
  /** Why not, in words; of what was found, why the record does not have it. */
  readonly error: string | null;
}

export interface LedgerDifference {
  /** Whose. */
  readonly workspaceId: string | null;
  /** What differs. */
  readonly what: string;
  /** By the ledger. */
  readonly expected: number;
  /** As it stands. */
  readonly actual: number;
}

export interface LedgerVerification {
  /** Transactions that were added up. */
  readonly checked: number;
  /** How much differs; at most 1000 of it is listed. */
  readonly found: number;
  /** Account by account. */
  readonly differences: LedgerDifference[];
}

export interface Limits {
  /** bytes of one message */
  readonly messageBytes: number;
  /** arrays and objects inside each other */
  readonly nestingDepth: number;
  /** entries of one batch */
  readonly batchEntries: number;
  /** records of one bulk call */
  readonly bulkRecords: number;
  /** fields of one record */
  readonly recordFields: number;
  /** bytes of all fields of one record */
  readonly recordBytes: number;
  /** jobs of a workspace that have not ended */
  readonly openJobs: number;
  /** requests of one connection that run at once */
  readonly inFlight: number;
  /** frames read past what runs */
  readonly readAheadFrames: number;
  /** bytes read past what runs */
  readonly readAheadBytes: number;
  /** open connections in all */
  readonly connections: number;
  /** open connections of one uid or address */
  readonly connectionsPerPeer: number;
  /** ms to finish a started message */
  readonly messageTimeoutMs: number;
  /** ms for a peer that does not read */
  readonly writeTimeoutMs: number;
  /** bytes of answers a peer may leave unread */
  readonly writeBufferBytes: number;
  /** ms an idle HTTP connection stays open */
  readonly httpIdleTimeoutMs: number;
  /** ms for a call that names no timeoutMs */
  readonly defaultTimeoutMs: number;
  /** the longest timeoutMs of a call */
  readonly maximumTimeoutMs: number;
  /** ms for what runs when the daemon stops */
  readonly drainTimeoutMs: number;
}

export interface Login {
  /** Send it as `_meta.token` or `Authorization: Bearer`. */
  readonly accessToken: string;
  /** Good for one `auth.refresh` within 7 days. */
  readonly refreshToken: string;
  /** Always `Bearer`. */
  readonly tokenType: string;
  /** Seconds the access token is good for. */
  readonly expiresIn: number;
  /** Who logged in. */
  readonly user: User;
}

export interface LowBalanceThresholds {
  /** Credits, the lowest first. */
  readonly thresholds: number[];
}

export interface Me {
  /** Null for the operator and for API keys. */
  readonly user: User | null;
  /** Whether it is the operator. */
  readonly operator: boolean;
  /** Of a program that calls with one. */
  readonly apiKey: ApiKey | null;
  /** At most 100, by name. */
  readonly memberships: Membership[];
}

export interface Member {
  /** The account. */
  readonly userId: string;
  /** Its address. */
  readonly email: string;
  /** What others see. */
  readonly name: string;
  /** What he is here. */
  readonly role: Role;
  /** Since when. */
  readonly createdAt: string;
  /** Counts the changes; give it as `ifVersion`. */
  readonly version: number;
}

export interface Membership {
  /** The workspace. */
  readonly workspaceId: string;
  /** Its name. */
  readonly name: string;
  /** What he is there. */
  readonly role: Role;
}

export interface NewApiKey {
  /** The key. */
  readonly id: string;
  /** Where it acts. */
  readonly workspaceId: string;
  /** What it is for. */
  readonly name: string;
  /** What it may. */
  readonly role: Role;
  /** Who made it; null for the operator. */
  readonly createdBy: string | null;
  /** When it was made. */
  readonly createdAt: string;
  /** When it ends by itself. */
  readonly expiresAt: string | null;
  /** To the minute. */
  readonly lastUsedAt: string | null;
  /** Shown once; only a hash is kept. */
  readonly secret: string;
}

export interface NewInvitation {
  /** The invitation. */
  readonly id: string;
  /** Where it leads. */
  readonly workspaceId: string;
  /** For whom. */
  readonly email: string;
  /** What he will be. */
  readonly role: Role;
  /** Null for the operator. */
  readonly invitedBy: string | null;
  /** When it was made. */
  readonly createdAt: string;
  /** Until when it can be accepted. */
  readonly expiresAt: string;
  /** Shown once; only a hash is kept. */
  readonly token: string;
  /**
   * Whether a mail tells of it. Else none is sent here, or the address had enough for an hour: hand the token
   * over.
   */
  readonly mailed: boolean;
}

export interface NewRecord {
  /** What the workspace calls it. */
  readonly externalId: string;
  /**
   * At most 100, named by 1 to 64 letters, digits, `_`, `-` and `.`; each a string of at most 4096
   * characters, a number, true or false. null removes the field.
   */
  readonly fields: { [name: string]: unknown };
}

export interface NewWebhook {
  /** The webhook. */
  readonly id: string;
  /** Where messages go. */
  readonly url: string;
  /** Which events; `*` is every one. */
  readonly events: string[];
  /** Whether anything is sent. */
  readonly enabled: boolean;
  /** Why not: manual, by `webhooks.update`; gone, it answered 410; failing, for five days. */
  readonly disabledReason: DisabledReason | null;
  /** Since when nothing has come through. */
  readonly failingSince: string | null;
  /** Until when messages are signed with the secret before, too. */
  readonly previousSecretExpiresAt: string | null;
  /** Counts the changes; give it as `ifVersion`. */
  readonly version: number;
  /** When it was made. */
  readonly createdAt: string;
  /** When it was last changed. */
  readonly updatedAt: string;
  /** What messages are signed with, `whsec_…`; shown once. */
  readonly secret: string;
}

export interface Pause {
  /** Whether nothing of this daemon's is on the database any more. */
  readonly quiet: boolean;
  /** After these calls go on by themselves. */
  readonly seconds: number;
}

export interface Pong {
  /** What was given, else null. */
  readonly payload: unknown | null;
}

export interface Provider {
  /** How jobs and credentials name it. */
  readonly slug: string;
  /** How people do. */
  readonly name: string;
  /** Where the provider describes itself. */
  readonly documentation: string;
  /** Whether it has been tried against the real service. */
  readonly verified: boolean;
  /** What it can give. */
  readonly fields: string[];
  /** For a field that is found with the platform's key. */
  readonly creditCost: number;
  /** With the workspace's own. */
  readonly ownKeyCreditCost: number;
  /** JSON Schema of what it needs of a record, normalised. */
  readonly inputSchema: { [name: string]: unknown };
  /** JSON Schema of what it gives. */
  readonly outputSchema: { [name: string]: unknown };
  /** Whether it is called: not while it is open. */
  readonly circuit: CircuitState;
  /** When it is tried again, where that is known. */
  readonly openUntil: string | null;
  /** The same with the workspace's newest credential; null without one. */
  readonly ownCircuit: CircuitState | null;
  /** When it is tried again with that. */
  readonly ownOpenUntil: string | null;
}

export interface ProviderReport {
  /** Its slug. */
  readonly provider: string;
  /** Questions that it was asked, each with its retries. */
  readonly calls: number;
  /** It knew something. */
  readonly found: number;
  /** It knew nothing. */
  readonly notFound: number;
  /** It failed, or its answer was none. */
  readonly failed: number;
  /** Share of the questions that it answered, from 0 to 1; null when there is none. */
  readonly successRate: number | null;
  /** Half of them took no longer; to two digits. */
  readonly p50Ms: number | null;
  /** 19 of 20 took no longer; to two digits. */
  readonly p95Ms: number | null;
  /** Fields that it has found and that were paid for. */
  readonly hits: number;
  /** What they cost. */
  readonly credits: number;
  /** Thousandths of a credit for each. */
  readonly milliCreditsPerHit: number | null;
  /** How often its circuit has opened. */
  readonly breakerOpenings: number;
}

export interface ProviderReports {
  /** Those that were asked or have failed, by their slugs. */
  readonly providers: ProviderReport[];
}

export interface ProviderTest {
  /** Whether it knows anything. */
  readonly outcome: ProviderTestOutcome;
  /** What it gave, checked. */
  readonly fields: FoundField[];
  /** Whose key it was asked with. */
  readonly key: ProviderTestKey;
  /** How long it took. */
  readonly durationMs: number;
}

export interface Purchase {
  /** The purchase. */
  readonly id: string;
  /** Who buys. */
  readonly workspaceId: string;
  /** Credits. */
  readonly amount: number;
  /** pending, settled or failed. */
  readonly status: string;
  /** manual, or auto: by `billing.setAutoRecharge`. */
  readonly origin: string;
  /** The payment's. */
  readonly referenceId: string | null;
  /** When it was asked for. */
  readonly createdAt: string;
  /** When it was settled, or had failed. */
  readonly settledAt: string | null;
}

export interface Readiness {
  /** `ok`, or `degraded` when an optional store is away. */
  readonly status: string;
  /** Each store. */
  readonly checks: Checks;
}

export interface Rebuilt {
  /** Rows that were read. */
  readonly sent: number;
}

export interface Record {
  /** The record. */
  readonly id: string;
  /** What the workspace calls it. */
  readonly externalId: string;
  /** Each a string, a number, true or false. */
  readonly fields: { [name: string]: unknown };
  /**
   * Of fields that a provider found: `{provider, at, confidence, jobId, cost, cached}`. What a caller gave
   * has none.
   */
  readonly sources: { [name: string]: unknown };
  /** Counts the changes. */
  readonly version: number;
  /** When it was made. */
  readonly createdAt: string;
  /** When its fields were last changed. */
  readonly updatedAt: string;
}

export interface Replayed {
  /** How many. */
  readonly replayed: number;
}

export interface Resumption {
  /** Whether there was something to resume. */
  readonly wasPaused: boolean;
}

export interface Session {
  /** The login. */
  readonly id: string;
  /** What the program called itself. */
  readonly device: string | null;
  /** From where: `ip:…` or `uid:…`. */
  readonly address: string;
  /** When it began. */
  readonly createdAt: string;
  /** To the minute. */
  readonly lastUsedAt: string;
  /** Whether this call is made with it. */
  readonly current: boolean;
}

export interface StreamedDocument {
  /** The media type of what was sent. */
  readonly contentType: string;
  /** How much was sent. */
  readonly bytes: number;
  /** How many rows that was, the line of names not counted. */
  readonly rows: number;
}

export interface SystemMetricsResult {
  /** The media type. */
  readonly contentType: string;
  /** The document. */
  readonly text: string;
}

export interface Transaction {
  /** The transaction. */
  readonly id: string;
  /** Whose account it changed. */
  readonly workspaceId: string;
  /** purchase, bonus, debit, refund, hold, capture, release or expiry. */
  readonly type: string;
  /** Credits, always positive; the type tells the direction. */
  readonly amount: number;
  /** The balance with it. */
  readonly balanceAfter: number;
  /**
   * Of a refund the debit or capture, of a hold, capture or release the hold, of an expiry the grant, of a
   * purchase the purchase.
   */
  readonly relatedId: string | null;
  /** As it was given. */
  readonly description: string | null;
  /** The caller's own, unique in a workspace and type. */
  readonly referenceId: string | null;
  /** When. */
  readonly createdAt: string;
}

export interface UpsertCounts {
  /** How many were not there. */
  readonly inserted: number;
  /** How many have other fields now. */
  readonly updated: number;
  /** How many had these fields already. */
  readonly unchanged: number;
}

export interface User {
  /** The account. */
  readonly id: string;
  /** In its normal form, lower case. */
  readonly email: string;
  /** What others see. */
  readonly name: string;
  /** When it was made. */
  readonly createdAt: string;
  /** Whether the address has been shown to be his. */
  readonly emailVerified: boolean;
}

export interface Version {
  /** Of the release. */
  readonly version: string;
  /** Of the source. */
  readonly commit: string;
  /** Of the methods. */
  readonly api: string;
}

export interface Webhook {
  /** The webhook. */
  readonly id: string;
  /** Where messages go. */
  readonly url: string;
  /** Which events; `*` is every one. */
  readonly events: string[];
  /** Whether anything is sent. */
  readonly enabled: boolean;
  /** Why not: manual, by `webhooks.update`; gone, it answered 410; failing, for five days. */
  readonly disabledReason: DisabledReason | null;
  /** Since when nothing has come through. */
  readonly failingSince: string | null;
  /** Until when messages are signed with the secret before, too. */
  readonly previousSecretExpiresAt: string | null;
  /** Counts the changes; give it as `ifVersion`. */
  readonly version: number;
  /** When it was made. */
  readonly createdAt: string;
  /** When it was last changed. */
  readonly updatedAt: string;
}

export interface WebhookDelivery {
  /** The delivery. */
  readonly id: string;
  /** To whom. */
  readonly webhookId: string;
  /** The header `webhook-id` of every attempt. */
  readonly messageId: string;
  /** Of the event. */
  readonly type: string;
  /** pending: it is tried again; failed: it is not. */
  readonly status: WebhookDeliveryStatus;
  /** So far. */
  readonly attempts: number;
  /** Not before. */
  readonly nextAttemptAt: string | null;
  /** What the last attempt was answered. */
  readonly lastStatus: number | null;
  /** Why it was not, or was not taken for an answer. */
  readonly lastError: string | null;
  /** When it was made. */
  readonly createdAt: string;
  /** When it was answered 2xx. */
  readonly deliveredAt: string | null;
}

export interface WebhookTest {
  /** The test among the deliveries. */
  readonly deliveryId: string;
  /** The header `webhook-id`. */
  readonly messageId: string;
  /** Whether it was answered 2xx. */
  readonly delivered: boolean;
  /** What it was answered. */
  readonly status: number | null;
  /** Why it was not. */
  readonly error: string | null;
  /** From the beginning to the answer. */
  readonly durationMs: number;
}

export interface WorkProgress {
  /** What is done. */
  readonly checked?: number | undefined;
  /** How much there is, where that is known. */
  readonly total?: number | undefined;
  /** Changes that have to arrive before the work begins. */
  readonly waiting?: number | undefined;
}

export interface Workspace {
  /** The workspace. */
  readonly id: string;
  /** What people call it. */
  readonly name: string;
  /** For URLs. */
  readonly slug: string;
  /** As they were set. */
  readonly settings: { [name: string]: unknown };
  /** Counts the changes; give it as `ifVersion`. */
  readonly version: number;
  /** When it was made. */
  readonly createdAt: string;
  /** When it was last changed. */
  readonly updatedAt: string;
}
