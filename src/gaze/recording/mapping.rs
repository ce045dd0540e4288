//! Which column means what, and the mappings of the recorders we know (gaze-format names as their
//! vendors write them).

use serde::{Deserialize, Serialize};

use crate::gaze::GazeFormat;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeUnit {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
    /// A frame number from 0.
    Frames,
}

impl TimeUnit {
    pub const ALL: [Self; 5] =
        [Self::Seconds, Self::Milliseconds, Self::Microseconds, Self::Nanoseconds, Self::Frames];

    pub fn label(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
            Self::Microseconds => "microseconds",
            Self::Nanoseconds => "nanoseconds",
            Self::Frames => "frame number",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PositionUnit {
    /// 0..1 of the picture.
    Fraction,
    /// Pixels of the picture as shown.
    Pixels,
}

impl PositionUnit {
    pub fn label(self) -> &'static str {
        match self {
            Self::Fraction => "fractions, 0 to 1",
            Self::Pixels => "pixels",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    TopLeft,
    BottomLeft,
}

/// How to read a table of gaze samples. Columns by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnMapping {
    pub time: String,
    pub time_unit: TimeUnit,
    pub x: String,
    pub y: String,
    pub position_unit: PositionUnit,
    pub origin: Origin,
    /// Samples below `min_confidence` count as untracked.
    pub confidence: Option<String>,
    pub min_confidence: f32,
    /// Frame number of each row, used to put the recorder's clock on the clip's.
    pub frame: Option<String>,
    /// True when time 0 of the file is time 0 of the clip.
    pub is_clip_time: bool,
}

impl ColumnMapping {
    fn new(time: &str, time_unit: TimeUnit, [x, y]: [&str; 2], position_unit: PositionUnit) -> Self {
        Self {
            time: time.into(),
            time_unit,
            x: x.into(),
            y: y.into(),
            position_unit,
            origin: Origin::TopLeft,
            confidence: None,
            min_confidence: 0.0,
            frame: None,
            is_clip_time: true,
        }
    }

    /// A first guess for a table that no rule knows; the user corrects it.
    pub fn guess(header: &[String]) -> Self {
        let find = |words: &[&str], fallback: usize| {
            header
                .iter()
                .find(|h| words.iter().any(|w| h.to_lowercase().contains(w)))
                .or(header.get(fallback))
                .cloned()
                .unwrap_or_default()
        };
        let time = find(&["time", "stamp", "sec"], 0);
        let unit = unit_of(&time);
        // the letter stands alone or at the end: "eye_x" is an x, "eye" is no y
        let axis = |letter: &str, fallback: usize| {
            let names_axis = |h: &&String| {
                let name = h.to_lowercase();
                let name = name.split(['[', '(']).next().unwrap_or_default().trim_end().to_owned();
                name.split(|c: char| !c.is_alphanumeric()).any(|part| part == letter)
            };
            header.iter().find(names_axis).or(header.get(fallback)).cloned().unwrap_or_default()
        };
        let [x, y] = [axis("x", 1), axis("y", 2)];
        let is_pixels = x.to_lowercase().contains("px") || x.to_lowercase().contains("pixel");
        let position = if is_pixels { PositionUnit::Pixels } else { PositionUnit::Fraction };
        Self::new(&time, unit, [&x, &y], position)
    }

    /// With the units that the first rows speak for, where the names of the columns leave them open.
    pub fn with_units_of(mut self, header: &[String], rows: &[Vec<String>]) -> Self {
        let values = |name: &str| -> Vec<f64> {
            let column = header.iter().position(|h| h.eq_ignore_ascii_case(name));
            let numbers = rows.iter().filter_map(|row| row.get(column?)?.trim().parse::<f64>().ok());
            numbers.filter(|value| value.is_finite()).collect()
        };
        let positions = [values(&self.x), values(&self.y)].concat();
        let count = |is: &dyn Fn(f64) -> bool| positions.iter().filter(|value| is(**value)).count();
        // gaze leaves the picture at times, but not by its whole width in most rows
        let far_outside = count(&|value| !(-1.0..=2.0).contains(&value));
        self.position_unit = match self.position_unit {
            PositionUnit::Fraction if 2 * far_outside > positions.len() => PositionUnit::Pixels,
            PositionUnit::Pixels if !positions.is_empty() && far_outside == 0 => PositionUnit::Fraction,
            unit => unit,
        };
        let name = self.time.to_lowercase();
        let says_seconds = name.contains("sec") || name.ends_with("_s") || name.ends_with("[s]");
        if self.time_unit == TimeUnit::Seconds && !says_seconds {
            let times = values(&self.time);
            let mut gaps: Vec<f64> = times.array_windows().map(|[a, b]| b - a).collect();
            gaps.retain(|gap| *gap > 0.0);
            gaps.sort_by(f64::total_cmp);
            // recorders take between some and a thousand samples a second
            self.time_unit = match gaps.get(gaps.len() / 2) {
                Some(gap) if *gap >= 1e6 => TimeUnit::Nanoseconds,
                Some(gap) if *gap >= 1e3 => TimeUnit::Microseconds,
                Some(gap) if *gap >= 1.0 => TimeUnit::Milliseconds,
                _ => TimeUnit::Seconds,
            };
        }
        self
    }
}

/// The unit that a column's name ends in.
fn unit_of(name: &str) -> TimeUnit {
    match name.to_lowercase() {
        t if t.contains("ns") => TimeUnit::Nanoseconds,
        t if t.contains("us") => TimeUnit::Microseconds,
        t if t.contains("ms") => TimeUnit::Milliseconds,
        t if t.contains("frame") => TimeUnit::Frames,
        _ => TimeUnit::Seconds,
    }
}

/// The format whose header this is (gaze-format detection by column names).
pub(super) fn known(header: &[String]) -> Option<(GazeFormat, ColumnMapping)> {
    let has = |name: &str| header.iter().any(|h| h.eq_ignore_ascii_case(name));
    let confidence = |mapping: ColumnMapping, min: f32| ColumnMapping {
        confidence: has("confidence").then(|| "confidence".into()),
        min_confidence: min,
        ..mapping
    };
    let norm = ["norm_pos_x", "norm_pos_y"];
    if has("component_timestamp_s") || has("canonical_timestamp_s") && has("norm_pos_x") {
        let time =
            if has("component_timestamp_s") { "component_timestamp_s" } else { "canonical_timestamp_s" };
        let mapping = ColumnMapping::new(time, TimeUnit::Seconds, norm, PositionUnit::Fraction);
        // GLC ignores the confidence; zero means that the recorder had no position at all
        return Some((
            GazeFormat::Ego4d,
            confidence(ColumnMapping { origin: Origin::BottomLeft, ..mapping }, 1e-6),
        ));
    }
    if has("gaze_timestamp") {
        let mapping = ColumnMapping::new("gaze_timestamp", TimeUnit::Seconds, norm, PositionUnit::Fraction);
        let mapping = ColumnMapping {
            origin: Origin::BottomLeft,
            frame: has("world_index").then(|| "world_index".into()),
            is_clip_time: false,
            ..mapping
        };
        // Pupil Player's default threshold
        return Some((GazeFormat::PupilCore, confidence(mapping, 0.6)));
    }
    if has("gaze x [px]") {
        let mapping = ColumnMapping::new(
            "timestamp [ns]",
            TimeUnit::Nanoseconds,
            ["gaze x [px]", "gaze y [px]"],
            PositionUnit::Pixels,
        );
        return Some((GazeFormat::NeonCloud, ColumnMapping { is_clip_time: false, ..mapping }));
    }
    if has("frame") && has("gaze_type") && has("x") && has("y") {
        let mapping = ColumnMapping::new("frame", TimeUnit::Frames, ["x", "y"], PositionUnit::Fraction);
        return Some((GazeFormat::GlcLabels, mapping));
    }
    if has("frame_idx") && has("norm_pos_x") && has("timestamp") {
        let mapping = ColumnMapping::new("timestamp", TimeUnit::Milliseconds, norm, PositionUnit::Fraction);
        let mapping = ColumnMapping { frame: Some("frame_idx".into()), is_clip_time: false, ..mapping };
        return Some((GazeFormat::Tobii, confidence(mapping, 1e-6)));
    }
    if has("x") && has("y") {
        if has("frame_num") {
            let mapping = ColumnMapping::new("frame_num", TimeUnit::Frames, ["x", "y"], PositionUnit::Pixels);
            return Some((GazeFormat::EgoExo4d, mapping));
        }
        if has("t") || has("time") || has("time_sec") || has("seconds") || has("t_s") {
            let time =
                ["t", "time", "time_sec", "seconds", "t_s"].into_iter().find(|n| has(n)).unwrap_or("t");
            let mapping = ColumnMapping::new(time, TimeUnit::Seconds, ["x", "y"], PositionUnit::Fraction);
            return Some((GazeFormat::Generic, mapping));
        }
        let stamp = header.iter().find(|h| h.to_lowercase().starts_with("timestamp"));
        if let Some(stamp) = stamp {
            let mapping = ColumnMapping::new(stamp, unit_of(stamp), ["x", "y"], PositionUnit::Pixels);
            return Some((GazeFormat::EgoExo4d, ColumnMapping { is_clip_time: false, ..mapping }));
        }
    }
    None
}
