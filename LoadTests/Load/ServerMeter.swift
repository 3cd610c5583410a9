// What the measured processes use, by the kernel's accounts in /proc: CPU time, reads and writes of a process and all its
// descendants, and memory. Reads block for microseconds; any thread.

import FoundationEssentials
import Reactor

/// What a process and its descendants used during a run.
struct ServerUse: Codable, Sendable {
    var name: String
    var pid: Int
    /// CPU microseconds a request.
    var userMicros: Double
    var systemMicros: Double
    /// Proportional set size of all of them at the end.
    var residentBytes: Int
    /// System calls a request that read or write a descriptor; nil where the kernel does not tell. Those that only sockets have (recv,
    /// send: libpq's) are not among them.
    var readsPerRequest: Double?
    var writesPerRequest: Double?

    var totalMicros: Double { userMicros + systemMicros }
}

/// A process tree that is watched.
struct ServerMeter: Sendable {
    let name: String
    let pid: Int

    /// The accounts at one moment.
    struct Snapshot: Sendable {
        /// CPU ticks in user space and in the kernel.
        var user = 0
        var system = 0
        /// Read and write system calls; nil where no account is ours to see.
        var reads: Int?
        var writes: Int?
    }

    /// Kernel ticks a second: 100 on every Linux that user space sees (USER_HZ; man 7 time).
    private static let ticksPerSecond = 100.0

    /// - Throws: ``LoadError`` where there is no such process.
    init(name: String, pid: Int) throws {
        self.name = name
        self.pid = pid
        guard FileManager.default.fileExists(atPath: "/proc/\(pid)/stat") else {
            throw LoadError(description: "there is no process \(pid)")
        }
    }

    func snapshot() -> Snapshot {
        var sum = Snapshot()
        for member in tree() {
            if let calls = ServerMeter.systemCalls(of: member) {
                sum.reads = (sum.reads ?? 0) + calls.reads
                sum.writes = (sum.writes ?? 0) + calls.writes
            }
            guard let fields = ServerMeter.statistics(of: member), fields.count > 14 else { continue }
            // man 5 proc, fields 14 to 17: utime, stime, and those of children that have ended.
            sum.user += (Int(fields[11]) ?? 0) + (Int(fields[13]) ?? 0)
            sum.system += (Int(fields[12]) ?? 0) + (Int(fields[14]) ?? 0)
        }
        return sum
    }

    func use(since before: Snapshot, requests: Int) -> ServerUse {
        let now = snapshot()
        // A process that has ended takes its account with it, and the sum may have shrunk: then there is no figure.
        func growth(_ calls: KeyPath<Snapshot, Int?>) -> Double? {
            guard let old = before[keyPath: calls], let new = now[keyPath: calls], new >= old else { return nil }
            return Double(new - old) / Double(max(1, requests))
        }
        let perRequest = 1_000_000 / ServerMeter.ticksPerSecond / Double(max(1, requests))
        return ServerUse(
            name: name, pid: pid, userMicros: Double(now.user - before.user) * perRequest,
            systemMicros: Double(now.system - before.system) * perRequest, residentBytes: residentBytes(),
            readsPerRequest: growth(\.reads), writesPerRequest: growth(\.writes))
    }

    func residentBytes() -> Int {
        tree().reduce(0) { sum, member in
            guard let text = ServerMeter.text("/proc/\(member)/smaps_rollup"),
                let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Pss:") }),
                let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
            else { return sum }
            return sum + kilobytes * 1_024
        }
    }

    /// The process and its descendants.
    private func tree() -> [Int] {
        var parents: [Int: Int] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let member = Int(name), let fields = ServerMeter.statistics(of: member), fields.count > 1, let parent = Int(fields[1])
            else {
                continue
            }
            parents[member] = parent
        }
        return [pid]
            + parents.keys.filter { member in
                var ancestor = parents[member]
                var steps = 0
                while let current = ancestor, current > 1, steps < 64 {
                    if current == pid { return true }
                    ancestor = parents[current]
                    steps += 1
                }
                return false
            }
    }

    /// man 5 proc: syscr and syscw. Another user's are not ours to see.
    private static func systemCalls(of pid: Int) -> (reads: Int, writes: Int)? {
        guard let lines = text("/proc/\(pid)/io")?.split(separator: "\n") else { return nil }
        func value(_ name: String) -> Int? { lines.first { $0.hasPrefix(name) }.flatMap { Int($0.dropFirst(name.count)) } }
        guard let reads = value("syscr: "), let writes = value("syscw: ") else { return nil }
        return (reads, writes)
    }

    /// The fields behind the command's name, of which the first is the state.
    private static func statistics(of pid: Int) -> [Substring]? {
        guard let text = text("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        return text[text.index(after: end)...].split(separator: " ")
    }

    private static func text(_ path: String) -> String? {
        // Files of /proc have no size of their own: read to the end.
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return String(decoding: data, as: UTF8.self)
    }
}

extension Machine {
    static func current() -> Machine {
        func text(_ path: String) -> String { FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? "" }
        let processor = text("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }
        return Machine(
            cores: ProcessInfo.processInfo.activeProcessorCount,
            processor: processor.map { $0.split(separator: ":").last.map { String($0.drop { $0 == " " }) } ?? "" } ?? "unknown",
            kernel: text("/proc/sys/kernel/osrelease").filter { $0 != "\n" },
            loadAverage: text("/proc/loadavg").split(separator: " ").first.flatMap { Double($0) } ?? 0)
    }
}
