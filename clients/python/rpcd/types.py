"""What methods take and give. Written by scripts/generate-clients from the OpenRPC document. Do not edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from .values import OpenEnum, members


class ErrorCode(OpenEnum):
    PARSE_ERROR = "PARSE_ERROR"
    INVALID_REQUEST = "INVALID_REQUEST"
    METHOD_NOT_FOUND = "METHOD_NOT_FOUND"
    VALIDATION_ERROR = "VALIDATION_ERROR"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    AUTHENTICATION_ERROR = "AUTHENTICATION_ERROR"
    INSUFFICIENT_CREDITS = "INSUFFICIENT_CREDITS"
    AUTHORIZATION_ERROR = "AUTHORIZATION_ERROR"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    RATE_LIMIT_EXCEEDED = "RATE_LIMIT_EXCEEDED"
    CANCELLED = "CANCELLED"
    UPSTREAM_ERROR = "UPSTREAM_ERROR"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    TIMEOUT = "TIMEOUT"


class AnalyticsCreditsGroupBy(OpenEnum):
    PROVIDER = "provider"
    SOURCE = "source"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


class AnalyticsCreditsSource(OpenEnum):
    JOB = "job"
    PURCHASE = "purchase"
    BONUS = "bonus"
    DEBIT = "debit"
    REFUND = "refund"
    HOLD = "hold"
    CAPTURE = "capture"
    RELEASE = "release"
    EXPIRY = "expiry"


class AnalyticsDifferenceDataset(OpenEnum):
    ENRICHMENT = "enrichment"
    CREDITS = "credits"


class AnalyticsEnrichmentGroupBy(OpenEnum):
    PROVIDER = "provider"
    FIELD = "field"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


class AnalyticsRange(OpenEnum):
    _24H = "24h"
    _7D = "7d"
    _30D = "30d"
    _90D = "90d"


class AuditDifferenceKind(OpenEnum):
    CHANGED = "changed"
    REMOVED = "removed"
    SEAL_MISSING = "sealMissing"
    NOT_AS_KEPT = "notAsKept"
    UNSEALED = "unsealed"


class BillingAddCreditsType(OpenEnum):
    PURCHASE = "purchase"
    BONUS = "bonus"


class BillingPurchasesListStatus(OpenEnum):
    PENDING = "pending"
    SETTLED = "settled"
    FAILED = "failed"


class BillingPurchasesSettleOutcome(OpenEnum):
    SETTLED = "settled"
    FAILED = "failed"


class BillingTransactionsType(OpenEnum):
    PURCHASE = "purchase"
    BONUS = "bonus"
    DEBIT = "debit"
    REFUND = "refund"
    HOLD = "hold"
    CAPTURE = "capture"
    RELEASE = "release"
    EXPIRY = "expiry"


class CircuitForced(OpenEnum):
    AUTO = "auto"
    OPEN = "open"
    CLOSED = "closed"


class CircuitState(OpenEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "halfOpen"


class CreditReportGroupBy(OpenEnum):
    PROVIDER = "provider"
    FIELD = "field"
    SOURCE = "source"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


class DisabledReason(OpenEnum):
    MANUAL = "manual"
    GONE = "gone"
    FAILING = "failing"


class JobKeys(OpenEnum):
    OWN = "own"
    PLATFORM = "platform"
    AUTO = "auto"


class JobResultStatus(OpenEnum):
    FOUND = "found"
    CACHED = "cached"
    NOT_FOUND = "not_found"
    EXHAUSTED = "exhausted"
    SKIPPED = "skipped"
    FAILED = "failed"


class JobStatus(OpenEnum):
    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    PARTIALLY_COMPLETED = "partially_completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ProviderTestKey(OpenEnum):
    OWN = "own"
    PLATFORM = "platform"


class ProviderTestOutcome(OpenEnum):
    FOUND = "found"
    NOT_FOUND = "notFound"


class Role(OpenEnum):
    VIEWER = "viewer"
    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"


class SystemMetricsFormat(OpenEnum):
    PROMETHEUS = "prometheus"
    OPENMETRICS = "openmetrics"


class WebhookDeliveryStatus(OpenEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class WebhooksEvents(OpenEnum):
    ALL = "*"
    JOB_COMPLETED = "job.completed"
    JOB_PARTIALLY_COMPLETED = "job.partially_completed"
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"
    CREDITS_LOW = "credits.low"
    BREAKER_OPENED = "breaker.opened"
    BREAKER_CLOSED = "breaker.closed"
    WEBHOOK_TEST = "webhook.test"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMade:
    #: The account.
    user: User
    #: Whether it was made by this call.
    is_new: bool
    #: Sets a password once, within a day; shown here alone. Null where a password was given.
    password_token: str | None

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            user=User._from_json(value["user"]),
            is_new=value["isNew"],
            password_token=value["passwordToken"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AdministeredUser:
    #: The account.
    id: str
    #: Its address.
    email: str
    #: What others see.
    name: str
    #: When it was made.
    created_at: str
    #: Since when it is shut out.
    disabled_at: str | None

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            email=value["email"],
            name=value["name"],
            created_at=value["createdAt"],
            disabled_at=value["disabledAt"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticsDifference:
    #: Whose.
    workspace_id: str
    #: Of what.
    dataset: AnalyticsDifferenceDataset
    #: When, in UTC.
    day: str
    #: What differs: rows, credits, what was found, or spent; with reported before it where rows are right and
    #: reports are not.
    what: str
    #: By the database.
    expected: int
    #: In the store.
    actual: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            workspace_id=value["workspaceId"],
            dataset=AnalyticsDifferenceDataset(value["dataset"]),
            day=value["day"],
            what=value["what"],
            expected=value["expected"],
            actual=value["actual"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticsVerification:
    #: Rows of the database.
    checked: int
    #: How much differs; at most 1000 of it is listed.
    found: int
    #: By workspace and day.
    differences: list[AnalyticsDifference]

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            checked=value["checked"],
            found=value["found"],
            differences=[AnalyticsDifference._from_json(item) for item in value["differences"]],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    #: The key.
    id: str
    #: Where it acts.
    workspace_id: str
    #: What it is for.
    name: str
    #: What it may.
    role: Role
    #: Who made it; null for the operator.
    created_by: str | None
    #: When it was made.
    created_at: str
    #: When it ends by itself.
    expires_at: str | None
    #: To the minute.
    last_used_at: str | None

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            workspace_id=value["workspaceId"],
            name=value["name"],
            role=Role(value["role"]),
            created_by=value["createdBy"],
            created_at=value["createdAt"],
            expires_at=value["expiresAt"],
            last_used_at=value["lastUsedAt"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditDifference:
    #: What does not fit.
    kind: AuditDifferenceKind
    #: The row's place in the trail.
    seq: int
    #: The row; null when it is gone.
    id: str | None
    #: What it says was done.
    action: str | None
    #: When it says it was.
    at: str | None

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            kind=AuditDifferenceKind(value["kind"]),
            seq=value["seq"],
            id=value["id"],
            action=value["action"],
            at=value["at"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    #: The row.
    id: str
    #: When.
    at: str
    #: `user:…`, `apiKey:…`, `peer:uid:…` for the operator, else the address.
    actor: str
    #: The method.
    action: str
    #: The ids of what it was done to, roles and other choices; secrets and emails as keyed hashes.
    object: dict[str, Any]
    #: From where: `ip:…` or `uid:…`.
    address: str
    #: Under which the daemon's log has it.
    request_id: str
    #: `OK`, or the code of the error.
    outcome: str

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            at=value["at"],
            actor=value["actor"],
            action=value["action"],
            object=value["object"],
            address=value["address"],
            request_id=value["requestId"],
            outcome=value["outcome"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditHead:
    #: Of the last seal.
    number: int
    #: In hexadecimal.
    seal: str

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            number=value["number"],
            seal=value["seal"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditVerification:
    #: Rows that were compared with their seal.
    checked: int
    #: How many differ; at most 1000 of them are listed.
    found: int
    #: Each row that differs, in the order of the trail.
    differences: list[AuditDifference]
    #: The end of the chain. Kept elsewhere, it tells later that nothing before it was made anew.
    head: AuditHead

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            checked=value["checked"],
            found=value["found"],
            differences=[AuditDifference._from_json(item) for item in value["differences"]],
            head=AuditHead._from_json(value["head"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoRecharge:
    #: Whether more is bought by itself.
    enabled: bool
    #: When less than this is available.
    threshold: int
    #: How much.
    amount: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            enabled=value["enabled"],
            threshold=value["threshold"],
            amount=value["amount"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Billing:
    #: Credits, those that are held included.
    credit_balance: int
    #: Set aside by holds.
    credits_held: int
    #: What may be spent.
    available: int
    #: The plan.
    plan: str
    #: What expires, the first 100, soonest first; it is also spent first.
    expiring: list[ExpiringCredits]
    #: See `billing.setAutoRecharge`.
    auto_recharge: AutoRecharge
    #: See `billing.setLowBalanceThresholds`.
    low_balance_thresholds: list[int]

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            credit_balance=value["creditBalance"],
            credits_held=value["creditsHeld"],
            available=value["available"],
            plan=value["plan"],
            expiring=[ExpiringCredits._from_json(item) for item in value["expiring"]],
            auto_recharge=AutoRecharge._from_json(value["autoRecharge"]),
            low_balance_thresholds=value["lowBalanceThresholds"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    #: Always `ok`.
    postgres: str
    #: Where analytics is kept: `ok`, `away`, `behind` or `refused`.
    clickhouse: str | None = None
    #: The same, in a PostgreSQL of its own.
    analytics: str | None = None
    #: What daemons share: `ok`, `away`, or `refuses` when it is full or closed to the daemon.
    redis: str | None = None
    #: Where lists are read: `ok`, `away` or `behind`; else they are read from the primary.
    replica: str | None = None

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            postgres=value["postgres"],
            clickhouse=value.get("clickhouse"),
            analytics=value.get("analytics"),
            redis=value.get("redis"),
            replica=value.get("replica"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    #: The slug.
    provider: str
    #: `platform`, or the id of a workspace's own.
    credential: str
    #: Whose credential it is.
    workspace_id: str | None
    #: Whether the provider is called: not while it is open.
    state: CircuitState
    #: When it is tried again, where that is known.
    open_until: str | None
    #: In a row.
    openings: int
    #: What the operator said.
    forced: CircuitForced
    #: When it changed last.
    updated_at: str

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            provider=value["provider"],
            credential=value["credential"],
            workspace_id=value["workspaceId"],
            state=CircuitState(value["state"]),
            open_until=value["openUntil"],
            openings=value["openings"],
            forced=CircuitForced(value["forced"]),
            updated_at=value["updatedAt"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    #: The credential.
    id: str
    #: Which provider it is for.
    provider: str
    #: To tell several apart.
    label: str
    #: Its last four characters, or none of a short one.
    masked_key: str
    #: Whether it has a second part.
    has_secret: bool
    #: Of the master key that it is sealed under.
    key_version: int
    #: Counts the changes; give it as `ifVersion`.
    version: int
    #: Who stored it.
    created_by: str | None
    #: When.
    created_at: str
    #: When a provider was last called with it.
    last_used_at: str | None

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            provider=value["provider"],
            label=value["label"],
            masked_key=value["maskedKey"],
            has_secret=value["hasSecret"],
            key_version=value["keyVersion"],
            version=value["version"],
            created_by=value["createdBy"],
            created_at=value["createdAt"],
            last_used_at=value["lastUsedAt"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditGroup:
    #: Of sums by time, when it begins.
    start: str | None
    #: Of other sums, the provider, field or source; null for what has none.
    name: str | None
    #: Of every type.
    transactions: int
    #: Debits and captures.
    spent: int
    #: Given back of what was spent.
    refunded: int
    #: Purchases and bonuses.
    added: int
    #: Gone unused.
    expired: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            start=value["start"],
            name=value["name"],
            transactions=value["transactions"],
            spent=value["spent"],
            refunded=value["refunded"],
            added=value["added"],
            expired=value["expired"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditReport:
    #: The range begins.
    from_: str
    #: It ends before this.
    to: str
    #: As it was asked.
    group_by: CreditReportGroupBy
    #: In which days and weeks begin.
    time_zone: str
    #: By time each one there is, with zeros too; else the largest first.
    groups: list[CreditGroup]
    #: Of all groups.
    total: CreditSums

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            from_=value["from"],
            to=value["to"],
            group_by=CreditReportGroupBy(value["groupBy"]),
            time_zone=value["timeZone"],
            groups=[CreditGroup._from_json(item) for item in value["groups"]],
            total=CreditSums._from_json(value["total"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditSums:
    #: Of every type.
    transactions: int
    #: Debits and captures.
    spent: int
    #: Given back of what was spent.
    refunded: int
    #: Purchases and bonuses.
    added: int
    #: Gone unused.
    expired: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            transactions=value["transactions"],
            spent=value["spent"],
            refunded=value["refunded"],
            added=value["added"],
            expired=value["expired"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    #: For `admin.deadLetters.replay`.
    id: str
    #: Whose.
    workspace_id: str
    #: The credit transaction that it tells of.
    transaction_id: str | None
    #: The job whose result it tells of.
    job_id: str | None
    #: Its number in the job.
    task: int | None
    #: What the store said.
    reason: str
    #: When.
    created_at: str

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            workspace_id=value["workspaceId"],
            transaction_id=value["transactionId"],
            job_id=value["jobId"],
            task=value["task"],
            reason=value["reason"],
            created_at=value["createdAt"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentChunk:
    #: The next part of the document.
    chunk: str

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            chunk=value["chunk"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrichmentGroup:
    #: Of sums by time, when it begins.
    start: str | None
    #: Of other sums, the provider, field or source; null for what has none.
    name: str | None
    #: Fields of records that came to an end.
    results: int
    #: Found and paid for.
    found: int
    #: Known from before; free.
    cached: int
    #: Nobody knows.
    not_found: int
    #: Found, but not as sure as was asked for.
    exhausted: int
    #: Nobody could be asked, or nobody paid.
    skipped: int
    #: No provider could be asked.
    failed: int
    #: What they cost.
    credits: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            start=value["start"],
            name=value["name"],
            results=value["results"],
            found=value["found"],
            cached=value["cached"],
            not_found=value["notFound"],
            exhausted=value["exhausted"],
            skipped=value["skipped"],
            failed=value["failed"],
            credits=value["credits"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrichmentReport:
    #: The range begins.
    from_: str
    #: It ends before this.
    to: str
    #: As it was asked.
    group_by: CreditReportGroupBy
    #: In which days and weeks begin.
    time_zone: str
    #: By time each one there is, with zeros too; else the largest first.
    groups: list[EnrichmentGroup]
    #: Of all groups.
    total: EnrichmentSums

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            from_=value["from"],
            to=value["to"],
            group_by=CreditReportGroupBy(value["groupBy"]),
            time_zone=value["timeZone"],
            groups=[EnrichmentGroup._from_json(item) for item in value["groups"]],
            total=EnrichmentSums._from_json(value["total"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrichmentSums:
    #: Fields of records that came to an end.
    results: int
    #: Found and paid for.
    found: int
    #: Known from before; free.
    cached: int
    #: Nobody knows.
    not_found: int
    #: Found, but not as sure as was asked for.
    exhausted: int
    #: Nobody could be asked, or nobody paid.
    skipped: int
    #: No provider could be asked.
    failed: int
    #: What they cost.
    credits: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            results=value["results"],
            found=value["found"],
            cached=value["cached"],
            not_found=value["notFound"],
            exhausted=value["exhausted"],
            skipped=value["skipped"],
            failed=value["failed"],
            credits=value["credits"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiringCredits:
    #: Credits.
    amount: int
    #: When they are gone.
    expires_at: str

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            amount=value["amount"],
            expires_at=value["expiresAt"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundField:
    #: Which field.
    name: str
    #: What it is.
    value: Any
    #: How sure it is, 0 to 1.
    confidence: float

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            name=value["name"],
            value=value["value"],
            confidence=value["confidence"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    #: The range begins.
    from_: str
    #: It ends before this.
    to: str
    #: Records of jobs; one that two jobs were about counts twice.
    records: int
    #: Fields of them that came to an end.
    fields: int
    #: Of these, where somebody was asked or the answer was known.
    attempted: int
    #: Of these, found, or known from before.
    found: int
    #: Of these, paid for.
    paid: int
    #: What they cost.
    credits: int
    #: Thousandths of a credit for each that was found or known; null when there is none.
    milli_credits_per_found: int | None

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            from_=value["from"],
            to=value["to"],
            records=value["records"],
            fields=value["fields"],
            attempted=value["attempted"],
            found=value["found"],
            paid=value["paid"],
            credits=value["credits"],
            milli_credits_per_found=value["milliCreditsPerFound"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    #: Always `ok`.
    status: str

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            status=value["status"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    #: The hold.
    id: str
    #: What was set aside.
    amount: int
    #: What of it was spent.
    captured: int
    #: active, captured, released or expired.
    status: str
    #: The caller's own, unique in a workspace.
    reference_id: str | None
    #: When the rest goes back by itself.
    expires_at: str
    #: When it was made.
    created_at: str

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            amount=value["amount"],
            captured=value["captured"],
            status=value["status"],
            reference_id=value["referenceId"],
            expires_at=value["expiresAt"],
            created_at=value["createdAt"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    #: The invitation.
    id: str
    #: Where it leads.
    workspace_id: str
    #: For whom.
    email: str
    #: What he will be.
    role: Role
    #: Null for the operator.
    invited_by: str | None
    #: When it was made.
    created_at: str
    #: Until when it can be accepted.
    expires_at: str

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            workspace_id=value["workspaceId"],
            email=value["email"],
            role=Role(value["role"]),
            invited_by=value["invitedBy"],
            created_at=value["createdAt"],
            expires_at=value["expiresAt"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    #: The job.
    id: str
    #: Whose.
    workspace_id: str
    #: Where it stands.
    status: JobStatus
    #: What it asks, and whom.
    fields: list[JobField]
    #: Whose keys it asks with.
    keys: JobKeys
    #: Whether it asks anew what is known from before.
    refresh: bool
    #: Tasks: one for each record and field.
    total: int
    #: Tasks that are not done.
    remaining: int
    #: What came of the others.
    counts: JobCounts
    #: What it costs at most.
    estimated_credits: int
    #: What it has cost so far.
    spent_credits: int
    #: What it may cost.
    max_credits: int | None
    #: When it was made.
    created_at: str
    #: By whom.
    created_by: str
    #: When its first task was taken up.
    started_at: str | None
    #: When it ended.
    finished_at: str | None
    #: Counts the changes of its status.
    version: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            workspace_id=value["workspaceId"],
            status=JobStatus(value["status"]),
            fields=[JobField._from_json(item) for item in value["fields"]],
            keys=JobKeys(value["keys"]),
            refresh=value["refresh"],
            total=value["total"],
            remaining=value["remaining"],
            counts=JobCounts._from_json(value["counts"]),
            estimated_credits=value["estimatedCredits"],
            spent_credits=value["spentCredits"],
            max_credits=value["maxCredits"],
            created_at=value["createdAt"],
            created_by=value["createdBy"],
            started_at=value["startedAt"],
            finished_at=value["finishedAt"],
            version=value["version"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCounts:
    #: Found and paid for.
    found: int
    #: Known from before; free.
    cached: int
    #: Nobody knows.
    not_found: int
    #: Found, but not as sure as was asked for.
    exhausted: int
    #: Nobody could be asked, or nobody paid.
    skipped: int
    #: No provider could be asked.
    failed: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            found=value["found"],
            cached=value["cached"],
            not_found=value["notFound"],
            exhausted=value["exhausted"],
            skipped=value["skipped"],
            failed=value["failed"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobField:
    #: The field of the records.
    name: str
    #: Whom to ask, in this order.
    providers: list[str]
    #: What is less sure than this, from 0 to 1, is not taken as found.
    min_confidence: float

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            name=value["name"],
            providers=value["providers"],
            min_confidence=value["minConfidence"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFieldInput:
    #: The field of the records.
    name: str
    #: Slugs of whom to ask, in this order.
    providers: Sequence[str]
    #: What is less sure than this, from 0 to 1, is not taken as found.
    min_confidence: float | None = None

    def _to_json(self) -> dict[str, Any]:
        return members(
            name=self.name,
            providers=self.providers,
            minConfidence=self.min_confidence,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    #: The record.
    record_id: str
    #: What the workspace calls it.
    external_id: str
    #: The field.
    field: str
    #: What came of it; null while it is not done.
    status: JobResultStatus | None
    #: What was found.
    value: Any | None
    #: By whom.
    provider: str | None
    #: How sure, from 0 to 1.
    confidence: float | None
    #: Calls of a provider for it.
    attempts: int
    #: Credits.
    cost: int
    #: Why not, in words; of what was found, why the record does not have it.
    error: str | None

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            record_id=value["recordId"],
            external_id=value["externalId"],
            field=value["field"],
            status=None if value["status"] is None else JobResultStatus(value["status"]),
            value=value["value"],
            provider=value["provider"],
            confidence=value["confidence"],
            attempts=value["attempts"],
            cost=value["cost"],
            error=value["error"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerDifference:
    #: Whose.
    workspace_id: str | None
    #: What differs.
    what: str
    #: By the ledger.
    expected: int
    #: As it stands.
    actual: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            workspace_id=value["workspaceId"],
            what=value["what"],
            expected=value["expected"],
            actual=value["actual"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerVerification:
    #: Transactions that were added up.
    checked: int
    #: How much differs; at most 1000 of it is listed.
    found: int
    #: Account by account.
    differences: list[LedgerDifference]

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            checked=value["checked"],
            found=value["found"],
            differences=[LedgerDifference._from_json(item) for item in value["differences"]],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    #: bytes of one message
    message_bytes: int
    #: arrays and objects inside each other
    nesting_depth: int
    #: entries of one batch
    batch_entries: int
    #: records of one bulk call
    bulk_records: int
    #: fields of one record
    record_fields: int
    #: bytes of all fields of one record
    record_bytes: int
    #: jobs of a workspace that have not ended
    open_jobs: int
    #: requests of one connection that run at once
    in_flight: int
    #: frames read past what runs
    read_ahead_frames: int
    #: bytes read past what runs
    read_ahead_bytes: int
    #: open connections in all
    connections: int
    #: open connections of one uid or address
    connections_per_peer: int
    #: ms to finish a started message
    message_timeout_ms: int
    #: ms for a peer that does not read
    write_timeout_ms: int
    #: bytes of answers a peer may leave unread
    write_buffer_bytes: int
    #: ms an idle HTTP connection stays open
    http_idle_timeout_ms: int
    #: ms for a call that names no timeoutMs
    default_timeout_ms: int
    #: the longest timeoutMs of a call
    maximum_timeout_ms: int
    #: ms for what runs when the daemon stops
    drain_timeout_ms: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            message_bytes=value["messageBytes"],
            nesting_depth=value["nestingDepth"],
            batch_entries=value["batchEntries"],
            bulk_records=value["bulkRecords"],
            record_fields=value["recordFields"],
            record_bytes=value["recordBytes"],
            open_jobs=value["openJobs"],
            in_flight=value["inFlight"],
            read_ahead_frames=value["readAheadFrames"],
            read_ahead_bytes=value["readAheadBytes"],
            connections=value["connections"],
            connections_per_peer=value["connectionsPerPeer"],
            message_timeout_ms=value["messageTimeoutMs"],
            write_timeout_ms=value["writeTimeoutMs"],
            write_buffer_bytes=value["writeBufferBytes"],
            http_idle_timeout_ms=value["httpIdleTimeoutMs"],
            default_timeout_ms=value["defaultTimeoutMs"],
            maximum_timeout_ms=value["maximumTimeoutMs"],
            drain_timeout_ms=value["drainTimeoutMs"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    #: Send it as `_meta.token` or `Authorization: Bearer`.
    access_token: str = field(repr=False)
    #: Good for one `auth.refresh` within 7 days.
    refresh_token: str = field(repr=False)
    #: Always `Bearer`.
    token_type: str
    #: Seconds the access token is good for.
    expires_in: int
    #: Who logged in.
    user: User

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            access_token=value["accessToken"],
            refresh_token=value["refreshToken"],
            token_type=value["tokenType"],
            expires_in=value["expiresIn"],
            user=User._from_json(value["user"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LowBalanceThresholds:
    #: Credits, the lowest first.
    thresholds: list[int]

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            thresholds=value["thresholds"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    #: Null for the operator and for API keys.
    user: User | None
    #: Whether it is the operator.
    operator: bool
    #: Of a program that calls with one.
    api_key: ApiKey | None
    #: At most 100, by name.
    memberships: list[Membership]

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            user=None if value["user"] is None else User._from_json(value["user"]),
            operator=value["operator"],
            api_key=None if value["apiKey"] is None else ApiKey._from_json(value["apiKey"]),
            memberships=[Membership._from_json(item) for item in value["memberships"]],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    #: The account.
    user_id: str
    #: Its address.
    email: str
    #: What others see.
    name: str
    #: What he is here.
    role: Role
    #: Since when.
    created_at: str
    #: Counts the changes; give it as `ifVersion`.
    version: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            user_id=value["userId"],
            email=value["email"],
            name=value["name"],
            role=Role(value["role"]),
            created_at=value["createdAt"],
            version=value["version"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    #: The workspace.
    workspace_id: str
    #: Its name.
    name: str
    #: What he is there.
    role: Role

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            workspace_id=value["workspaceId"],
            name=value["name"],
            role=Role(value["role"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    #: The key.
    id: str
    #: Where it acts.
    workspace_id: str
    #: What it is for.
    name: str
    #: What it may.
    role: Role
    #: Who made it; null for the operator.
    created_by: str | None
    #: When it was made.
    created_at: str
    #: When it ends by itself.
    expires_at: str | None
    #: To the minute.
    last_used_at: str | None
    #: Shown once; only a hash is kept.
    secret: str = field(repr=False)

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            workspace_id=value["workspaceId"],
            name=value["name"],
            role=Role(value["role"]),
            created_by=value["createdBy"],
            created_at=value["createdAt"],
            expires_at=value["expiresAt"],
            last_used_at=value["lastUsedAt"],
            secret=value["secret"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvitation:
    #: The invitation.
    id: str
    #: Where it leads.
    workspace_id: str
    #: For whom.
    email: str
    #: What he will be.
    role: Role
    #: Null for the operator.
    invited_by: str | None
    #: When it was made.
    created_at: str
    #: Until when it can be accepted.
    expires_at: str
    #: Shown once; only a hash is kept.
    token: str = field(repr=False)
    #: Whether a mail tells of it. Else none is sent here, or the address had enough for an hour: hand the
    #: token over.
    mailed: bool

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            workspace_id=value["workspaceId"],
            email=value["email"],
            role=Role(value["role"]),
            invited_by=value["invitedBy"],
            created_at=value["createdAt"],
            expires_at=value["expiresAt"],
            token=value["token"],
            mailed=value["mailed"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecord:
    #: What the workspace calls it.
    external_id: str
    #: At most 100, named by 1 to 64 letters, digits, `_`, `-` and `.`; each a string of at most 4096
    #: characters, a number, true or false. null removes the field.
    fields: Mapping[str, Any]

    def _to_json(self) -> dict[str, Any]:
        return members(
            externalId=self.external_id,
            fields=self.fields,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhook:
    #: The webhook.
    id: str
    #: Where messages go.
    url: str
    #: Which events; `*` is every one.
    events: list[str]
    #: Whether anything is sent.
    enabled: bool
    #: Why not: manual, by `webhooks.update`; gone, it answered 410; failing, for five days.
    disabled_reason: DisabledReason | None
    #: Since when nothing has come through.
    failing_since: str | None
    #: Until when messages are signed with the secret before, too.
    previous_secret_expires_at: str | None
    #: Counts the changes; give it as `ifVersion`.
    version: int
    #: When it was made.
    created_at: str
    #: When it was last changed.
    updated_at: str
    #: What messages are signed with, `whsec_…`; shown once.
    secret: str = field(repr=False)

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            url=value["url"],
            events=value["events"],
            enabled=value["enabled"],
            disabled_reason=None if value["disabledReason"] is None else DisabledReason(value["disabledReason"]),
            failing_since=value["failingSince"],
            previous_secret_expires_at=value["previousSecretExpiresAt"],
            version=value["version"],
            created_at=value["createdAt"],
            updated_at=value["updatedAt"],
            secret=value["secret"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    #: Whether nothing of this daemon's is on the database any more.
    quiet: bool
    #: After these calls go on by themselves.
    seconds: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            quiet=value["quiet"],
            seconds=value["seconds"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    #: What was given, else null.
    payload: Any | None

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            payload=value["payload"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    #: How jobs and credentials name it.
    slug: str
    #: How people do.
    name: str
    #: Where the provider describes itself.
    documentation: str
    #: Whether it has been tried against the real service.
    verified: bool
    #: What it can give.
    fields: list[str]
    #: For a field that is found with the platform's key.
    credit_cost: int
    #: With the workspace's own.
    own_key_credit_cost: int
    #: JSON Schema of what it needs of a record, normalised.
    input_schema: dict[str, Any]
    #: JSON Schema of what it gives.
    output_schema: dict[str, Any]
    #: Whether it is called: not while it is open.
    circuit: CircuitState
    #: When it is tried again, where that is known.
    open_until: str | None
    #: The same with the workspace's newest credential; null without one.
    own_circuit: CircuitState | None
    #: When it is tried again with that.
    own_open_until: str | None

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            slug=value["slug"],
            name=value["name"],
            documentation=value["documentation"],
            verified=value["verified"],
            fields=value["fields"],
            credit_cost=value["creditCost"],
            own_key_credit_cost=value["ownKeyCreditCost"],
            input_schema=value["inputSchema"],
            output_schema=value["outputSchema"],
            circuit=CircuitState(value["circuit"]),
            open_until=value["openUntil"],
            own_circuit=None if value["ownCircuit"] is None else CircuitState(value["ownCircuit"]),
            own_open_until=value["ownOpenUntil"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderReport:
    #: Its slug.
    provider: str
    #: Questions that it was asked, each with its retries.
    calls: int
    #: It knew something.
    found: int
    #: It knew nothing.
    not_found: int
    #: It failed, or its answer was none.
    failed: int
    #: Share of the questions that it answered, from 0 to 1; null when there is none.
    success_rate: float | None
    #: Half of them took no longer; to two digits.
    p50_ms: int | None
    #: 19 of 20 took no longer; to two digits.
    p95_ms: int | None
    #: Fields that it has found and that were paid for.
    hits: int
    #: What they cost.
    credits: int
    #: Thousandths of a credit for each.
    milli_credits_per_hit: int | None
    #: How often its circuit has opened.
    breaker_openings: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            provider=value["provider"],
            calls=value["calls"],
            found=value["found"],
            not_found=value["notFound"],
            failed=value["failed"],
            success_rate=value["successRate"],
            p50_ms=value["p50Ms"],
            p95_ms=value["p95Ms"],
            hits=value["hits"],
            credits=value["credits"],
            milli_credits_per_hit=value["milliCreditsPerHit"],
            breaker_openings=value["breakerOpenings"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderReports:
    #: Those that were asked or have failed, by their slugs.
    providers: list[ProviderReport]

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            providers=[ProviderReport._from_json(item) for item in value["providers"]],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTest:
    #: Whether it knows anything.
    outcome: ProviderTestOutcome
    #: What it gave, checked.
    fields: list[FoundField]
    #: Whose key it was asked with.
    key: ProviderTestKey
    #: How long it took.
    duration_ms: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            outcome=ProviderTestOutcome(value["outcome"]),
            fields=[FoundField._from_json(item) for item in value["fields"]],
            key=ProviderTestKey(value["key"]),
            duration_ms=value["durationMs"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    #: The purchase.
    id: str
    #: Who buys.
    workspace_id: str
    #: Credits.
    amount: int
    #: pending, settled or failed.
    status: str
    #: manual, or auto: by `billing.setAutoRecharge`.
    origin: str
    #: The payment's.
    reference_id: str | None
    #: When it was asked for.
    created_at: str
    #: When it was settled, or had failed.
    settled_at: str | None

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            workspace_id=value["workspaceId"],
            amount=value["amount"],
            status=value["status"],
            origin=value["origin"],
            reference_id=value["referenceId"],
            created_at=value["createdAt"],
            settled_at=value["settledAt"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    #: `ok`, or `degraded` when an optional store is away.
    status: str
    #: Each store.
    checks: Checks

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            status=value["status"],
            checks=Checks._from_json(value["checks"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    #: Rows that were read.
    sent: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            sent=value["sent"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    #: The record.
    id: str
    #: What the workspace calls it.
    external_id: str
    #: Each a string, a number, true or false.
    fields: dict[str, Any]
    #: Of fields that a provider found: `{provider, at, confidence, jobId, cost, cached}`. What a caller gave
    #: has none.
    sources: dict[str, Any]
    #: Counts the changes.
    version: int
    #: When it was made.
    created_at: str
    #: When its fields were last changed.
    updated_at: str

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            external_id=value["externalId"],
            fields=value["fields"],
            sources=value["sources"],
            version=value["version"],
            created_at=value["createdAt"],
            updated_at=value["updatedAt"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    #: How many.
    replayed: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            replayed=value["replayed"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    #: Whether there was something to resume.
    was_paused: bool

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            was_paused=value["wasPaused"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    #: The login.
    id: str
    #: What the program called itself.
    device: str | None
    #: From where: `ip:…` or `uid:…`.
    address: str
    #: When it began.
    created_at: str
    #: To the minute.
    last_used_at: str
    #: Whether this call is made with it.
    current: bool

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            device=value["device"],
            address=value["address"],
            created_at=value["createdAt"],
            last_used_at=value["lastUsedAt"],
            current=value["current"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedDocument:
    #: The media type of what was sent.
    content_type: str
    #: How much was sent.
    bytes: int
    #: How many rows that was, the line of names not counted.
    rows: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            content_type=value["contentType"],
            bytes=value["bytes"],
            rows=value["rows"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemMetricsResult:
    #: The media type.
    content_type: str
    #: The document.
    text: str

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            content_type=value["contentType"],
            text=value["text"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    #: The transaction.
    id: str
    #: Whose account it changed.
    workspace_id: str
    #: purchase, bonus, debit, refund, hold, capture, release or expiry.
    type: str
    #: Credits, always positive; the type tells the direction.
    amount: int
    #: The balance with it.
    balance_after: int
    #: Of a refund the debit or capture, of a hold, capture or release the hold, of an expiry the grant, of a
    #: purchase the purchase.
    related_id: str | None
    #: As it was given.
    description: str | None
    #: The caller's own, unique in a workspace and type.
    reference_id: str | None
    #: When.
    created_at: str

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            workspace_id=value["workspaceId"],
            type=value["type"],
            amount=value["amount"],
            balance_after=value["balanceAfter"],
            related_id=value["relatedId"],
            description=value["description"],
            reference_id=value["referenceId"],
            created_at=value["createdAt"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsertCounts:
    #: How many were not there.
    inserted: int
    #: How many have other fields now.
    updated: int
    #: How many had these fields already.
    unchanged: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            inserted=value["inserted"],
            updated=value["updated"],
            unchanged=value["unchanged"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    #: The account.
    id: str
    #: In its normal form, lower case.
    email: str
    #: What others see.
    name: str
    #: When it was made.
    created_at: str
    #: Whether the address has been shown to be his.
    email_verified: bool

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            email=value["email"],
            name=value["name"],
            created_at=value["createdAt"],
            email_verified=value["emailVerified"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    #: Of the release.
    version: str
    #: Of the source.
    commit: str
    #: Of the methods.
    api: str

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            version=value["version"],
            commit=value["commit"],
            api=value["api"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    #: The webhook.
    id: str
    #: Where messages go.
    url: str
    #: Which events; `*` is every one.
    events: list[str]
    #: Whether anything is sent.
    enabled: bool
    #: Why not: manual, by `webhooks.update`; gone, it answered 410; failing, for five days.
    disabled_reason: DisabledReason | None
    #: Since when nothing has come through.
    failing_since: str | None
    #: Until when messages are signed with the secret before, too.
    previous_secret_expires_at: str | None
    #: Counts the changes; give it as `ifVersion`.
    version: int
    #: When it was made.
    created_at: str
    #: When it was last changed.
    updated_at: str

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            url=value["url"],
            events=value["events"],
            enabled=value["enabled"],
            disabled_reason=None if value["disabledReason"] is None else DisabledReason(value["disabledReason"]),
            failing_since=value["failingSince"],
            previous_secret_expires_at=value["previousSecretExpiresAt"],
            version=value["version"],
            created_at=value["createdAt"],
            updated_at=value["updatedAt"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivery:
    #: The delivery.
    id: str
    #: To whom.
    webhook_id: str
    #: The header `webhook-id` of every attempt.
    message_id: str
    #: Of the event.
    type: str
    #: pending: it is tried again; failed: it is not.
    status: WebhookDeliveryStatus
    #: So far.
    attempts: int
    #: Not before.
    next_attempt_at: str | None
    #: What the last attempt was answered.
    last_status: int | None
    #: Why it was not, or was not taken for an answer.
    last_error: str | None
    #: When it was made.
    created_at: str
    #: When it was answered 2xx.
    delivered_at: str | None

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            webhook_id=value["webhookId"],
            message_id=value["messageId"],
            type=value["type"],
            status=WebhookDeliveryStatus(value["status"]),
            attempts=value["attempts"],
            next_attempt_at=value["nextAttemptAt"],
            last_status=value["lastStatus"],
            last_error=value["lastError"],
            created_at=value["createdAt"],
            delivered_at=value["deliveredAt"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTest:
    #: The test among the deliveries.
    delivery_id: str
    #: The header `webhook-id`.
    message_id: str
    #: Whether it was answered 2xx.
    delivered: bool
    #: What it was answered.
    status: int | None
    #: Why it was not.
    error: str | None
    #: From the beginning to the answer.
    duration_ms: int

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            delivery_id=value["deliveryId"],
            message_id=value["messageId"],
            delivered=value["delivered"],
            status=value["status"],
            error=value["error"],
            duration_ms=value["durationMs"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkProgress:
    #: What is done.
    checked: int | None = None
    #: How much there is, where that is known.
    total: int | None = None
    #: Changes that have to arrive before the work begins.
    waiting: int | None = None

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            checked=value.get("checked"),
            total=value.get("total"),
            waiting=value.get("waiting"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    #: The workspace.
    id: str
    #: What people call it.
    name: str
    #: For URLs.
    slug: str
    #: As they were set.
    settings: dict[str, Any]
    #: Counts the changes; give it as `ifVersion`.
    version: int
    #: When it was made.
    created_at: str
    #: When it was last changed.
    updated_at: str

    @classmethod
    def _from_json(cls, value: Any) -> Self:
        return cls(
            id=value["id"],
            name=value["name"],
            slug=value["slug"],
            settings=value["settings"],
            version=value["version"],
            created_at=value["createdAt"],
            updated_at=value["updatedAt"],
        )
