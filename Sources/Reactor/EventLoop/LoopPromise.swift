// The bridge from a callback to an `await`: a value that arrives once, on a loop. Belongs to its loop's thread; only the
// cancellation of the waiting task may come from elsewhere, and it is posted.

/// A one-shot value with one waiter, resumed on its loop.
// SAFETY: `state` is touched on the loop's thread only; `onCancel` is immutable.
@safe
public final class LoopPromise<Value: Sendable>: @unchecked Sendable {
    @safe private enum State {
        case pending
        case waiting(UnsafeContinuation<Value, any Error>)
        case settled(Result<Value, any Error>)
        case done
    }

    public let loop: EventLoop
    private var state = State.pending
    private let onCancel: (@Sendable () -> Void)?

    /// - Parameter onCancel: called on the loop, at most once, when the waiting task was cancelled before the promise settled.
    public init(loop: EventLoop, onCancel: (@Sendable () -> Void)? = nil) {
        self.loop = loop
        self.onCancel = onCancel
    }

    /// True once there is a value or an error, whether or not it was collected.
    public var isSettled: Bool {
        switch state {
        case .pending, .waiting: false
        case .settled, .done: true
        }
    }

    /// Waits for the value. Called at most once, on-loop.
    ///
    /// Cancelling the task ends the wait with `CancellationError`, within a tick of the loop; a value that arrives later is
    /// dropped.
    public func wait(isolation: isolated (any Actor)? = #isolation) async throws -> Value {
        if case .settled(let result) = state {
            state = .done
            return try result.get()
        }
        return try await withTaskCancellationHandler {
            // The standard library takes this closure as a nonisolated one, which costs a hop to the task's executor and so a
            // second enqueue a wait; capturing the isolation makes it isolated.
            _ = isolation
            return try await unsafe withUnsafeThrowingContinuation { continuation in
                unsafe suspend(unsafe continuation)
            }
        } onCancel: {
            if loop.isOnLoop {
                cancel()
            } else {
                loop.post { self.cancel() }
            }
        }
    }

    /// Settles with a value; false if it was settled before. On-loop.
    @discardableResult
    public func succeed(_ value: Value) -> Bool {
        settle(.success(value))
    }

    /// Settles with an error; false if it was settled before. On-loop.
    @discardableResult
    public func fail(_ error: any Error) -> Bool {
        settle(.failure(error))
    }

    private func suspend(_ continuation: UnsafeContinuation<Value, any Error>) {
        switch state {
        case .pending:
            state = unsafe .waiting(continuation)
        case .settled(let result):
            state = .done
            unsafe continuation.resume(with: result)
        case .waiting, .done:
            preconditionFailure("a LoopPromise has one waiter, once")
        }
    }

    private func settle(_ result: Result<Value, any Error>) -> Bool {
        switch state {
        case .pending:
            state = .settled(result)
            return true
        case .waiting(let continuation):
            state = .done
            unsafe continuation.resume(with: result)
            return true
        case .settled, .done:
            return false
        }
    }

    private func cancel() {
        if settle(.failure(CancellationError())) { onCancel?() }
    }
}
