//! Any delimited table → samples, row by row in bounded memory.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use super::clock::FrameClock;
use super::mapping::{ColumnMapping, Origin, PositionUnit, TimeUnit};
use super::{GazeFileError, LoadContext, Loaded, calibration, state_of};
use crate::gaze::{EyeEvent, GazeFormat, GazeSample, GazeState, GazeTrack, SceneCamera};
use crate::job::JobCtx;
use crate::time::MediaTime;

const STEP_ROWS: u64 = 16_384;

/// Enough of a table to know its columns. A binary file has no line end for megabytes.
const START_BYTES: u64 = 64 * 1024;

/// The first line: column names without byte-order mark and quotes, and what stands between them.
pub(super) struct Header {
    pub names: Vec<String>,
    delimiter: u8,
}

impl Header {
    pub fn read(path: &Path) -> std::io::Result<Self> {
        let mut line = Vec::new();
        BufReader::new(File::open(path)?.take(START_BYTES)).read_until(b'\n', &mut line)?;
        Ok(Self::of(&String::from_utf8_lossy(&line)))
    }

    fn of(line: &str) -> Self {
        let text = line.trim_start_matches('\u{feff}').trim_end();
        let delimiter = ['\t', ';'].into_iter().find(|d| text.contains(*d)).unwrap_or(',');
        let names = match text {
            text if text.is_empty() || text.contains('\0') => Vec::new(),
            text => cells_of(text, delimiter),
        };
        Self { names, delimiter: delimiter as u8 }
    }

    pub fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|h| h.eq_ignore_ascii_case(name))
    }

    /// Rows after the header.
    pub fn rows(&self, path: &Path) -> std::io::Result<csv::Reader<BufReader<File>>> {
        let file = BufReader::with_capacity(1 << 18, File::open(path)?);
        Ok(csv::ReaderBuilder::new().delimiter(self.delimiter).flexible(true).from_reader(file))
    }
}

fn cells_of(line: &str, delimiter: char) -> Vec<String> {
    line.split(delimiter).map(|c| c.trim().trim_matches('"').to_owned()).collect()
}

/// Column names and the first rows of a table, for a person to say what they mean.
pub(super) fn preview(path: &Path, count: usize) -> std::io::Result<(Vec<String>, Vec<Vec<String>>)> {
    let mut start = Vec::new();
    File::open(path)?.take(START_BYTES).read_to_end(&mut start)?;
    let text = String::from_utf8_lossy(&start);
    let header = Header::of(text.lines().next().unwrap_or_default());
    let rows = text.lines().skip(1).filter(|l| !l.trim().is_empty()).take(count);
    Ok((header.names, rows.map(|row| cells_of(row, header.delimiter as char)).collect()))
}

struct Columns {
    time: usize,
    x: usize,
    y: usize,
    confidence: Option<usize>,
    frame: Option<usize>,
    worn: Option<usize>,
    blink: Option<usize>,
    fixation: Option<usize>,
    gaze_type: Option<usize>,
}

pub(super) fn load(
    path: &Path,
    format: GazeFormat,
    mapping: &ColumnMapping,
    context: &LoadContext<'_>,
    ctx: &JobCtx,
) -> Result<Loaded, GazeFileError> {
    let unreadable = |reason: String| GazeFileError::Unreadable { reason, path: path.to_path_buf() };
    let header = Header::read(path).map_err(|e| unreadable(e.to_string()))?;
    let need = |name: &str| {
        header.position(name).ok_or_else(|| GazeFileError::MissingColumn {
            format: format.name().to_owned(),
            expected: name.to_owned(),
            found: header.names.join(", "),
            path: path.to_path_buf(),
        })
    };
    let find = |name: &str| header.position(name);
    let columns = Columns {
        time: need(&mapping.time)?,
        x: need(&mapping.x)?,
        y: need(&mapping.y)?,
        confidence: mapping.confidence.as_deref().and_then(find),
        frame: mapping.frame.as_deref().and_then(find),
        worn: find("worn"),
        blink: find("blink id"),
        fixation: find("fixation id"),
        gaze_type: find("gaze_type"),
    };
    let scale = match mapping.position_unit {
        PositionUnit::Fraction => [1.0, 1.0],
        PositionUnit::Pixels => picture_size(format, context)
            .ok_or_else(|| GazeFileError::NeedsPictureSize { path: path.to_path_buf() })?
            .map(f64::from),
    };
    if mapping.time_unit == TimeUnit::Frames && context.frame_times.is_none() {
        return Err(GazeFileError::NeedsFrames { path: path.to_path_buf() });
    }

    let bytes = std::fs::metadata(path).map_or(0, |m| m.len());
    let mut rows = header.rows(path).map_err(|e| unreadable(e.to_string()))?;
    let mut record = csv::ByteRecord::new();
    let mut samples: Vec<GazeSample> = Vec::new();
    let (mut skipped, mut outside, mut count) = (0u64, 0u64, 0u64);
    let mut frames: Option<[f64; 2]> = None;
    while rows.read_byte_record(&mut record).map_err(|e| unreadable(e.to_string()))? {
        count += 1;
        if count.is_multiple_of(STEP_ROWS) {
            ctx.step(record.position().map_or(0, csv::Position::byte), bytes)?;
        }
        if count == STEP_ROWS {
            // all at once, because growing by doubling would need twice the memory in the end; where
            // the guess is too much for the machine it grows as it can
            let so_far = record.position().map_or(bytes, csv::Position::byte).max(1);
            let expected = u128::from(bytes) * samples.len() as u128 / u128::from(so_far);
            let _ = samples.try_reserve_exact(usize::try_from(expected * 33 / 32).unwrap_or_default());
        }
        let time = match time_of(&record, columns.time, mapping.time_unit, context) {
            RowTime::At(time) => time,
            RowTime::OutsideClip => {
                outside += 1;
                continue;
            }
            RowTime::Missing => {
                skipped += 1;
                continue;
            }
        };
        if let Some(frame) = columns.frame.and_then(|c| number(&record, c)).filter(|v| *v >= 0.0) {
            let range = frames.get_or_insert([frame; 2]);
            range[1] = range[1].max(frame);
        }
        samples.push(sample_of(&record, &columns, mapping, scale, time));
    }
    let mut warnings = Vec::new();
    if skipped > 0 {
        warnings
            .push(format!("{skipped} of {count} rows have no time and were skipped ({})", path.display()));
    }
    if samples.is_empty() && outside > 0 {
        return Err(GazeFileError::OutsideClip { count: outside, path: path.to_path_buf() });
    }
    if samples.is_empty() {
        return Err(GazeFileError::NoSamples { skipped, path: path.to_path_buf() });
    }
    if !mapping.is_clip_time && mapping.time_unit != TimeUnit::Frames {
        warnings.extend(put_on_clip_clock(&mut samples, path, frames, context));
    }
    let mut track = GazeTrack::new(samples, format, path.to_path_buf());
    if matches!(format, GazeFormat::NeonCloud | GazeFormat::PupilCore) {
        let size = picture_size(format, context).unwrap_or_else(|| format.usual_size());
        let found = path.parent().and_then(|dir| calibration::beside(dir, size));
        track.camera = found.unwrap_or_else(|| SceneCamera::usual(format, size));
    }
    Ok(Loaded { track, warnings })
}

/// The picture that positions in pixels are of. Recorders write pixels of their own camera, so a
/// clip that was scaled down since is told by its shape.
pub(super) fn picture_size(format: GazeFormat, context: &LoadContext<'_>) -> Option<[u32; 2]> {
    const INVISIBLE: [u32; 2] = [1088, 1080];
    let natives: &[[u32; 2]] = match format {
        GazeFormat::NeonCloud | GazeFormat::NeonNative => &[[1600, 1200], INVISIBLE],
        GazeFormat::EgoExo4d => &[[1408, 1408]],
        GazeFormat::PupilCore => return Some(context.display_size.unwrap_or(format.usual_size())),
        _ => return context.display_size,
    };
    let Some(shown) = context.display_size else { return natives.first().copied() };
    let shape = |size: [u32; 2]| f64::from(size[0]) / f64::from(size[1].max(1));
    let is_alike = |native: &&[u32; 2]| (shape(**native) / shape(shown) - 1.0).abs() < 0.003;
    Some(natives.iter().find(is_alike).copied().unwrap_or(shown))
}

/// From the recorder's clock to the clip's: by the recorder's own list of picture times, else by
/// the picture number of the first row, else the first row is taken for the clip's start.
fn put_on_clip_clock(
    samples: &mut Vec<GazeSample>,
    path: &Path,
    frames: Option<[f64; 2]>,
    context: &LoadContext<'_>,
) -> Option<String> {
    if let Some(clock) = FrameClock::beside(path, context.frame_times) {
        let before = samples.len();
        samples.retain_mut(|sample| match clock.clip_time(sample.time.nanos()) {
            Some(time) => {
                sample.time = time;
                true
            }
            None => false,
        });
        let lost = before - samples.len();
        return (lost > 0).then(|| {
            format!(
                "{lost} of {before} gaze samples lie where the scene camera took no picture and were left out ({})",
                path.display()
            )
        });
    }
    let first = samples.first().map(|s| s.time).unwrap_or_default();
    let (shown, warning) = match (frames, context.frame_times) {
        (Some([first_frame, last_frame]), Some(times)) if !times.is_empty() => {
            let export_start = exported_from(path);
            // an export of a part keeps the numbers of the whole recording
            let is_part = export_start.is_none() && last_frame >= times.len() as f64;
            let start = export_start.unwrap_or(if is_part { first_frame } else { 0.0 });
            let at = (first_frame - start).max(0.0) as usize;
            let warning = is_part.then(|| {
                format!(
                    "The gaze counts {:.0} pictures and the clip has {}: the clip is taken for a part that starts with the first gaze sample; set the clock offset if it does not ({})",
                    last_frame + 1.0,
                    times.len(),
                    path.display()
                )
            });
            (times.get(at).copied().unwrap_or_default(), warning)
        }
        (Some(_), _) => (MediaTime::ZERO, None),
        (None, _) => (
            MediaTime::ZERO,
            Some(format!(
                "Nothing says how the recorder's clock and the clip's relate, so the first gaze sample is taken for the clip's start: put world_timestamps.csv beside the gaze, or set the clock offset ({})",
                path.display()
            )),
        ),
    };
    let offset = shown - first;
    samples.iter_mut().for_each(|s| s.time = s.time + offset);
    warning
}

/// First picture of a trimmed Pupil Player export, by its `export_info.csv`.
fn exported_from(path: &Path) -> Option<f64> {
    let mut text = String::new();
    let file = File::open(path.parent()?.join("export_info.csv")).ok()?;
    file.take(START_BYTES).read_to_string(&mut text).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix("Frame Index Range"))?;
    let digits = value.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits[..digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len())].parse().ok()
}

/// Picture times of a recorder's list, in nanoseconds of its clock.
pub(super) fn world_stamps(path: &Path) -> Option<Vec<i64>> {
    let header = Header::read(path).ok()?;
    let nanos = header.position("timestamp [ns]");
    let column =
        nanos.or_else(|| header.names.iter().position(|h| h.to_lowercase().contains("timestamp")))?;
    let unit = if nanos.is_some() { TimeUnit::Nanoseconds } else { TimeUnit::Seconds };
    let mut rows = header.rows(path).ok()?;
    let mut record = csv::ByteRecord::new();
    let mut stamps = Vec::new();
    while rows.read_byte_record(&mut record).ok()? {
        if let RowTime::At(time) = time_of(&record, column, unit, &LoadContext::default()) {
            stamps.push(time.nanos());
        }
    }
    Some(stamps)
}

pub(super) fn cell(record: &csv::ByteRecord, column: usize) -> Option<&str> {
    record.get(column).and_then(|b| std::str::from_utf8(b).ok()).map(str::trim).filter(|t| !t.is_empty())
}

pub(super) fn number(record: &csv::ByteRecord, column: usize) -> Option<f64> {
    cell(record, column)?.parse().ok().filter(|v: &f64| v.is_finite())
}

enum RowTime {
    At(MediaTime),
    Missing,
    /// Of a picture that the clip does not have.
    OutsideClip,
}

fn time_of(record: &csv::ByteRecord, column: usize, unit: TimeUnit, context: &LoadContext<'_>) -> RowTime {
    let secs = |scale: f64| number(record, column).map(|v| MediaTime::from_secs(v * scale));
    let time = match unit {
        // integers of 61 bits do not survive a float
        TimeUnit::Nanoseconds => cell(record, column)
            .and_then(|t| t.parse::<i64>().ok().or_else(|| t.parse::<f64>().ok().map(|v| v as i64)))
            .map(MediaTime::from_nanos),
        TimeUnit::Frames => {
            let Some(frame) = number(record, column) else { return RowTime::Missing };
            let times = context.frame_times.unwrap_or_default();
            return match times.get(frame.round() as usize) {
                Some(time) if frame >= 0.0 => RowTime::At(*time),
                _ => RowTime::OutsideClip,
            };
        }
        TimeUnit::Seconds => secs(1.0),
        TimeUnit::Milliseconds => secs(1e-3),
        TimeUnit::Microseconds => secs(1e-6),
    };
    time.map_or(RowTime::Missing, RowTime::At)
}

fn sample_of(
    record: &csv::ByteRecord,
    columns: &Columns,
    mapping: &ColumnMapping,
    size: [f64; 2],
    time: MediaTime,
) -> GazeSample {
    let read = |column, size| number(record, column).map_or(f64::NAN, |v| v / size);
    let (x, y) = (read(columns.x, size[0]), read(columns.y, size[1]));
    let y = if mapping.origin == Origin::BottomLeft { 1.0 - y } else { y };
    let pos = [x as f32, y as f32];
    let confidence = columns.confidence.and_then(|c| number(record, c)).map_or(1.0, |v| v as f32);
    let is_worn = columns
        .worn
        .and_then(|c| cell(record, c))
        .is_none_or(|t| t.parse::<f64>() != Ok(0.0) && t != "False");
    let is_blink = columns.blink.is_some_and(|c| cell(record, c).is_some());
    let gaze_type = columns.gaze_type.and_then(|c| number(record, c)).map(|v| v as i64);
    let event = match gaze_type {
        _ if is_blink => EyeEvent::Blink,
        Some(0) => EyeEvent::Fixation,
        Some(1) => EyeEvent::Saccade,
        _ if columns.fixation.is_some_and(|c| cell(record, c).is_some()) => EyeEvent::Fixation,
        _ => EyeEvent::Unknown,
    };
    let state = match gaze_type {
        _ if !is_worn || is_blink || confidence < mapping.min_confidence => GazeState::Untracked,
        Some(3 | 4) => GazeState::Untracked,
        Some(2) => GazeState::OutOfFrame,
        _ => state_of(pos),
    };
    GazeSample { time, pos, state, event, confidence }
}
