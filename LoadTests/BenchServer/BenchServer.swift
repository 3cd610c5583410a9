// The server under measurement: TechEmpower's tests on Reactor and Actors alone, without the application above them.
// HOST, PORT, LOOPS, DATABASE_URL, REDIS_URL, SYNC_EACH, TLS_CERT and TLS_KEY come from the environment (BenchSettings).
//
//     bench-server            makes what is missing of the tables and of the cache, and serves
//     bench-server prepare    makes them, and ends

import Actors
import Glibc
import Reactor

@main
struct BenchServer {
    static func main() async throws {
        let settings = try BenchSettings()
        switch CommandLine.arguments.dropFirst().first {
        case nil: try await serve(settings)
        case "prepare": try await prepare(settings)
        case let other?: throw BenchSettings.Invalid(description: "'\(other)' is no command; there is 'prepare', or none")
        }
    }

    private static func serve(_ settings: BenchSettings) async throws {
        ProcessLimits.raiseFileDescriptorLimit()
        try await EventLoopGroup.withGroup(loops: settings.loops) { group in
            let stores = group.loops.map { BenchStores(loop: $0, settings) }
            let cached = try await stores[0].prepare()
            var limits = HTTPLimits()
            // A benchmark's connections are its own: none is closed for having asked too much.
            limits.maxRequestsPerConnection = .max
            // As long as nginx' in LoadTests/peers: to open thousands takes its time.
            limits.keepAliveTimeout = .seconds(300)
            var configuration = HTTPServerConfiguration(address: .ip(host: settings.host, port: settings.port), limits: limits)
            configuration.tls = settings.tls
            let server = try await HTTPServer.start(on: group, configuration) { loop in
                BenchResponder(stores[loop.index], cached: cached, settings, counters: BenchCounters(loops: group.loops))
            }
            say("bench-server on http://\(server.address), \(settings.loops) loop(s)")
            await TerminationSignal.wait(on: group.loops[0])
            await server.drain(within: .seconds(2))
            for store in stores { await store.shutdown() }
        }
    }

    private static func prepare(_ settings: BenchSettings) async throws {
        guard settings.database != nil else { throw BenchSettings.Invalid(description: "DATABASE_URL is needed to prepare its tables") }
        try await EventLoopGroup.withGroup(loops: 1) { group in
            let stores = BenchStores(loop: group.loops[0], settings)
            let cached = try await stores.prepare()
            await stores.shutdown()
            say("bench-server: \(cached.count) worlds and the fortunes are there")
        }
    }

    /// Unbuffered: the harness waits for this line, through a pipe.
    private static func say(_ text: String) {
        let line = Array("\(text)\n".utf8)
        _ = write(STDOUT_FILENO, line, line.count)
    }
}
