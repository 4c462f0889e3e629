import Cryptography
import Foundation
import Identifiers
import TestSupport
import Testing

@testable import Services

@Suite("What webhooks go by")
struct WebhookPolicyTests {
    @Test(
        "Signatures are those of the libraries of Standard Webhooks",
        arguments: [
            (
                "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330,
                #"{"test": 2432232314}"#, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
            )
        ])
    func vectors(secret: String, id: String, timestamp: Int64, payload: String, expected: String) throws {
        let key = SigningSecret(key: try SecretBytes(Array(try #require(Data(base64Encoded: secret)))))
        #expect(key.text == "whsec_" + secret)
        let message = WebhookMessage(id: id, timestamp: timestamp, payload: Array(payload.utf8))
        #expect(try message.signature([key]) == expected)
        #expect(try message.signature([key, key]) == expected + " " + expected)
        #expect("\(key.key)" == "***")
    }

    @Test("Base64 is that of RFC 4648 §4, padded", arguments: Seed.some(100))
    func base64(seed: Seed) {
        var random = seed.generator
        let bytes = (0..<Int.random(in: 0...70, using: &random)).map { _ in
            UInt8.random(in: .min ... .max, using: &random)
        }
        #expect(Base64.encode(bytes) == Data(bytes).base64EncodedString())
    }

    @Test(
        "However the dice fall, the last of eight attempts is made some 28 hours after the first",
        arguments: Seed.some(100))
    func schedule(seed: Seed) {
        var random = seed.generator
        var total: Int64 = 0
        var pauses: [Int64] = []
        for attempts in 1...8 {
            let answer = WebhookAnswer(status: [404, 500, nil].randomElement(using: &random) ?? nil)
            let next = WebhookPolicy.next(
                after: answer, attempts: attempts, random: .random(in: 0...1, using: &random))
            guard case .again(let seconds) = next else {
                #expect(attempts == 8 && next == .failed)
                continue
            }
            #expect(attempts < 8 && seconds > 0)
            pauses.append(seconds)
            total += seconds
        }
        #expect(pauses.count == 7)
        #expect(pauses.prefix(5) == pauses.prefix(5).sorted()[...])
        #expect((22 * 3600...34 * 3600).contains(total))
        #expect(WebhookPolicy.retrySeconds.reduce(0, +) / 3600 == 27)
    }

    @Test(
        "Retry-After is kept to, but for no more than a day; a success asks for nothing",
        arguments: Seed.some(100))
    func retryAfter(seed: Seed) {
        var random = seed.generator
        let asked = Int64.random(in: 0...200_000, using: &random)
        let attempts = Int.random(in: 1...7, using: &random)
        let status = [429, 500, 503, 302].randomElement(using: &random) ?? 429
        let answer = WebhookAnswer(status: status, retryAfterSeconds: asked)
        #expect(WebhookPolicy.rest(after: answer) == min(asked, 86_400))
        guard case .again(let seconds) = WebhookPolicy.next(after: answer, attempts: attempts, random: 0.5)
        else {
            Issue.record("it is tried again")
            return
        }
        #expect(seconds == max(min(asked, 86_400), WebhookPolicy.retrySeconds[attempts - 1]))
        let success = WebhookAnswer(
            status: Int.random(in: 200...299, using: &random), retryAfterSeconds: asked)
        #expect(WebhookPolicy.rest(after: success) == 0)
        #expect(WebhookPolicy.next(after: success, attempts: attempts, random: 0.5) == .delivered)
        #expect(WebhookPolicy.rest(after: WebhookAnswer(status: 429)) == 30)
        #expect(WebhookPolicy.rest(after: WebhookAnswer(status: 500)) == 0)
    }

    @Test(
        "An endpoint is disabled by 410 at once, by five days of failure only where something was tried for long"
    )
    func disabling() {
        let day: Int64 = 86_400
        let (bad, good, gone) = (
            WebhookAnswer(status: 500), WebhookAnswer(status: 204), WebhookAnswer(status: 410)
        )
        #expect(WebhookPolicy.disabling(after: [(gone, 1)], failingForSeconds: 0) == .gone)
        #expect(WebhookPolicy.disabling(after: [(good, 1), (gone, 1)], failingForSeconds: 0) == .gone)
        #expect(WebhookPolicy.disabling(after: [(bad, 4)], failingForSeconds: 5 * day) == .failing)
        #expect(WebhookPolicy.disabling(after: [(bad, 4)], failingForSeconds: 5 * day - 1) == nil)
        #expect(WebhookPolicy.disabling(after: [(bad, 3)], failingForSeconds: 9 * day) == nil)
        #expect(WebhookPolicy.disabling(after: [(bad, 8), (good, 1)], failingForSeconds: 9 * day) == nil)
        #expect(WebhookPolicy.disabling(after: [], failingForSeconds: 9 * day) == nil)
        #expect(WebhookPolicy.pause(failingForSeconds: 0) == 1)
        #expect(WebhookPolicy.pause(failingForSeconds: 100) == 10)
        #expect(WebhookPolicy.pause(failingForSeconds: 9 * day) == 300)
    }
}
