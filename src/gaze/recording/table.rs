//! Any delimited table → samples, row by row in bounded memory.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use super::mapping::{ColumnMapping, Origin, PositionUnit, TimeUnit};
use super::{GazeFileError, LoadContext, Loaded, state_of};
use crate::gaze::{EyeEvent, GazeFormat, GazeSample, GazeState, GazeTrack};
use crate::job::JobCtx;
use crate::time::MediaTime;

/// Neon's scene camera; its cloud export does not say so itself.
const NEON_SIZE: [u32; 2] = [1600, 1200];
const STEP_ROWS: u64 = 16_384;

/// The first line's column names: byte-order mark and quotes off, any of `, ; tab` between.
pub(super) fn header_of(path: &Path) -> std::io::Result<Vec<String>> {
    let mut line = Vec::new();
    // a binary file has no line end for megabytes
    BufReader::new(File::open(path)?.take(64 * 1024)).read_until(b'\n', &mut line)?;
    let text = String::from_utf8_lossy(&line);
    let text = text.trim_start_matches('\u{feff}').trim_end();
    if text.is_empty() || text.contains('\0') {
        return Ok(Vec::new());
    }
    let delimiter = delimiter_of(text);
    Ok(text.split(delimiter as char).map(|c| c.trim().trim_matches('"').to_owned()).collect())
}

/// Column names and the first rows of a table, for a person to say what they mean.
pub(super) fn preview(path: &Path, count: usize) -> std::io::Result<(Vec<String>, Vec<Vec<String>>)> {
    let header = header_of(path)?;
    let mut start = Vec::new();
    File::open(path)?.take(64 * 1024).read_to_end(&mut start)?;
    let text = String::from_utf8_lossy(&start);
    let delimiter = delimiter_of(text.lines().next().unwrap_or_default()) as char;
    let cells = |line: &str| line.split(delimiter).map(|c| c.trim().trim_matches('"').to_owned()).collect();
    Ok((header, text.lines().skip(1).filter(|l| !l.trim().is_empty()).take(count).map(cells).collect()))
}

fn delimiter_of(line: &str) -> u8 {
    [b'\t', b';'].into_iter().find(|d| line.contains(*d as char)).unwrap_or(b',')
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
    let header = header_of(path).map_err(|e| unreadable(e.to_string()))?;
    let find = |name: &str| header.iter().position(|h| h.eq_ignore_ascii_case(name));
    let need = |name: &str| {
        find(name).ok_or_else(|| GazeFileError::MissingColumn {
            format: format!("{format:?}"),
            expected: name.to_owned(),
            found: header.join(", "),
            path: path.to_path_buf(),
        })
    };
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
    let size = match (mapping.position_unit, context.display_size, format) {
        (PositionUnit::Fraction, ..) => [1.0, 1.0],
        (PositionUnit::Pixels, Some(size), _) => size.map(|n| n as f32),
        (PositionUnit::Pixels, None, GazeFormat::NeonCloud) => NEON_SIZE.map(|n| n as f32),
        (PositionUnit::Pixels, None, _) => {
            return Err(GazeFileError::NeedsPictureSize { path: path.to_path_buf() });
        }
    };

    let file = File::open(path).map_err(|e| unreadable(e.to_string()))?;
    let bytes = file.metadata().map_or(0, |m| m.len());
    let delimiter = std::fs::File::open(path)
        .ok()
        .and_then(|f| {
            let mut line = Vec::new();
            BufReader::new(f.take(64 * 1024)).read_until(b'\n', &mut line).ok()?;
            Some(delimiter_of(&String::from_utf8_lossy(&line)))
        })
        .unwrap_or(b',');
    let mut rows =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(BufReader::new(file));
    let mut record = csv::ByteRecord::new();
    let mut samples = Vec::new();
    let (mut skipped, mut row, mut zero) = (0u64, 0u64, None);
    loop {
        match rows.read_byte_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => return Err(unreadable(error.to_string())),
        }
        row += 1;
        if row.is_multiple_of(STEP_ROWS) {
            ctx.step(rows.position().byte(), bytes)?;
        }
        let Some(raw) = time_of(&record, columns.time, mapping.time_unit, context, path)? else {
            skipped += 1;
            continue;
        };
        let time = if mapping.is_clip_time || mapping.time_unit == TimeUnit::Frames {
            raw
        } else {
            raw - *zero.get_or_insert_with(|| clock_zero(path, &record, &columns, raw, context))
        };
        samples.push(sample_of(&record, &columns, mapping, size, time));
    }
    let mut warnings = Vec::new();
    if skipped > 0 {
        warnings.push(format!("{skipped} of {row} rows have no time and were skipped ({})", path.display()));
    }
    if samples.is_empty() {
        return Err(GazeFileError::NoSamples { skipped, path: path.to_path_buf() });
    }
    Ok(Loaded { track: GazeTrack::new(samples, format, path.to_path_buf()), warnings })
}

fn cell(record: &csv::ByteRecord, column: usize) -> Option<&str> {
    record.get(column).and_then(|b| std::str::from_utf8(b).ok()).map(str::trim).filter(|t| !t.is_empty())
}

fn number(record: &csv::ByteRecord, column: usize) -> Option<f64> {
    cell(record, column)?.parse().ok().filter(|v: &f64| v.is_finite())
}

fn time_of(
    record: &csv::ByteRecord,
    column: usize,
    unit: TimeUnit,
    context: &LoadContext<'_>,
    path: &Path,
) -> Result<Option<MediaTime>, GazeFileError> {
    Ok(match unit {
        // integers of 61 bits do not survive a float
        TimeUnit::Nanoseconds => cell(record, column)
            .and_then(|t| t.parse::<i64>().ok().or_else(|| t.parse::<f64>().ok().map(|v| v as i64)))
            .map(MediaTime::from_nanos),
        TimeUnit::Frames => {
            let Some(times) = context.frame_times else {
                return Err(GazeFileError::NeedsFrames { path: path.to_path_buf() });
            };
            number(record, column).filter(|v| *v >= 0.0).and_then(|v| times.get(v as usize).copied())
        }
        TimeUnit::Seconds => number(record, column).map(MediaTime::from_secs),
        TimeUnit::Milliseconds => number(record, column).map(|v| MediaTime::from_secs(v / 1e3)),
        TimeUnit::Microseconds => number(record, column).map(|v| MediaTime::from_nanos((v * 1e3) as i64)),
    })
}

/// The recorder's time at the clip's zero: from the recorder's own list of frame times, else from
/// the first row's frame number, else the first row is taken for the clip's start.
fn clock_zero(
    path: &Path,
    record: &csv::ByteRecord,
    columns: &Columns,
    first: MediaTime,
    context: &LoadContext<'_>,
) -> MediaTime {
    if let Some(zero) = world_start(path) {
        let first_frame = context.frame_times.and_then(|t| t.first().copied()).unwrap_or_default();
        return zero - first_frame;
    }
    let frame = columns.frame.and_then(|c| number(record, c)).filter(|v| *v >= 0.0);
    let shown = frame.zip(context.frame_times).and_then(|(f, times)| times.get(f as usize).copied());
    first - shown.unwrap_or_default()
}

/// First row of `world_timestamps.csv` beside the gaze file.
fn world_start(path: &Path) -> Option<MediaTime> {
    let dir = path.parent()?;
    let world =
        ["world_timestamps.csv", "world.csv"].into_iter().map(|n| dir.join(n)).find(|p| p.is_file())?;
    let header = header_of(&world).ok()?;
    let column = header.iter().position(|h| h.eq_ignore_ascii_case("timestamp [ns]"));
    let (column, is_nanos) = match column {
        Some(column) => (column, true),
        None => (header.iter().position(|h| h.to_lowercase().contains("timestamp"))?, false),
    };
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_path(&world).ok()?;
    let mut record = csv::ByteRecord::new();
    rows.read_byte_record(&mut record).ok().filter(|more| *more)?;
    let text = cell(&record, column)?;
    if is_nanos {
        text.parse().ok().map(MediaTime::from_nanos)
    } else {
        text.parse().ok().map(MediaTime::from_secs)
    }
}

fn sample_of(
    record: &csv::ByteRecord,
    columns: &Columns,
    mapping: &ColumnMapping,
    size: [f32; 2],
    time: MediaTime,
) -> GazeSample {
    let read = |column| number(record, column).map_or(f32::NAN, |v| v as f32);
    let mut pos = [read(columns.x) / size[0], read(columns.y) / size[1]];
    if mapping.origin == Origin::BottomLeft {
        pos[1] = 1.0 - pos[1];
    }
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
