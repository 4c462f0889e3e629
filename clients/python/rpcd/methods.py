"""The methods. Written by scripts/generate-clients from the OpenRPC document. Do not edit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from . import types
from .calls import CallOptions, Operation, Page, Stream, all_items, read_page

Progress = TypeVar("Progress")
Result = TypeVar("Result")

_DEFAULT = CallOptions()
_ITEMS_AT_ONCE = 100


class Caller(Protocol):
    """What carries the calls out."""

    def _call(
        self, operation: Operation, params: dict[str, Any], options: CallOptions, reader: Callable[[Any], Result]
    ) -> Result: ...

    def _stream(
        self, operation: Operation, params: dict[str, Any], options: CallOptions,
        progress: Callable[[Any], Progress], result: Callable[[Any], Result],
    ) -> Stream[Progress, Result]: ...


class AdminLedgerMethods:
    """The methods `admin.ledger.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def verify(
        self, *, workspace_id: str | None = None, options: CallOptions = _DEFAULT
    ) -> Stream[types.WorkProgress, types.LedgerVerification]:
        """Recomputes every account from its transactions, and compares holds, refunds, grants and idempotency
        keys with them.

        For the operator of the host.
        workspace_id: The workspace.
        """
        return self._caller._stream(
            Operation("admin.ledger.verify", streams=True),
            {"workspaceId": workspace_id}, options,
            types.WorkProgress._from_json, types.LedgerVerification._from_json)


class AdminPurchasesMethods:
    """The methods `admin.purchases.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def watch(
        self, *, options: CallOptions = _DEFAULT
    ) -> Stream[types.Purchase, None]:
        """Tells of every purchase that waits, and of each that comes, as progress, until it is cancelled or
        its time is over.

        For the operator of the host.
        """
        return self._caller._stream(
            Operation("admin.purchases.watch", streams=True),
            {}, options,
            types.Purchase._from_json, lambda value: None)


class AdminAuditMethods:
    """The methods `admin.audit.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def verify(
        self, *, workspace_id: str | None = None, expect: str | None = None, options: CallOptions = _DEFAULT
    ) -> Stream[types.WorkProgress, types.AuditVerification]:
        """Compares the trail with its seals: rows that were changed, removed, moved or put in are named.

        For the operator of the host.
        workspace_id: The workspace.
        expect: The end of the chain as it was told before, `NUMBER:SEAL`; the chain has to have it still.
        """
        return self._caller._stream(
            Operation("admin.audit.verify", streams=True),
            {"workspaceId": workspace_id, "expect": expect}, options,
            types.WorkProgress._from_json, types.AuditVerification._from_json)


class AdminUsersMethods:
    """The methods `admin.users.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def list(
        self, *, limit: int | None = None, cursor: str | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.AdministeredUser]:
        """Lists the accounts, oldest first.

        For the operator of the host.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        """
        return self._caller._call(
            Operation("admin.users.list"),
            {"limit": limit, "cursor": cursor}, options,
            lambda value: read_page(value, types.AdministeredUser._from_json))

    def list_all(
        self, *, options: CallOptions = _DEFAULT
    ) -> Iterator[types.AdministeredUser]:
        """All that `list` has, page by page."""
        return all_items(lambda cursor: self.list(limit=_ITEMS_AT_ONCE, cursor=cursor, options=options))

    def create(
        self, *, email: str, name: str, password: str | None = None, options: CallOptions = _DEFAULT
    ) -> types.AccountMade:
        """Makes an account, or finds the one of that address, which stays as it is. Without a password a
        token sets one within a day, through `auth.resetPassword`.

        For the operator of the host.
        email: The address.
        name: What others see; of an account that is there already, the name stays.
        password: 12 characters at least.
        """
        return self._caller._call(
            Operation("admin.users.create", mutates=True, idempotent=True),
            {"email": email, "name": name, "password": password}, options,
            types.AccountMade._from_json)

    def disable(
        self, *, user_id: str, options: CallOptions = _DEFAULT
    ) -> types.AdministeredUser:
        """Shuts an account out: its logins, and the API keys that it made, are refused on their next call.

        For the operator of the host.
        user_id: The account.
        """
        return self._caller._call(
            Operation("admin.users.disable", mutates=True, idempotent=True),
            {"userId": user_id}, options,
            types.AdministeredUser._from_json)

    def enable(
        self, *, user_id: str, options: CallOptions = _DEFAULT
    ) -> types.AdministeredUser:
        """Lets an account in again; its logins and API keys work as before.

        For the operator of the host.
        user_id: The account.
        """
        return self._caller._call(
            Operation("admin.users.enable", mutates=True, idempotent=True),
            {"userId": user_id}, options,
            types.AdministeredUser._from_json)

    def revoke_sessions(
        self, *, user_id: str, options: CallOptions = _DEFAULT
    ) -> types.AdministeredUser:
        """Ends every login of an account.

        For the operator of the host.
        user_id: The account.
        """
        return self._caller._call(
            Operation("admin.users.revokeSessions", mutates=True, idempotent=True),
            {"userId": user_id}, options,
            types.AdministeredUser._from_json)


class AdminCircuitsMethods:
    """The methods `admin.circuits.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def list(
        self, *, limit: int | None = None, cursor: str | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.Circuit]:
        """Lists the circuits that ever opened or were forced: which providers are left alone, with which
        keys.

        For the operator of the host.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        """
        return self._caller._call(
            Operation("admin.circuits.list"),
            {"limit": limit, "cursor": cursor}, options,
            lambda value: read_page(value, types.Circuit._from_json))

    def list_all(
        self, *, options: CallOptions = _DEFAULT
    ) -> Iterator[types.Circuit]:
        """All that `list` has, page by page."""
        return all_items(lambda cursor: self.list(limit=_ITEMS_AT_ONCE, cursor=cursor, options=options))

    def force(
        self, *, provider: str, state: types.CircuitForced, credential: str | None = None, options: CallOptions = _DEFAULT
    ) -> types.Circuit:
        """Keeps a circuit open or closed, or lets it go by what happens again, closed to begin with. Every
        daemon follows within seconds.

        For the operator of the host.
        provider: Which provider, as hunter.
        credential: `platform`, which is meant where nothing is said, or the id of a credential.
        state: What it has to be.
        """
        return self._caller._call(
            Operation("admin.circuits.force", mutates=True, idempotent=True),
            {"provider": provider, "credential": credential, "state": state}, options,
            types.Circuit._from_json)


class AdminAnalyticsMethods:
    """The methods `admin.analytics.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def verify(
        self, *, workspace_id: str | None = None, options: CallOptions = _DEFAULT
    ) -> Stream[types.WorkProgress, types.AnalyticsVerification]:
        """Compares the store of analytics with the database, for each workspace and day.

        For the operator of the host.
        workspace_id: The workspace.
        """
        return self._caller._stream(
            Operation("admin.analytics.verify", streams=True),
            {"workspaceId": workspace_id}, options,
            types.WorkProgress._from_json, types.AnalyticsVerification._from_json)

    def rebuild(
        self, *, options: CallOptions = _DEFAULT
    ) -> Stream[types.WorkProgress, types.Rebuilt]:
        """Has everything read anew and sent to the store of analytics, beside all that goes on.

        For the operator of the host.
        """
        return self._caller._stream(
            Operation("admin.analytics.rebuild", mutates=True, streams=True),
            {}, options,
            types.WorkProgress._from_json, types.Rebuilt._from_json)


class AdminDeadLettersMethods:
    """The methods `admin.deadLetters.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def list(
        self, *, limit: int | None = None, cursor: str | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.DeadLetter]:
        """Lists what the store of analytics has refused for good.

        For the operator of the host.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        """
        return self._caller._call(
            Operation("admin.deadLetters.list"),
            {"limit": limit, "cursor": cursor}, options,
            lambda value: read_page(value, types.DeadLetter._from_json))

    def list_all(
        self, *, options: CallOptions = _DEFAULT
    ) -> Iterator[types.DeadLetter]:
        """All that `list` has, page by page."""
        return all_items(lambda cursor: self.list(limit=_ITEMS_AT_ONCE, cursor=cursor, options=options))

    def replay(
        self, *, ids: Sequence[str] | None = None, options: CallOptions = _DEFAULT
    ) -> types.Replayed:
        """Has what was refused sent again.

        For the operator of the host.
        ids: Which; the thousand oldest when left out.
        """
        return self._caller._call(
            Operation("admin.deadLetters.replay", mutates=True, idempotent=True),
            {"ids": ids}, options,
            types.Replayed._from_json)


class AdminMethods:
    """The methods `admin.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.ledger = AdminLedgerMethods(caller)
        self.purchases = AdminPurchasesMethods(caller)
        self.audit = AdminAuditMethods(caller)
        self.users = AdminUsersMethods(caller)
        self.circuits = AdminCircuitsMethods(caller)
        self.analytics = AdminAnalyticsMethods(caller)
        self.dead_letters = AdminDeadLettersMethods(caller)

    def pause(
        self, *, seconds: int | None = None, options: CallOptions = _DEFAULT
    ) -> types.Pause:
        """Holds calls while the database is switched over: what has begun ends, what comes waits, no
        connection to the database is left open.

        For the operator of the host.
        seconds: How long at most. Default 20.
        """
        return self._caller._call(
            Operation("admin.pause"),
            {"seconds": seconds}, options,
            types.Pause._from_json)

    def resume(
        self, *, options: CallOptions = _DEFAULT
    ) -> types.Resumption:
        """Lets calls go on, with new connections to the database.

        For the operator of the host.
        """
        return self._caller._call(
            Operation("admin.resume"),
            {}, options,
            types.Resumption._from_json)


class SystemMethods:
    """The methods `system.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def ping(
        self, *, payload: Any = None, options: CallOptions = _DEFAULT
    ) -> types.Pong:
        """Answers at once with what it was given.

        For everybody.
        payload: Comes back unchanged.
        """
        return self._caller._call(
            Operation("system.ping"),
            {"payload": payload}, options,
            types.Pong._from_json)

    def health(
        self, *, options: CallOptions = _DEFAULT
    ) -> types.Health:
        """Tells that the daemon is alive; asks nothing of the database.

        For everybody.
        """
        return self._caller._call(
            Operation("system.health"),
            {}, options,
            types.Health._from_json)

    def ready(
        self, *, options: CallOptions = _DEFAULT
    ) -> types.Readiness:
        """Tells whether calls can be served: it asks the database.

        For everybody.
        """
        return self._caller._call(
            Operation("system.ready"),
            {}, options,
            types.Readiness._from_json)

    def version(
        self, *, options: CallOptions = _DEFAULT
    ) -> types.Version:
        """Tells which daemon this is.

        For everybody.
        """
        return self._caller._call(
            Operation("system.version"),
            {}, options,
            types.Version._from_json)

    def limits(
        self, *, options: CallOptions = _DEFAULT
    ) -> types.Limits:
        """Lists every limit in force.

        For everybody.
        """
        return self._caller._call(
            Operation("system.limits"),
            {}, options,
            types.Limits._from_json)

    def metrics(
        self, *, format: types.SystemMetricsFormat | None = None, options: CallOptions = _DEFAULT
    ) -> types.SystemMetricsResult:
        """Counts, durations and states, as Prometheus reads them.

        For the operator of the host.
        format: How they are written: as Prometheus has always read them, or by OpenMetrics 1.0. Default
        prometheus.
        """
        return self._caller._call(
            Operation("system.metrics"),
            {"format": format}, options,
            types.SystemMetricsResult._from_json)


class AuthSessionsMethods:
    """The methods `auth.sessions.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def list(
        self, *, limit: int | None = None, cursor: str | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.Session]:
        """Lists the caller's logins that are in force, newest first.

        For everybody who has logged in; not for API keys.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        """
        return self._caller._call(
            Operation("auth.sessions.list"),
            {"limit": limit, "cursor": cursor}, options,
            lambda value: read_page(value, types.Session._from_json))

    def list_all(
        self, *, options: CallOptions = _DEFAULT
    ) -> Iterator[types.Session]:
        """All that `list` has, page by page."""
        return all_items(lambda cursor: self.list(limit=_ITEMS_AT_ONCE, cursor=cursor, options=options))

    def revoke(
        self, *, session_id: str, options: CallOptions = _DEFAULT
    ) -> None:
        """Ends one of the caller's logins; its next call is refused.

        For everybody who has logged in; not for API keys.
        session_id: The login.
        """
        return self._caller._call(
            Operation("auth.sessions.revoke", mutates=True, idempotent=True),
            {"sessionId": session_id}, options,
            lambda value: None)


class AuthMethods:
    """The methods `auth.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.sessions = AuthSessionsMethods(caller)

    def register(
        self, *, email: str, password: str, name: str, options: CallOptions = _DEFAULT
    ) -> types.User:
        """Makes an account.

        For everybody.
        email: The address; nobody else may have it.
        password: 12 characters at least.
        name: What others see.
        """
        return self._caller._call(
            Operation("auth.register", mutates=True, idempotent=True),
            {"email": email, "password": password, "name": name}, options,
            types.User._from_json)

    def login(
        self, *, email: str, password: str, options: CallOptions = _DEFAULT
    ) -> types.Login:
        """Gives an access token and a refresh token for an email and a password.

        For everybody.
        email: The address.
        password: The password.
        """
        return self._caller._call(
            Operation("auth.login", mutates=True),
            {"email": email, "password": password}, options,
            types.Login._from_json)

    def refresh(
        self, *, refresh_token: str, options: CallOptions = _DEFAULT
    ) -> types.Login:
        """Gives new tokens for a refresh token, which dies.

        For everybody.
        refresh_token: From `auth.login` or `auth.refresh`.
        """
        return self._caller._call(
            Operation("auth.refresh", mutates=True),
            {"refreshToken": refresh_token}, options,
            types.Login._from_json)

    def logout(
        self, *, refresh_token: str, options: CallOptions = _DEFAULT
    ) -> None:
        """Ends the session of a refresh token.

        For everybody.
        refresh_token: From `auth.login` or `auth.refresh`.
        """
        return self._caller._call(
            Operation("auth.logout", mutates=True, idempotent=True),
            {"refreshToken": refresh_token}, options,
            lambda value: None)

    def change_password(
        self, *, current_password: str, new_password: str, options: CallOptions = _DEFAULT
    ) -> None:
        """Sets a new password and ends every session.

        For everybody who has logged in; not for API keys.
        current_password: The password until now.
        new_password: 12 characters at least.
        """
        return self._caller._call(
            Operation("auth.changePassword", mutates=True, idempotent=True),
            {"currentPassword": current_password, "newPassword": new_password}, options,
            lambda value: None)

    def verify_email(
        self, *, token: str, options: CallOptions = _DEFAULT
    ) -> None:
        """Confirms an address with the token of the mail that was sent to it.

        For everybody.
        token: From the mail.
        """
        return self._caller._call(
            Operation("auth.verifyEmail", mutates=True, idempotent=True),
            {"token": token}, options,
            lambda value: None)

    def request_password_reset(
        self, *, email: str, options: CallOptions = _DEFAULT
    ) -> None:
        """Sends a mail with which a new password can be set. The answer is the same when there is no such
        account.

        For everybody.
        email: Of the account.
        """
        return self._caller._call(
            Operation("auth.requestPasswordReset", mutates=True, idempotent=True),
            {"email": email}, options,
            lambda value: None)

    def reset_password(
        self, *, token: str, new_password: str, options: CallOptions = _DEFAULT
    ) -> None:
        """Sets a new password with the token of a mail, and ends every session.

        For everybody.
        token: From the mail.
        new_password: 12 characters at least.
        """
        return self._caller._call(
            Operation("auth.resetPassword", mutates=True, idempotent=True),
            {"token": token, "newPassword": new_password}, options,
            lambda value: None)

    def me(
        self, *, options: CallOptions = _DEFAULT
    ) -> types.Me:
        """Tells who is calling, and where he is a member.

        For everybody who has logged in, and for API keys.
        """
        return self._caller._call(
            Operation("auth.me"),
            {}, options,
            types.Me._from_json)

    def jwks(
        self, *, options: CallOptions = _DEFAULT
    ) -> dict[str, Any]:
        """The public keys that access tokens are signed with, as a JWK set.

        For everybody.
        """
        return self._caller._call(
            Operation("auth.jwks"),
            {}, options,
            lambda value: value)


class SessionMethods:
    """The methods `session.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def authenticate(
        self, *, token: str, options: CallOptions = _DEFAULT
    ) -> types.Me:
        """Binds a token to this connection: later calls that bring none are made with it. Not over HTTP.

        For everybody.
        token: An access token, or an API key.
        """
        return self._caller._call(
            Operation("session.authenticate"),
            {"token": token}, options,
            types.Me._from_json)


class WorkspacesMethods:
    """The methods `workspaces.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def create(
        self, *, name: str, slug: str | None = None, owner_email: str | None = None, options: CallOptions = _DEFAULT
    ) -> types.Workspace:
        """Makes a workspace; its maker becomes its owner.

        For everybody who has logged in; not for API keys.
        name: What people call it.
        slug: For URLs: lower-case letters, digits and hyphens. Made from the name when it is left out.
        owner_email: Who is to own it. The operator has to say, others may not.
        """
        return self._caller._call(
            Operation("workspaces.create", mutates=True, idempotent=True),
            {"name": name, "slug": slug, "ownerEmail": owner_email}, options,
            types.Workspace._from_json)

    def list(
        self, *, limit: int | None = None, cursor: str | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.Workspace]:
        """Lists the caller's workspaces, oldest first.

        For everybody who has logged in; not for API keys.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        """
        return self._caller._call(
            Operation("workspaces.list"),
            {"limit": limit, "cursor": cursor}, options,
            lambda value: read_page(value, types.Workspace._from_json))

    def list_all(
        self, *, options: CallOptions = _DEFAULT
    ) -> Iterator[types.Workspace]:
        """All that `list` has, page by page."""
        return all_items(lambda cursor: self.list(limit=_ITEMS_AT_ONCE, cursor=cursor, options=options))

    def get(
        self, *, workspace_id: str, options: CallOptions = _DEFAULT
    ) -> types.Workspace:
        """Gives one workspace.

        For members of the workspace, from the role viewer up.
        workspace_id: The workspace.
        """
        return self._caller._call(
            Operation("workspaces.get"),
            {"workspaceId": workspace_id}, options,
            types.Workspace._from_json)

    def update(
        self, *, workspace_id: str, name: str | None = None, slug: str | None = None, settings: Mapping[str, Any] | None = None, if_version: int | None = None, options: CallOptions = _DEFAULT
    ) -> types.Workspace:
        """Changes what is given and leaves the rest.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        name: What people call it.
        slug: For URLs: lower-case letters, digits and hyphens. Made from the name when it is left out.
        settings: Replaces the settings.
        if_version: Refuse when it has another `version` by now.
        """
        return self._caller._call(
            Operation("workspaces.update", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "name": name, "slug": slug, "settings": settings, "ifVersion": if_version}, options,
            types.Workspace._from_json)

    def delete(
        self, *, workspace_id: str, options: CallOptions = _DEFAULT
    ) -> None:
        """Deletes a workspace and everything in it.

        For members of the workspace, from the role owner up.
        workspace_id: The workspace.
        """
        return self._caller._call(
            Operation("workspaces.delete", mutates=True, idempotent=True),
            {"workspaceId": workspace_id}, options,
            lambda value: None)


class MembersMethods:
    """The methods `members.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def list(
        self, *, workspace_id: str, limit: int | None = None, cursor: str | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.Member]:
        """Lists the members of a workspace, oldest first.

        For members of the workspace, from the role viewer up.
        workspace_id: The workspace.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        """
        return self._caller._call(
            Operation("members.list"),
            {"workspaceId": workspace_id, "limit": limit, "cursor": cursor}, options,
            lambda value: read_page(value, types.Member._from_json))

    def list_all(
        self, *, workspace_id: str, options: CallOptions = _DEFAULT
    ) -> Iterator[types.Member]:
        """All that `list` has, page by page."""
        return all_items(lambda cursor: self.list(workspace_id=workspace_id, limit=_ITEMS_AT_ONCE, cursor=cursor, options=options))

    def add(
        self, *, workspace_id: str, email: str, role: types.Role, options: CallOptions = _DEFAULT
    ) -> types.Member:
        """Takes in somebody who has an account and has confirmed his address; others get an invitation.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        email: Of his account.
        role: Not above the caller's own.
        """
        return self._caller._call(
            Operation("members.add", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "email": email, "role": role}, options,
            types.Member._from_json)

    def set_role(
        self, *, workspace_id: str, user_id: str, role: types.Role, if_version: int | None = None, options: CallOptions = _DEFAULT
    ) -> types.Member:
        """Gives a member another role; the last owner stays one.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        user_id: The member.
        role: Not above the caller's own.
        if_version: Refuse when it has another `version` by now.
        """
        return self._caller._call(
            Operation("members.setRole", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "userId": user_id, "role": role, "ifVersion": if_version}, options,
            types.Member._from_json)

    def remove(
        self, *, workspace_id: str, user_id: str, options: CallOptions = _DEFAULT
    ) -> None:
        """Takes a member out; the last owner stays.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        user_id: The member.
        """
        return self._caller._call(
            Operation("members.remove", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "userId": user_id}, options,
            lambda value: None)


class InvitationsMethods:
    """The methods `invitations.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def create(
        self, *, workspace_id: str, email: str, role: types.Role, options: CallOptions = _DEFAULT
    ) -> types.NewInvitation:
        """Invites an address. The token is in this answer and nowhere else; an earlier one for the same
        address ends.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        email: Whose account it has to be.
        role: Not above the caller's own.
        """
        return self._caller._call(
            Operation("invitations.create", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "email": email, "role": role}, options,
            types.NewInvitation._from_json)

    def list(
        self, *, workspace_id: str, limit: int | None = None, cursor: str | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.Invitation]:
        """Lists the invitations that can still be accepted, oldest first.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        """
        return self._caller._call(
            Operation("invitations.list"),
            {"workspaceId": workspace_id, "limit": limit, "cursor": cursor}, options,
            lambda value: read_page(value, types.Invitation._from_json))

    def list_all(
        self, *, workspace_id: str, options: CallOptions = _DEFAULT
    ) -> Iterator[types.Invitation]:
        """All that `list` has, page by page."""
        return all_items(lambda cursor: self.list(workspace_id=workspace_id, limit=_ITEMS_AT_ONCE, cursor=cursor, options=options))

    def revoke(
        self, *, workspace_id: str, invitation_id: str, options: CallOptions = _DEFAULT
    ) -> None:
        """Takes an invitation back.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        invitation_id: The invitation.
        """
        return self._caller._call(
            Operation("invitations.revoke", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "invitationId": invitation_id}, options,
            lambda value: None)

    def accept(
        self, *, token: str, options: CallOptions = _DEFAULT
    ) -> types.Membership:
        """Makes the caller a member, when the invitation is for his address.

        For everybody who has logged in; not for API keys.
        token: From the invitation.
        """
        return self._caller._call(
            Operation("invitations.accept", mutates=True, idempotent=True),
            {"token": token}, options,
            types.Membership._from_json)


class ApiKeysMethods:
    """The methods `apiKeys.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def create(
        self, *, workspace_id: str, name: str, role: types.Role, expires_at: str | None = None, options: CallOptions = _DEFAULT
    ) -> types.NewApiKey:
        """Makes an API key. Its secret is in this answer and nowhere else.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        name: What it is for.
        role: Not above the caller's own.
        expires_at: When it ends by itself; never when left out.
        """
        return self._caller._call(
            Operation("apiKeys.create", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "name": name, "role": role, "expiresAt": expires_at}, options,
            types.NewApiKey._from_json)

    def list(
        self, *, workspace_id: str, limit: int | None = None, cursor: str | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.ApiKey]:
        """Lists the API keys that are in force, oldest first.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        """
        return self._caller._call(
            Operation("apiKeys.list"),
            {"workspaceId": workspace_id, "limit": limit, "cursor": cursor}, options,
            lambda value: read_page(value, types.ApiKey._from_json))

    def list_all(
        self, *, workspace_id: str, options: CallOptions = _DEFAULT
    ) -> Iterator[types.ApiKey]:
        """All that `list` has, page by page."""
        return all_items(lambda cursor: self.list(workspace_id=workspace_id, limit=_ITEMS_AT_ONCE, cursor=cursor, options=options))

    def revoke(
        self, *, workspace_id: str, api_key_id: str, options: CallOptions = _DEFAULT
    ) -> None:
        """Ends an API key; its next call is refused.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        api_key_id: The key.
        """
        return self._caller._call(
            Operation("apiKeys.revoke", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "apiKeyId": api_key_id}, options,
            lambda value: None)


class CredentialsMethods:
    """The methods `credentials.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def create(
        self, *, workspace_id: str, provider: str, key: str, label: str | None = None, secret: str | None = None, options: CallOptions = _DEFAULT
    ) -> types.Credential:
        """Stores a provider's key, encrypted.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        provider: Which provider, as hunter.
        label: To tell several apart.
        key: The provider's key.
        secret: Where the provider has two parts.
        """
        return self._caller._call(
            Operation("credentials.create", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "provider": provider, "label": label, "key": key, "secret": secret}, options,
            types.Credential._from_json)

    def list(
        self, *, workspace_id: str, limit: int | None = None, cursor: str | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.Credential]:
        """Lists the credentials of a workspace, oldest first.

        For members of the workspace, from the role viewer up.
        workspace_id: The workspace.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        """
        return self._caller._call(
            Operation("credentials.list"),
            {"workspaceId": workspace_id, "limit": limit, "cursor": cursor}, options,
            lambda value: read_page(value, types.Credential._from_json))

    def list_all(
        self, *, workspace_id: str, options: CallOptions = _DEFAULT
    ) -> Iterator[types.Credential]:
        """All that `list` has, page by page."""
        return all_items(lambda cursor: self.list(workspace_id=workspace_id, limit=_ITEMS_AT_ONCE, cursor=cursor, options=options))

    def get(
        self, *, workspace_id: str, credential_id: str, options: CallOptions = _DEFAULT
    ) -> types.Credential:
        """Gives one credential, masked.

        For members of the workspace, from the role viewer up.
        workspace_id: The workspace.
        credential_id: The credential.
        """
        return self._caller._call(
            Operation("credentials.get"),
            {"workspaceId": workspace_id, "credentialId": credential_id}, options,
            types.Credential._from_json)

    def update(
        self, *, workspace_id: str, credential_id: str, label: str | None = None, key: str | None = None, secret: str | None = None, if_version: int | None = None, options: CallOptions = _DEFAULT
    ) -> types.Credential:
        """Changes what is given and leaves the rest.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        credential_id: The credential.
        label: To tell several apart.
        key: The provider's key.
        secret: Where the provider has two parts.
        if_version: Refuse when it has another `version` by now.
        """
        return self._caller._call(
            Operation("credentials.update", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "credentialId": credential_id, "label": label, "key": key, "secret": secret, "ifVersion": if_version}, options,
            types.Credential._from_json)

    def delete(
        self, *, workspace_id: str, credential_id: str, options: CallOptions = _DEFAULT
    ) -> None:
        """Deletes a credential.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        credential_id: The credential.
        """
        return self._caller._call(
            Operation("credentials.delete", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "credentialId": credential_id}, options,
            lambda value: None)


class BillingHoldsMethods:
    """The methods `billing.holds.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def create(
        self, *, workspace_id: str, amount: int, expires_in: int | None = None, reference_id: str | None = None, options: CallOptions = _DEFAULT
    ) -> types.Hold:
        """Sets credits aside for something that may or may not be spent.

        For members of the workspace, from the role member up.
        workspace_id: The workspace.
        amount: Credits.
        expires_in: Seconds until the rest goes back by itself. Default 3600.
        reference_id: The caller's own; the same one twice is a conflict.
        """
        return self._caller._call(
            Operation("billing.holds.create", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "amount": amount, "expiresIn": expires_in, "referenceId": reference_id}, options,
            types.Hold._from_json)

    def capture(
        self, *, workspace_id: str, hold_id: str, amount: int, options: CallOptions = _DEFAULT
    ) -> types.Hold:
        """Spends of what is set aside, in one part or several.

        For members of the workspace, from the role member up.
        workspace_id: The workspace.
        hold_id: The hold.
        amount: Credits.
        """
        return self._caller._call(
            Operation("billing.holds.capture", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "holdId": hold_id, "amount": amount}, options,
            types.Hold._from_json)

    def release(
        self, *, workspace_id: str, hold_id: str, options: CallOptions = _DEFAULT
    ) -> types.Hold:
        """Gives back what is still set aside.

        For members of the workspace, from the role member up.
        workspace_id: The workspace.
        hold_id: The hold.
        """
        return self._caller._call(
            Operation("billing.holds.release", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "holdId": hold_id}, options,
            types.Hold._from_json)

    def list(
        self, *, workspace_id: str, limit: int | None = None, cursor: str | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.Hold]:
        """Lists the holds of a workspace, oldest first.

        For members of the workspace, from the role member up.
        workspace_id: The workspace.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        """
        return self._caller._call(
            Operation("billing.holds.list"),
            {"workspaceId": workspace_id, "limit": limit, "cursor": cursor}, options,
            lambda value: read_page(value, types.Hold._from_json))

    def list_all(
        self, *, workspace_id: str, options: CallOptions = _DEFAULT
    ) -> Iterator[types.Hold]:
        """All that `list` has, page by page."""
        return all_items(lambda cursor: self.list(workspace_id=workspace_id, limit=_ITEMS_AT_ONCE, cursor=cursor, options=options))


class BillingPurchasesMethods:
    """The methods `billing.purchases.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def create(
        self, *, workspace_id: str, amount: int, options: CallOptions = _DEFAULT
    ) -> types.Purchase:
        """Asks for credits, which are there when the payment is settled.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        amount: Credits.
        """
        return self._caller._call(
            Operation("billing.purchases.create", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "amount": amount}, options,
            types.Purchase._from_json)

    def list(
        self, *, workspace_id: str, status: types.BillingPurchasesListStatus | None = None, limit: int | None = None, cursor: str | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.Purchase]:
        """Lists the purchases of a workspace, oldest first.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        status: Only these.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        """
        return self._caller._call(
            Operation("billing.purchases.list"),
            {"workspaceId": workspace_id, "status": status, "limit": limit, "cursor": cursor}, options,
            lambda value: read_page(value, types.Purchase._from_json))

    def list_all(
        self, *, workspace_id: str, status: types.BillingPurchasesListStatus | None = None, options: CallOptions = _DEFAULT
    ) -> Iterator[types.Purchase]:
        """All that `list` has, page by page."""
        return all_items(lambda cursor: self.list(workspace_id=workspace_id, status=status, limit=_ITEMS_AT_ONCE, cursor=cursor, options=options))

    def settle(
        self, *, purchase_id: str, outcome: types.BillingPurchasesSettleOutcome, reference_id: str, options: CallOptions = _DEFAULT
    ) -> types.Purchase:
        """Tells how a payment went; settled adds the credits, once. For the host's payment service.

        For the operator of the host.
        purchase_id: The purchase.
        outcome: How the payment went.
        reference_id: The payment's own.
        """
        return self._caller._call(
            Operation("billing.purchases.settle", mutates=True, idempotent=True),
            {"purchaseId": purchase_id, "outcome": outcome, "referenceId": reference_id}, options,
            types.Purchase._from_json)


class BillingMethods:
    """The methods `billing.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.holds = BillingHoldsMethods(caller)
        self.purchases = BillingPurchasesMethods(caller)

    def get(
        self, *, workspace_id: str, options: CallOptions = _DEFAULT
    ) -> types.Billing:
        """Tells what a workspace has, what is set aside, and what expires when.

        For members of the workspace, from the role viewer up.
        workspace_id: The workspace.
        """
        return self._caller._call(
            Operation("billing.get"),
            {"workspaceId": workspace_id}, options,
            types.Billing._from_json)

    def add_credits(
        self, *, workspace_id: str, amount: int, type: types.BillingAddCreditsType, expires_at: str | None = None, description: str | None = None, reference_id: str | None = None, options: CallOptions = _DEFAULT
    ) -> types.Transaction:
        """Gives credits to a workspace. Nobody else mints any.

        For the operator of the host.
        workspace_id: The workspace.
        amount: Credits.
        type: What they are.
        expires_at: When what is left of them is gone; never when left out.
        description: Why.
        reference_id: The caller's own; the same one twice is a conflict.
        """
        return self._caller._call(
            Operation("billing.addCredits", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "amount": amount, "type": type, "expiresAt": expires_at, "description": description, "referenceId": reference_id}, options,
            types.Transaction._from_json)

    def debit(
        self, *, workspace_id: str, amount: int, description: str | None = None, reference_id: str | None = None, options: CallOptions = _DEFAULT
    ) -> types.Transaction:
        """Spends credits; what expires first is spent first.

        For members of the workspace, from the role member up.
        workspace_id: The workspace.
        amount: Credits.
        description: Why.
        reference_id: The caller's own; the same one twice is a conflict.
        """
        return self._caller._call(
            Operation("billing.debit", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "amount": amount, "description": description, "referenceId": reference_id}, options,
            types.Transaction._from_json)

    def refund(
        self, *, workspace_id: str, transaction_id: str, amount: int | None = None, description: str | None = None, options: CallOptions = _DEFAULT
    ) -> types.Transaction:
        """Gives back what a debit or capture took, in whole or in part, never more.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        transaction_id: The debit or capture.
        amount: Credits.
        description: Why.
        """
        return self._caller._call(
            Operation("billing.refund", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "transactionId": transaction_id, "amount": amount, "description": description}, options,
            types.Transaction._from_json)

    def transactions(
        self, *, workspace_id: str, limit: int | None = None, cursor: str | None = None, type: types.BillingTransactionsType | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.Transaction]:
        """Lists the changes of the account, newest first.

        For members of the workspace, from the role viewer up.
        workspace_id: The workspace.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        type: Only these.
        """
        return self._caller._call(
            Operation("billing.transactions"),
            {"workspaceId": workspace_id, "limit": limit, "cursor": cursor, "type": type}, options,
            lambda value: read_page(value, types.Transaction._from_json))

    def transactions_all(
        self, *, workspace_id: str, type: types.BillingTransactionsType | None = None, options: CallOptions = _DEFAULT
    ) -> Iterator[types.Transaction]:
        """All that `transactions` has, page by page."""
        return all_items(lambda cursor: self.transactions(workspace_id=workspace_id, limit=_ITEMS_AT_ONCE, cursor=cursor, type=type, options=options))

    def set_auto_recharge(
        self, *, workspace_id: str, enabled: bool, threshold: int, amount: int, options: CallOptions = _DEFAULT
    ) -> types.AutoRecharge:
        """Has a purchase made by itself when less than the threshold is available, one at a time.

        For members of the workspace, from the role owner up.
        workspace_id: The workspace.
        enabled: Whether.
        threshold: Credits.
        amount: Credits.
        """
        return self._caller._call(
            Operation("billing.setAutoRecharge", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "enabled": enabled, "threshold": threshold, "amount": amount}, options,
            types.AutoRecharge._from_json)

    def set_low_balance_thresholds(
        self, *, workspace_id: str, thresholds: Sequence[int], options: CallOptions = _DEFAULT
    ) -> types.LowBalanceThresholds:
        """Sets when to be told that credits run out: an event `credits.low` whenever less than one of these
        becomes available.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        thresholds: Credits, in any order.
        """
        return self._caller._call(
            Operation("billing.setLowBalanceThresholds", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "thresholds": thresholds}, options,
            types.LowBalanceThresholds._from_json)


class RecordsMethods:
    """The methods `records.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def bulk_upsert(
        self, *, workspace_id: str, records: Sequence[types.NewRecord], replace: bool | None = None, options: CallOptions = _DEFAULT
    ) -> types.UpsertCounts:
        """Adds records, and changes those that are there already: all of them, or none.

        For members of the workspace, from the role member up.
        workspace_id: The workspace.
        records: Each `{externalId, fields}`. Fields are merged into those that are there, null removes one.
        No `externalId` twice.
        replace: Whether fields that are not given are removed. Else they stay. Default false.
        """
        return self._caller._call(
            Operation("records.bulkUpsert", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "records": records, "replace": replace}, options,
            types.UpsertCounts._from_json)

    def list(
        self, *, workspace_id: str, filter: Mapping[str, Any] | None = None, external_id: str | None = None, limit: int | None = None, cursor: str | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.Record]:
        """Lists records, oldest first.

        For members of the workspace, from the role viewer up.
        workspace_id: The workspace.
        filter: Only records with these values, of at most 5 fields, as `{"city":"London"}`.
        external_id: Only the one of this name.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        """
        return self._caller._call(
            Operation("records.list"),
            {"workspaceId": workspace_id, "filter": filter, "externalId": external_id, "limit": limit, "cursor": cursor}, options,
            lambda value: read_page(value, types.Record._from_json))

    def list_all(
        self, *, workspace_id: str, filter: Mapping[str, Any] | None = None, external_id: str | None = None, options: CallOptions = _DEFAULT
    ) -> Iterator[types.Record]:
        """All that `list` has, page by page."""
        return all_items(lambda cursor: self.list(workspace_id=workspace_id, filter=filter, external_id=external_id, limit=_ITEMS_AT_ONCE, cursor=cursor, options=options))

    def get(
        self, *, workspace_id: str, record_id: str, options: CallOptions = _DEFAULT
    ) -> types.Record:
        """Gives one record.

        For members of the workspace, from the role viewer up.
        workspace_id: The workspace.
        record_id: The record.
        """
        return self._caller._call(
            Operation("records.get"),
            {"workspaceId": workspace_id, "recordId": record_id}, options,
            types.Record._from_json)

    def delete(
        self, *, workspace_id: str, record_id: str, options: CallOptions = _DEFAULT
    ) -> None:
        """Deletes a record.

        For members of the workspace, from the role member up.
        workspace_id: The workspace.
        record_id: The record.
        """
        return self._caller._call(
            Operation("records.delete", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "recordId": record_id}, options,
            lambda value: None)


class JobsMethods:
    """The methods `jobs.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def create(
        self, *, workspace_id: str, fields: Sequence[types.JobFieldInput], records: Sequence[types.NewRecord] | None = None, record_ids: Sequence[str] | None = None, all: bool | None = None, keys: types.JobKeys | None = None, max_credits: int | None = None, refresh: bool | None = None, dry_run: bool | None = None, priority: int | None = None, options: CallOptions = _DEFAULT
    ) -> types.Job:
        """Asks providers for fields of records, sets aside what that costs at most, and begins.

        For members of the workspace, from the role member up.
        workspace_id: The workspace.
        records: Each `{externalId, fields}`. Fields are merged into those that are there, null removes one.
        No `externalId` twice.
        record_ids: Which records.
        all: All records of the workspace.
        fields: What to ask for, and whom.
        keys: Whose keys to ask with: the workspace's own, the platform's, or the own where there is one.
        Default auto.
        max_credits: What it may cost.
        refresh: Ask anew what is known from before. Default false.
        dry_run: Only tell what it would be. Default false.
        priority: Among the jobs of this workspace. Default 0.
        """
        return self._caller._call(
            Operation("jobs.create", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "records": records, "recordIds": record_ids, "all": all, "fields": fields, "keys": keys, "maxCredits": max_credits, "refresh": refresh, "dryRun": dry_run, "priority": priority}, options,
            types.Job._from_json)

    def list(
        self, *, workspace_id: str, limit: int | None = None, cursor: str | None = None, status: types.JobStatus | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.Job]:
        """Lists jobs, the newest first.

        For members of the workspace, from the role viewer up.
        workspace_id: The workspace.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        status: Only these.
        """
        return self._caller._call(
            Operation("jobs.list"),
            {"workspaceId": workspace_id, "limit": limit, "cursor": cursor, "status": status}, options,
            lambda value: read_page(value, types.Job._from_json))

    def list_all(
        self, *, workspace_id: str, status: types.JobStatus | None = None, options: CallOptions = _DEFAULT
    ) -> Iterator[types.Job]:
        """All that `list` has, page by page."""
        return all_items(lambda cursor: self.list(workspace_id=workspace_id, limit=_ITEMS_AT_ONCE, cursor=cursor, status=status, options=options))

    def get(
        self, *, workspace_id: str, job_id: str, options: CallOptions = _DEFAULT
    ) -> types.Job:
        """Tells how far a job is.

        For members of the workspace, from the role viewer up.
        workspace_id: The workspace.
        job_id: The job.
        """
        return self._caller._call(
            Operation("jobs.get"),
            {"workspaceId": workspace_id, "jobId": job_id}, options,
            types.Job._from_json)

    def results(
        self, *, workspace_id: str, job_id: str, limit: int | None = None, cursor: str | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.JobResult]:
        """Tells what came of each field of each record, in the order of the job.

        For members of the workspace, from the role viewer up.
        workspace_id: The workspace.
        job_id: The job.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        """
        return self._caller._call(
            Operation("jobs.results"),
            {"workspaceId": workspace_id, "jobId": job_id, "limit": limit, "cursor": cursor}, options,
            lambda value: read_page(value, types.JobResult._from_json))

    def results_all(
        self, *, workspace_id: str, job_id: str, options: CallOptions = _DEFAULT
    ) -> Iterator[types.JobResult]:
        """All that `results` has, page by page."""
        return all_items(lambda cursor: self.results(workspace_id=workspace_id, job_id=job_id, limit=_ITEMS_AT_ONCE, cursor=cursor, options=options))

    def watch(
        self, *, workspace_id: str, job_id: str, options: CallOptions = _DEFAULT
    ) -> Stream[types.Job, types.Job]:
        """Tells how far a job is, as progress, until it has ended; then the job.

        For members of the workspace, from the role viewer up.
        workspace_id: The workspace.
        job_id: The job.
        """
        return self._caller._stream(
            Operation("jobs.watch", events="/workspaces/{workspaceId}/jobs/{jobId}/events", streams=True),
            {"workspaceId": workspace_id, "jobId": job_id}, options,
            types.Job._from_json, types.Job._from_json)

    def cancel(
        self, *, workspace_id: str, job_id: str, options: CallOptions = _DEFAULT
    ) -> types.Job:
        """Ends a job; what is under way is settled, the rest of what it had set aside goes back.

        For members of the workspace, from the role member up.
        workspace_id: The workspace.
        job_id: The job.
        """
        return self._caller._call(
            Operation("jobs.cancel", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "jobId": job_id}, options,
            types.Job._from_json)

    def pause(
        self, *, workspace_id: str, job_id: str, options: CallOptions = _DEFAULT
    ) -> types.Job:
        """Takes up no more tasks of a job until it is resumed.

        For members of the workspace, from the role member up.
        workspace_id: The workspace.
        job_id: The job.
        """
        return self._caller._call(
            Operation("jobs.pause", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "jobId": job_id}, options,
            types.Job._from_json)

    def resume(
        self, *, workspace_id: str, job_id: str, options: CallOptions = _DEFAULT
    ) -> types.Job:
        """Goes on with a job that was paused.

        For members of the workspace, from the role member up.
        workspace_id: The workspace.
        job_id: The job.
        """
        return self._caller._call(
            Operation("jobs.resume", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "jobId": job_id}, options,
            types.Job._from_json)

    def retry(
        self, *, workspace_id: str, job_id: str, options: CallOptions = _DEFAULT
    ) -> types.Job:
        """Asks again for what has failed.

        For members of the workspace, from the role member up.
        workspace_id: The workspace.
        job_id: The job.
        """
        return self._caller._call(
            Operation("jobs.retry", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "jobId": job_id}, options,
            types.Job._from_json)


class AuditMethods:
    """The methods `audit.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def list(
        self, *, workspace_id: str, limit: int | None = None, cursor: str | None = None, action: str | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.AuditEntry]:
        """Lists what was done in a workspace, and what was refused, newest first.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        action: Only this method, as `members.add`.
        """
        return self._caller._call(
            Operation("audit.list"),
            {"workspaceId": workspace_id, "limit": limit, "cursor": cursor, "action": action}, options,
            lambda value: read_page(value, types.AuditEntry._from_json))

    def list_all(
        self, *, workspace_id: str, action: str | None = None, options: CallOptions = _DEFAULT
    ) -> Iterator[types.AuditEntry]:
        """All that `list` has, page by page."""
        return all_items(lambda cursor: self.list(workspace_id=workspace_id, limit=_ITEMS_AT_ONCE, cursor=cursor, action=action, options=options))

    def search(
        self, *, workspace_id: str, secret: str, limit: int | None = None, cursor: str | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.AuditEntry]:
        """Finds where a secret or an email was given, and what was done with an API key.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        secret: The secret, or the email. It is hashed, and kept nowhere.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        """
        return self._caller._call(
            Operation("audit.search"),
            {"workspaceId": workspace_id, "secret": secret, "limit": limit, "cursor": cursor}, options,
            lambda value: read_page(value, types.AuditEntry._from_json))

    def search_all(
        self, *, workspace_id: str, secret: str, options: CallOptions = _DEFAULT
    ) -> Iterator[types.AuditEntry]:
        """All that `search` has, page by page."""
        return all_items(lambda cursor: self.search(workspace_id=workspace_id, secret=secret, limit=_ITEMS_AT_ONCE, cursor=cursor, options=options))


class ProvidersMethods:
    """The methods `providers.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def list(
        self, *, limit: int | None = None, cursor: str | None = None, workspace_id: str | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.Provider]:
        """Lists the providers by their slugs.

        For everybody who has logged in, and for API keys.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        workspace_id: To its members `ownCircuit` is of its newest credential.
        """
        return self._caller._call(
            Operation("providers.list"),
            {"limit": limit, "cursor": cursor, "workspaceId": workspace_id}, options,
            lambda value: read_page(value, types.Provider._from_json))

    def list_all(
        self, *, workspace_id: str | None = None, options: CallOptions = _DEFAULT
    ) -> Iterator[types.Provider]:
        """All that `list` has, page by page."""
        return all_items(lambda cursor: self.list(limit=_ITEMS_AT_ONCE, cursor=cursor, workspace_id=workspace_id, options=options))

    def get(
        self, *, slug: str, workspace_id: str | None = None, options: CallOptions = _DEFAULT
    ) -> types.Provider:
        """Gives one provider.

        For everybody who has logged in, and for API keys.
        slug: Which provider, as hunter.
        workspace_id: To its members `ownCircuit` is of its newest credential.
        """
        return self._caller._call(
            Operation("providers.get"),
            {"slug": slug, "workspaceId": workspace_id}, options,
            types.Provider._from_json)

    def test(
        self, *, workspace_id: str, slug: str, input: Mapping[str, Any], options: CallOptions = _DEFAULT
    ) -> types.ProviderTest:
        """Asks a provider once with the workspace's newest credential for it, and tells what it answered.
        Charges nothing.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        slug: Which provider, as hunter.
        input: The fields of a record, as the provider's `inputSchema` has them.
        """
        return self._caller._call(
            Operation("providers.test", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "slug": slug, "input": input}, options,
            types.ProviderTest._from_json)


class WebhooksMethods:
    """The methods `webhooks.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def create(
        self, *, workspace_id: str, url: str, events: Sequence[types.WebhooksEvents], options: CallOptions = _DEFAULT
    ) -> types.NewWebhook:
        """Has an endpoint told of events. Its signing secret is in this answer and nowhere else.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        url: Where messages go; https.
        events: Which events; `*` is every one.
        """
        return self._caller._call(
            Operation("webhooks.create", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "url": url, "events": events}, options,
            types.NewWebhook._from_json)

    def list(
        self, *, workspace_id: str, limit: int | None = None, cursor: str | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.Webhook]:
        """Lists the webhooks of a workspace, oldest first.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        """
        return self._caller._call(
            Operation("webhooks.list"),
            {"workspaceId": workspace_id, "limit": limit, "cursor": cursor}, options,
            lambda value: read_page(value, types.Webhook._from_json))

    def list_all(
        self, *, workspace_id: str, options: CallOptions = _DEFAULT
    ) -> Iterator[types.Webhook]:
        """All that `list` has, page by page."""
        return all_items(lambda cursor: self.list(workspace_id=workspace_id, limit=_ITEMS_AT_ONCE, cursor=cursor, options=options))

    def update(
        self, *, workspace_id: str, webhook_id: str, url: str | None = None, events: Sequence[types.WebhooksEvents] | None = None, enabled: bool | None = None, if_version: int | None = None, options: CallOptions = _DEFAULT
    ) -> types.Webhook:
        """Changes what is given and leaves the rest. Enabled again, it gets what waits for it; of what
        happened meanwhile it is not told.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        webhook_id: The webhook.
        url: Where messages go; https.
        events: Which events; `*` is every one.
        enabled: Whether anything is sent.
        if_version: Refuse when it has another `version` by now.
        """
        return self._caller._call(
            Operation("webhooks.update", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "webhookId": webhook_id, "url": url, "events": events, "enabled": enabled, "ifVersion": if_version}, options,
            types.Webhook._from_json)

    def delete(
        self, *, workspace_id: str, webhook_id: str, options: CallOptions = _DEFAULT
    ) -> None:
        """Deletes a webhook and its deliveries.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        webhook_id: The webhook.
        """
        return self._caller._call(
            Operation("webhooks.delete", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "webhookId": webhook_id}, options,
            lambda value: None)

    def rotate_secret(
        self, *, workspace_id: str, webhook_id: str, if_version: int | None = None, options: CallOptions = _DEFAULT
    ) -> types.NewWebhook:
        """Gives a webhook a new signing secret, shown once. For 24 hours messages are signed with the one
        before, too.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        webhook_id: The webhook.
        if_version: Refuse when it has another `version` by now.
        """
        return self._caller._call(
            Operation("webhooks.rotateSecret", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "webhookId": webhook_id, "ifVersion": if_version}, options,
            types.NewWebhook._from_json)

    def test(
        self, *, workspace_id: str, webhook_id: str, options: CallOptions = _DEFAULT
    ) -> types.WebhookTest:
        """Sends a webhook, enabled or not, an event `webhook.test` now, once, and tells what came back.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        webhook_id: The webhook.
        """
        return self._caller._call(
            Operation("webhooks.test", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "webhookId": webhook_id}, options,
            types.WebhookTest._from_json)

    def deliveries(
        self, *, workspace_id: str, webhook_id: str, status: types.WebhookDeliveryStatus | None = None, limit: int | None = None, cursor: str | None = None, options: CallOptions = _DEFAULT
    ) -> Page[types.WebhookDelivery]:
        """Lists what a webhook was told in the last 30 days, newest first.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        webhook_id: The webhook.
        status: Only these.
        limit: How many at most. Default 25.
        cursor: The `nextCursor` of the page before.
        """
        return self._caller._call(
            Operation("webhooks.deliveries"),
            {"workspaceId": workspace_id, "webhookId": webhook_id, "status": status, "limit": limit, "cursor": cursor}, options,
            lambda value: read_page(value, types.WebhookDelivery._from_json))

    def deliveries_all(
        self, *, workspace_id: str, webhook_id: str, status: types.WebhookDeliveryStatus | None = None, options: CallOptions = _DEFAULT
    ) -> Iterator[types.WebhookDelivery]:
        """All that `deliveries` has, page by page."""
        return all_items(lambda cursor: self.deliveries(workspace_id=workspace_id, webhook_id=webhook_id, status=status, limit=_ITEMS_AT_ONCE, cursor=cursor, options=options))

    def redeliver(
        self, *, workspace_id: str, delivery_id: str, options: CallOptions = _DEFAULT
    ) -> types.WebhookDelivery:
        """Has an event sent again, under its message id, with all attempts before it. Whether it had been
        delivered does not matter.

        For members of the workspace, from the role admin up.
        workspace_id: The workspace.
        delivery_id: The delivery.
        """
        return self._caller._call(
            Operation("webhooks.redeliver", mutates=True, idempotent=True),
            {"workspaceId": workspace_id, "deliveryId": delivery_id}, options,
            types.WebhookDelivery._from_json)


class AnalyticsMethods:
    """The methods `analytics.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def enrichment(
        self, *, workspace_id: str, range: types.AnalyticsRange | None = None, from_: str | None = None, to: str | None = None, group_by: types.AnalyticsEnrichmentGroupBy | None = None, time_zone: str | None = None, provider: str | None = None, field: str | None = None, job_id: str | None = None, options: CallOptions = _DEFAULT
    ) -> types.EnrichmentReport:
        """Counts what came of the fields that jobs asked for.

        For members of the workspace, from the role viewer up.
        workspace_id: The workspace.
        range: The time up to now; 30 days when neither this nor from is given.
        from_: Where the range begins.
        to: Where it ends, this moment not in it; now when left out.
        group_by: By what sums are told apart. Default day.
        time_zone: In which days and weeks begin, as Europe/Berlin. Default UTC.
        provider: Only this one.
        field: Only this one.
        job_id: Only this job.
        """
        return self._caller._call(
            Operation("analytics.enrichment"),
            {"workspaceId": workspace_id, "range": range, "from": from_, "to": to, "groupBy": group_by, "timeZone": time_zone, "provider": provider, "field": field, "jobId": job_id}, options,
            types.EnrichmentReport._from_json)

    def credits(
        self, *, workspace_id: str, range: types.AnalyticsRange | None = None, from_: str | None = None, to: str | None = None, group_by: types.AnalyticsCreditsGroupBy | None = None, time_zone: str | None = None, provider: str | None = None, source: types.AnalyticsCreditsSource | None = None, options: CallOptions = _DEFAULT
    ) -> types.CreditReport:
        """Adds up what credits came and went.

        For members of the workspace, from the role viewer up.
        workspace_id: The workspace.
        range: The time up to now; 30 days when neither this nor from is given.
        from_: Where the range begins.
        to: Where it ends, this moment not in it; now when left out.
        group_by: By what sums are told apart. Default day.
        time_zone: In which days and weeks begin, as Europe/Berlin. Default UTC.
        provider: Only this one.
        source: Only this one.
        """
        return self._caller._call(
            Operation("analytics.credits"),
            {"workspaceId": workspace_id, "range": range, "from": from_, "to": to, "groupBy": group_by, "timeZone": time_zone, "provider": provider, "source": source}, options,
            types.CreditReport._from_json)

    def funnel(
        self, *, workspace_id: str, range: types.AnalyticsRange | None = None, from_: str | None = None, to: str | None = None, provider: str | None = None, field: str | None = None, job_id: str | None = None, options: CallOptions = _DEFAULT
    ) -> types.Funnel:
        """Tells of how many records fields were asked for, how many were found, and what each cost.

        For members of the workspace, from the role viewer up.
        workspace_id: The workspace.
        range: The time up to now; 30 days when neither this nor from is given.
        from_: Where the range begins.
        to: Where it ends, this moment not in it; now when left out.
        provider: Only this one.
        field: Only this one.
        job_id: Only this job.
        """
        return self._caller._call(
            Operation("analytics.funnel"),
            {"workspaceId": workspace_id, "range": range, "from": from_, "to": to, "provider": provider, "field": field, "jobId": job_id}, options,
            types.Funnel._from_json)

    def providers(
        self, *, workspace_id: str, range: types.AnalyticsRange | None = None, from_: str | None = None, to: str | None = None, field: str | None = None, options: CallOptions = _DEFAULT
    ) -> types.ProviderReports:
        """Tells how well and how fast providers answer, and what a hit costs.

        For members of the workspace, from the role viewer up.
        workspace_id: The workspace.
        range: The time up to now; 30 days when neither this nor from is given.
        from_: Where the range begins.
        to: Where it ends, this moment not in it; now when left out.
        field: Only this one.
        """
        return self._caller._call(
            Operation("analytics.providers"),
            {"workspaceId": workspace_id, "range": range, "from": from_, "to": to, "field": field}, options,
            types.ProviderReports._from_json)

    def export(
        self, *, workspace_id: str, dataset: types.AnalyticsDifferenceDataset, range: types.AnalyticsRange | None = None, from_: str | None = None, to: str | None = None, provider: str | None = None, options: CallOptions = _DEFAULT
    ) -> Stream[types.DocumentChunk, types.StreamedDocument]:
        """Sends the rows that reports are made of, as CSV.

        For members of the workspace, from the role viewer up.
        workspace_id: The workspace.
        dataset: Which rows.
        range: The time up to now; 30 days when neither this nor from is given.
        from_: Where the range begins.
        to: Where it ends, this moment not in it; now when left out.
        provider: Only this one.
        """
        return self._caller._stream(
            Operation("analytics.export", document=True, streams=True),
            {"workspaceId": workspace_id, "dataset": dataset, "range": range, "from": from_, "to": to, "provider": provider}, options,
            types.DocumentChunk._from_json, types.StreamedDocument._from_json)


class RpcMethods:
    """The methods `rpc.…`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def discover(
        self, *, options: CallOptions = _DEFAULT
    ) -> dict[str, Any]:
        """Gives this document.

        For everybody.
        """
        return self._caller._call(
            Operation("rpc.discover"),
            {}, options,
            lambda value: value)


class Methods:
    """All methods, by the first part of their names."""

    def __init__(self, caller: Caller) -> None:
        self.admin = AdminMethods(caller)
        self.system = SystemMethods(caller)
        self.auth = AuthMethods(caller)
        self.session = SessionMethods(caller)
        self.workspaces = WorkspacesMethods(caller)
        self.members = MembersMethods(caller)
        self.invitations = InvitationsMethods(caller)
        self.api_keys = ApiKeysMethods(caller)
        self.credentials = CredentialsMethods(caller)
        self.billing = BillingMethods(caller)
        self.records = RecordsMethods(caller)
        self.jobs = JobsMethods(caller)
        self.audit = AuditMethods(caller)
        self.providers = ProvidersMethods(caller)
        self.webhooks = WebhooksMethods(caller)
        self.analytics = AnalyticsMethods(caller)
        self.rpc = RpcMethods(caller)
