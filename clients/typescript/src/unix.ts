import { cancellable, Feed, graceMs, message, patienceMs, Request, Told, Transport } from "./calls.js";
import { ConnectionError, failure } from "./errors.js";

/** What is used of Node's `net.Socket`. */
interface Socket {
  write(text: string): boolean;
  on(event: string, listener: (value: never) => void): Socket;
  setEncoding(encoding: string): Socket;
  pause(): Socket;
  resume(): Socket;
  ref(): Socket;
  unref(): Socket;
  destroy(): Socket;
}

interface Message {
  readonly id?: number | null;
  readonly method?: string;
  readonly params?: { value: unknown };
  readonly result?: unknown;
  readonly error?: Failure;
}

interface Failure {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

// Parse error and invalid request (JSON-RPC 2.0, section 5.1).
const unreadable = [-32700, -32600];

/** An answer that is longer, in characters, is no answer of a daemon. */
const longestAnswer = 256 << 20;

/** Calls over the daemon's Unix socket, for Node: many at once on one connection, a connection for each stream. */
export class UnixTransport implements Transport {
  private connection: Promise<Connection> | undefined;
  private isClosed = false;

  constructor(private readonly path: string = "/run/rpcd/rpcd.sock") {}

  async call(request: Request): Promise<unknown> {
    return (await this.shared()).call(request);
  }

  async open(request: Request): Promise<Feed> {
    const feed = new UnixFeed(request);
    await Connection.open(this.path, feed);
    return feed;
  }

  close(): void {
    this.isClosed = true;
    this.connection?.then(
      (connection) => connection.end(),
      () => undefined,
    );
  }

  private async shared(): Promise<Connection> {
    if (this.isClosed) throw new ConnectionError("the client is closed", "not sent");
    const opening = (this.connection ??= Connection.open(this.path));
    try {
      const connection = await opening;
      if (connection.isOpen) return connection;
    } catch (error) {
      if (this.connection === opening) this.connection = undefined;
      throw error;
    }
    if (this.connection === opening) this.connection = undefined;
    return this.shared();
  }
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Who is told of what belongs to no single call. */
interface Listener {
  begin(connection: Connection): void;
  told(value: unknown): void;
}

class Connection {
  isOpen = true;
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  private received = "";
  private farewell = "the connection to the daemon ended before its answer";

  private constructor(
    private readonly socket: Socket,
    private readonly listener: Listener | undefined,
  ) {
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.take(text));
    socket.on("error", (error: Error) => (this.farewell = error.message));
    socket.on("close", () => this.ended());
    socket.unref();
    listener?.begin(this);
  }

  static async open(path: string, listener?: Listener): Promise<Connection> {
    // Named so that nothing that packs this for browsers goes looking for it.
    const name = "node:" + "net";
    const net = (await import(name)) as { connect(path: string): Socket };
    return new Promise((resolve, reject) => {
      const socket = net.connect(path);
      socket.on("connect", () => resolve(new Connection(socket, listener)));
      socket.on("error", (error: Error) =>
        reject(new ConnectionError(`no daemon can be reached at ${path}: ${error.message}`, "not sent")),
      );
    });
  }

  async call(request: Request): Promise<unknown> {
    if (!this.isOpen) throw new ConnectionError("the connection to the daemon has ended", "not sent");
    const id = ++this.lastId;
    const line = message(request, id) + "\n";
    const begin = () =>
      new Promise<unknown>((resolve, reject) => {
        this.pending.set(id, { resolve, reject, timer: undefined });
        if (request.timeoutMs !== undefined) this.watch(id, patienceMs(request.timeoutMs));
        this.socket.ref();
        this.socket.write(line);
      });
    const cancel = () => {
      this.socket.write(JSON.stringify({ jsonrpc: "2.0", method: "$/cancelRequest", params: { id } }) + "\n");
      this.watch(id, graceMs);
    };
    return cancellable(request.signal, cancel, begin);
  }

  setReading(reads: boolean): void {
    if (reads) this.socket.resume();
    else this.socket.pause();
  }

  end(): void {
    this.isOpen = false;
    this.socket.destroy();
  }

  /** Who does not answer one call is not asked for another. */
  private watch(id: number, milliseconds: number): void {
    const call = this.pending.get(id);
    if (!call) return;
    clearTimeout(call.timer);
    call.timer = setTimeout(() => {
      this.farewell = "the daemon did not answer in time";
      this.end();
    }, milliseconds);
  }

  private take(text: string): void {
    // A long answer comes in many parts: what was looked through is not looked through again.
    if (this.received.length + text.length > longestAnswer) {
      this.farewell = "the daemon sent a line without an end";
      return this.end();
    }
    if (!text.includes("\n")) {
      this.received += text;
      return;
    }
    const lines = (this.received + text).split("\n");
    this.received = lines.pop() ?? "";
    for (const line of lines) {
      try {
        this.answer(read(line));
      } catch {
        this.farewell = "what came is no JSON-RPC 2.0 response";
        return this.end();
      }
    }
  }

  private answer(told: Message): void {
    if (told.method === "$/progress") return this.listener?.told(told.params?.value);
    if (typeof told.id !== "number") {
      if (told.error) this.refused(told.error);
      return;
    }
    const call = this.pending.get(told.id);
    this.pending.delete(told.id);
    if (this.pending.size === 0) this.socket.unref();
    clearTimeout(call?.timer);
    if (told.error) call?.reject(failure(told.error));
    else call?.resolve(told.result);
  }

  /** Something that was sent could not be read: it is one of those that wait, nobody knows which. */
  private refused(error: Failure): void {
    this.farewell = error.message;
    if (!unreadable.includes(error.code)) return;
    const isAlone = this.pending.size === 1;
    this.fail(() => (isAlone ? failure(error) : new ConnectionError(error.message, "unknown")));
    this.socket.unref();
  }

  private ended(): void {
    this.isOpen = false;
    this.fail(() => new ConnectionError(this.farewell, "unknown"));
  }

  private fail(error: () => Error): void {
    for (const call of this.pending.values()) {
      clearTimeout(call.timer);
      call.reject(error());
    }
    this.pending.clear();
  }
}

/** Throws where it is no message of the protocol: the connection is of no use then. */
function read(line: string): Message {
  const told = JSON.parse(line) as Message;
  if (typeof told.method === "string") return told;
  const { id = null, error } = told;
  const isResult = typeof id === "number" && "result" in told && error === undefined;
  const isFailure = typeof error?.code === "number" && typeof error.message === "string" && !("result" in told);
  if (isResult || (isFailure && (id === null || typeof id === "number"))) return told;
  throw new TypeError();
}

/** So many wait at most, and what one more read of the socket brings. */
const mostWaiting = 64;

class UnixFeed implements Feed, Listener {
  private connection: Connection | undefined;
  private readonly waiting: Told[] = [];
  private failure: unknown;
  private wake: (() => void) | undefined;

  constructor(private readonly request: Request) {}

  begin(connection: Connection): void {
    this.connection = connection;
    connection.call(this.request).then(
      (value) => this.put({ isResult: true, value }),
      (error) => {
        this.failure = error;
        this.wake?.();
      },
    );
  }

  told(value: unknown): void {
    // Of a call that is being cancelled only the end is wanted.
    if (!this.request.signal.aborted) this.put({ isResult: false, value });
  }

  async receive(): Promise<Told> {
    if (this.request.signal.aborted) this.connection?.setReading(true);
    for (;;) {
      const told = this.waiting.shift();
      if (told) {
        if (this.waiting.length === 0) this.connection?.setReading(true);
        return told;
      }
      if (this.failure) throw this.failure;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  close(): void {
    this.connection?.end();
  }

  private put(told: Told): void {
    this.waiting.push(told);
    if (this.waiting.length >= mostWaiting) this.connection?.setReading(false);
    this.wake?.();
  }
}
