// /tasks: what it serves, and how HTTP maps to TaskService.

import Reactor

/// To-dos, mounted at the root and under /api/v1.
enum TaskRoutes {
    static var group: RouteGroup {
        RouteGroup(tag: "Tasks") { routes in
            routes.get(
                "/tasks", summary: "List tasks", description: "One's own, newest first.", access: .user, limit: .moderate,
                handler: list)
            routes.post("/tasks", summary: "Create a task", status: .created, access: .user, limit: .strict, handler: create)
            routes.get("/tasks/statistics", summary: "Task statistics", access: .user, limit: .moderate, handler: statistics)
            routes.get(
                "/tasks/{task_id:int}", summary: "Get a task", errors: [.taskNotFound], access: .user, limit: .moderate,
                handler: find)
            routes.put(
                "/tasks/{task_id:int}", summary: "Update a task", description: "What is left out stays as it is.",
                errors: [.taskNotFound], access: .user, limit: .strict, handler: update)
            routes.patch(
                "/tasks/{task_id:int}", summary: "Change a task", errors: [.taskNotFound], access: .user, limit: .strict,
                handler: update)
            routes.delete(
                "/tasks/{task_id:int}", summary: "Delete a task", errors: [.taskNotFound], access: .user, limit: .strict,
                handler: delete)
        }
    }

    @Sendable private static func list(_ context: RequestContext, _ query: ListTasksQuery) async throws -> Reply<[TaskResponse]> {
        let page = try await context.services.tasks.list(query, for: try context.user)
        return .page(page, query.page, of: context)
    }

    @Sendable private static func create(_ context: RequestContext, _ body: CreateTaskRequest) async throws -> TaskResponse {
        TaskResponse(task: try await context.services.tasks.create(body, for: try context.user))
    }

    @Sendable private static func statistics(_ context: RequestContext) async throws -> Reply<TaskStatisticsResponse> {
        try await context.services.tasks.statistics(for: try context.user)
    }

    @Sendable private static func find(_ context: RequestContext) async throws -> TaskResponse {
        TaskResponse(task: try await context.services.tasks.find(try id(in: context), for: try context.user))
    }

    @Sendable private static func update(_ context: RequestContext, _ body: UpdateTaskRequest) async throws -> TaskResponse {
        TaskResponse(task: try await context.services.tasks.update(try id(in: context), body, for: try context.user))
    }

    @Sendable private static func delete(_ context: RequestContext) async throws -> Message {
        try await context.services.tasks.delete(try id(in: context), for: try context.user)
        return Message("Task deleted successfully")
    }

    private static func id(in context: RequestContext) throws(APIError) -> Int64 {
        Int64(try context.path.integer("task_id"))
    }
}
