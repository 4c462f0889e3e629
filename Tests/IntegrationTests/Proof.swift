import TestSupport
import Testing

/// `scripts/prove`, in short.
enum Proof {
    /// - Parameter count: what it has to say of its kills.
    static func run(_ name: String, _ seed: Seed, _ options: [String] = [], expecting count: String)
        async throws
    {
        let proof = try await ServedProcess.run(
            "/usr/bin/env",
            [
                "python3", Project.root + "/Proofs/\(name).py", "--quick", "--seed", "\(seed.value)",
                "--rpcd", ServedProcess.programs + "/rpcd",
            ] + options)
        #expect(proof.status == 0, "\(proof.output)\(proof.errors)")
        #expect(proof.output.contains(count), "\(proof.output)")
    }
}
