// The methods. Written by scripts/generate-clients from the OpenRPC document. Do not edit.

import { allItems, CallOptions, Operation, Page, Stream } from "./calls.js";
import type * as types from "./types.js";

const itemsAtOnce = 100;

/** What carries the calls out. */
export interface Caller {
  call<Result>(operation: Operation, params?: object, options?: CallOptions): Promise<Result>;
  stream<Progress, Result>(operation: Operation, params: object, options?: CallOptions): Stream<Progress, Result>;
}

/** All methods, by the first part of their names. */
export class Methods {
  admin!: AdminMethods;
  system!: SystemMethods;
  auth!: AuthMethods;
  session!: SessionMethods;
  workspaces!: WorkspacesMethods;
  members!: MembersMethods;
  invitations!: InvitationsMethods;
  apiKeys!: ApiKeysMethods;
  credentials!: CredentialsMethods;
  billing!: BillingMethods;
  records!: RecordsMethods;
  jobs!: JobsMethods;
  audit!: AuditMethods;
  providers!: ProvidersMethods;
  webhooks!: WebhooksMethods;
  analytics!: AnalyticsMethods;
  rpc!: RpcMethods;

  protected bind(caller: Caller): void {
    this.admin = new AdminMethods(caller);
    this.system = new SystemMethods(caller);
    this.auth = new AuthMethods(caller);
    this.session = new SessionMethods(caller);
    this.workspaces = new WorkspacesMethods(caller);
    this.members = new MembersMethods(caller);
    this.invitations = new InvitationsMethods(caller);
    this.apiKeys = new ApiKeysMethods(caller);
    this.credentials = new CredentialsMethods(caller);
    this.billing = new BillingMethods(caller);
    this.records = new RecordsMethods(caller);
    this.jobs = new JobsMethods(caller);
    this.audit = new AuditMethods(caller);
    this.providers = new ProvidersMethods(caller);
    this.webhooks = new WebhooksMethods(caller);
    this.analytics = new AnalyticsMethods(caller);
    this.rpc = new RpcMethods(caller);
  }
}

/** The methods `admin.ledger.…`. */
export class AdminLedgerMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Recomputes every account from its transactions, and compares holds, refunds, grants and idempotency keys
   * with them.
   *
   * For the operator of the host.
   * @param params.workspaceId The workspace.
   */
  verify(params: { workspaceId?: string | null | undefined } = {}, options?: CallOptions): Stream<types.WorkProgress, types.LedgerVerification> {
    return this.caller.stream({ method: "admin.ledger.verify", streams: true }, params, options);
  }
}

/** The methods `admin.purchases.…`. */
export class AdminPurchasesMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Tells of every purchase that waits, and of each that comes, as progress, until it is cancelled or its
   * time is over.
   *
   * For the operator of the host.
   */
  watch(options?: CallOptions): Stream<types.Purchase, void> {
    return this.caller.stream({ method: "admin.purchases.watch", streams: true }, {}, options);
  }
}

/** The methods `admin.audit.…`. */
export class AdminAuditMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Compares the trail with its seals: rows that were changed, removed, moved or put in are named.
   *
   * For the operator of the host.
   * @param params.workspaceId The workspace.
   * @param params.expect The end of the chain as it was told before, `NUMBER:SEAL`; the chain has to have it
   * still.
   */
  verify(params: { workspaceId?: string | null | undefined; expect?: string | null | undefined } = {}, options?: CallOptions): Stream<types.WorkProgress, types.AuditVerification> {
    return this.caller.stream({ method: "admin.audit.verify", streams: true }, params, options);
  }
}

/** The methods `admin.users.…`. */
export class AdminUsersMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Lists the accounts, oldest first.
   *
   * For the operator of the host.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   */
  list(params: { limit?: number | null | undefined; cursor?: string | null | undefined } = {}, options?: CallOptions): Promise<Page<types.AdministeredUser>> {
    return this.caller.call({ method: "admin.users.list" }, params, options);
  }

  /** All that `list` has, page by page. */
  listAll(options?: CallOptions): AsyncGenerator<types.AdministeredUser, void, undefined> {
    return allItems((cursor) => this.list({ limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }

  /**
   * Makes an account, or finds the one of that address, which stays as it is. Without a password a token sets
   * one within a day, through `auth.resetPassword`.
   *
   * For the operator of the host.
   * @param params.email The address.
   * @param params.name What others see; of an account that is there already, the name stays.
   * @param params.password 12 characters at least.
   */
  create(params: { email: string; name: string; password?: string | null | undefined }, options?: CallOptions): Promise<types.AccountMade> {
    return this.caller.call({ method: "admin.users.create", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Shuts an account out: its logins, and the API keys that it made, are refused on their next call.
   *
   * For the operator of the host.
   * @param params.userId The account.
   */
  disable(params: { userId: string }, options?: CallOptions): Promise<types.AdministeredUser> {
    return this.caller.call({ method: "admin.users.disable", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Lets an account in again; its logins and API keys work as before.
   *
   * For the operator of the host.
   * @param params.userId The account.
   */
  enable(params: { userId: string }, options?: CallOptions): Promise<types.AdministeredUser> {
    return this.caller.call({ method: "admin.users.enable", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Ends every login of an account.
   *
   * For the operator of the host.
   * @param params.userId The account.
   */
  revokeSessions(params: { userId: string }, options?: CallOptions): Promise<types.AdministeredUser> {
    return this.caller.call({ method: "admin.users.revokeSessions", mutates: true, idempotent: true }, params, options);
  }
}

/** The methods `admin.circuits.…`. */
export class AdminCircuitsMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Lists the circuits that ever opened or were forced: which providers are left alone, with which keys.
   *
   * For the operator of the host.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   */
  list(params: { limit?: number | null | undefined; cursor?: string | null | undefined } = {}, options?: CallOptions): Promise<Page<types.Circuit>> {
    return this.caller.call({ method: "admin.circuits.list" }, params, options);
  }

  /** All that `list` has, page by page. */
  listAll(options?: CallOptions): AsyncGenerator<types.Circuit, void, undefined> {
    return allItems((cursor) => this.list({ limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }

  /**
   * Keeps a circuit open or closed, or lets it go by what happens again, closed to begin with. Every daemon
   * follows within seconds.
   *
   * For the operator of the host.
   * @param params.provider Which provider, as hunter.
   * @param params.credential `platform`, which is meant where nothing is said, or the id of a credential.
   * @param params.state What it has to be.
   */
  force(params: { provider: string; credential?: string | null | undefined; state: types.CircuitForced }, options?: CallOptions): Promise<types.Circuit> {
    return this.caller.call({ method: "admin.circuits.force", mutates: true, idempotent: true }, params, options);
  }
}

/** The methods `admin.analytics.…`. */
export class AdminAnalyticsMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Compares the store of analytics with the database, for each workspace and day.
   *
   * For the operator of the host.
   * @param params.workspaceId The workspace.
   */
  verify(params: { workspaceId?: string | null | undefined } = {}, options?: CallOptions): Stream<types.WorkProgress, types.AnalyticsVerification> {
    return this.caller.stream({ method: "admin.analytics.verify", streams: true }, params, options);
  }

  /**
   * Has everything read anew and sent to the store of analytics, beside all that goes on.
   *
   * For the operator of the host.
   */
  rebuild(options?: CallOptions): Stream<types.WorkProgress, types.Rebuilt> {
    return this.caller.stream({ method: "admin.analytics.rebuild", mutates: true, streams: true }, {}, options);
  }
}

/** The methods `admin.deadLetters.…`. */
export class AdminDeadLettersMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Lists what the store of analytics has refused for good.
   *
   * For the operator of the host.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   */
  list(params: { limit?: number | null | undefined; cursor?: string | null | undefined } = {}, options?: CallOptions): Promise<Page<types.DeadLetter>> {
    return this.caller.call({ method: "admin.deadLetters.list" }, params, options);
  }

  /** All that `list` has, page by page. */
  listAll(options?: CallOptions): AsyncGenerator<types.DeadLetter, void, undefined> {
    return allItems((cursor) => this.list({ limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }

  /**
   * Has what was refused sent again.
   *
   * For the operator of the host.
   * @param params.ids Which; the thousand oldest when left out.
   */
  replay(params: { ids?: string[] | null | undefined } = {}, options?: CallOptions): Promise<types.Replayed> {
    return this.caller.call({ method: "admin.deadLetters.replay", mutates: true, idempotent: true }, params, options);
  }
}

/** The methods `admin.…`. */
export class AdminMethods {
  readonly ledger: AdminLedgerMethods;
  readonly purchases: AdminPurchasesMethods;
  readonly audit: AdminAuditMethods;
  readonly users: AdminUsersMethods;
  readonly circuits: AdminCircuitsMethods;
  readonly analytics: AdminAnalyticsMethods;
  readonly deadLetters: AdminDeadLettersMethods;

  constructor(private readonly caller: Caller) {
    this.ledger = new AdminLedgerMethods(caller);
    this.purchases = new AdminPurchasesMethods(caller);
    this.audit = new AdminAuditMethods(caller);
    this.users = new AdminUsersMethods(caller);
    this.circuits = new AdminCircuitsMethods(caller);
    this.analytics = new AdminAnalyticsMethods(caller);
    this.deadLetters = new AdminDeadLettersMethods(caller);
  }

  /**
   * Holds calls while the database is switched over: what has begun ends, what comes waits, no connection to
   * the database is left open.
   *
   * For the operator of the host.
   * @param params.seconds How long at most. Default 20.
   */
  pause(params: { seconds?: number | null | undefined } = {}, options?: CallOptions): Promise<types.Pause> {
    return this.caller.call({ method: "admin.pause" }, params, options);
  }

  /**
   * Lets calls go on, with new connections to the database.
   *
   * For the operator of the host.
   */
  resume(options?: CallOptions): Promise<types.Resumption> {
    return this.caller.call({ method: "admin.resume" }, {}, options);
  }
}

/** The methods `system.…`. */
export class SystemMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Answers at once with what it was given.
   *
   * For everybody.
   * @param params.payload Comes back unchanged.
   */
  ping(params: { payload?: unknown } = {}, options?: CallOptions): Promise<types.Pong> {
    return this.caller.call({ method: "system.ping" }, params, options);
  }

  /**
   * Tells that the daemon is alive; asks nothing of the database.
   *
   * For everybody.
   */
  health(options?: CallOptions): Promise<types.Health> {
    return this.caller.call({ method: "system.health" }, {}, options);
  }

  /**
   * Tells whether calls can be served: it asks the database.
   *
   * For everybody.
   */
  ready(options?: CallOptions): Promise<types.Readiness> {
    return this.caller.call({ method: "system.ready" }, {}, options);
  }

  /**
   * Tells which daemon this is.
   *
   * For everybody.
   */
  version(options?: CallOptions): Promise<types.Version> {
    return this.caller.call({ method: "system.version" }, {}, options);
  }

  /**
   * Lists every limit in force.
   *
   * For everybody.
   */
  limits(options?: CallOptions): Promise<types.Limits> {
    return this.caller.call({ method: "system.limits" }, {}, options);
  }

  /**
   * Counts, durations and states, as Prometheus reads them.
   *
   * For the operator of the host.
   * @param params.format How they are written: as Prometheus has always read them, or by OpenMetrics 1.0.
   * Default prometheus.
   */
  metrics(params: { format?: types.SystemMetricsFormat | null | undefined } = {}, options?: CallOptions): Promise<types.SystemMetricsResult> {
    return this.caller.call({ method: "system.metrics" }, params, options);
  }
}

/** The methods `auth.sessions.…`. */
export class AuthSessionsMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Lists the caller's logins that are in force, newest first.
   *
   * For everybody who has logged in; not for API keys.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   */
  list(params: { limit?: number | null | undefined; cursor?: string | null | undefined } = {}, options?: CallOptions): Promise<Page<types.Session>> {
    return this.caller.call({ method: "auth.sessions.list" }, params, options);
  }

  /** All that `list` has, page by page. */
  listAll(options?: CallOptions): AsyncGenerator<types.Session, void, undefined> {
    return allItems((cursor) => this.list({ limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }

  /**
   * Ends one of the caller's logins; its next call is refused.
   *
   * For everybody who has logged in; not for API keys.
   * @param params.sessionId The login.
   */
  revoke(params: { sessionId: string }, options?: CallOptions): Promise<void> {
    return this.caller.call({ method: "auth.sessions.revoke", mutates: true, idempotent: true }, params, options);
  }
}

/** The methods `auth.…`. */
export class AuthMethods {
  readonly sessions: AuthSessionsMethods;

  constructor(private readonly caller: Caller) {
    this.sessions = new AuthSessionsMethods(caller);
  }

  /**
   * Makes an account.
   *
   * For everybody.
   * @param params.email The address; nobody else may have it.
   * @param params.password 12 characters at least.
   * @param params.name What others see.
   */
  register(params: { email: string; password: string; name: string }, options?: CallOptions): Promise<types.User> {
    return this.caller.call({ method: "auth.register", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Gives an access token and a refresh token for an email and a password.
   *
   * For everybody.
   * @param params.email The address.
   * @param params.password The password.
   */
  login(params: { email: string; password: string }, options?: CallOptions): Promise<types.Login> {
    return this.caller.call({ method: "auth.login", mutates: true }, params, options);
  }

  /**
   * Gives new tokens for a refresh token, which dies.
   *
   * For everybody.
   * @param params.refreshToken From `auth.login` or `auth.refresh`.
   */
  refresh(params: { refreshToken: string }, options?: CallOptions): Promise<types.Login> {
    return this.caller.call({ method: "auth.refresh", mutates: true }, params, options);
  }

  /**
   * Ends the session of a refresh token.
   *
   * For everybody.
   * @param params.refreshToken From `auth.login` or `auth.refresh`.
   */
  logout(params: { refreshToken: string }, options?: CallOptions): Promise<void> {
    return this.caller.call({ method: "auth.logout", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Sets a new password and ends every session.
   *
   * For everybody who has logged in; not for API keys.
   * @param params.currentPassword The password until now.
   * @param params.newPassword 12 characters at least.
   */
  changePassword(params: { currentPassword: string; newPassword: string }, options?: CallOptions): Promise<void> {
    return this.caller.call({ method: "auth.changePassword", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Confirms an address with the token of the mail that was sent to it.
   *
   * For everybody.
   * @param params.token From the mail.
   */
  verifyEmail(params: { token: string }, options?: CallOptions): Promise<void> {
    return this.caller.call({ method: "auth.verifyEmail", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Sends a mail with which a new password can be set. The answer is the same when there is no such account.
   *
   * For everybody.
   * @param params.email Of the account.
   */
  requestPasswordReset(params: { email: string }, options?: CallOptions): Promise<void> {
    return this.caller.call({ method: "auth.requestPasswordReset", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Sets a new password with the token of a mail, and ends every session.
   *
   * For everybody.
   * @param params.token From the mail.
   * @param params.newPassword 12 characters at least.
   */
  resetPassword(params: { token: string; newPassword: string }, options?: CallOptions): Promise<void> {
    return this.caller.call({ method: "auth.resetPassword", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Tells who is calling, and where he is a member.
   *
   * For everybody who has logged in, and for API keys.
   */
  me(options?: CallOptions): Promise<types.Me> {
    return this.caller.call({ method: "auth.me" }, {}, options);
  }

  /**
   * The public keys that access tokens are signed with, as a JWK set.
   *
   * For everybody.
   */
  jwks(options?: CallOptions): Promise<{ [name: string]: unknown }> {
    return this.caller.call({ method: "auth.jwks" }, {}, options);
  }
}

/** The methods `session.…`. */
export class SessionMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Binds a token to this connection: later calls that bring none are made with it. Not over HTTP.
   *
   * For everybody.
   * @param params.token An access token, or an API key.
   */
  authenticate(params: { token: string }, options?: CallOptions): Promise<types.Me> {
    return this.caller.call({ method: "session.authenticate" }, params, options);
  }
}

/** The methods `workspaces.…`. */
export class WorkspacesMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Makes a workspace; its maker becomes its owner.
   *
   * For everybody who has logged in; not for API keys.
   * @param params.name What people call it.
   * @param params.slug For URLs: lower-case letters, digits and hyphens. Made from the name when it is left
   * out.
   * @param params.ownerEmail Who is to own it. The operator has to say, others may not.
   */
  create(params: { name: string; slug?: string | null | undefined; ownerEmail?: string | null | undefined }, options?: CallOptions): Promise<types.Workspace> {
    return this.caller.call({ method: "workspaces.create", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Lists the caller's workspaces, oldest first.
   *
   * For everybody who has logged in; not for API keys.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   */
  list(params: { limit?: number | null | undefined; cursor?: string | null | undefined } = {}, options?: CallOptions): Promise<Page<types.Workspace>> {
    return this.caller.call({ method: "workspaces.list" }, params, options);
  }

  /** All that `list` has, page by page. */
  listAll(options?: CallOptions): AsyncGenerator<types.Workspace, void, undefined> {
    return allItems((cursor) => this.list({ limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }

  /**
   * Gives one workspace.
   *
   * For members of the workspace, from the role viewer up.
   * @param params.workspaceId The workspace.
   */
  get(params: { workspaceId: string }, options?: CallOptions): Promise<types.Workspace> {
    return this.caller.call({ method: "workspaces.get" }, params, options);
  }

  /**
   * Changes what is given and leaves the rest.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.name What people call it.
   * @param params.slug For URLs: lower-case letters, digits and hyphens. Made from the name when it is left
   * out.
   * @param params.settings Replaces the settings.
   * @param params.ifVersion Refuse when it has another `version` by now.
   */
  update(params: { workspaceId: string; name?: string | null | undefined; slug?: string | null | undefined; settings?: { [name: string]: unknown } | null | undefined; ifVersion?: number | null | undefined }, options?: CallOptions): Promise<types.Workspace> {
    return this.caller.call({ method: "workspaces.update", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Deletes a workspace and everything in it.
   *
   * For members of the workspace, from the role owner up.
   * @param params.workspaceId The workspace.
   */
  delete(params: { workspaceId: string }, options?: CallOptions): Promise<void> {
    return this.caller.call({ method: "workspaces.delete", mutates: true, idempotent: true }, params, options);
  }
}

/** The methods `members.…`. */
export class MembersMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Lists the members of a workspace, oldest first.
   *
   * For members of the workspace, from the role viewer up.
   * @param params.workspaceId The workspace.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   */
  list(params: { workspaceId: string; limit?: number | null | undefined; cursor?: string | null | undefined }, options?: CallOptions): Promise<Page<types.Member>> {
    return this.caller.call({ method: "members.list" }, params, options);
  }

  /** All that `list` has, page by page. */
  listAll(params: { workspaceId: string }, options?: CallOptions): AsyncGenerator<types.Member, void, undefined> {
    return allItems((cursor) => this.list({ ...params, limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }

  /**
   * Takes in somebody who has an account and has confirmed his address; others get an invitation.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.email Of his account.
   * @param params.role Not above the caller's own.
   */
  add(params: { workspaceId: string; email: string; role: types.Role }, options?: CallOptions): Promise<types.Member> {
    return this.caller.call({ method: "members.add", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Gives a member another role; the last owner stays one.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.userId The member.
   * @param params.role Not above the caller's own.
   * @param params.ifVersion Refuse when it has another `version` by now.
   */
  setRole(params: { workspaceId: string; userId: string; role: types.Role; ifVersion?: number | null | undefined }, options?: CallOptions): Promise<types.Member> {
    return this.caller.call({ method: "members.setRole", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Takes a member out; the last owner stays.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.userId The member.
   */
  remove(params: { workspaceId: string; userId: string }, options?: CallOptions): Promise<void> {
    return this.caller.call({ method: "members.remove", mutates: true, idempotent: true }, params, options);
  }
}

/** The methods `invitations.…`. */
export class InvitationsMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Invites an address. The token is in this answer and nowhere else; an earlier one for the same address
   * ends.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.email Whose account it has to be.
   * @param params.role Not above the caller's own.
   */
  create(params: { workspaceId: string; email: string; role: types.Role }, options?: CallOptions): Promise<types.NewInvitation> {
    return this.caller.call({ method: "invitations.create", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Lists the invitations that can still be accepted, oldest first.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   */
  list(params: { workspaceId: string; limit?: number | null | undefined; cursor?: string | null | undefined }, options?: CallOptions): Promise<Page<types.Invitation>> {
    return this.caller.call({ method: "invitations.list" }, params, options);
  }

  /** All that `list` has, page by page. */
  listAll(params: { workspaceId: string }, options?: CallOptions): AsyncGenerator<types.Invitation, void, undefined> {
    return allItems((cursor) => this.list({ ...params, limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }

  /**
   * Takes an invitation back.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.invitationId The invitation.
   */
  revoke(params: { workspaceId: string; invitationId: string }, options?: CallOptions): Promise<void> {
    return this.caller.call({ method: "invitations.revoke", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Makes the caller a member, when the invitation is for his address.
   *
   * For everybody who has logged in; not for API keys.
   * @param params.token From the invitation.
   */
  accept(params: { token: string }, options?: CallOptions): Promise<types.Membership> {
    return this.caller.call({ method: "invitations.accept", mutates: true, idempotent: true }, params, options);
  }
}

/** The methods `apiKeys.…`. */
export class ApiKeysMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Makes an API key. Its secret is in this answer and nowhere else.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.name What it is for.
   * @param params.role Not above the caller's own.
   * @param params.expiresAt When it ends by itself; never when left out.
   */
  create(params: { workspaceId: string; name: string; role: types.Role; expiresAt?: string | null | undefined }, options?: CallOptions): Promise<types.NewApiKey> {
    return this.caller.call({ method: "apiKeys.create", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Lists the API keys that are in force, oldest first.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   */
  list(params: { workspaceId: string; limit?: number | null | undefined; cursor?: string | null | undefined }, options?: CallOptions): Promise<Page<types.ApiKey>> {
    return this.caller.call({ method: "apiKeys.list" }, params, options);
  }

  /** All that `list` has, page by page. */
  listAll(params: { workspaceId: string }, options?: CallOptions): AsyncGenerator<types.ApiKey, void, undefined> {
    return allItems((cursor) => this.list({ ...params, limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }

  /**
   * Ends an API key; its next call is refused.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.apiKeyId The key.
   */
  revoke(params: { workspaceId: string; apiKeyId: string }, options?: CallOptions): Promise<void> {
    return this.caller.call({ method: "apiKeys.revoke", mutates: true, idempotent: true }, params, options);
  }
}

/** The methods `credentials.…`. */
export class CredentialsMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Stores a provider's key, encrypted.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.provider Which provider, as hunter.
   * @param params.label To tell several apart.
   * @param params.key The provider's key.
   * @param params.secret Where the provider has two parts.
   */
  create(params: { workspaceId: string; provider: string; label?: string | null | undefined; key: string; secret?: string | null | undefined }, options?: CallOptions): Promise<types.Credential> {
    return this.caller.call({ method: "credentials.create", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Lists the credentials of a workspace, oldest first.
   *
   * For members of the workspace, from the role viewer up.
   * @param params.workspaceId The workspace.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   */
  list(params: { workspaceId: string; limit?: number | null | undefined; cursor?: string | null | undefined }, options?: CallOptions): Promise<Page<types.Credential>> {
    return this.caller.call({ method: "credentials.list" }, params, options);
  }

  /** All that `list` has, page by page. */
  listAll(params: { workspaceId: string }, options?: CallOptions): AsyncGenerator<types.Credential, void, undefined> {
    return allItems((cursor) => this.list({ ...params, limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }

  /**
   * Gives one credential, masked.
   *
   * For members of the workspace, from the role viewer up.
   * @param params.workspaceId The workspace.
   * @param params.credentialId The credential.
   */
  get(params: { workspaceId: string; credentialId: string }, options?: CallOptions): Promise<types.Credential> {
    return this.caller.call({ method: "credentials.get" }, params, options);
  }

  /**
   * Changes what is given and leaves the rest.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.credentialId The credential.
   * @param params.label To tell several apart.
   * @param params.key The provider's key.
   * @param params.secret Where the provider has two parts.
   * @param params.ifVersion Refuse when it has another `version` by now.
   */
  update(params: { workspaceId: string; credentialId: string; label?: string | null | undefined; key?: string | null | undefined; secret?: string | null | undefined; ifVersion?: number | null | undefined }, options?: CallOptions): Promise<types.Credential> {
    return this.caller.call({ method: "credentials.update", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Deletes a credential.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.credentialId The credential.
   */
  delete(params: { workspaceId: string; credentialId: string }, options?: CallOptions): Promise<void> {
    return this.caller.call({ method: "credentials.delete", mutates: true, idempotent: true }, params, options);
  }
}

/** The methods `billing.holds.…`. */
export class BillingHoldsMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Sets credits aside for something that may or may not be spent.
   *
   * For members of the workspace, from the role member up.
   * @param params.workspaceId The workspace.
   * @param params.amount Credits.
   * @param params.expiresIn Seconds until the rest goes back by itself. Default 3600.
   * @param params.referenceId The caller's own; the same one twice is a conflict.
   */
  create(params: { workspaceId: string; amount: number; expiresIn?: number | null | undefined; referenceId?: string | null | undefined }, options?: CallOptions): Promise<types.Hold> {
    return this.caller.call({ method: "billing.holds.create", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Spends of what is set aside, in one part or several.
   *
   * For members of the workspace, from the role member up.
   * @param params.workspaceId The workspace.
   * @param params.holdId The hold.
   * @param params.amount Credits.
   */
  capture(params: { workspaceId: string; holdId: string; amount: number }, options?: CallOptions): Promise<types.Hold> {
    return this.caller.call({ method: "billing.holds.capture", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Gives back what is still set aside.
   *
   * For members of the workspace, from the role member up.
   * @param params.workspaceId The workspace.
   * @param params.holdId The hold.
   */
  release(params: { workspaceId: string; holdId: string }, options?: CallOptions): Promise<types.Hold> {
    return this.caller.call({ method: "billing.holds.release", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Lists the holds of a workspace, oldest first.
   *
   * For members of the workspace, from the role member up.
   * @param params.workspaceId The workspace.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   */
  list(params: { workspaceId: string; limit?: number | null | undefined; cursor?: string | null | undefined }, options?: CallOptions): Promise<Page<types.Hold>> {
    return this.caller.call({ method: "billing.holds.list" }, params, options);
  }

  /** All that `list` has, page by page. */
  listAll(params: { workspaceId: string }, options?: CallOptions): AsyncGenerator<types.Hold, void, undefined> {
    return allItems((cursor) => this.list({ ...params, limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }
}

/** The methods `billing.purchases.…`. */
export class BillingPurchasesMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Asks for credits, which are there when the payment is settled.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.amount Credits.
   */
  create(params: { workspaceId: string; amount: number }, options?: CallOptions): Promise<types.Purchase> {
    return this.caller.call({ method: "billing.purchases.create", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Lists the purchases of a workspace, oldest first.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.status Only these.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   */
  list(params: { workspaceId: string; status?: types.BillingPurchasesListStatus | null | undefined; limit?: number | null | undefined; cursor?: string | null | undefined }, options?: CallOptions): Promise<Page<types.Purchase>> {
    return this.caller.call({ method: "billing.purchases.list" }, params, options);
  }

  /** All that `list` has, page by page. */
  listAll(params: { workspaceId: string; status?: types.BillingPurchasesListStatus | null | undefined }, options?: CallOptions): AsyncGenerator<types.Purchase, void, undefined> {
    return allItems((cursor) => this.list({ ...params, limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }

  /**
   * Tells how a payment went; settled adds the credits, once. For the host's payment service.
   *
   * For the operator of the host.
   * @param params.purchaseId The purchase.
   * @param params.outcome How the payment went.
   * @param params.referenceId The payment's own.
   */
  settle(params: { purchaseId: string; outcome: types.BillingPurchasesSettleOutcome; referenceId: string }, options?: CallOptions): Promise<types.Purchase> {
    return this.caller.call({ method: "billing.purchases.settle", mutates: true, idempotent: true }, params, options);
  }
}

/** The methods `billing.…`. */
export class BillingMethods {
  readonly holds: BillingHoldsMethods;
  readonly purchases: BillingPurchasesMethods;

  constructor(private readonly caller: Caller) {
    this.holds = new BillingHoldsMethods(caller);
    this.purchases = new BillingPurchasesMethods(caller);
  }

  /**
   * Tells what a workspace has, what is set aside, and what expires when.
   *
   * For members of the workspace, from the role viewer up.
   * @param params.workspaceId The workspace.
   */
  get(params: { workspaceId: string }, options?: CallOptions): Promise<types.Billing> {
    return this.caller.call({ method: "billing.get" }, params, options);
  }

  /**
   * Gives credits to a workspace. Nobody else mints any.
   *
   * For the operator of the host.
   * @param params.workspaceId The workspace.
   * @param params.amount Credits.
   * @param params.type What they are.
   * @param params.expiresAt When what is left of them is gone; never when left out.
   * @param params.description Why.
   * @param params.referenceId The caller's own; the same one twice is a conflict.
   */
  addCredits(params: { workspaceId: string; amount: number; type: types.BillingAddCreditsType; expiresAt?: string | null | undefined; description?: string | null | undefined; referenceId?: string | null | undefined }, options?: CallOptions): Promise<types.Transaction> {
    return this.caller.call({ method: "billing.addCredits", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Spends credits; what expires first is spent first.
   *
   * For members of the workspace, from the role member up.
   * @param params.workspaceId The workspace.
   * @param params.amount Credits.
   * @param params.description Why.
   * @param params.referenceId The caller's own; the same one twice is a conflict.
   */
  debit(params: { workspaceId: string; amount: number; description?: string | null | undefined; referenceId?: string | null | undefined }, options?: CallOptions): Promise<types.Transaction> {
    return this.caller.call({ method: "billing.debit", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Gives back what a debit or capture took, in whole or in part, never more.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.transactionId The debit or capture.
   * @param params.amount Credits.
   * @param params.description Why.
   */
  refund(params: { workspaceId: string; transactionId: string; amount?: number | null | undefined; description?: string | null | undefined }, options?: CallOptions): Promise<types.Transaction> {
    return this.caller.call({ method: "billing.refund", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Lists the changes of the account, newest first.
   *
   * For members of the workspace, from the role viewer up.
   * @param params.workspaceId The workspace.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   * @param params.type Only these.
   */
  transactions(params: { workspaceId: string; limit?: number | null | undefined; cursor?: string | null | undefined; type?: types.BillingTransactionsType | null | undefined }, options?: CallOptions): Promise<Page<types.Transaction>> {
    return this.caller.call({ method: "billing.transactions" }, params, options);
  }

  /** All that `transactions` has, page by page. */
  transactionsAll(params: { workspaceId: string; type?: types.BillingTransactionsType | null | undefined }, options?: CallOptions): AsyncGenerator<types.Transaction, void, undefined> {
    return allItems((cursor) => this.transactions({ ...params, limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }

  /**
   * Has a purchase made by itself when less than the threshold is available, one at a time.
   *
   * For members of the workspace, from the role owner up.
   * @param params.workspaceId The workspace.
   * @param params.enabled Whether.
   * @param params.threshold Credits.
   * @param params.amount Credits.
   */
  setAutoRecharge(params: { workspaceId: string; enabled: boolean; threshold: number; amount: number }, options?: CallOptions): Promise<types.AutoRecharge> {
    return this.caller.call({ method: "billing.setAutoRecharge", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Sets when to be told that credits run out: an event `credits.low` whenever less than one of these becomes
   * available.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.thresholds Credits, in any order.
   */
  setLowBalanceThresholds(params: { workspaceId: string; thresholds: number[] }, options?: CallOptions): Promise<types.LowBalanceThresholds> {
    return this.caller.call({ method: "billing.setLowBalanceThresholds", mutates: true, idempotent: true }, params, options);
  }
}

/** The methods `records.…`. */
export class RecordsMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Adds records, and changes those that are there already: all of them, or none.
   *
   * For members of the workspace, from the role member up.
   * @param params.workspaceId The workspace.
   * @param params.records Each `{externalId, fields}`. Fields are merged into those that are there, null
   * removes one. No `externalId` twice.
   * @param params.replace Whether fields that are not given are removed. Else they stay. Default false.
   */
  bulkUpsert(params: { workspaceId: string; records: types.NewRecord[]; replace?: boolean | null | undefined }, options?: CallOptions): Promise<types.UpsertCounts> {
    return this.caller.call({ method: "records.bulkUpsert", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Lists records, oldest first.
   *
   * For members of the workspace, from the role viewer up.
   * @param params.workspaceId The workspace.
   * @param params.filter Only records with these values, of at most 5 fields, as `{"city":"London"}`.
   * @param params.externalId Only the one of this name.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   */
  list(params: { workspaceId: string; filter?: { [name: string]: unknown } | null | undefined; externalId?: string | null | undefined; limit?: number | null | undefined; cursor?: string | null | undefined }, options?: CallOptions): Promise<Page<types.Record>> {
    return this.caller.call({ method: "records.list" }, params, options);
  }

  /** All that `list` has, page by page. */
  listAll(params: { workspaceId: string; filter?: { [name: string]: unknown } | null | undefined; externalId?: string | null | undefined }, options?: CallOptions): AsyncGenerator<types.Record, void, undefined> {
    return allItems((cursor) => this.list({ ...params, limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }

  /**
   * Gives one record.
   *
   * For members of the workspace, from the role viewer up.
   * @param params.workspaceId The workspace.
   * @param params.recordId The record.
   */
  get(params: { workspaceId: string; recordId: string }, options?: CallOptions): Promise<types.Record> {
    return this.caller.call({ method: "records.get" }, params, options);
  }

  /**
   * Deletes a record.
   *
   * For members of the workspace, from the role member up.
   * @param params.workspaceId The workspace.
   * @param params.recordId The record.
   */
  delete(params: { workspaceId: string; recordId: string }, options?: CallOptions): Promise<void> {
    return this.caller.call({ method: "records.delete", mutates: true, idempotent: true }, params, options);
  }
}

/** The methods `jobs.…`. */
export class JobsMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Asks providers for fields of records, sets aside what that costs at most, and begins.
   *
   * For members of the workspace, from the role member up.
   * @param params.workspaceId The workspace.
   * @param params.records Each `{externalId, fields}`. Fields are merged into those that are there, null
   * removes one. No `externalId` twice.
   * @param params.recordIds Which records.
   * @param params.all All records of the workspace.
   * @param params.fields What to ask for, and whom.
   * @param params.keys Whose keys to ask with: the workspace's own, the platform's, or the own where there is
   * one. Default auto.
   * @param params.maxCredits What it may cost.
   * @param params.refresh Ask anew what is known from before. Default false.
   * @param params.dryRun Only tell what it would be. Default false.
   * @param params.priority Among the jobs of this workspace. Default 0.
   */
  create(params: { workspaceId: string; records?: types.NewRecord[] | null | undefined; recordIds?: string[] | null | undefined; all?: boolean | null | undefined; fields: types.JobFieldInput[]; keys?: types.JobKeys | null | undefined; maxCredits?: number | null | undefined; refresh?: boolean | null | undefined; dryRun?: boolean | null | undefined; priority?: number | null | undefined }, options?: CallOptions): Promise<types.Job> {
    return this.caller.call({ method: "jobs.create", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Lists jobs, the newest first.
   *
   * For members of the workspace, from the role viewer up.
   * @param params.workspaceId The workspace.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   * @param params.status Only these.
   */
  list(params: { workspaceId: string; limit?: number | null | undefined; cursor?: string | null | undefined; status?: types.JobStatus | null | undefined }, options?: CallOptions): Promise<Page<types.Job>> {
    return this.caller.call({ method: "jobs.list" }, params, options);
  }

  /** All that `list` has, page by page. */
  listAll(params: { workspaceId: string; status?: types.JobStatus | null | undefined }, options?: CallOptions): AsyncGenerator<types.Job, void, undefined> {
    return allItems((cursor) => this.list({ ...params, limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }

  /**
   * Tells how far a job is.
   *
   * For members of the workspace, from the role viewer up.
   * @param params.workspaceId The workspace.
   * @param params.jobId The job.
   */
  get(params: { workspaceId: string; jobId: string }, options?: CallOptions): Promise<types.Job> {
    return this.caller.call({ method: "jobs.get" }, params, options);
  }

  /**
   * Tells what came of each field of each record, in the order of the job.
   *
   * For members of the workspace, from the role viewer up.
   * @param params.workspaceId The workspace.
   * @param params.jobId The job.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   */
  results(params: { workspaceId: string; jobId: string; limit?: number | null | undefined; cursor?: string | null | undefined }, options?: CallOptions): Promise<Page<types.JobResult>> {
    return this.caller.call({ method: "jobs.results" }, params, options);
  }

  /** All that `results` has, page by page. */
  resultsAll(params: { workspaceId: string; jobId: string }, options?: CallOptions): AsyncGenerator<types.JobResult, void, undefined> {
    return allItems((cursor) => this.results({ ...params, limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }

  /**
   * Tells how far a job is, as progress, until it has ended; then the job.
   *
   * For members of the workspace, from the role viewer up.
   * @param params.workspaceId The workspace.
   * @param params.jobId The job.
   */
  watch(params: { workspaceId: string; jobId: string }, options?: CallOptions): Stream<types.Job, types.Job> {
    return this.caller.stream({ method: "jobs.watch", events: "/workspaces/{workspaceId}/jobs/{jobId}/events", streams: true }, params, options);
  }

  /**
   * Ends a job; what is under way is settled, the rest of what it had set aside goes back.
   *
   * For members of the workspace, from the role member up.
   * @param params.workspaceId The workspace.
   * @param params.jobId The job.
   */
  cancel(params: { workspaceId: string; jobId: string }, options?: CallOptions): Promise<types.Job> {
    return this.caller.call({ method: "jobs.cancel", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Takes up no more tasks of a job until it is resumed.
   *
   * For members of the workspace, from the role member up.
   * @param params.workspaceId The workspace.
   * @param params.jobId The job.
   */
  pause(params: { workspaceId: string; jobId: string }, options?: CallOptions): Promise<types.Job> {
    return this.caller.call({ method: "jobs.pause", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Goes on with a job that was paused.
   *
   * For members of the workspace, from the role member up.
   * @param params.workspaceId The workspace.
   * @param params.jobId The job.
   */
  resume(params: { workspaceId: string; jobId: string }, options?: CallOptions): Promise<types.Job> {
    return this.caller.call({ method: "jobs.resume", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Asks again for what has failed.
   *
   * For members of the workspace, from the role member up.
   * @param params.workspaceId The workspace.
   * @param params.jobId The job.
   */
  retry(params: { workspaceId: string; jobId: string }, options?: CallOptions): Promise<types.Job> {
    return this.caller.call({ method: "jobs.retry", mutates: true, idempotent: true }, params, options);
  }
}

/** The methods `audit.…`. */
export class AuditMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Lists what was done in a workspace, and what was refused, newest first.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   * @param params.action Only this method, as `members.add`.
   */
  list(params: { workspaceId: string; limit?: number | null | undefined; cursor?: string | null | undefined; action?: string | null | undefined }, options?: CallOptions): Promise<Page<types.AuditEntry>> {
    return this.caller.call({ method: "audit.list" }, params, options);
  }

  /** All that `list` has, page by page. */
  listAll(params: { workspaceId: string; action?: string | null | undefined }, options?: CallOptions): AsyncGenerator<types.AuditEntry, void, undefined> {
    return allItems((cursor) => this.list({ ...params, limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }

  /**
   * Finds where a secret or an email was given, and what was done with an API key.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.secret The secret, or the email. It is hashed, and kept nowhere.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   */
  search(params: { workspaceId: string; secret: string; limit?: number | null | undefined; cursor?: string | null | undefined }, options?: CallOptions): Promise<Page<types.AuditEntry>> {
    return this.caller.call({ method: "audit.search" }, params, options);
  }

  /** All that `search` has, page by page. */
  searchAll(params: { workspaceId: string; secret: string }, options?: CallOptions): AsyncGenerator<types.AuditEntry, void, undefined> {
    return allItems((cursor) => this.search({ ...params, limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }
}

/** The methods `providers.…`. */
export class ProvidersMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Lists the providers by their slugs.
   *
   * For everybody who has logged in, and for API keys.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   * @param params.workspaceId To its members `ownCircuit` is of its newest credential.
   */
  list(params: { limit?: number | null | undefined; cursor?: string | null | undefined; workspaceId?: string | null | undefined } = {}, options?: CallOptions): Promise<Page<types.Provider>> {
    return this.caller.call({ method: "providers.list" }, params, options);
  }

  /** All that `list` has, page by page. */
  listAll(params: { workspaceId?: string | null | undefined } = {}, options?: CallOptions): AsyncGenerator<types.Provider, void, undefined> {
    return allItems((cursor) => this.list({ ...params, limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }

  /**
   * Gives one provider.
   *
   * For everybody who has logged in, and for API keys.
   * @param params.slug Which provider, as hunter.
   * @param params.workspaceId To its members `ownCircuit` is of its newest credential.
   */
  get(params: { slug: string; workspaceId?: string | null | undefined }, options?: CallOptions): Promise<types.Provider> {
    return this.caller.call({ method: "providers.get" }, params, options);
  }

  /**
   * Asks a provider once with the workspace's newest credential for it, and tells what it answered. Charges
   * nothing.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.slug Which provider, as hunter.
   * @param params.input The fields of a record, as the provider's `inputSchema` has them.
   */
  test(params: { workspaceId: string; slug: string; input: { [name: string]: unknown } }, options?: CallOptions): Promise<types.ProviderTest> {
    return this.caller.call({ method: "providers.test", mutates: true, idempotent: true }, params, options);
  }
}

/** The methods `webhooks.…`. */
export class WebhooksMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Has an endpoint told of events. Its signing secret is in this answer and nowhere else.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.url Where messages go; https.
   * @param params.events Which events; `*` is every one.
   */
  create(params: { workspaceId: string; url: string; events: types.WebhooksEvents[] }, options?: CallOptions): Promise<types.NewWebhook> {
    return this.caller.call({ method: "webhooks.create", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Lists the webhooks of a workspace, oldest first.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   */
  list(params: { workspaceId: string; limit?: number | null | undefined; cursor?: string | null | undefined }, options?: CallOptions): Promise<Page<types.Webhook>> {
    return this.caller.call({ method: "webhooks.list" }, params, options);
  }

  /** All that `list` has, page by page. */
  listAll(params: { workspaceId: string }, options?: CallOptions): AsyncGenerator<types.Webhook, void, undefined> {
    return allItems((cursor) => this.list({ ...params, limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }

  /**
   * Changes what is given and leaves the rest. Enabled again, it gets what waits for it; of what happened
   * meanwhile it is not told.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.webhookId The webhook.
   * @param params.url Where messages go; https.
   * @param params.events Which events; `*` is every one.
   * @param params.enabled Whether anything is sent.
   * @param params.ifVersion Refuse when it has another `version` by now.
   */
  update(params: { workspaceId: string; webhookId: string; url?: string | null | undefined; events?: types.WebhooksEvents[] | null | undefined; enabled?: boolean | null | undefined; ifVersion?: number | null | undefined }, options?: CallOptions): Promise<types.Webhook> {
    return this.caller.call({ method: "webhooks.update", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Deletes a webhook and its deliveries.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.webhookId The webhook.
   */
  delete(params: { workspaceId: string; webhookId: string }, options?: CallOptions): Promise<void> {
    return this.caller.call({ method: "webhooks.delete", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Gives a webhook a new signing secret, shown once. For 24 hours messages are signed with the one before,
   * too.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.webhookId The webhook.
   * @param params.ifVersion Refuse when it has another `version` by now.
   */
  rotateSecret(params: { workspaceId: string; webhookId: string; ifVersion?: number | null | undefined }, options?: CallOptions): Promise<types.NewWebhook> {
    return this.caller.call({ method: "webhooks.rotateSecret", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Sends a webhook, enabled or not, an event `webhook.test` now, once, and tells what came back.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.webhookId The webhook.
   */
  test(params: { workspaceId: string; webhookId: string }, options?: CallOptions): Promise<types.WebhookTest> {
    return this.caller.call({ method: "webhooks.test", mutates: true, idempotent: true }, params, options);
  }

  /**
   * Lists what a webhook was told in the last 30 days, newest first.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.webhookId The webhook.
   * @param params.status Only these.
   * @param params.limit How many at most. Default 25.
   * @param params.cursor The `nextCursor` of the page before.
   */
  deliveries(params: { workspaceId: string; webhookId: string; status?: types.WebhookDeliveryStatus | null | undefined; limit?: number | null | undefined; cursor?: string | null | undefined }, options?: CallOptions): Promise<Page<types.WebhookDelivery>> {
    return this.caller.call({ method: "webhooks.deliveries" }, params, options);
  }

  /** All that `deliveries` has, page by page. */
  deliveriesAll(params: { workspaceId: string; webhookId: string; status?: types.WebhookDeliveryStatus | null | undefined }, options?: CallOptions): AsyncGenerator<types.WebhookDelivery, void, undefined> {
    return allItems((cursor) => this.deliveries({ ...params, limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor }) }, options));
  }

  /**
   * Has an event sent again, under its message id, with all attempts before it. Whether it had been delivered
   * does not matter.
   *
   * For members of the workspace, from the role admin up.
   * @param params.workspaceId The workspace.
   * @param params.deliveryId The delivery.
   */
  redeliver(params: { workspaceId: string; deliveryId: string }, options?: CallOptions): Promise<types.WebhookDelivery> {
    return this.caller.call({ method: "webhooks.redeliver", mutates: true, idempotent: true }, params, options);
  }
}

/** The methods `analytics.…`. */
export class AnalyticsMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Counts what came of the fields that jobs asked for.
   *
   * For members of the workspace, from the role viewer up.
   * @param params.workspaceId The workspace.
   * @param params.range The time up to now; 30 days when neither this nor from is given.
   * @param params.from Where the range begins.
   * @param params.to Where it ends, this moment not in it; now when left out.
   * @param params.groupBy By what sums are told apart. Default day.
   * @param params.timeZone In which days and weeks begin, as Europe/Berlin. Default UTC.
   * @param params.provider Only this one.
   * @param params.field Only this one.
   * @param params.jobId Only this job.
   */
  enrichment(params: { workspaceId: string; range?: types.AnalyticsRange | null | undefined; from?: string | null | undefined; to?: string | null | undefined; groupBy?: types.AnalyticsEnrichmentGroupBy | null | undefined; timeZone?: string | null | undefined; provider?: string | null | undefined; field?: string | null | undefined; jobId?: string | null | undefined }, options?: CallOptions): Promise<types.EnrichmentReport> {
    return this.caller.call({ method: "analytics.enrichment" }, params, options);
  }

  /**
   * Adds up what credits came and went.
   *
   * For members of the workspace, from the role viewer up.
   * @param params.workspaceId The workspace.
   * @param params.range The time up to now; 30 days when neither this nor from is given.
   * @param params.from Where the range begins.
   * @param params.to Where it ends, this moment not in it; now when left out.
   * @param params.groupBy By what sums are told apart. Default day.
   * @param params.timeZone In which days and weeks begin, as Europe/Berlin. Default UTC.
   * @param params.provider Only this one.
   * @param params.source Only this one.
   */
  credits(params: { workspaceId: string; range?: types.AnalyticsRange | null | undefined; from?: string | null | undefined; to?: string | null | undefined; groupBy?: types.AnalyticsCreditsGroupBy | null | undefined; timeZone?: string | null | undefined; provider?: string | null | undefined; source?: types.AnalyticsCreditsSource | null | undefined }, options?: CallOptions): Promise<types.CreditReport> {
    return this.caller.call({ method: "analytics.credits" }, params, options);
  }

  /**
   * Tells of how many records fields were asked for, how many were found, and what each cost.
   *
   * For members of the workspace, from the role viewer up.
   * @param params.workspaceId The workspace.
   * @param params.range The time up to now; 30 days when neither this nor from is given.
   * @param params.from Where the range begins.
   * @param params.to Where it ends, this moment not in it; now when left out.
   * @param params.provider Only this one.
   * @param params.field Only this one.
   * @param params.jobId Only this job.
   */
  funnel(params: { workspaceId: string; range?: types.AnalyticsRange | null | undefined; from?: string | null | undefined; to?: string | null | undefined; provider?: string | null | undefined; field?: string | null | undefined; jobId?: string | null | undefined }, options?: CallOptions): Promise<types.Funnel> {
    return this.caller.call({ method: "analytics.funnel" }, params, options);
  }

  /**
   * Tells how well and how fast providers answer, and what a hit costs.
   *
   * For members of the workspace, from the role viewer up.
   * @param params.workspaceId The workspace.
   * @param params.range The time up to now; 30 days when neither this nor from is given.
   * @param params.from Where the range begins.
   * @param params.to Where it ends, this moment not in it; now when left out.
   * @param params.field Only this one.
   */
  providers(params: { workspaceId: string; range?: types.AnalyticsRange | null | undefined; from?: string | null | undefined; to?: string | null | undefined; field?: string | null | undefined }, options?: CallOptions): Promise<types.ProviderReports> {
    return this.caller.call({ method: "analytics.providers" }, params, options);
  }

  /**
   * Sends the rows that reports are made of, as CSV.
   *
   * For members of the workspace, from the role viewer up.
   * @param params.workspaceId The workspace.
   * @param params.dataset Which rows.
   * @param params.range The time up to now; 30 days when neither this nor from is given.
   * @param params.from Where the range begins.
   * @param params.to Where it ends, this moment not in it; now when left out.
   * @param params.provider Only this one.
   */
  export(params: { workspaceId: string; dataset: types.AnalyticsDifferenceDataset; range?: types.AnalyticsRange | null | undefined; from?: string | null | undefined; to?: string | null | undefined; provider?: string | null | undefined }, options?: CallOptions): Stream<types.DocumentChunk, types.StreamedDocument> {
    return this.caller.stream({ method: "analytics.export", document: true, streams: true }, params, options);
  }
}

/** The methods `rpc.…`. */
export class RpcMethods {

  constructor(private readonly caller: Caller) {
  }

  /**
   * Gives this document.
   *
   * For everybody.
   */
  discover(options?: CallOptions): Promise<{ [name: string]: unknown }> {
    return this.caller.call({ method: "rpc.discover" }, {}, options);
  }
}
