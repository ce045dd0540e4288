"""The room as a painter's list of textured planes, and the camera that draws it."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np

import story
import textures

W, H = story.SIZE
NEAR = 0.06


def pyramid(texture: np.ndarray) -> list[np.ndarray]:
    levels = [np.ascontiguousarray(texture, np.float32)]
    while min(levels[-1].shape[:2]) > 8:
        levels.append(cv2.resize(levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    return levels


class Plane:
    """A rectangle in the room: corner, edge along the texture's width, edge down its height."""

    def __init__(self, corner, across, down, texture, shade=1.0):
        self.corner, self.across, self.down = (np.array(v, float) for v in (corner, across, down))
        self.levels = pyramid(texture * np.float32(shade) if texture.shape[2] == 3 else texture)

    def draw(self, canvas: np.ndarray, centre: np.ndarray, rot: np.ndarray, focal: float) -> None:
        h, w = canvas.shape[:2]
        corners = [self.corner, self.corner + self.across, self.corner + self.across + self.down, self.corner + self.down]
        view = [rot @ (p - centre) for p in corners]
        clipped = []
        for a, b in zip(view, view[1:] + view[:1]):
            if a[2] >= NEAR:
                clipped.append(a)
            if (a[2] >= NEAR) != (b[2] >= NEAR):
                clipped.append(a + (b - a) * (NEAR - a[2]) / (b[2] - a[2]))
        if len(clipped) < 3:
            return
        outline = np.array([[w / 2 + focal * x / z, h / 2 - focal * y / z] for x, y, z in clipped])
        x0, y0 = np.maximum(np.floor(outline.min(0)) - 1, 0).astype(int)
        x1, y1 = np.minimum(np.ceil(outline.max(0)) + 2, (w, h)).astype(int)
        if x1 <= x0 or y1 <= y0:
            return
        camera = np.array([[focal, 0, w / 2], [0, -focal, h / 2], [0, 0, 1]])
        plane = camera @ np.column_stack([rot @ self.across, rot @ self.down, rot @ (self.corner - centre)])
        # The level whose texels are about as large as pixels in the middle of what is seen.
        th, tw = self.levels[0].shape[:2]
        middle = np.clip(outline, (0, 0), (w, h)).mean(0)
        inverse = np.linalg.inv(plane)
        here, right, below = (self.unit(inverse, middle + d) for d in ((0, 0), (1, 0), (0, 1)))
        step = max(np.hypot(*((right - here) * (tw, th))), np.hypot(*((below - here) * (tw, th))))
        level = int(np.clip(round(math.log2(max(step, 1e-6) * 0.8)), 0, len(self.levels) - 1))
        texture = self.levels[level]
        lh, lw = texture.shape[:2]
        to_texture = np.diag([lw, lh, 1.0]) @ inverse @ np.array([[1, 0, x0], [0, 1, y0], [0, 0, 1.0]])
        to_texture = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]]) @ to_texture
        opaque = texture.shape[2] == 3
        patch = cv2.warpPerspective(texture, to_texture, (int(x1 - x0), int(y1 - y0)),
                                    flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                                    borderMode=cv2.BORDER_REPLICATE if opaque else cv2.BORDER_CONSTANT)
        target = canvas[y0:y1, x0:x1]
        mask = np.zeros(patch.shape[:2], np.uint8)
        points = np.clip((outline - (x0, y0)) * 16, -4e6, 4e6).round().astype(np.int32)
        cv2.fillConvexPoly(mask, points, 255, cv2.LINE_AA, shift=4)
        cover = mask.astype(np.float32)[..., None] / 255
        if opaque:
            target += (patch - target) * cover
        else:
            target *= 1 - patch[..., 3:] * cover
            target += patch[..., :3] * cover

    @staticmethod
    def unit(inverse: np.ndarray, pixel: np.ndarray) -> np.ndarray:
        u, v, n = inverse @ np.array([pixel[0], pixel[1], 1.0])
        return np.array([u, v]) / n


def upright(centre, width, height, texture, shade=1.0) -> Plane:
    x, y, z = centre
    return Plane((x - width / 2, y + height / 2, z), (width, 0, 0), (0, -height, 0), texture, shade)


def table(x0, x1, top, depth, wood_top, wood_side) -> list[Plane]:
    """Top, front apron and legs of a table that stands against the back wall."""
    t = 0.05
    planes = []
    for x in (x0 + 0.06, x1 - 0.14):
        planes.append(Plane((x, top - t, -0.08), (0.08, 0, 0), (0, t - top, 0), wood_side, 0.5))
        planes.append(Plane((x, top - t, -depth + 0.04), (0.08, 0, 0), (0, t - top, 0), wood_side, 0.8))
    planes.append(Plane((x0, top, 0), (x1 - x0, 0, 0), (0, 0, -depth), wood_top))
    planes.append(Plane((x0, top, -depth), (x1 - x0, 0, 0), (0, -t, 0), wood_side, 0.75))
    return planes


class World:
    def __init__(self, wheel: Path, seed: int):
        rng = np.random.default_rng(seed)
        photo = textures.photographs(wheel)
        plain = lambda *bgr: np.full((8, 8, 3), bgr, np.float32)
        left, right, top = -3.4, 6.0, 2.75
        wall = textures.back_wall(photo["brick"], rng, (right - left, top), 360)
        side = np.ascontiguousarray(wall[:, : 4 * 360]) * 0.82
        boards = textures.wood(rng, (2048, 1024), (0.30, 0.42, 0.55), 9)
        desk = textures.wood(rng, (2048, 800), (0.24, 0.40, 0.60), 5)
        oak = textures.wood(rng, (1400, 600), (0.36, 0.52, 0.68), 4)
        edge = textures.wood(rng, (1024, 64), (0.24, 0.38, 0.56), 1)
        shelf = textures.wood(rng, (1024, 64), (0.30, 0.45, 0.62), 1)
        shadow = textures.soft_shadow()
        rug = np.clip(plain(0.34, 0.30, 0.46) + 0, 0, 1)
        rug = cv2.resize(rug, (800, 400))
        for i, colour in enumerate([(0.55, 0.66, 0.72), (0.30, 0.22, 0.36), (0.50, 0.60, 0.68)]):
            cv2.rectangle(rug, (18 + 22 * i, 18 + 22 * i), (782 - 22 * i, 382 - 22 * i), colour, 8)
        rug *= (1 + 0.05 * textures.noise(rng, (400, 800), (200, 400)))[..., None]

        cat, rocket, clock, monitor = story.CAT, story.ROCKET, story.CLOCK, story.MONITOR
        bx, by, bz = story.BOOKS
        blur = lambda centre, w, h: upright((centre[0] + 0.02, centre[1] - 0.03, -0.005), w * 1.12, h * 1.14, shadow)
        self.planes = [
            Plane((left, top, -6), (right - left, 0, 0), (0, 0, 6), plain(0.72, 0.76, 0.78)),
            Plane((left, top, -4), (0, 0, 4), (0, -top, 0), side),
            Plane((right, top, 0), (0, 0, -4), (0, -top, 0), side),
            Plane((left, top, 0), (right - left, 0, 0), (0, -top, 0), wall),
            Plane((left, 0, 0), (right - left, 0, 0), (0, 0, -6), np.tile(boards, (1, 2, 1))),
            Plane((0.2, 0.003, -0.95), (2.6, 0, 0), (0, 0, -1.4), rug),
            blur(cat, 0.86, 0.62),
            upright(cat, 0.86, 0.62, textures.framed(photo["cat"], (1376, 992), 0.05, (0.16, 0.24, 0.34))),
            blur(rocket, 0.98, 0.72),
            upright(rocket, 0.98, 0.72, textures.framed(photo["rocket"], (1372, 1008), 0.03, (0.10, 0.10, 0.11))),
            blur(clock, 0.5, 0.5),
            upright(clock, 0.46, 0.46, textures.clock(640)),
            # The shelf: shadow under it, a board, the spines, the board's front.
            upright((bx, by - 0.32, -0.006), 1.15, 0.34, shadow),
            Plane((bx - 0.52, by - 0.19, 0), (1.04, 0, 0), (0, 0, -0.28), shelf),
            upright((bx, by + 0.01, -0.008), 1.05, 0.5, shadow),
            upright((bx, by, bz), 0.92, 0.38, textures.books(rng, (1288, 532))),
            upright((bx, by - 0.205, -0.28), 1.04, 0.03, shelf, 0.85),
            *table(0.15, 2.45, 0.76, 0.85, desk, edge),
            *table(2.95, 5.1, 0.90, 0.60, oak, edge),
            Plane((monitor[0] - 0.45, 0.762, -0.06), (0.9, 0, 0), (0, 0, -0.4), shadow),
            Plane((monitor[0] - 0.14, 0.765, -0.16), (0.28, 0, 0), (0, 0, -0.2), plain(0.12, 0.12, 0.12)),
            upright((monitor[0], 0.84, -0.25), 0.05, 0.2, plain(0.10, 0.10, 0.10)),
            upright(monitor, 0.84, 0.52, textures.monitor(photo["galaxies"], (1344, 832))),
            Plane((monitor[0] - 0.30, 0.765, -0.48), (0.6, 0, 0), (0, 0, -0.24), shadow),
            Plane((monitor[0] - 0.25, 0.775, -0.50), (0.5, 0, 0), (0, 0, -0.18), textures.keyboard((1000, 360))),
            Plane((monitor[0] - 0.25, 0.775, -0.68), (0.5, 0, 0), (0, -0.012, 0), plain(0.1, 0.1, 0.1)),
        ]
        self.shadow = shadow
        self.cup = textures.coffee_cup(photo["coffee"])
        self.cup_plane = Plane((0, 0, 0), (1, 0, 0), (0, -1, 0), self.cup)
        self.shadow_plane = Plane((0, 0, 0), (1, 0, 0), (0, 0, -1), shadow)
        self.arms = [textures.arm(False), textures.arm(True)]
        y, x = np.mgrid[-1:1:H * 1j, -1:1:W * 1j]
        self.vignette = (1 - 0.26 * np.clip((x * x + 0.7 * y * y), 0, 2) ** 1.3).astype(np.float32)[..., None]

    def frame(self, t: float) -> np.ndarray:
        """One picture, uint8 BGR, with the blur of a half-open shutter."""
        shutter = 0.5 / story.FPS
        probe = [story.pose(t + d) for d in (0.0, shutter)]
        ahead = probe[0][0] + probe[0][1].T @ np.array([0, 0, 1.2])
        x, y, z = probe[1][1] @ (ahead - probe[1][0])
        samples = int(np.clip(math.ceil(story.FOCAL * math.hypot(x, y) / z / 2.5), 1, 9))
        total = np.zeros((H, W, 3), np.float32)
        for i in range(samples):
            total += self.instant(t + shutter * (i / samples - 0.5 * (samples > 1)))
        picture = total / samples * self.vignette
        picture = np.clip(picture * 1.04, 0, 1) ** 0.92
        return (picture * 255 + 0.5).astype(np.uint8)

    def instant(self, t: float) -> np.ndarray:
        canvas = np.full((H, W, 3), 0.5, np.float32)
        centre, rot = story.pose(t)
        for plane in self.planes:
            plane.draw(canvas, centre, rot, story.FOCAL)
        self.draw_cup(canvas, centre, rot, t)
        self.draw_arm(canvas, t)
        return canvas

    def draw_cup(self, canvas, centre, rot, t) -> None:
        cup = story.cup(t)
        table_top = 0.90 if cup[0] > 2.7 else 0.76
        above = cup[1] - table_top
        if above < 0.5 and (0.15 < cup[0] < 2.45 or 2.95 < cup[0] < 5.1):
            size = 0.36 + 0.3 * above
            plane = self.shadow_plane
            plane.corner = np.array([cup[0] - size / 2, table_top + 0.003, cup[2] + size * 0.42])
            plane.across, plane.down = np.array([size, 0, 0]), np.array([0, 0, -size])
            plane.draw(canvas, centre, rot, story.FOCAL)
        # The photograph was taken from above: its card faces the camera, flatter when seen from far and low.
        to_eye = centre - cup
        elevation = math.atan2(to_eye[1], math.hypot(to_eye[0], to_eye[2]))
        flat = 0.55 + 0.45 * min(1.0, max(0.0, elevation) / math.radians(42))
        right = rot[0] - rot[0][1] * np.array([0, 1, 0])
        right /= np.linalg.norm(right)
        down = np.cross(right, to_eye / np.linalg.norm(to_eye))
        down = down if down[1] < 0 else -down
        width = 0.29
        height = width * self.cup.shape[0] / self.cup.shape[1] * flat
        plane = self.cup_plane
        plane.across, plane.down = right * width, down * height
        plane.corner = cup - plane.across / 2 - plane.down / 2
        plane.draw(canvas, centre, rot, story.FOCAL)

    def draw_arm(self, canvas, t) -> None:
        state = story.hand(t)
        if state is None:
            return
        reach, closed = state
        cup = story.cup(t)
        centre, rot = story.pose(t)
        x, y, z = rot @ (cup - centre)
        # The hand holds the saucer's right edge.
        goal = np.array([W / 2 + story.FOCAL * (x + 0.105) / z, H / 2 - story.FOCAL * (y - 0.005) / z])
        rest = np.array([W * 1.02, H * 1.75])
        at = rest + (goal - rest) * reach
        scale = 0.48 * story.FOCAL / 1280 * 1.45 * (0.62 / z) ** 0.8
        angle = math.radians(-10 + 14 * (1 - reach))
        # The open and the closed hand are cross-faded over a few frames: quick enough to read as a grip.
        for (sprite, grip), weight in zip(self.arms, (1.0 if closed < 1 else 0.0, closed)):
            if weight <= 0:
                continue
            c, s = math.cos(angle) * scale, math.sin(angle) * scale
            matrix = np.array([[c, -s, at[0] - c * grip[0] + s * grip[1]], [s, c, at[1] - s * grip[0] - c * grip[1]]])
            small = cv2.GaussianBlur(sprite, (0, 0), 0.4 / scale) if scale < 0.7 else sprite
            layer = cv2.warpAffine(small, matrix, (W, H), flags=cv2.INTER_LINEAR) * np.float32(weight)
            canvas *= 1 - layer[..., 3:]
            canvas += layer[..., :3]
