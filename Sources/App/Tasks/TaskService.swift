// The rules of tasks: whose they are, and what may be served from the cache. A value of lets; its calls run on the loop that
// made it.

import Actors
import Reactor

/// To-dos, private to their owners. Administrators may read and change any by its id.
struct TaskService: Sendable {
    let database: DatabasePool
    let cache: Cache
    /// How long a list may be served from the cache.
    let listLifetime: Duration

    // MARK: Reading

    /// A page of the principal's tasks, newest first, encoded: from the cache, or put there.
    func list(_ query: ListTasksQuery, for principal: Principal) async throws -> EncodedPage {
        let owner = principal.userID
        let database = self.database
        let bytes = try await cache.value(
            namespace: TaskService.namespace(of: owner), key: TaskService.key(of: query), ttl: listLifetime
        ) {
            let page = try await TaskRepository.list(ownedBy: owner, query.filter, query.page, in: database)
            return EncodedPage(page, query.page).bytes
        }
        guard let page = EncodedPage(bytes: bytes) else { throw APIError.internalError }
        return page
    }

    /// - Throws: `APIError` ``APIError/taskNotFound``, also for another's task: whether it exists is theirs to know.
    func find(_ id: Int64, for principal: Principal) async throws -> TaskItem {
        guard let task = try await TaskRepository.find(id, scope(of: principal), in: database) else { throw APIError.taskNotFound }
        return task
    }

    func statistics(for principal: Principal) async throws -> TaskStatistics {
        // Not cached: what is overdue changes by itself.
        try await TaskRepository.statistics(ofOwner: principal.userID, now: .now(), in: database)
    }

    // MARK: Writing

    func create(_ request: CreateTaskRequest, for principal: Principal) async throws -> TaskItem {
        try await writing(of: principal.userID) {
            try await TaskRepository.insert(request, owner: principal.userID, now: .now(), in: database)
        }
    }

    /// - Throws: `APIError` ``APIError/taskNotFound``.
    func update(_ id: Int64, _ request: UpdateTaskRequest, for principal: Principal) async throws -> TaskItem {
        guard !request.isEmpty else { return try await find(id, for: principal) }
        let task = try await writing(of: try await owner(of: id, for: principal)) {
            try await TaskRepository.update(id, scope(of: principal), request, now: .now(), in: database)
        }
        guard let task else { throw APIError.taskNotFound }
        return task
    }

    /// - Throws: `APIError` ``APIError/taskNotFound``.
    func delete(_ id: Int64, for principal: Principal) async throws {
        let owner = try await writing(of: try await owner(of: id, for: principal)) {
            try await TaskRepository.delete(id, scope(of: principal), in: database)
        }
        guard owner != nil else { throw APIError.taskNotFound }
    }

    /// Whose lists a write to a task concerns. Known before the write: one that fails says nothing, and may have happened.
    private func owner(of id: Int64, for principal: Principal) async throws -> Int64 {
        principal.isAdmin ? try await find(id, for: principal).ownerID : principal.userID
    }

    private func scope(of principal: Principal) -> TaskRepository.Scope {
        principal.isAdmin ? .everybody : .owner(principal.userID)
    }

    // MARK: Cache

    /// Runs a write, and forgets its owner's lists.
    private func writing<Result: Sendable>(of owner: Int64, _ write: () async throws -> Result) async throws -> Result {
        try await SettledWrite.run(write) { await cache.invalidate(namespace: TaskService.namespace(of: owner)) }
    }

    private static func namespace(of owner: Int64) -> String { "tasks:\(owner)" }

    /// Every parameter; the free text comes last, so that it can imitate none of the others.
    private static func key(of query: ListTasksQuery) -> String {
        let page = query.page.cursor.map { "c\($0.id)" } ?? "s\(query.page.skip)"
        let filter = "\(query.filter.priority?.rawValue ?? "")|\(query.filter.status?.rawValue ?? "")"
        return "\(page)|\(query.page.limit)|\(filter)|\(query.filter.search ?? "")"
    }
}

extension EncodedPage {
    init(_ page: TaskRepository.Page, _ request: PageRequest) {
        self.init(
            json: page.tasks.map(TaskResponse.init).json, count: page.tasks.count, total: page.total, lastID: page.tasks.last?.id,
            request)
    }
}
