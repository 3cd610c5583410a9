// A result as text, for terminals and logs; and two of them side by side. Pure.

enum TextReport {
    static func text(_ result: LoadResult) -> String {
        var lines = [
            "\(result.scenario)",
            "  \(result.connections) connections, \(result.loops) loop(s), \(Figures.short(result.durationSeconds)) s, "
                + (result.targetRate.map { "\(Figures.grouped($0)) requests/s asked for" } ?? "closed loop")
                + (result.depth > 1 ? ", \(result.depth) in a write" : ""),
            "  requests   \(Figures.grouped(Double(result.requests)))  (\(Figures.grouped(result.requestsPerSecond))/s, "
                + "\(Figures.bytes(Double(result.bodyBytes) / result.durationSeconds))/s of bodies)",
            "  latency    p50 \(time(result.latency.p50))  p90 \(time(result.latency.p90))  p99 \(time(result.latency.p99))  "
                + "p99.9 \(time(result.latency.p999))  max \(time(result.latency.max))  mean \(time(result.latency.mean))",
        ]
        let statuses = result.statuses.sorted { $0.key < $1.key }.map { "\($0.key): \(Figures.grouped(Double($0.value)))" }
        if !statuses.isEmpty { lines.append("  statuses   \(statuses.joined(separator: "  "))") }
        let failures = result.failures.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        if !failures.isEmpty { lines.append("  failures   \(failures.joined(separator: "  "))") }
        if result.unsent > 0 { lines.append("  unsent     \(result.unsent): the server was behind when the time was over") }
        if result.reconnects > 0 { lines.append("  reconnects \(result.reconnects)") }
        for use in [result.server].compactMap({ $0 }) + result.others {
            lines.append(
                "  \(use.name)  \(Figures.short(use.totalMicros)) CPU us a request (user \(Figures.short(use.userMicros)), system "
                    + "\(Figures.short(use.systemMicros))), \(Figures.bytes(Double(use.residentBytes)))")
        }
        let counts = result.countsPerRequest.map { "\($0.name) \(Figures.short($0.value))" }
        if !counts.isEmpty { lines.append("  a request  \(counts.joined(separator: "  "))") }
        if result.operations.count > 1 {
            lines.append("  operations")
            for operation in result.operations {
                let name = operation.name + String(repeating: " ", count: max(0, 18 - operation.name.count))
                lines.append(
                    "    \(name) \(Figures.grouped(Double(operation.requests)))  p50 \(time(operation.p50))  p99 \(time(operation.p99))"
                        + (operation.unexpected > 0 ? "  unexpected \(operation.unexpected)" : ""))
            }
        }
        return lines.joined(separator: "\n")
    }

    /// The second result against the first.
    static func comparison(_ before: LoadResult, _ after: LoadResult) -> String {
        var rows = [["", "before", "after", "ratio"]]
        func row(_ name: String, _ old: Double?, _ new: Double?, _ show: (Double) -> String) {
            guard let old, let new else { return }
            rows.append([name, show(old), show(new), old > 0 ? Figures.short(new / old) : "-"])
        }
        row("requests/s", before.requestsPerSecond, after.requestsPerSecond, Figures.grouped)
        for (name, path) in [
            ("p50", \LoadResult.Latency.p50), ("p90", \.p90), ("p99", \.p99), ("p99.9", \.p999), ("max", \.max), ("mean", \.mean),
        ] {
            row(name, before.latency[keyPath: path], after.latency[keyPath: path], time)
        }
        row("CPU us a request", before.server?.totalMicros, after.server?.totalMicros, Figures.short)
        row("  user", before.server?.userMicros, after.server?.userMicros, Figures.short)
        row("  system", before.server?.systemMicros, after.server?.systemMicros, Figures.short)
        row("memory", before.server.map { Double($0.residentBytes) }, after.server.map { Double($0.residentBytes) }, Figures.bytes)
        row("reads a request", before.server?.readsPerRequest, after.server?.readsPerRequest, Figures.short)
        row("writes a request", before.server?.writesPerRequest, after.server?.writesPerRequest, Figures.short)
        row("enqueues a request", before.counts?.enqueues, after.counts?.enqueues, Figures.short)
        row("allocations a request", before.counts?.allocations, after.counts?.allocations, Figures.short)
        row("failures", Double(before.failureCount), Double(after.failureCount), Figures.grouped)
        return table(rows)
    }

    private static func time(_ micros: Double) -> String { Figures.time(micros: micros) }

    private static func table(_ rows: [[String]]) -> String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, text in
                let padding = String(repeating: " ", count: widths[column] - text.count)
                return column == 0 ? text + padding : padding + text
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
