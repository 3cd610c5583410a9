// The process's own standard streams. Nothing is buffered here. Any thread; a write blocks for as long as the reader at the other
// end does, unless it says otherwise.

import Glibc

/// Standard input, output or error.
public enum StandardStream: Int32, Sendable {
    case input = 0
    case output = 1
    case error = 2

    /// Whether a person reads it: only then progress and colour are shown.
    public var isTerminal: Bool { isatty(rawValue) == 1 }

    /// Opens /dev/null as standard input, output or error where one of them is closed. Before anything else opens a descriptor: what a
    /// database or a client sends would otherwise go to a file or a socket that happens to have that number.
    public static func openClosed() {
        for descriptor in 0...2 as ClosedRange<Int32> where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
            // open(2) returns the lowest number that is free, which is this one.
            _ = unsafe open("/dev/null", O_RDWR)
        }
    }

    /// Writes as many bytes as the reader has room for within `limit`.
    /// - Returns: whether that was all of them.
    @discardableResult
    public func writeAvailable(_ bytes: [UInt8], within limit: Duration = .zero) -> Bool {
        let deadline = MonotonicInstant.now() + limit
        var sent = 0
        while sent < bytes.count {
            var waiting = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
            let milliseconds = max(.zero, deadline - .now()).ceilingMilliseconds
            guard unsafe poll(&waiting, 1, Int32(clamping: milliseconds)) == 1, waiting.revents & Int16(POLLOUT) != 0 else { return false }
            let count = unsafe bytes.withUnsafeBytes { buffer in
                // A pipe that is ready takes this much without blocking (man 7 pipe).
                // SAFETY: `sent` is below the count, so the range lies inside the buffer.
                unsafe Glibc.write(rawValue, buffer.baseAddress! + sent, min(Int(PIPE_BUF), buffer.count - sent))
            }
            guard count > 0 || errno == EINTR || errno == EAGAIN else { return false }
            sent += max(0, count)
        }
        return true
    }

    /// Writes all bytes, or as many as the reader takes before it closes: a log nobody reads is no reason to fail.
    public func write(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                // SAFETY: `sent` is below the count, so the range lies inside the buffer.
                unsafe Glibc.write(rawValue, buffer.baseAddress! + sent, buffer.count - sent)
            }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN {
                // Somebody who shares the terminal made it nonblocking.
                var waiting = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&waiting, 1, 1_000)
            } else if errno != EINTR {
                return
            }
        }
    }
}
