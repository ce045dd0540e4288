//! The decoder's exam: awkward files, exact seeks, numbers burned into pictures.

use std::path::{Path, PathBuf};
use std::process::Command;

use gazenlq::time::FrameIdx;
use gazenlq::video::{Frame, OnTheWay, VideoReader};

use crate::support::{project, shared};

/// Files in which not every stored picture can be decoded. The table lists what is stored, ffprobe
/// what came out; seeking to a lost picture shows its nearest neighbour.
const HAS_LOST_PICTURES: &[&str] = &[
    "derived_truncated_h265.mp4", // cut off in the middle of a group
    "mb_no-initial-keyframe.ts",  // begins with pictures whose references are missing
];

fn open(path: &Path) -> VideoReader {
    VideoReader::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn awkward_files_have_the_frames_that_ffprobe_lists() {
    let Some(manifest) = shared("data/decoder_oddities/manifest.json") else { return };
    let text = std::fs::read_to_string(&manifest).expect("manifest");
    let files: Vec<serde_json::Value> = serde_json::from_str(&text).expect("json");
    let mut wrong = Vec::new();
    for file in &files {
        let name = file["file"].as_str().expect("name");
        let path = manifest.with_file_name(name);
        match VideoReader::open(&path) {
            Err(error) => {
                if file["frames"].as_u64().is_some_and(|n| n > 0) {
                    wrong.push(format!("{name}: {error}"));
                }
            }
            Ok(mut reader) => {
                let expected = file["frames"].as_u64().unwrap_or(0) as usize;
                let count = reader.table().len();
                let is_known = HAS_LOST_PICTURES.contains(&name);
                if count != expected && !is_known {
                    wrong.push(format!("{name}: {count} frames, ffprobe lists {expected}"));
                }
                let is_broadcast = file["format"].as_str().is_some_and(|f| f.contains("mpeg"));
                let start =
                    file["start"].as_str().and_then(|s| s.parse::<f64>().ok()).filter(|_| is_broadcast);
                if let Some(first) = file["first_pts"].as_f64() {
                    let ours = reader.table().first_time().secs() + start.unwrap_or(0.0);
                    if (ours - first).abs() > 0.002 && !is_known {
                        wrong.push(format!("{name}: first picture at {ours:.3}, ffprobe says {first:.3}"));
                    }
                }
                if let Err(error) = reader.frame_at(reader.table().last()) {
                    wrong.push(format!("{name}: last picture: {error}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn hash(frame: &Frame) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    (&frame.planes.y, &frame.planes.u, &frame.planes.v).hash(&mut hasher);
    hasher.finish()
}

#[test]
fn a_seek_shows_the_picture_that_playing_shows() {
    let Some(folder) = shared("data/decoder_oddities") else { return };
    for entry in std::fs::read_dir(folder).expect("listed").flatten() {
        let path = entry.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if HAS_LOST_PICTURES.contains(&name.as_str()) || VideoReader::open(&path).is_err() {
            continue;
        }
        let mut reader = open(&path);
        let mut played = Vec::new();
        while let Some(frame) = reader.next_frame().expect("plays") {
            played.push((frame.index, hash(&frame)));
            if played.len() == 60 {
                break;
            }
        }
        assert!(!played.is_empty(), "{name}");
        // a fixed walk that jumps back and forth and steps over key frames
        for step in 0..12usize {
            let (index, expected) = played[step * 37 % played.len()];
            let frame = reader.frame_at(index).expect("seeks");
            assert_eq!((frame.index, hash(&frame)), (index, expected), "{name}, frame {}", index.0);
        }
    }
}

const BITS: usize = 12;
const CELL: usize = 16;

/// A clip whose pictures carry their own number as twelve black or white cells.
fn numbered_clip(dir: &Path, name: &str, frames: usize, encode: &[&str]) -> Option<PathBuf> {
    use std::io::Write as _;
    let (w, h) = (BITS * CELL, 64);
    let out = dir.join(name);
    let spawned = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "gray", "-s"])
        .arg(format!("{w}x{h}"))
        .args(["-r", "30", "-i", "-"])
        .args(encode)
        .arg(&out)
        .stdin(std::process::Stdio::piped())
        .spawn();
    let Ok(mut ffmpeg) = spawned else {
        println!("skipped: no ffmpeg program on this machine");
        return None;
    };
    let mut stdin = ffmpeg.stdin.take().expect("piped");
    for n in 0..frames {
        let row: Vec<u8> = (0..w).map(|x| if n >> (x / CELL) & 1 == 1 { 235 } else { 16 }).collect();
        stdin.write_all(&row.repeat(h)).expect("ffmpeg reads");
    }
    drop(stdin);
    assert!(ffmpeg.wait().expect("ffmpeg ends").success());
    Some(out)
}

fn burned_number(frame: &Frame) -> u32 {
    let width = frame.size[0] as usize;
    (0..BITS).map(|bit| u32::from(frame.planes.y[32 * width + bit * CELL + CELL / 2] > 128) << bit).sum()
}

#[test]
fn the_number_burned_into_a_picture_is_its_index() {
    let dir = tempfile::tempdir().expect("a folder");
    let long_gop = ["-c:v", "libx264", "-g", "250", "-bf", "3", "-pix_fmt", "yuv420p"];
    // every third picture is late: uneven steps that still rise
    let variable = [
        "-vf",
        "settb=1/90000,setpts='(N+0.6*not(mod(N,3)))*3000'",
        "-vsync",
        "passthrough",
        "-enc_time_base",
        "1:90000",
        "-c:v",
        "libx264",
        "-g",
        "40",
        "-bf",
        "2",
        "-pix_fmt",
        "yuv420p",
    ];
    for (name, encode) in
        [("gop250.mp4", &long_gop[..]), ("vfr.mkv", &variable[..]), ("vfr.mp4", &variable[..])]
    {
        let Some(path) = numbered_clip(dir.path(), name, 400, encode) else { return };
        let mut reader = open(&path);
        assert_eq!(reader.table().len(), 400, "{name}");
        assert_eq!(reader.info().is_variable_rate, name.starts_with("vfr"), "{name}");
        for expected in 0..400 {
            let frame = reader.next_frame().expect("plays").expect("400 pictures");
            assert_eq!((frame.index.0, burned_number(&frame)), (expected, expected), "{name}");
        }
        assert!(reader.next_frame().expect("ends").is_none());
        for step in 0..40u32 {
            let wanted = FrameIdx(step * 173 % 400);
            let frame = reader.frame_at(wanted).expect("seeks");
            assert_eq!(burned_number(&frame), wanted.0, "{name}");
        }
        for wanted in (200..230).rev() {
            assert_eq!(
                burned_number(&reader.frame_at(FrameIdx(wanted)).expect("steps back")),
                wanted,
                "{name}"
            );
        }
    }
}

#[test]
fn no_group_is_decoded_for_a_picture_of_another() {
    let dir = tempfile::tempdir().expect("a folder");
    let encode = ["-c:v", "libx264", "-g", "50", "-bf", "3", "-sc_threshold", "0", "-pix_fmt", "yuv420p"];
    for name in ["groups.mp4", "groups.mkv"] {
        let Some(path) = numbered_clip(dir.path(), name, 400, &encode) else { return };
        let mut reader = open(&path);
        for index in 0..400 {
            let frame = reader.frame_at(FrameIdx(index)).expect("plays");
            assert_eq!(burned_number(&frame), index, "{name}");
        }
        assert_eq!(reader.walked(), 400, "{name}: playing on decodes every picture once");
        for step in 0..40u32 {
            let wanted = FrameIdx(step * 173 % 400);
            let before = reader.walked();
            assert_eq!(burned_number(&reader.frame_at(wanted).expect("seeks")), wanted.0, "{name}");
            let (walked, way) = (reader.walked() - before, u64::from(wanted.0 % 50) + 1);
            assert!(walked <= way, "{name}: {walked} pictures for {wanted:?}, whose key frame is {way} back");
        }
    }
}

/// The number in the ten bars of `tests/fixtures/clips`.
fn bars(frame: &Frame) -> u32 {
    let [width, height] = frame.size.map(|n| n as usize);
    let row = (height - 30) * width;
    (0..10).map(|bit| u32::from(frame.planes.y[row + 32 * bit + 16] >= 125) << bit).sum()
}

#[test]
fn every_kind_of_clip_shows_the_picture_that_it_names() {
    let folder = project("tests/fixtures/clips");
    let mut clips = 0;
    for entry in std::fs::read_dir(&folder).expect("clips").flatten() {
        let path = entry.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        clips += 1;
        // an edit list hides the first forty
        let first = if name == "h264_edit_list.mp4" { 40 } else { 0 };
        let mut reader = open(&path);
        let count = reader.table().len() as u32;
        assert_eq!(
            count,
            match name.as_str() {
                "h264_one_gop.mp4" => 300,
                "h264_edit_list.mp4" => 50,
                _ => 90,
            },
            "{name}"
        );
        for index in 0..count {
            let frame = reader.next_frame().expect("plays");
            let frame = frame.unwrap_or_else(|| panic!("{name}: no picture {index}"));
            assert_eq!((frame.index.0, bars(&frame)), (index, first + index), "{name}, playing");
        }
        let jumps = (0..40).map(|step| step * 37 % count);
        for index in jumps.chain((0..count).rev().take(30)) {
            let frame = reader.frame_at(FrameIdx(index)).expect("seeks");
            assert_eq!((frame.index.0, bars(&frame)), (index, first + index), "{name}, seeking");
            assert!(!frame.is_stand_in, "{name}, {index}");
        }
        let mut again = VideoReader::reopen(reader.info(), reader.table()).expect("opens again");
        let frame =
            again.approach(FrameIdx(count - 2), OnTheWay { count: 8, stride: 1 }, &|| true).expect("seeks");
        assert_eq!(bars(&frame), first + count - 2, "{name}, opened again");
        let mut expected = frame.index.0;
        while let Some(passed) = again.take_passed() {
            assert!(passed.index.0 < expected, "{name}: newest first");
            expected = passed.index.0;
            assert_eq!(bars(&passed), first + expected, "{name}, on the way");
        }
        let _ =
            again.approach(FrameIdx(count - 1), OnTheWay { count: 3, stride: 4 }, &|| true).expect("seeks");
        let passed: Vec<u32> = std::iter::from_fn(|| again.take_passed()).map(|p| bars(&p) - first).collect();
        assert!(
            passed.iter().all(|at| (count - 1 - at).is_multiple_of(4)) && passed.len() <= 3,
            "{passed:?}"
        );
        // given up on the way to the end at various places, then asked for something nearer
        for step in 0..12u32 {
            let left = std::cell::Cell::new(step * 3);
            let goes_on = || left.replace(left.get().saturating_sub(1)) > 0;
            let _ = again.approach(FrameIdx(count - 1), OnTheWay::NONE, &goes_on); // cancelled or there, both are fine
            let index = step * 31 % (count - 1);
            let frame = again.frame_at(FrameIdx(index)).expect("seeks");
            assert_eq!((frame.index.0, bars(&frame)), (index, first + index), "{name}, after giving up");
            assert!(!frame.is_stand_in, "{name}, {index}, after giving up");
        }
    }
    assert_eq!(clips, 14);
}

#[test]
fn a_picture_that_cannot_be_decoded_is_replaced_and_marked() {
    let Some(path) = shared("data/decoder_oddities/derived_truncated_h265.mp4") else { return };
    let mut reader = open(&path);
    let last = reader.table().last();
    let frame = reader.frame_at(last).expect("a neighbour");
    assert!(frame.is_stand_in && frame.index == last);
    assert!(!reader.frame_at(FrameIdx(0)).expect("decodes").is_stand_in);
}

#[test]
fn real_clips_with_late_packets_keep_their_times() {
    let Some(dir) = shared("data/ego_restricted/ego4d_nlq_clips") else { return };
    for entry in std::fs::read_dir(dir).expect("listed").flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "mp4") {
            let reader = open(&path);
            assert!(reader.table().len() > 10, "{}", path.display());
            assert!(reader.table().first_time().secs() >= 0.0, "{}", path.display());
        }
    }
}
