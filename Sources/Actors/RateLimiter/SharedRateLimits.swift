// The shared half of the limiter: buckets and windows in Redis. A value of one loop's client; no state of its own.
//
// A decision is one script, and so atomic: two processes cannot both take the last token. Time is the server's (TIME): there
// is one of it, where the processes' wall clocks would each have their own idea of when a window begins.

import Reactor

/// Tallies in Redis, keyed by `<prefix>limit:<rule>:<limit>/<window>:<key>`: a changed limit begins anew.
struct SharedRateLimits: Sendable {
    private let client: RedisClient
    /// `<prefix>limit:`
    private let prefix: String

    init(client: RedisClient, prefix: String) {
        self.client = client
        self.prefix = prefix + "limit:"
    }

    func decide(_ rule: RateLimitRule, key: Text) async throws(RedisError) -> RateLimitDecision {
        let microseconds = rule.window.wholeNanoseconds / 1_000
        let script =
            switch rule.algorithm {
            case .tokenBucket: SharedRateLimits.tokenBucket
            case .fixedWindow: SharedRateLimits.fixedWindow
            }
        var tally = Text(reservingBytes: prefix.utf8.count + rule.sharedName.utf8.count + key.byteCount)
        tally += prefix
        tally += rule.sharedName
        tally += key
        let reply = try await client.eval(script, keys: [tally], arguments: [.integer(rule.limit), .integer(Int(microseconds))])
        guard case .array(let values) = reply, values.count == 4,
            case .integer(let allowed) = values[0], case .integer(let remaining) = values[1],
            case .integer(let reset) = values[2], case .integer(let retry) = values[3]
        else { throw .unexpectedReply("a rate limit decision") }
        return RateLimitDecision(
            isAllowed: allowed == 1, limit: rule.limit, remaining: Int(clamping: remaining),
            resetAfter: .microseconds(reset), retryAfter: .microseconds(retry))
    }

    /// The bucket of TokenBucket.swift, in microseconds: the key holds when it will be full. A double holds microseconds
    /// since 1970 exactly until the year 2255.
    static let tokenBucket = RedisScript(
        name: "token-bucket",
        source: """
            local time = redis.call('TIME')
            local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
            local limit = tonumber(ARGV[1])
            local interval = math.max(1, math.floor(tonumber(ARGV[2]) / limit))
            local capacity = interval * limit
            local full = tonumber(redis.call('GET', KEYS[1]) or now) or now
            local missing = math.min(math.max(0, full - now), capacity)
            if missing > capacity - interval then
              return {0, 0, missing, missing - (capacity - interval)}
            end
            missing = missing + interval
            redis.call('SET', KEYS[1], string.format('%.0f', now + missing), 'PX', string.format('%.0f', math.ceil(missing / 1000)))
            local left = capacity - missing
            return {1, math.floor(left / interval), missing, math.max(0, interval - left)}
            """)

    /// The window of FixedWindow.swift: the key holds the count, and expires when the window ends.
    static let fixedWindow = RedisScript(
        name: "fixed-window",
        source: """
            local time = redis.call('TIME')
            local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
            local limit = tonumber(ARGV[1])
            local window = math.max(1000, tonumber(ARGV[2]))
            local left = window - now % window
            local count = tonumber(redis.call('GET', KEYS[1]) or 0) or 0
            if count >= limit then
              return {0, 0, left, left}
            end
            count = redis.call('INCR', KEYS[1])
            if count == 1 then
              redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', math.ceil((now + left) / 1000)))
            end
            return {1, limit - count, left, left}
            """)
}
