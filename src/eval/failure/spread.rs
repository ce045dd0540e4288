//! The findings over IoU and over θ: a histogram split by class, and the class mix from strict to
//! lenient.

use serde::Serialize;

use super::{FailureConfig, Finding, Geometry, QuerySet, Ranked, class_counts, classify};

/// Bins of the histogram: twentieths, so that 0.1, 0.3 and 0.5 are edges of bins.
pub const IOU_BINS: usize = 20;

/// First windows by IoU: `bins[i][class]` counts IoUs from i/20 on; the last bin has 1 as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IouHistogram {
    pub bins: Vec<[usize; 9]>,
    /// Without a window, or with an IoU of 0/0.
    pub undefined: usize,
}

pub fn iou_histogram(ranked: &Ranked, findings: &[Finding]) -> IouHistogram {
    let mut histogram = IouHistogram { bins: vec![[0; 9]; IOU_BINS], undefined: 0 };
    for (place, finding) in findings.iter().enumerate() {
        match ranked.ious(place).first().filter(|iou| !iou.is_nan()) {
            Some(iou) => {
                let bin = ((iou * IOU_BINS as f64) as usize).min(IOU_BINS - 1);
                histogram.bins[bin][finding.class.number()] += 1;
            }
            None => histogram.undefined += 1,
        }
    }
    histogram
}

/// Class counts at one θ.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AtTheta {
    pub theta: f64,
    pub counts: [usize; 9],
}

/// θ from 0.1 to 0.9: how the class mix depends on it.
pub fn theta_stack(
    set: &QuerySet,
    ranked: &Ranked,
    geometry: &[Option<Geometry>],
    config: &FailureConfig,
) -> Vec<AtTheta> {
    (1..=9)
        .map(|tenth| {
            let theta = f64::from(tenth) / 10.0;
            let config = FailureConfig { theta, ..config.clone() };
            AtTheta { theta, counts: class_counts(&classify(set, ranked, geometry, &config)) }
        })
        .collect()
}
