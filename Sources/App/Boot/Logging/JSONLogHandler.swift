// Log lines for machines: one JSON object each. A value; any thread.

import Logging
import Reactor

/// Writes `{"time":...,"level":...,"message":...}` with the metadata as further members.
struct JSONLogHandler: LogHandler {
    let label: String
    let sink: LogLineSink
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(label: String, sink: @escaping LogLineSink) {
        self.label = label
        self.sink = sink
    }

    subscript(metadataKey name: String) -> Logger.Metadata.Value? {
        get { metadata[name] }
        set { metadata[name] = newValue }
    }

    func log(event: LogEvent) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.name("time")
        writer.timestamp(.now())
        writer.name("level")
        writer.string(event.level.rawValue)
        writer.name("logger")
        writer.string(label)
        writer.name("message")
        writer.string(event.message.description)
        for field in LogFields.merged(metadata, metadataProvider, event) {
            // A member twice would be two truths.
            writer.name(JSONLogHandler.ownMembers.contains(field.name) ? "field_\(field.name)" : field.name)
            JSONLogHandler.write(field.value, to: &writer)
        }
        writer.endObject()
        sink(writer.bytes + [UInt8(ascii: "\n")])
    }

    private static let ownMembers: Set<String> = ["time", "level", "logger", "message"]

    private static func write(_ value: Logger.MetadataValue, to writer: inout JSONWriter) {
        switch value {
        case .string(let text): writer.string(text)
        case .stringConvertible(let value): writer.string(value.description)
        case .array(let elements):
            writer.beginArray()
            for element in elements {
                writer.separate()
                write(element, to: &writer)
            }
            writer.endArray()
        case .dictionary(let members):
            writer.beginObject()
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                writer.name(name)
                write(member, to: &writer)
            }
            writer.endObject()
        }
    }
}
