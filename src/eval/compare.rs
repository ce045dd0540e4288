//! Two models on the same queries: who is right where, whether the difference is more than chance,
//! and how failures turn into other failures.

use serde::Serialize;

use super::bootstrap::{Interval, intervals_of_means};
use super::failure::{Class, Diagnosis, FailureConfig, QuerySet};
use super::hull_iou;

/// Queries by who is right at θ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Flips {
    pub both: usize,
    pub only_a: usize,
    pub only_b: usize,
    pub neither: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    pub a: String,
    pub b: String,
    pub theta: f64,
    pub flips: Flips,
    /// Two-sided exact McNemar test: how likely so uneven flips are when the models are equally good.
    pub mcnemar_p: f64,
    /// B less A over every query, with the middle 95 % of draws of whole clips.
    pub r1_gain: f64,
    pub r1_interval: Interval,
    pub mean_iou_gain: f64,
    pub mean_iou_interval: Interval,
    /// Rows are A's classes 0 to 8, columns B's.
    pub transitions: [[usize; 9]; 9],
    /// What choosing the better of both answers each time would reach.
    pub oracle_r1: f64,
    pub oracle_mean_iou: f64,
    /// Queries where both give the same wrong answer, the most alike first: the question is
    /// ambiguous, or its truth is wrong.
    pub agree_but_wrong: Vec<usize>,
}

impl Comparison {
    /// Whose queries are right, in words, and how many there are.
    pub fn flip_rows(&self) -> [(String, usize); 4] {
        let Flips { both, only_a, only_b, neither } = self.flips;
        [
            ("both".to_owned(), both),
            (format!("only {}", self.a), only_a),
            (format!("only {}", self.b), only_b),
            ("neither".to_owned(), neither),
        ]
    }
}

pub fn compare(set: &QuerySet, a: &Diagnosis, b: &Diagnosis) -> Comparison {
    let config = &a.config;
    let n = set.len() as f64;
    let pairs: Vec<[f64; 2]> = scatter(set, a, b);
    let is_right = |iou: f64| iou > config.theta;
    let mut flips = Flips::default();
    for [iou_a, iou_b] in &pairs {
        *match (is_right(*iou_a), is_right(*iou_b)) {
            (true, true) => &mut flips.both,
            (true, false) => &mut flips.only_a,
            (false, true) => &mut flips.only_b,
            (false, false) => &mut flips.neither,
        } += 1;
    }
    let mut transitions = [[0; 9]; 9];
    for (from, to) in a.findings.iter().zip(&b.findings) {
        transitions[from.class.number()][to.class.number()] += 1;
    }
    let gains = pairs.iter().zip(&set.queries).map(|([iou_a, iou_b], query)| {
        let right = f64::from(is_right(*iou_b)) - f64::from(is_right(*iou_a));
        (query.clip, vec![right, iou_b - iou_a])
    });
    let spread = intervals_of_means(gains, 2, config.resamples, config.seed);
    Comparison {
        a: a.ranked.name.clone(),
        b: b.ranked.name.clone(),
        theta: config.theta,
        flips,
        mcnemar_p: mcnemar(flips.only_a, flips.only_b),
        r1_gain: (flips.only_b as f64 - flips.only_a as f64) / n,
        r1_interval: spread[0],
        mean_iou_gain: pairs.iter().map(|[a, b]| b - a).sum::<f64>() / n,
        mean_iou_interval: spread[1],
        transitions,
        oracle_r1: (set.len() - flips.neither) as f64 / n,
        oracle_mean_iou: pairs.iter().map(|[a, b]| a.max(*b)).sum::<f64>() / n,
        agree_but_wrong: agree_but_wrong(set, a, b, config),
    }
}

/// IoU of both first windows, a point a query. Without a window, or where it is 0/0, it is 0.
pub fn scatter(set: &QuerySet, a: &Diagnosis, b: &Diagnosis) -> Vec<[f64; 2]> {
    let iou = |model: &Diagnosis, query: usize| {
        Some(model.ranked.first_iou(query)).filter(|i| !i.is_nan()).unwrap_or(0.0)
    };
    (0..set.len()).map(|query| [iou(a, query), iou(b, query)]).collect()
}

/// The queries of one cell of the transition matrix, those whose IoU changed most first.
pub fn cell(set: &QuerySet, a: &Diagnosis, b: &Diagnosis, from: Class, to: Class) -> Vec<usize> {
    let pairs = scatter(set, a, b);
    let mut cases: Vec<usize> =
        (0..set.len()).filter(|q| a.findings[*q].class == from && b.findings[*q].class == to).collect();
    let change = |query: usize| (pairs[query][1] - pairs[query][0]).abs();
    cases.sort_by(|x, y| change(*y).total_cmp(&change(*x)));
    cases
}

fn agree_but_wrong(set: &QuerySet, a: &Diagnosis, b: &Diagnosis, config: &FailureConfig) -> Vec<usize> {
    let mut found: Vec<(usize, f64)> = (0..set.len())
        .filter(|q| {
            [a, b]
                .iter()
                .all(|model| !matches!(model.findings[*q].class, Class::Correct | Class::InvalidTruth))
        })
        .filter_map(|q| {
            let (first, second) = (a.ranked.first(q)?, b.ranked.first(q)?);
            Some((q, hull_iou([first.start, first.end], [second.start, second.end])))
        })
        .filter(|(_, iou)| *iou > config.agreement_iou)
        .collect();
    found.sort_by(|x, y| y.1.total_cmp(&x.1));
    found.into_iter().map(|(query, _)| query).collect()
}

/// Twice the chance of a fair coin giving at most the smaller count, at most 1.
pub fn mcnemar(only_a: usize, only_b: usize) -> f64 {
    let n = only_a + only_b;
    let few = only_a.min(only_b);
    // binomial terms over 2^n, in logarithms so that a thousand flips do not underflow
    let mut log_term = -(n as f64) * std::f64::consts::LN_2;
    let mut tail = 0.0;
    for k in 0..=few {
        tail += log_term.exp();
        log_term += ((n - k) as f64).ln() - ((k + 1) as f64).ln();
    }
    (2.0 * tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::eval::failure::Ranked;
    use crate::eval::{Prediction, Window};
    use crate::project::AnnotationFile;

    #[test]
    fn mcnemar_is_the_textbooks() {
        // R: binom.test(b, b + c)$p.value
        for (b, c, p) in [(0, 0, 1.0), (5, 5, 1.0), (1, 9, 0.021_484_375), (10, 25, 0.016_673_847_800_120_71)]
        {
            assert!((mcnemar(b, c) - p).abs() < 1e-10, "{b} and {c}: {}", mcnemar(b, c));
        }
        let many = mcnemar(400, 600);
        assert!(many > 0.0 && many < 1e-9, "{many}");
    }

    fn set(clips: usize, each: usize) -> QuerySet {
        let clips: Vec<_> = (0..clips)
            .map(|c| {
                let queries: Vec<_> = (0..each)
                    .map(|q| format!(r#"{{"query":"what {q}?","clip_start_sec":{},"clip_end_sec":{}}}"#, q * 20, q * 20 + 10))
                    .collect();
                format!(r#"{{"clip_uid":"c{c}","video_start_sec":0,"video_end_sec":500,"annotations":[{{"annotation_uid":"a{c}","language_queries":[{}]}}]}}"#, queries.join(","))
            })
            .collect();
        let json = format!(r#"{{"videos":[{{"video_uid":"v","clips":[{}]}}]}}"#, clips.join(","));
        QuerySet::new(&AnnotationFile::parse(json.as_bytes()).expect("reads"), &FailureConfig::default())
    }

    /// Each answer is its truth moved by so many seconds.
    fn model(set: &QuerySet, late_secs: impl Fn(usize) -> f64) -> Diagnosis {
        let predictions: Vec<Prediction> = set
            .queries
            .iter()
            .enumerate()
            .map(|(i, query)| {
                let [start, end] = query.truths[0].map(|t| t + late_secs(i));
                Prediction {
                    key: query.key.clone(),
                    query: None,
                    windows: vec![Window { start, end, score: Some(0.5) }],
                }
            })
            .collect();
        let config = FailureConfig::default();
        Diagnosis::new(set, Ranked::new("m", set, &predictions, 50).expect("fits"), config)
    }

    #[test]
    fn flips_and_transitions_name_their_queries() {
        let set = set(2, 4);
        let good = model(&set, |_| 0.0);
        let other = model(&set, |i| [0.0, 9.0, 9.1, 6.0, 300.0, 0.0, 0.0, 0.0][i]);
        let found = compare(&set, &other, &good);
        assert_eq!(found.flips, Flips { both: 4, only_a: 0, only_b: 4, neither: 0 });
        assert_eq!((found.r1_gain, found.oracle_r1, found.mcnemar_p), (0.5, 1.0, 0.125));
        assert_eq!(found.transitions[Class::Boundary.number()][Class::Correct.number()], 1);
        let near = cell(&set, &other, &good, Class::NearMiss, Class::Correct);
        assert_eq!(near, [2, 1], "the one that changed more comes first");
    }

    #[test]
    fn the_same_wrong_answer_is_to_be_reviewed() {
        let set = set(1, 3);
        let a = model(&set, |i| [300.0, 300.0, 0.0][i]);
        let b = model(&set, |i| [301.0, 300.0, 0.0][i]);
        assert_eq!(compare(&set, &a, &b).agree_but_wrong, [1, 0]);
    }

    proptest! {
        #[test]
        fn swapping_the_models_turns_everything_round(moves in proptest::collection::vec((0.0..15.0f64, 0.0..15.0f64), 12)) {
            let set = set(3, 4);
            let (a, b) = (model(&set, |i| moves[i].0), model(&set, |i| moves[i].1));
            let (ab, ba) = (compare(&set, &a, &b), compare(&set, &b, &a));
            prop_assert_eq!((ab.flips.only_a, ab.flips.only_b), (ba.flips.only_b, ba.flips.only_a));
            prop_assert_eq!((ab.mcnemar_p, ab.oracle_r1), (ba.mcnemar_p, ba.oracle_r1));
            prop_assert!((ab.r1_gain + ba.r1_gain).abs() < 1e-12);
            prop_assert!((ab.r1_interval.low + ba.r1_interval.high).abs() < 1e-9);
            prop_assert!((0..9).all(|i| (0..9).all(|j| ab.transitions[i][j] == ba.transitions[j][i])));
            prop_assert!(ab.r1_interval.low <= ab.r1_gain + 1e-12 && ab.r1_gain <= ab.r1_interval.high + 1e-12);
        }
    }
}
