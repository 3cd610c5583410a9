// Waiting for the operator to say stop.

import Glibc

/// SIGTERM or SIGINT, as a value to wait for.
public enum TerminationSignal {
    /// Returns with the first of SIGTERM and SIGINT; their default action is suspended meanwhile. Cancelling the task ends the
    /// wait too, with 0.
    @discardableResult
    public static func wait(on loop: EventLoop) async -> Int32 {
        await loop.isolation.waitForTermination()
    }
}

extension LoopActor {
    fileprivate func waitForTermination() async -> Int32 {
        let promise = LoopPromise<Int32>(loop: loop)
        let sources = [SIGTERM, SIGINT].compactMap { number in
            try? SignalSource(number, loop: loop) { promise.succeed($0) }
        }
        defer { withExtendedLifetime(sources) {} }
        return (try? await promise.wait()) ?? 0
    }
}

/// An environment variable; nil where it is unset or empty.
public func environment(_ name: String) -> String? {
    // SAFETY: getenv's string is copied at once; nothing in this process changes the environment after its start.
    guard let value = unsafe getenv(name), unsafe value.pointee != 0 else { return nil }
    return unsafe String(cString: value)
}
