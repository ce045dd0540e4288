//! Small made-up splits: one for each class, sub-class and flag, and the laws that hold for all.

use proptest::prelude::*;

use super::*;
use crate::eval::{Measures, Prediction, Window, evaluate};
use crate::job::JobCtx;
use crate::project::annotations::UnaskedQuery;
use crate::project::{AnnotatedClip, AnnotatedQuery, AnnotationFile, QueryKey, Slots, Verdict};

const CLIP_SECS: f64 = 200.0;

fn query(idx: usize, text: &str, window: [f64; 2]) -> AnnotatedQuery {
    AnnotatedQuery {
        annotation_uid: "a".into(),
        query_idx: idx,
        text: text.into(),
        template: None,
        slots: Slots::default(),
        windows: vec![window],
    }
}

fn clip(queries: Vec<AnnotatedQuery>) -> AnnotationFile {
    let clip = AnnotatedClip {
        clip_uid: "c".into(),
        duration_secs: Some(CLIP_SECS),
        queries,
        ..AnnotatedClip::default()
    };
    AnnotationFile { clips: vec![clip], ..AnnotationFile::default() }
}

fn key(query_idx: usize) -> QueryKey {
    QueryKey { clip_uid: "c".into(), annotation_uid: "a".into(), query_idx }
}

fn prediction(query_idx: usize, windows: &[[f64; 3]]) -> Prediction {
    let window = |[start, end, score]: &[f64; 3]| Window { start: *start, end: *end, score: Some(*score) };
    Prediction { key: key(query_idx), query: None, windows: windows.iter().map(window).collect() }
}

/// The first query's finding when the file holds these truths and the model says these windows.
fn find(truths: &[(&str, [f64; 2])], windows: &[[f64; 2]]) -> Finding {
    find_with(truths, windows, &FailureConfig::default(), |ranked| ranked)
}

fn find_with(
    truths: &[(&str, [f64; 2])],
    windows: &[[f64; 2]],
    config: &FailureConfig,
    change: impl Fn(Ranked) -> Ranked,
) -> Finding {
    let queries = truths.iter().enumerate().map(|(i, (text, window))| query(i, text, *window));
    let set = QuerySet::new(&clip(queries.collect()), config);
    let scored: Vec<[f64; 3]> =
        windows.iter().enumerate().map(|(i, [a, b])| [*a, *b, 0.9 - 0.1 * i as f64]).collect();
    let ranked = Ranked::new("m", &set, &[prediction(0, &scored)], config.kept).expect("fits");
    Diagnosis::new(&set, change(ranked), config.clone()).findings[0]
}

const WHERE: &str = "Where is the cup?";
const TRUTH: [f64; 2] = [100.0, 110.0];
const FAR: [f64; 2] = [20.0, 30.0];

#[test]
fn every_class_has_its_case() {
    let one = [(WHERE, TRUTH)];
    for (class, truths, windows) in [
        (Class::InvalidTruth, vec![(WHERE, [50.0, 50.0])], vec![[50.0, 51.0]]),
        (Class::InvalidTruth, vec![(WHERE, [195.0, 200.06])], vec![[195.0, 200.0]]),
        (Class::InvalidTruth, vec![("?", TRUTH)], vec![TRUTH]),
        (Class::Correct, vec![(WHERE, [195.0, 200.04])], vec![[195.0, 200.0]]),
        (Class::Correct, one.to_vec(), vec![TRUTH]),
        (Class::Ranking, one.to_vec(), vec![FAR, TRUTH]),
        (Class::Boundary, one.to_vec(), vec![[100.0, 102.0]]),
        (Class::OtherOccurrence, vec![(WHERE, TRUTH), ("where is  THE cup", FAR)], vec![FAR]),
        (Class::QueryConfusion, vec![(WHERE, TRUTH), ("Who came in?", FAR)], vec![FAR]),
        (Class::NearMiss, one.to_vec(), vec![[112.0, 115.0]]),
        (Class::NearMiss, one.to_vec(), vec![[80.0, 90.0]]),
        // it overlaps, but by less than b0
        (Class::NearMiss, one.to_vec(), vec![[109.5, 130.0]]),
        (Class::Background, one.to_vec(), vec![FAR]),
        (Class::NoPrediction, one.to_vec(), vec![]),
    ] {
        assert_eq!(find(&truths, &windows).class, class, "{truths:?} {windows:?}");
    }
}

#[test]
fn the_first_definition_that_fits_wins() {
    // right further down, though the first answer is another question's moment
    assert_eq!(find(&[(WHERE, TRUTH), ("Who?", FAR)], &[FAR, TRUTH]).class, Class::Ranking);
    // the sixth is no answer any more
    let late = [FAR, FAR, FAR, FAR, FAR, TRUTH];
    let found = find(&[(WHERE, TRUTH)], &late);
    assert_eq!((found.class, found.right_rank), (Class::Background, Some(6)));
    // another question's moment that overlaps this one explains nothing
    let overlapping = find(&[(WHERE, [100.0, 110.0]), ("Who?", [101.0, 102.0])], &[[101.0, 102.0]]);
    assert_eq!(overlapping.class, Class::Boundary);
    // the same words count before other words
    let both = find(&[(WHERE, TRUTH), ("Who?", FAR), (WHERE, [20.0, 31.0])], &[FAR]);
    assert_eq!((both.class, both.hit), (Class::OtherOccurrence, Some(2)));
    // a moment that a person has accepted
    let accepted = |mut ranked: Ranked| {
        ranked.accepted = Some(vec![vec![FAR], vec![]]);
        ranked
    };
    let found = find_with(&[(WHERE, TRUTH), ("Who?", FAR)], &[FAR], &FailureConfig::default(), accepted);
    assert_eq!((found.class, found.hit), (Class::OtherOccurrence, None));
}

#[test]
fn an_iou_at_theta_is_wrong_and_one_at_b0_touches() {
    let half = FailureConfig { theta: 0.5, ..FailureConfig::default() };
    let at_theta = find_with(&[(WHERE, TRUTH)], &[[100.0, 105.0]], &half, |r| r);
    assert_eq!((at_theta.class, at_theta.right_rank), (Class::Boundary, None));
    let above = find_with(&[(WHERE, TRUTH)], &[[100.0, 105.001]], &half, |r| r);
    assert_eq!(above.class, Class::Correct);
    // 1/8 is exact in binary
    let eighth = FailureConfig { background_iou: 0.125, ..FailureConfig::default() };
    let at_b0 = find_with(&[(WHERE, [96.0, 104.0])], &[[96.0, 97.0]], &eighth, |r| r);
    assert_eq!((at_b0.class, at_b0.recovery), (Class::Boundary, Some(Recovery::TouchedInTopK)));
    let below = find_with(&[(WHERE, [96.0, 104.0])], &[[96.0, 96.999]], &eighth, |r| r);
    assert_eq!(below.class, Class::NearMiss);
}

#[test]
fn near_misses_reach_five_seconds_or_the_truths_own_length() {
    let class = |truth, window| find(&[(WHERE, truth)], &[window]).class;
    assert_eq!(class([100.0, 101.0], [106.0, 108.0]), Class::NearMiss);
    assert_eq!(class([100.0, 101.0], [106.1, 108.0]), Class::Background);
    assert_eq!(class([100.0, 120.0], [140.0, 141.0]), Class::NearMiss);
    assert_eq!(class([100.0, 120.0], [140.1, 141.0]), Class::Background);
}

#[test]
fn every_boundary_kind_has_its_case() {
    for (kind, window) in [
        (BoundaryKind::FirstPart, [101.0, 103.5]),
        (BoundaryKind::LastPart, [106.5, 109.0]),
        (BoundaryKind::MiddlePart, [104.0, 106.0]),
        (BoundaryKind::Bloated, [90.0, 125.0]),
        (BoundaryKind::EarlyShift, [95.0, 102.0]),
        (BoundaryKind::LateShift, [108.0, 115.0]),
        // exactly as long, hence neither truncated nor bloated
        (BoundaryKind::LateShift, [107.0, 117.0]),
    ] {
        let found = find(&[(WHERE, TRUTH)], &[window]);
        assert_eq!((found.class, found.boundary), (Class::Boundary, Some(kind)), "{window:?}");
    }
    assert_eq!(find(&[(WHERE, TRUTH)], &[FAR, TRUTH]).boundary, None);
}

#[test]
fn every_flag_has_its_case() {
    let has = |flag, truths: &[(&str, [f64; 2])], windows: &[[f64; 2]]| find(truths, windows).flags.has(flag);
    let long = [(WHERE, [100.0, 131.0])];
    assert!(has(Flag::LongTruncation, &long, &[[100.0, 106.0]]));
    assert!(!has(Flag::LongTruncation, &[(WHERE, [100.0, 130.0])], &[[100.0, 106.0]]));
    assert!(!has(Flag::LongTruncation, &long, &[[90.0, 150.0]]));

    let short = [(WHERE, [100.0, 100.9])];
    assert!(has(Flag::ShortMiss, &short, &[FAR]));
    assert!(has(Flag::ShortMiss, &short, &[]));
    assert!(!has(Flag::ShortMiss, &short, &[FAR, [100.0, 100.9]]));
    assert!(!has(Flag::ShortMiss, &[(WHERE, [100.0, 101.0])], &[FAR]));

    let pieces = [[100.0, 102.5], [107.5, 110.0]];
    assert!(has(Flag::Split, &[(WHERE, TRUTH)], &pieces));
    assert!(!has(Flag::Split, &[(WHERE, TRUTH)], &pieces[..1]));
    assert!(!has(Flag::Split, &[(WHERE, TRUTH)], &[[100.0, 101.0], [101.0, 102.0]]));

    let two = [(WHERE, TRUTH), ("Who?", [112.0, 114.0])];
    assert!(has(Flag::Merge, &two, &[[100.0, 121.0]]));
    assert!(!has(Flag::Merge, &two, &[[100.0, 115.0]]), "not twice as long");
    assert!(!has(Flag::Merge, &[(WHERE, TRUTH), ("Who?", [105.0, 106.0])], &[[100.0, 121.0]]), "not apart");

    let duplicates = [[20.0, 30.0], [21.0, 31.0], [20.0, 31.0], [60.0, 62.0]];
    assert!(has(Flag::DuplicateCrowded, &[(WHERE, TRUTH)], &duplicates));
    assert!(!has(Flag::DuplicateCrowded, &[(WHERE, TRUTH)], &duplicates[..2]));
    assert!(!has(Flag::DuplicateCrowded, &[(WHERE, FAR)], &duplicates), "it is correct");

    // 0.4 s from a whole step on: one step of 0.535 s is the best that the grid allows
    let step = FailureConfig::default().step_secs;
    let tiny = [(WHERE, [100.0 * step, 100.0 * step + 0.4])];
    assert!(has(Flag::GridLimited, &tiny, &[[100.0 * step, 101.0 * step]]));
    assert!(!has(Flag::GridLimited, &tiny, &[[100.0 * step, 103.0 * step]]));
    assert!(!has(Flag::GridLimited, &[(WHERE, [100.0, 100.0 + 2.0 * step])], &[[100.0, 100.0 + 2.0 * step]]));

    assert!(has(Flag::ClipEdge, &[(WHERE, [0.9, 3.0])], &[FAR]));
    assert!(has(Flag::ClipEdge, &[(WHERE, [190.0, 199.1])], &[FAR]));
    assert!(!has(Flag::ClipEdge, &[(WHERE, [1.0, 199.0])], &[FAR]));

    let rerun = |iou| {
        move |mut ranked: Ranked| {
            ranked.rerun_iou = Some(vec![Some(iou)]);
            ranked
        }
    };
    let config = FailureConfig::default();
    assert!(find_with(&[(WHERE, TRUTH)], &[FAR], &config, rerun(0.49)).flags.has(Flag::Unstable));
    assert!(!find_with(&[(WHERE, TRUTH)], &[FAR], &config, rerun(0.5)).flags.has(Flag::Unstable));

    let short_windows = FailureConfig { max_steps: 300.0, ..config.clone() };
    assert!(find_with(&[(WHERE, TRUTH)], &[FAR], &short_windows, |r| r).flags.has(Flag::WindowCut));
    assert!(!has(Flag::WindowCut, &[(WHERE, TRUTH)], &[FAR]));

    // from 105 s the edges are 5 s, or 9.3 steps, away: level 0 reaches 4 steps, level 2 from 4 to 16
    let from = |level| {
        move |mut ranked: Ranked| {
            ranked.origins = Some(vec![Some(Origin { level, secs: 105.0 })]);
            ranked
        }
    };
    assert!(find_with(&[(WHERE, TRUTH)], &[FAR], &config, from(0)).flags.has(Flag::ScaleMismatch));
    assert!(!find_with(&[(WHERE, TRUTH)], &[FAR], &config, from(2)).flags.has(Flag::ScaleMismatch));
}

#[test]
fn over_confident_is_above_most_correct_scores() {
    let truths = (0..12).map(|i| query(i, &format!("question {i}?"), [100.0, 110.0])).collect();
    let config = FailureConfig::default();
    let set = QuerySet::new(&clip(truths), &config);
    // eleven correct ones with scores 0.0 to 1.0: the 80th percentile is 0.8
    let mut predictions: Vec<Prediction> =
        (0..11).map(|i| prediction(i, &[[100.0, 110.0, i as f64 / 10.0]])).collect();
    let mut flagged = |score| {
        predictions.truncate(11);
        predictions.push(prediction(11, &[[20.0, 30.0, score]]));
        let ranked = Ranked::new("m", &set, &predictions, 50).expect("fits");
        Diagnosis::new(&set, ranked, config.clone()).findings[11].flags.has(Flag::OverConfident)
    };
    assert!(flagged(0.81) && !flagged(0.8));
}

#[test]
fn recoverability_is_read_from_the_answers_outwards() {
    let recovery = |windows: &[[f64; 2]], raw: Option<f64>| {
        let with_raw = |mut ranked: Ranked| {
            ranked.raw_best = raw.map(|iou| vec![iou]);
            ranked
        };
        find_with(&[(WHERE, TRUTH)], windows, &FailureConfig::default(), with_raw).recovery
    };
    let mut late = vec![FAR; 5];
    assert_eq!(recovery(&[TRUTH], None), None);
    assert_eq!(recovery(&[FAR, TRUTH], None), Some(Recovery::InTopK));
    assert_eq!(recovery(&[FAR, [100.0, 102.0]], None), Some(Recovery::TouchedInTopK));
    assert_eq!(recovery(&late, None), Some(Recovery::NotStored));
    assert_eq!(recovery(&late, Some(0.31)), Some(Recovery::Suppressed));
    assert_eq!(recovery(&late, Some(0.3)), Some(Recovery::NotProposed));
    late.push(TRUTH);
    assert_eq!(recovery(&late, Some(1.0)), Some(Recovery::CutOff));
    assert_eq!(recovery(&[], None), Some(Recovery::NotStored));
}

#[test]
fn ranking_cases_know_their_rank_gap_and_crowd() {
    let found = find(&[(WHERE, TRUTH)], &[FAR, [20.0, 29.0], [150.0, 160.0], TRUTH]);
    assert_eq!((found.right_rank, found.crowding), (Some(4), 2));
    assert!((found.score_gap.expect("scores") - 0.3).abs() < 1e-12);
}

#[test]
fn oracles_repair_what_they_name() {
    let truths = vec![
        query(0, "ranking?", [100.0, 110.0]),
        query(1, "boundary?", [50.0, 60.0]),
        query(2, "confusion?", [150.0, 160.0]),
    ];
    let config = FailureConfig::default();
    let set = QuerySet::new(&clip(truths), &config);
    let predictions = [
        prediction(0, &[[5.0, 6.0, 0.9], [100.0, 110.0, 0.5]]),
        prediction(1, &[[57.0, 67.0, 0.9]]),
        prediction(2, &[[100.0, 110.0, 0.9]]),
    ];
    let ranked = Ranked::new("m", &set, &predictions, 50).expect("fits");
    let diagnosis = Diagnosis::new(&set, ranked, config);
    let found = diagnosis.report(&set, &[]).impacts;
    // 3 of 17 s are shared
    let before = 3.0 / 17.0;
    assert!((found.mean_iou - before / 3.0).abs() < 1e-12);
    let gains: Vec<f64> = found.alone.iter().map(|i| i.mean_iou_gain * 3.0).collect();
    let expected = [1.0, 10.0 / 17.0 - before, 3.0 / 10.0 - before, 1.0 - before, 1.0];
    for (gain, expected) in gains.iter().zip(expected) {
        assert!((gain - expected).abs() < 1e-12, "{gains:?}");
    }
    assert!((found.progressive.last().expect("four").1 - 1.0).abs() < 1e-12);
    assert!(found.alone.iter().all(|i| i.cases == 1));
}

#[test]
fn chance_is_what_the_seed_says_and_lies_near_what_geometry_gives() {
    let config = FailureConfig { placements: 4000, ..FailureConfig::default() };
    let truths = vec![query(0, "one?", [10.0, 20.0]), query(1, "two?", [100.0, 110.0])];
    let set = QuerySet::new(&clip(truths), &config);
    let ranked = Ranked::new("m", &set, &[prediction(0, &[[60.0, 70.0, 0.9]])], 50).expect("fits");
    let chance = Diagnosis::new(&set, ranked, config)
        .chance_of_confusion(&set, &JobCtx::detached())
        .expect("nobody cancels");
    // IoU above 0.3 of two windows of 10 s: nearer than 70/13 s, on a room of 190 s; one of two queries
    let expected = 2.0 * (70.0 / 13.0) / 190.0 / 2.0;
    assert!((chance - expected).abs() < 0.006, "{chance}, expected {expected}");
}

#[test]
fn wilson_intervals_are_the_textbooks() {
    // Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29
    for (count, n, low, high) in
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
    {
        let found = wilson(count, n);
        assert!(
            (found.low - low).abs() < 1e-4 && (found.high - high).abs() < 1e-4,
            "{count} of {n}: {found:?}"
        );
    }
}

#[test]
fn small_groups_are_grey_and_not_compared() {
    let config = FailureConfig { small_group: 3, ..FailureConfig::default() };
    let truths = (0..9).map(|i| query(i, &format!("question {i}?"), [100.0, 110.0])).collect();
    let set = QuerySet::new(&clip(truths), &config);
    // the first group of four has one right, the second of four has two, the third is a lone right one
    let right = [1, 4, 5, 8];
    let predictions: Vec<Prediction> = (0..9)
        .map(|i| prediction(i, &[if right.contains(&i) { [100.0, 110.0, 0.5] } else { [20.0, 30.0, 0.5] }]))
        .collect();
    let grouping = Grouping {
        name: "made up".into(),
        labels: ["first", "second", "third"].map(String::from).to_vec(),
        of: (0..9).map(|i| Some(i / 4)).collect(),
    };
    let ranked = Ranked::new("m", &set, &predictions, 50).expect("fits");
    let found = profile(&grouping, &Diagnosis::new(&set, ranked, config.clone()).findings, &config);
    assert_eq!(found.sensitivity, Some(2.0));
    assert_eq!(found.groups.iter().map(|g| g.is_small).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!((found.groups[0].r1, found.overall_r1), (0.25, 4.0 / 9.0));
}

#[test]
fn a_model_that_knows_how_sure_it_is_has_no_calibration_error() {
    let config = FailureConfig::default();
    let truths = (0..40).map(|i| query(i, &format!("question {i}?"), [100.0, 110.0])).collect();
    let set = QuerySet::new(&clip(truths), &config);
    // 20 with score 0.25 of which 5 are right, 20 with 0.75 of which 15 are
    let is_right = |i: usize| if i < 20 { i < 5 } else { i < 35 };
    let window = |i: usize| if is_right(i) { [100.0, 110.0] } else { [20.0, 30.0] };
    let predictions: Vec<Prediction> = (0..40)
        .map(|i| prediction(i, &[[window(i)[0], window(i)[1], if i < 20 { 0.25 } else { 0.75 }]]))
        .collect();
    let ranked = Ranked::new("m", &set, &predictions, 50).expect("fits");
    let found = calibration(&set, &ranked, &config);
    assert_eq!((found.scored, found.expected_error), (40, Some(0.0)));
    let points: Vec<_> = found.risk_coverage.iter().map(|p| (p.coverage, p.risk)).collect();
    assert_eq!(points, [(0.5, 0.25), (1.0, 0.5)]);
}

#[test]
fn verdicts_stand_beside_the_official_score() {
    let truths = (0..4).map(|i| query(i, &format!("question {i}?"), [100.0, 110.0])).collect();
    let config = FailureConfig::default();
    let set = QuerySet::new(&clip(truths), &config);
    let predictions: Vec<Prediction> = (0..3)
        .map(|i| prediction(i, &[if i == 0 { [100.0, 110.0, 0.5] } else { [20.0, 30.0, 0.5] }]))
        .collect();
    let ranked = Ranked::new("m", &set, &predictions, 50).expect("fits");
    let model = Diagnosis::new(&set, ranked, config);
    // one answer accepted, one truth wrong, and there is no answer to the fourth that could be accepted
    let verdict = |key: &QueryKey| {
        [None, Some(Verdict::BothAcceptable), Some(Verdict::TruthWrong), Some(Verdict::BothAcceptable)]
            [key.query_idx]
    };
    let found = adjusted(&set, &model, verdict);
    assert_eq!((found.queries, found.removed, found.accepted, found.r1), (3, 1, 1, 2.0 / 3.0));
    let none = adjusted(&set, &model, |_| None);
    assert_eq!((none.queries, none.r1), (4, 0.25));
}

#[test]
fn several_true_moments_count_as_the_one_that_fits_best() {
    let mut annotations = clip(vec![query(0, WHERE, TRUTH)]);
    annotations.clips[0].queries[0].windows.push(FAR);
    let config = FailureConfig::default();
    let set = QuerySet::new(&annotations, &config);
    let ranked = Ranked::new("m", &set, &[prediction(0, &[[20.0, 22.0, 0.5]])], 50).expect("fits");
    let diagnosis = Diagnosis::new(&set, ranked, config);
    assert_eq!(diagnosis.findings[0].boundary, Some(BoundaryKind::FirstPart));
    assert_eq!(diagnosis.geometry[0].expect("a window").truth, FAR);
}

/// A few clips with questions, some unusable, and predictions for most of them.
fn splits() -> impl Strategy<Value = (AnnotationFile, Vec<Prediction>)> {
    // whole and half seconds, so that equal IoUs and touching edges are common
    let secs = |max: i32| (0..max * 2).prop_map(|half| f64::from(half) / 2.0);
    let one = (
        0usize..3,
        0usize..6,
        secs(100),
        secs(12),
        proptest::collection::vec((secs(100), secs(12), 0u8..20), 0..8),
        0u8..10,
    );
    proptest::collection::vec(one, 1..40).prop_map(|rows| {
        let mut clips: Vec<AnnotatedClip> = (0..3)
            .map(|i| AnnotatedClip {
                clip_uid: format!("c{i}"),
                duration_secs: Some(105.0),
                ..AnnotatedClip::default()
            })
            .collect();
        let mut predictions = Vec::new();
        for (idx, (place, words, start, length, windows, kind)) in rows.into_iter().enumerate() {
            let annotation_uid = "a".to_owned();
            let windows_of_truth = vec![[start, start + length]];
            if kind == 0 {
                clips[place].unasked.push(UnaskedQuery {
                    annotation_uid,
                    query_idx: idx,
                    windows: windows_of_truth,
                });
            } else {
                let text = format!("question {words}?");
                clips[place]
                    .queries
                    .push(AnnotatedQuery { windows: windows_of_truth, ..query(idx, &text, [0.0; 2]) });
            }
            if kind != 1 {
                let key = QueryKey { clip_uid: format!("c{place}"), ..key(idx) };
                let window = |(a, l, s): (f64, f64, u8)| Window {
                    start: a,
                    end: a + l + 0.5,
                    score: Some(f64::from(s) / 20.0),
                };
                predictions.push(Prediction {
                    key,
                    query: None,
                    windows: windows.into_iter().map(window).collect(),
                });
            }
        }
        clips.retain(|clip| !clip.queries.is_empty() || !clip.unasked.is_empty());
        (AnnotationFile { clips, ..AnnotationFile::default() }, predictions)
    })
}

proptest! {
    #[test]
    fn classes_partition_the_queries_and_agree_with_the_official_recalls((annotations, predictions) in splits()) {
        prop_assume!(!predictions.is_empty());
        let config = FailureConfig::default();
        let set = QuerySet::new(&annotations, &config);
        let ranked = Ranked::new("m", &set, &predictions, config.kept).expect("fits");
        let thresholds: Vec<f64> = (1..=9).map(|t| f64::from(t) / 10.0).collect();
        let measures = Measures { thresholds: thresholds.clone(), top_k: vec![1, 5], resamples: 0, seed: 1 };
        let official = evaluate(&annotations, &predictions, &measures).expect("scores").official;
        let mut diagnosis = Diagnosis::new(&set, ranked, config.clone());
        for theta in thresholds {
            diagnosis.reclassify(&set, FailureConfig { theta, ..config.clone() });
            let counts = class_counts(&diagnosis.findings);
            prop_assert_eq!(counts.iter().sum::<usize>(), set.len());
            let head = header(&set, &diagnosis.ranked, &diagnosis.findings, &diagnosis.config);
            let count = |recall: &str| official.recall[&format!("{recall}@{theta}")] * official.denominator as f64;
            prop_assert!((count("R5") - (head.correct_or_ranking + head.right_of_invalid) as f64).abs() < 1e-9);
            prop_assert!((count("R1") - head.r1 * set.len() as f64).abs() < 1e-9);
            prop_assert_eq!(counts[0], head.invalid);
            prop_assert!(diagnosis.findings.iter().all(|f| (f.class == Class::Boundary) == f.boundary.is_some()));
            let is_explained = |f: &Finding| f.recovery.is_some() != matches!(f.class, Class::Correct | Class::InvalidTruth);
            prop_assert!(diagnosis.findings.iter().all(is_explained));
        }
        let stack = theta_stack(&set, &diagnosis.ranked, &diagnosis.geometry, &config);
        prop_assert!(stack.iter().all(|at| at.counts.iter().sum::<usize>() == set.len()));
        prop_assert_eq!(stack[8].counts, class_counts(&diagnosis.findings));
    }

    #[test]
    fn the_order_of_the_file_changes_nothing((annotations, predictions) in splits(), turn in 0usize..40) {
        prop_assume!(!predictions.is_empty());
        let config = FailureConfig { placements: 3, ..FailureConfig::default() };
        let set = QuerySet::new(&annotations, &config);
        let report = |predictions: &[Prediction]| {
            let ranked = Ranked::new("m", &set, predictions, config.kept).expect("fits");
            let diagnosis = Diagnosis::new(&set, ranked, config.clone());
            let report = diagnosis.report(&set, &groupings(&set, None));
            (diagnosis.findings.clone(), serde_json::to_string(&report).expect("plain"), diagnosis.chance_of_confusion(&set, &JobCtx::detached()))
        };
        let mut shuffled = predictions.clone();
        shuffled.rotate_left(turn % predictions.len());
        shuffled.reverse();
        prop_assert_eq!(report(&predictions), report(&shuffled));
    }

    #[test]
    fn a_new_theta_gives_what_a_fresh_start_would((annotations, predictions) in splits(), theta in 0.0..1.0f64, b0 in 0.0..0.4f64) {
        prop_assume!(!predictions.is_empty());
        let config = FailureConfig::default();
        let set = QuerySet::new(&annotations, &config);
        let ranked = Ranked::new("m", &set, &predictions, config.kept).expect("fits");
        let changed = FailureConfig { theta, background_iou: b0, ..config.clone() };
        let mut again = Diagnosis::new(&set, ranked.clone(), config);
        again.reclassify(&set, changed.clone());
        let fresh = Diagnosis::new(&set, ranked, changed);
        prop_assert_eq!(again.findings, fresh.findings);
    }
}
