// The settings of tracing: how they are written, and the tracer that is made of them.

import FoundationEssentials
import Logging
import Reactor

extension AppConfiguration {
    /// Nil where there is no endpoint.
    func makeTracer(on loop: EventLoop, dialect: SQLDialect, metrics: PrometheusMetrics, logger: Logger) -> Tracer? {
        guard let endpoint = tracing.endpoint else { return nil }
        let encoder = OTLPEncoder(resource: [
            ("service.name", .text(tracing.serviceName ?? appName)),
            ("service.version", .text(Version.current)),
            ("service.instance.id", .text(UUID().uuidString.lowercased())),
            ("deployment.environment.name", .text(environment.rawValue)),
            ("telemetry.sdk.name", .text("reactor")),
            ("telemetry.sdk.language", .text("swift")),
            ("telemetry.sdk.version", .text(Version.current)),
        ])
        let exporter = SpanExporter(
            loop: loop, endpoint: endpoint, headers: tracing.headers.compactMap(HeaderText.parse), encoder: encoder, metrics: metrics,
            logger: logger)
        return Tracer(exporter: exporter, ratio: tracing.ratio, dialect: dialect)
    }
}

/// `name=value`, the value percent-encoded, as OTEL_EXPORTER_OTLP_HEADERS has it.
enum HeaderText {
    static func parse(_ text: String) -> (name: String, value: String)? {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let value = decoded(parts[1]) else { return nil }
        let name = parts[0].trimmed
        // RFC 9110 5.6.2: a token. A line break in the value would begin another field.
        let isToken = !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains($0) }
        guard isToken, value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        return (String(name), value)
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.trimmed.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(HexDigit.value), let low = rest.popFirst().flatMap(HexDigit.value) else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension SettingKind where Value == Double {
    static let share = SettingKind(
        form: "number from 0 to 1", parseIfValid: { text in Double(text).flatMap { (0...1).contains($0) ? $0 : nil } },
        render: { $0 == $0.rounded() ? String(Int($0)) : "\($0)" })
}

extension SettingKind where Value == [String] {
    static let headerList = SettingKind(
        form: "name=value, separated by commas",
        parseIfValid: { text in
            let fields = text.split(separator: ",").map { String($0.trimmed) }
            return fields.allSatisfy { HeaderText.parse($0) != nil } ? fields : nil
        }, render: { $0.joined(separator: ",") })
}
