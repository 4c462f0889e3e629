import CPCRE2

/// A pattern of ECMA-262, compiled by PCRE2. It may match anywhere in a text.
///
/// PCRE2 backtracks, and its own limits count neither what a single-character repeat runs over nor what all matches of
/// one value take together. So a callout stands before each item of the pattern: it takes from the one budget of the
/// check, and ends the match when that is used up.
// The code is written by pcre2_compile in init and freed in deinit; in between it is only read, by any number of threads
// at a time, as pcre2api(3), "Multithreading", allows: no JIT code belongs to it.
final class Pattern: @unchecked Sendable {
    /// Why a text is not a pattern.
    struct Fault: Error {
        let message: String
    }

    enum Outcome {
        case matches, differs
        /// Undecided: the steps or the memory that the match may take are used up.
        case exhausted
    }

    /// Of a pattern, in bytes after its translation.
    private static let maximumLength = 65_536

    /// As "has to match …".
    let sentence: String
    private let code: OpaquePointer
    /// What one callout costs: more where PCRE2 may run in vain over much text before the next, as for `[0-9]{500}`.
    private let stepsPerCallout: Int
    /// Then a callout may be followed by the comparison of half of the text.
    private let hasBackreferences: Bool

    init(_ source: String) throws(Fault) {
        let translation: PatternTranslation
        do throws(PatternTranslation.Fault) {
            translation = try PatternTranslation(source)
        } catch {
            throw Fault(message: error.message)
        }
        guard translation.output.utf8.count <= Pattern.maximumLength else {
            throw Fault(message: "a pattern that is too long")
        }
        // Not PCRE2_UCP: \d, \w and \b stay with ASCII as in ECMA-262.
        let options =
            PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF
            | UInt32(PCRE2_AUTO_CALLOUT) | PCRE2_NEVER_BACKSLASH_C
        var status: Int32 = 0
        var offset = 0
        let text = Array(translation.output.utf8)
        guard let code = pcre2_compile_8(text, text.count, options, &status, &offset, nil) else {
            throw Fault(message: Pattern.message(of: status))
        }
        sentence = source.utf8.count <= 200 ? "the pattern \(source)" : "the pattern that the schema has"
        self.code = code
        stepsPerCallout = 1 + translation.longestRun / 16
        hasBackreferences = translation.hasBackreferences
    }

    deinit { pcre2_code_free_8(code) }

    /// Whether the pattern matches somewhere in `text`. What that takes is taken from `steps`.
    func outcome(_ text: String, _ matcher: PatternMatcher, steps: inout Int) -> Outcome {
        var text = text
        return text.withUTF8 { bytes in
            matcher.outcome(
                code, bytes, steps: &steps,
                stepsPerCallout: stepsPerCallout + (hasBackreferences ? bytes.count / 1_024 : 0))
        }
    }

    private static func message(of status: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = pcre2_get_error_message_8(status, &buffer, buffer.count)
        return String(decoding: buffer.prefix(Int(max(length, 0))), as: UTF8.self)
    }
}

/// The memory of PCRE2 for the matches of one check. One thread has it.
final class PatternMatcher {
    /// The memory that one match may take for its way back, in KiB.
    private static let memory: UInt32 = 32_768

    private struct Budget {
        var steps: Int
        var stepsPerCallout: Int
        var position: Int
    }

    private let context: OpaquePointer
    private let match: OpaquePointer
    private let budget: UnsafeMutablePointer<Budget>

    /// `nil` when there is no memory.
    init?() {
        guard let context = pcre2_match_context_create_8(nil) else { return nil }
        guard let match = pcre2_match_data_create_8(1, nil) else {
            pcre2_match_context_free_8(context)
            return nil
        }
        self.context = context
        self.match = match
        budget = .allocate(capacity: 1)
        budget.initialize(to: Budget(steps: 0, stepsPerCallout: 1, position: 0))
        pcre2_set_heap_limit_8(context, PatternMatcher.memory)
        pcre2_set_callout_8(
            context,
            { block, data in
                guard let block, let budget = data?.assumingMemoryBound(to: Budget.self) else {
                    return PCRE2_ERROR_CALLOUT
                }
                let position = block.pointee.current_position
                let run = abs(position - budget.pointee.position)
                budget.pointee.position = position
                budget.pointee.steps -= budget.pointee.stepsPerCallout + run / 16
                return budget.pointee.steps < 0 ? PCRE2_ERROR_CALLOUT : 0
            }, budget)
    }

    deinit {
        pcre2_match_data_free_8(match)
        pcre2_match_context_free_8(context)
        budget.deallocate()
    }

    fileprivate func outcome(
        _ code: OpaquePointer, _ text: UnsafeBufferPointer<UInt8>, steps: inout Int, stepsPerCallout: Int
    ) -> Pattern.Outcome {
        // PCRE2 looks for the first and the last character of a match by itself, once over the text.
        budget.pointee = Budget(steps: steps - text.count / 64, stepsPerCallout: stepsPerCallout, position: 0)
        defer { steps = budget.pointee.steps }
        // No check of the text: a String is well-formed UTF-8.
        let status = pcre2_match_8(
            code, text.baseAddress, text.count, 0, PCRE2_NO_UTF_CHECK, match, context)
        switch status {
        case PCRE2_ERROR_NOMATCH: return .differs
        case 0...: return .matches
        default: return .exhausted
        }
    }
}
