#!/usr/bin/env python3
"""Makes the demo clip, its gaze recording and its true moments. See assets/demo/README.md.

    pip install -r scripts/demo/requirements.txt
    pip download --no-deps -d WHEELS scikit-image==0.25.2
    python3 scripts/demo/make_demo.py --wheels WHEELS

The same seed gives the same pictures and, byte for byte, the same gaze and truth.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import subprocess
import uuid
from pathlib import Path

import cv2

import gaze
import story
import world

STEM = "kitchen_desk"
ROOM = None


def render(index: int) -> bytes:
    return ROOM.frame(index / story.FPS).tobytes()


def write_video(path: Path, crf: int, jobs: int) -> None:
    frames = round(story.DURATION * story.FPS)
    encode = ["ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "bgr24",
              "-s", f"{story.SIZE[0]}x{story.SIZE[1]}", "-r", str(story.FPS), "-i", "-",
              "-vf", "scale=out_color_matrix=bt709:out_range=tv", "-c:v", "libx264", "-preset", "slower",
              "-crf", str(crf), "-g", "60", "-pix_fmt", "yuv420p", "-colorspace", "bt709",
              "-color_primaries", "bt709", "-color_trc", "bt709", "-map_metadata", "-1",
              "-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart", str(path)]
    with subprocess.Popen(encode, stdin=subprocess.PIPE) as ffmpeg, multiprocessing.Pool(jobs) as pool:
        for picture in pool.imap(render, range(frames), chunksize=4):
            ffmpeg.stdin.write(picture)
        ffmpeg.stdin.close()
    if ffmpeg.returncode != 0:
        raise SystemExit(f"ffmpeg ended with {ffmpeg.returncode}")


def write_truth(path: Path) -> None:
    """The official Ego4D NLQ layout: one video that is its own clip."""
    named = lambda what: str(uuid.uuid5(uuid.NAMESPACE_URL, f"gazenlq-demo/{STEM}/{what}"))
    queries = []
    for template, query, slot, verb, (start, end) in story.QUERIES:
        queries.append({
            "clip_start_sec": start, "clip_end_sec": end, "video_start_sec": start, "video_end_sec": end,
            "video_start_frame": round(start * story.FPS), "video_end_frame": round(end * story.FPS),
            "template": template, "query": query, "slot_x": slot, "verb_x": verb,
            "raw_tags": [template, query, slot, verb],
        })
    frames = round(story.DURATION * story.FPS)
    clip = {
        "clip_uid": STEM, "video_start_sec": 0, "video_end_sec": story.DURATION, "video_start_frame": 0,
        "video_end_frame": frames, "clip_start_sec": 0, "clip_end_sec": story.DURATION, "clip_start_frame": 0,
        "clip_end_frame": frames, "source_clip_uid": STEM,
        "annotations": [{"language_queries": queries, "annotation_uid": named("annotation"), "request_uid": named("request")}],
    }
    truth = {"version": "2.0", "date": "261123", "description": "NLQ Annotations (GazeNLQ demo clip)", "metadata": "",
             "videos": [{"video_uid": STEM, "clips": [clip], "split": "val"}]}
    path.write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    global ROOM
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--wheels", type=Path, required=True, help="folder with the scikit-image wheel")
    args.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[2] / "assets" / "demo")
    args.add_argument("--seed", type=int, default=7)
    args.add_argument("--crf", type=int, default=29)
    args.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    args.add_argument("--stills", type=float, nargs="+", metavar="SECONDS", help="only write these frames as PNG")
    args.add_argument("--no-video", action="store_true", help="only the gaze and the truth")
    args = args.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    print(gaze.write(args.out / f"{STEM}_gaze.csv", args.seed), "gaze samples")
    write_truth(args.out / f"{STEM}_nlq.json")
    if args.no_video:
        return
    cv2.setNumThreads(1)
    wheel = next(iter(sorted(args.wheels.glob("scikit_image-*.whl"))), None)
    if wheel is None:
        raise SystemExit(f"no scikit_image-*.whl in {args.wheels}")
    ROOM = world.World(wheel, args.seed)
    if args.stills:
        for t in args.stills:
            cv2.imwrite(str(args.out / f"still_{t:05.2f}.png"), ROOM.frame(t))
        return
    write_video(args.out / f"{STEM}.mp4", args.crf, args.jobs)


if __name__ == "__main__":
    main()
