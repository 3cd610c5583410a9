// The process's own output and error streams. Nothing is buffered here. Any thread; a write blocks for as long as the reader
// at the other end does.

import Glibc

/// Standard output or standard error.
public enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// Whether a person reads it: only then progress and colour are shown.
    public var isTerminal: Bool { isatty(rawValue) == 1 }

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
