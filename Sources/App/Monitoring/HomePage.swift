// The page at the root, for people who open the server's address. Text only.

/// Links to what there is to see.
enum HomePage {
    static let contentSecurityPolicy = "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"

    private static let links = [
        ("/docs", "Try the API", "Swagger UI"),
        ("/redoc", "Read the API", "ReDoc"),
        ("/openapi.json", "OpenAPI document", "3.1"),
        ("/monitoring", "Watch it live", "requests, latency, loops, pools, jobs"),
        ("/monitoring/health", "Health", "database, cache, jobs, disk"),
        ("/monitoring/metrics", "Metrics", "JSON; Prometheus reads /metrics"),
    ]

    static func html(name: String) -> String {
        let items = links.map { "<li><a href=\"\($0.0)\">\($0.1)</a> <small>\($0.2)</small></li>" }.joined(separator: "\n")
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(name.escapedForHTML)</title>
            <link rel="icon" href="data:,">
            <link rel="stylesheet" href="/docs/pages.css">
            </head>
            <body>
            <main>
            <h1>\(name.escapedForHTML)</h1>
            <p>The server is running. Version \(Version.current).</p>
            <ul>
            \(items)
            </ul>
            </main>
            </body>
            </html>

            """
    }
}

extension String {
    /// Safe between tags and inside quoted attributes.
    var escapedForHTML: String {
        var escaped = ""
        for character in self {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
