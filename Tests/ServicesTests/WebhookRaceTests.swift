import Egress
import Glibc
import JSON
import Postgres
import TestSupport
import Testing

@testable import Services

@Suite("Webhooks of several daemons, and of one that dies")
struct WebhookRaceTests {
    @Test("However two daemons race, each webhook gets each event once")
    func race() async throws {
        try await WebhookSink.run { sink in
            let first = try Backend(webhooks: WebhookSink.client())
            let second = try Backend(sharing: first, webhooks: WebhookSink.client())
            let ada = try await WebhookOwner(first)
            let hooks = (0..<6).map { "h\($0)" }
            for hook in hooks { _ = try await ada.create(sink.url(hook)) }
            for _ in 0..<4 {
                try await ada.raise(50)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for backend in [first, second] {
                        for _ in 0..<3 { group.addTask { try await backend.sendWebhooks() } }
                    }
                    try await group.waitForAll()
                }
            }
            // Whoever was last may have looked a moment too early.
            try await first.sendWebhooks()
            var ids: Set<Set<String>> = []
            for hook in hooks {
                let messages = try await sink.received(hook)
                #expect(messages.count == 200, "\(hook)")
                ids.insert(Set(messages.map(\.id)))
            }
            #expect(ids.count == 1 && ids.first?.count == 200)
            let owner = try SQLConsole(first.conninfo)
            let rest = owner.run(
                """
                SELECT count(*), count(*) FILTER (WHERE status = 'delivered' AND attempts = 1),
                    (SELECT count(*) FROM webhooks WHERE due_at IS NOT NULL OR leased_until IS NOT NULL)
                FROM webhook_deliveries
                """)
            #expect(rest.rows == [["1200", "1200", "0"]])
        }
    }

    @Test("What a daemon sent before it died is sent again when its lease is over, under the same id")
    func death() async throws {
        try await WebhookSink.run { sink in
            let first = try Backend(webhooks: WebhookSink.client())
            let second = try Backend(sharing: first, webhooks: WebhookSink.client())
            let ada = try await WebhookOwner(second)
            let webhook = try await ada.create(sink.url("h"))
            try await sink.set("h", #"{"latencyMs":{"p50":500}}"#)
            try await ada.raise(3)
            try await first.platform.handOutEvents()
            let dying = Task { try await first.platform.webhookSender(log: { _ in })?.run() }
            _ = try await sink.received("h", atLeast: 3)
            // It cannot write down what came of it any more.
            first.pool.close(within: 0)
            _ = await dying.result
            #expect(try await ada.deliveries(webhook.id).allSatisfy { $0["attempts"]?.int64 == 0 })
            try await second.sendWebhooks()
            #expect(try await sink.received("h").count == 3, "nobody else's before the lease is over")
            let owner = try SQLConsole(second.conninfo)
            #expect(
                owner.run("SELECT leased_until > now() AND due_at = leased_until FROM webhooks").rows == [
                    ["t"]
                ])
            // Two minutes later.
            owner.run("UPDATE webhooks SET leased_until = now(), due_at = now()")
            try await sink.set("h", "{}")
            try await second.sendWebhooks()
            let messages = try await sink.received("h")
            #expect(messages.count == 6)
            #expect(Set(messages.prefix(3).map(\.id)) == Set(messages.suffix(3).map(\.id)))
            #expect(Set(messages.prefix(3).map(\.body)) == Set(messages.suffix(3).map(\.body)))
            #expect(try await ada.deliveries(webhook.id).allSatisfy { $0["status"]?.string == "delivered" })
        }
    }

    @Test("A daemon whose lease was over changes nothing that another one has done meanwhile")
    func overtaken() async throws {
        try await WebhookSink.run { sink in
            let dead = try await WebhookSink()
            let first = try Backend(webhooks: WebhookSink.client())
            let second = try Backend(sharing: first, webhooks: WebhookSink.client())
            let ada = try await WebhookOwner(first)
            let webhook = try await ada.create(dead.url("h"))
            try await dead.set("h", #"{"faults":{"hang":1}}"#)
            try await ada.raise(1)
            try await first.platform.handOutEvents()
            let slow = Task { try await first.platform.webhookSender(log: { Issue.record("\($0)") })?.run() }
            _ = try await dead.received("h", atLeast: 1)
            try await ada.call("webhooks.update", #""webhookId":"\#(webhook.id)","url":"\#(sink.url("h"))""#)
            try SQLConsole(first.conninfo).run("UPDATE webhooks SET leased_until = now(), due_at = now()")
            try await second.sendWebhooks()
            // The first, too, has seen that the lease is over, and may be the one who sends it there.
            #expect(try await sink.received("h", atLeast: 1).count == 1)
            // Only now does the first one learn that nothing came of it.
            dead.process.send(SIGKILL)
            try await slow.value
            let delivery = try #require(try await ada.deliveries(webhook.id).first)
            #expect(delivery["status"]?.string == "delivered" && delivery["attempts"]?.int64 == 1)
            #expect(delivery["lastError"]?.isNull == true)
            #expect(try await ada.webhook(webhook.id)["failingSince"]?.isNull == true)
        }
    }

    @Test(
        "Events that are handed out while webhooks are made, changed and deleted: each delivery is one of an event that was wanted",
        arguments: Seed.some(5))
    func churn(seed: Seed) async throws {
        try await WebhookSink.run { sink in
            let backend = try Backend(webhooks: WebhookSink.client())
            let ada = try await WebhookOwner(backend)
            var random = seed.generator
            async let sending: Void = {
                for _ in 0..<15 { try await backend.sendWebhooks() }
            }()
            var kept: [String: String] = [:]
            for round in 0..<25 {
                try await ada.raise(2)
                let hook = "h\(round)"
                switch Int.random(in: 0..<3, using: &random) {
                case 0 where kept.count < 15: kept[hook] = try await ada.create(sink.url(hook)).id
                case 1:
                    if let (hook, id) = kept.randomElement(using: &random) {
                        try await ada.call("webhooks.delete", #""webhookId":"\#(id)""#)
                        kept[hook] = nil
                    }
                default:
                    if let id = kept.values.randomElement(using: &random) {
                        for isEnabled in [false, true] {
                            try await ada.call(
                                "webhooks.update", #""webhookId":"\#(id)","enabled":\#(isEnabled)"#)
                        }
                    }
                }
            }
            try await sending
            try await backend.sendWebhooks()
            let owner = try SQLConsole(backend.conninfo)
            let left = owner.run(
                """
                SELECT (SELECT count(*) FROM events WHERE NOT is_handed_out),
                    (SELECT count(*) FROM webhook_deliveries WHERE status <> 'delivered'),
                    (SELECT count(*) FROM webhooks WHERE due_at IS NOT NULL OR leased_until IS NOT NULL)
                """)
            #expect(left.rows == [["0", "0", "0"]], "\(left)")
            for (hook, id) in kept {
                let deliveries = try await ada.deliveries(id).compactMap { $0["messageId"]?.string }
                let messages = try await sink.received(hook).map(\.id)
                #expect(messages.sorted() == deliveries.sorted(), "\(hook)")
            }
        }
    }
}
