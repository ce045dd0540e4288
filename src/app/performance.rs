//! What the window's own work takes: a record of the last frames, for the performance view and the
//! benches.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Frames remembered: ten seconds at sixty a second.
const KEPT: usize = 600;

/// What one frame of the window took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FrameCost {
    /// Finished jobs and fresh pictures.
    pub logic_ms: f32,
    /// Panels.
    pub ui_ms: f32,
    /// The picture on its way to the graphics device.
    pub upload_ms: f32,
    /// Since the frame before began.
    pub interval_ms: f32,
}

impl FrameCost {
    /// For how long this frame kept the UI thread busy with our own work.
    pub fn own_ms(&self) -> f32 {
        self.logic_ms + self.ui_ms + self.upload_ms
    }
}

/// Middle, 95th percentile and worst of some times.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    pub median: f32,
    pub p95: f32,
    pub worst: f32,
}

impl Spread {
    pub fn of(times: impl Iterator<Item = f32>) -> Self {
        let mut times: Vec<f32> = times.collect();
        times.sort_by(f32::total_cmp);
        let at = |part: f32| {
            times.get((times.len().saturating_sub(1) as f32 * part) as usize).copied().unwrap_or(0.0)
        };
        Self { median: at(0.5), p95: at(0.95), worst: at(1.0) }
    }
}

#[derive(Default)]
pub struct Performance {
    frames: VecDeque<FrameCost>,
    /// Frames drawn since the window was opened.
    count: u64,
    began: Option<Instant>,
    /// Parts of the frame that is not drawn yet.
    next: FrameCost,
}

impl Performance {
    pub fn add_logic(&mut self, took: Duration) {
        self.next.logic_ms += took.as_secs_f32() * 1e3;
    }

    /// Ends a frame whose panels took this long. `upload` is known one frame later.
    pub fn end_frame(&mut self, began: Instant, took: Duration, upload: Duration) {
        if let Some(last) = self.frames.back_mut() {
            last.upload_ms = upload.as_secs_f32() * 1e3;
        }
        let interval = self.began.map_or(Duration::ZERO, |before| began.duration_since(before));
        let ui_ms = took.as_secs_f32() * 1e3;
        let cost = FrameCost { ui_ms, interval_ms: interval.as_secs_f32() * 1e3, ..self.next };
        if self.frames.len() == KEPT {
            self.frames.pop_front();
        }
        self.frames.push_back(cost);
        self.next = FrameCost::default();
        self.began = Some(began);
        self.count += 1;
    }

    /// The last frames, oldest first.
    pub fn frames(&self) -> impl ExactSizeIterator<Item = &FrameCost> + DoubleEndedIterator {
        self.frames.iter()
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn spread(&self, part: impl Fn(&FrameCost) -> f32) -> Spread {
        Spread::of(self.frames.iter().map(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_belongs_to_the_frame_that_was_drawn_before() {
        let mut performance = Performance::default();
        let (start, ms) = (Instant::now(), Duration::from_millis);
        performance.add_logic(ms(2));
        performance.end_frame(start, ms(5), ms(0));
        performance.end_frame(start + ms(16), ms(4), ms(3));
        let own: Vec<f32> = performance.frames().map(|f| f.own_ms().round()).collect();
        assert_eq!(own, [10.0, 4.0]);
        assert_eq!(performance.frames().nth(1).map(|f| f.interval_ms.round()), Some(16.0));
    }

    #[test]
    fn the_record_keeps_the_newest_frames_only() {
        let mut performance = Performance::default();
        let start = Instant::now();
        for i in 0..KEPT as u64 + 50 {
            performance.end_frame(start, Duration::from_millis(i), Duration::ZERO);
        }
        assert_eq!((performance.frames().len(), performance.count()), (KEPT, KEPT as u64 + 50));
        assert_eq!(performance.spread(|f| f.ui_ms.round()).worst, KEPT as f32 + 49.0);
    }
}
