//! Annotations with one query a line: GroundNLQ's sample lists and QVHighlights.

use serde_json::{Value, json};

use super::{
    AnnotatedClip, AnnotatedQuery, AnnotationFile, AnnotationLayout, ClipList, QueryKey, Slots, UnaskedQuery,
    id_text,
};

/// Told by the first line; `None` is something else.
pub fn layout_of(bytes: &[u8]) -> Option<AnnotationLayout> {
    let first = lines(bytes).next()?.1;
    let line: Value = serde_json::from_slice(first).ok()?;
    if line.get("query_id").is_some() && line.get("video_id").is_some() {
        Some(AnnotationLayout::GroundNlq)
    } else if line.get("qid").is_some() && line.get("pred_relevant_windows").is_none() {
        Some(AnnotationLayout::QvHighlights)
    } else {
        None
    }
}

/// Lines that are not empty, counted from 1.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let numbered = bytes.split(|b| *b == b'\n').enumerate().map(|(i, line)| (i + 1, line.trim_ascii()));
    numbered.filter(|(_, line)| !line.is_empty())
}

pub fn parse(bytes: &[u8]) -> Result<AnnotationFile, String> {
    let layout = layout_of(bytes).ok_or("its first line is no query")?;
    let mut list = ClipList::default();
    let mut is_synthetic = false;
    for (number, line) in lines(bytes) {
        let line: Value = serde_json::from_slice(line).map_err(|e| format!("line {number}: {e}"))?;
        is_synthetic |= line["synthetic"] == true;
        let added = match layout {
            AnnotationLayout::QvHighlights => add(&line, &mut list, ["vid", "qid", "relevant_windows"]),
            _ => add(&line, &mut list, ["video_id", "query_id", "timestamps"]),
        };
        added.map_err(|what| format!("line {number}: {what}"))?;
    }
    Ok(AnnotationFile { layout, clips: list.clips, is_synthetic })
}

/// `names` are the keys of clip, query id and windows.
fn add(line: &Value, list: &mut ClipList, names: [&str; 3]) -> Result<(), String> {
    let [clip, id, times] = names;
    let text_of = |key: &str| line.get(key).and_then(id_text).ok_or_else(|| format!("`{key}` is missing"));
    let (clip_uid, query_id) = (text_of(clip)?, text_of(id)?);
    let windows = match line.get(times) {
        None | Some(Value::Null) => Vec::new(),
        Some(value) => windows_of(value).ok_or_else(|| format!("`{times}` is no list of [start, end]"))?,
    };
    // the narration lists call the same thing `narration_query`
    let text = [line.get("query"), line.get("narration_query")].into_iter().flatten().find_map(Value::as_str);
    let (annotation_uid, query_idx) = QueryKey::split_id(&query_id);
    let clip = list.clip(&clip_uid);
    clip.duration_secs = clip.duration_secs.or(line.get("duration").and_then(Value::as_f64));
    match text.filter(|t| !t.is_empty()) {
        Some(text) => clip.queries.push(AnnotatedQuery {
            annotation_uid,
            query_idx,
            text: text.to_owned(),
            template: None,
            slots: Slots::default(),
            windows,
        }),
        None => clip.unasked.push(UnaskedQuery { annotation_uid, query_idx, windows }),
    }
    Ok(())
}

fn windows_of(value: &Value) -> Option<Vec<[f64; 2]>> {
    let pair = |window: &Value| match window.as_array()?.as_slice() {
        [start, end] => Some([start.as_f64()?, end.as_f64()?]),
        _ => None,
    };
    value.as_array()?.iter().map(pair).collect()
}

/// One query as GroundNLQ's conversion of the official file has it; `None` for a clip without a
/// length.
pub fn groundnlq_line(clip: &AnnotatedClip, query: &AnnotatedQuery) -> Option<Value> {
    let mut line = json!({
        "query": query.text,
        "query_id": clip.key_of(query).query_id(),
        "duration": clip.duration_secs?,
        "video_id": clip.clip_uid,
        "query_type": "nlq",
    });
    if !query.windows.is_empty() {
        line["timestamps"] = json!(query.windows);
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_lines_are_read() {
        let ground = br#"{"query": "who?", "query_id": "u_3", "duration": 9.5, "video_id": "c", "query_type": "nlq", "timestamps": [[1, 2.5]]}

{"query": "", "query_id": "u_4", "duration": 9.5, "video_id": "c", "query_type": "nlq"}"#;
        let file = parse(ground).expect("reads");
        assert_eq!((file.clips.len(), file.listed()), (1, 2));
        assert_eq!(file.clips[0].duration_secs, Some(9.5));
        assert_eq!(file.clips[0].queries[0].windows, [[1.0, 2.5]]);
        let highlights = br#"{"qid": 8737, "query": "A cat", "duration": 150, "vid": "v_60", "relevant_windows": [[0, 10], [30, 40]]}"#;
        let file = parse(highlights).expect("reads");
        let query = &file.clips[0].queries[0];
        assert_eq!((query.annotation_uid.as_str(), query.windows.len()), ("8737", 2));
    }

    #[test]
    fn the_line_that_is_wrong_is_named() {
        let error =
            parse(b"{\"query_id\":\"a_0\",\"video_id\":\"c\",\"query\":\"q\"}\n{\"query_id\":\"a_1\"}\n");
        assert_eq!(error.expect_err("is wrong"), "line 2: `video_id` is missing");
    }
}
