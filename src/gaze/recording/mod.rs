//! Gaze files → a `GazeTrack`, whatever recorder wrote them.
//!
//! Formats are told by what is in the file, never by its name. A CSV of any recorder is read
//! through one `ColumnMapping`; the built-in formats are mappings that we know.

mod aria;
mod aria_camera;
mod calibration;
mod clock;
mod egtea;
mod mapping;
mod neon_native;
mod table;
mod vrs;

use std::path::{Path, PathBuf};

pub use egtea::{EgteaRows, egtea_samples};
pub use mapping::{ColumnMapping, Origin, PositionUnit, TimeUnit};

use super::{GazeFormat, GazeSample, GazeState, GazeTrack};
use crate::job::{Cancelled, JobCtx};
use crate::time::MediaTime;

/// What is known of the clip that a recording belongs to.
#[derive(Clone, Debug, Default)]
pub struct LoadContext<'a> {
    /// Picture size in pixels as shown; positions in pixels need it.
    pub display_size: Option<[u32; 2]>,
    /// Time of every stored picture; recordings that count frames need it.
    pub frame_times: Option<&'a [MediaTime]>,
    pub duration: Option<MediaTime>,
    /// The clip's file: the names of some data sets' clips say which part of a recording they are.
    pub video: Option<&'a Path>,
    /// The user's own mapping, for files that no rule knows.
    pub mapping: Option<&'a ColumnMapping>,
}

#[derive(Debug)]
pub struct Loaded {
    pub track: GazeTrack,
    /// Sentences about what is odd in the file.
    pub warnings: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum GazeFileError {
    #[error("cannot read the gaze file: {reason}: {}", path.display())]
    Unreadable { reason: String, path: PathBuf },
    #[error("this is no gaze file that we know: its columns are {found}; expected for example `component_timestamp_s, norm_pos_x, norm_pos_y`; open it in the window to map its columns by hand: {}", path.display())]
    Unknown { found: String, path: PathBuf },
    #[error("the {format} file lacks the column `{expected}` (it has {found}); export it again with that column: {}", path.display())]
    MissingColumn { format: String, expected: String, found: String, path: PathBuf },
    #[error("the gaze file holds no sample that can be read ({skipped} rows skipped); check that it is whole: {}", path.display())]
    NoSamples { skipped: u64, path: PathBuf },
    #[error("Aria eye gaze is in angles and needs the device's calibration to be drawn on the picture; put the VRS recording or MPS's online_calibration.jsonl beside it (or in ../slam): {}", path.display())]
    NeedsCalibration { path: PathBuf },
    #[error("positions in this file are in pixels: open it together with its video, so that the picture size is known: {}", path.display())]
    NeedsPictureSize { path: PathBuf },
    #[error("this file counts frames instead of time: open it together with its video: {}", path.display())]
    NeedsFrames { path: PathBuf },
    #[error("none of the {count} gaze samples falls into the clip; open the clip that it was recorded with: {}", path.display())]
    OutsideClip { count: u64, path: PathBuf },
    #[error("cancelled")]
    Cancelled(#[from] Cancelled),
}

/// The format of a gaze file or recording folder; `None` when it is no such thing.
pub fn sniff(path: &Path) -> Option<GazeFormat> {
    if path.is_dir() {
        return neon_native::is_recording(path).then_some(GazeFormat::NeonNative);
    }
    if egtea::is_egtea(path) {
        return Some(GazeFormat::Egtea);
    }
    let header = table::Header::read(path).ok()?.names;
    if aria::is_angles(&header) {
        return Some(GazeFormat::AriaMps);
    }
    mapping::known(&header).map(|(format, _)| format)
}

/// A table that no rule knows: a person has to say what its columns mean.
#[derive(Clone, Debug, PartialEq)]
pub struct UnknownTable {
    pub path: PathBuf,
    pub header: Vec<String>,
    /// The first rows, as text.
    pub rows: Vec<Vec<String>>,
}

/// So many rows tell the unit of a column.
const PREVIEW_ROWS: usize = 60;

/// The start of a table whose columns are to be mapped by hand; `None` when it has too few.
pub fn unknown_table(path: &Path) -> Option<UnknownTable> {
    let (header, rows) = table::preview(path, PREVIEW_ROWS).ok()?;
    (header.len() >= 3 && !rows.is_empty()).then(|| UnknownTable { path: path.to_path_buf(), header, rows })
}

/// Reads a recording onto its clip's clock.
pub fn load(path: &Path, context: &LoadContext<'_>, ctx: &JobCtx) -> Result<Loaded, GazeFileError> {
    let mut loaded = if path.is_dir() {
        neon_native::load(path, context, ctx)?
    } else if egtea::is_egtea(path) {
        egtea::load(path, context, ctx)?
    } else {
        load_table(path, context, ctx)?
    };
    // sorting takes memory even where nothing is out of place
    if !loaded.track.samples.is_sorted_by_key(|s| s.time) {
        loaded.track.samples.sort_by_key(|s| s.time);
    }
    if loaded.track.samples.is_empty() {
        return Err(GazeFileError::NoSamples { skipped: 0, path: path.to_path_buf() });
    }
    warn_of_another_recording(&mut loaded, context);
    Ok(loaded)
}

fn load_table(path: &Path, context: &LoadContext<'_>, ctx: &JobCtx) -> Result<Loaded, GazeFileError> {
    let header = table::Header::read(path)
        .map_err(|e| GazeFileError::Unreadable { reason: e.to_string(), path: path.to_path_buf() })?
        .names;
    if let Some(mapping) = context.mapping {
        return table::load(path, GazeFormat::Generic, mapping, context, ctx);
    }
    if aria::is_angles(&header) {
        return aria::load(path, context, ctx);
    }
    let Some((format, mapping)) = mapping::known(&header) else {
        let found = if header.is_empty() { "missing".into() } else { header.join(", ") };
        return Err(GazeFileError::Unknown { found, path: path.to_path_buf() });
    };
    if !matches!((format, mapping.time_unit), (GazeFormat::Generic | GazeFormat::EgoExo4d, unit) if unit != TimeUnit::Frames)
    {
        return table::load(path, format, &mapping, context, ctx);
    }
    // `x` and `y` may be anything: their values tell
    let rows = table::preview(path, PREVIEW_ROWS).map(|(_, rows)| rows).unwrap_or_default();
    let by_values = mapping.clone().with_units_of(&header, &rows);
    let format = if by_values.position_unit == mapping.position_unit { format } else { GazeFormat::Generic };
    let mut loaded = table::load(path, format, &by_values, context, ctx)?;
    if by_values != mapping {
        loaded.warnings.push(format!(
            "The table's column names do not say their units; by their values times were read as {} and positions as {}: map the columns by hand if that is wrong ({})",
            by_values.time_unit.label(),
            by_values.position_unit.label(),
            path.display()
        ));
    }
    Ok(loaded)
}

/// Tracked or out of frame, by position alone.
fn state_of(pos: [f32; 2]) -> GazeState {
    if pos.iter().all(|v| v.is_finite()) {
        if pos.iter().all(|v| (0.0..=1.0).contains(v)) { GazeState::Tracked } else { GazeState::OutOfFrame }
    } else {
        GazeState::Untracked
    }
}

/// A table so many times as long as its clip is probably read in the wrong unit.
const FAR_LONGER: f64 = 20.0;

fn warn_of_another_recording(loaded: &mut Loaded, context: &LoadContext<'_>) {
    let (Some(duration), [first, .., last]) = (context.duration, loaded.track.samples.as_slice()) else {
        return;
    };
    let (first, last): (&GazeSample, &GazeSample) = (first, last);
    let path = loaded.track.path.display();
    let (from, to) = (first.time.max(MediaTime::ZERO), last.time.min(duration));
    let length = last.time - first.time;
    if loaded.track.format == GazeFormat::Generic && length.secs() > FAR_LONGER * duration.secs() {
        loaded.warnings.push(format!(
            "The gaze runs over {length} and the clip over {duration}: its times may be in another unit, map the columns by hand ({path})"
        ));
    }
    let covered = (to - from).secs() / duration.secs();
    if from > to {
        loaded.warnings.push(format!(
            "The gaze runs from {} to {} but the clip ends at {duration}: it may belong to another recording, or needs a clock offset ({path})",
            first.time, last.time
        ));
    } else if covered < 0.1 {
        loaded.warnings.push(format!(
            "The gaze covers only {:.0} % of the clip ({} to {}): check that both are of the same recording ({path})",
            covered * 100.0, first.time, last.time
        ));
    }
}
