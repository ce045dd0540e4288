//! How far the figures would move with other clips: a bootstrap that draws whole clips, because
//! queries of one clip are right or wrong together.

use serde::Serialize;

use super::random::SplitMix;

/// What one query adds to the sums.
#[derive(Clone, Debug)]
pub struct Tally {
    /// The clip it is of, numbered.
    pub clip: usize,
    /// One a measure.
    pub hits: Vec<bool>,
    /// Of the first window.
    pub iou: f64,
}

/// The middle 95 % of the draws.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

/// One interval a measure, in the order of `hits`, then one for the mean IoU.
pub fn intervals(tallies: &[Tally], resamples: usize, seed: u64) -> Vec<Interval> {
    let width = tallies.first().map_or(0, |t| t.hits.len()) + 1;
    let rows = tallies.iter().map(|tally| {
        (tally.clip, tally.hits.iter().map(|hit| f64::from(*hit)).chain([tally.iou]).collect::<Vec<_>>())
    });
    intervals_of_means(rows, width, resamples, seed)
}

/// Intervals of the means of `width` columns; each row belongs to a clip. Values may be negative, so
/// that a row can be the difference of two models on one query.
pub fn intervals_of_means(
    rows: impl Iterator<Item = (usize, Vec<f64>)>,
    width: usize,
    resamples: usize,
    seed: u64,
) -> Vec<Interval> {
    let mut sums: Vec<(f64, Vec<f64>)> = Vec::new();
    for (clip, row) in rows {
        if sums.len() <= clip {
            sums.resize(clip + 1, (0.0, vec![0.0; width]));
        }
        let (count, values) = &mut sums[clip];
        *count += 1.0;
        values.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    sums.retain(|(count, _)| *count > 0.0);
    let mut random = SplitMix(seed);
    let mut draws = vec![Vec::with_capacity(resamples); width];
    let mut totals = vec![0.0; width];
    for _ in 0..resamples {
        totals.fill(0.0);
        let mut n = 0.0;
        for _ in 0..sums.len() {
            let (count, values) = &sums[random.below(sums.len())];
            n += count;
            totals.iter_mut().zip(values).for_each(|(total, value)| *total += value);
        }
        draws.iter_mut().zip(&totals).for_each(|(draw, total)| draw.push(total / n));
    }
    draws.into_iter().map(middle).collect()
}

/// One figure beside another over the same queries.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Paired {
    /// Mean of the first minus mean of the second.
    pub difference: f64,
    /// The middle 95 % of the draws.
    pub interval: Interval,
    /// How often draws say the opposite, on both sides: the chance of such a difference between equals.
    pub p_value: f64,
}

/// Compares two figures query by query: each entry is the query's clip, numbered, and its two values.
/// Whole clips are drawn, as in `intervals`.
pub fn paired(values: &[(usize, f64, f64)], resamples: usize, seed: u64) -> Paired {
    let places = values.iter().map(|(clip, ..)| clip + 1).max().unwrap_or(0);
    let mut sums = vec![(0.0, 0.0); places];
    for (clip, a, b) in values {
        sums[*clip].0 += 1.0;
        sums[*clip].1 += a - b;
    }
    sums.retain(|(count, _)| *count > 0.0);
    let mean = |sums: &mut dyn Iterator<Item = (f64, f64)>| {
        let (count, sum) = sums.fold((0.0, 0.0), |(n, s), (count, sum)| (n + count, s + sum));
        sum / count
    };
    let difference = mean(&mut sums.iter().copied());
    let mut random = SplitMix(seed);
    let mut draws = Vec::with_capacity(resamples);
    for _ in 0..resamples {
        let mut drawn = (0..sums.len()).map(|_| sums[random.below(sums.len())]);
        draws.push(mean(&mut drawn));
    }
    let share = |is: &dyn Fn(f64) -> bool| {
        // with the observed one, so that no finite number of draws gives a chance of nothing
        (draws.iter().filter(|draw| is(**draw)).count() + 1) as f64 / (draws.len() + 1) as f64
    };
    let p_value = (2.0 * share(&|draw| draw <= 0.0).min(share(&|draw| draw >= 0.0))).min(1.0);
    Paired { difference, interval: middle(draws), p_value }
}

fn middle(mut draws: Vec<f64>) -> Interval {
    if draws.is_empty() || draws.iter().any(|d| d.is_nan()) {
        return Interval { low: f64::NAN, high: f64::NAN };
    }
    draws.sort_unstable_by(f64::total_cmp);
    let at = |q: f64| {
        let place = q * (draws.len() - 1) as f64;
        let (low, high) = (draws[place.floor() as usize], draws[place.ceil() as usize]);
        low + (high - low) * place.fract()
    };
    Interval { low: at(0.025), high: at(0.975) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(clip: usize, hit: bool) -> Tally {
        Tally { clip, hits: vec![hit], iou: f64::from(hit) }
    }

    #[test]
    fn an_interval_has_the_width_that_theory_gives() {
        // 400 clips with one query each, half of them right: 0.5 ± 1.96 · sqrt(0.25 / 400)
        let tallies: Vec<_> = (0..400).map(|i| tally(i, i % 2 == 0)).collect();
        let found = intervals(&tallies, 2000, 1)[0];
        assert!((found.low - 0.451).abs() < 0.006 && (found.high - 0.549).abs() < 0.006, "{found:?}");
    }

    #[test]
    fn a_difference_is_told_from_none() {
        // the first is right in two more of ten queries, in every clip
        let values: Vec<_> =
            (0..200).map(|i| (i / 10, f64::from(i % 10 < 5), f64::from(i % 10 < 3))).collect();
        let found = paired(&values, 1000, 1);
        assert!((found.difference - 0.2).abs() < 1e-12 && found.p_value < 0.01, "{found:?}");
        let same: Vec<_> = (0..200).map(|i| (i / 10, f64::from(i % 3 == 0), f64::from(i % 3 == 1))).collect();
        let found = paired(&same, 1000, 1);
        assert!(found.p_value > 0.3 && found.interval.low < 0.0 && found.interval.high > 0.0, "{found:?}");
    }

    #[test]
    fn queries_of_one_clip_count_as_one_draw() {
        // the same 400 queries in 4 clips that are right or wrong as a whole
        let tallies: Vec<_> = (0..400).map(|i| tally(i / 100, i / 100 % 2 == 0)).collect();
        let found = intervals(&tallies, 2000, 1)[0];
        assert!(found.low <= 0.05 && found.high >= 0.95, "{found:?}");
    }
}
