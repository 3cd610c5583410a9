// Many want the same missing thing: one fetches it, the others wait for that one. An actor pinned to its loop.

import Reactor

/// Runs at most one piece of work a key at a time, and shares its result or error with everyone who asked meanwhile.
///
/// The work belongs to nobody's task: a waiter that is cancelled leaves alone. Only when the last one has left is the work
/// cancelled too.
actor SingleFlight<Key: Hashable & Sendable, Value: Sendable> {
    private struct Flight {
        let id: UInt64
        var waiters: [LoopPromise<Value>] = []
        /// Set between the answer and the end of `afterwards`: who comes in that moment gets the value at once.
        var landed: Value?
        /// Waiters that have not been cancelled.
        var interested = 0
    }

    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private var flights: [Key: Flight] = [:]
    private var tasks: [UInt64: Task<Void, Never>] = [:]
    private var lastID: UInt64 = 0
    /// Flights started, so far.
    private(set) var started = 0

    init(loop: EventLoop) {
        self.loop = loop
    }

    /// The value for `key`, from the flight under way or from a new one.
    ///
    /// Cancelling the task ends the wait at once, with `CancellationError`.
    /// - Parameters:
    ///   - load: the work; its error is everybody's.
    ///   - afterwards: runs with the value once the waiters have been answered, and holds nobody up; whoever asks until it has
    ///     ended is answered with the same value.
    func value(
        for key: Key,
        load: @escaping @Sendable () async throws -> Value,
        afterwards: (@Sendable (Value) async -> Void)? = nil
    ) async throws -> Value {
        let promise = LoopPromise<Value>(loop: loop)
        // Stored before anything is awaited: whoever comes next finds the flight.
        let id = board(key, promise, load, afterwards)
        do {
            return try await promise.wait()
        } catch {
            // If the flight is still there, it was not the flight that failed: this waiter was cancelled.
            leave(key, id)
            throw error
        }
    }

    /// Cancels what is under way and returns when it has ended.
    func shutdown() async {
        for task in tasks.values { task.cancel() }
        while let task = tasks.values.first { await task.value }
    }

    private func board(
        _ key: Key,
        _ promise: LoopPromise<Value>,
        _ load: @escaping @Sendable () async throws -> Value,
        _ afterwards: (@Sendable (Value) async -> Void)?
    ) -> UInt64 {
        // In place: with a copy of the flight at hand, the thousandth waiter would copy those before it.
        if let index = flights.index(forKey: key) {
            let id = flights.values[index].id
            if let landed = flights.values[index].landed {
                promise.succeed(landed)
                return id
            }
            flights.values[index].waiters.append(promise)
            flights.values[index].interested += 1
            return id
        }
        lastID &+= 1
        let id = lastID
        started += 1
        flights[key] = Flight(id: id, waiters: [promise], interested: 1)
        tasks[id] = Task(executorPreference: loop) {
            do {
                let value = try await load()
                await self.land(key, id, .success(value), isOver: afterwards == nil)
                await afterwards?(value)
            } catch {
                await self.land(key, id, .failure(error), isOver: true)
            }
            await self.forget(key, id)
        }
        return id
    }

    private func leave(_ key: Key, _ id: UInt64) {
        guard let flight = flights[key], flight.id == id, flight.landed == nil else { return }
        guard flight.interested <= 1 else {
            flights[key]?.interested -= 1
            return
        }
        flights[key] = nil
        tasks[id]?.cancel()
    }

    /// - Parameter isOver: nothing follows the answer; else the flight stays, with its value, until ``forget(_:_:)``.
    private func land(_ key: Key, _ id: UInt64, _ result: Result<Value, any Error>, isOver: Bool) {
        guard let flight = flights[key], flight.id == id else { return }
        if isOver { flights[key] = nil }
        switch result {
        case .success(let value):
            flights[key]?.landed = value
            flights[key]?.waiters = []
            for waiter in flight.waiters { waiter.succeed(value) }
        case .failure(let error):
            for waiter in flight.waiters { waiter.fail(error) }
        }
    }

    private func forget(_ key: Key, _ id: UInt64) {
        tasks[id] = nil
        if flights[key]?.id == id { flights[key] = nil }
    }
}
