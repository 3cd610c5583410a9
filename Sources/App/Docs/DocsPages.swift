// The pages around Swagger UI and ReDoc, and the little scripts that start them. Text only.
//
// A page may load nothing from elsewhere and run no inline script: what starts it is a file too. Both programs put styles into
// the page as they run, so inline styles are allowed.

import Reactor

/// /docs, /redoc and what belongs to them.
enum DocsPages {
    /// ReDoc searches in a worker that it makes of a blob; both show small pictures from data: URLs.
    static let contentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
        + "connect-src 'self'; worker-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

    static func swaggerUI(_ assets: DocsAssets, title: String) -> String {
        page(
            assets, title: title, styles: ["swagger-ui.css"], body: "<div id=\"swagger-ui\"></div>",
            scripts: ["swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "init.js"])
    }

    static func reDoc(_ assets: DocsAssets, title: String) -> String {
        page(
            assets, title: title, styles: [], body: "<div id=\"redoc\"></div>", scripts: ["redoc.standalone.js", "redoc-init.js"])
    }

    /// What stands there when the files are not.
    static func missing(_ assets: DocsAssets, title: String) -> String {
        page(
            assets, title: title, styles: [],
            body: """
                <main>
                <h1>The documentation's files are missing</h1>
                <p>Swagger UI and ReDoc are fetched when the project is set up. Run</p>
                <pre>make setup</pre>
                <p>in the project's folder and start the server again, or name the folder that has them in
                <code>DOCS_ASSETS_DIR</code>. The API's description is served without them:
                <a href="/openapi.json">/openapi.json</a></p>
                </main>
                """, scripts: [])
    }

    private static func page(_ assets: DocsAssets, title: String, styles: [String], body: String, scripts: [String]) -> String {
        let styles = (styles + ["pages.css"]).map { "<link rel=\"stylesheet\" href=\"\(assets.path($0))\">" }
        let scripts = scripts.map { "<script src=\"\(assets.path($0))\"></script>" }
        // "data:," keeps a browser from asking for /favicon.ico.
        let icon = assets["favicon-32x32.png"] == nil ? "data:," : assets.path("favicon-32x32.png")
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(title.escapedForHTML)</title>
            <link rel="icon" href="\(icon)">
            \(styles.joined(separator: "\n"))
            </head>
            <body>
            \(body)
            \(scripts.joined(separator: "\n"))
            </body>
            </html>

            """
    }

    /// Files of our own, served beside the others.
    static let ownAssets: [String: DocsAssets.Asset] = [
        "init.js": DocsAssets.Asset(Array(swaggerInit.utf8), contentType: "text/javascript; charset=utf-8"),
        "redoc-init.js": DocsAssets.Asset(Array(redocInit.utf8), contentType: "text/javascript; charset=utf-8"),
        "pages.css": DocsAssets.Asset(Array(styles.utf8), contentType: "text/css; charset=utf-8"),
    ]

    private static let swaggerInit = """
        window.ui = SwaggerUIBundle({
          url: "/openapi.json",
          dom_id: "#swagger-ui",
          presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
          layout: "BaseLayout",
          deepLinking: true,
          displayRequestDuration: true,
          showExtensions: true,
          showCommonExtensions: true,
          validatorUrl: null,
          oauth2RedirectUrl: window.location.origin + "/docs/oauth2-redirect",
        });
        ui.initOAuth({ usePkceWithAuthorizationCodeGrant: true });

        """

    private static let redocInit = """
        Redoc.init("/openapi.json", { hideDownloadButton: false }, document.getElementById("redoc"));

        """

    private static let styles = """
        body { margin: 0; font-family: system-ui, sans-serif; line-height: 1.5; }
        main { max-width: 42rem; margin: 3rem auto; padding: 0 1rem; }
        main pre { padding: 0.75rem 1rem; background: #f3f4f6; border-radius: 0.5rem; }
        main small { color: #6b7280; }

        """
}
