"""Unpacks what /docs and /redoc need from the sidecar package: unpack_docs_assets.py PACKAGE.whl FOLDER."""

import pathlib
import sys
import zipfile

ROOT = "drf_spectacular_sidecar/static/drf_spectacular_sidecar/"
FILES = {
    "swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
    "swagger-ui-bundle.js": "swagger-ui-dist/swagger-ui-bundle.js",
    "swagger-ui-standalone-preset.js": "swagger-ui-dist/swagger-ui-standalone-preset.js",
    "oauth2-redirect.html": "swagger-ui-dist/oauth2-redirect.html",
    "oauth2-redirect.js": "swagger-ui-dist/oauth2-redirect.js",
    "favicon-32x32.png": "swagger-ui-dist/favicon-32x32.png",
    "LICENSE.swagger-ui": "swagger-ui-dist/LICENSE",
    "redoc.standalone.js": "redoc/bundles/redoc.standalone.js",
    "LICENSE.redoc": "redoc/LICENSE",
}
# ReDoc has no option that leaves its footer's logo away, and the logo comes from another host: an empty picture
# stands in for it, so that the page needs nobody but this server.
REDOC_LOGO = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
NO_PICTURE = b"data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


def main() -> None:
    package, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True)
    with zipfile.ZipFile(package) as archive:
        for name, member in FILES.items():
            content = archive.read(ROOT + member)
            if name == "redoc.standalone.js":
                if content.count(REDOC_LOGO) != 1:
                    sys.exit("unpack_docs_assets: this ReDoc names its logo in another way; look at it anew")
                content = content.replace(REDOC_LOGO, NO_PICTURE)
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
