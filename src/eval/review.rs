//! In which order a person should look at cases: first where models agree and are wrong, then what
//! is wrong with confidence, then close calls, then a random sample that keeps estimates unbiased.

use serde::{Deserialize, Serialize};

use super::compare::compare;
use super::failure::{Class, Diagnosis, Flag, QuerySet};
use super::random::SplitMix;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewReason {
    AgreeButWrong,
    OverConfident,
    CloseCall,
    Sample,
}

impl ReviewReason {
    pub fn name(self) -> &'static str {
        match self {
            Self::AgreeButWrong => "models agree, both are wrong",
            Self::OverConfident => "wrong with confidence",
            Self::CloseCall => "close to the threshold",
            Self::Sample => "random sample",
        }
    }
}

/// Each query once, for the first reason that it has. The first model is the one under review.
pub fn review_queue(set: &QuerySet, models: &[&Diagnosis], sample: usize) -> Vec<(usize, ReviewReason)> {
    let [model, others @ ..] = models else { return Vec::new() };
    let config = &model.config;
    let mut queue = Queue { is_queued: vec![false; set.len()], cases: Vec::new() };
    for other in others {
        queue.add(ReviewReason::AgreeButWrong, compare(set, model, other).agree_but_wrong);
    }
    let usable = || (0..set.len()).filter(|q| model.findings[*q].class != Class::InvalidTruth);
    let score = |q: usize| model.ranked.first(q).and_then(|w| w.score).unwrap_or(f64::NEG_INFINITY);
    let mut confident: Vec<usize> =
        usable().filter(|q| model.findings[*q].flags.has(Flag::OverConfident)).collect();
    confident.sort_by(|a, b| score(*b).total_cmp(&score(*a)));
    queue.add(ReviewReason::OverConfident, confident);
    let distance = |q: usize| (model.ranked.first_iou(q) - config.theta).abs();
    let mut close: Vec<usize> = usable().filter(|q| distance(*q) < config.close_call).collect();
    close.sort_by(|a, b| distance(*a).total_cmp(&distance(*b)));
    queue.add(ReviewReason::CloseCall, close);
    queue.add(ReviewReason::Sample, drawn(usable().collect(), sample, config.seed));
    queue.cases
}

struct Queue {
    is_queued: Vec<bool>,
    cases: Vec<(usize, ReviewReason)>,
}

impl Queue {
    fn add(&mut self, reason: ReviewReason, queries: Vec<usize>) {
        for query in queries {
            if !std::mem::replace(&mut self.is_queued[query], true) {
                self.cases.push((query, reason));
            }
        }
    }
}

/// Without putting back.
fn drawn(mut from: Vec<usize>, count: usize, seed: u64) -> Vec<usize> {
    let mut random = SplitMix(seed);
    let count = count.min(from.len());
    for i in 0..count {
        let other = i + random.below(from.len() - i);
        from.swap(i, other);
    }
    from.truncate(count);
    from
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::failure::{FailureConfig, Ranked};
    use crate::eval::{Prediction, Window};
    use crate::project::AnnotationFile;

    #[test]
    fn each_case_stands_once_under_its_first_reason() {
        let queries: Vec<String> = (0..40)
            .map(|i| format!(r#"{{"query":"what {i}?","clip_start_sec":100,"clip_end_sec":110}}"#))
            .collect();
        let json = format!(
            r#"{{"videos":[{{"video_uid":"v","clips":[{{"clip_uid":"c","video_start_sec":0,"video_end_sec":500,"annotations":[{{"annotation_uid":"a","language_queries":[{}]}}]}}]}}]}}"#,
            queries.join(",")
        );
        let config = FailureConfig::default();
        let set = QuerySet::new(&AnnotationFile::parse(json.as_bytes()).expect("reads"), &config);
        let model = |window: &dyn Fn(usize) -> [f64; 3]| {
            let predictions: Vec<Prediction> = set
                .queries
                .iter()
                .enumerate()
                .map(|(i, q)| {
                    let [start, end, score] = window(i);
                    Prediction {
                        key: q.key.clone(),
                        query: None,
                        windows: vec![Window { start, end, score: Some(score) }],
                    }
                })
                .collect();
            Diagnosis::new(&set, Ranked::new("m", &set, &predictions, 50).expect("fits"), config.clone())
        };
        let right = [100.0, 110.0, 0.5];
        // 0 is wrong in the same way in both, with confidence; 1 is wrong with confidence; 2 is nearly right
        let a = model(&|i| [[300.0, 310.0, 0.9], [400.0, 410.0, 0.8], [100.0, 102.9, 0.1], right][i.min(3)]);
        let b = model(&|i| if i == 0 { [300.0, 310.0, 0.9] } else { right });
        let queue = review_queue(&set, &[&a, &b], 10);
        let expected = [
            (0, ReviewReason::AgreeButWrong),
            (1, ReviewReason::OverConfident),
            (2, ReviewReason::CloseCall),
        ];
        assert_eq!(queue[..3], expected);
        assert!(queue[3..].iter().all(|(q, reason)| *q > 2 && *reason == ReviewReason::Sample), "{queue:?}");
        assert!((7..=10).contains(&queue[3..].len()));
        assert_eq!(review_queue(&set, &[&a, &b], 10), queue);
    }
}
