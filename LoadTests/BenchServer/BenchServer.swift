// The server under measurement: TechEmpower's tests on Reactor and Actors alone, without the application above them.
// HOST, PORT, LOOPS and DATABASE_URL come from the environment.

import Actors
import Glibc
import Reactor

@main
struct BenchServer {
    static func main() async throws {
        let settings = try BenchSettings()
        ProcessLimits.raiseFileDescriptorLimit()
        try await EventLoopGroup.withGroup(loops: settings.loops) { group in
            var limits = HTTPLimits()
            // A benchmark's connections are its own: none is closed for having asked too much.
            limits.maxRequestsPerConnection = .max
            let server = try await HTTPServer.start(
                on: group, HTTPServerConfiguration(address: .ip(host: settings.host, port: settings.port), limits: limits)
            ) { loop in
                guard let configuration = settings.database else { return BenchResponder(database: nil) }
                let database = DatabasePool(loop: loop, configuration: configuration)
                if loop.index == 0 { try await BenchDatabase.prepare(database) }
                return BenchResponder(database: database)
            }
            // Unbuffered: the harness waits for this line, through a pipe.
            let line = Array("bench-server on http://\(server.address), \(settings.loops) loop(s)\n".utf8)
            _ = write(STDOUT_FILENO, line, line.count)
            await TerminationSignal.wait(on: group.loops[0])
            await server.drain(within: .seconds(2))
        }
    }
}

/// What the environment says.
struct BenchSettings {
    var host = "127.0.0.1"
    var port = 8080
    var loops = 1
    var database: DatabaseConfiguration?

    struct Invalid: Error, CustomStringConvertible {
        let description: String
    }

    init() throws {
        if let value = environment("HOST") { host = value }
        if let value = environment("PORT") {
            guard let number = Int(value) else { throw Invalid(description: "PORT is not a number: \(value)") }
            port = number
        }
        if let value = environment("LOOPS") {
            guard let number = Int(value), number > 0 else { throw Invalid(description: "LOOPS is not a positive number: \(value)") }
            loops = number
        }
        if let value = environment("DATABASE_URL") { database = try DatabaseConfiguration(url: value) }
    }
}
