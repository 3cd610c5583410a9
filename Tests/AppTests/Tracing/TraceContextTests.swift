// What may come from other services, and what is made of it.

@testable import App
import Reactor
import Testing

@Suite struct TraceContextTests {
    private static let field = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func aWellFormedParentIsTakenOver() throws {
        let parent = try #require(TraceParent(Text(Self.field)))
        #expect(parent.trace.text == "0af7651916cd43dd8448eb211c80319c")
        #expect(parent.span.text == "b7ad6b7169203331")
        #expect(parent.isSampled)
        #expect(TraceParent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")?.isSampled == false)
    }

    @Test func aLaterVersionMayBeLonger() {
        #expect(TraceParent("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-else") != nil)
        #expect(TraceParent("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what") == nil)
    }

    @Test(arguments: [
        "", "00", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-", "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
        "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01", " 0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c8031\u{e9}-b7ad6b7169203331-01",
    ])
    func whatIsNotWellFormedIsIgnored(_ field: String) {
        #expect(TraceParent(Text(field)) == nil)
    }

    @Test func theBeginningOfATraceDecidesWhetherItIsKept() throws {
        let kept = try #require(TraceParent(Text(Self.field)))
        let dropped = TraceParent(trace: kept.trace, span: kept.span, isSampled: false)
        for ratio in [0.0, 1.0] {
            let sampler = TraceSampler(ratio: ratio)
            #expect(sampler.keeps(kept.trace, parent: kept))
            #expect(!sampler.keeps(kept.trace, parent: dropped))
        }
    }

    @Test(arguments: [0.0, 0.1, 0.5, 1.0])
    func aShareOfTheTracesThatBeginHereIsKept(_ ratio: Double) {
        let sampler = TraceSampler(ratio: ratio)
        let generator = TraceIDGenerator(seed: 42)
        let kept = (0..<20_000).count { _ in sampler.keeps(generator.trace(), parent: nil) }
        #expect(abs(Double(kept) / 20_000 - ratio) < 0.02)
        // The same trace is judged alike by everybody.
        let edge = TraceID(high: 0, low: .max)
        #expect(sampler.keeps(edge, parent: nil) == (ratio == 1))
    }

    @Test func idsAreDifferentAndNeverZero() {
        let generator = TraceIDGenerator()
        let ids = Set((0..<10_000).map { _ in generator.span() })
        #expect(ids.count == 10_000)
        #expect(!ids.contains(SpanID(value: 0)))
    }

    @Test func headersOfTheCollectorAreReadAsOpenTelemetryWritesThem() {
        #expect(HeaderText.parse("api-key=a%20b=c")?.value == "a b=c")
        #expect(HeaderText.parse("api-key")?.name == nil)
        #expect(HeaderText.parse("bad name=x")?.name == nil)
        #expect(HeaderText.parse("x=a%0d%0aEvil: 1")?.name == nil)
        #expect(HeaderText.parse("x=%4")?.name == nil)
    }
}

@Suite struct OTLPEncoderTests {
    @Test func aSpanIsWhatTheProtocolSays() {
        let encoder = OTLPEncoder(resource: [("service.name", .text("shop"))])
        var span = TraceSpan(
            trace: TraceID(high: 0x0af7_6519_16cd_43dd, low: 0x8448_eb21_1c80_319c), id: SpanID(value: 1), parent: SpanID(value: 0xff),
            kind: .server, name: "GET /tasks/{id}", start: Timestamp(microseconds: 1_700_000_000_000_001), duration: .microseconds(1_500))
        span.traceState = "a=b"
        span.attributes = [("http.route", .text("/tasks/{id}")), ("http.response.status_code", .integer(500))]
        span.isError = true
        let text = String(decoding: encoder.encode([span]), as: UTF8.self)
        #expect(
            text == """
                {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{"scope":\
                {"name":"reactor","version":"\(Version.current)"},"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c",\
                "spanId":"0000000000000001","parentSpanId":"00000000000000ff","traceState":"a=b","name":"GET /tasks/{id}","kind":2,\
                "startTimeUnixNano":"1700000000000001000","endTimeUnixNano":"1700000000001501000","attributes":[{"key":"http.route",\
                "value":{"stringValue":"/tasks/{id}"}},{"key":"http.response.status_code","value":{"intValue":"500"}}],\
                "status":{"code":2}}]}]}]}
                """)
    }
}
