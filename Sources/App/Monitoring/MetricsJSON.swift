// Families -> JSON for people. Pure.

/// `{"name": {"type", "help", "samples": [{"labels", "value"}]}}`.
enum MetricsJSON {
    static func encode(_ families: [MetricFamily]) -> [UInt8] {
        var writer = JSONWriter(reserving: 16_384)
        writer.beginObject()
        for family in families where !family.samples.isEmpty {
            writer.name(family.name)
            writer.beginObject()
            writer.name("type")
            writer.string(family.kind.rawValue)
            writer.name("help")
            writer.string(family.help)
            writer.name("samples")
            writer.beginArray()
            for sample in family.samples {
                writer.separate()
                write(sample, to: &writer)
            }
            writer.endArray()
            writer.endObject()
        }
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ sample: MetricFamily.Sample, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.name("labels")
        writer.beginObject()
        for label in sample.labels {
            writer.name(label.name)
            writer.string(label.value)
        }
        writer.endObject()
        switch sample.value {
        case .integer(let value):
            writer.name("value")
            writer.integer(value)
        case .double(let value):
            writer.name("value")
            writer.double(value)
        case .histogram(let bounds, let cumulative, let count, let sum):
            writer.name("count")
            writer.integer(count)
            writer.name("sum")
            writer.double(sum)
            writer.name("buckets")
            writer.beginArray()
            for (bound, count) in zip(bounds, cumulative) {
                writer.separate()
                writer.beginObject()
                writer.name("le")
                writer.double(bound)
                writer.name("count")
                writer.integer(count)
                writer.endObject()
            }
            writer.endArray()
        }
        writer.endObject()
    }
}
