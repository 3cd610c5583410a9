// The rules of tasks: whose they are, and what may be served from the cache. A value of lets; its calls run on the loop that
// made it.

import Actors
import Reactor

/// To-dos, private to their owners. Administrators may read and change any by its id.
struct TaskService: Sendable {
    let database: DatabasePool
    let cache: Cache
    let offload: Offload
    /// How long a list may be served from the cache.
    let listLifetime: Duration

    // MARK: Reading

    /// A page of the principal's tasks, newest first, encoded: from the cache, or put there.
    func list(_ query: ListTasksQuery, for principal: Principal) async throws -> EncodedPage {
        let owner = principal.userID
        let (database, offload) = (self.database, self.offload)
        let bytes = try await cache.value(
            namespace: TaskService.namespace(of: owner), key: TaskService.key(of: query), ttl: listLifetime
        ) {
            let page = try await TaskRepository.list(ownedBy: owner, query.filter, query.page, in: database)
            if page.wantsCounters { await self.beginCounting(of: owner) }
            let total =
                if let total = page.total { total } else { try await self.count(query.filter, of: owner) }
            let textBytes = page.tasks.reduce(0) { $0 + $1.title.byteCount + ($1.description?.byteCount ?? 0) }
            return try await offload.encode(textBytes: textBytes) { EncodedPage(page.tasks, total: total, query.page).bytes }
        }
        guard let page = EncodedPage(bytes: bytes) else { throw APIError.internalError }
        return page
    }

    /// The next list will find counters. Where that fails it is counted one by one again: no reason to refuse this one.
    private func beginCounting(of owner: Int64) async {
        try? await database.withTransaction { transaction in
            try await TaskCountRepository.begin(ofOwner: owner, in: transaction)
        }
    }

    /// How many tasks a list has. Counted once for all of its pages: a search looks at every task of the owner.
    private func count(_ filter: TaskFilter, of owner: Int64) async throws -> Int {
        let database = self.database
        let totals = ListTotals(cache: cache, namespace: TaskService.namespace(of: owner), lifetime: listLifetime)
        return try await totals.total(of: TaskService.key(of: filter)) {
            try await TaskRepository.count(ownedBy: owner, filter, in: database)
        }
    }

    /// - Throws: `APIError` ``APIError/taskNotFound``, also for another's task: whether it exists is theirs to know.
    func find(_ id: Int64, for principal: Principal) async throws -> TaskItem {
        guard let task = try await TaskRepository.find(id, scope(of: principal), in: database) else { throw APIError.taskNotFound }
        return task
    }

    /// Counts, encoded. What becomes overdue does so without a write: the cache is ``statisticsLifetime`` behind with it.
    func statistics(for principal: Principal) async throws -> Reply<TaskStatisticsResponse> {
        let owner = principal.userID
        let database = self.database
        return Reply(
            encoded: try await cache.value(
                namespace: TaskService.namespace(of: owner), key: "statistics", ttl: min(TaskService.statisticsLifetime, listLifetime)
            ) {
                let (statistics, wantsCounters) = try await TaskRepository.statistics(ofOwner: owner, now: .now(), in: database)
                if wantsCounters { await self.beginCounting(of: owner) }
                return TaskStatisticsResponse(statistics: statistics).json
            })
    }

    private static let statisticsLifetime = Duration.seconds(5)

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
    private static func key(of query: ListTasksQuery) -> Text {
        let page = query.page.cursor.map { "c\($0.id)" } ?? "s\(query.page.skip)"
        return "\(page)|\(query.page.limit)|\(key(of: query.filter))"
    }

    private static func key(of filter: TaskFilter) -> Text {
        "\(filter.priority?.rawValue ?? "")|\(filter.status?.rawValue ?? "")|\(filter.search ?? "")"
    }
}

extension EncodedPage {
    init(_ tasks: [TaskItem], total: Int, _ request: PageRequest) {
        self.init(
            json: tasks.map(TaskResponse.init).json, count: tasks.count, total: total, lastID: tasks.last?.id, request)
    }
}
