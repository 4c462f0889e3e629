import { CancelledError, RpcdError } from "./errors.js";

/** How long after its deadline, or after a cancel, an answer is still waited for. */
export const graceMs = 5_000;

// A timer of JavaScript that is set for longer goes off at once.
const longestTimerMs = 2 ** 31 - 1;

/** How long an answer is waited for. What is no time the daemon refuses, and has the time to. */
export function patienceMs(timeoutMs: number): number {
  return Math.min(longestTimerMs, (timeoutMs > 0 ? timeoutMs : 0) + graceMs);
}

/** What travels beside the params of one call. */
export interface CallOptions {
  /** In place of the client's own: an access token, or an API key. */
  readonly token?: string;
  /** The same key and params again are done once. Keep it with what the call is for: then a restart of this program repeats nothing. */
  readonly idempotencyKey?: string;
  /** Stands in the daemon's log, and comes back in errors. 1 to 128 visible ASCII characters. */
  readonly requestId?: string;
  /** The daemon's default is 30 s, a day for what streams. */
  readonly timeoutMs?: number;
  /** W3C trace context. */
  readonly traceparent?: string;
  /** Ends the call early. */
  readonly signal?: AbortSignal;
}

/** A key that nobody has used. */
export function newIdempotencyKey(): string {
  const bytes = globalThis.crypto
    ? globalThis.crypto.getRandomValues(new Uint8Array(16))
    : Uint8Array.from({ length: 16 }, () => Math.floor(Math.random() * 256));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What a client knows of a method beside its params and its result. */
export interface Operation {
  readonly method: string;
  readonly mutates?: true;
  readonly idempotent?: true;
  /** The path of the event stream that HTTP has for it. */
  readonly events?: string;
  /** Whether it answers in parts that only its own route has over HTTP. */
  readonly document?: true;
  readonly streams?: true;
}

export type Meta = Omit<CallOptions, "signal">;

/** One call, ready to be sent, as often as it may be. */
export interface Request {
  readonly operation: Operation;
  readonly params: Readonly<Record<string, unknown>>;
  readonly meta: Meta;
  /** The params and the meta as they go out, the same with each attempt. */
  readonly json: string;
  /** Beyond this an answer is no longer waited for. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
}

export function message(request: Request, id: number): string {
  return `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(request.operation.method)},"params":${request.json}}`;
}

/** Whether doing it twice does what doing it once does. */
export function isRepeatable(request: Request): boolean {
  const { mutates, idempotent } = request.operation;
  return !mutates || (idempotent === true && request.meta.idempotencyKey !== undefined);
}

/** What a streaming call tells; the result is the last. */
export interface Told {
  readonly isResult: boolean;
  readonly value: unknown;
}

/** A streaming call under way. */
export interface Feed {
  receive(): Promise<Told>;
  close(): void;
}

/** How calls get to the daemon. */
export interface Transport {
  call(request: Request): Promise<unknown>;
  open(request: Request): Promise<Feed>;
  close(): void;
}

/** Part of a list. */
export interface Page<Item> {
  readonly items: Item[];
  /** Where the next one begins; null at the end. */
  readonly nextCursor: string | null;
}

/** What is in all pages, read while it is asked for. */
export async function* allItems<Item>(page: (cursor?: string) => Promise<Page<Item>>): AsyncGenerator<Item, void, undefined> {
  let part = await page();
  yield* part.items;
  while (part.nextCursor !== null) {
    part = await page(part.nextCursor);
    yield* part.items;
  }
}

/** Has `hook` called when the call is cancelled, at once when it is already, until the work is done. */
export async function cancellable<Result>(signal: AbortSignal, hook: () => void, work: () => Promise<Result>): Promise<Result> {
  // First of all: it throws where it is given no signal, and nothing has begun then.
  signal.addEventListener("abort", hook);
  try {
    const result = work();
    if (signal.aborted) hook();
    return await result;
  } finally {
    signal.removeEventListener("abort", hook);
  }
}

/**
 * A call that tells how far it is, on a connection of its own: the daemon waits for who reads slowly.
 *
 *     const watch = client.jobs.watch({ workspaceId, jobId });
 *     for await (const job of watch) console.log(job.counts.found);
 *     const job = await watch.result();
 *
 * It begins when it is first asked for something. Leaving the loop early ends it.
 */
export class Stream<Progress, Result> implements AsyncIterableIterator<Progress> {
  private feed: Promise<Feed> | undefined;
  private end: { result: Result } | { error: unknown } | undefined;

  constructor(
    private readonly openFeed: () => Promise<Feed>,
    private readonly stop: AbortController,
    private readonly onEnd: () => void,
  ) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Progress, undefined>> {
    if (this.end && "error" in this.end) throw this.end.error;
    if (this.end) return { done: true, value: undefined };
    try {
      this.feed ??= this.openFeed();
      const told = await (await this.feed).receive();
      if (!told.isResult) return { done: false, value: told.value as Progress };
      this.finish({ result: told.value as Result });
      return { done: true, value: undefined };
    } catch (error) {
      this.finish({ error });
      throw error;
    }
  }

  /** The end of a loop that was left. */
  async return(): Promise<IteratorResult<Progress, undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  /** What the call gives when it is done. Progress that nobody has read is passed over. */
  async result(): Promise<Result> {
    while (!(await this.next()).done);
    if (this.end && "result" in this.end) return this.end.result;
    throw new RpcdError("no result");
  }

  /** Has the daemon stop. The end is then an error whose `isCancellation` is true, save when the call was done before. */
  cancel(): void {
    this.stop.abort();
  }

  /** Ends the call, whether it is done or not. */
  close(): void {
    this.finish({ error: new CancelledError(this.feed ? "unknown" : "not sent") });
  }

  private finish(end: { result: Result } | { error: unknown }): void {
    this.end ??= end;
    this.onEnd();
    this.feed?.then(
      (feed) => feed.close(),
      () => undefined,
    );
  }
}
