import Foundation
import Glibc
import JSON
import NIOHTTP1
import TestSupport
import Testing

@testable import rpcd_provider_sim

@Suite("Webhooks")
struct HookTests {
    @Test("Deliveries are kept with their headers and exact bodies, in order, in pages")
    func deliveries() async throws {
        try await Simulated.run { simulated in
            #expect(try await simulated.get("/control/hooks/orders")["received"]?.int64 == 0)
            let bodies = [#"{"a":"é\n"}"#, "", "plain  text"]
            for body in bodies {
                let answer = try await simulated.call(
                    "POST", "/hooks/orders", body, headers: ["Webhook-Signature: v1,\(body.utf8.count)"])
                #expect(answer.status == 200)
            }
            let binary = try simulated.open()
            try await binary.send(
                Array(
                    "POST /hooks/orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
                        .utf8)
                    + [0xFF, 0x0A])
            #expect(try await binary.receiveAll().hasPrefix("HTTP/1.1 200"))
            let hook = try await simulated.get("/control/hooks/orders")
            #expect(hook["received"]?.int64 == 4 && hook["accepted"]?.int64 == 4)
            #expect(hook["deliveries"]?.elements.map { $0["body"]?.string } == bodies + [nil])
            #expect(hook["deliveries"]?[3]?["bodyHexadecimal"]?.string == "FF0A")
            let signature = hook["deliveries"]?[2]?["headers"]?.elements.first {
                $0[0]?.string == "webhook-signature"
            }
            #expect(signature?[1]?.string == "v1,11")
            let page = try await simulated.get("/control/hooks/orders?offset=1&limit=2")
            #expect(page["deliveries"]?.elements.map { $0["sequence"]?.int64 } == [1, 2])
            #expect(page["nextOffset"]?.int64 == 3)
            #expect(try await simulated.get("/control/hooks")["orders"]?["received"]?.int64 == 4)
            _ = try await simulated.call("DELETE", "/control/hooks/orders")
            #expect(try await simulated.get("/control/hooks").count == 0)
        }
    }

    @Test("A hook fails as often as it is told, then takes what comes")
    func failures() async throws {
        try await Simulated.run { simulated in
            try await simulated.put("/control/hooks/h", #"{"status":503,"times":3,"retryAfterSeconds":7}"#)
            var answers: [Simulated.Answer] = []
            for _ in 0..<5 { answers.append(try await simulated.call("POST", "/hooks/h", "x")) }
            #expect(answers.map(\.status) == [503, 503, 503, 200, 200])
            #expect(answers.map { $0.head.contains("retry-after: 7") } == [true, true, true, false, false])
            let hook = try await simulated.get("/control/hooks/h")
            #expect(hook["received"]?.int64 == 5 && hook["accepted"]?.int64 == 2)
            #expect(hook["deliveries"]?.elements.map { $0["status"]?.int64 } == [503, 503, 503, 200, 200])
            try await simulated.put("/control/hooks/h", #"{"status":410}"#)
            for _ in 0..<3 { #expect(try await simulated.call("POST", "/hooks/h", "x").status == 410) }
            try await simulated.put("/control/hooks/h", #"{"faults":{"reset":1}}"#)
            let reset = try simulated.open()
            try await reset.send(Simulated.request("POST", "/hooks/h", "x"))
            #expect(try await reset.receive().isEmpty)
            let last = try await simulated.get("/control/hooks/h")["deliveries"]?.elements.map {
                $0["status"]?.int64
            }
            #expect(last?.last == .some(.some(0)))
        }
    }

    @Test("Beyond its bounds a hook forgets the oldest, and says how many")
    func bounds() {
        let hook = Hook("h", seed: 1)
        let headers = HTTPHeaders([("X-Number", "1")])
        for _ in 0..<Hook.maximumDeliveries + 5 {
            _ = hook.receive(headers, [1], room: 1 << 40, trap: "")
        }
        #expect(hook.deliveries.count == Hook.maximumDeliveries && hook.dropped == 5)
        #expect(hook.deliveries(from: 0).first == 5)
        #expect(hook.deliveries(from: 7).0.first?.sequence == 7)
        #expect(hook.deliveries(from: .max).0.isEmpty)
        // No room but what the oldest leave.
        let before = hook.bytes
        _ = hook.receive(headers, [UInt8](repeating: 1, count: 1_000), room: 0, trap: "")
        #expect(hook.bytes <= before && hook.deliveries.last?.body.count == 1_000)
        _ = hook.receive(headers, [UInt8](repeating: 1, count: before * 2), room: 0, trap: "")
        #expect(hook.deliveries.isEmpty && hook.bytes == 0 && hook.received == Hook.maximumDeliveries + 7)
        #expect(hook.received == hook.dropped)
    }
}
