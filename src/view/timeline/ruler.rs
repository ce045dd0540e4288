//! The ruler: round marks in the unit the reader chose.
//!
//! Frame numbers come from the clip's own table, because a clip of variable rate has no
//! frames-per-second to multiply with.

use egui::{Align2, FontId, Rect, Stroke, pos2};
use serde::{Deserialize, Serialize};

use super::axis::Axis;
use crate::time::{FrameIdx, MediaTime, TimeRange};
use crate::video::FrameTable;
use crate::view::theme::Palette;

/// Least distance between two numbers, in points.
const LABEL_GAP: f64 = 84.0;
const ROUND_SECS: [f64; 22] = [
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0,
    1800.0, 3600.0, 7200.0, 18_000.0, 36_000.0,
];
/// Numbers never exceed this, whatever the clip's length and the window's width are.
const MAX_TICKS: i64 = 400;

/// What the numbers on the ruler count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeUnit {
    #[default]
    Clock,
    Seconds,
    Frames,
    /// Hours, minutes, seconds of the video that the clip was cut from.
    Source,
}

/// What is counted, and from where.
#[derive(Clone, Copy)]
pub struct Scale<'a> {
    pub unit: TimeUnit,
    pub frames: Option<&'a FrameTable>,
    /// Where the clip begins in its video.
    pub source_start: Option<MediaTime>,
}

impl TimeUnit {
    pub const ALL: [Self; 4] = [Self::Clock, Self::Seconds, Self::Frames, Self::Source];

    pub fn label(self) -> &'static str {
        match self {
            Self::Clock => "Hours, minutes, seconds",
            Self::Seconds => "Seconds",
            Self::Frames => "Frames",
            Self::Source => "Time in the source video",
        }
    }
}

impl Scale<'_> {
    /// A place in full precision: `1:02.345`, `62.345 s`, `frame 1870`, `source 7:12.345`.
    pub fn text(self, time: MediaTime) -> String {
        match (self.unit, self.frames, self.source_start) {
            (TimeUnit::Frames, Some(table), _) => format!("frame {}", table.at(time).0),
            (TimeUnit::Seconds, ..) => format!("{:.3} s", time.secs()),
            (TimeUnit::Source, _, Some(start)) => format!("source {}", time + start),
            _ => time.to_string(),
        }
    }

    /// What is added to a clip's time to get the one on the ruler.
    fn offset(self) -> MediaTime {
        self.source_start.filter(|_| self.unit == TimeUnit::Source).unwrap_or_default()
    }
}

/// A mark on the ruler.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub time: MediaTime,
    /// Empty for the small marks between the numbers.
    pub text: String,
}

/// Every mark in view, in time order.
pub fn ticks(axis: &Axis, scale: Scale<'_>) -> Vec<Tick> {
    if let (TimeUnit::Frames, Some(table)) = (scale.unit, scale.frames) {
        return frame_ticks(axis, table);
    }
    let offset = scale.offset();
    let wanted = axis.secs_per_point() * LABEL_GAP;
    let step = ROUND_SECS.into_iter().find(|r| *r >= wanted).unwrap_or(wanted);
    let parts = if step >= 60.0 { 6 } else { 5 };
    let visible = axis.visible();
    let shown = TimeRange::new(visible.start() + offset, visible.end() + offset);
    let first = (shown.start().secs() / step).floor() as i64;
    let last = ((shown.end().secs() / step).ceil() as i64).min(first + MAX_TICKS);
    let mut ticks = Vec::new();
    for number in first * parts..=last * parts {
        let time = MediaTime::from_secs(number as f64 * step / parts as f64);
        if shown.contains(time) {
            let text = if number % parts == 0 { round_text(time, step, scale.unit) } else { String::new() };
            ticks.push(Tick { time: time - offset, text });
        }
    }
    ticks
}

fn round_text(time: MediaTime, step_secs: f64, unit: TimeUnit) -> String {
    if unit == TimeUnit::Seconds {
        let digits = if step_secs >= 1.0 { 0 } else { 2 };
        return format!("{:.digits$}", time.secs());
    }
    let text = time.to_string();
    let cut = if step_secs >= 1.0 { text.len() - 4 } else { text.len() - 1 };
    text[..cut].to_owned()
}

fn frame_ticks(axis: &Axis, table: &FrameTable) -> Vec<Tick> {
    let visible = axis.visible();
    let (first, last) = (table.at(visible.start()).0, table.at(visible.end()).0);
    let numbers = f64::from(axis.width) / LABEL_GAP;
    let wanted = f64::from(last - first) / numbers.max(1.0);
    let magnitude = 10f64.powf(wanted.max(1.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|r| r * magnitude).into_iter().find(|s| *s >= wanted);
    let step = step.unwrap_or(1.0) as u32;
    (first.next_multiple_of(step)..=last)
        .step_by(step as usize)
        .map(FrameIdx)
        .map(|frame| Tick { time: table.time(frame), text: frame.0.to_string() })
        .filter(|tick| visible.contains(tick.time))
        .collect()
}

/// Marks and numbers in `ruler`, with faint lines down to the end of `body`.
pub fn paint(
    painter: &egui::Painter,
    axis: &Axis,
    ruler: Rect,
    body: Rect,
    ticks: &[Tick],
    colours: &Palette,
) {
    let painter = painter.with_clip_rect(body);
    for tick in ticks {
        let x = axis.x(tick.time);
        if tick.text.is_empty() {
            painter.vline(x, ruler.bottom() - 4.0..=ruler.bottom(), Stroke::new(1.0, colours.grid));
            continue;
        }
        painter.vline(x, ruler.bottom() - 8.0..=body.bottom(), Stroke::new(1.0, colours.grid));
        let at = pos2(x + 4.0, ruler.center().y - 1.0);
        painter.text(at, Align2::LEFT_CENTER, &tick.text, FontId::proportional(11.0), colours.faint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(unit: TimeUnit, frames: Option<&FrameTable>) -> Scale<'_> {
        Scale { unit, frames, source_start: None }
    }

    fn numbers(from: f64, to: f64, unit: TimeUnit) -> Vec<String> {
        let clip = TimeRange::from_secs(0.0, 40_000.0);
        let axis = Axis::new(clip, Some(TimeRange::from_secs(from, to)), 0.0, 500.0);
        let table = FrameTable::uniform(3000, 30.0, 30);
        ticks(&axis, scale(unit, Some(&table)))
            .into_iter()
            .map(|t| t.text)
            .filter(|t| !t.is_empty())
            .collect()
    }

    #[test]
    fn numbers_are_round_at_every_zoom() {
        assert_eq!(numbers(0.0, 42.0, TimeUnit::Clock), ["0:00", "0:10", "0:20", "0:30", "0:40"]);
        assert_eq!(
            numbers(60.0, 62.0, TimeUnit::Clock),
            ["1:00.00", "1:00.50", "1:01.00", "1:01.50", "1:02.00"]
        );
        assert_eq!(numbers(0.0, 36_000.0, TimeUnit::Clock).last().map(String::as_str), Some("10:00:00"));
        assert_eq!(numbers(10.0, 12.0, TimeUnit::Seconds), ["10.00", "10.50", "11.00", "11.50", "12.00"]);
    }

    #[test]
    fn frame_numbers_come_from_the_table() {
        assert_eq!(numbers(0.0, 10.0, TimeUnit::Frames), ["0", "100", "200", "300"]);
        let table = FrameTable::uniform(3000, 30.0, 30);
        assert_eq!(scale(TimeUnit::Frames, Some(&table)).text(MediaTime::from_secs(2.01)), "frame 60");
        assert_eq!(scale(TimeUnit::Frames, None).text(MediaTime::from_secs(2.01)), "0:02.010");
    }

    #[test]
    fn numbers_stay_apart() {
        for span in [0.2, 0.7, 3.0, 55.0, 480.0, 5_000.0, 39_999.0] {
            let clip = TimeRange::from_secs(0.0, 40_000.0);
            let axis = Axis::new(clip, Some(TimeRange::from_secs(0.0, span)), 0.0, 900.0);
            let xs: Vec<f32> = ticks(&axis, scale(TimeUnit::Clock, None))
                .iter()
                .filter(|t| !t.text.is_empty())
                .map(|t| axis.x(t.time))
                .collect();
            assert!(xs.windows(2).all(|w| w[1] - w[0] > 80.0), "{span} s: {xs:?}");
        }
    }

    #[test]
    fn a_clip_can_be_counted_in_its_video() {
        let clip = TimeRange::from_secs(0.0, 20.0);
        let axis = Axis::new(clip, None, 0.0, 500.0);
        let scale = Scale { source_start: Some(MediaTime::from_secs(61.5)), ..scale(TimeUnit::Source, None) };
        let first = ticks(&axis, scale).into_iter().find(|t| !t.text.is_empty()).expect("a number");
        assert_eq!((first.text.as_str(), first.time), ("1:05", MediaTime::from_secs(3.5)));
        assert_eq!(scale.text(MediaTime::from_secs(3.5)), "source 1:05.000");
    }
}
