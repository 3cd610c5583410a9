// Takes a sample of the server each second and hands it to whoever watches. An actor pinned to one loop; one a process, so that
// any number of viewers cost one sampling.

import Reactor

/// The source of the live page's plots.
actor LiveMonitor {
    /// What a new viewer sees at once: two minutes.
    static let historyLength = 120
    /// Each holds a connection for as long as it watches.
    static let maxViewers = 64
    /// So that one client does not take all places.
    static let maxViewersPerAddress = 8
    /// Samples that a viewer may be behind; the oldest are dropped then.
    private static let maxUnread = 8

    /// What a viewer gets: the samples so far, and those to come.
    struct View: Sendable {
        let id: Int
        let history: [[UInt8]]
        let samples: AsyncStream<[UInt8]>
    }

    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// A viewer takes its place here before its answer begins, by its address.
    nonisolated let slots = StreamSlots<String>(maxPerOwner: maxViewersPerAddress, maxInAll: maxViewers)

    private let period: Duration
    private var scrape: (@Sendable () async -> [MetricFamily])?
    private var last: LiveReading?
    /// Encoded, oldest first.
    private var history: [[UInt8]] = []
    private var viewers: [Int: AsyncStream<[UInt8]>.Continuation] = [:]
    private var lastViewer = 0
    private var timer: LoopTimer?
    private var sampling: Task<Void, Never>?

    init(loop: EventLoop, period: Duration = .seconds(1)) {
        self.loop = loop
        self.period = period
    }

    /// - Parameter scrape: reads all metrics. Kept until ``stop()``.
    func start(_ scrape: @escaping @Sendable () async -> [MetricFamily]) {
        guard timer == nil else { return }
        self.scrape = scrape
        let timer = LoopTimer(loop: loop)
        self.timer = timer
        timer.start(after: period, repeating: period) { [unowned self] in
            assumeIsolated { $0.beginSample() }
        }
        beginSample()
    }

    /// Ends every view; returns when nothing is under way any more. Must be called before the loop ends.
    func stop() async {
        timer?.stop()
        timer = nil
        await sampling?.value
        scrape = nil
        for viewer in viewers.values { viewer.finish() }
        viewers = [:]
    }

    /// Samples as one JSON array.
    static func array(of samples: [[UInt8]]) -> [UInt8] {
        var writer = JSONWriter(reserving: samples.reduce(2) { $0 + $1.count + 1 })
        writer.beginArray()
        for sample in samples {
            writer.separate()
            writer.verbatim(sample)
        }
        writer.endArray()
        return writer.bytes
    }

    // MARK: Viewers

    var viewerCount: Int { viewers.count }

    /// Begins a view, which must be ended with ``leave(_:)``; nil before ``start(_:)`` and after ``stop()``.
    func join() -> View? {
        guard timer != nil else { return nil }
        lastViewer += 1
        let (samples, continuation) = AsyncStream<[UInt8]>.makeStream(bufferingPolicy: .bufferingNewest(LiveMonitor.maxUnread))
        viewers[lastViewer] = continuation
        return View(id: lastViewer, history: history, samples: samples)
    }

    func leave(_ id: Int) {
        viewers.removeValue(forKey: id)?.finish()
    }

    // MARK: Samples

    private func beginSample() {
        // A sampling that takes longer than a period is not overtaken.
        guard sampling == nil else { return }
        sampling = Task(executorPreference: loop) { await self.sample() }
    }

    private func sample() async {
        defer { sampling = nil }
        guard let families = await scrape?() else { return }
        let reading = LiveReading(families, takenAt: .now())
        if let last { publish(LiveSample(at: .now(), earlier: last, later: reading).json) }
        last = reading
    }

    private func publish(_ sample: [UInt8]) {
        if history.count >= LiveMonitor.historyLength { history.removeFirst() }
        history.append(sample)
        for viewer in viewers.values { viewer.yield(sample) }
    }
}
