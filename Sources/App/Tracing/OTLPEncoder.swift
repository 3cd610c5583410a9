// Spans -> an ExportTraceServiceRequest in JSON, as OTLP/HTTP has it: ids in hexadecimal, 64-bit numbers as strings. Pure.

import Reactor

/// The body of a POST to /v1/traces.
struct OTLPEncoder: Sendable {
    /// What the spans are of.
    let resource: [(name: String, value: TraceSpan.Attribute)]

    func encode(_ spans: [TraceSpan]) -> [UInt8] {
        var writer = JSONWriter(reserving: 512 + spans.count * 768)
        writer.beginObject()
        writer.beginOnlyElement("resourceSpans")
        writer.name("resource")
        writer.beginObject()
        writer.attributes(resource)
        writer.endObject()
        writer.beginOnlyElement("scopeSpans")
        writer.name("scope")
        writer.beginObject()
        writer.name("name")
        writer.string("reactor")
        writer.name("version")
        writer.string(Version.current)
        writer.endObject()
        writer.name("spans")
        writer.beginArray()
        for span in spans {
            writer.separate()
            OTLPEncoder.write(span, to: &writer)
        }
        writer.endArray()
        writer.endOnlyElement()
        writer.endOnlyElement()
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ span: TraceSpan, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.name("traceId")
        writer.string(span.trace.text)
        writer.name("spanId")
        writer.string(span.id.text)
        if let parent = span.parent {
            writer.name("parentSpanId")
            writer.string(parent.text)
        }
        if let state = span.traceState {
            writer.name("traceState")
            writer.string(state)
        }
        writer.name("name")
        writer.string(span.name)
        writer.name("kind")
        writer.integer(span.kind.rawValue)
        let (start, startOverflow) = span.start.microseconds.multipliedReportingOverflow(by: 1_000)
        let (end, endOverflow) = start.addingReportingOverflow(max(0, span.duration.wholeNanoseconds))
        writer.name("startTimeUnixNano")
        writer.string(String(startOverflow ? 0 : start))
        writer.name("endTimeUnixNano")
        writer.string(String(startOverflow || endOverflow ? 0 : end))
        writer.attributes(span.attributes)
        if span.isError {
            // STATUS_CODE_ERROR; a span without a status was not judged.
            writer.name("status")
            writer.beginObject()
            writer.name("code")
            writer.integer(2)
            writer.endObject()
        }
        writer.endObject()
    }
}

extension JSONWriter {
    /// `"name":[{`
    fileprivate mutating func beginOnlyElement(_ name: String) {
        self.name(name)
        beginArray()
        beginObject()
    }

    fileprivate mutating func endOnlyElement() {
        endObject()
        endArray()
    }

    fileprivate mutating func attributes(_ attributes: [(name: String, value: TraceSpan.Attribute)]) {
        name("attributes")
        beginArray()
        for attribute in attributes {
            separate()
            beginObject()
            name("key")
            string(attribute.name)
            name("value")
            beginObject()
            switch attribute.value {
            case .text(let text):
                name("stringValue")
                string(text)
            case .integer(let value):
                name("intValue")
                string(String(value))
            }
            endObject()
            endObject()
        }
        endArray()
    }
}
