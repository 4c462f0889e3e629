import Cryptography
import Egress
import Foundation
import JSON
import Postgres
import TestSupport
import Testing

@testable import Services

@Suite("Webhooks as their owners see them")
struct WebhooksTests {
    @Test("Made, listed, changed, deleted; the secret is shown once and is nowhere else")
    func lifecycle() async throws {
        let backend = try Backend()
        let ada = try await WebhookOwner(backend)
        let made = try await ada.call(
            "webhooks.create",
            #""url":"https://Example.org:443/hook?a=b#part","events":["job.failed","credits.low","job.failed"]"#
        )
        let id = try #require(made["id"]?.string)
        let secret = try #require(made["secret"]?.string)
        #expect(secret.hasPrefix("whsec_"))
        #expect(Data(base64Encoded: String(secret.dropFirst(6)))?.count == 32)
        #expect(made["url"]?.string?.hasSuffix("/hook?a=b") == true && made["version"]?.int64 == 1)
        #expect(made["events"]?.elements.compactMap(\.string) == ["job.failed", "credits.low"])
        let list = try await ada.call("webhooks.list", "")
        #expect(list["items"]?.count == 1 && !list.source.contains("whsec"))
        let changed = try await ada.call(
            "webhooks.update",
            #""webhookId":"\#(id)","url":"https://example.net/","events":["*"],"enabled":false,"ifVersion":1"#
        )
        #expect(changed["url"]?.string == "https://example.net/" && changed["enabled"]?.bool == false)
        #expect(changed["disabledReason"]?.string == "manual" && changed["version"]?.int64 == 2)
        #expect(
            try await ada.answer("webhooks.update", #""webhookId":"\#(id)","enabled":true,"ifVersion":1"#)
                .errorCode == "CONFLICT")
        let enabled = try await ada.call("webhooks.update", #""webhookId":"\#(id)","enabled":true"#)
        #expect(enabled["disabledReason"]?.isNull == true && enabled["url"]?.string == "https://example.net/")
        let stored = try SQLConsole(backend.conninfo).run(
            "SELECT w::text FROM webhooks w UNION ALL SELECT a::text FROM audit_log a")
        let key = try #require(Data(base64Encoded: String(secret.dropFirst(6))))
        for mark in [secret, key.map { String(format: "%02x", $0) }.joined()] {
            #expect(!stored.rows.contains { $0[0]?.contains(mark) == true })
        }
        try await ada.call("webhooks.delete", #""webhookId":"\#(id)""#)
        #expect(try await ada.answer("webhooks.delete", #""webhookId":"\#(id)""#).errorCode == "NOT_FOUND")
        #expect(
            try await ada.answer("webhooks.deliveries", #""webhookId":"\#(id)""#).errorCode == "NOT_FOUND")
    }

    @Test("A workspace has at most twenty, however many are made at once")
    func most() async throws {
        let backend = try Backend()
        let ada = try await WebhookOwner(backend)
        let params = #"{"workspaceId":"\#(ada.workspace)","url":"https://example.org/","events":["*"]}"#
        let codes = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<30 {
                group.addTask {
                    try await backend.connect(isOperator: true).call("webhooks.create", params).errorCode
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.filter { $0 == nil }.count == 20 && codes.filter { $0 == "CONFLICT" }.count == 10)
        let nowhere = try await backend.connect(isOperator: true).call(
            "webhooks.create",
            #"{"workspaceId":"00000000-0000-4000-8000-000000000000","url":"https://example.org/","events":["*"]}"#
        )
        #expect(nowhere.errorCode == "NOT_FOUND")
    }

    @Test("Only events that there are can be asked for, and at least one")
    func unknownEvents() async throws {
        let ada = try await WebhookOwner(Backend())
        for events in [#"[]"#, #"["job.done"]"#, #"["*","x"]"#, #"["JOB.COMPLETED"]"#, #"[null]"#, #""*""#] {
            let answer = try await ada.answer(
                "webhooks.create", #""url":"https://example.org/","events":\#(events)"#)
            #expect(answer.errorCode == "VALIDATION_ERROR", "\(answer.source)")
            #expect(answer.source.contains(#""path":"events"#))
        }
    }

    @Test("What is raised anywhere in the sources is declared, so that it can be asked for")
    func declaredEvents() throws {
        let folder = Backend.root + "/Sources/Services"
        let files = try #require(FileManager.default.enumerator(atPath: folder)).compactMap { $0 as? String }
        let pattern = try Regex(#"Event\(\s*type: "([^"]+)""#)
        var raised: Set<String> = []
        for file in files where file.hasSuffix(".swift") {
            let text = try String(contentsOfFile: folder + "/" + file, encoding: .utf8)
            for match in text.matches(of: pattern) { raised.insert(String(match[1].substring ?? "")) }
        }
        // Of jobs each status that ends them has one; webhooks.test puts its own among the deliveries.
        raised.formUnion(JobStatus.allCases.filter(\.isEnded).map(EventType.job))
        raised.insert(EventType.test)
        #expect(raised == Set(EventType.all.map(\.name)))
        let page = try String(contentsOfFile: Backend.root + "/docs/webhooks.md", encoding: .utf8)
        for type in EventType.all { #expect(page.contains("| `\(type.name)` |"), "\(type.name)") }
    }

    private static let inwardURLs = [
        "http://127.0.0.1/", "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f.1/",
        "https://localhost/", "https://a.localhost./", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
        "https://10.0.0.1/", "https://192.168.1.1/", "https://169.254.169.254/latest/meta-data/",
        "https://100.64.0.1/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://[fd00::1]/",
        "https://0.0.0.0/", "ftp://example.org/", "https://user:pw@example.org/", "https://user@example.org/",
        "javascript:alert(1)", "https://", "example.org", "https://exa mple.org/",
        "https://127.0.0.1%2f@example.org/", "http://93.184.215.14/",
    ]

    @Test("A URL that leads inward, or is none, is refused when it is given; what the operator names is not")
    func inward() async throws {
        let careful = try await WebhookOwner(Backend())
        let allowing = try await WebhookOwner(Backend(webhooks: WebhookSink.client("10.77.0.0/16")))
        for ada in [careful, allowing] {
            for url in WebhooksTests.inwardURLs {
                let answer = try await ada.answer("webhooks.create", #""url":"\#(url)","events":["*"]"#)
                #expect(
                    answer.errorCode == "VALIDATION_ERROR" && answer.source.contains(#""path":"url""#),
                    "\(url): \(answer.source)")
            }
        }
        for (url, isRefused) in [
            ("http://example.org/", true), ("http://10.77.1.2/", true), ("https://example.org/", false),
        ] {
            let answer = try await careful.answer("webhooks.create", #""url":"\#(url)","events":["*"]"#)
            #expect((answer.errorCode == "VALIDATION_ERROR") == isRefused, "\(url)")
        }
        _ = try await allowing.create("http://10.77.1.2/")
    }

    @Test(
        "A name that led outward when it was given, and leads inward when it is called, is not connected to")
    func rebound() async throws {
        try await WebhookSink.run { sink in
            let client = try WebhookSink.client("") {
                $0.resolutions = [
                    "hook.example:\(sink.port):127.0.0.1", "meta.example:\(sink.port):169.254.169.254",
                ]
            }
            let backend = try Backend(webhooks: client)
            let ada = try await WebhookOwner(backend)
            let webhook = try await ada.create("https://hook.example:\(sink.port)/hooks/h")
            let metadata = try await ada.create("https://meta.example:\(sink.port)/hooks/h")
            // One from the time when the operator still allowed it.
            let former = try await WebhookOwner(Backend(sharing: backend, webhooks: WebhookSink.client()))
            let plain = try await former.create(sink.url("h"))
            try await ada.raise(1)
            try await former.raise(1)
            try await backend.sendWebhooks()
            for (owner, id) in [(ada, webhook.id), (ada, metadata.id), (former, plain.id)] {
                let delivery = try #require(try await owner.deliveries(id).first)
                #expect(delivery["status"]?.string == "pending" && delivery["attempts"]?.int64 == 1)
                #expect(delivery["lastError"]?.string?.contains("is refused") == true, "\(delivery.source)")
                let test = try await WebhookOwner(owner, on: backend).call(
                    "webhooks.test", #""webhookId":"\#(id)""#)
                #expect(test["delivered"]?.bool == false, "\(test.source)")
            }
            #expect(try await sink.received("h").isEmpty)
        }
    }

    @Test("A test tells what came back, of a webhook that is disabled, too, and is among the deliveries")
    func tests() async throws {
        try await WebhookSink.run { sink in
            let backend = try Backend(webhooks: WebhookSink.client())
            let ada = try await WebhookOwner(backend)
            let webhook = try await ada.create(sink.url("h"), #"["job.failed"]"#)
            let id = #""webhookId":"\#(webhook.id)""#
            let good = try await ada.call("webhooks.test", id)
            #expect(good["delivered"]?.bool == true && good["status"]?.int64 == 200)
            #expect(good["error"]?.isNull == true)
            try await sink.set("h", #"{"status":500,"times":1}"#)
            try await ada.call("webhooks.update", id + #","enabled":false"#)
            let bad = try await ada.call("webhooks.test", id)
            #expect(bad["delivered"]?.bool == false && bad["status"]?.int64 == 500)
            try await sink.set("h", #"{"faults":{"hang":1}}"#)
            let late = try await ada.call("webhooks.test", id + #","_meta":{"timeoutMs":2000}"#)
            #expect(
                late["error"]?.string?.contains("the time is up") == true && late["status"]?.isNull == true)
            let messages = try await sink.received("h")
            #expect(messages.count == 3)
            for (message, test) in zip(messages, [good, bad, late]) {
                #expect(message.id == test["messageId"]?.string)
                #expect(message.signatures == [try message.signature(webhook.secret)])
                #expect(try JSON.parse(message.body)["type"]?.string == "webhook.test")
                #expect(try JSON.parse(message.body)["data"]?["webhookId"]?.string == webhook.id)
            }
            let deliveries = try await ada.deliveries(webhook.id)
            #expect(deliveries.compactMap { $0["status"]?.string } == ["failed", "failed", "delivered"])
            #expect(
                deliveries.compactMap { $0["id"]?.string }
                    == [late, bad, good].compactMap { $0["deliveryId"]?.string })
            // The same call again is not made again.
            let key = id + #","_meta":{"idempotencyKey":"k"}"#
            try await sink.set("h", "{}")
            let first = try await ada.call("webhooks.test", key)
            let second = try await ada.call("webhooks.test", key)
            #expect(first["messageId"]?.string == second["messageId"]?.string)
            #expect(try await sink.received("h").count == 4)
            try await backend.sendWebhooks()
            #expect(try await sink.received("h").count == 4, "a test is tried once")
        }
    }

    @Test(
        "A new secret signs at once, the one before for another day; the next rotation ends the one before that"
    )
    func rotation() async throws {
        try await WebhookSink.run { sink in
            let backend = try Backend(webhooks: WebhookSink.client())
            let ada = try await WebhookOwner(backend)
            let webhook = try await ada.create(sink.url("h"))
            func rotate() async throws -> String {
                let answer = try await ada.call("webhooks.rotateSecret", #""webhookId":"\#(webhook.id)""#)
                return try #require(answer["secret"]?.string)
            }
            func next() async throws -> WebhookSink.Message {
                try await ada.raise(1)
                try await backend.sendWebhooks()
                return try #require(try await sink.received("h").last)
            }
            let second = try await rotate()
            #expect(second != webhook.secret)
            var message = try await next()
            #expect(
                message.signatures == [try message.signature(second), try message.signature(webhook.secret)])
            #expect(try await ada.webhook(webhook.id)["previousSecretExpiresAt"]?.string != nil)
            let third = try await rotate()
            message = try await next()
            #expect(message.signatures == [try message.signature(third), try message.signature(second)])
            // A day later.
            try SQLConsole(backend.conninfo).run("UPDATE webhooks SET previous_expires_at = now()")
            message = try await next()
            #expect(message.signatures == [try message.signature(third)])
            let shown = try await ada.webhook(webhook.id)
            #expect(shown["previousSecretExpiresAt"]?.isNull == true && shown["version"]?.int64 == 3)
            #expect(
                try await ada.answer(
                    "webhooks.rotateSecret", #""webhookId":"\#(webhook.id)","ifVersion":1"#
                ).errorCode == "CONFLICT")
        }
    }

    @Test(
        "Rotating the master key seals signing secrets anew; the old one may go, and receivers notice nothing"
    )
    func masterKeys() async throws {
        let lines = (try NumberedKeys.makeLine(number: 1), try NumberedKeys.makeLine(number: 2))
        func ring(_ file: [UInt8]) throws -> WatchedKeys {
            try WatchedKeys(try #require(NumberedKeys(file: file)))
        }
        try await WebhookSink.run { sink in
            let backend = try Backend(masterKeys: ring(lines.0), webhooks: WebhookSink.client())
            let ada = try await WebhookOwner(backend)
            let webhook = try await ada.create(sink.url("h"))
            let rotated = try await ada.call("webhooks.rotateSecret", #""webhookId":"\#(webhook.id)""#)
            for _ in 0..<4 { _ = try await ada.create(sink.url("other"), #"["job.failed"]"#) }
            try await ada.call("credentials.create", #""provider":"p","key":"k""#)
            let both = try ring(lines.0 + lines.1)
            let rotation = KeyRotation(pool: backend.pool, masterKeys: both, batch: 2)
            #expect(
                try await rotation.usage(Patient()).map { [Int($0.keyVersion), $0.webhooks] } == [[1, 5]])
            #expect(try await !rotation.retire(1, Patient()))
            var progress = KeyRotation.Progress()
            while !progress.isComplete { progress = try await rotation.step(after: progress, Patient()) }
            #expect(progress.sealed == 6 && progress.unreadable.isEmpty)
            #expect(
                try await rotation.usage(Patient()).map { [Int($0.keyVersion), $0.webhooks] } == [[2, 5]])
            #expect(try await rotation.retire(1, Patient()))
            let later = try Backend(
                sharing: backend, masterKeys: ring(lines.1), webhooks: WebhookSink.client())
            try await ada.raise(1)
            try await later.sendWebhooks()
            let message = try #require(try await sink.received("h").first)
            let secret = try #require(rotated["secret"]?.string)
            #expect(
                message.signatures == [try message.signature(secret), try message.signature(webhook.secret)])
        }
    }

    @Test("What is older than thirty days goes, a part at a time")
    func purge() async throws {
        let backend = try Backend()
        let ada = try await WebhookOwner(backend)
        let webhook = try await ada.create("https://example.org/")
        try await ada.raise(5)
        try await backend.platform.handOutEvents()
        let owner = try SQLConsole(backend.conninfo)
        owner.run(
            """
            UPDATE webhook_deliveries SET created_at = now() - interval '31 days'
            WHERE id IN (SELECT id FROM webhook_deliveries LIMIT 3)
            """)
        for deleted in [2, 1, 0] {
            let count = try await backend.pool.upkeep { tx in
                tx.enterEveryWorkspace()
                return try tx.execute(Webhooks.deleteOldDeliveries, 2)
            }
            #expect(count == deleted)
        }
        #expect(try await ada.deliveries(webhook.id).count == 2)
    }
}
