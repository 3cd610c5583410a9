// What both log handlers share: metadata in order, and secrets kept out of it. Pure.

import Logging

/// A line's metadata.
enum LogFields {
    /// What stands in a secret's place.
    static let mask = "********"

    /// The metadata of logger, provider and event together (the later wins), by name, without anything secret.
    static func merged(
        _ own: Logger.Metadata, _ provider: Logger.MetadataProvider?, _ event: LogEvent
    ) -> [(name: String, value: Logger.MetadataValue)] {
        var all = own
        if let provider { all.merge(provider.get()) { _, new in new } }
        if let explicit = event.metadata { all.merge(explicit) { _, new in new } }
        if let error = event.error, all["error"] == nil { all["error"] = "\(error)" }
        return all.sorted { $0.key < $1.key }.map { name, value in
            (name, isSecret(name) ? .string(mask) : value)
        }
    }

    /// A net below everybody's care: whoever logs a request's headers by name does not publish its token.
    private static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        return secretNames.contains { name.contains($0) }
    }

    private static let secretNames = ["password", "secret", "token", "authorization", "cookie", "credential", "dsn"]
}
