//! EgoClip's narrations as questions to pretrain on (GroundNLQ, arXiv 2306.15255: 6 + 4 epochs of
//! narrations before the questions themselves).

use std::collections::HashMap;

use serde_json::{Value, json};

use super::AnnotationFile;

/// What became of a file's rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NarrationCounts {
    pub rows: usize,
    pub written: usize,
    /// Of videos without a clip in the annotations.
    pub other_videos: usize,
    /// Not inside any clip.
    pub outside: usize,
    /// Rows with a field that cannot be read.
    pub unreadable: usize,
}

/// GroundNLQ's narration lines from `egoclip.csv` (tabs or commas): rows that lie inside a clip of
/// `annotations`, with times from the clip's start. A narration in several clips is written for each.
///
/// The reference's own builder writes a `query_type` that its loader refuses; these have `narration`.
pub fn narration_lines(
    bytes: &[u8],
    annotations: &AnnotationFile,
) -> Result<(Vec<Value>, NarrationCounts), String> {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let delimiter = if first.contains(&b'\t') { b'\t' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(bytes);
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let names = ["video_uid", "narration_source", "narration_ind", "clip_start", "clip_end", "clip_text"];
    let place = |name: &str| {
        header.iter().position(|column| column.trim() == name).ok_or_else(|| {
            let found = header.iter().collect::<Vec<_>>().join(", ");
            format!("the column `{name}` is missing (it has {found}); expected EgoClip's egoclip.csv")
        })
    };
    let places = names.iter().map(|name| place(name)).collect::<Result<Vec<_>, _>>()?;

    /// Name, place in the video and length of each clip, by video.
    type Clips<'a> = HashMap<&'a str, Vec<(&'a str, [f64; 2], f64)>>;
    let mut clips = Clips::new();
    for clip in &annotations.clips {
        if let (Some(span), Some(duration)) = (clip.video_secs, clip.duration_secs) {
            clips.entry(&clip.video_uid).or_default().push((&clip.clip_uid, span, duration));
        }
    }
    let mut lines = Vec::new();
    let mut counts = NarrationCounts::default();
    for record in reader.records() {
        counts.rows += 1;
        let Ok(record) = record else {
            counts.unreadable += 1;
            continue;
        };
        let field = |i: usize| record.get(places[i]).map(str::trim).filter(|text| !text.is_empty());
        let number = |i: usize| field(i).and_then(|text| text.parse::<f64>().ok()).filter(|x| x.is_finite());
        let (Some(video), Some(source), Some(index), Some(start), Some(end), Some(text)) =
            (field(0), field(1), field(2), number(3), number(4), field(5))
        else {
            counts.unreadable += 1;
            continue;
        };
        let Some(clips) = clips.get(video) else {
            counts.other_videos += 1;
            continue;
        };
        // `narration_pass_1` and `narration_pass_2`
        let narrator = if source.ends_with('2') { 2 } else { 1 };
        let before = lines.len();
        for (clip, span, duration) in clips.iter().filter(|(_, span, _)| start > span[0] && end < span[1]) {
            lines.push(json!({
                "narration_query": text,
                "query_id": format!("{clip}_narrator-{narrator}_{index}"),
                "duration": duration,
                "video_id": clip,
                "query_type": "narration",
                "timestamps": [[start - span[0], end - span[0]]],
            }));
        }
        counts.outside += usize::from(lines.len() == before);
    }
    counts.written = lines.len();
    Ok((lines, counts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::AnnotatedClip;

    #[test]
    fn narrations_inside_clips_become_lines_that_are_read_again() {
        let clip = AnnotatedClip {
            clip_uid: "c".to_owned(),
            video_uid: "v".to_owned(),
            video_secs: Some([100.0, 200.0]),
            duration_secs: Some(100.0),
            ..AnnotatedClip::default()
        };
        let annotations = AnnotationFile { clips: vec![clip], ..AnnotationFile::default() };
        let file = "video_uid\tvideo_dur\tnarration_source\tnarration_ind\tnarration_time\tclip_start\tclip_end\tclip_text\n\
            v\t300\tnarration_pass_2\t7\t110\t109.5\t111.0\t#C C opens a \"drawer\"\n\
            v\t300\tnarration_pass_1\t8\t99\t98.5\t101.0\t#C C waits\n\
            w\t300\tnarration_pass_1\t1\t9\t8.5\t10.0\t#C C waits\n\
            v\t300\tnarration_pass_1\tx\n";
        let (lines, counts) = narration_lines(file.as_bytes(), &annotations).unwrap();
        assert_eq!(
            counts,
            NarrationCounts { rows: 4, written: 1, other_videos: 1, outside: 1, unreadable: 1 }
        );
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let read = AnnotationFile::parse(text.as_bytes()).unwrap();
        let query = &read.clips[0].queries[0];
        assert_eq!(query.text, "#C C opens a \"drawer\"");
        assert_eq!(query.windows, [[9.5, 11.0]]);
        assert_eq!(read.clips[0].key_of(query).query_id(), "c_narrator-2_7");
        let error = narration_lines(b"a,b\n1,2\n", &annotations).unwrap_err();
        assert!(error.contains("video_uid") && error.contains("a, b"), "{error}");
    }
}
