//! A clip's truth in files: the official question layout, the gaze table, boxes, narrations.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::ask::{Question, TEMPLATES};
use super::eyes::Sample;
use super::narrate::Narration;
use super::script::Script;
use super::stage::Actor;
use super::truth::FrameTruth;
use crate::project::annotations::SYNTHETIC_MARK;

const GAZE_HEADER: &str = "component_idx,component_timestamp_s,canonical_timestamp_s,world_index,confidence,norm_pos_x,norm_pos_y,base_data,gaze_point_3d_x,gaze_point_3d_y,gaze_point_3d_z,eye_center0_3d_x,eye_center0_3d_y,eye_center0_3d_z,gaze_normal0_x,gaze_normal0_y,gaze_normal0_z,eye_center1_3d_x,eye_center1_3d_y,eye_center1_3d_z,gaze_normal1_x,gaze_normal1_y,gaze_normal1_z";
/// Ego4D's recordings were trimmed, so their picture numbers start anywhere.
const FIRST_WORLD_INDEX: f64 = 4120.0;

/// Ego4D's gaze table: origin at the lower left, only the filled columns filled.
pub fn gaze_csv(samples: &[Sample], fps: f64) -> String {
    let mut text = String::with_capacity(samples.len() * 72);
    text.push_str(GAZE_HEADER);
    text.push('\n');
    for s in samples {
        let index = FIRST_WORLD_INDEX + (s.secs * fps).floor();
        let [x, y] = [s.pos[0], 1.0 - s.pos[1]];
        let commas = ",".repeat(16);
        let _ = writeln!(
            text,
            "0,{t:.6},{t:.6},{index:.1},{:.3},{x:.6},{y:.6}{commas}",
            s.confidence,
            t = s.secs
        );
    }
    text
}

/// One line a picture: the eyes, what is looked at, and the box and visible share of all that is seen.
pub fn boxes_jsonl(frames: &[FrameTruth], actors: &[Actor], fps: f64) -> String {
    let mut text = String::with_capacity(frames.len() * 320);
    for (index, frame) in frames.iter().enumerate() {
        let looked_at = frame.looked_at.map_or("null".to_owned(), |a| format!("\"{}\"", actors[a].id));
        let state = match frame.state {
            super::eyes::EyeState::Fixation => "fixation",
            super::eyes::EyeState::Saccade => "saccade",
            super::eyes::EyeState::Pursuit => "pursuit",
            super::eyes::EyeState::Blink => "blink",
            super::eyes::EyeState::Dropout => "dropout",
        };
        let _ = write!(
            text,
            "{{\"frame\":{index},\"secs\":{:.4},\"gaze\":[{:.4},{:.4}],\"eyes\":\"{state}\",\"looked_at\":{looked_at},\"boxes\":[",
            index as f64 / fps,
            frame.gaze[0],
            frame.gaze[1]
        );
        let mut is_first = true;
        for seen in frame.seen.iter().filter(|s| s.pixels > 0) {
            let [x0, y0, x1, y1] = seen.bounds;
            let comma = if is_first { "" } else { "," };
            is_first = false;
            let _ = write!(
                text,
                "{comma}[\"{}\",{x0:.4},{y0:.4},{x1:.4},{y1:.4},{:.3}]",
                actors[seen.actor].id, seen.share
            );
        }
        text.push_str("],\"synthetic\":true}\n");
    }
    text
}

/// One video that is its own clip, as an entry of `videos`.
pub fn official_video(
    uid: &str,
    annotation_uid: &str,
    split: &str,
    secs: f64,
    fps: f64,
    asked: &[Value],
) -> Value {
    let frames = (secs * fps).round() as u64;
    json!({
        "video_uid": uid,
        "clips": [{
            "clip_uid": uid,
            "video_start_sec": 0.0,
            "video_end_sec": secs,
            "video_start_frame": 0,
            "video_end_frame": frames,
            "clip_start_sec": 0.0,
            "clip_end_sec": secs,
            "clip_start_frame": 0,
            "clip_end_frame": frames,
            "source_clip_uid": uid,
            "annotations": [{
                "language_queries": asked,
                "annotation_uid": annotation_uid,
                "request_uid": annotation_uid,
            }],
        }],
        "split": split,
    })
}

/// The whole file of a split.
pub fn official_file(split: &str, videos: &[Value]) -> Value {
    json!({
        "version": "2.0",
        "date": "261127",
        "description": format!("NLQ Annotations ({split}), {SYNTHETIC_MARK}"),
        "metadata": "synth.json",
        "videos": videos,
    })
}

/// A question as an entry of `language_queries`.
pub fn official_query(question: &Question, fps: f64) -> Value {
    let [from, until] = question.moment;
    let template = TEMPLATES[question.template];
    let slot_y = question.slot_y.as_deref().unwrap_or("[slot_not_applicable]");
    let verb_y = question.verb_y.as_deref().unwrap_or("[verb_not_applicable]");
    json!({
        "clip_start_sec": from,
        "clip_end_sec": until,
        "video_start_sec": from,
        "video_end_sec": until,
        "video_start_frame": (from * fps).round() as u64,
        "video_end_frame": (until * fps).round() as u64,
        "template": template,
        "query": question.query,
        "slot_x": question.slot_x,
        "verb_x": question.verb_x,
        "slot_y": slot_y,
        "verb_y": verb_y,
        "answer": question.answer,
        "raw_tags": [template, question.query, question.slot_x, question.verb_x],
    })
}

/// A sentence as a line of GroundNLQ's narration lists.
pub fn narration_line(uid: &str, index: usize, secs: f64, narration: &Narration) -> Value {
    let [from, until] = narration.moment;
    json!({
        "narration_query": narration.text,
        "query_id": format!("{uid}-narrations_{index}"),
        "duration": secs,
        "video_id": uid,
        "query_type": "narration",
        "synthetic": true,
        "timestamps": [[(from * 1000.0).round() / 1000.0, (until * 1000.0).round() / 1000.0]],
    })
}

/// Everything that was done, with the names of what it was done to.
pub fn deeds_json(script: &Script) -> Vec<Value> {
    let thing = |t: Option<usize>| t.map(|t| format!("thing-{t}"));
    script
        .deeds
        .iter()
        .map(|d| {
            json!({
                "verb": d.verb,
                "thing": thing(d.thing),
                "other": thing(d.other),
                "place": d.place.map(|p| script.room.places[p].name.clone()),
                "container": d.container.map(|c| format!("container-{c}")),
                "look_secs": d.look,
                "onset_secs": d.onset,
                "contact_secs": d.contact,
                "end_secs": d.end,
            })
        })
        .collect()
}
