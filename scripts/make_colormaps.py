"""Writes assets/colormaps/*.png, 256x1 each, from matplotlib's tables (pip install matplotlib pillow)."""

from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image

NAMES = {
    "viridis": "viridis",
    "inferno": "inferno",
    "magma": "magma",
    "turbo": "turbo",
    "grey": "gray",
    "difference": "RdBu_r",
    "jet": "jet",
}

out = Path(__file__).parent.parent / "assets" / "colormaps"
out.mkdir(parents=True, exist_ok=True)
for name, source in NAMES.items():
    rgb = matplotlib.colormaps[source](np.linspace(0, 1, 256))[:, :3]
    Image.fromarray((rgb * 255 + 0.5).astype(np.uint8)[None]).save(out / f"{name}.png", optimize=True)
