//! A whole split, or one query of it: annotations, feature stores and a network to a file of
//! predictions that grows line by line, so that a run that was stopped can go on.

mod inputs;

use std::collections::{BTreeMap, HashSet};
use std::fs::OpenOptions;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::eval::predictions::{our_header, our_line};
use crate::eval::{EvalError, Prediction, PredictionFile, Provenance, Window};
use crate::grounding::groundnlq::{Ask, GroundNlq, GroundNlqError, Grounding, TextPadding};
use crate::job::{Cancelled, JobCtx};
use crate::project::{AnnotatedClip, AnnotatedQuery, AnnotationFile, QueryKey};
use crate::stores::{FeatureSet, StoreError, TEXT_ARRAYS};

pub use inputs::{Inputs, RecordedMaps, ask, encode, gaze_features, step_grid};

#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{key}: {error}")]
    Network { key: String, error: GroundNlqError },
    #[error(transparent)]
    Predictions(#[from] EvalError),
    #[error("clip {0} has no length in the annotations")]
    NoDuration(String),
    #[error(
        "clip {0} has no gaze recording that can be read; it is looked for by the name of the clip and of its video"
    )]
    NoRecording(String),
    #[error("no query has the id {0}")]
    UnknownQuery(String),
    #[error("{what} of {key}: expected vectors of {expected}, found {found}; these are features of another kind: {}", path.display())]
    Dimension { what: &'static str, key: String, expected: usize, found: usize, path: PathBuf },
    #[error("this network needs gaze features; name their store")]
    NoGaze,
    #[error("the file was computed with another network, other features or other settings; name another one, or remove it: {}", .0.display())]
    OtherRun(PathBuf),
    #[error("cannot write the predictions: {error}: {}", path.display())]
    Write { error: std::io::Error, path: PathBuf },
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// What is run, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct SplitConfig {
    /// Part `i` of `n`, from 1; clips are dealt out in turn.
    pub shard: (usize, usize),
    /// Only these queries; empty is all.
    pub only: Vec<String>,
    /// Windows kept of each query.
    pub keep: usize,
    /// The texts' padding follows from batches of this size, as in the reference's own runs
    /// (16); 1 is each by itself.
    pub text_batch: usize,
    /// What stands behind each text that is by itself.
    pub text_padding: TextPadding,
    /// Clips and queries without features are left out and reported.
    pub skip_absent: bool,
}

impl SplitConfig {
    /// As the file of predictions records it.
    pub fn settings(&self, inputs: &Inputs) -> Value {
        let set = |set: &FeatureSet| {
            json!({
                "level": set.level,
                "stride_frames": set.stride_frames,
                "fps": set.fps,
                "offset_secs": set.offset_secs,
            })
        };
        json!({
            "shard": [self.shard.0, self.shard.1],
            "keep": self.keep,
            "text_batch": self.text_batch,
            "text_padding": self.text_padding,
            "video": set(&inputs.video),
            "gaze": inputs.gaze.as_ref().map(set),
            "recorded_gaze": inputs.recorded.is_some(),
        })
    }
}

/// What became of a run.
#[derive(Clone, Debug, Default)]
pub struct SplitReport {
    pub computed: usize,
    /// Found in the file from an earlier run.
    pub resumed: usize,
    /// Left out, with the reason.
    pub absent: Vec<(QueryKey, String)>,
    /// Clips longer than the network's array, and how many overlapping pieces each was cut into.
    pub in_pieces: BTreeMap<String, usize>,
}

/// Runs the network over a split and writes each answer as it comes.
pub fn localize_split(
    network: &GroundNlq,
    annotations: &AnnotationFile,
    inputs: &Inputs,
    config: &SplitConfig,
    provenance: &Provenance,
    output: &Path,
    ctx: &JobCtx,
) -> Result<SplitReport, SplitError> {
    if network.estimator().is_some() && inputs.gaze.is_none() {
        return Err(SplitError::NoGaze);
    }
    let jobs = jobs_of(annotations, config)?;
    let paddings = paddings_of(annotations, inputs, config, ctx)?;
    let (mut file, done) = open_output(output, provenance)?;
    let write_error = |error| SplitError::Write { error, path: output.to_owned() };
    let mut report = SplitReport::default();
    let total: usize = jobs.iter().map(|(_, queries)| queries.len()).sum();
    ctx.stage("Localizing");
    let mut seen = 0;
    for (clip, queries) in jobs {
        let mut encoded = None;
        for (place, query) in queries {
            ctx.step(seen, total as u64)?;
            seen += 1;
            let key = clip.key_of(query);
            if done.contains(&key) {
                report.resumed += 1;
                continue;
            }
            let text_padding = paddings.get(place).copied().unwrap_or(config.text_padding);
            let how = Ask { text_padding, keep: Some(config.keep), explain: false };
            // the clip is encoded for its first query
            let clip_or_error = match encoded.take() {
                Some(encoded) => Ok(encoded),
                None => encode(network, inputs, clip),
            };
            let found = clip_or_error.and_then(|clip| ask(network, inputs, encoded.insert(clip), &key, &how));
            match found {
                Ok(found) => {
                    if found.pieces > 1 {
                        report.in_pieces.insert(clip.clip_uid.clone(), found.pieces);
                    }
                    let windows = windows_of(&found);
                    let prediction = Prediction { key, query: Some(query.text.clone()), windows };
                    file.write_all(format!("{}\n", our_line(&prediction)).as_bytes()).map_err(write_error)?;
                    report.computed += 1;
                }
                Err(SplitError::Store(error @ StoreError::Absent { .. })) if config.skip_absent => {
                    report.absent.push((key, error.to_string()));
                }
                Err(error @ SplitError::NoRecording(_)) if config.skip_absent => {
                    report.absent.push((key, error.to_string()));
                }
                Err(error) => return Err(error),
            }
        }
    }
    file.sync_all().map_err(write_error)?;
    Ok(report)
}

/// As prediction files have them.
pub fn windows_of(found: &Grounding) -> Vec<Window> {
    let windows = found.windows.iter().map(|w| Window {
        start: f64::from(w.start),
        end: f64::from(w.end),
        score: Some(f64::from(w.score)),
    });
    windows.collect()
}

type ClipJobs<'a> = (&'a AnnotatedClip, Vec<(usize, &'a AnnotatedQuery)>);

/// The queries of this shard by clip, each with its place among all queries of the file.
fn jobs_of<'a>(
    annotations: &'a AnnotationFile,
    config: &SplitConfig,
) -> Result<Vec<ClipJobs<'a>>, SplitError> {
    let (part, parts) = config.shard;
    let mut place = 0;
    let mut jobs = Vec::new();
    let mut wanted: HashSet<&str> = config.only.iter().map(String::as_str).collect();
    for (i, clip) in annotations.clips.iter().enumerate() {
        let first = place;
        place += clip.queries.len();
        let queries = clip.queries.iter().enumerate().map(|(k, query)| (first + k, query));
        let is_wanted = |query: &AnnotatedQuery| {
            config.only.is_empty() || config.only.contains(&clip.key_of(query).query_id())
        };
        let queries: Vec<_> = queries.filter(|(_, query)| is_wanted(query)).collect();
        for (_, query) in &queries {
            wanted.remove(clip.key_of(query).query_id().as_str());
        }
        if !queries.is_empty() && i % parts == part - 1 {
            jobs.push((clip, queries));
        }
    }
    match wanted.into_iter().next() {
        Some(id) => Err(SplitError::UnknownQuery(id.to_owned())),
        None => Ok(jobs),
    }
}

/// What stands behind each text when the reference takes the whole file in batches.
fn paddings_of(
    annotations: &AnnotationFile,
    inputs: &Inputs,
    config: &SplitConfig,
    ctx: &JobCtx,
) -> Result<Vec<TextPadding>, SplitError> {
    if config.text_batch <= 1 {
        return Ok(Vec::new());
    }
    ctx.stage("Reading the lengths of the texts");
    let total = annotations.queries().count() as u64;
    let mut tokens = Vec::new();
    for (i, (clip, query)) in annotations.queries().enumerate() {
        ctx.step(i as u64, total)?;
        tokens.push(inputs.text.get(&clip.key_of(query).query_id(), TEXT_ARRAYS)?.dims()[0]);
    }
    Ok(TextPadding::in_batches(&tokens, config.text_batch))
}

/// A fresh file with its header, or the one of the same run, ready for the next line.
fn open_output(
    path: &Path,
    provenance: &Provenance,
) -> Result<(std::fs::File, HashSet<QueryKey>), SplitError> {
    let error = |error| SplitError::Write { error, path: path.to_owned() };
    let mut done = HashSet::new();
    let mut whole = 0;
    if std::fs::metadata(path).is_ok_and(|m| m.len() > 0) {
        let earlier = PredictionFile::load(path)?;
        if earlier.provenance.as_ref() != Some(provenance) {
            return Err(SplitError::OtherRun(path.to_owned()));
        }
        whole = earlier.whole_bytes;
        done.extend(earlier.predictions.into_iter().map(|p| p.key));
    }
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(path).map_err(error)?;
    file.set_len(whole).map_err(error)?;
    file.seek(SeekFrom::End(0)).map_err(error)?;
    if whole == 0 {
        file.write_all(format!("{}\n", our_header(provenance)).as_bytes()).map_err(error)?;
    }
    Ok((file, done))
}
