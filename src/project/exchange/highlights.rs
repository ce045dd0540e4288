//! QVHighlights lines: one question a line, any number of moments.

use serde_json::{Value, json};

use crate::project::{AnnotatedClip, QueryKey};

pub fn write(clips: &[AnnotatedClip]) -> String {
    let lines = clips.iter().flat_map(|clip| {
        clip.queries.iter().map(move |query| {
            let key: QueryKey = clip.key_of(query);
            // the data set's own ids are numbers
            let number = (query.query_idx == 0).then(|| query.annotation_uid.parse::<u64>().ok()).flatten();
            let qid = number.map_or_else(|| Value::from(key.query_id()), Value::from);
            let line = json!({
                "qid": qid,
                "query": query.text,
                "duration": clip.duration_secs,
                "vid": clip.clip_uid,
                "relevant_windows": query.windows,
            });
            format!("{line}\n")
        })
    });
    lines.collect()
}
