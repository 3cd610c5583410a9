// A write, and what has to be forgotten because of it: cached lists, sessions that are believed in. Stateless; runs where its caller
// runs.

import Reactor

/// Writes that leave nothing untrue behind them.
enum SettledWrite {
    /// Runs a write, and then `forget`: after the commit, never before it, or what is loaded in between would be kept. Also where
    /// the write failed, for one that was cancelled, came too late, or was lost on its way to the commit may have happened all the
    /// same; but not where a rule refused it. Nothing has changed then, and refusals are cheap: nobody shall empty caches with them.
    static func run<Result: Sendable>(
        _ write: () async throws -> Result, forgetting forget: () async -> Void
    ) async throws -> Result {
        do {
            let result = try await write()
            await forget()
            return result
        } catch {
            if !isRefusal(error) { await forget() }
            throw error
        }
    }

    /// Whether a rule of ours or of the schema forbade it: either rolls the transaction back.
    private static func isRefusal(_ error: any Error) -> Bool {
        if case DatabaseError.constraint = error { return true }
        return error is APIError
    }
}
