"""The protocol as a document in Swedish and English, with room for the signatures of those present."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from django.conf import settings
from django.template import Context, Engine
from django.utils.safestring import mark_safe
from weasyprint import HTML
from weasyprint.urls import URLFetcher

_HERE: Final = Path(__file__).resolve().parent


def render_pdf(protocol: Mapping[str, object], *, digest: str, template: str = "protocol.html") -> bytes:
    """Return the document as PDF. ``digest`` is the SHA-256 of ``protocol.json``."""
    engine = Engine(dirs=[str(_HERE)], builtins=["ca.ceremony.formats"])
    fonts: Path = settings.BASE_DIR / "portal" / "static" / "vendor" / "source-sans-3"
    context = Context(
        {
            "protocol": protocol,
            "digest": digest,
            "style": mark_safe((_HERE / "protocol.css").read_text()),  # noqa: S308 - our own file
        }
    )
    html = engine.get_template(template).render(context)
    # Files only: no document of ours reaches out over the network.
    fetcher = URLFetcher(allowed_protocols=["file"])
    pdf: bytes = HTML(string=html, base_url=f"{fonts.as_uri()}/", url_fetcher=fetcher).write_pdf()
    return pdf
