// A set of loops, one a core, with a scope: they begin with it and are joined at its end. A value of lets; any thread.

import CLibuv
import Glibc

/// Several event loops that start together and end together.
public final class EventLoopGroup: Sendable {
    /// The loops, each running on its own thread.
    public let loops: [EventLoop]

    private init(loops: [EventLoop]) {
        self.loops = loops
    }

    /// How many loops a machine is given by default: one for each core that this process may use.
    public static var defaultLoopCount: Int {
        max(1, Int(clamping: uv_available_parallelism()))
    }

    /// Runs `body` with `count` running loops; returns when it has ended and every loop's thread is joined.
    ///
    /// Tasks started on a loop must have ended by then: a job for a loop that is gone never runs. The join happens on the
    /// caller's thread and takes as long as the jobs that are ready.
    /// - Parameter count: at least 1; more than the machine's cores only costs context switches.
    /// - Throws: what `body` throws, or ``TransportError`` when a loop cannot be made (no file descriptors, no memory).
    public static func withGroup<R>(loops count: Int, _ body: (EventLoopGroup) async throws -> R) async throws -> R {
        precondition(count > 0, "a group needs a loop")
        BlockingPool.configure()
        // A write to a socket whose peer has gone must be an error, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        var loops: [EventLoop] = []
        for index in 0..<count { loops.append(try EventLoop(index: index)) }
        let threads = loops.map { $0.start() }
        defer {
            for loop in loops { loop.stop() }
            for thread in threads { thread.join() }
        }
        return try await body(EventLoopGroup(loops: loops))
    }
}
