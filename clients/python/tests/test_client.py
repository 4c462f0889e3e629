"""Tries the client with a daemon. Arguments: its socket, a relay's socket that loses answers, its HTTP address."""

import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from rpcd import CallError, CallOptions, Cancellation, Client, ErrorCode, RPCDConnectionError, RPCDError, new_idempotency_key
from odd_peers import all_odd_peers
from rpcd.types import BillingAddCreditsType, JobFieldInput, JobKeys, JobStatus, NewRecord, Role, Workspace

socket, relay, http = sys.argv[1:4]
EMAIL, PASSWORD = "python@example.org", "correct horse battery"


def failure(call) -> RPCDError:
    try:
        call()
    except RPCDError as error:
        return error
    raise AssertionError("it did not fail")


def calls(client: Client) -> Workspace:
    assert client.system.ping(payload={"a": [1, None, "é"]}).payload == {"a": [1, None, "é"]}
    client.auth.register(email=EMAIL, password=PASSWORD, name="Ada")
    workspace = client.workspaces.create(name="Acme", owner_email=EMAIL)
    assert client.workspaces.get(workspace_id=workspace.id) == workspace
    assert [member.role for member in client.members.list(workspace_id=workspace.id).items] == [Role.OWNER]
    client.billing.add_credits(workspace_id=workspace.id, amount=100, type=BillingAddCreditsType.BONUS)
    return workspace


def errors(client: Client) -> None:
    error = failure(lambda: client.workspaces.get(workspace_id="x", options=CallOptions(request_id="mine")))
    assert isinstance(error, CallError) and error.code == ErrorCode.VALIDATION_ERROR and error.rpc_code == -32602
    assert error.details["fields"][0]["path"] == "workspaceId" and error.request_id == "mine"
    assert JobStatus("to come") == "to come" and not JobStatus("to come").is_known and JobStatus.FAILED.is_known
    nobody = failure(lambda: Client.unix("/nowhere", attempts=2).system.ping())
    assert isinstance(nobody, RPCDConnectionError) and nobody.outcome == "not sent"


def unreadable() -> None:
    with Client.unix(socket) as client:
        error = failure(lambda: client.system.ping(payload=float("nan")))
        assert isinstance(error, CallError) and error.rpc_code == -32700, error


def idempotency(client: Client, workspace: Workspace) -> None:
    options = CallOptions(idempotency_key=new_idempotency_key())
    first = client.billing.debit(workspace_id=workspace.id, amount=10, options=options)
    assert client.billing.debit(workspace_id=workspace.id, amount=10, options=options) == first
    other = failure(lambda: client.billing.debit(workspace_id=workspace.id, amount=11, options=options))
    assert isinstance(other, CallError) and other.code == ErrorCode.IDEMPOTENCY_KEY_REUSED
    assert client.billing.get(workspace_id=workspace.id).credit_balance == 90


def lost_answers(workspace: Workspace) -> None:
    with Client.unix(relay) as client:
        def debit(name: str, key: str | None = None) -> None:
            client.billing.debit(
                workspace_id=workspace.id, amount=10, options=CallOptions(idempotency_key=key, request_id="lose-python-" + name))

        error = failure(lambda: debit("bare"))
        assert isinstance(error, RPCDConnectionError) and error.is_outcome_unknown
        assert client.billing.get(workspace_id=workspace.id).credit_balance == 80, "it was done, and not repeated"
        debit("keyed", new_idempotency_key())
        assert client.billing.get(workspace_id=workspace.id, options=CallOptions(request_id="lose-python-get")).credit_balance == 70
    with Client.unix(relay, makes_idempotency_keys=True) as client:
        debit("keys are made")
        assert client.billing.get(workspace_id=workspace.id).credit_balance == 60


def lists(client: Client, workspace: Workspace) -> None:
    records = [NewRecord(external_id=f"p{number}", fields={"name": f"Person {number}"}) for number in range(250)]
    assert client.records.bulk_upsert(workspace_id=workspace.id, records=records).inserted == 250
    page = client.records.list(workspace_id=workspace.id, limit=10)
    assert len(page.items) == 10 and page.next_cursor
    read = list(client.records.list_all(workspace_id=workspace.id))
    assert {record.external_id for record in read} == {record.external_id for record in records}


def streams(client: Client, workspace: Workspace) -> None:
    job = client.jobs.create(
        workspace_id=workspace.id, all=True, keys=JobKeys.OWN, fields=[JobFieldInput(name="email", providers=["sim-steady"])])
    with client.jobs.watch(workspace_id=workspace.id, job_id=job.id) as watch:
        for update in watch:
            assert update.id == job.id
        assert watch.result().status == JobStatus.COMPLETED


def operator_streams(client: Client, workspace: Workspace) -> None:
    purchase = client.billing.purchases.create(workspace_id=workspace.id, amount=5)
    watch = client.admin.purchases.watch()
    # Of other workspaces, too: the operator is told of all.
    assert next(told for told in watch if told.id == purchase.id) == purchase
    watch.cancel()
    assert failure(watch.result).is_cancellation
    with client.analytics.export(workspace_id=workspace.id, dataset="credits") as export:
        text = "".join(part.chunk for part in export)
        result = export.result()
    assert result.bytes == len(text.encode()) and result.content_type.startswith("text/csv")


def cancellation(client: Client) -> None:
    def soon(cancel: Cancellation) -> None:
        threading.Thread(target=lambda: (client.system.ping(), cancel.cancel())).start()

    cancel = Cancellation()
    soon(cancel)
    error = failure(lambda: client.call("admin.purchases.watch", options=CallOptions(cancellation=cancel, timeout_ms=60_000)))
    assert error.is_cancellation
    again = failure(lambda: client.system.ping(options=CallOptions(cancellation=cancel)))
    assert again.is_cancellation and not again.is_outcome_unknown
    with client.admin.purchases.watch(options=CallOptions(cancellation=cancel)) as watch:
        assert failure(watch.result).is_cancellation
    own = Cancellation()
    with client.admin.purchases.watch(options=CallOptions(cancellation=own)) as watch:
        next(watch)
        soon(own)
        assert failure(watch.result).is_cancellation
    own = Cancellation()
    client.admin.purchases.watch(options=CallOptions(cancellation=own)).cancel()
    assert not own.is_cancelled, "a stream ends alone"
    late = failure(lambda: client.call("jobs.watch", {"workspaceId": "x"}, CallOptions(timeout_ms=1)))
    assert isinstance(late, CallError)


def side_by_side(client: Client) -> None:
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda number=number: answers.append(client.system.ping(payload=number).payload)) for number in range(100)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == list(range(100))


all_odd_peers()

with Client.unix(socket) as client:
    workspace = calls(client)
    errors(client)
    unreadable()
    idempotency(client, workspace)
    lost_answers(workspace)
    lists(client, workspace)
    streams(client, workspace)
    operator_streams(client, workspace)
    cancellation(client)
    side_by_side(client)

with Client.http(f"http://{http}") as client:
    anonymous = failure(lambda: client.workspaces.list())
    assert isinstance(anonymous, CallError) and anonymous.code == ErrorCode.AUTHENTICATION_ERROR
    client.token = client.auth.login(email=EMAIL, password=PASSWORD).access_token
    assert client.auth.me().memberships[0].workspace_id == workspace.id
    error = failure(lambda: client.workspaces.get(workspace_id="x", options=CallOptions(request_id="mine")))
    assert isinstance(error, CallError) and error.code == ErrorCode.VALIDATION_ERROR and error.request_id == "mine"
    assert len(list(client.records.list_all(workspace_id=workspace.id))) == 250
    streams(client, workspace)
    side_by_side(client)
    export = failure(lambda: client.analytics.export(workspace_id=workspace.id, dataset="credits").result())
    assert isinstance(export, RPCDConnectionError) and export.outcome == "not sent"
print("the Python client: ok")
