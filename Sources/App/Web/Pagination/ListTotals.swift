// How many elements lists have that nobody keeps count of. A value; used on its cache's loop.
//
// Finding a page by its index costs the same in a table of any size; counting the table does not. So a list is counted once for all of its
// pages and readers, until something is written to it.

import Actors
import Reactor

/// Totals in the cache, in the namespace of what they count. Whoever changes that invalidates the namespace after the commit.
struct ListTotals: Sendable {
    let cache: Cache
    let namespace: String
    /// How long a total may be served from the cache.
    let lifetime: Duration

    /// The total of a list: from the cache, or counted and put there.
    /// - Parameter filter: everything that the total depends on.
    func total(of filter: Text, count: @escaping @Sendable () async throws -> Int) async throws -> Int {
        let bytes = try await cache.value(namespace: namespace, key: "total|\(filter)", ttl: lifetime) {
            Array(String(try await count()).utf8)
        }
        guard let total = Int(String(ascii: bytes)) else { throw APIError.internalError }
        return total
    }

    func invalidate() async {
        await cache.invalidate(namespace: namespace)
    }
}
