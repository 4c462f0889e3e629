import { Feed, message, patienceMs, Request, Told, Transport } from "./calls.js";
import { CallError, CancelledError, ConnectionError, failure, RpcdError } from "./errors.js";

/** Calls over HTTP, in Node and browsers: JSON-RPC to `/api/v1/rpc`, streams from their own routes as server-sent events. */
export class HttpTransport implements Transport {
  private readonly base: string;
  private readonly underWay = new Set<Exchange>();
  private isClosed = false;

  /** @param url as `http://127.0.0.1:8080` */
  constructor(url: string) {
    this.base = url.replace(/\/+$/, "") + "/api/v1";
  }

  async call(request: Request): Promise<unknown> {
    if (request.operation.document) {
      const text = `${request.operation.method} answers in parts: use the Unix socket, or its own route`;
      throw new ConnectionError(text, "not sent");
    }
    const headers = { "Content-Type": "application/json" };
    const body = message(request, 1);
    const exchange = this.begin(request);
    try {
      const response = await fetch(this.base + "/rpc", {
        method: "POST", headers, body, redirect: "manual", signal: exchange.signal,
      });
      return result(response.status, await response.text());
    } catch (error) {
      throw exchange.explained(error);
    } finally {
      exchange.end();
    }
  }

  async open(request: Request): Promise<Feed> {
    const path = request.operation.events;
    if (path === undefined) {
      return { receive: async () => ({ isResult: true, value: await this.call(request) }), close: () => undefined };
    }
    // They throw what no URL and no header can hold. Nothing has begun then.
    const url = this.base + target(path, request.params);
    const headers = new Headers(eventHeaders(request));
    const exchange = this.begin(request);
    try {
      const response = await fetch(url, { headers, redirect: "manual", signal: exchange.signal });
      if (response.status !== 200) result(response.status, await response.text());
      if (!response.body || !response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
        exchange.close();
        throw new ConnectionError("HTTP sent no events", "unknown");
      }
      return new EventFeed(response.body, exchange);
    } catch (error) {
      exchange.end();
      throw exchange.explained(error);
    }
  }

  close(): void {
    this.isClosed = true;
    for (const exchange of this.underWay) exchange.close();
  }

  private begin(request: Request): Exchange {
    if (this.isClosed) throw new ConnectionError("the client is closed", "not sent");
    const exchange: Exchange = new Exchange(request, () => this.underWay.delete(exchange));
    this.underWay.add(exchange);
    return exchange;
  }
}

/** One exchange, which ends when the call is cancelled, when the client is closed, or when it has taken too long. */
class Exchange {
  private readonly stop = new AbortController();
  private readonly timer: ReturnType<typeof setTimeout> | undefined;
  private readonly abort = () => this.stop.abort();

  constructor(
    private readonly request: Request,
    private readonly onEnd: () => void,
  ) {
    request.signal.addEventListener("abort", this.abort);
    if (request.signal.aborted) this.abort();
    if (request.timeoutMs !== undefined) this.timer = setTimeout(this.abort, patienceMs(request.timeoutMs));
  }

  get signal(): AbortSignal {
    return this.stop.signal;
  }

  explained(error: unknown): Error {
    if (error instanceof RpcdError) return error;
    if (this.request.signal.aborted) return new CancelledError("unknown");
    const cause = (error as { cause?: { code?: string; message?: string; syscall?: string } }).cause;
    const wasRefused = cause?.code === "ECONNREFUSED" || ["connect", "getaddrinfo"].includes(cause?.syscall ?? "");
    const reason = this.stop.signal.aborted ? "the client was closed, or the daemon did not answer in time" : cause?.message ?? String(error);
    return new ConnectionError(`no answer: ${reason}`, wasRefused ? "not sent" : "unknown");
  }

  end(): void {
    clearTimeout(this.timer);
    this.request.signal.removeEventListener("abort", this.abort);
    this.onEnd();
  }

  /** Ends the exchange, whether it is done or not. */
  close(): void {
    this.end();
    this.abort();
  }
}

function result(status: number, body: string): unknown {
  let answer: { result?: unknown; error?: { code?: unknown; message?: string }; jsonrpc?: string; success?: boolean };
  try {
    answer = Object(JSON.parse(body));
  } catch {
    answer = {};
  }
  const { code, message: text = "" } = answer.error ?? {};
  if (answer.jsonrpc !== undefined && typeof code === "number") throw failure({ ...answer.error, code, message: text });
  if (answer.jsonrpc !== undefined && "result" in answer) return answer.result;
  if (answer.success === false && typeof code === "string") throw new CallError(answer);
  // A proxy between may have said it, before or after the daemon had the call.
  throw new ConnectionError(`HTTP answered ${status}, and no result`, "unknown");
}

function target(path: string, params: Readonly<Record<string, unknown>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (path.includes(`{${name}}`)) path = path.replace(`{${name}}`, encodeURIComponent(String(value)));
    else if (value !== undefined && value !== null) query.set(name, String(value));
  }
  return String(query) ? `${path}?${query}` : path;
}

function eventHeaders({ meta }: Request): Record<string, string> {
  return {
    Accept: "text/event-stream",
    ...(meta.token === undefined ? {} : { Authorization: `Bearer ${meta.token}` }),
    ...(meta.requestId === undefined ? {} : { "X-Request-Id": meta.requestId }),
    ...(meta.timeoutMs === undefined ? {} : { "X-Timeout-Ms": String(meta.timeoutMs) }),
    ...(meta.traceparent === undefined ? {} : { traceparent: meta.traceparent }),
  };
}

/** Server-sent events (WHATWG HTML, 9.2), as the daemon writes them. */
class EventFeed implements Feed {
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  private readonly decoder = new TextDecoder();
  private received = "";

  constructor(
    body: ReadableStream<Uint8Array>,
    private readonly exchange: Exchange,
  ) {
    this.reader = body.getReader();
  }

  async receive(): Promise<Told> {
    try {
      for (;;) {
        const end = this.received.indexOf("\n\n");
        if (end >= 0) {
          const event = this.received.slice(0, end);
          this.received = this.received.slice(end + 2);
          const told = read(event);
          if (told) return told;
          continue;
        }
        const { done, value } = await this.reader.read();
        if (done) throw new ConnectionError("the events ended before the result", "unknown");
        this.received += this.decoder.decode(value, { stream: true });
      }
    } catch (error) {
      throw this.exchange.explained(error);
    }
  }

  close(): void {
    this.exchange.close();
  }
}

/** What an event tells; nothing, of a comment. */
function read(event: string): Told | undefined {
  let name = "";
  let data = "";
  for (const line of event.split("\n")) {
    if (line.startsWith("event: ")) name = line.slice(7);
    else if (line.startsWith("data: ")) data += line.slice(6);
  }
  if (name === "error") result(200, data);
  return name ? { isResult: name === "end", value: JSON.parse(data) } : undefined;
}
