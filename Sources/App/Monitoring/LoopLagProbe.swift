// How late a loop is. An actor pinned to the loop that it measures.

import Reactor

/// Measures a loop's lag: how much later than due a timer fires. What delays the timer delays every request.
actor LoopLagProbe {
    static let period = Duration.milliseconds(500)
    /// Seconds. libuv's clock has milliseconds: less than one cannot be told from none.
    static let bounds = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private let histogram: PrometheusHistogram
    private let last: PrometheusGauge
    private var timer: LoopTimer?
    private var due = MonotonicInstant.now()

    init(loop: EventLoop, metrics: PrometheusMetrics) {
        self.loop = loop
        let labels = [("loop", String(loop.index))]
        histogram = metrics.histogram(
            "event_loop_lag_seconds", help: "How late a timer fired, measured every half second", bounds: LoopLagProbe.bounds, labels)
        last = metrics.gauge("event_loop_last_lag_seconds", help: "How late the latest timer fired", labels)
    }

    func start() {
        guard timer == nil else { return }
        let timer = LoopTimer(loop: loop)
        self.timer = timer
        due = loop.now + LoopLagProbe.period
        timer.start(after: LoopLagProbe.period, repeating: LoopLagProbe.period) { [unowned self] in
            assumeIsolated { $0.fired(at: .now()) }
        }
    }

    /// Must be called before the loop ends.
    func stop() {
        timer?.stop()
        timer = nil
    }

    private func fired(at now: MonotonicInstant) {
        let lag = max(0, (now - due).inSeconds)
        histogram.record(lag)
        last.set(lag)
        due = now + LoopLagProbe.period
    }
}
