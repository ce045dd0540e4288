//! What other settings after the network would have given, from stored candidates: Soft-NMS, minimum
//! score, number kept, time offset, and the class oracles. No network runs.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::failure::{Diagnosis, FailureConfig, Oracle, QuerySet, Ranked};
use super::{EvalError, Prediction, Window};
use crate::grounding::{NmsConfig, NmsMethod, Window as NmsWindow, nms_indices};
use crate::project::FEATURE_STEP_SECS;

/// The reference returns windows half a feature step late; this takes it back. Seconds.
pub const HALF_STEP_SECS: f64 = -0.5 * FEATURE_STEP_SECS;

/// Candidate windows of every query, in the queries' order.
#[derive(Clone, Debug)]
pub struct Candidates {
    lists: Vec<Vec<Window>>,
    /// They are what the network gave, before Soft-NMS. Otherwise scores have faded once already and
    /// what was dropped stays dropped, so another sigma is an approximation.
    pub is_raw: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WhatIf {
    /// Soft-NMS with this sigma over the candidates; their own order without.
    pub sigma: Option<f32>,
    /// Windows below this are dropped.
    pub min_score: f32,
    /// Windows that remain of each query; all without.
    pub keep: Option<usize>,
    /// Added to every start and end, which stay inside the clip.
    pub offset_secs: f64,
    /// Repairs of first windows, all at once.
    pub oracles: Vec<Oracle>,
}

impl WhatIf {
    /// Flags of `gazenlq analyze` with their values; repairs have none.
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        let plain = Self::default();
        let mut found = Vec::new();
        found.extend(self.sigma.map(|sigma| ("--sigma", sigma.to_string())));
        found
            .extend((self.min_score != plain.min_score).then(|| ("--min-score", self.min_score.to_string())));
        found.extend(self.keep.map(|keep| ("--keep", keep.to_string())));
        let is_moved = self.offset_secs != plain.offset_secs;
        found.extend(is_moved.then(|| ("--offset", self.offset_secs.to_string())));
        found
    }
}

impl Candidates {
    pub fn new(set: &QuerySet, predictions: &[Prediction], is_raw: bool) -> Result<Self, EvalError> {
        let lists = set.align(predictions)?;
        let lists =
            lists.into_iter().map(|at| at.map_or_else(Vec::new, |at| predictions[at].windows.clone()));
        Ok(Self { lists: lists.collect(), is_raw })
    }

    /// Candidates before Soft-NMS, one list a query in the queries' order.
    pub fn raw<'a>(lists: impl Iterator<Item = &'a [Window]>) -> Self {
        Self { lists: lists.map(<[Window]>::to_vec).collect(), is_raw: true }
    }

    /// The windows that a model's diagnosis looks at.
    pub fn stored(ranked: &Ranked) -> Self {
        let lists = (0..ranked.len()).map(|query| ranked.windows(query).to_vec());
        Self { lists: lists.collect(), is_raw: false }
    }
}

/// Diagnoses the model as if it had run with these settings.
pub fn what_if(
    set: &QuerySet,
    candidates: &Candidates,
    settings: &WhatIf,
    config: &FailureConfig,
) -> Diagnosis {
    let lists: Vec<Vec<Window>> = candidates
        .lists
        .par_iter()
        .zip(&set.queries)
        .map(|(list, query)| {
            let mut kept = kept(list, settings);
            kept.truncate(settings.keep.unwrap_or(usize::MAX).min(config.kept));
            let end = set.clip_of(query).duration_secs.unwrap_or(f64::INFINITY);
            let moved = |secs: f64| (secs + settings.offset_secs).clamp(0.0, end.max(0.0));
            if settings.offset_secs != 0.0 {
                kept.iter_mut().for_each(|w| (w.start, w.end) = (moved(w.start), moved(w.end)));
            }
            kept
        })
        .collect();
    let ranked = Ranked::from_lists("what if", set, lists.iter().map(Vec::as_slice));
    let diagnosis = Diagnosis::new(set, ranked, config.clone());
    if settings.oracles.is_empty() { diagnosis } else { repaired(set, &diagnosis, lists, &settings.oracles) }
}

fn kept(list: &[Window], settings: &WhatIf) -> Vec<Window> {
    let Some(sigma) = settings.sigma else {
        let is_high = |w: &&Window| w.score.is_none_or(|score| score >= f64::from(settings.min_score));
        return list.iter().filter(is_high).copied().collect();
    };
    // windows without scores keep their order: a score that falls with the rank
    let score =
        |(rank, w): (usize, &Window)| w.score.unwrap_or_else(|| super::ensemble::pseudo_score(rank)) as f32;
    let windows: Vec<NmsWindow> = list
        .iter()
        .enumerate()
        .map(|(i, w)| NmsWindow { start: w.start as f32, end: w.end as f32, score: score((i, w)) })
        .filter(|w| w.score >= settings.min_score)
        .collect();
    let places: Vec<usize> =
        (0..list.len()).filter(|i| score((*i, &list[*i])) >= settings.min_score).collect();
    let config = NmsConfig {
        method: NmsMethod::Soft,
        sigma,
        min_score: settings.min_score,
        keep: settings.keep.unwrap_or(usize::MAX),
        ..NmsConfig::default()
    };
    let chosen = nms_indices(&windows, &config).into_iter();
    chosen.map(|(i, score)| Window { score: Some(f64::from(score)), ..list[places[i]] }).collect()
}

/// The same with the oracles' windows in front.
fn repaired(
    set: &QuerySet,
    diagnosis: &Diagnosis,
    mut lists: Vec<Vec<Window>>,
    oracles: &[Oracle],
) -> Diagnosis {
    for (place, list) in lists.iter_mut().enumerate() {
        if let (Some(geometry), Some(first)) = (&diagnosis.geometry[place], list.first_mut()) {
            let finding = &diagnosis.findings[place];
            [first.start, first.end] =
                super::failure::repaired(&diagnosis.ranked, place, finding, geometry, oracles);
        }
    }
    let ranked = Ranked::from_lists("what if", set, lists.iter().map(Vec::as_slice));
    Diagnosis::new(set, ranked, diagnosis.config.clone())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::eval::failure::Class;
    use crate::grounding::nms;
    use crate::project::AnnotationFile;

    #[test]
    fn settings_become_flags_and_the_stored_answers_need_none() {
        assert!(WhatIf::default().arguments().is_empty());
        let moved = WhatIf { sigma: Some(0.5), keep: Some(3), offset_secs: -1.5, ..WhatIf::default() };
        let words: Vec<String> =
            moved.arguments().into_iter().map(|(flag, value)| format!("{flag} {value}")).collect();
        assert_eq!(words, ["--sigma 0.5", "--keep 3", "--offset -1.5"]);
    }

    fn set() -> QuerySet {
        let json =
            br#"{"videos":[{"video_uid":"v","clips":[{"clip_uid":"c","video_start_sec":0,"video_end_sec":200,
            "annotations":[{"annotation_uid":"a","language_queries":[
            {"query":"one?","clip_start_sec":100,"clip_end_sec":110}]}]}]}]}"#;
        QuerySet::new(&AnnotationFile::parse(json).expect("reads"), &FailureConfig::default())
    }

    fn candidates(set: &QuerySet, windows: &[[f64; 3]]) -> Candidates {
        let windows =
            windows.iter().map(|[start, end, s]| Window { start: *start, end: *end, score: Some(*s) });
        let prediction =
            Prediction { key: set.queries[0].key.clone(), query: None, windows: windows.collect() };
        Candidates::new(set, &[prediction], true).expect("fits")
    }

    #[test]
    fn a_strict_sigma_lets_the_alternative_through() {
        let set = set();
        // five near-duplicates of a wrong answer stand before the right one
        let windows: Vec<[f64; 3]> = (0..5)
            .map(|i| [20.0 + 0.1 * f64::from(i), 30.0, 0.9 - 0.01 * f64::from(i)])
            .chain([[100.0, 110.0, 0.4]])
            .collect();
        let raw = candidates(&set, &windows);
        let class = |sigma| {
            let settings = WhatIf { sigma, keep: Some(5), ..WhatIf::default() };
            what_if(&set, &raw, &settings, &FailureConfig::default()).findings[0].class
        };
        assert_eq!((class(None), class(Some(0.1))), (Class::Background, Class::Ranking));
    }

    #[test]
    fn an_offset_moves_windows_and_keeps_them_in_the_clip() {
        let set = set();
        let raw = candidates(&set, &[[100.25, 110.25, 0.9], [199.0, 200.0, 0.5]]);
        let settings = WhatIf { offset_secs: -0.25, ..WhatIf::default() };
        let found = what_if(&set, &raw, &settings, &FailureConfig::default());
        assert_eq!(found.ranked.first_iou(0), 1.0);
        let settings = WhatIf { offset_secs: 5.0, ..WhatIf::default() };
        let late = what_if(&set, &raw, &settings, &FailureConfig::default());
        assert_eq!(late.ranked.windows(0)[1].end, 200.0);
    }

    #[test]
    fn oracles_lift_the_class_that_they_repair() {
        let set = set();
        let raw = candidates(&set, &[[20.0, 30.0, 0.9], [101.0, 110.0, 0.5]]);
        let settings = WhatIf { oracles: vec![Oracle::Ranking], ..WhatIf::default() };
        let found = what_if(&set, &raw, &settings, &FailureConfig::default());
        assert_eq!((found.findings[0].class, found.ranked.first_iou(0)), (Class::Correct, 0.9));
        let settings = WhatIf { oracles: vec![Oracle::BothEdges], ..WhatIf::default() };
        let found = what_if(&set, &raw, &settings, &FailureConfig::default());
        assert_eq!(found.findings[0].class, Class::Ranking);
    }

    proptest! {
        /// From the network's candidates it chooses what the network's own suppression does.
        #[test]
        fn raw_candidates_give_what_nms_gives(
            raw in proptest::collection::vec((0.0..180.0f64, 0.5..20.0f64, 0.0..1.0f64), 0..40),
            sigma in 0.05..2.0f32, min_score in 0.0..0.3f32, keep in 1usize..10,
        ) {
            let set = set();
            let windows: Vec<[f64; 3]> = raw.iter().map(|(a, l, s)| [*a, a + l, *s]).collect();
            let settings = WhatIf { sigma: Some(sigma), min_score, keep: Some(keep), ..WhatIf::default() };
            let found = what_if(&set, &candidates(&set, &windows), &settings, &FailureConfig::default());
            let single: Vec<NmsWindow> = windows
                .iter()
                .map(|[a, b, s]| NmsWindow { start: *a as f32, end: *b as f32, score: *s as f32 })
                .filter(|w| w.score >= min_score)
                .collect();
            let expected = nms(&single, &NmsConfig { sigma, min_score, keep, ..NmsConfig::default() });
            let got: Vec<(f32, f32)> = found.ranked.windows(0).iter().map(|w| (w.start as f32, w.end as f32)).collect();
            prop_assert_eq!(got, expected.iter().map(|w| (w.start, w.end)).collect::<Vec<_>>());
        }
    }
}
