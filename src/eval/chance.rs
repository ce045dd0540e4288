//! What luck finds: windows as long as the annotated moments, anywhere in the clip.

use super::random::SplitMix;
use super::{Prediction, Window};
use crate::project::AnnotationFile;

/// Predictions of somebody who knows how long moments are, and nothing else: each query gets `keep`
/// windows, as long as moments of this file picked by chance. Queries of clips without a length are
/// left out.
pub fn by_chance(annotations: &AnnotationFile, keep: usize, seed: u64) -> Vec<Prediction> {
    let mut random = SplitMix(seed);
    let lengths: Vec<f64> = annotations
        .queries()
        .flat_map(|(_, query)| &query.windows)
        .map(|[start, end]| (end - start).max(0.0))
        .collect();
    let mut predictions = Vec::new();
    for (clip, query) in annotations.queries() {
        let Some(duration) = clip.duration_secs.filter(|_| !query.windows.is_empty()) else { continue };
        let windows = (0..keep).map(|_| {
            let length = lengths[random.below(lengths.len())].min(duration);
            let start = random.fraction() * (duration - length);
            Window { start, end: start + length, score: None }
        });
        predictions.push(Prediction { key: clip.key_of(query), query: None, windows: windows.collect() });
    }
    predictions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{Measures, evaluate};

    #[test]
    fn luck_finds_as_much_as_geometry_says() {
        // one moment of a tenth of the clip in its middle: a window of the same length overlaps by more
        // than a third of the hull if it starts within half a length, and that is a ninth of all places
        let queries: String = (0..400)
            .map(|i| {
                format!(
                    "{}{{\"query\":\"q?\",\"clip_start_sec\":45,\"clip_end_sec\":55}}",
                    if i == 0 { "" } else { "," }
                )
            })
            .collect();
        let file = format!(
            "{{\"videos\":[{{\"video_uid\":\"v\",\"clips\":[{{\"clip_uid\":\"c\",\"video_start_sec\":0,\"video_end_sec\":100,\"annotations\":[{{\"annotation_uid\":\"a\",\"language_queries\":[{queries}]}}]}}]}}]}}"
        );
        let annotations = AnnotationFile::parse(file.as_bytes()).unwrap();
        let found = by_chance(&annotations, 5, 1);
        let measures = Measures { thresholds: vec![1.0 / 3.0], top_k: vec![1, 5], resamples: 0, seed: 1 };
        let scores = evaluate(&annotations, &found, &measures).unwrap().official;
        let recall: Vec<f64> = scores.recall.values().copied().collect();
        assert!((recall[0] - 1.0 / 9.0).abs() < 0.05, "{recall:?}");
        assert!((recall[1] - (1.0 - (8.0f64 / 9.0).powi(5))).abs() < 0.08, "{recall:?}");
    }
}
