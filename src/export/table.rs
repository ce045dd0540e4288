//! Answers as JSON and CSV: what `query --json` prints and what the window saves.

use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::grounding::{GazeMode, Localization, Moment};
use crate::project::write_whole;
use crate::time::{FrameIdx, MediaTime, TimeRange};
use crate::video::{FrameTable, VideoInfo};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    Json,
    Csv,
}

impl TableFormat {
    pub fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }
}

/// One question in one gaze mode.
pub struct AnswerRow<'a> {
    pub query: &'a str,
    pub gaze_mode: GazeMode,
    pub answer: &'a Localization,
    pub truth: Option<TimeRange>,
}

/// One answer with its provenance. Times in seconds from the clip's start, scores in 0..1.
pub fn answer_object(info: &VideoInfo, table: &FrameTable, row: &AnswerRow<'_>) -> Value {
    let each = |said: &dyn Fn(usize, &Moment) -> Value| -> Vec<Value> {
        row.answer.moments.iter().enumerate().map(|(i, moment)| said(i + 1, moment)).collect()
    };
    let moments = each(&|rank, m| {
        json!({
            "rank": rank,
            "start_sec": m.range.start().secs(),
            "end_sec": m.range.end().secs(),
            "score": m.score,
        })
    });
    let frames = each(&|rank, m| {
        let [(start, start_pts), (end, end_pts)] = ends_of(table, m.range);
        json!({
            "rank": rank,
            "start_frame": start.0,
            "start_frame_pts_sec": start_pts.secs(),
            "end_frame": end.0,
            "end_frame_pts_sec": end_pts.secs(),
        })
    });
    let mut object = json!({
        "clip": info.path,
        "clip_id": info.content_id,
        "query": row.query,
        "pipeline": row.answer.pipeline,
        "query_basis": row.answer.query_basis,
        "words_not_understood": row.answer.unknown_words(),
        "gaze_mode": row.gaze_mode.name(),
        "gaze_basis": row.answer.gaze_basis,
        "version": env!("CARGO_PKG_VERSION"),
        "moments": moments,
        "frames": frames,
    });
    if let Some(truth) = row.truth {
        object["truth"] = json!({ "start_sec": truth.start().secs(), "end_sec": truth.end().secs() });
    }
    object
}

/// Writes all answers to `path`: whole or not at all.
pub fn save_answers(
    path: &Path,
    format: TableFormat,
    info: &VideoInfo,
    table: &FrameTable,
    rows: &[AnswerRow<'_>],
) -> anyhow::Result<()> {
    let bytes = match format {
        TableFormat::Json => {
            let objects: Vec<Value> = rows.iter().map(|row| answer_object(info, table, row)).collect();
            serde_json::to_vec_pretty(&json!({ "answers": objects }))?
        }
        TableFormat::Csv => csv_bytes(info, table, rows)?,
    };
    write_whole(path, &bytes).with_context(|| format!("cannot save {}", path.display()))
}

/// The pictures that a moment begins and ends on, and when the container says that they are shown.
fn ends_of(table: &FrameTable, range: TimeRange) -> [(FrameIdx, MediaTime); 2] {
    [range.start(), range.end()].map(|time| {
        let frame = table.at(time);
        (frame, table.time(frame))
    })
}

/// One line a moment, with index and time of its first and last picture.
fn csv_bytes(info: &VideoInfo, table: &FrameTable, rows: &[AnswerRow<'_>]) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "clip",
        "clip_id",
        "query",
        "pipeline",
        "gaze_mode",
        "rank",
        "start_sec",
        "end_sec",
        "start_frame",
        "start_frame_pts_sec",
        "end_frame",
        "end_frame_pts_sec",
        "score",
        "truth_start_sec",
        "truth_end_sec",
        "iou",
    ])?;
    for row in rows {
        for (i, moment) in row.answer.moments.iter().enumerate() {
            let secs = |t: MediaTime| format!("{:.6}", t.secs());
            let [(start, start_pts), (end, end_pts)] = ends_of(table, moment.range);
            writer.write_record([
                info.path.display().to_string(),
                info.content_id.clone(),
                row.query.to_owned(),
                row.answer.pipeline.clone(),
                row.gaze_mode.name().to_owned(),
                (i + 1).to_string(),
                secs(moment.range.start()),
                secs(moment.range.end()),
                start.0.to_string(),
                secs(start_pts),
                end.0.to_string(),
                secs(end_pts),
                format!("{:.6}", moment.score),
                row.truth.map(|t| secs(t.start())).unwrap_or_default(),
                row.truth.map(|t| secs(t.end())).unwrap_or_default(),
                row.truth.map(|t| format!("{:.6}", t.iou(moment.range))).unwrap_or_default(),
            ])?;
        }
    }
    Ok(writer.into_inner().map_err(|e| e.into_error())?)
}
