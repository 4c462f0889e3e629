import Glibc

/// The clock that never goes back (CLOCK_MONOTONIC, clock_gettime(2)): for durations, not for dates.
public enum MonotonicClock {
    /// Nanoseconds since an unspecified start, usually the boot.
    public static var now: UInt64 {
        var time = timespec()
        // It fails only for a clock or an address that does not exist.
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
