// The live page: plots that move by a second at a time. Text only; what it runs stands in MonitoringScript.swift, how it looks in
// MonitoringStyles.swift. It loads nothing from elsewhere, and runs no inline script.

import Reactor

/// /monitoring.
enum MonitoringPage {
    static let contentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'none'; "
        + "base-uri 'none'; frame-ancestors 'none'"

    /// The page's files, served beside those of the documentation.
    static let assets: [String: DocsAssets.Asset] = [
        "monitoring.js": DocsAssets.Asset(Array(MonitoringScript.text.utf8), contentType: "text/javascript; charset=utf-8"),
        "monitoring.css": DocsAssets.Asset(Array(MonitoringStyles.text.utf8), contentType: "text/css; charset=utf-8"),
    ]

    /// - Parameter loops: how many there are.
    static func html(name: String, loops: Int, assets: DocsAssets) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(name.escapedForHTML) - Monitoring</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="\(assets.path("monitoring.css"))">
        <script src="\(assets.path("monitoring.js"))" defer></script>
        </head>
        <body>
        <header>
        <h1>\(name.escapedForHTML)</h1>
        <p id="state" class="waiting" role="status"><span class="dot"></span><span id="state-text">connecting</span></p>
        <p class="facts">version \(Version.current) <span>\(loops) loop\(loops == 1 ? "" : "s")</span> <span id="uptime"></span></p>
        <nav><a href="/monitoring/health">Health</a> <a href="/monitoring/metrics">Metrics</a> <a href="/docs">API</a></nav>
        </header>
        <main>
        <section id="tiles" aria-label="Now"></section>
        <section id="plots" aria-label="The last two minutes"></section>
        </main>
        <noscript><p class="note">The plots need JavaScript. The same figures are at <a href="/monitoring/metrics">/monitoring/metrics</a>.</p></noscript>
        </body>
        </html>

        """
    }
}
