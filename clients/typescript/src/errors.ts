import type { ErrorCode } from "./types.js";

/** Whether the daemon has not seen the call, or may have done it. */
export type Outcome = "not sent" | "unknown";

/** Why a call has no result. */
export class RpcdError extends Error {
  /** Whether it ended because it was cancelled. */
  get isCancellation(): boolean {
    return false;
  }

  /** Whether the call may have been done although there is no result. */
  get isOutcomeUnknown(): boolean {
    return false;
  }
}

interface Envelope {
  error?: { code?: string; message?: string; details?: unknown };
  meta?: { requestId?: string };
}

/** What the daemon says of a call that failed. */
export class CallError extends RpcdError {
  override readonly name = "CallError";
  /** What a program switches on. */
  readonly code: ErrorCode;
  /** As the code's documentation says. */
  readonly details: unknown;
  /** Under which the daemon's log has the call. */
  readonly requestId: string | undefined;
  /** The code of JSON-RPC; undefined where HTTP refused the request before it was read. */
  readonly rpcCode: number | undefined;
  /** @internal An attempt before this answer may have been done. */
  followsUnknown = false;

  constructor(envelope: unknown, rpcCode?: number, message?: string) {
    const { error, meta } = (typeof envelope === "object" && envelope !== null ? envelope : {}) as Envelope;
    super(error?.message ?? message ?? "");
    this.code = error?.code ?? String(rpcCode);
    this.details = error?.details;
    this.requestId = meta?.requestId;
    this.rpcCode = rpcCode;
  }

  /** When to try again, where the daemon says. */
  get retryAfterMs(): number | undefined {
    return (this.details as { retryAfterMs?: number } | undefined)?.retryAfterMs;
  }

  override get isCancellation(): boolean {
    return this.code === "CANCELLED";
  }

  override get isOutcomeUnknown(): boolean {
    return this.followsUnknown || (this.details as { outcome?: string } | undefined)?.outcome === "unknown";
  }
}

/** No answer of the daemon. Where the outcome is unknown the same call with the same idempotency key tells. */
export class ConnectionError extends RpcdError {
  override readonly name = "ConnectionError";

  constructor(message: string, readonly outcome: Outcome) {
    super(message);
  }

  override get isOutcomeUnknown(): boolean {
    return this.outcome === "unknown";
  }
}

/** The call was cancelled, and the daemon did not say what came of it. */
export class CancelledError extends RpcdError {
  override readonly name = "CancelledError";

  constructor(readonly outcome: Outcome) {
    super("cancelled");
  }

  override get isCancellation(): boolean {
    return true;
  }

  override get isOutcomeUnknown(): boolean {
    return this.outcome === "unknown";
  }
}

/** The last error of a call of which an earlier attempt may have been done: so may the call. */
export function followingUnknown(error: unknown): unknown {
  if (error instanceof ConnectionError) return new ConnectionError(error.message, "unknown");
  if (error instanceof CancelledError) return new CancelledError("unknown");
  if (error instanceof CallError) error.followsUnknown = true;
  return error;
}

/** The failure in a JSON-RPC response. */
export function failure(error: { code: number; message: string; data?: unknown }): CallError {
  return new CallError(error.data, error.code, error.message);
}
