// Lists of the open directory in the cache. A value; used on its cache's loop.

import Actors
import Reactor

/// The directory's lists as everybody sees them. Whoever changes a user says so here, after the commit.
struct UserLists: Sendable {
    let cache: Cache
    /// How long a list may be served from the cache.
    let lifetime: Duration

    /// One for all: a change of a user may be seen on any page.
    static let namespace = "users"

    /// A page: from the cache, or put there.
    func page(_ request: PageRequest, load: @escaping @Sendable () async throws -> EncodedPage) async throws -> EncodedPage {
        let place = request.cursor.map { "c\($0.id)" } ?? "\(request.skip)"
        let bytes = try await cache.value(namespace: UserLists.namespace, key: "\(place):\(request.limit)", ttl: lifetime) {
            try await load().bytes
        }
        guard let page = EncodedPage(bytes: bytes) else { throw APIError.internalError }
        return page
    }

    /// Totals of these lists and of the administrators'.
    var totals: ListTotals { ListTotals(cache: cache, namespace: UserLists.namespace, lifetime: lifetime) }

    /// Forgets every list, and how many posts there are: they go with their users. Call it after the commit, and where nobody knows
    /// whether there was one.
    static func invalidate(in cache: Cache) async {
        await cache.invalidate(namespaces: [namespace, PostService.namespace])
    }
}

extension EncodedPage {
    /// - Parameter access: whoever is an administrator sees accounts, everybody else the directory's entries.
    init(_ page: ListPage<User>, _ request: PageRequest, seenBy access: UserAccess) {
        let users = page.elements
        self.init(
            json: access.isAdmin ? users.map(UserResponse.init(user:)).json : users.map(DirectoryEntry.init(user:)).json,
            count: users.count, total: page.total, lastID: users.last?.id, request)
    }
}
