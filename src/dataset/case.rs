//! One query, answered, with what led to the answer.

use std::sync::Arc;
use std::time::Instant;

use super::{DataSet, RowView};
use crate::eval::Window;
use crate::features::{ClipTokenizer, canonical_query};
use crate::grounding::groundnlq::{Ask, AttentionMap, EncodedClip, Explanation};
use crate::job::JobCtx;
use crate::split::{self, SplitError};

/// Windows kept: as many as our own prediction files keep.
const KEEP: usize = 50;

/// An answer.
#[derive(Clone, Debug)]
pub struct Case {
    /// Clip seconds, best first.
    pub windows: Vec<Window>,
    /// Overlapping pieces that the clip was cut into; 1 if it fits the network's array.
    pub pieces: usize,
    /// How likely an answer lies there: one strip for each pyramid level, finest first.
    pub levels: Vec<Strip>,
    /// How much each time looks at each word of the query.
    pub words: Vec<Strip>,
    /// How much each time's gaze is looked at by all others; empty without a gaze path.
    pub gaze: Option<Strip>,
    /// Windows before suppression.
    pub candidates: usize,
    pub elapsed_secs: f64,
}

/// Values over time, in time order.
#[derive(Clone, Debug, PartialEq)]
pub struct Strip {
    pub label: String,
    /// Seconds that a value stands for, half before and half after its time.
    pub step_secs: f32,
    /// Time in seconds, and value.
    pub values: Vec<(f32, f32)>,
}

/// Asks the network a row's query. `encoded` is the clip, if it was encoded before; it comes back for
/// the next query.
pub fn open_case(
    data: &DataSet,
    row: &RowView<'_>,
    encoded: Option<Arc<EncodedClip>>,
    ctx: &JobCtx,
) -> anyhow::Result<(Arc<EncodedClip>, Case)> {
    let (Some(model), Some(inputs)) = (&data.model, data.inputs()) else {
        anyhow::bail!("{}", data.hindrance().unwrap_or("nothing to ask"));
    };
    let started = Instant::now();
    let encoded = match encoded {
        Some(encoded) => encoded,
        None => {
            ctx.stage("Encoding the clip");
            Arc::new(split::encode(&model.network, &inputs, row.clip)?)
        }
    };
    ctx.check()?;
    ctx.stage("Asking");
    let how = Ask { keep: Some(KEEP), explain: true, ..Ask::default() };
    let found = split::ask(&model.network, &inputs, &encoded, &row.key(), &how)?;
    let windows = split::windows_of(&found);
    let explanation = found.explanation.unwrap_or(Explanation { pieces: Vec::new() });
    let case = Case {
        windows,
        pieces: found.pieces,
        levels: levels(&explanation),
        words: words(&explanation, row.text()),
        gaze: gaze(&explanation),
        candidates: explanation.pieces.iter().map(|piece| piece.candidates.len()).sum(),
        elapsed_secs: started.elapsed().as_secs_f64(),
    };
    Ok::<_, SplitError>((encoded, case)).map_err(Into::into)
}

/// Pieces overlap: where they do, both say something, in time order.
fn in_time_order(mut strip: Strip) -> Strip {
    strip.values.sort_by(|a, b| a.0.total_cmp(&b.0));
    strip
}

fn levels(explanation: &Explanation) -> Vec<Strip> {
    let count = explanation.pieces.first().map_or(0, |piece| piece.levels.len());
    (0..count)
        .map(|level| {
            let curves = explanation.pieces.iter().map(|piece| &piece.levels[level]);
            let values = curves.clone().flat_map(|curve| {
                let times = (0..).map(|i| curve.first_secs + i as f32 * curve.step_secs);
                times.zip(curve.probability.iter().copied())
            });
            let step_secs = curves.clone().next().map_or(1.0, |curve| curve.step_secs);
            in_time_order(Strip { label: format!("Level {level}"), step_secs, values: values.collect() })
        })
        .collect()
}

/// The mean over the video blocks before the pyramid, which is where the text comes in.
fn words(explanation: &Explanation, query: &str) -> Vec<Strip> {
    let is_stem =
        |map: &&AttentionMap| map.place.starts_with("vid_stem.") && map.place.ends_with("cross_attn");
    let tokens = explanation.pieces.iter().flat_map(|piece| piece.attention.iter().find(is_stem)).next();
    let Some(first) = tokens.and_then(|map| Some((map.weights.first()?.len(), map.step_secs))) else {
        return Vec::new();
    };
    let (tokens, step_secs) = first;
    let labels = pieces_of(query, tokens);
    let strip = |(token, label): (usize, String)| {
        let values = explanation.pieces.iter().flat_map(|piece| {
            let maps: Vec<&AttentionMap> = piece.attention.iter().filter(is_stem).collect();
            let rows = maps.first().map_or(0, |map| map.weights.len());
            (0..rows).map(move |row| {
                let sum: f32 = maps.iter().map(|map| map.weights[row][token]).sum();
                (maps[0].first_secs + row as f32 * maps[0].step_secs, sum / maps.len() as f32)
            })
        });
        in_time_order(Strip { label, step_secs, values: values.collect() })
    };
    labels.into_iter().enumerate().map(strip).collect()
}

/// CLIP's word pieces, if there are as many as features; else numbers.
fn pieces_of(query: &str, count: usize) -> Vec<String> {
    let pieces = ClipTokenizer::default().pieces(&canonical_query(query));
    if pieces.len() == count {
        return pieces;
    }
    (1..=count).map(|i| format!("Token {i}")).collect()
}

fn gaze(explanation: &Explanation) -> Option<Strip> {
    let mut values = Vec::new();
    let mut step_secs = None;
    for piece in &explanation.pieces {
        let maps: Vec<&AttentionMap> =
            piece.attention.iter().filter(|map| map.place.ends_with("gaze_attn")).collect();
        let Some(first) = maps.first() else { continue };
        step_secs = Some(first.step_secs);
        let rows: Vec<&Vec<f32>> = maps.iter().flat_map(|map| &map.weights).collect();
        let keys = rows.first().map_or(0, |row| row.len());
        values.extend((0..keys).map(|key| {
            let mean = rows.iter().map(|row| row[key]).sum::<f32>() / rows.len() as f32;
            (first.first_secs + key as f32 * first.step_secs, mean)
        }));
    }
    Some(in_time_order(Strip { label: "Gaze".to_owned(), step_secs: step_secs?, values }))
}
