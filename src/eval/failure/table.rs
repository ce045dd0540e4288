//! One row a case, as a CSV file.

use serde::Serialize;

use super::{Diagnosis, QuerySet};
use crate::project::QueryKey;

/// What people have written about a case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaseNote {
    pub tags: Vec<String>,
    pub verdict: String,
}

#[derive(Serialize)]
struct Row<'a> {
    query_id: String,
    clip: &'a str,
    template: &'a str,
    query: &'a str,
    start: f64,
    end: f64,
    start_1: Option<f64>,
    end_1: Option<f64>,
    score_1: Option<f64>,
    iou_1: Option<f64>,
    right_rank: Option<usize>,
    class: &'static str,
    sub_class: &'static str,
    flags: String,
    recoverability: &'static str,
    tags: String,
    verdict: String,
    annotations_sha256: &'a str,
    predictions_sha256: &'a str,
}

/// Times in clip seconds. The hashes are those of the two files, so that the rows can be traced.
pub fn cases_csv(
    set: &QuerySet,
    diagnosis: &Diagnosis,
    note: impl Fn(&QueryKey) -> CaseNote,
    [annotations_sha256, predictions_sha256]: [&str; 2],
) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (place, query) in set.queries.iter().enumerate() {
        let finding = &diagnosis.findings[place];
        let geometry = diagnosis.geometry[place].as_ref();
        let [start, end] = geometry.map_or(query.truths[0], |g| g.truth);
        let flags: Vec<&str> = finding.flags.iter().map(super::Flag::name).collect();
        let note = note(&query.key);
        writer.serialize(Row {
            query_id: query.key.query_id(),
            clip: &query.key.clip_uid,
            template: set.template_of(query).unwrap_or_default(),
            query: &query.text,
            start,
            end,
            start_1: geometry.map(|g| g.window[0]),
            end_1: geometry.map(|g| g.window[1]),
            score_1: diagnosis.ranked.first(place).and_then(|w| w.score),
            iou_1: geometry.map(|g| g.iou).filter(|iou| !iou.is_nan()),
            right_rank: finding.right_rank,
            class: finding.class.name(),
            sub_class: finding.boundary.map_or("", super::BoundaryKind::name),
            flags: flags.join("; "),
            recoverability: finding.recovery.map_or("", super::Recovery::name),
            tags: note.tags.join("; "),
            verdict: note.verdict,
            annotations_sha256,
            predictions_sha256,
        })?;
    }
    let bytes = writer.into_inner().map_err(|e| e.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
