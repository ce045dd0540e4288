//! The demo clip's own files agree with each other: gaze inside the clip, true moments inside the
//! clip and on the thing that is asked for. Reads the files as plain CSV and JSON, so that it also
//! holds for other people's readers.

use std::path::PathBuf;

use serde_json::Value;

const CLIP_SECS: f64 = 42.0;
const FPS: f64 = 30.0;

fn demo_file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/demo").join(name)
}

struct Row {
    time_secs: f64,
    confidence: f64,
    pos: [f64; 2],
}

fn gaze_rows() -> Vec<Row> {
    let mut reader = csv::Reader::from_path(demo_file("kitchen_desk_gaze.csv")).expect("demo gaze");
    let header = reader.headers().expect("header").clone();
    assert_eq!(header.len(), 23);
    let column = |name: &str| header.iter().position(|h| h == name).expect("column");
    let columns = ["component_timestamp_s", "confidence", "norm_pos_x", "norm_pos_y"].map(column);
    reader
        .records()
        .map(|record| {
            let record = record.expect("23 cells in every row");
            let [time_secs, confidence, x, y] =
                columns.map(|c| record[c].parse::<f64>().expect("a number in every filled column"));
            Row { time_secs, confidence, pos: [x, y] }
        })
        .collect()
}

fn truth() -> Value {
    let text = std::fs::read_to_string(demo_file("kitchen_desk_nlq.json")).expect("demo truth");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn demo_gaze_covers_the_clip_in_order() {
    let rows = gaze_rows();
    assert!(rows.len() > 8000, "{} rows", rows.len());
    assert_eq!(rows[0].time_secs, 0.0);
    assert!(rows.windows(2).all(|pair| pair[0].time_secs < pair[1].time_secs));
    let last = rows[rows.len() - 1].time_secs;
    assert!(last < CLIP_SECS && last > CLIP_SECS - 0.1, "last sample at {last}");
    assert!(rows.iter().all(|row| (0.0..=1.0).contains(&row.confidence)));
}

#[test]
fn demo_gaze_has_blinks_a_dropout_and_looks_outside() {
    let rows = gaze_rows();
    let gaps: Vec<f64> = rows.windows(2).map(|pair| pair[1].time_secs - pair[0].time_secs).collect();
    assert_eq!(gaps.iter().filter(|gap| **gap > 1.0).count(), 1, "one dropout");
    assert_eq!(gaps.iter().filter(|gap| (0.04..0.3).contains(*gap)).count(), 5, "five closed lids");
    let outside = rows.iter().filter(|row| row.pos.iter().any(|p| !(0.0..=1.0).contains(p)));
    let share = outside.count() as f64 / rows.len() as f64;
    assert!(share > 0.002 && share < 0.03, "{share} of the samples are outside the picture");
}

#[test]
fn demo_moments_lie_in_the_clip_and_name_their_frames() {
    let truth = truth();
    let clip = &truth["videos"][0]["clips"][0];
    assert_eq!(clip["clip_end_sec"].as_f64(), Some(CLIP_SECS));
    let queries = clip["annotations"][0]["language_queries"].as_array().expect("queries");
    assert_eq!(queries.len(), 7);
    for query in queries {
        let secs = |key: &str| query[key].as_f64().expect(key);
        let (start, end) = (secs("clip_start_sec"), secs("clip_end_sec"));
        assert!(0.0 <= start && start + 1.0 < end && end <= CLIP_SECS, "{query}");
        assert_eq!(secs("video_start_sec"), start);
        assert_eq!(secs("video_start_frame"), (start * FPS).round());
        assert_eq!(secs("video_end_frame"), (end * FPS).round());
        assert!(query["query"].as_str().is_some_and(|text| text.ends_with('?')));
    }
}

#[test]
fn demo_eyes_are_on_the_cup_before_it_is_taken() {
    // The cup is in the middle of the picture from the moment the head leans in.
    let rows = gaze_rows();
    let near = rows.iter().filter(|row| (20.6..20.9).contains(&row.time_secs)).all(|row| {
        let [x, y] = row.pos;
        (x - 0.5).hypot(y - 0.5) < 0.3
    });
    assert!(near, "the hand starts at 20.9 s");
}
