// /tasks/... as Celery's templates have it, and /jobs: what they serve, and how HTTP maps to JobService.

import Actors
import Reactor

/// Background jobs.
enum JobRoutes {
    /// Beside the to-dos, mounted at the root and under /api/v1. To-dos have numbers and jobs have UUIDs: the router tells them apart.
    static var taskGroup: RouteGroup {
        RouteGroup(tag: "Jobs") { routes in
            routes.post(
                "/tasks/send-welcome-email", summary: "Send a welcome email", description: "To oneself, in the background.",
                access: .user, limit: .strict, handler: sendWelcomeMail)
            routes.get(
                "/tasks/{job_id:uuid}", summary: "Background task status",
                description: "As Celery has it: an unknown id is PENDING, and a cancelled job is a FAILURE.", limit: .moderate,
                handler: status)
        }
    }

    /// Under /api/v1.
    static var group: RouteGroup {
        RouteGroup(tag: "Jobs") { routes in
            routes.get(
                "/jobs", summary: "List jobs", description: "One's own, newest first; everybody's for administrators.", access: .user,
                limit: .moderate, handler: list)
            routes.get(
                "/jobs/{job_id:uuid}", summary: "Get a job", errors: [.jobNotFound], access: .user, limit: .moderate, handler: find)
            routes.post(
                "/jobs/{job_id:uuid}/cancel", summary: "Cancel a job",
                description: "One that runs is told to stop, and changes nothing in the database any more.",
                errors: [.jobNotFound, .jobFinished], access: .user, limit: .strict, handler: cancel)
            routes.post(
                "/jobs/{job_id:uuid}/retry", summary: "Retry a job", description: "One that is dead or cancelled.",
                errors: [.jobNotFound, .jobNotRetryable], access: .user, limit: .strict, handler: retry)
            routes.get(
                "/jobs/{job_id:uuid}/events", summary: "Follow a job",
                description: """
                    Server-sent events `status`, `progress` and at last `done`, each with the job as its data. Takes up where \
                    `Last-Event-ID` says; 204 where that was the end.
                    """, produces: "text/event-stream", errors: [.jobNotFound, .tooManyStreams], access: .user, limit: .moderate,
                handler: follow)
        }
    }

    @Sendable private static func sendWelcomeMail(_ context: RequestContext) async throws -> TaskQueuedResponse {
        TaskQueuedResponse(id: try await context.services.background.enqueueWelcomeMail(for: try context.user))
    }

    @Sendable private static func status(_ context: RequestContext) async throws -> CeleryTaskResponse {
        try await context.services.background.status(of: try id(in: context))
    }

    @Sendable private static func list(_ context: RequestContext, _ query: ListJobsQuery) async throws -> Reply<[JobResponse]> {
        let page = try await context.services.background.list(query, for: try context.user)
        // Behind a cursor nobody knows how many are left: a full page may be followed by an empty one.
        let mayGoOn =
            page.jobs.count == query.page.limit && (query.page.cursor != nil || query.page.skip + page.jobs.count < page.total)
        let cursor = mayGoOn ? page.jobs.last.map { Cursor($0) } : nil
        // Whoever pages by `skip` is led on by `skip`; the cursor is offered beside it.
        if let cursor { context.answerHeaders.append(HeaderField(name: "X-Next-Cursor", value: cursor.token)) }
        return .page(
            page.jobs.map(JobResponse.init), total: page.total, query.page, of: context,
            nextCursor: query.page.cursor == nil ? nil : cursor)
    }

    @Sendable private static func find(_ context: RequestContext) async throws -> JobResponse {
        JobResponse(job: try await context.services.background.find(try id(in: context), for: try context.user))
    }

    @Sendable private static func cancel(_ context: RequestContext) async throws -> JobResponse {
        JobResponse(
            job: try await context.services.background.cancel(try id(in: context), for: try context.user, from: context.origin))
    }

    @Sendable private static func retry(_ context: RequestContext) async throws -> JobResponse {
        JobResponse(
            job: try await context.services.background.retry(try id(in: context), for: try context.user, from: context.origin))
    }

    @Sendable private static func follow(_ context: RequestContext) async throws -> HTTPResponse {
        guard let token = BearerToken.token(in: context.request.header("authorization")) else { throw APIError.notAuthenticated }
        let stream = try await context.services.background.watch(
            try id(in: context), since: context.request.header("last-event-id"), for: try context.user, token: token)
        // HTML 9.2.3: 204 is the one answer after which a browser does not come back.
        guard let stream else { return HTTPResponse(status: .noContent) }
        return .events { try await stream.produce($0) }
    }

    private static func id(in context: RequestContext) throws(APIError) -> JobID {
        guard let id = JobID(try context.path.uuid("job_id")) else { throw .jobNotFound }
        return id
    }
}
