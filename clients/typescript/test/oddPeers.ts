// Tries the client with peers that are no daemon, or have just ceased to be one.

import { CallError, Client, ConnectionError, HttpTransport, RpcdError, UnixTransport } from "../src/index.js";
import { Operation } from "../src/calls.js";

interface Socket {
  on(event: string, listener: (value: never) => void): Socket;
  setEncoding(encoding: string): Socket;
  write(text: string): void;
  end(text: string, done?: () => void): void;
  destroy(): void;
}

interface Server {
  listen(where: string | { port: number; host: string }, done: () => void): void;
  address(): { port: number };
  close(): void;
}

/** What is said to one request; without `stays` the connection ends then. */
interface Answer {
  readonly text: string;
  readonly stays?: boolean;
}

interface Peer {
  readonly where: string;
  close(): void;
}

declare const process: { pid: number };

function check(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Error(`not so: ${what}`);
}

async function thrown(call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}

let peers = 0;

/** One that is there once is gone before its first connection ends. */
async function peer(answer: (request: string) => Answer | Promise<Answer>, kind: "unix" | "http", isOnce = false): Promise<Peer> {
  const name = "node:" + "net";
  const net = (await import(name)) as { createServer(met: (socket: Socket) => void): Server };
  const sockets = new Set<Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    let received = "";
    socket.setEncoding("utf8");
    socket.on("error", () => undefined);
    socket.on("data", async (text: string) => {
      received += text;
      const isWhole = kind === "unix" ? received.endsWith("\n") : /^GET|}$/.test(received);
      if (!isWhole) return;
      const request = received;
      received = "";
      const { text: told, stays } = await answer(request);
      if (isOnce) server.close();
      if (stays) socket.write(told);
      else socket.end(told, () => socket.destroy());
    });
  });
  const path = `/tmp/rpcd-odd-${process.pid}-${++peers}`;
  await new Promise<void>((done) => server.listen(kind === "unix" ? path : { port: 0, host: "127.0.0.1" }, done));
  return {
    where: kind === "unix" ? path : `http://127.0.0.1:${server.address().port}`,
    close: () => {
      if (!isOnce) server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

function idOf(request: string): number {
  return (JSON.parse(request) as { id: number }).id;
}

function pong(request: string): Answer {
  return { text: JSON.stringify({ jsonrpc: "2.0", id: idOf(request), result: { payload: 1 } }) + "\n", stays: true };
}

function connect(where: string, settings: object = {}): Client {
  return new Client(where.startsWith("http") ? new HttpTransport(where) : new UnixTransport(where), settings);
}

async function outcomeOfAllAttempts(): Promise<void> {
  for (const kind of ["unix", "http"] as const) {
    const { where, close } = await peer(() => ({ text: "" }), kind, true);
    const client = connect(where);
    const error = await thrown(() => client.call("billing.debit", {}, { idempotencyKey: "order-7" }));
    check(error instanceof ConnectionError && error.outcome === "unknown" && error.isOutcomeUnknown, `${kind}: ${error}`);
    check(/no daemon can be reached|ECONNREFUSED/.test(error.message), error.message);
    client.close();
    close();
  }
  let met = 0;
  const { where, close } = await peer((request) => {
    const error = { code: 503, message: "", data: { error: { code: "SERVICE_UNAVAILABLE" } } };
    return ++met === 1 ? { text: "" } : { text: JSON.stringify({ id: idOf(request), error }) + "\n", stays: true };
  }, "unix");
  const client = connect(where);
  const error = await thrown(() => client.system.ping());
  check(error instanceof CallError && error.isOutcomeUnknown && met === 4, "the last answer is of the last attempt alone");
  const fresh = await thrown(() => client.system.ping());
  check(fresh instanceof CallError && !fresh.isOutcomeUnknown, "another call is another one");
  client.close();
  close();
}

/** A bad argument is its caller's own error, at once, and nobody else's. */
async function badArguments(): Promise<void> {
  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  const events: Operation = { method: "jobs.watch", events: "/jobs/{jobId}/events", streams: true };
  const real = globalThis.setTimeout;
  // Time runs a thousand times as fast: what would go off later does while this runs.
  globalThis.setTimeout = ((hook: () => void, milliseconds: number) => real(hook, milliseconds / 1000)) as typeof setTimeout;
  try {
    for (const kind of ["unix", "http"] as const) {
      let met = 0;
      const { where, close } = await peer(async (request) => {
        met += 1;
        if (kind === "unix") return pong(request);
        const body = '{"jsonrpc":"2.0","id":1,"result":{"payload":1}}';
        return { text: `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}` };
      }, kind);
      const client = connect(where, { attempts: 1, timeoutMs: 60_000 });
      await client.system.ping();
      for (const bad of [10n, cyclic, { toJSON: () => cyclic }]) {
        check((await thrown(() => client.call("system.ping", { payload: bad }, { timeoutMs: 1 }))) instanceof TypeError, "a TypeError");
        check((await thrown(async () => client.stream(events, { payload: bad }).next())) instanceof TypeError, "of a stream, too");
      }
      check((await thrown(() => client.call("system.ping", {}, { signal: {} as AbortSignal }))) instanceof TypeError, "no signal");
      if (kind === "http") {
        check((await thrown(() => client.stream(events, { jobId: "\ud800" }).next())) instanceof URIError, "no part of a URL");
        check((await thrown(() => client.stream(events, {}, { token: "a\nb" }).next())) instanceof TypeError, "no header");
      }
      await new Promise((resolve) => real(resolve, 50));
      for (const payload of [() => 1, undefined, Symbol("x")]) {
        check((await client.system.ping({ payload })).payload === 1, "what JSON leaves out is left out");
      }
      check(met === 4, "the others never went out");
      client.close();
      close();
    }
  } finally {
    globalThis.setTimeout = real;
  }
}

async function oddTimes(): Promise<void> {
  const { where, close } = await peer(async (request) => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    return pong(request);
  }, "unix");
  const client = connect(where, { attempts: 1 });
  for (const timeoutMs of [2 ** 31, 2 ** 53, Infinity, NaN, -60_000]) {
    check((await client.system.ping({}, { timeoutMs })).payload === 1, `it is waited for: ${timeoutMs}`);
  }
  client.close();
  close();
}

async function oddLines(): Promise<void> {
  let met = 0;
  const refusal = '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no JSON"}}\n';
  const strict = await peer(() => (met++, { text: refusal, stays: true }), "unix");
  const client = connect(strict.where);
  const refused = await thrown(() => client.system.ping());
  check(refused instanceof CallError && refused.rpcCode === -32700 && met === 1, `what cannot be read is not repeated: ${refused}`);
  client.close();
  strict.close();
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  for (const line of [
    '{"id":1,"error":{}}', '{"id":1,"error":{"code":"x","message":""}}', '{"id":1,"error":null}', '{"id":1,"error":"x"}', '{"id":1}',
    '{"id":"1","result":1}', "[]", "null", "<html>", deep, '{"id":null,"error":{}}', "{}",
  ]) {
    const { where, close } = await peer(() => ({ text: line + "\n", stays: true }), "unix");
    const client = connect(where, { attempts: 1 });
    const begin = Date.now();
    const error = await thrown(() => client.system.ping());
    check(error instanceof ConnectionError && error.outcome === "unknown", `${line.slice(0, 50)}: ${error}`);
    const told = await thrown(() => client.admin.purchases.watch().result());
    check(told instanceof ConnectionError && told.outcome === "unknown", `${line.slice(0, 50)}: ${told}`);
    check(Date.now() - begin < 2000, `at once: ${line.slice(0, 50)}`);
    client.close();
    close();
  }
}

async function oddHttp(): Promise<void> {
  let met = 0;
  const other = await peer(() => (met++, { text: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" }), "http");
  const head = (status: string, ...lines: string[]) => [`HTTP/1.1 ${status}`, ...lines, "", ""].join("\r\n");
  const answers = [
    head("200 OK", "Content-Length: 900") + '{"jsonrpc":"2.0",',
    head("200 OK", "Transfer-Encoding: chunked") + '20\r\n{"jsonrpc":"2.0"',
    head("200 OK", "Connection: close") + '{"jsonrpc":"2.0","result":',
    head("200 OK", "Content-Type: text/html", "Content-Length: 9") + "<html>no<",
    head("502 Bad Gateway", "Content-Length: 9") + "<html>no<",
    head("200 OK", "Content-Length: 0"),
    "220 mail.example.org ESMTP\r\n",
    "HTTP/1.1 200 OK\r\nContent-Ty",
    ...["301 Moved", "307 Temporary Redirect"].map((status) => head(status, "Content-Length: 0", `Location: ${other.where}/`)),
    ...['null', "5", '"x"', "[]", "{}", '{"jsonrpc":"2.0","error":{}}', '{"jsonrpc":"2.0","error":"x"}', '{"success":false}', '{"result":1}'].map(
      (body) => head("200 OK", `Content-Length: ${body.length}`) + body,
    ),
    ...["x", "{}"].map((data) => head("200 OK", "Content-Type: text/event-stream", "Connection: close") + `event: error\ndata: ${data}\n\n`),
  ];
  for (const text of answers) {
    const { where, close } = await peer(() => ({ text }), "http");
    const client = connect(where, { attempts: 2 });
    for (const call of [() => client.system.ping(), () => client.jobs.watch({ workspaceId: "w", jobId: "j" }).result()]) {
      const begin = Date.now();
      const error = await thrown(call);
      check(error instanceof RpcdError && error instanceof ConnectionError && error.outcome === "unknown", `${text}: ${error}`);
      check(!error.message.includes("TypeError: Cannot"), `${text}: ${error}`);
      check(Date.now() - begin < 2000, `in time: ${text}`);
    }
    client.close();
    close();
  }
  check(met === 0, "a token goes where it was to go, and nowhere else");
  other.close();
  const real = globalThis.setTimeout;
  globalThis.setTimeout = ((hook: () => void, milliseconds: number) => real(hook, milliseconds / 100)) as typeof setTimeout;
  const slow = await peer(() => ({ text: head("200 OK", "Content-Length: 900") + " ", stays: true }), "http");
  const late = await thrown(() => connect(slow.where, { attempts: 1, timeoutMs: 1 }).system.ping());
  check(late instanceof ConnectionError && late.outcome === "unknown", `a body that does not end: ${late}`);
  globalThis.setTimeout = real;
  slow.close();
}

export async function allOddPeers(): Promise<void> {
  for (const test of [outcomeOfAllAttempts, badArguments, oddTimes, oddLines, oddHttp]) await test();
}
