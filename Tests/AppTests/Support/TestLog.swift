// What an application logged, for tests to look at. Any thread.

import Synchronization

/// Lines of a log.
final class TestLog: Sendable {
    private let lines = Mutex<[String]>([])

    func append(_ line: [UInt8]) {
        lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
    }

    var text: String { lines.withLock { $0.joined() } }
}
