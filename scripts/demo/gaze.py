"""Eye movements over the demo clip, written as an Ego4D gaze CSV.

Fixations hold on points of the room (so they move in the picture as the head moves), saccades
follow a minimum-jerk course with a main-sequence duration, a moving cup is pursued smoothly.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

import story

HEADER = ["component_idx", "component_timestamp_s", "canonical_timestamp_s", "world_index", "confidence",
          "norm_pos_x", "norm_pos_y", "base_data"]
for stem in ("gaze_point_3d", "eye_center0_3d", "gaze_normal0", "eye_center1_3d", "gaze_normal1"):
    HEADER += [f"{stem}_{axis}" for axis in "xyz"]

FIRST_WORLD_INDEX = 4120  # trimmed recordings do not start at zero


def fixations(rng: np.random.Generator) -> list[tuple[float, object]]:
    """(start, point as a function of time), in order."""
    out, t = [], 0.0
    for start, end, places in story.VISITS:
        t, last = start, -1
        while t < end - 0.08:
            pick = int(rng.integers(len(places)))
            if len(places) > 1 and pick == last:
                pick = (pick + 1) % len(places)
            last = pick
            place, spread = places[pick]
            offset = rng.normal(0, spread / 2, 3) * [1, 1, 0.2]
            target = (lambda s, p=place, o=offset: p(s) + o) if callable(place) else (lambda s, p=place + offset: p)
            out.append((t, target))
            t += float(np.clip(rng.lognormal(np.log(0.30), 0.4), 0.12, 0.85))
    for start, length, spot in story.OUTSIDE:
        back = max(f for f in out if f[0] <= start)[1] if out else None
        out = [f for f in out if not start <= f[0] < start + length]
        out += [(start, np.array(spot)), (start + length, back)]
    return sorted(out, key=lambda f: f[0])


def eye_at(plan: list, starts: np.ndarray, t: float) -> np.ndarray:
    """Noise-free gaze in the picture, 0..1 from the top left."""
    i = int(np.searchsorted(starts, t, side="right") - 1)
    now = spot(plan[i][1], t)
    if i == 0:
        return now
    before = spot(plan[i - 1][1], t)
    degrees = float(np.hypot(*((now - before) * [85, 54])))
    k = story.ease((t - plan[i][0]) / (0.021 + 0.0022 * degrees))
    return before + (now - before) * k


def spot(target: object, t: float) -> np.ndarray:
    if isinstance(target, np.ndarray):
        return target
    # Eyes turn only so far: what is beyond the picture is looked for at its edge, head following.
    return np.clip(story.project(target(t), t), 0.04, 0.96)


def write(path: Path, seed: int) -> int:
    rng = np.random.default_rng(seed)
    plan = fixations(rng)
    starts = np.array([f[0] for f in plan])
    drift = np.zeros(2)
    rows, tick = [], 0
    while (nominal := tick * 0.004) < story.DURATION:
        tick += 1 if rng.random() > 0.14 else 2  # the recorder loses one sample in seven
        drift = 0.995 * drift + rng.normal(0, 0.00025, 2)
        t = round(max(0.0, nominal + (rng.normal(0, 0.00012) if rows else 0.0)), 6)
        if story.DROPOUT[0] <= t < story.DROPOUT[1]:
            continue
        point = eye_at(plan, starts, t) + drift + rng.normal(0, 0.0011, 2) + [0.003, -0.004]
        confidence = float(np.clip(1 - abs(rng.normal(0, 0.012)), 0, 1))
        blink = next((b for b in story.BLINKS if b[0] <= t < b[0] + b[1]), None)
        if blink is not None:
            phase = (t - blink[0]) / blink[1]
            if 0.3 < phase < 0.7:
                continue  # lid closed: the tracker sees no pupil
            shut = 1 - abs(phase - 0.5) * 2
            point[1] += 0.22 * shut  # a closing lid drags the estimate down
            confidence = float(np.clip(0.75 - 1.2 * shut, 0.0, 1.0))
        rows.append([0, t, t, float(FIRST_WORLD_INDEX + int(t * story.FPS)), round(confidence, 3),
                     round(float(point[0]), 6), round(1 - float(point[1]), 6)] + [""] * 16)
    with path.open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(HEADER)
        out.writerows(rows)
    return len(rows)
