//! Where it fails: recall (sensitivity) and misses by group, with intervals, and never a rank for a
//! group that is too small.

use serde::Serialize;

use super::{Class, FailureConfig, Finding, Grouping};
use crate::eval::Interval;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Profile {
    pub characteristic: String,
    pub groups: Vec<Group>,
    /// Recall at 1 over all diagnosed queries: the line across the bars.
    pub overall_r1: f64,
    pub overall_miss: f64,
    /// Highest recall by lowest, among the groups that are large enough; none when one is 0 or fewer
    /// than two are.
    pub sensitivity: Option<f64>,
}

/// Queries whose truth can be used, in one group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    pub label: String,
    pub n: usize,
    pub share: f64,
    pub r1: f64,
    /// Wilson's 95 % interval of the recall.
    pub r1_interval: Interval,
    /// Share of class 3 and above.
    pub miss: f64,
    pub miss_interval: Interval,
    /// Too few to compare: shown grey.
    pub is_small: bool,
}

pub fn profile(grouping: &Grouping, findings: &[Finding], config: &FailureConfig) -> Profile {
    // n, right, missed
    let mut sums = vec![[0usize; 3]; grouping.labels.len()];
    let mut total = [0usize; 3];
    for (finding, group) in findings.iter().zip(&grouping.of) {
        if finding.class == Class::InvalidTruth {
            continue;
        }
        let row = [1, usize::from(finding.class == Class::Correct), usize::from(finding.class.is_miss())];
        for sum in group.map(|g| &mut sums[g]).into_iter().chain([&mut total]) {
            sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
    }
    let group = |(label, [n, right, missed]): (&String, &[usize; 3])| Group {
        label: label.clone(),
        n: *n,
        share: part(*n, total[0]),
        r1: part(*right, *n),
        r1_interval: wilson(*right, *n),
        miss: part(*missed, *n),
        miss_interval: wilson(*missed, *n),
        is_small: *n < config.small_group,
    };
    let groups: Vec<Group> = grouping.labels.iter().zip(&sums).map(group).collect();
    let recalls = groups.iter().filter(|g| !g.is_small).map(|g| g.r1);
    let (low, high) =
        recalls.clone().fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), r| (low.min(r), high.max(r)));
    let is_comparable = recalls.count() >= 2 && low > 0.0;
    Profile {
        characteristic: grouping.name.clone(),
        groups,
        overall_r1: part(total[1], total[0]),
        overall_miss: part(total[2], total[0]),
        sensitivity: is_comparable.then(|| high / low),
    }
}

fn part(count: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { count as f64 / of as f64 }
}

/// Wilson's score interval of a share at 95 %: never outside 0..1, and open where nothing is known.
pub fn wilson(count: usize, n: usize) -> Interval {
    const Z: f64 = 1.959_963_984_540_054;
    if n == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (n, p) = (n as f64, count as f64 / n as f64);
    let denominator = 1.0 + Z * Z / n;
    let centre = (p + Z * Z / (2.0 * n)) / denominator;
    let half = Z / denominator * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    Interval { low: (centre - half).max(0.0), high: (centre + half).min(1.0) }
}
