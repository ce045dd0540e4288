"""Surfaces and objects of the demo room: photographs from scikit-image's wheel, the rest drawn.

All textures are BGR or BGRA float32 in 0..1; sprites with alpha are premultiplied.
"""

from __future__ import annotations

import math
import zipfile
from pathlib import Path

import cv2
import numpy as np


def photographs(wheel: Path) -> dict[str, np.ndarray]:
    names = {"coffee": "coffee.png", "cat": "chelsea.png", "rocket": "rocket.jpg",
             "galaxies": "hubble_deep_field.jpg", "brick": "brick.png"}
    with zipfile.ZipFile(wheel) as archive:
        return {key: cv2.imdecode(np.frombuffer(archive.read(f"skimage/data/{name}"), np.uint8), cv2.IMREAD_COLOR)
                .astype(np.float32) / 255 for key, name in names.items()}


def noise(rng: np.random.Generator, shape: tuple[int, int], coarse: tuple[int, int]) -> np.ndarray:
    small = rng.normal(0, 1, coarse).astype(np.float32)
    return cv2.resize(small, shape[::-1], interpolation=cv2.INTER_CUBIC)


def back_wall(brick: np.ndarray, rng: np.random.Generator, metres: tuple[float, float], per_metre: int) -> np.ndarray:
    """Whitewashed brick, a skirting board, warm pools of light."""
    w, h = int(metres[0] * per_metre), int(metres[1] * per_metre)
    tile = cv2.rotate(cv2.cvtColor(brick, cv2.COLOR_BGR2GRAY), cv2.ROTATE_90_CLOCKWISE)[40:-40, 40:-40]
    tile = cv2.resize(tile, (int(1.0 * per_metre), int(0.9 * per_metre)), interpolation=cv2.INTER_AREA)
    tile = cv2.GaussianBlur(tile, (0, 0), per_metre / 300)
    row = np.hstack([tile, tile[:, ::-1]] * (w // (2 * tile.shape[1]) + 1))[:, :w]
    grid = np.vstack([row, row[::-1]] * (h // (2 * row.shape[0]) + 1))[:h]
    grid = (grid - grid.mean()) / grid.std()
    value = 0.76 + 0.030 * np.clip(grid, -2, 2) + 0.012 * noise(rng, (h, w), (9, 24))
    wall = value[..., None] * np.array([0.82, 0.94, 1.0], np.float32)
    y = np.linspace(metres[1], 0, h)[:, None]
    x = np.linspace(0, metres[0], w)[None]
    light = 0.90 + sum(0.26 * np.exp(-((x - cx) ** 2) / 1.1 - ((y - 1.9) ** 2) / 0.8) for cx in (1.25, 4.2, 7.4))
    wall = wall * light[..., None].astype(np.float32)
    skirting = int(0.11 * per_metre)
    wall[-skirting:] = np.array([0.55, 0.62, 0.66], np.float32) * light[-skirting:, :, None]
    wall[-skirting - 3:-skirting] *= 0.7
    return np.clip(wall, 0, 1).astype(np.float32)


def wood(rng: np.random.Generator, size: tuple[int, int], colour: tuple[float, float, float], planks: int) -> np.ndarray:
    w, h = size
    out = np.empty((h, w, 3), np.float32)
    edges = np.linspace(0, h, planks + 1).astype(int)
    for top, bottom in zip(edges[:-1], edges[1:]):
        n = bottom - top
        grain = noise(rng, (n, w), (max(n // 3, 4), max(w // 160, 4)))
        rings = np.sin(np.linspace(0, rng.uniform(5, 9), n)[:, None] * 2 + 0.9 * noise(rng, (n, w), (5, max(w // 220, 4))))
        value = rng.uniform(0.88, 1.08) + 0.05 * grain + 0.05 * rings
        out[top:bottom] = value[..., None] * np.array(colour, np.float32)
        out[top:top + 2] *= 0.55
    return np.clip(out, 0, 1)


def write_text(out: np.ndarray, text: str, at: tuple[int, int], scale: float, colour: tuple, thickness: int) -> None:
    """OpenCV writes into bytes only: write a mask, then blend."""
    mask = np.zeros(out.shape[:2], np.uint8)
    cv2.putText(mask, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thickness, cv2.LINE_AA)
    cover = mask.astype(np.float32)[..., None] / 255
    out += (np.array(colour, np.float32) - out) * cover


def framed(picture: np.ndarray, size: tuple[int, int], mat: float, colour: tuple[float, float, float]) -> np.ndarray:
    """A photograph behind a mat in a frame with a bevel."""
    w, h = size
    out = np.ones((h, w, 3), np.float32) * np.array(colour, np.float32)
    b = int(0.035 * w)
    for i in range(b):
        shade = 0.75 + 0.5 * i / b
        cv2.rectangle(out, (i, i), (w - 1 - i, h - 1 - i), tuple(float(c * shade) for c in colour), 1)
    out[b:h - b, b:w - b] = (0.90, 0.94, 0.95)
    m = b + int(mat * w)
    out[b:b + 6, b:w - b] *= 0.8
    iw, ih = w - 2 * m, h - 2 * m
    ph, pw = picture.shape[:2]
    scale = max(iw / pw, ih / ph)
    big = cv2.resize(picture, (math.ceil(pw * scale), math.ceil(ph * scale)), interpolation=cv2.INTER_CUBIC)
    y0, x0 = (big.shape[0] - ih) // 2, (big.shape[1] - iw) // 2
    out[m:m + ih, m:m + iw] = np.clip(big[y0:y0 + ih, x0:x0 + iw], 0, 1)
    cv2.rectangle(out, (m - 2, m - 2), (m + iw + 1, m + ih + 1), (0.7, 0.72, 0.74), 2, cv2.LINE_AA)
    return out


def books(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Eleven spines of different height and colour, BGRA."""
    w, h = size
    out = np.zeros((h, w, 4), np.float32)
    palette = [(0.20, 0.24, 0.62), (0.45, 0.30, 0.14), (0.22, 0.45, 0.28), (0.16, 0.52, 0.80), (0.62, 0.68, 0.72),
               (0.40, 0.16, 0.36), (0.24, 0.20, 0.20), (0.56, 0.50, 0.22), (0.18, 0.34, 0.70), (0.66, 0.78, 0.84), (0.34, 0.22, 0.52)]
    widths = rng.uniform(0.7, 1.35, len(palette))
    edges = np.concatenate([[0], np.cumsum(widths)]) / widths.sum() * (w - 8) + 4
    for colour, left, right in zip(palette, edges[:-1], edges[1:]):
        x0, x1 = int(left), int(right) - 1
        top = int(h * rng.uniform(0.0, 0.2))
        n = x1 - x0
        round_ = 0.55 + 0.45 * np.sin(np.linspace(0.25, math.pi - 0.25, n))
        spine = np.array(colour, np.float32)[None, None] * round_[None, :, None] * np.ones((h - top, 1, 1), np.float32)
        spine *= (1 + 0.03 * noise(rng, (h - top, n), (40, 8)))[..., None]
        ink = np.array((0.55, 0.80, 0.90) if sum(colour) < 1.5 else (0.15, 0.15, 0.2), np.float32)
        for band in (0.07, 0.10, 0.88):
            y = int((h - top) * band)
            spine[y:y + 4] = ink * round_[:, None]
        # A title: strokes of uneven length running along the spine.
        y, mid = int((h - top) * 0.22), n // 2
        while y < (h - top) * rng.uniform(0.6, 0.8):
            length = int(rng.integers(8, 22))
            half = max(3, int(n * 0.16))
            spine[y:y + length, mid - half:mid + half] = spine[y:y + length, mid - half:mid + half] * 0.25 + ink * 0.75
            y += length + 6
        out[top:, x0:x1, :3] = spine
        out[top:, x0:x1, 3] = 1
        out[:, x1:x1 + 1, :3] *= 0.4
    return np.clip(out, 0, 1)


def monitor(galaxies: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    w, h = size
    out = np.full((h, w, 3), 0.07, np.float32)
    b = int(0.022 * w)
    sw, sh = w - 2 * b, h - 2 * b - int(0.02 * h)
    screen = cv2.resize(galaxies, (sw, int(sw * galaxies.shape[0] / galaxies.shape[1])), interpolation=cv2.INTER_CUBIC)[:sh]
    screen = np.clip(screen * 1.5 + 0.02, 0, 1)
    bar = int(0.055 * sh)
    screen[:bar] = (0.24, 0.22, 0.21)
    for i, colour in enumerate([(0.35, 0.37, 0.93), (0.3, 0.75, 0.95), (0.38, 0.80, 0.42)]):
        cv2.circle(screen, (int((1.0 + 1.4 * i) * bar * 0.7), bar // 2), int(bar * 0.24), colour, -1, cv2.LINE_AA)
    write_text(screen, "deep field", (int(sw * 0.44), int(bar * 0.72)), bar / 46, (0.8, 0.8, 0.8), 1)
    out[b:b + sh, b:b + sw] = screen
    cv2.circle(out, (w // 2, h - int(0.022 * h)), 3, (0.4, 0.8, 0.4), -1, cv2.LINE_AA)
    return out


def keyboard(size: tuple[int, int]) -> np.ndarray:
    w, h = size
    out = np.full((h, w, 3), 0.16, np.float32)
    rows, pitch = 5, w / 15.4
    for r in range(rows):
        y0, y1 = int(h * (0.07 + 0.18 * r)), int(h * (0.07 + 0.18 * r + 0.155))
        x = 0.03 * w + (0.25 * pitch * r if r < 4 else 0)
        while x + pitch * 0.9 < w * 0.98:
            wide = pitch * (5.2 if r == 4 and 3.2 * pitch < x < 4.4 * pitch else 1)
            x1 = min(x + wide * 0.9, w * 0.98)
            cv2.rectangle(out, (int(x), y0), (int(x1), y1), (0.30, 0.29, 0.28), -1)
            cv2.line(out, (int(x), y0), (int(x1), y0), (0.42, 0.41, 0.40), 2)
            x += wide
    return out


def clock(n: int) -> np.ndarray:
    """An analogue wall clock at ten past ten, BGRA."""
    out = np.zeros((n, n, 4), np.float32)
    c = n // 2
    aa = cv2.LINE_AA
    cv2.circle(out, (c, c), int(0.49 * n), (0.12, 0.13, 0.14, 1), -1, aa)
    cv2.circle(out, (c, c), int(0.475 * n), (0.26, 0.27, 0.29, 1), -1, aa)
    cv2.circle(out, (c, c), int(0.44 * n), (0.93, 0.96, 0.97, 1), -1, aa)
    for i in range(60):
        a = math.radians(6 * i)
        inner = 0.37 if i % 5 == 0 else 0.405
        p = [(int(c + n * r * math.sin(a)), int(c - n * r * math.cos(a))) for r in (inner, 0.42)]
        cv2.line(out, *p, (0.15, 0.14, 0.14, 1), max(1, n // (60 if i % 5 == 0 else 170)), aa)
    for i in range(1, 13):
        a = math.radians(30 * i)
        text, scale = str(i), n / 500
        (tw, th), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, max(2, n // 130))
        at = (int(c + n * 0.315 * math.sin(a) - tw / 2), int(c - n * 0.315 * math.cos(a) + th / 2))
        write_text(out, text, at, scale, (0.12, 0.11, 0.11, 1), max(2, n // 130))
    for angle, length, width in ((305, 0.22, 34), (60, 0.33, 50)):
        a = math.radians(angle)
        tip = (int(c + n * length * math.sin(a)), int(c - n * length * math.cos(a)))
        cv2.line(out, (c, c), tip, (0.10, 0.09, 0.09, 1), n // width, aa)
    a = math.radians(200)
    cv2.line(out, (c, c), (int(c + n * 0.34 * math.sin(a)), int(c - n * 0.34 * math.cos(a))), (0.15, 0.2, 0.8, 1), n // 160, aa)
    cv2.circle(out, (c, c), n // 40, (0.15, 0.2, 0.8, 1), -1, aa)
    glass = 1 + 0.10 * np.clip((np.add.outer(-np.arange(n), -np.arange(n)) / n + 1), -1, 1)
    out[..., :3] = np.clip(out[..., :3] * glass[..., None] * out[..., 3:], 0, 1)
    return out


def coffee_cup(photo: np.ndarray) -> np.ndarray:
    """The cup with its saucer cut out of the photograph, BGRA premultiplied."""
    image = (photo * 255).astype(np.uint8)
    mask = np.full(image.shape[:2], cv2.GC_BGD, np.uint8)
    for centre, axes, angle, value in [
        ((279, 236), (212, 160), 12, cv2.GC_PR_BGD),
        ((279, 232), (196, 148), 12, cv2.GC_PR_FGD),
        ((290, 112), (122, 98), 4, cv2.GC_PR_FGD),
        ((279, 236), (180, 132), 12, cv2.GC_FGD),
        ((290, 112), (112, 88), 4, cv2.GC_FGD),
    ]:
        cv2.ellipse(mask, centre, axes, angle, 0, 360, int(value), -1)
    cv2.setRNGSeed(1)
    cv2.grabCut(image, mask, None, np.zeros((1, 65)), np.zeros((1, 65)), 5, cv2.GC_INIT_WITH_MASK)
    solid = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(solid)
    solid = (labels == 1 + np.argmax(stats[1:, cv2.CC_STAT_AREA])).astype(np.uint8)
    ball = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (31, 31))
    solid = cv2.morphologyEx(cv2.morphologyEx(solid, cv2.MORPH_OPEN, ball), cv2.MORPH_CLOSE, ball).astype(np.float32)
    alpha = np.clip((cv2.GaussianBlur(solid, (0, 0), 4) - 0.5) * 4 + 0.35, 0, 1)
    out = np.dstack([photo * alpha[..., None], alpha])[8:396, 66:490]
    return cv2.resize(out, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC).clip(0, 1)


def soft_shadow(n: int = 128) -> np.ndarray:
    y, x = np.mgrid[-1:1:n * 1j, -1:1:n * 1j]
    alpha = (0.6 * np.clip(1.25 - 1.25 * np.hypot(x, y), 0, 1) ** 1.2).astype(np.float32)
    return np.dstack([np.zeros((n, n, 3), np.float32), alpha])


def arm(closed: bool) -> tuple[np.ndarray, tuple[int, int]]:
    """A right forearm with its hand reaching up and left, BGRA; and the point between thumb and fingers."""
    w, h = 900, 1500
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    height = np.zeros((h, w), np.float32)

    def limb(ax, ay, ar, bx, by, br):
        dx, dy = bx - ax, by - ay
        k = np.clip(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0, 1)
        r = ar + (br - ar) * k
        d2 = (x - ax - k * dx) ** 2 + (y - ay - k * dy) ** 2
        np.maximum(height, np.sqrt(np.clip(r * r - d2, 0, None)), out=height)

    limb(540, 620, 92, 620, 860, 78)
    limb(470, 520, 96, 545, 640, 100)
    limb(560, 520, 84, 560, 640, 96)
    if closed:
        fingers = [[(405, 470, 44), (330, 345, 38), (262, 300, 33)], [(455, 440, 46), (385, 300, 40), (312, 238, 34)],
                   [(515, 430, 45), (470, 290, 40), (404, 212, 34)], [(575, 450, 40), (560, 330, 35), (510, 262, 30)]]
        thumb = [(440, 600, 56), (318, 540, 46), (236, 452, 37)]
        grip = (240, 380)
    else:
        fingers = [[(405, 470, 44), (300, 345, 38), (215, 265, 32)], [(455, 440, 46), (375, 275, 40), (300, 160, 33)],
                   [(515, 430, 45), (470, 255, 40), (420, 120, 33)], [(575, 450, 40), (570, 305, 35), (556, 195, 29)]]
        thumb = [(440, 600, 56), (290, 560, 46), (180, 500, 36)]
        grip = (240, 380)
    for chain in (*fingers, thumb):
        for a, b in zip(chain[:-1], chain[1:]):
            limb(*a, *b)
    skin = height.copy()
    height[:] = 0
    limb(612, 850, 118, 800, 1500, 178)
    sleeve = height

    def lit(field, colour, seed):
        smooth = cv2.GaussianBlur(field, (0, 0), 9)
        gy, gx = np.gradient(smooth)
        shade = np.clip(0.80 + 0.30 * (-gx * 0.45 - gy * 0.8) / np.sqrt(1 + gx * gx + gy * gy), 0.3, 1.1)
        grain = 1 + 0.012 * noise(np.random.default_rng(seed), field.shape, (300, 180))
        return (shade * grain)[..., None] * np.array(colour, np.float32)

    rgb = lit(skin, (0.47, 0.63, 0.95), 3)
    for chain in fingers:  # nails
        (ax, ay, _), (bx, by, r) = chain[-2], chain[-1]
        angle = math.degrees(math.atan2(by - ay, bx - ax))
        nail = np.zeros((h, w), np.float32)
        cv2.ellipse(nail, (bx, by), (int(r * 0.75), int(r * 0.5)), angle, 0, 360, 1.0, -1, cv2.LINE_AA)
        nail = cv2.GaussianBlur(nail, (0, 0), 2)[..., None] * 0.22
        rgb = rgb * (1 - nail) + nail * np.array([0.70, 0.76, 0.95], np.float32)
    alpha = cv2.GaussianBlur((skin > 6).astype(np.float32), (0, 0), 2.2)
    cloth = cv2.GaussianBlur((sleeve > 4).astype(np.float32), (0, 0), 2.2)[..., None]
    rgb = rgb * (1 - cloth) + lit(sleeve, (0.50, 0.34, 0.22), 4) * cloth
    cuff = cv2.GaussianBlur(((sleeve > 4) & (y + 0.28 * x < 930)).astype(np.float32), (0, 0), 2)[..., None]
    rgb *= 1 - 0.25 * cuff
    alpha = np.maximum(alpha, cloth[..., 0])
    return np.dstack([np.clip(rgb, 0, 1) * alpha[..., None], alpha]).astype(np.float32), grip
