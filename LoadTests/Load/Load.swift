// The load generator's command line. Runs on the main task; loops of its own make the load.

import ArgumentParser
import Reactor

@main
struct Load: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Measure an HTTP server under load.",
        discussion: """
            A closed loop sends when it has its answer; with --rate an open loop sends when a request is due, and counts its \
            latency from then on, so that a server that stalls is charged for all that it kept waiting. Scenarios that sign in \
            (--scenario api, api-reads, api-writes, api-tasks, api-logins) want a server whose rate limits are off.
            Exit codes: 0 done, 1 failed or over budget, 2 wrong usage.
            """)

    @Option(help: "What to measure: http://, https:// or http+unix:SOCKET:/PATH, on this machine.")
    var url: String?
    @Option(name: .shortAndLong, help: "Connections, each a user of its own.")
    var connections = 64
    @Option(name: .shortAndLong, help: "Seconds that are measured.")
    var duration = 10.0
    @Option(name: .shortAndLong, help: "Requests a second: an open loop. Without it, a closed one.")
    var rate: Double?
    @Option(help: "Seconds in which the rate grows from nothing, or the connections are opened.")
    var ramp = 0.0
    @Option(help: "Seconds of load before it is measured.")
    var warmup = 1.0
    @Option(help: "Requests in one write (closed loop).")
    var depth = 1
    @Option(help: "Event loops that make the load.")
    var loops = 1
    @Option(help: "Seconds that an answer may take.")
    var timeout = 10.0
    @Option(help: "get, or a mix of the API: api, api-reads, api-writes, api-tasks, api-logins.")
    var scenario = "get"
    @Option(name: .shortAndLong, help: "The method of a get scenario.")
    var method = "GET"
    @Option(name: [.customShort("H"), .long], help: "A header field, NAME: VALUE.")
    var header: [String] = []
    @Option(help: "The body of each request.")
    var body: String?
    @Flag(help: "Accept any certificate.")
    var insecure = false
    @Option(help: "The server's process: its CPU time and memory are reported.")
    var serverPid: Int?
    @Option(help: "Another process beside it, NAME=PID, such as postgres=123.")
    var process: [String] = []
    @Option(help: "A page of the server's counters in Prometheus' format, such as http://127.0.0.1:8000/metrics: enqueues a request.")
    var counters: String?
    @Option(help: "The file of a server that runs with LoadTests/counters/allocations.c: allocations a request.")
    var allocations: String?
    @Option(help: "Write the result as JSON; - for standard output.")
    var json: String?
    @Option(help: "Write a report with plots.")
    var html: String?
    @Option(help: "A result to compare with; without --url, two of them.")
    var compare: [String] = []
    @Option(help: "Limits that the run must keep to, a JSON file.")
    var budget: String?

    func validate() throws {
        guard url != nil || compare.count == 2 else { throw ValidationError("--url, or --compare twice") }
        guard (1...20_000).contains(connections), (1...64).contains(loops), (1...256).contains(depth) else {
            throw ValidationError("1 to 20,000 connections, 1 to 64 loops, 1 to 256 requests in a write")
        }
        guard duration > 0, .seconds(duration) <= LoadPlan.longest, warmup >= 0, warmup <= 600, ramp >= 0, ramp <= 600, timeout > 0 else {
            throw ValidationError("a run is bounded: up to an hour, with up to ten minutes of warm-up and of ramp")
        }
        if let rate, !(rate > 0 && rate <= 10_000_000) { throw ValidationError("a rate is above 0 and at most 10,000,000") }
        if rate != nil, depth > 1 { throw ValidationError("--depth is for closed loops") }
    }

    func run() async throws {
        guard let url else { return try compareFiles() }
        let target = try TargetURL(url)
        guard target.isLocal else { throw LoadError(description: "\(url): this program loads servers on this machine only") }
        let limits = try budget.map(Budget.read)
        let before = try compare.first.map(LoadResult.read)
        ProcessLimits.raiseFileDescriptorLimit()
        // Some are for loops, files and standard streams.
        guard ProcessLimits.maxFileDescriptors >= connections + 64 else {
            throw LoadError(
                description: "\(connections) connections, and \(ProcessLimits.maxFileDescriptors) descriptors may be open (ulimit -Hn)")
        }
        let result = try await LoadRun(options: self, url: target, scenario: try makeScenario(target)).result()
        let missed = limits.map { $0.missed(by: result) }
        try report(result, before, missed)
        if let missed, !missed.isEmpty { throw ExitCode(1) }
    }

    private func makeScenario(_ url: TargetURL) throws -> any Scenario {
        if let mix = APIScenario.Mix.named[scenario] { return APIScenario(name: "\(scenario) on \(url)", mix, url) }
        guard scenario == "get" else { throw LoadError(description: "there is no scenario called \(scenario)") }
        let fields = try header.map { field in
            let parts = field.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, field.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw LoadError(description: "\(field) is no header field")
            }
            return (String(parts[0]), String(parts[1].drop { $0 == " " }))
        }
        return SingleRequestScenario(method.uppercased(), url, fields: fields, body: Array((body ?? "").utf8))
    }

    private func compareFiles() throws {
        let (before, after) = (try LoadResult.read(compare[0]), try LoadResult.read(compare[1]))
        say(TextReport.comparison(before, after))
        if let html { try write(HTMLReport.html(after, compared: before), to: html) }
    }

    private func report(_ result: LoadResult, _ before: LoadResult?, _ missed: [String]?) throws {
        if json == "-" {
            StandardStream.output.write(try result.json)
        } else {
            say(TextReport.text(result))
            if let json { try DurableFile.write(try result.json, toPath: json) }
            if let before { say("\n" + TextReport.comparison(before, result)) }
        }
        if let html { try write(HTMLReport.html(result, compared: before, missed: missed), to: html) }
        guard let missed else { return }
        let lines = missed.isEmpty ? ["the budget was kept"] : ["the budget was missed:"] + missed.map { "  \($0)" }
        StandardStream.error.write(Array((lines.joined(separator: "\n") + "\n").utf8))
    }

    private func say(_ text: String) {
        StandardStream.output.write(Array("\(text)\n".utf8))
    }

    private func write(_ text: String, to path: String) throws {
        try DurableFile.write(Array(text.utf8), toPath: path)
    }
}

extension DurableFile {
    /// Writes a file by its whole path; its folder must be there.
    fileprivate static func write(_ bytes: [UInt8], toPath path: String) throws {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let folder = String(path.dropLast(name.count))
        try write(bytes, directory: folder.isEmpty ? "." : folder, name: name)
    }
}
