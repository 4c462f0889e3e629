extension UInt64 {
    /// The sum, or the largest number: an instant that far away never comes.
    func saturatingAdd(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
