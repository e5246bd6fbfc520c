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
    with mpl.rc_context({"svg.hashsalt": "meshsight", "svg.fonttype": "none"}):
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    for side in ("width", "height"):
        svg = re.sub(rf'(<svg[^>]*?) {side}="[^"]*"', r"\1", svg, count=1)
    own = hashlib.sha256(svg.encode()).hexdigest()[:8]  # the plots of a page must not share ids
    svg = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{own}-", svg)
    return svg.replace(INK, "currentColor")


def picture_to_uri(picture: Picture, quality: int = 85) -> str:
    """Returns a picture as a `data:` address of a WebP file."""
    ok, data = cv2.imencode(".webp", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, quality])
    if not ok:
        raise ValueError(f"cannot encode a picture of shape {picture.shape} as WebP")
    return "data:image/webp;base64," + base64.b64encode(data.tobytes()).decode("ascii")
