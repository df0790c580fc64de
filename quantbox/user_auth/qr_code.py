"""QR codes as pictures a page can show under its policy."""

from __future__ import annotations

import io

__all__ = ["draw_qr"]


def draw_qr(text: str) -> str:
    """Return the QR code as a whole SVG document, which an image element shows; black on white in dark pages too, for cameras."""
    import segno

    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        picture, kind="svg", xmldecl=False, nl=False, svgclass=None, lineclass=None, omitsize=True, dark="#000", light="#fff"
    )
    return picture.getvalue().decode()
