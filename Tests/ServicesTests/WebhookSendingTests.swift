import Egress
import JSON
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Services

@Suite("Webhooks on their way")
struct WebhookSendingTests {
    @Test("An event goes out once to each webhook that asked for it, in order, signed, as it was raised")
    func success() async throws {
        try await WebhookSink.run { sink in
            let backend = try Backend(webhooks: WebhookSink.client())
            let ada = try await WebhookOwner(backend)
            // What happened before a webhook was there is not for it.
            try await ada.raise(1)
            let every = try await ada.create(sink.url("every"))
            let low = try await ada.create(sink.url("low"), #"["credits.low","job.failed"]"#)
            let jobs = try await ada.create(sink.url("jobs"), #"["job.completed"]"#)
            let disabled = try await ada.create(sink.url("disabled"))
            try await ada.call("webhooks.update", #""webhookId":"\#(disabled.id)","enabled":false"#)
            let eve = try await WebhookOwner(backend)
            _ = try await eve.create(sink.url("eve"))
            try await ada.raise(20)
            try await backend.sendWebhooks()
            try await backend.sendWebhooks()
            for (hook, webhook) in [("every", every), ("low", low)] {
                let messages = try await sink.received(hook)
                #expect(messages.count == 20 && Set(messages.map(\.id)).count == 20)
                for message in messages {
                    #expect(message.headers["content-type"] == "application/json")
                    #expect(message.signatures == [try message.signature(webhook.secret)])
                    let body = try JSON.parse(message.body)
                    #expect(body["type"]?.string == "credits.low")
                    #expect(body["timestamp"]?.string?.count == "2026-11-24T08:15:30.250Z".count)
                    #expect(body["data"]?["threshold"]?.int64 == 10)
                    #expect(message.id.hasPrefix("msg_") && !message.id.contains("."))
                }
                // Four at a time, so nearly in the order of the events.
                let numbers = try messages.map { try JSON.parse($0.body)["data"]?["available"]?.int64 ?? -1 }
                #expect(
                    Set(numbers.prefix(4)) == [0, 1, 2, 3] && Set(numbers.suffix(4)) == [16, 17, 18, 19])
                let deliveries = try await ada.deliveries(webhook.id)
                #expect(deliveries.count == 20)
                for delivery in deliveries {
                    #expect(delivery["status"]?.string == "delivered" && delivery["attempts"]?.int64 == 1)
                    #expect(delivery["lastStatus"]?.int64 == 200 && delivery["nextAttemptAt"]?.isNull == true)
                }
            }
            #expect(
                Set(try await sink.received("every").map(\.id))
                    == Set(try await sink.received("low").map(\.id)),
                "an event has one id, whoever gets it")
            for hook in ["jobs", "disabled", "eve"] {
                #expect(try await sink.received(hook).isEmpty, "\(hook)")
            }
            #expect(try await ada.deliveries(jobs.id).isEmpty)
            // Signed by its own secret alone.
            let message = try #require(try await sink.received("low").first)
            #expect(message.signatures != [try message.signature(every.secret)])
        }
    }

    @Test("What is answered 500 is sent again, later each time, under its id with a fresh signature")
    func retries() async throws {
        try await WebhookSink.run { sink in
            let backend = try Backend(webhooks: WebhookSink.client())
            let ada = try await WebhookOwner(backend)
            let webhook = try await ada.create(sink.url("h"))
            try await sink.set("h", #"{"status":500,"times":3}"#)
            try await ada.raise(1)
            let owner = try SQLConsole(backend.conninfo)
            let seconds = """
                SELECT extract(epoch FROM due_at - now()) BETWEEN $1::float8 * 0.8 - 5 AND $1::float8 * 1.2 FROM webhook_deliveries
                """
            for pause in ["5", "300", "1800"] {
                try await backend.sendWebhooks()
                #expect(owner.run(seconds, [pause]).rows == [["t"]], "\(pause)")
                #expect(try await ada.webhook(webhook.id)["failingSince"]?.isNull == false)
                // Nothing happens before its time.
                try await backend.sendWebhooks()
                try backend.letTimePass()
            }
            try await backend.sendWebhooks()
            let messages = try await sink.received("h")
            #expect(messages.map(\.status) == [500, 500, 500, 200])
            #expect(Set(messages.map(\.id)).count == 1 && Set(messages.map(\.body)).count == 1)
            for message in messages { #expect(message.signatures == [try message.signature(webhook.secret)]) }
            let delivery = try #require(try await ada.deliveries(webhook.id).first)
            #expect(delivery["status"]?.string == "delivered" && delivery["attempts"]?.int64 == 4)
            #expect(try await ada.webhook(webhook.id)["failingSince"]?.isNull == true)
        }
    }

    @Test(
        "After the last attempt a delivery has failed; it can be had again, under its id, with new attempts")
    func redelivery() async throws {
        try await WebhookSink.run { sink in
            let backend = try Backend(webhooks: WebhookSink.client())
            let ada = try await WebhookOwner(backend)
            let webhook = try await ada.create(sink.url("h"))
            try await sink.set("h", #"{"status":404,"times":8}"#)
            try await ada.raise(1)
            for _ in 0..<10 {
                try await backend.sendWebhooks()
                try backend.letTimePass()
            }
            #expect(try await sink.received("h").count == 8)
            let failed = try #require(try await ada.deliveries(webhook.id).first)
            #expect(failed["status"]?.string == "failed" && failed["lastStatus"]?.int64 == 404)
            let filtered = try await ada.call(
                "webhooks.deliveries", #""webhookId":"\#(webhook.id)","status":"pending""#)
            #expect(filtered["items"]?.count == 0)
            let id = try #require(failed["id"]?.string)
            let again = try await ada.call("webhooks.redeliver", #""deliveryId":"\#(id)""#)
            #expect(again["status"]?.string == "pending" && again["attempts"]?.int64 == 0)
            try await backend.sendWebhooks()
            // What was delivered, too.
            try await ada.call("webhooks.redeliver", #""deliveryId":"\#(id)""#)
            try await backend.sendWebhooks()
            let messages = try await sink.received("h")
            #expect(messages.map(\.status).suffix(2) == [200, 200] && Set(messages.map(\.id)).count == 1)
            #expect(try await ada.deliveries(webhook.id).first?["status"]?.string == "delivered")
            try await ada.call("webhooks.update", #""webhookId":"\#(webhook.id)","enabled":false"#)
            #expect(
                try await ada.answer("webhooks.redeliver", #""deliveryId":"\#(id)""#).errorCode == "CONFLICT")
        }
    }

    @Test("410 disables an endpoint at once, with a row in the trail; enabled again, it gets what had waited")
    func gone() async throws {
        try await WebhookSink.run { sink in
            let backend = try Backend(webhooks: WebhookSink.client())
            let ada = try await WebhookOwner(backend)
            let webhook = try await ada.create(sink.url("h"))
            try await sink.set("h", #"{"status":410,"times":1}"#)
            try await ada.raise(1)
            let log = Lines()
            try await backend.platform.handOutEvents()
            try await backend.platform.webhookSender(log: { log.add($0.description) })?.run()
            #expect(log.all.count == 1 && log.all[0].contains(webhook.id) && log.all[0].contains("gone"))
            let shown = try await ada.webhook(webhook.id)
            #expect(shown["enabled"]?.bool == false && shown["disabledReason"]?.string == "gone")
            #expect(shown["version"]?.int64 == 2)
            let trail = try await ada.call("audit.list", #""action":"webhooks.disable""#)
            let row = try #require(trail["items"]?[0], "\(trail.source)")
            #expect(row["actor"]?.string == "rpcd" && row["object"]?["webhookId"]?.string == webhook.id)
            #expect(row["object"]?["reason"]?.string == "gone" && trail["items"]?.count == 1)
            try await ada.raise(1)
            try backend.letTimePass()
            try await backend.sendWebhooks()
            #expect(try await sink.received("h").count == 1)
            try await ada.call("webhooks.update", #""webhookId":"\#(webhook.id)","enabled":true"#)
            try backend.letTimePass()
            try await backend.sendWebhooks()
            let messages = try await sink.received("h")
            #expect(messages.map(\.status) == [410, 200] && Set(messages.map(\.id)).count == 1)
        }
    }

    @Test("Days of failure disable an endpoint, but not a short outage long after another one")
    func failing() async throws {
        try await WebhookSink.run { sink in
            let backend = try Backend(webhooks: WebhookSink.client())
            let ada = try await WebhookOwner(backend)
            let webhook = try await ada.create(sink.url("h"))
            try await sink.set("h", #"{"status":500}"#)
            try await ada.raise(1)
            try await backend.sendWebhooks()
            let owner = try SQLConsole(backend.conninfo)
            owner.run("UPDATE webhooks SET failing_since = now() - interval '6 days'")
            for _ in 0..<2 {
                try backend.letTimePass()
                try await backend.sendWebhooks()
                #expect(try await ada.webhook(webhook.id)["enabled"]?.bool == true)
            }
            try backend.letTimePass()
            try await backend.platform.webhookSender(log: { _ in })?.run()
            let shown = try await ada.webhook(webhook.id)
            #expect(shown["enabled"]?.bool == false && shown["disabledReason"]?.string == "failing")
            #expect(try await sink.received("h").count == 4)
            #expect(try await ada.call("audit.list", #""action":"webhooks.disable""#)["items"]?.count == 1)
            // One success, and it counts from the beginning.
            try await sink.set("h", "{}")
            try await ada.call("webhooks.update", #""webhookId":"\#(webhook.id)","enabled":true"#)
            try backend.letTimePass()
            try await backend.sendWebhooks()
            #expect(try await ada.webhook(webhook.id)["failingSince"]?.isNull == true)
        }
    }

    @Test(
        "429 and Retry-After leave the endpoint alone for so long, with all that waits for it, and no other")
    func throttled() async throws {
        try await WebhookSink.run { sink in
            let backend = try Backend(webhooks: WebhookSink.client())
            let ada = try await WebhookOwner(backend)
            let webhook = try await ada.create(sink.url("h"))
            _ = try await ada.create(sink.url("other"))
            try await sink.set("h", #"{"status":429,"times":1,"retryAfterSeconds":3000}"#)
            try await ada.raise(1)
            try await backend.sendWebhooks()
            try await ada.raise(5)
            try await backend.sendWebhooks()
            #expect(try await sink.received("h").map(\.status) == [429])
            #expect(try await sink.received("other").count == 6)
            let owner = try SQLConsole(backend.conninfo)
            let rest = owner.run(
                """
                SELECT w.rests_until - now() BETWEEN '2900 s' AND '3000 s', w.due_at = w.rests_until,
                    (SELECT min(due_at) > now() + interval '2900 s' FROM webhook_deliveries WHERE attempts = 1 AND status = 'pending')
                FROM webhooks w WHERE id = $1
                """, [webhook.id])
            #expect(rest.rows == [["t", "t", "t"]], "\(rest)")
            try backend.letTimePass()
            try await backend.sendWebhooks()
            #expect(try await sink.received("h").count == 7)
        }
    }

    @Test("An endpoint that never answers holds up nobody else; given up, it is tried again later")
    func hanging() async throws {
        try await WebhookSink.run { sink in
            let backend = try Backend(webhooks: WebhookSink.client())
            let ada = try await WebhookOwner(backend)
            let slow = try await ada.create(sink.url("slow"))
            let good = try await ada.create(sink.url("good"))
            try await sink.set("slow", #"{"faults":{"hang":1}}"#)
            try await ada.raise(30)
            try await backend.platform.handOutEvents()
            let sending = Task {
                try await backend.platform.webhookSender(log: { Issue.record("\($0)") })?.run()
            }
            _ = try await sink.received("slow", atLeast: 4)
            _ = try await sink.received("good", atLeast: 30)
            // The daemon stops: what was under way counts as no attempt, and nobody has to wait for a lease.
            sending.cancel()
            try await sending.value
            #expect(try await ada.deliveries(good.id).allSatisfy { $0["status"]?.string == "delivered" })
            #expect(try await ada.deliveries(slow.id).allSatisfy { $0["attempts"]?.int64 == 0 })
            let impatient = WebhookSender(
                pool: backend.pool, vault: backend.platform.vault,
                client: WebhookClient(try WebhookSink.client(), timeoutMs: 200)
            ) { Issue.record("\($0)") }
            try backend.letTimePass()
            try await impatient.run()
            let tried = try await ada.deliveries(slow.id).filter { $0["attempts"]?.int64 == 1 }
            #expect(tried.count == 4, "no more than four at once, then it rests")
            for delivery in tried {
                #expect(delivery["lastError"]?.string?.contains("the time is up") == true)
                #expect(delivery["lastStatus"]?.isNull == true && delivery["status"]?.string == "pending")
            }
        }
    }

    @Test(
        "Where a name leads in here is nobody's to learn; an address that the caller wrote himself is named")
    func inwardNames() async throws {
        let client = try WebhookSink.client { $0.resolutions = ["db.example.org:443:10.1.2.3"] }
        let backend = try Backend(webhooks: client)
        let ada = try await WebhookOwner(backend)
        let hook = try await ada.create("https://db.example.org/")
        let tested = try await ada.call("webhooks.test", #""webhookId":"\#(hook.id)""#)
        #expect(tested.source.contains("the address of the host is refused"), "\(tested.source)")
        try await ada.raise(1)
        try await backend.sendWebhooks()
        let deliveries = try await ada.call("webhooks.deliveries", #""webhookId":"\#(hook.id)""#)
        #expect(deliveries["items"]?.count == 2 && deliveries.source.contains("is refused"))
        for told in [tested, deliveries] {
            #expect(!told.source.contains("10.1.2.3") && !told.source.contains("private"), "\(told.source)")
        }
        try SQLConsole(backend.conninfo).run("UPDATE webhooks SET url = 'https://10.1.2.3/'")
        let literal = try await ada.call("webhooks.test", #""webhookId":"\#(hook.id)""#)
        #expect(literal.source.contains("10.1.2.3 is a private network"), "\(literal.source)")
    }

    @Test("Redirects are not followed; a body without an end is not waited for")
    func answers() async throws {
        try await WebhookSink.run { sink in
            let backend = try Backend(webhooks: WebhookSink.client())
            let ada = try await WebhookOwner(backend)
            let moved = try await ada.create(sink.url("moved"))
            let endless = try await ada.create(sink.url("endless"))
            try await sink.set("moved", #"{"status":302}"#)
            try await sink.set("endless", #"{"faults":{"endless":1}}"#)
            try await ada.raise(1)
            try await backend.sendWebhooks()
            let delivery = try #require(try await ada.deliveries(moved.id).first)
            #expect(delivery["status"]?.string == "pending" && delivery["lastStatus"]?.int64 == 302)
            #expect(delivery["lastError"]?.string == "redirects are not followed")
            #expect(try await ada.deliveries(endless.id).first?["status"]?.string == "delivered")
        }
    }
}

/// What was logged.
private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func add(_ line: String) { lines.withLock { $0.append(line) } }
}
