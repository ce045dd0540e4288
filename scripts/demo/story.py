"""What happens in the demo clip: where the head goes, what the hands do, where the eyes are.

Everything is a function of time in seconds and a seed, so the picture, the gaze recording and
the true moments come from one description and cannot disagree.
Room coordinates are metres: x to the right along the back wall, y up, z towards the back wall
(which is z = 0); angles are degrees, yaw to the right and pitch downwards.
"""

from __future__ import annotations

import math

import numpy as np

FPS = 30
DURATION = 42.0
SIZE = (1280, 720)
FOCAL = 0.55 * SIZE[0]

CAT = np.array([-1.95, 1.55, -0.03])
BOOKS = np.array([-0.62, 1.46, -0.24])
MONITOR = np.array([1.72, 1.10, -0.26])
CUP_BEFORE = np.array([0.72, 0.80, -0.42])
CUP_AFTER = np.array([3.30, 0.94, -0.32])
ROCKET = np.array([4.28, 1.58, -0.03])
CLOCK = np.array([2.72, 1.72, -0.04])

# Hand events.
REACH, GRASP, LIFTED = 20.9, 21.9, 23.2
LOWER, RELEASE, AWAY = 27.3, 28.6, 29.6

# time, x, y, z, yaw, pitch of the head; the head rests between two equal rows.
HEAD = np.array([
    [0.0, 0.42, 1.58, -3.15, 2, 9],
    [1.3, 0.40, 1.58, -3.10, -3, 9],
    [4.2, -1.93, 1.55, -0.86, 0, 0],
    [8.0, -1.97, 1.55, -0.80, 2, 1],
    [9.8, -0.66, 1.49, -0.86, 0, 1],
    [12.8, -0.58, 1.49, -0.82, 3, 2],
    [15.2, 1.66, 1.30, -1.06, 2, 13],
    [18.0, 1.74, 1.28, -0.98, -1, 12],
    [19.6, 0.74, 1.06, -0.70, -2, 43],
    [22.4, 0.72, 1.05, -0.69, -1, 42],
    [23.6, 0.90, 1.42, -1.15, 6, 26],
    [26.8, 3.15, 1.42, -1.12, 6, 24],
    [27.8, 3.31, 1.22, -0.61, 0, 43],
    [29.6, 3.30, 1.21, -0.60, 2, 42],
    [31.4, 4.26, 1.56, -0.90, 0, 0],
    [34.8, 4.30, 1.56, -0.86, -2, 0],
    [36.4, 2.74, 1.65, -0.68, 0, -5],
    [39.2, 2.71, 1.65, -0.66, 1, -4],
    [42.0, 1.20, 1.58, -2.90, -4, 8],
])


def ease(t: float) -> float:
    """Minimum-jerk ramp from 0 to 1."""
    t = min(max(t, 0.0), 1.0)
    return t * t * t * (10 - 15 * t + 6 * t * t)


def head_rest(t: float) -> np.ndarray:
    """Intended pose (x, y, z, yaw, pitch), before sway."""
    i = int(np.clip(np.searchsorted(HEAD[:, 0], t, side="right") - 1, 0, len(HEAD) - 2))
    a, b = HEAD[i], HEAD[i + 1]
    return a[1:] + (b[1:] - a[1:]) * ease((t - a[0]) / (b[0] - a[0]))


def pose(t: float) -> tuple[np.ndarray, np.ndarray]:
    """Camera centre and rotation (world to camera: x right, y up, z forward) with sway and steps."""
    x, y, z, yaw, pitch = head_rest(t)
    before, after = head_rest(t - 0.1), head_rest(t + 0.1)
    pace = min(float(np.hypot(*(after - before)[[0, 2]])) / 0.2, 1.3)
    sway = lambda k, f: math.sin(2 * math.pi * f * t + 1.7 * k) + 0.6 * math.sin(2 * math.pi * 2.37 * f * t + 2.9 * k)
    x += 0.004 * sway(1, 0.31) + 0.011 * pace * math.sin(2 * math.pi * 0.95 * t)
    y += 0.003 * sway(2, 0.27) + 0.016 * pace * math.cos(2 * math.pi * 1.9 * t)
    z += 0.004 * sway(3, 0.23)
    yaw += 0.45 * sway(4, 0.37) + 0.6 * pace * math.sin(2 * math.pi * 0.95 * t + 0.6)
    pitch += 0.35 * sway(5, 0.41) + 0.5 * pace * math.sin(2 * math.pi * 1.9 * t + 0.9)
    roll = 0.5 * sway(6, 0.19) + 0.9 * pace * math.sin(2 * math.pi * 0.95 * t + 1.1)
    a, p, r = np.radians([yaw, pitch, roll])
    ry = np.array([[math.cos(a), 0, -math.sin(a)], [0, 1, 0], [math.sin(a), 0, math.cos(a)]])
    rx = np.array([[1, 0, 0], [0, math.cos(p), math.sin(p)], [0, -math.sin(p), math.cos(p)]])
    rz = np.array([[math.cos(r), -math.sin(r), 0], [math.sin(r), math.cos(r), 0], [0, 0, 1]])
    return np.array([x, y, z]), rz @ rx @ ry


def project(point: np.ndarray, t: float) -> np.ndarray:
    """Picture position in 0..1 from the top left; may lie outside. Points behind come out far away."""
    centre, rot = pose(t)
    x, y, z = rot @ (point - centre)
    if z < 0.05:
        return np.array([3.0 if x > 0 else -2.0, 0.5])
    return np.array([0.5 + FOCAL * x / z / SIZE[0], 0.5 - FOCAL * y / z / SIZE[1]])


def carried(t: float) -> np.ndarray:
    """Where the cup is while it hangs in the hand, fixed to the head: right, low, ahead."""
    centre, rot = pose(t)
    return centre + rot.T @ np.array([0.13, -0.15, 0.62])


def cup(t: float) -> np.ndarray:
    """Centre of the cup."""
    if t <= GRASP:
        return CUP_BEFORE
    if t < LOWER:
        k = ease((t - GRASP) / (LIFTED - GRASP))
        return CUP_BEFORE * (1 - k) + carried(t) * k
    k = ease((t - LOWER) / (RELEASE - 0.2 - LOWER))
    return carried(t) * (1 - k) + CUP_AFTER * k


def hand(t: float) -> tuple[float, float] | None:
    """How far the hand has come to the cup (0 out of the picture, 1 on it) and how closed it is."""
    if t < REACH or t > AWAY:
        return None
    if t < GRASP:
        return ease((t - REACH) / (GRASP - REACH - 0.1)), ease((t - GRASP + 0.3) / 0.3)
    if t < RELEASE:
        return 1.0, 1.0
    return 1 - ease((t - RELEASE - 0.1) / (AWAY - RELEASE - 0.1)), 1 - ease((t - RELEASE) / 0.2)


# What the eyes visit: from, to, [(point or function of time, spread in metres), ...].
# Every visit starts before the head arrives and about half a second before the hand moves.
FLOOR = np.array([0.0, 0.0, -1.6])
VISITS = [
    (0.0, 1.1, [(MONITOR, 0.12), (CUP_BEFORE, 0.05), (BOOKS, 0.2)]),
    (1.1, 2.6, [(BOOKS, 0.15), (CAT, 0.15)]),
    (2.6, 7.9, [(CAT + [-0.06, 0.05, 0], 0.03), (CAT + [0.15, 0.03, 0], 0.03), (CAT + [0.08, -0.09, 0], 0.03), (CAT, 0.14)]),
    (7.9, 12.5, [(BOOKS + [dx, 0.02, 0], 0.04) for dx in (-0.3, -0.18, -0.05, 0.08, 0.2, 0.3)]),
    (12.5, 13.3, [(CUP_BEFORE, 0.05), (MONITOR, 0.1)]),
    (13.3, 18.0, [(MONITOR, 0.14), (MONITOR + [-0.15, 0.08, 0], 0.05), (MONITOR + [0.12, -0.05, 0], 0.05)]),
    (18.0, 20.4, [(CUP_BEFORE + [0, 0.04, 0], 0.035), (CUP_BEFORE, 0.05)]),
    (20.4, 21.9, [(CUP_BEFORE + [0.08, 0.0, 0], 0.012)]),
    (21.9, 23.3, [(cup, 0.01)]),
    (23.3, 26.7, [(CLOCK, 0.08), (CUP_AFTER, 0.15), (ROCKET, 0.15), (cup, 0.03)]),
    (26.7, 28.2, [(CUP_AFTER, 0.02)]),
    (28.2, 29.4, [(CUP_AFTER, 0.05)]),
    (29.4, 34.6, [(ROCKET + [0, 0.02, 0], 0.03), (ROCKET + [0.02, 0.13, 0], 0.04), (ROCKET + [0, -0.15, 0], 0.06), (ROCKET + [-0.25, 0.05, 0], 0.05)]),
    (34.6, 39.3, [(CLOCK, 0.03), (CLOCK + [0.02, 0.1, 0], 0.03), (CLOCK + [0.11, 0.0, 0], 0.03), (CLOCK + [0, -0.1, 0], 0.03)]),
    (39.3, 40.2, [(ROCKET, 0.2), (CUP_AFTER, 0.05)]),
    (40.2, 42.1, [(MONITOR, 0.15), (BOOKS, 0.2), (CUP_AFTER, 0.05), (CAT, 0.2)]),
]

BLINKS = [(3.10, 0.18), (11.90, 0.22), (24.60, 0.16), (33.42, 0.24), (40.30, 0.18)]
DROPOUT = (25.10, 26.15)
# Two glances past the lower and the right edge: start, length, where (0..1 from the top left).
OUTSIDE = [(13.05, 0.20, (0.62, 1.09)), (30.30, 0.16, (1.07, 0.44))]

# template, query, slot, verb, moment in seconds.
QUERIES = [
    ("Objects: In what location did I see object X ?", "In what location did I see the cat?", "cat", "see", (3.0, 8.4)),
    ("Objects: How many X’s? (quantity question)", "How many books are on the shelf?", "books", "[verb_not_applicable]", (9.1, 13.1)),
    ("Objects: Where is object X?", "Where is the computer monitor?", "computer monitor", "[verb_not_applicable]", (14.5, 18.4)),
    ("Objects: Where is object X before / after event Y?", "Where was the coffee cup before I picked it up?", "coffee cup", "picked", (19.1, 22.3)),
    ("Place: Where did I put X?", "Where did I put the coffee cup?", "coffee cup", "put", (27.3, 29.6)),
    ("Objects: What X did I Y?", "What rocket did I look at?", "rocket", "look at", (30.9, 35.1)),
    ("Objects: State of an object", "What time was it on the clock?", "clock", "[verb_not_applicable]", (35.9, 39.6)),
]
