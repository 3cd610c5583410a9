// Hummingbird as its documentation starts it: two of TechEmpower's tests and nothing else. HOST, PORT and THREADS come from the
// environment; the harness gives every server as many threads as cores.

import Hummingbird
import Logging
import NIOPosix

@main
struct HummingbirdPeer {
    static func main() async throws {
        let environment = Environment()
        let router = Router()
        router.get("plaintext") { _, _ in "Hello, World!" }
        router.get("json") { _, _ in Message(message: "Hello, World!") }
        var logger = Logger(label: "hummingbird-peer")
        logger.logLevel = .warning
        let threads = environment.get("THREADS", as: Int.self) ?? 1
        let application = Application(
            router: router,
            configuration: .init(
                address: .hostname(environment.get("HOST") ?? "127.0.0.1", port: environment.get("PORT", as: Int.self) ?? 8080),
                serverName: "hummingbird"),
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup(numberOfThreads: threads)),
            logger: logger)
        try await application.runService()
    }
}

/// The object of /json, encoded anew for each request.
struct Message: ResponseEncodable {
    let message: String
}
