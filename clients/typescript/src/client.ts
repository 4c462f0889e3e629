import { CallOptions, Feed, isRepeatable, Meta, newIdempotencyKey, Operation, Request, Stream, Transport } from "./calls.js";
import { CallError, CancelledError, ConnectionError, followingUnknown, RpcdError } from "./errors.js";
import { Caller, Methods } from "./methods.js";

/** How a client behaves. */
export interface Settings {
  /** An access token, or an API key, for calls that bring none. */
  readonly token?: string;
  /** How often a call is made that gets no answer, or SERVICE_UNAVAILABLE; at least 1. By default 4. */
  readonly attempts?: number;
  /** Whether calls that change something and come without an idempotency key get one of their own. By default not. */
  readonly makesIdempotencyKeys?: boolean;
  /** The daemon's default, 30 s; beyond it an answer is no longer waited for. */
  readonly timeoutMs?: number;
}

const firstPauseMs = 50;
const longestPauseMs = 2_000;

/**
 * Calls a daemon.
 *
 * A call that gets no answer is made again as long as that does no harm: when nothing had been sent, when the method changes nothing, or
 * when it has an idempotency key. Anything else fails with what is known of its outcome.
 */
export class Client extends Methods implements Caller {
  /** Of the calls from now on that bring none. */
  token: string | undefined;

  constructor(
    private readonly transport: Transport,
    private readonly settings: Settings = {},
  ) {
    super();
    this.token = settings.token;
    this.bind(this);
  }

  /** Ends the connections; what is under way fails. */
  close(): void {
    this.transport.close();
  }

  /** Calls a method, also one that this client has no function for. */
  async call<Result = unknown>(
    operation: string | Operation,
    params: object = {},
    options: CallOptions = {},
  ): Promise<Result> {
    const known: Operation =
      typeof operation === "string" ? { method: operation, mutates: true, idempotent: true } : operation;
    const request = this.request(known, params, options, options.signal ?? new AbortController().signal);
    return (await this.repeating(request, () => this.transport.call(request))) as Result;
  }

  /** Makes a call that tells how far it is. */
  stream<Progress, Result>(operation: Operation, params: object, options: CallOptions = {}): Stream<Progress, Result> {
    const stop = new AbortController();
    const abort = () => stop.abort();
    const request = this.request(operation, params, options, stop.signal);
    if (options.signal?.aborted) abort();
    options.signal?.addEventListener("abort", abort);
    // What has begun is not begun again: only making the connection is.
    return new Stream(
      () => this.repeating<Feed>(request, () => this.transport.open(request)),
      stop,
      () => options.signal?.removeEventListener("abort", abort),
    );
  }

  private request(operation: Operation, params: object, options: CallOptions, signal: AbortSignal): Request {
    const { signal: _, ...given } = options;
    const makesKey = this.settings.makesIdempotencyKeys && operation.idempotent;
    const meta: Meta = {
      ...(this.token === undefined ? {} : { token: this.token }),
      ...(makesKey ? { idempotencyKey: newIdempotencyKey() } : {}),
      ...given,
    };
    const timeoutMs = options.timeoutMs ?? (operation.streams ? undefined : this.settings.timeoutMs ?? 30_000);
    // It throws what JSON cannot say: BigInts, cycles. Nothing has begun then.
    const json = JSON.stringify({ ...params, _meta: meta });
    return { operation, params: params as Record<string, unknown>, meta, json, timeoutMs, signal };
  }

  private async repeating<Result>(request: Request, body: () => Promise<Result>): Promise<Result> {
    if (request.signal.aborted) throw new CancelledError("not sent");
    let isUnknown = false;
    for (let attempt = 1; ; attempt++) {
      try {
        return await body();
      } catch (thrown) {
        const error: unknown = isUnknown ? followingUnknown(thrown) : thrown;
        isUnknown = error instanceof RpcdError && error.isOutcomeUnknown;
        if (attempt >= (this.settings.attempts ?? 4) || !mayBeRepeated(error, request)) throw error;
        // Drawn evenly, so that clients that failed together do not come back together.
        await pause(Math.random() * Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1)));
        if (request.signal.aborted) throw error;
      }
    }
  }
}

function mayBeRepeated(error: unknown, request: Request): boolean {
  if (error instanceof ConnectionError) return error.outcome === "not sent" || isRepeatable(request);
  return error instanceof CallError && error.code === "SERVICE_UNAVAILABLE" && isRepeatable(request);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
