//! CSV: one row a moment, with a row of empty times for a question without one. The columns `query`,
//! `start_secs` and `end_secs` are needed; order and further columns are free.

use serde::{Deserialize, Serialize};

use super::pieces::Pieces;
use crate::project::AnnotatedClip;
use crate::project::annotations::ClipList;

#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(default)]
    clip_uid: String,
    #[serde(default)]
    video_uid: String,
    /// Empty where unknown.
    #[serde(default)]
    clip_secs: Option<f64>,
    /// `{annotation_uid}_{query_idx}`
    #[serde(default)]
    query_id: String,
    query: String,
    #[serde(default)]
    template: Option<String>,
    start_secs: Option<f64>,
    end_secs: Option<f64>,
}

/// Whether the first line names the columns.
pub fn is_table(bytes: &[u8]) -> bool {
    let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let header = String::from_utf8_lossy(first);
    let has = |name: &str| header.split(',').any(|c| c.trim().trim_matches('"') == name);
    has("query") && has("start_secs") && has("end_secs")
}

pub fn write(clips: &[AnnotatedClip]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for clip in clips {
        for query in &clip.queries {
            let empty = query.windows.is_empty().then_some((None, None));
            let times = query.windows.iter().map(|[start, end]| (Some(*start), Some(*end)));
            for (start_secs, end_secs) in times.chain(empty) {
                // into memory: only a full one could fail
                let _ = writer.serialize(Row {
                    clip_uid: clip.clip_uid.clone(),
                    video_uid: clip.video_uid.clone(),
                    clip_secs: clip.duration_secs,
                    query_id: clip.key_of(query).query_id(),
                    query: query.text.clone(),
                    template: query.template.clone(),
                    start_secs,
                    end_secs,
                });
            }
        }
    }
    writer.into_inner().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

pub fn parse(bytes: &[u8]) -> Result<Vec<AnnotatedClip>, String> {
    let mut reader = csv::Reader::from_reader(bytes);
    let mut list = ClipList::default();
    let mut pieces: Vec<Pieces> = Vec::new();
    for row in reader.deserialize() {
        let row: Row = row.map_err(|e| e.to_string())?;
        let clip = list.clip(&row.clip_uid);
        if clip.video_uid.is_empty() {
            clip.video_uid = row.video_uid;
        }
        clip.duration_secs = clip.duration_secs.or(row.clip_secs);
        let place = list.place(&row.clip_uid);
        if pieces.len() <= place {
            pieces.resize_with(place + 1, Pieces::default);
        }
        let query = pieces[place].query(&row.query_id, &row.query);
        query.template = query.template.take().or(row.template);
        query.windows.extend(row.start_secs.zip(row.end_secs).map(|(start, end)| [start, end]));
    }
    for (clip, pieces) in list.clips.iter_mut().zip(pieces) {
        clip.queries = pieces.finish();
    }
    Ok(list.clips)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hand_made_table_needs_three_columns() {
        let text = "start_secs,end_secs,query,colour\n1.5,2,who?,red\n7,8,who?,\n,,where?,\n";
        assert!(is_table(text.as_bytes()));
        let clips = parse(text.as_bytes()).expect("reads");
        let queries = &clips[0].queries;
        assert_eq!(queries[0].windows, [[1.5, 2.0], [7.0, 8.0]]);
        assert_eq!((queries.len(), queries[1].windows.len(), queries[1].query_idx), (2, 0, 1));
        let error = parse(b"query,start_secs,end_secs\nwho?,one,2\n").expect_err("no number");
        assert!(error.contains("line: 2"), "{error}");
    }
}
