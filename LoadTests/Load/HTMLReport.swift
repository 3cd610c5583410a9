// A result as one HTML file that needs nothing else: figures, plots, the command that made it. Pure.

enum HTMLReport {
    static func html(_ result: LoadResult, compared before: LoadResult? = nil, missed: [String]? = nil) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <title>\(escaped(result.scenario))</title>
        <style>\(style)</style>
        </head>
        <body>
        <main>
        <h1>\(escaped(result.scenario))</h1>
        <p class="lead">\(escaped(result.startedAt)) &middot; \(result.connections) connections, \(result.loops) loop(s), \
        \(Figures.short(result.durationSeconds)) s, \
        \(result.targetRate.map { "\(Figures.grouped($0)) requests a second asked for" } ?? "closed loop")</p>
        \(verdict(missed))
        \(tiles(result))
        \(latencyPlot(result, before))
        \(throughputPlot(result))
        \(latencyOverTimePlot(result))
        \(operations(result))
        \(counts(result))
        \(comparison(before, result))
        <h2>How it was made</h2>
        <pre>\(escaped(result.command))</pre>
        <p>\(escaped(result.machine.processor)), \(result.machine.cores) cores, Linux \(escaped(result.machine.kernel)); load average before the \
        run \(Figures.short(result.machine.loadAverage)).</p>
        </main>
        </body>
        </html>

        """
    }

    private static func verdict(_ missed: [String]?) -> String {
        guard let missed else { return "" }
        if missed.isEmpty { return "<p class=\"verdict good\">The budget was kept.</p>" }
        return "<div class=\"verdict bad\"><p>The budget was missed:</p><ul>\(missed.map { "<li>\(escaped($0))</li>" }.joined())</ul></div>"
    }

    private static func tiles(_ result: LoadResult) -> String {
        var tiles = [
            ("requests a second", Figures.grouped(result.requestsPerSecond)), ("p50", Figures.time(micros: result.latency.p50)),
            ("p99", Figures.time(micros: result.latency.p99)), ("p99.9", Figures.time(micros: result.latency.p999)),
            ("longest", Figures.time(micros: result.latency.max)), ("requests", Figures.grouped(Double(result.requests))),
            ("failures", Figures.grouped(Double(result.failureCount + result.unsent))),
        ]
        for use in [result.server].compactMap({ $0 }) + result.others {
            tiles.append(("\(use.name): CPU us a request", Figures.short(use.totalMicros)))
            tiles.append(("\(use.name): memory", Figures.bytes(Double(use.residentBytes))))
        }
        for count in result.countsPerRequest { tiles.append(("\(count.name) a request", Figures.short(count.value))) }
        return "<div class=\"tiles\">\(tiles.map { "<div><b>\($0.1)</b><span>\(escaped($0.0))</span></div>" }.joined())</div>"
    }

    // MARK: Plots

    /// Percentiles stand as far apart as they have nines, as HdrHistogram's own plots have them.
    private static func latencyPlot(_ result: LoadResult, _ before: LoadResult?) -> String {
        func line(_ name: String, _ result: LoadResult, _ color: Int) -> Plot.Line {
            let points = result.latency.curve.filter { $0.part < 1 }.map { (x: Logarithm.base10(1 / (1 - $0.part)), y: $0.micros) }
            return Plot.Line(name: name, points: points, color: color)
        }
        let ticks = [("0 %", 1.0), ("90 %", 10), ("99 %", 100), ("99.9 %", 1_000), ("99.99 %", 10_000), ("99.999 %", 100_000)]
        return Plot(
            title: "Latency by percentile", xLabel: "of all requests",
            yLabel: result.targetRate == nil ? "from sending" : "from the due time",
            lines: before.map { [line("before", $0, 2), line("this run", result, 0)] } ?? [line("latency", result, 0)],
            xTicks: ticks.map { Plot.Tick(position: Logarithm.base10($0.1), label: $0.0) }, isLogarithmic: true,
            formatY: { Figures.time(micros: $0) }
        ).svg
    }

    private static func throughputPlot(_ result: LoadResult) -> String {
        var lines = [Plot.Line(name: "answers", points: overTime(result) { Double($0.requests) }, color: 0)]
        if result.seconds.contains(where: { $0.failures > 0 }) {
            lines.append(Plot.Line(name: "failures", points: overTime(result) { Double($0.failures) }, color: 1))
        }
        return Plot(
            title: "Throughput", xLabel: "seconds", yLabel: "a second", lines: lines, xTicks: secondTicks(result), isLogarithmic: false,
            formatY: { Figures.grouped($0) }
        ).svg
    }

    private static func latencyOverTimePlot(_ result: LoadResult) -> String {
        Plot(
            title: "Latency over time", xLabel: "seconds", yLabel: "a second's own percentiles",
            lines: [
                Plot.Line(name: "p50", points: overTime(result, \.p50), color: 0),
                Plot.Line(name: "p99", points: overTime(result, \.p99), color: 2),
                Plot.Line(name: "longest", points: overTime(result, \.max), color: 1),
            ], xTicks: secondTicks(result), isLogarithmic: true, formatY: { Figures.time(micros: $0) }
        ).svg
    }

    private static func overTime(_ result: LoadResult, _ value: (LoadResult.Second) -> Double) -> [(x: Double, y: Double)] {
        result.seconds.enumerated().map { (x: Double($0.offset), y: value($0.element)) }
    }

    private static func secondTicks(_ result: LoadResult) -> [Plot.Tick] {
        let step = max(1, (result.seconds.count + 9) / 10)
        return stride(from: 0, to: max(1, result.seconds.count), by: step).map { Plot.Tick(position: Double($0), label: String($0)) }
    }

    // MARK: Tables

    private static func operations(_ result: LoadResult) -> String {
        guard result.operations.count > 1 else { return "" }
        let rows = result.operations.map { operation in
            [
                escaped(operation.name), Figures.grouped(Double(operation.requests)), Figures.grouped(Double(operation.unexpected)),
                Figures.time(micros: operation.p50), Figures.time(micros: operation.p99), Figures.time(micros: operation.max),
            ]
        }
        return "<h2>Operations</h2>" + table(["", "requests", "unexpected", "p50", "p99", "longest"], rows)
    }

    private static func counts(_ result: LoadResult) -> String {
        let rows =
            result.statuses.sorted { $0.key < $1.key }.map { ["status \($0.key)", Figures.grouped(Double($0.value))] }
            + result.failures.sorted { $0.key < $1.key }.map { [escaped($0.key), Figures.grouped(Double($0.value))] }
            + [["unsent", Figures.grouped(Double(result.unsent))], ["reconnects", Figures.grouped(Double(result.reconnects))]]
        return "<h2>Answers</h2>" + table(["", "count"], rows)
    }

    private static func comparison(_ before: LoadResult?, _ result: LoadResult) -> String {
        guard let before else { return "" }
        return "<h2>Beside the run of \(escaped(before.startedAt))</h2><pre>\(escaped(TextReport.comparison(before, result)))</pre>"
    }

    private static func table(_ head: [String], _ rows: [[String]]) -> String {
        "<table><thead><tr>\(head.map { "<th>\($0)</th>" }.joined())</tr></thead><tbody>"
            + rows.map { "<tr>\($0.map { "<td>\($0)</td>" }.joined())</tr>" }.joined() + "</tbody></table>"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }

    private static let style = """
        :root { color-scheme: light dark; --ink: #1f2430; --dim: #667085; --paper: #ffffff; --panel: #f4f6f9; --grid: #e3e7ee;
          --c0: #2f6fed; --c1: #d9473f; --c2: #e39a1c; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e8ebf2; --dim: #98a2b3; --paper: #14171d; --panel: #1d222b; --grid: #2c333f;
          --c0: #6c9dff; --c1: #ff7b73; --c2: #f2b84b; } }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
        main { max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
        .lead, small { color: var(--dim); } small { font-weight: normal; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .6rem; margin: 1.2rem 0; }
        .tiles div { background: var(--panel); border-radius: .6rem; padding: .7rem .9rem; }
        .tiles b { display: block; font-size: 1.25rem; font-variant-numeric: tabular-nums; } .tiles span { color: var(--dim); font-size: .85rem; }
        figure { margin: 1.5rem 0; } figcaption { font-weight: 600; margin-bottom: .3rem; }
        svg { width: 100%; height: auto; background: var(--panel); border-radius: .6rem; }
        svg text { fill: var(--dim); font-size: 11px; font-family: inherit; } .x { text-anchor: middle; }
        .y { text-anchor: end; dominant-baseline: middle; }
        .grid { stroke: var(--grid); } .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
        .c0 { stroke: var(--c0); } .c1 { stroke: var(--c1); } .c2 { stroke: var(--c2); }
        .key { font-weight: normal; font-size: .85rem; margin-left: .6rem; } .k0 { color: var(--c0); } .k1 { color: var(--c1); } .k2 { color: var(--c2); }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
        th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--grid); } th:first-child, td:first-child { text-align: left; }
        pre { background: var(--panel); border-radius: .6rem; padding: .8rem 1rem; overflow-x: auto; }
        .verdict { border-radius: .6rem; padding: .6rem 1rem; } .good { background: #1f9d5522; } .bad { background: #d9473f22; }
        """
}
