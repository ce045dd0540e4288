//! The learning rate of every step: linear warm-up, then half a cosine (reference:
//! `LinearWarmupCosineAnnealingLR`).

use std::f64::consts::PI;

/// When the rate does what, in optimiser steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    pub peak: f64,
    /// Where the cosine ends.
    pub end: f64,
    pub warmup_steps: u64,
    pub total_steps: u64,
    /// Without warm-up the reference starts at zero and never gets away from it: true for the same.
    pub stays_at_zero: bool,
}

impl Schedule {
    /// The rate that step `step` uses, counted from 0. The first step of a warm-up has rate 0.
    pub fn rate(&self, step: u64) -> f64 {
        let Self { peak, end, warmup_steps: warmup, total_steps: total, stays_at_zero } = *self;
        if step < warmup {
            return peak * step as f64 / (warmup.max(2) - 1) as f64;
        }
        let peak = if warmup == 0 && stays_at_zero { 0.0 } else { peak };
        let part = (step - warmup) as f64 / total.saturating_sub(warmup).max(1) as f64;
        end + 0.5 * (peak - end) * (1.0 + (PI * part.min(1.0)).cos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_to_its_peak_and_falls_to_its_end() {
        let schedule =
            Schedule { peak: 1.0, end: 0.1, warmup_steps: 5, total_steps: 25, stays_at_zero: false };
        let rates: Vec<f64> = (0..26).map(|step| schedule.rate(step)).collect();
        assert_eq!((rates[0], rates[4], rates[5]), (0.0, 1.0, 1.0));
        assert!(rates[5..].windows(2).all(|pair| pair[1] < pair[0]));
        assert!((rates[25] - 0.1).abs() < 1e-12);
    }

    #[test]
    fn without_warm_up_the_reference_does_not_learn() {
        let schedule =
            Schedule { peak: 1.0, end: 1e-8, warmup_steps: 0, total_steps: 10, stays_at_zero: false };
        assert_eq!(schedule.rate(0), 1.0);
        assert!(Schedule { stays_at_zero: true, ..schedule }.rate(9) < 1e-8);
    }
}
