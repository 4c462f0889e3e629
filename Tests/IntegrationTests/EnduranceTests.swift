import TestSupport
import Testing

@Suite("Endurance")
struct EnduranceTests {
    @Test(
        "After load, kills and faults all is back to where it began, and nothing is lost: scripts/prove soak, in short",
        arguments: Seed.some(1))
    func soak(seed: Seed) async throws {
        try await Proof.run(
            "soak", seed,
            expecting:
                "1 SIGKILL, 1 SIGTERM, 1 bad SIGHUP, 1 database, 1 good SIGHUP, 1 pause, 1 sessions, 1 store"
        )
    }
}
