//! Ego4D NLQ annotations: the official JSON, v1 and v2, with or without times.

use serde::Deserialize;
use serde_json::Value;

use super::{
    AnnotatedClip, AnnotatedQuery, AnnotationFile, AnnotationLayout, SYNTHETIC_MARK, Slots, UnaskedQuery,
};

// The file's own layout, read tolerantly: the official files have queries without text or template.
#[derive(Deserialize)]
struct FileLayout {
    #[serde(default)]
    description: Value,
    videos: Vec<VideoLayout>,
}

#[derive(Deserialize)]
struct VideoLayout {
    video_uid: String,
    #[serde(default)]
    clips: Vec<ClipLayout>,
}

#[derive(Deserialize)]
struct ClipLayout {
    clip_uid: String,
    clip_start_sec: Option<f64>,
    clip_end_sec: Option<f64>,
    video_start_sec: Option<f64>,
    video_end_sec: Option<f64>,
    #[serde(default)]
    annotations: Vec<AnnotationEntry>,
}

#[derive(Deserialize)]
struct AnnotationEntry {
    #[serde(default)]
    annotation_uid: String,
    #[serde(default)]
    language_queries: Vec<QueryLayout>,
}

#[derive(Deserialize)]
struct QueryLayout {
    query: Option<String>,
    template: Option<String>,
    clip_start_sec: Option<f64>,
    clip_end_sec: Option<f64>,
    /// Of a question with several moments, as we write it.
    #[serde(default)]
    further_moments_sec: Vec<[f64; 2]>,
    #[serde(default)]
    slot_x: Value,
    #[serde(default)]
    verb_x: Value,
    #[serde(default)]
    slot_y: Value,
    #[serde(default)]
    verb_y: Value,
}

pub fn parse(bytes: &[u8]) -> serde_json::Result<AnnotationFile> {
    let file: FileLayout = serde_json::from_slice(bytes)?;
    let is_synthetic = file.description.as_str().is_some_and(|text| text.contains(SYNTHETIC_MARK));
    let clips = file
        .videos
        .into_iter()
        .flat_map(|video| {
            let video_uid = video.video_uid;
            video.clips.into_iter().map(move |clip| clip_of(clip, video_uid.clone()))
        })
        .collect();
    Ok(AnnotationFile { layout: AnnotationLayout::Ego4d, clips, is_synthetic })
}

fn clip_of(clip: ClipLayout, video_uid: String) -> AnnotatedClip {
    let pair = |start: Option<f64>, end: Option<f64>| Some([start?, end?]);
    let video_secs = pair(clip.video_start_sec, clip.video_end_sec);
    let own_secs = pair(clip.clip_start_sec, clip.clip_end_sec);
    let mut out = AnnotatedClip {
        clip_uid: clip.clip_uid,
        video_uid,
        video_secs,
        duration_secs: video_secs.or(own_secs).map(|[start, end]| end - start),
        ..AnnotatedClip::default()
    };
    for annotation in clip.annotations {
        for (query_idx, query) in annotation.language_queries.into_iter().enumerate() {
            let annotation_uid = annotation.annotation_uid.clone();
            let first = pair(query.clip_start_sec, query.clip_end_sec);
            let windows: Vec<_> = first.into_iter().chain(query.further_moments_sec).collect();
            let words = |slot: &Value| slot.as_str().map(str::to_owned);
            let slots = Slots {
                slot_x: words(&query.slot_x),
                verb_x: words(&query.verb_x),
                slot_y: words(&query.slot_y),
                verb_y: words(&query.verb_y),
            };
            match query.query.filter(|text| !text.is_empty()) {
                Some(text) => out.queries.push(AnnotatedQuery {
                    annotation_uid,
                    query_idx,
                    text,
                    template: query.template,
                    slots,
                    windows,
                }),
                None => out.unasked.push(UnaskedQuery { annotation_uid, query_idx, windows }),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::TimeRange;

    #[test]
    fn queries_without_times_or_template_are_read() {
        let json =
            br#"{"videos":[{"video_uid":"v","clips":[{"clip_uid":"c","annotations":[{"annotation_uid":"a",
            "language_queries":[{"query":"Where is X?"},{"template":null,"query":null},
            {"query":"Who?","clip_start_sec":1,"clip_end_sec":2.5}]}]}]}]}"#;
        let file = parse(json).expect("reads");
        let clip = &file.clips[0];
        assert_eq!((clip.queries.len(), clip.unasked.len(), file.listed()), (2, 1, 3));
        assert_eq!((clip.queries[1].query_idx, clip.unasked[0].query_idx), (2, 1));
        assert_eq!(clip.queries[1].range(), Some(TimeRange::from_secs(1.0, 2.5)));
    }
}
