//! Ego4D NLQ's JSON. Its questions have one moment each: of several, the first stands where every
//! reader looks and the others in `further_moments_sec`, which ours reads as well. A number that is
//! not used is an entry without a question, as the official files have them.

use serde_json::{Map, Value, json};

use crate::project::{AnnotatedClip, AnnotatedQuery};

pub fn write(clips: &[AnnotatedClip]) -> String {
    let mut videos: Vec<(String, Vec<Value>)> = Vec::new();
    for clip in clips {
        let place = videos.iter().position(|(uid, _)| *uid == clip.video_uid).unwrap_or_else(|| {
            videos.push((clip.video_uid.clone(), Vec::new()));
            videos.len() - 1
        });
        videos[place].1.push(clip_value(clip));
    }
    let videos: Vec<Value> =
        videos.into_iter().map(|(uid, clips)| json!({ "video_uid": uid, "clips": clips })).collect();
    let mut text =
        serde_json::to_string_pretty(&json!({ "version": "1.0", "videos": videos })).unwrap_or_default();
    text.push('\n');
    text
}

fn clip_value(clip: &AnnotatedClip) -> Value {
    let mut uids: Vec<&str> = Vec::new();
    for query in &clip.queries {
        if !uids.contains(&query.annotation_uid.as_str()) {
            uids.push(&query.annotation_uid);
        }
    }
    let annotations: Vec<Value> = uids
        .into_iter()
        .map(|uid| json!({ "annotation_uid": uid, "language_queries": language_queries(clip, uid) }))
        .collect();
    let mut value = Map::from_iter([("clip_uid".to_owned(), json!(clip.clip_uid))]);
    if let Some([start, end]) = clip.video_secs {
        value
            .extend([("video_start_sec".to_owned(), json!(start)), ("video_end_sec".to_owned(), json!(end))]);
    }
    if let Some(duration) = clip.duration_secs {
        value.extend([
            ("clip_start_sec".to_owned(), json!(0.0)),
            ("clip_end_sec".to_owned(), json!(duration)),
        ]);
    }
    value.insert("annotations".to_owned(), json!(annotations));
    Value::Object(value)
}

/// Numbers beyond this are not filled up: no annotator asked so much about one clip.
const MAX_QUERIES: usize = 10_000;

fn language_queries(clip: &AnnotatedClip, uid: &str) -> Vec<Value> {
    let mut entries: Vec<Value> = Vec::new();
    for query in clip.queries.iter().filter(|q| q.annotation_uid == uid) {
        let place = query.query_idx;
        if place >= MAX_QUERIES || entries.get(place).is_some_and(|e| e.get("query").is_some()) {
            entries.push(query_value(clip, query));
            continue;
        }
        if entries.len() <= place {
            entries.resize(place + 1, json!({}));
        }
        entries[place] = query_value(clip, query);
    }
    entries
}

fn query_value(clip: &AnnotatedClip, query: &AnnotatedQuery) -> Value {
    let mut value = Map::new();
    let mut set = |key: &str, to: Value| value.insert(key.to_owned(), to);
    set("query", json!(query.text));
    set("template", json!(query.template));
    let slots = &query.slots;
    for (key, slot) in [
        ("slot_x", &slots.slot_x),
        ("verb_x", &slots.verb_x),
        ("slot_y", &slots.slot_y),
        ("verb_y", &slots.verb_y),
    ] {
        if let Some(slot) = slot {
            set(key, json!(slot));
        }
    }
    if let [[start, end], further @ ..] = query.windows.as_slice() {
        set("clip_start_sec", json!(start));
        set("clip_end_sec", json!(end));
        if let Some([offset, _]) = clip.video_secs {
            set("video_start_sec", json!(offset + start));
            set("video_end_sec", json!(offset + end));
        }
        if !further.is_empty() {
            set("further_moments_sec", json!(further));
        }
    }
    Value::Object(value)
}
