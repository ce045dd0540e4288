//! The questions of a split as the failure analysis holds them: numbered, grouped by clip, with
//! their true moments and whether those can be used.

use std::collections::HashMap;
use std::ops::Range;

use serde::Serialize;

use super::FailureConfig;
use crate::eval::{EvalError, Prediction};
use crate::project::{AnnotationFile, QueryKey, Slots};

/// Why a query cannot be diagnosed. It still counts in the official figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TruthFault {
    NoWords,
    NoLength,
    OutsideClip,
}

impl TruthFault {
    pub fn meaning(self) -> &'static str {
        match self {
            Self::NoWords => "the query has no text",
            Self::NoLength => "a true moment has no length",
            Self::OutsideClip => "a true moment lies outside its clip",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Query {
    pub key: QueryKey,
    /// Position in [`QuerySet::clips`].
    pub clip: usize,
    /// Empty for an entry without words.
    pub text: String,
    /// The text in lower case, words alone: equal for questions that differ in spelling only.
    pub words: String,
    /// Position in [`QuerySet::templates`].
    pub template: Option<usize>,
    pub slots: Slots,
    /// True moments in clip seconds; several in QVHighlights.
    pub truths: Vec<[f64; 2]>,
    pub fault: Option<TruthFault>,
    /// Which of the clip's annotations it is of, counted from 0.
    pub annotation: usize,
}

impl Query {
    /// Length of the first true moment, seconds.
    pub fn length(&self) -> f64 {
        self.truths[0][1] - self.truths[0][0]
    }
}

#[derive(Clone, Debug)]
pub struct Clip {
    pub uid: String,
    pub video_uid: String,
    pub duration_secs: Option<f64>,
    /// Its queries' positions in [`QuerySet::queries`].
    pub queries: Range<usize>,
}

/// Every query with a true moment, clip by clip, in the order of the annotation file.
#[derive(Clone, Debug)]
pub struct QuerySet {
    pub queries: Vec<Query>,
    pub clips: Vec<Clip>,
    /// In alphabetical order.
    pub templates: Vec<String>,
    /// The annotations say that their clips were made up.
    pub is_synthetic: bool,
    places: HashMap<QueryKey, usize>,
}

impl QuerySet {
    pub fn new(annotations: &AnnotationFile, config: &FailureConfig) -> Self {
        let mut templates: Vec<String> =
            annotations.queries().filter_map(|(_, q)| q.template.as_deref()).map(template_name).collect();
        templates.sort_unstable();
        templates.dedup();
        let mut queries: Vec<Query> = Vec::new();
        let mut clips = Vec::new();
        let mut places = HashMap::new();
        for (clip_place, clip) in annotations.clips.iter().enumerate() {
            let first = queries.len();
            let mut annotation_uids: Vec<&str> = Vec::new();
            let asked = clip.queries.iter().map(|q| {
                let template = q.template.as_deref().map(template_name);
                let template = template.and_then(|name| templates.binary_search(&name).ok());
                (&q.annotation_uid, q.query_idx, q.text.clone(), template, q.slots.clone(), &q.windows)
            });
            let unasked = clip
                .unasked
                .iter()
                .map(|q| (&q.annotation_uid, q.query_idx, String::new(), None, Slots::default(), &q.windows));
            for (uid, query_idx, text, template, slots, windows) in asked.chain(unasked) {
                let annotation = annotation_uids.iter().position(|seen| *seen == uid).unwrap_or_else(|| {
                    annotation_uids.push(uid);
                    annotation_uids.len() - 1
                });
                let key =
                    QueryKey { clip_uid: clip.clip_uid.clone(), annotation_uid: uid.clone(), query_idx };
                if windows.is_empty() || places.contains_key(&key) {
                    continue;
                }
                places.insert(key.clone(), queries.len());
                let words = words_of(&text);
                let fault = fault_of(&words, windows, clip.duration_secs, config);
                queries.push(Query {
                    key,
                    clip: clip_place,
                    text,
                    words,
                    template,
                    slots,
                    truths: windows.clone(),
                    fault,
                    annotation,
                });
            }
            clips.push(Clip {
                uid: clip.clip_uid.clone(),
                video_uid: clip.video_uid.clone(),
                duration_secs: clip.duration_secs,
                queries: first..queries.len(),
            });
        }
        Self { queries, clips, templates, is_synthetic: annotations.is_synthetic, places }
    }

    pub fn len(&self) -> usize {
        self.queries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.queries.is_empty()
    }

    pub fn place_of(&self, key: &QueryKey) -> Option<usize> {
        self.places.get(key).copied()
    }

    pub fn clip_of(&self, query: &Query) -> &Clip {
        &self.clips[query.clip]
    }

    pub fn template_of(&self, query: &Query) -> Option<&str> {
        query.template.map(|t| self.templates[t].as_str())
    }

    /// The other usable queries of a query's clip.
    pub fn neighbours(&self, place: usize) -> impl Iterator<Item = (usize, &Query)> {
        let range = self.clips[self.queries[place].clip].queries.clone();
        range.map(|i| (i, &self.queries[i])).filter(move |(i, q)| *i != place && q.fault.is_none())
    }

    /// For each query the first prediction of it, as positions in `predictions`.
    pub(in crate::eval) fn align(&self, predictions: &[Prediction]) -> Result<Vec<Option<usize>>, EvalError> {
        let mut found = vec![None; self.len()];
        let mut unknown: Vec<&QueryKey> = Vec::new();
        for (at, prediction) in predictions.iter().enumerate() {
            match self.place_of(&prediction.key) {
                Some(place) if found[place].is_none() => found[place] = Some(at),
                Some(_) => {}
                None => unknown.push(&prediction.key),
            }
        }
        match unknown.as_slice() {
            [] => Ok(found),
            [first, ..] => Err(EvalError::UnknownQueries { count: unknown.len(), first: (*first).clone() }),
        }
    }
}

/// Ego4D writes one template with a blank before its question mark, and one with a curly apostrophe.
pub fn template_name(template: &str) -> String {
    template.replace('\u{2019}', "'").replace(" ?", "?").trim().to_owned()
}

fn words_of(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

fn fault_of(
    words: &str,
    truths: &[[f64; 2]],
    duration: Option<f64>,
    config: &FailureConfig,
) -> Option<TruthFault> {
    let end_of_clip = duration.unwrap_or(f64::INFINITY) + config.outside_secs;
    if words.is_empty() {
        return Some(TruthFault::NoWords);
    }
    // written so that a NaN is a fault as well
    if !truths.iter().all(|[start, end]| end > start) {
        return Some(TruthFault::NoLength);
    }
    let is_inside = |[start, end]: &[f64; 2]| *start >= -config.outside_secs && *end <= end_of_clip;
    (!truths.iter().all(is_inside)).then_some(TruthFault::OutsideClip)
}
