// Tries the client with a daemon. Arguments: its socket, a relay's socket that loses answers, its HTTP address.

import { CallError, Client, ConnectionError, HttpTransport, newIdempotencyKey, RpcdError, types, UnixTransport } from "../src/index.js";
import { allOddPeers } from "./oddPeers.js";

declare const process: { argv: string[] };

const [socket = "", relay = "", http = ""] = process.argv.slice(2);
const email = "typescript@example.org";
const password = "correct horse battery";

function check(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Error(`not so: ${what}`);
}

async function failure(call: () => Promise<unknown>): Promise<RpcdError> {
  try {
    await call();
  } catch (error) {
    check(error instanceof RpcdError, `${error} is an RpcdError`);
    return error;
  }
  throw new Error("it did not fail");
}

async function calls(client: Client): Promise<types.Workspace> {
  const { payload } = await client.system.ping({ payload: { a: [1, null, "é"] } });
  check(JSON.stringify(payload) === '{"a":[1,null,"é"]}', "a ping comes back");
  await client.auth.register({ email, password, name: "Ada" });
  const workspace = await client.workspaces.create({ name: "Acme", ownerEmail: email });
  const workspaceId = workspace.id;
  check((await client.workspaces.get({ workspaceId })).slug === workspace.slug, "a workspace is read");
  check((await client.members.list({ workspaceId })).items[0]?.role === "owner", "roles are told");
  await client.billing.addCredits({ workspaceId, amount: 100, type: "bonus" });
  return workspace;
}

async function errors(client: Client): Promise<void> {
  const error = await failure(() => client.workspaces.get({ workspaceId: "x" }, { requestId: "mine" }));
  check(error instanceof CallError && error.code === "VALIDATION_ERROR" && error.rpcCode === -32602, "the code");
  check((error.details as { fields: { path: string }[] }).fields[0]?.path === "workspaceId", "the details");
  check(error.requestId === "mine", "the requestId");
  const nowhere = new Client(new UnixTransport("/nowhere"), { attempts: 2 });
  const nobody = await failure(() => nowhere.system.ping());
  check(nobody instanceof ConnectionError && nobody.outcome === "not sent", "nobody listens there");
}

async function unreadable(client: Client): Promise<void> {
  const begin = Date.now();
  const error = await failure(() => client.system.ping({ payload: "\ud800" }));
  check(error instanceof CallError && error.rpcCode === -32700, "half of a surrogate pair");
  check(Date.now() - begin < 2000, "the daemon's word for it is taken at once");
}

async function idempotency(client: Client, workspaceId: string): Promise<void> {
  const options = { idempotencyKey: newIdempotencyKey() };
  const first = await client.billing.debit({ workspaceId, amount: 10 }, options);
  check((await client.billing.debit({ workspaceId, amount: 10 }, options)).id === first.id, "done once");
  const other = await failure(() => client.billing.debit({ workspaceId, amount: 11 }, options));
  check(other instanceof CallError && other.code === "IDEMPOTENCY_KEY_REUSED", "the key is for one call");
  check((await client.billing.get({ workspaceId })).creditBalance === 90, "paid once");
}

async function lostAnswers(workspaceId: string): Promise<void> {
  const client = new Client(new UnixTransport(relay));
  const requestId = (name: string) => `lose-typescript-${name}`;
  const error = await failure(() => client.billing.debit({ workspaceId, amount: 10 }, { requestId: requestId("bare") }));
  check(error instanceof ConnectionError && error.isOutcomeUnknown, "the outcome is unknown");
  check((await client.billing.get({ workspaceId })).creditBalance === 80, "it was done, and not repeated");
  await client.billing.debit({ workspaceId, amount: 10 }, { requestId: requestId("keyed"), idempotencyKey: newIdempotencyKey() });
  const { creditBalance } = await client.billing.get({ workspaceId }, { requestId: requestId("get") });
  check(creditBalance === 70, "what has a key, or changes nothing, is repeated");
  client.close();
  const keyed = new Client(new UnixTransport(relay), { makesIdempotencyKeys: true });
  await keyed.billing.debit({ workspaceId, amount: 10 }, { requestId: requestId("keys-are-made") });
  check((await keyed.billing.get({ workspaceId })).creditBalance === 60, "a key is made");
  keyed.close();
}

async function lists(client: Client, workspaceId: string): Promise<void> {
  const records = Array.from({ length: 250 }, (_, number) => ({ externalId: `p${number}`, fields: { name: `Person ${number}` } }));
  check((await client.records.bulkUpsert({ workspaceId, records })).inserted === 250, "records are kept");
  const page = await client.records.list({ workspaceId, limit: 10 });
  check(page.items.length === 10 && page.nextCursor !== null, "a page has its limit");
  const read = new Set<string>();
  for await (const record of client.records.listAll({ workspaceId })) read.add(record.externalId);
  check(read.size === 250, "all pages are read");
}

async function streams(client: Client, workspaceId: string): Promise<void> {
  const fields = [{ name: "email", providers: ["sim-steady"] }];
  const job = await client.jobs.create({ workspaceId, all: true, keys: "own", fields });
  const watch = client.jobs.watch({ workspaceId, jobId: job.id });
  for await (const update of watch) check(update.id === job.id, "progress is the job's");
  check((await watch.result()).status === "completed", "the job ends");
}

async function operatorStreams(client: Client, workspaceId: string): Promise<void> {
  const purchase = await client.billing.purchases.create({ workspaceId, amount: 5 });
  const watch = client.admin.purchases.watch();
  // Of other workspaces, too: the operator is told of all.
  let told = await watch.next();
  while (!told.done && told.value.id !== purchase.id) told = await watch.next();
  check(told.value?.workspaceId === workspaceId, "a purchase is told of");
  watch.cancel();
  check((await failure(() => watch.result())).isCancellation, "a stream can be cancelled");
  for await (const _ of client.admin.purchases.watch()) break;
  const exported = client.analytics.export({ workspaceId, dataset: "credits" });
  let text = "";
  for await (const part of exported) text += part.chunk;
  const result = await exported.result();
  check(result.bytes === new TextEncoder().encode(text).length && result.contentType.startsWith("text/csv"), "a document comes in parts");
}

async function cancellation(client: Client): Promise<void> {
  const stop = new AbortController();
  const call = failure(() => client.call("admin.purchases.watch", {}, { signal: stop.signal, timeoutMs: 60_000 }));
  await client.system.ping();
  stop.abort();
  check((await call).isCancellation, "a call can be cancelled");
  const again = await failure(() => client.system.ping({}, { signal: stop.signal }));
  const stream = failure(() => client.admin.purchases.watch({ signal: stop.signal }).result());
  check((await stream).isCancellation, "nor is a stream");
  check(again.isCancellation && !again.isOutcomeUnknown, "what is cancelled is not begun");
}

async function sideBySide(client: Client): Promise<void> {
  const answers = await Promise.all(Array.from({ length: 100 }, (_, number) => client.system.ping({ payload: number })));
  check(answers.every(({ payload }, number) => payload === number), "each call gets its own answer");
}

await allOddPeers();

const client = new Client(new UnixTransport(socket));
const { id: workspaceId } = await calls(client);
await errors(client);
await unreadable(client);
await idempotency(client, workspaceId);
await lostAnswers(workspaceId);
await lists(client, workspaceId);
await streams(client, workspaceId);
await operatorStreams(client, workspaceId);
await cancellation(client);
await sideBySide(client);

const web = new Client(new HttpTransport(`http://${http}`));
const anonymous = await failure(() => web.workspaces.list());
check(anonymous instanceof CallError && anonymous.code === "AUTHENTICATION_ERROR", "nobody is known by his uid");
web.token = (await web.auth.login({ email, password })).accessToken;
check((await web.auth.me()).memberships[0]?.workspaceId === workspaceId, "a token is shown");
const invalid = await failure(() => web.workspaces.get({ workspaceId: "x" }, { requestId: "mine" }));
check(invalid instanceof CallError && invalid.code === "VALIDATION_ERROR" && invalid.requestId === "mine", "the same errors");
let count = 0;
for await (const _ of web.records.listAll({ workspaceId })) count += 1;
check(count === 250, "the same lists");
await streams(web, workspaceId);
await sideBySide(web);
const exported = await failure(() => web.analytics.export({ workspaceId, dataset: "credits" }).result());
check(exported instanceof ConnectionError && exported.outcome === "not sent", "parts of a document go over the socket");
web.close();
console.log("the TypeScript client: ok");
export {};
