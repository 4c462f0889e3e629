import CSystemd
import Glibc

/// What a crash leaves behind.
public enum CoreDumps {
    /// From here on the kernel writes no image of this process to disk, and lets nobody but root look into it (prctl(2),
    /// PR_SET_DUMPABLE): keys and tokens are in its memory. Nor does Swift's own crash handler run any more, which prints the memory that
    /// registers point at; a trap still says its one line.
    /// - Returns: whether that is so.
    public static func forbid() -> Bool {
        for number in [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGTRAP] { signal(number, SIG_DFL) }
        return rpcd_forbid_core_dumps() == 0
    }
}
