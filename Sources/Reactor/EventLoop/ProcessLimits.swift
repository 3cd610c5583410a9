// What the operating system allows this process. Any thread.

import Glibc

/// Limits of the process.
public enum ProcessLimits {
    /// How many descriptors may be open (the soft limit of RLIMIT_NOFILE).
    public static var maxFileDescriptors: Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
        return Int(clamping: limit.rlim_cur)
    }

    /// Raises the soft limit to the hard one, as servers do: 1,024 descriptors is a default for interactive programs.
    public static func raiseFileDescriptorLimit() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// 10,000, or four fifths of the descriptors where those are fewer: the rest is for databases, files and the unforeseen.
    public static var defaultMaxConnections: Int {
        min(10_000, max(8, maxFileDescriptors / 5 * 4))
    }
}
