// RATE_LIMIT_ROUTES: what single routes allow, whatever their tier says. Pure.

import Reactor

/// A route's own limit.
struct RouteAllowance: Sendable, Hashable {
    /// Method and template, without a prefix: `GET /tasks/{task_id}`.
    let route: String
    /// Nil is no limit.
    let allowance: RateLimitAllowance?
}

extension SettingKind where Value == [RouteAllowance] {
    /// `POST /tasks=100/60s, GET /products=off`.
    static let routeAllowances = SettingKind(
        form: "routes and what they allow, such as POST /tasks=100/60s, GET /products=off",
        parse: { text throws(InvalidSetting) in
            var allowances: [RouteAllowance] = []
            for entry in text.split(separator: ",") where !entry.trimmed.isEmpty {
                let parts = entry.split(separator: "=", omittingEmptySubsequences: false)
                let words = parts[0].split(separator: " ")
                guard parts.count == 2, words.count == 2, words[1].hasPrefix("/") else { throw InvalidSetting() }
                let route = "\(words[0].uppercased()) \(words[1])"
                guard !allowances.contains(where: { $0.route == route }) else { throw InvalidSetting(reason: "a route stands twice") }
                let isOff = parts[1].trimmed.lowercased() == "off"
                allowances.append(
                    RouteAllowance(
                        route: route, allowance: isOff ? nil : try SettingKind<RateLimitAllowance>.allowance.parse(String(parts[1]))))
            }
            return allowances
        },
        render: { allowances in
            allowances.map { "\($0.route)=\($0.allowance.map(SettingKind<RateLimitAllowance>.allowance.render) ?? "off")" }
                .joined(separator: ", ")
        })
}

extension AppConfiguration.RateLimits {
    /// - Throws: ``ConfigurationError`` for a route that is not served: a limit that guards nothing is a mistake.
    func checkRoutes(_ table: RouteTable) throws(ConfigurationError) {
        let known = Set(table.routes.map(\.limitKey))
        guard let stranger = routes.first(where: { !known.contains($0.route) }) else { return }
        throw ConfigurationError(problems: [
            .init(
                variable: "RATE_LIMIT_ROUTES",
                reason: "no route is called \"\(stranger.route)\"; reactor routes lists them, prefixes apart")
        ])
    }
}
