import Redis
import Resilience
import TestSupport
import Testing

@Suite("The URL of a Redis server")
struct RedisURLTests {
    @Test("What it says is what is meant")
    func parts() throws {
        let plain = try RedisURL("redis://cache.internal")
        #expect(plain.address == .tcp(host: "cache.internal", port: 6379))
        #expect(!plain.usesTLS && plain.login == nil && plain.database == 0)
        let full = try RedisURL("rediss://app%40x:p%3Aa%2Fs%20s@[::1]:7000/3")
        #expect(full.address == .tcp(host: "::1", port: 7000))
        #expect(full.usesTLS && full.database == 3)
        #expect(full.login?.user == "app@x" && full.login?.password == "p:a/s s")
        #expect(try RedisURL("redis://:secret@127.0.0.1:1/").login?.user == "default")
        let socket = try RedisURL("unix:///run/a%20b.sock?db=2")
        #expect(socket.address == .unix(path: "/run/a b.sock") && socket.database == 2)
        #expect(try RedisURL("unix://u:p@/run/redis.sock").login?.user == "u")
    }

    @Test(
        "What does not fit is refused, in a sentence that repeats nothing",
        arguments: [
            "http://secret@x", "redis://", "redis://secret@host", "redis://user:@host",
            "redis://u:secret@host:0", "redis://u:secret@host:65536", "redis://u:secret@host:x",
            "redis://u:secret@host/x", "redis://u:secret@host/-1", "redis://u:secret@host/10000",
            "redis://u:secret@host/1?db=2", "redis://u:sec%ret@host", "redis://u:secret%00@host",
            "redis://u:secret%ff@host", "redis://u:secret@[::1", "redis://u:secret@host#x",
            "unix://secret/run", "unix:///", "unix://", "unix:///secret?x=1", "unix:///secret?db=",
            "redis://u:secret@ho st", "redis://u:secret%2@host",
        ])
    func refusals(text: String) {
        do {
            let url = try RedisURL(text)
            Issue.record("\(text) is taken for \(url.address)")
        } catch {
            #expect(!error.description.contains("secret"))
            #expect(!error.description.contains("host:"))
        }
    }

    @Test("Nothing of it is printed")
    func silence() throws {
        let url = try RedisURL("redis://usersecret:secret@secrethost/1")
        var dumped = "\(url) \(String(reflecting: url)) \(String(describing: url.login))"
        dump(url, to: &dumped)
        #expect(!dumped.contains("secret"))
    }

    @Test("However it is damaged, it is taken or refused, never a crash", arguments: Seed.some(100))
    func hostile(seed: Seed) {
        let samples = ["rediss://u%20:p@[::1]:7000/3", "unix://u:p@/run/a.sock?db=2", "redis://h:1/1"]
        var input = HostileInput(seed.generator, samples: samples.map { Array($0.utf8) })
        for _ in 0..<20 {
            let text = String(decoding: input.next(), as: UTF8.self)
            if let url = try? RedisURL(text) {
                #expect((0...RedisURL.maximumDatabase).contains(url.database))
            }
        }
    }
}
