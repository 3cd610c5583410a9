// Tasks: the model, and its requests, answers and errors. Values; any thread.

import Reactor

enum TaskPriority: String, CaseIterable, Sendable, JSONRepresentable {
    case low, medium, high, urgent
}

enum TaskStatus: String, CaseIterable, Sendable, JSONRepresentable {
    case pending
    case inProgress = "in_progress"
    case completed, cancelled
}

/// A to-do: a row of `tasks`. (`Task` is Swift's.)
struct TaskItem: Sendable, Hashable {
    let id: Int64
    let title: Text
    let description: Text?
    let priority: TaskPriority
    let status: TaskStatus
    let dueDate: Timestamp?
    let ownerID: Int64
    let createdAt: Timestamp
    let updatedAt: Timestamp
}

// MARK: - Requests

private enum TaskFields {
    static let title = Field.string("title", length: 1...200, example: "Write the report")
    static let description = Field.string("description", length: ...5_000)
    static let priority = Field<TaskPriority>.enumeration("priority")
    static let status = Field<TaskStatus>.enumeration("status")

    /// An offset can push a valid date over the edges of the years that RFC 3339 and the databases can write down.
    static let dueDate = Field.timestamp(
        "due_date", description: "RFC 3339, or a date; UTC without an offset", example: "2030-12-31T17:00:00Z"
    )
    .checked { years.contains($0) ? nil : "year is out of range" }
    private static let years = Timestamp(seconds: -62_135_596_800)...Timestamp(microseconds: 253_402_300_799_999_999)
}

struct CreateTaskRequest: RequestBody {
    let title: Text
    let description: Text?
    let priority: TaskPriority
    let status: TaskStatus
    let dueDate: Timestamp?

    private static let description = TaskFields.description.optional()
    private static let priority = TaskFields.priority.defaulting(to: .medium)
    private static let status = TaskFields.status.defaulting(to: .pending)
    private static let dueDate = TaskFields.dueDate.optional()
    static let schema = ObjectSchema("TaskCreate", TaskFields.title, description, priority, status, dueDate)

    init(_ values: ObjectValues) {
        title = values[TaskFields.title]
        description = values[Self.description]
        priority = values[Self.priority]
        status = values[Self.status]
        dueDate = values[Self.dueDate]
    }
}

/// What of a task changes; what is left out stays. PUT and PATCH mean the same here.
struct UpdateTaskRequest: RequestBody {
    let title: Text?
    let description: Patch<Text>
    let priority: TaskPriority?
    let status: TaskStatus?
    let dueDate: Patch<Timestamp>

    private static let title = TaskFields.title.omittable()
    private static let description = TaskFields.description.patch()
    private static let priority = TaskFields.priority.omittable()
    private static let status = TaskFields.status.omittable()
    private static let dueDate = TaskFields.dueDate.patch()
    static let schema = ObjectSchema("TaskUpdate", title, description, priority, status, dueDate)

    init(_ values: ObjectValues) {
        title = values[Self.title]
        description = values[Self.description]
        priority = values[Self.priority]
        status = values[Self.status]
        dueDate = values[Self.dueDate]
    }

    var isEmpty: Bool { title == nil && description.isAbsent && priority == nil && status == nil && dueDate.isAbsent }
}

struct ListTasksQuery: RequestQuery {
    let page: PageRequest
    let filter: TaskFilter

    private static let paging = PageRequest.Fields(defaultLimit: 100)
    private static let priority = TaskFields.priority.omittable()
    private static let status = TaskFields.status.omittable()
    private static let search = Field.string("search", length: ...200, description: "Part of the title or the description, in any case")
        .omittable()
    static let schema = ObjectSchema(
        "TaskListQuery", unknownMembers: .ignored, paging.skip, paging.limit, paging.cursor, priority, status, search)

    init(_ values: ObjectValues) {
        page = PageRequest(values, Self.paging)
        filter = TaskFilter(priority: values[Self.priority], status: values[Self.status], search: values[Self.search])
    }
}

/// Which tasks of an owner are meant.
struct TaskFilter: Sendable, Hashable {
    let priority: TaskPriority?
    let status: TaskStatus?
    /// Not empty.
    let search: Text?

    init(priority: TaskPriority? = nil, status: TaskStatus? = nil, search: Text? = nil) {
        self.priority = priority
        self.status = status
        self.search = search?.isEmpty == true ? nil : search
    }
}

// MARK: - Answers

struct TaskResponse: ResponseObject {
    let task: TaskItem

    static let schema = ResponseSchema<TaskResponse>(
        "TaskResponse",
        .property("id") { $0.task.id },
        .property("title") { $0.task.title },
        .property("description") { $0.task.description },
        .property("priority") { $0.task.priority },
        .property("status") { $0.task.status },
        .property("due_date") { $0.task.dueDate },
        .property("owner_id") { $0.task.ownerID },
        .property("created_at") { $0.task.createdAt },
        .property("updated_at") { $0.task.updatedAt })
}

/// Counts of an owner's tasks.
struct TaskStatistics: Sendable, Hashable {
    var total = 0
    var byStatus: [TaskStatus: Int] = [:]
    var byPriority: [TaskPriority: Int] = [:]
    /// Due before now, and neither completed nor cancelled.
    var overdue = 0
}

struct TaskStatisticsResponse: ResponseObject {
    let statistics: TaskStatistics

    /// Every status is there, with zero where there is none.
    struct ByStatus: ResponseObject {
        let counts: [TaskStatus: Int]

        static let schema = ResponseSchema<ByStatus>(
            "TaskCountsByStatus",
            .property("pending") { $0.counts[.pending] ?? 0 },
            .property("in_progress") { $0.counts[.inProgress] ?? 0 },
            .property("completed") { $0.counts[.completed] ?? 0 },
            .property("cancelled") { $0.counts[.cancelled] ?? 0 })
    }

    struct ByPriority: ResponseObject {
        let counts: [TaskPriority: Int]

        static let schema = ResponseSchema<ByPriority>(
            "TaskCountsByPriority",
            .property("low") { $0.counts[.low] ?? 0 },
            .property("medium") { $0.counts[.medium] ?? 0 },
            .property("high") { $0.counts[.high] ?? 0 },
            .property("urgent") { $0.counts[.urgent] ?? 0 })
    }

    static let schema = ResponseSchema<TaskStatisticsResponse>(
        "TaskStatistics",
        .property("total") { $0.statistics.total },
        .property("by_status") { ByStatus(counts: $0.statistics.byStatus) },
        .property("by_priority") { ByPriority(counts: $0.statistics.byPriority) },
        .property("overdue") { $0.statistics.overdue })
}

// MARK: - Errors

extension APIError {
    static let taskNotFound = APIError(.notFound, code: "TASK_NOT_FOUND", "Task not found")
}
