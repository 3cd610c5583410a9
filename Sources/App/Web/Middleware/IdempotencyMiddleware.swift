// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): an unsafe request that is sent again gets the first one's answer,
// and its handler does not run. Stands inside authentication and rate limits: the key is the caller's own, and a replay counts.
//
// Routes whose answers are secrets (/auth) ignore the header: no token is ever kept. Forms that handlers read as a stream (uploads)
// are compared by their FormDigest: the first request's is known once it has been read, a later one's is read to nowhere.

import Actors
import Logging
import Reactor

/// Answers a repeated request like the first one.
struct IdempotencyMiddleware: Middleware {
    private let keys: IdempotencyService
    private let logger: Logger

    init(_ keys: IdempotencyService, logger: Logger) {
        self.keys = keys
        self.logger = logger
    }

    func respond(to context: RequestContext, next: Next) async throws -> HTTPResponse {
        guard let route = context.route, IdempotencyHeader.isTaken(by: route.declaration), context.request.hasHeader("idempotency-key"),
            let body = try await IdempotencyMiddleware.body(of: context, route.declaration)
        else { return try await next(context) }
        let key = try IdempotencyHeader.key(in: context.request.headers("idempotency-key"))
        let request = IdempotencyMiddleware.request(context, route, key: key, body: body)
        let form = context.formDigest.map { digest in
            {
                try await MultipartForm(context).readToEnd()
                return digest.parts
            }
        }
        switch try await keys.claim(request, form: form) {
        case .answered(let answer):
            try await IdempotencyMiddleware.discardBody(of: context)
            return IdempotencyMiddleware.replay(answer)
        case .first(let claim):
            return try await answer(context, claim, next)
        }
    }

    private func answer(_ context: RequestContext, _ claim: IdempotencyRepository.Claim, _ next: Next) async throws -> HTTPResponse {
        do {
            let response = try await next(context)
            await settle(claim, response, context)
            return response
        } catch let error as HTTPBodyError {
            // The body did not come, and so nothing was done with it.
            await settle(claim, nil, context)
            throw error
        } catch {
            // Nothing is done with a form before its end.
            if context.formDigest?.isWhole == false {
                await settle(claim, nil, context)
                throw error
            }
            // Nobody knows whether it was done. The claim stays until it lapses: it must not be done again in the meantime.
            guard !Task.isCancelled, !IdempotencyHeader.isUncertain(error) else { throw error }
            // A refusal is an answer too.
            guard IdempotencyHeader.isFinal(APIError(error).status) else {
                await settle(claim, nil, context)
                throw error
            }
            let response = ErrorMiddleware.response(to: error, context)
            await settle(claim, response, context)
            return response
        }
    }

    /// Keeps an answer that is one, or gives the key back: also where a form was not read to its end, for then nothing was done with
    /// it, and nobody could tell whether another one is the same. Where neither succeeds, the request was answered all the same; its
    /// claim lapses by itself.
    private func settle(_ claim: IdempotencyRepository.Claim, _ response: HTTPResponse?, _ context: RequestContext) async {
        do {
            let form = context.formDigest
            if let response, let answer = IdempotencyMiddleware.stored(response), form?.isWhole ?? true {
                try await keys.keep(answer, for: claim, form: form?.parts)
            } else {
                try await keys.release(claim)
            }
        } catch {
            logger.warning(
                "idempotency key not settled",
                metadata: ["request_id": "\(context.requestID)", "error": "\(LogText.escaped(String(describing: error)))"])
        }
    }

    // MARK: Requests

    /// The body, which its handler then gets to read as if nobody had. Empty where there is none, and for a form, of which the
    /// context's digest will tell. Nil where the handler would not read it either: then it says so.
    private static func body(of context: RequestContext, _ declaration: RouteDeclaration) async throws -> [UInt8]? {
        guard let (_, encodings) = declaration.body else { return [] }
        let request = context.request
        guard let encoding = try? BodyReader.encoding(of: request, among: encodings) else { return nil }
        guard encoding != .multipart else {
            context.formDigest = FormDigest()
            return []
        }
        let limit = context.services.configuration.server.bodies.maxBytes
        guard request.body.declaredLength ?? 0 <= limit else { return nil }
        let bytes = try await request.body.collect(upTo: limit)
        request.body.unread(bytes)
        return bytes
    }

    /// Reads what is still to come and keeps none of it: a client that is answered before it has sent everything may never look at
    /// the answer.
    private static func discardBody(of context: RequestContext) async throws {
        var left = context.services.configuration.files.maxUploadBytes
        while left > 0, let bytes = try await context.request.body.next() { left -= bytes.count }
    }

    private static func request(_ context: RequestContext, _ route: Route, key: String, body: [UInt8]) -> IdempotentRequest {
        // The parameters and not the path: a slash at its end makes no other request.
        var content = [Array((context.request.query ?? "").utf8), body]
        if case .route(_, let captures) = context.match {
            content += context.request.withPathBytes { bytes in
                let path = Span<UInt8>(_bytes: bytes)
                return (0..<captures.count).map { position in captures[position].map { path[$0] } }
            }
        }
        return IdempotentRequest(
            userID: context.principal?.userID, clientAddress: context.clientAddress, route: route.limitKey, key: key, content: content)
    }

    // MARK: Answers

    /// Nil for what is no final answer. Nobody holds a stream whole: that there was one is kept.
    private static func stored(_ response: HTTPResponse) -> StoredAnswer? {
        guard IdempotencyHeader.isFinal(response.status) else { return nil }
        let headers = response.headers.map { HeaderField(name: $0.name, value: $0.value) }
        return switch response.body {
        case .empty: StoredAnswer(status: response.status.code, headers: headers, body: [])
        case .bytes(let bytes): StoredAnswer(status: response.status.code, headers: headers, body: bytes)
        case .stream: StoredAnswer(status: response.status.code, headers: headers, body: []).abridged
        }
    }

    private static func replay(_ answer: StoredAnswer) -> HTTPResponse {
        var headers = HTTPHeaders()
        for field in answer.headers { headers.append(field.name, field.value) }
        headers.set(IdempotencyHeader.replayed, "true")
        return HTTPResponse(
            status: HTTPStatus(code: answer.status), headers: headers, body: answer.body.isEmpty ? .empty : .bytes(answer.body))
    }
}
