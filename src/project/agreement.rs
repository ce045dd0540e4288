//! How far two people agree: on where moments are, and on verdicts.

use serde::Serialize;

use super::{Project, Query, QueryKey, Verdict};
use crate::time::TimeRange;

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Agreement {
    pub moments: MomentAgreement,
    pub verdicts: VerdictAgreement,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MomentAgreement {
    /// Questions that both have, and those that one of them has.
    pub queries: usize,
    pub only_first: usize,
    pub only_second: usize,
    /// Moments that were matched, each with the other's that it overlaps most, and those left over.
    pub pairs: usize,
    pub unmatched: usize,
    /// Over the matched pairs.
    pub mean_iou: Option<f64>,
    pub share_above_half: Option<f64>,
    /// Seconds, second less first: negative is earlier. The middle one, and the middle distance.
    pub median_start_delta: Option<f64>,
    pub median_end_delta: Option<f64>,
    pub median_start_distance: Option<f64>,
    pub median_end_distance: Option<f64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct VerdictAgreement {
    /// Cases that both have judged.
    pub cases: usize,
    pub agreed: usize,
    /// Cohen's kappa: agreement beyond chance; none when chance alone would agree always.
    pub kappa: Option<f64>,
    /// Rows are the first's verdicts, columns the second's, in the order of [`Verdict::ALL`].
    pub table: [[usize; 4]; 4],
    pub disagreed: Vec<QueryKey>,
}

/// Between two people's projects. Questions are the same when they replace the same question of the
/// data set, or have the same words about the same clip.
pub fn agreement(first: &Project, second: &Project) -> Agreement {
    Agreement { moments: moments(first, second), verdicts: verdicts(first, second) }
}

fn is_same(a: &Query, b: &Query) -> bool {
    match (&a.origin, &b.origin) {
        (Some(a), Some(b)) => a == b,
        _ => a.clip == b.clip && a.text.trim().eq_ignore_ascii_case(b.text.trim()),
    }
}

fn moments(first: &Project, second: &Project) -> MomentAgreement {
    let mut found = MomentAgreement::default();
    let mut pairs: Vec<(TimeRange, TimeRange)> = Vec::new();
    let mut is_taken = vec![false; second.queries.len()];
    for query in first.queries.iter() {
        let other =
            second.queries.iter().enumerate().find(|(i, other)| !is_taken[*i] && is_same(query, other));
        let Some((place, other)) = other else {
            found.only_first += 1;
            continue;
        };
        is_taken[place] = true;
        found.queries += 1;
        let matched = matched(query, other);
        found.unmatched += query.moments.len() + other.moments.len() - 2 * matched.len();
        pairs.extend(matched);
    }
    found.only_second = is_taken.iter().filter(|taken| !**taken).count();
    found.pairs = pairs.len();
    let ious: Vec<f64> = pairs.iter().map(|(a, b)| a.iou(*b)).collect();
    let n = ious.len() as f64;
    found.mean_iou = (n > 0.0).then(|| ious.iter().sum::<f64>() / n);
    found.share_above_half = (n > 0.0).then(|| ious.iter().filter(|iou| **iou > 0.5).count() as f64 / n);
    let starts: Vec<f64> = pairs.iter().map(|(a, b)| (b.start() - a.start()).secs()).collect();
    let ends: Vec<f64> = pairs.iter().map(|(a, b)| (b.end() - a.end()).secs()).collect();
    let distance = |deltas: &[f64]| median(deltas.iter().map(|d| d.abs()).collect());
    found.median_start_distance = distance(&starts);
    found.median_end_distance = distance(&ends);
    found.median_start_delta = median(starts);
    found.median_end_delta = median(ends);
    found
}

/// The pairs that overlap most first; each moment once, and only what overlaps.
fn matched(a: &Query, b: &Query) -> Vec<(TimeRange, TimeRange)> {
    let mut all: Vec<(f64, usize, usize)> = Vec::new();
    for (i, x) in a.moments.iter().enumerate() {
        all.extend(b.moments.iter().enumerate().map(|(j, y)| (x.range.iou(y.range), i, j)));
    }
    all.retain(|(iou, ..)| *iou > 0.0);
    all.sort_by(|x, y| y.0.total_cmp(&x.0));
    let (mut taken_a, mut taken_b) = (vec![false; a.moments.len()], vec![false; b.moments.len()]);
    let mut pairs = Vec::new();
    for (_, i, j) in all {
        if !taken_a[i] && !taken_b[j] {
            (taken_a[i], taken_b[j]) = (true, true);
            pairs.push((a.moments[i].range, b.moments[j].range));
        }
    }
    pairs
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len().is_multiple_of(2) { f64::midpoint(values[middle - 1], upper) } else { upper })
}

fn verdicts(first: &Project, second: &Project) -> VerdictAgreement {
    let mut found = VerdictAgreement::default();
    let of = |project: &Project, case: &QueryKey| -> Option<Verdict> {
        // the project's own author first, whoever else has judged after
        let own = project.judgement(case, &project.author).and_then(|j| j.verdict);
        own.or_else(|| project.judgements.iter().find(|j| j.case == *case).and_then(|j| j.verdict))
    };
    let mut cases: Vec<&QueryKey> = first.judgements.iter().map(|j| &j.case).collect();
    cases.sort_unstable();
    cases.dedup();
    for case in cases {
        let (Some(a), Some(b)) = (of(first, case), of(second, case)) else { continue };
        found.cases += 1;
        found.table[a as usize][b as usize] += 1;
        if a == b {
            found.agreed += 1;
        } else {
            found.disagreed.push(case.clone());
        }
    }
    found.kappa = kappa(&found.table);
    found
}

/// Cohen 1960.
fn kappa(table: &[[usize; 4]; 4]) -> Option<f64> {
    let n = table.iter().flatten().sum::<usize>() as f64;
    let agreed = (0..4).map(|i| table[i][i]).sum::<usize>() as f64 / n;
    let row = |i: usize| table[i].iter().sum::<usize>() as f64 / n;
    let column = |i: usize| table.iter().map(|r| r[i]).sum::<usize>() as f64 / n;
    let chance: f64 = (0..4).map(|i| row(i) * column(i)).sum();
    (n > 0.0 && chance < 1.0).then(|| (agreed - chance) / (1.0 - chance))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::testing::changed;
    use crate::project::{Edit, Id, Moment};

    #[test]
    fn kappa_is_the_textbooks() {
        // Wikipedia's grant readers: 20, 5, 10, 15 of 50 give 0.4
        let mut table = [[0; 4]; 4];
        (table[0][0], table[0][1], table[1][0], table[1][1]) = (20, 5, 10, 15);
        assert!((kappa(&table).expect("varies") - 0.4).abs() < 1e-12);
        let mut sure = [[0; 4]; 4];
        sure[2][2] = 7;
        assert_eq!(kappa(&sure), None);
    }

    fn annotated(moments: &[(f64, f64)]) -> Project {
        let moment = |(i, (start, end)): (usize, &(f64, f64))| Moment {
            id: Id(i as u64),
            range: TimeRange::from_secs(*start, *end),
            author: String::new(),
        };
        let query = Query {
            id: Id::fresh(),
            clip: "c".into(),
            origin: None,
            text: "Who?".into(),
            template: None,
            author: String::new(),
            moments: moments.iter().enumerate().map(moment).collect(),
        };
        changed(Project::new("x"), &[Edit::AddQuery(query)])
    }

    #[test]
    fn moments_are_matched_by_overlap_and_deltas_are_signed() {
        let found = agreement(
            &annotated(&[(10.0, 20.0), (50.0, 60.0), (90.0, 91.0)]),
            &annotated(&[(51.0, 62.0), (10.0, 20.0)]),
        );
        let moments = found.moments;
        assert_eq!((moments.queries, moments.pairs, moments.unmatched), (1, 2, 1));
        assert_eq!((moments.median_start_delta, moments.median_end_delta), (Some(0.5), Some(1.0)));
        assert!((moments.mean_iou.expect("pairs") - (1.0 + 9.0 / 12.0) / 2.0).abs() < 1e-12);
    }
}
