"""The AsyncAPI document as one page that needs no network: viewer, style and document are inside.

The page forbids itself any request, by a Content Security Policy. The viewer compiles the schemas
of AsyncAPI while it runs, hence 'unsafe-eval'.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

if TYPE_CHECKING:
    from workers.contract.asyncapi import Document

POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data:; font-src data:"
)
_TEMPLATE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>
{style}
body {{ margin: 0; }}
.aui-root {{ font-family: system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }}
.aui-root code::before, .aui-root code::after {{ content: none !important; }}
</style>
</head>
<body>
<div id="page">The contract is being drawn; this needs JavaScript.</div>
<script id="licences" type="text/plain">
{licences}
</script>
<script id="document" type="application/json">
{document}
</script>
<script>
{script}
</script>
<script>
AsyncApiStandalone.render(
  {{
    schema: JSON.parse(document.getElementById("document").textContent),
    config: {{show: {{errors: true, sidebar: true}}, expand: {{messageExamples: true}}}},
  }},
  document.getElementById("page"),
);
</script>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Viewer:
    """The program that draws a document, its style, and the licences of both, as texts."""

    script: str
    style: str
    licences: str


def page(document: Document, viewer: Viewer) -> str:
    """The page, in HTML."""
    info = document["info"]
    return _TEMPLATE.format(
        policy=POLICY,
        title=html.escape(f"{info['title']} {info['version']}"),
        style=viewer.style.strip(),
        licences=_script_in_html(viewer.licences),
        document=_json_in_html(document),
        script=_script_in_html(viewer.script),
    )


def _json_in_html(document: Document) -> str:
    """JSON in which nothing can end the element that it is in."""
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
    return text.replace("<", "\\u003c")


def _script_in_html(script: str) -> str:
    """A program in which nothing can end the element that it is in."""
    return script.strip().replace("</script", "<\\/script").replace("<!--", "\\x3c!--")
