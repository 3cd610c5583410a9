// What a run is to do. A value; any thread.

import Reactor

/// A bounded run.
struct LoadPlan: Sendable {
    /// Nobody measures longer by accident: an hour.
    static let longest: Duration = .seconds(3_600)

    var url: TargetURL
    var connections: Int
    var duration: Duration
    /// Load that is not measured, before the duration begins.
    var warmUp: Duration
    /// Requests in one write, of the next of which the answers are waited for together.
    var depth: Int
    /// Nil is a closed loop: each connection sends when it has its answer.
    var arrivals: ArrivalSchedule?
    /// From a request's due time (open loop) or its sending (closed loop) to its answer.
    var timeout: Duration
    /// Connections begin over this time, evenly: a closed loop's ramp.
    var connectionRamp: Duration
    var tls: TLSContext?
}
