/// What was found, and what to do about it.
struct Finding: Sendable {
    enum Standing: String, Sendable, CaseIterable {
        case ok
        /// There is nothing to look at here.
        case skipped
        /// It works, and will not for long, or not as one may expect.
        case warning
        case failure
    }

    let standing: Standing
    let text: String
    let advice: String?
    /// Whether `rpcd serve` would end with status 78.
    private(set) var isConfiguration = false

    private init(_ standing: Standing, _ text: String, _ advice: String? = nil) {
        (self.standing, self.text, self.advice) = (standing, text, advice)
    }

    static func ok(_ text: String) -> Finding { Finding(.ok, text) }
    static func skipped(_ text: String) -> Finding { Finding(.skipped, text) }
    static func warning(_ text: String, do advice: String) -> Finding { Finding(.warning, text, advice) }
    static func failure(_ text: String, do advice: String) -> Finding { Finding(.failure, text, advice) }

    /// A setting that the daemon would refuse.
    static func refusal(_ error: SettingError, do advice: String) -> Finding {
        var finding = Finding(.failure, "\(error)", advice)
        finding.isConfiguration = true
        return finding
    }
}

extension [Finding] {
    /// These, or where nothing is the matter this.
    func orElse(_ finding: @autoclosure () -> Finding) -> [Finding] { isEmpty ? [finding()] : self }
}
