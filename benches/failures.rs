//! The failure analysis at the size of five models on Ego4D's validation split.
//!
//! `cargo bench --bench failures`. Made-up data: 4,552 queries on 380 clips, 5 models, 50 windows a
//! query. Prints how long it takes to open the files, to classify again at another θ, to classify
//! again with every threshold changed, to draw up all reports, and to try another sigma.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints its result")]

use std::fmt::Write as _;
use std::time::Instant;

use gazenlq::eval::PredictionFile;
use gazenlq::eval::compare::compare;
use gazenlq::eval::failure::{Diagnosis, FailureConfig, QuerySet, Ranked, groupings};
use gazenlq::eval::predictions::{our_header, our_line};
use gazenlq::eval::what_if::{Candidates, WhatIf, what_if};
use gazenlq::eval::{Prediction, Provenance, Window};
use gazenlq::job::JobCtx;
use gazenlq::project::AnnotationFile;
use rayon::prelude::*;

const CLIPS: usize = 380;
const QUERIES: usize = 4552;
const MODELS: usize = 5;
const WINDOWS: usize = 50;
const CLIP_SECS: f64 = 480.0;

/// Numbers in 0..1 that are the same every time.
fn noise(seed: u64) -> f64 {
    let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ z >> 31) >> 11) as f64 / (1u64 << 53) as f64
}

fn annotations() -> String {
    let mut text = r#"{"videos":[{"video_uid":"v","clips":["#.to_owned();
    for clip in 0..CLIPS {
        let _ = write!(
            text,
            r#"{}{{"clip_uid":"c{clip}","video_start_sec":0,"video_end_sec":{CLIP_SECS},"annotations":[{{"annotation_uid":"a{clip}","language_queries":["#,
            if clip > 0 { "," } else { "" }
        );
        for (n, query) in (clip..QUERIES).step_by(CLIPS).enumerate() {
            let start = noise(query as u64) * 460.0;
            let end = start + 0.5 + noise(query as u64 + 77_777) * 15.0;
            let _ = write!(
                text,
                r#"{}{{"query":"where is object {} ?","template":"Objects: template {}","slot_x":"object {}","clip_start_sec":{start},"clip_end_sec":{end}}}"#,
                if n > 0 { "," } else { "" },
                query % 900,
                query % 13,
                query % 900
            );
        }
        text += "]}]}";
    }
    text + "]}]}"
}

fn predictions(set: &QuerySet, model: usize) -> String {
    let mut text = format!("{}\n", our_header(&Provenance::default()));
    for (i, query) in set.queries.iter().enumerate() {
        let window = |k: usize| {
            let seed = ((model * QUERIES + i) * WINDOWS + k) as u64 * 2;
            let start = noise(seed) * 470.0;
            Window { start, end: start + 0.5 + noise(seed + 1) * 20.0, score: Some(1.0 - k as f64 / 50.0) }
        };
        let windows = (0..WINDOWS).map(window).collect();
        let line = our_line(&Prediction { key: query.key.clone(), query: None, windows });
        text += &format!("{line}\n");
    }
    text
}

fn timed<T>(what: &str, times: usize, mut work: impl FnMut() -> T) -> T {
    let mut all = Vec::new();
    let mut last = None;
    for _ in 0..times {
        let start = Instant::now();
        last = Some(work());
        all.push(start.elapsed().as_secs_f64() * 1e3);
    }
    all.sort_by(f64::total_cmp);
    println!("{what:<44} {:8.1} ms  (median of {times}, worst {:.1})", all[times / 2], all[times - 1]);
    last.unwrap()
}

fn main() {
    let config = FailureConfig::default();
    let text = annotations();
    let folder = std::env::temp_dir().join(format!("gazenlq-failures-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.json"), &text).unwrap();
    let set = QuerySet::new(&AnnotationFile::parse(text.as_bytes()).unwrap(), &config);
    for model in 0..MODELS {
        std::fs::write(folder.join(format!("{model}.jsonl")), predictions(&set, model)).unwrap();
    }
    println!(
        "{} queries, {MODELS} models, {WINDOWS} windows, {} threads",
        set.len(),
        rayon::current_num_threads()
    );
    let open = || {
        let annotations = AnnotationFile::load(&folder.join("a.json")).unwrap();
        let set = QuerySet::new(&annotations, &config);
        let models: Vec<Diagnosis> = (0..MODELS)
            .into_par_iter()
            .map(|model| {
                let file = PredictionFile::load(&folder.join(format!("{model}.jsonl"))).unwrap();
                let ranked = Ranked::new("m", &set, &file.predictions, config.kept).unwrap();
                Diagnosis::new(&set, ranked, config.clone())
            })
            .collect();
        (set, models)
    };
    let (set, mut models) = timed("open annotations and predictions", 3, open);
    let mut theta = 0.1;
    timed("classify again at another theta", 21, || {
        theta += 0.03;
        let config = FailureConfig { theta, ..config.clone() };
        models.iter_mut().for_each(|model| model.reclassify(&set, config.clone()));
    });
    timed("classify again with all thresholds changed", 21, || {
        theta -= 0.03;
        let config = FailureConfig { theta, background_iou: theta / 2.0, ..config.clone() };
        models.iter_mut().for_each(|model| model.reclassify(&set, config.clone()));
    });
    let groups = groupings(&set, None);
    timed("all reports", 5, || models.iter().map(|m| m.report(&set, &groups)).collect::<Vec<_>>());
    timed("chance of confusion, one model", 3, || {
        models[0].chance_of_confusion(&set, &JobCtx::detached()).ok()
    });
    timed("compare two models", 5, || compare(&set, &models[0], &models[1]));
    let stored = Candidates::stored(&models[0].ranked);
    let settings = WhatIf { sigma: Some(0.4), keep: Some(5), ..WhatIf::default() };
    timed("what if: another sigma, one model", 5, || what_if(&set, &stored, &settings, &config));
    std::fs::remove_dir_all(&folder).unwrap();
}
