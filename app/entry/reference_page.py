"""
The API's reference for people: a page of our own around the reader that is served beside it.

Its one script is inline, and the page's policy names that script by its digest: whatever else might
get into the page does not run.
"""

import base64
from typing import Final

from app.kernel.encoding import sha256

ADDRESS: Final = "/docs"
FILES: Final = "/static-offline-docs"  # where the framework's files for it are served

# Without validatorUrl: null the reader would ask somebody else's service about our description.
_SCRIPT: Final = """
SwaggerUIBundle({
  url: "/v1/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  showExtensions: true,
  showCommonExtensions: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
  layout: "BaseLayout"
})
"""
PAGE: Final = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Carbon credit registry: reference of the API</title>
<link rel="stylesheet" href="{FILES}/swagger-ui.css">
<link rel="icon" href="{FILES}/favicon.png">
<div id="swagger-ui"></div>
<script src="{FILES}/swagger-ui-bundle.js"></script>
<script>{_SCRIPT}</script>
</html>
"""
# As a source of scripts, in a content security policy.
SCRIPT_SOURCE: Final = f"'sha256-{base64.b64encode(sha256(_SCRIPT.encode())).decode()}'"
