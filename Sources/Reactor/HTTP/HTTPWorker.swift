// The tasks that answer. They belong to a loop and not to its connections: a connection has one while it has something to answer,
// so that an idle connection costs no suspended task, and a busy one costs no new task a request. Loop-bound.

/// One task of a shard, serving one connection at a time.
@safe
final class HTTPWorker {
    private let server: HTTPServerShard
    private var task: Task<Void, Never>?
    /// The connection to serve; nil ends the task.
    private var connection: HTTPConnection?
    /// The task, while it is parked.
    private var parked: UnsafeContinuation<Void, Never>?

    init(server: HTTPServerShard) {
        self.server = server
    }

    /// Has the task serve `connection` until nothing is pending there. Only for a worker that is new or parked.
    func serve(_ connection: HTTPConnection) {
        self.connection = connection
        guard unsafe parked == nil else { return wake() }
        // SAFETY: the task is isolated to the loop's actor, and this object is touched on the loop's thread only.
        nonisolated(unsafe) let worker = self
        let isolation = server.loop.isolation
        task = Task(executorPreference: server.loop) {
            unsafe await worker.run(isolation: isolation)
        }
    }

    /// Lets a parked task go on: to the connection that it was given, or, without one, to its end.
    func wake() {
        guard let waiting = unsafe parked else { return }
        unsafe parked = nil
        unsafe waiting.resume()
    }

    /// Cancels the handler that runs. The task ends with its connection: there is no taking a cancellation back.
    func cancel() {
        task?.cancel()
    }

    /// The keep-alive loop, whole. Everything but the handler, and the answers that take time, is done without suspending: to come
    /// back from an asynchronous call, the runtime asks for the task's executor under a lock.
    private func run(isolation: isolated LoopActor) async {
        while let connection {
            while var request = connection.beginRequest() {
                let response = await server.responder.respond(to: request)
                let progress = connection.answer(request, with: response)
                let staysOpen =
                    if case .complete(let staysOpen) = progress { staysOpen } else {
                        await connection.complete(progress, of: request, with: response)
                    }
                connection.endRequest(&request, staysOpen: staysOpen)
                // Requests that one client has sent at once must not make one long piece of work. Every fourth is soon enough.
                if connection.pending.count & 3 == 1, server.loop.pieceElapsed >= server.limits.pipelinedTurn {
                    await server.loop.yieldToOthers()
                }
            }
            self.connection = nil
            connection.dismissWorker()
            guard !Task.isCancelled, server.park(self) else { return }
            await unsafe withUnsafeContinuation { unsafe parked = $0 }
        }
    }
}
