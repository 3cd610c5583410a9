// The end of the process, at once. Any thread.

import Glibc

/// Ends the process without waiting for anything.
public enum ProcessExit {
    /// Nothing is flushed and nobody is asked: for the operator who does not want to wait any longer.
    public static func now(_ status: Int32) -> Never {
        _exit(status)
    }
}
