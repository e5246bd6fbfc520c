"""How pictures and plots are put inside a page: WebP as `data:` addresses, and SVG in the page's own colours."""

import base64
import hashlib
import io
import re

import cv2
import matplotlib as mpl
from matplotlib.figure import Figure

from meshsight.plotting.draw import Picture
from meshsight.plotting.style import INK


def figure_to_svg(figure: Figure) -> str:
    """Returns a figure as an inline `<svg>` with the page's text colour as its ink; equal figures give equal text."""
    draft = _save_svg(figure, "draft")
    svg = _save_svg(figure, hashlib.sha256(draft.encode()).hexdigest()[:8])  # ids must differ from plot to plot
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    return svg.replace(INK, "currentColor")


def _save_svg(figure: Figure, salt: str) -> str:
    with mpl.rc_context({"svg.hashsalt": salt, "svg.fonttype": "none"}):
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def picture_to_uri(picture: Picture, quality: int = 85) -> str:
    """Returns a picture as a `data:` address of a WebP file."""
    ok, data = cv2.imencode(".webp", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, quality])
    if not ok:
        raise ValueError(f"cannot encode a picture of shape {picture.shape} as WebP")
    return "data:image/webp;base64," + base64.b64encode(data.tobytes()).decode("ascii")
