//! EGTEA Gaze+: text that SMI BeGaze exported, two layouts, pixels of a 1280x960 picture.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use super::{GazeFileError, LoadContext, Loaded, state_of};
use crate::gaze::labels::EgteaSample;
use crate::gaze::{EyeEvent, GazeFormat, GazeSample, GazeState, GazeTrack};
use crate::job::JobCtx;
use crate::time::MediaTime;

const SIZE: [f64; 2] = [1280.0, 960.0];
/// The camera's rate; the newer layout's time code counts in it.
const FPS: f64 = 24.0;
/// Longer lines are no rows of this format.
const MAX_LINE: u64 = 64 * 1024;
const STEP_ROWS: u64 = 16_384;

/// Rows of an EGTEA file as they are, for labels by EGTEA's own rules.
#[derive(Clone, Debug)]
pub struct EgteaRows {
    pub samples: Vec<EgteaSample>,
    /// Rows in neither of the two layouts.
    pub skipped: u64,
}

pub(super) fn is_egtea(path: &Path) -> bool {
    let mut start = Vec::new();
    let is_read = File::open(path).and_then(|f| f.take(2048).read_to_end(&mut start)).is_ok();
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start);
    is_read && text.starts_with(b"##") && String::from_utf8_lossy(&start).contains("Number of Samples")
}

pub fn egtea_samples(path: &Path, ctx: &JobCtx) -> Result<EgteaRows, GazeFileError> {
    let unreadable =
        |e: std::io::Error| GazeFileError::Unreadable { reason: e.to_string(), path: path.to_path_buf() };
    let file = File::open(path).map_err(unreadable)?;
    let total = file.metadata().map_or(0, |m| m.len());
    let mut reader = BufReader::new(file);
    let mut rows = EgteaRows { samples: Vec::new(), skipped: 0 };
    let (mut line, mut done, mut count, mut is_past_header) = (Vec::new(), 0, 0u64, false);
    loop {
        line.clear();
        let length = reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).map_err(unreadable)?;
        if length == 0 {
            return Ok(rows);
        }
        done += length as u64;
        count += 1;
        if count.is_multiple_of(STEP_ROWS) {
            ctx.step(done, total)?;
        }
        // some exports are Latin-1; every byte that matters is ASCII
        let text = String::from_utf8_lossy(&line);
        let mut tokens = [""; 27];
        let found = text.split_ascii_whitespace().zip(&mut tokens).map(|(token, slot)| *slot = token).count();
        match &tokens[..found] {
            [] => {}
            ["Time", ..] if !is_past_header => is_past_header = true,
            _ if !is_past_header => {}
            tokens => match parse_row(tokens) {
                Some(sample) => rows.samples.push(sample),
                None => rows.skipped += 1,
            },
        }
    }
}

pub(super) fn load(path: &Path, context: &LoadContext<'_>, ctx: &JobCtx) -> Result<Loaded, GazeFileError> {
    let rows = egtea_samples(path, ctx)?;
    let first_frame = context.video.and_then(first_frame_of_clip);
    let mut samples = Vec::with_capacity(rows.samples.len());
    let mut outside = 0u64;
    for row in &rows.samples {
        let frame = match first_frame {
            None => Some(row.frame),
            // GLC's labels of a clip start one picture before the one it is named after
            Some(first) => (row.frame + 1).checked_sub(first),
        };
        let time = match (frame, context.frame_times) {
            (Some(frame), Some(times)) => times.get(frame).copied(),
            (Some(frame), None) => Some(MediaTime::from_secs(frame as f64 / FPS)),
            (None, _) => None,
        };
        let Some(time) = time else {
            outside += 1;
            continue;
        };
        let pos = [0, 1].map(|axis| (row.pixels[axis] / SIZE[axis]) as f32);
        let state = match row.event {
            EyeEvent::Fixation | EyeEvent::Saccade => state_of(pos),
            EyeEvent::Blink | EyeEvent::Unknown => GazeState::Untracked,
        };
        samples.push(GazeSample { time, pos, state, event: row.event, confidence: 1.0 });
    }
    if samples.is_empty() && outside == 0 {
        return Err(GazeFileError::NoSamples { skipped: rows.skipped, path: path.to_path_buf() });
    }
    if samples.is_empty() {
        return Err(GazeFileError::OutsideClip { count: outside, path: path.to_path_buf() });
    }
    let mut warnings = Vec::new();
    if rows.skipped > 0 {
        warnings.push(format!(
            "{} rows have an unknown layout and were skipped ({})",
            rows.skipped,
            path.display()
        ));
    }
    if outside > 0 && first_frame.is_none() {
        warnings.push(format!(
            "{outside} of {} rows are of pictures that the clip does not have: it may be a part of the session, whose name then ends in its first and last frame, as in -F000123-F000456 ({})",
            rows.samples.len(),
            path.display()
        ));
    }
    Ok(Loaded { track: GazeTrack::new(samples, GazeFormat::Egtea, path.to_path_buf()), warnings })
}

/// Frame, position and event of a row in the old (7 tokens) or new (26 tokens) layout.
fn parse_row(tokens: &[&str]) -> Option<EgteaSample> {
    let (x, y, frame, event) = match tokens.len() {
        7 => (tokens[3], tokens[4], tokens[5].parse().ok()?, tokens[6]),
        26 => (tokens[5], tokens[6], timecode(tokens[24])?, tokens[25]),
        _ => return None,
    };
    let event = match event {
        "Fixation" => EyeEvent::Fixation,
        "Saccade" => EyeEvent::Saccade,
        "Blink" => EyeEvent::Blink,
        _ => EyeEvent::Unknown,
    };
    Some(EgteaSample { frame, pixels: [x.parse().ok()?, y.parse().ok()?], event })
}

/// `HH:MM:SS:FF` at 24 frames a second.
fn timecode(text: &str) -> Option<usize> {
    let mut parts = text.split(':').map(|p| p.parse::<u32>().ok().map(|n| n as usize));
    let mut next = || parts.next().flatten();
    let [h, m, s, f] = [next()?, next()?, next()?, next()?];
    parts.next().is_none().then(|| (h * 3600 + m * 60 + s) * 24 + f)
}

/// The frame of the session that a clip starts with: `<session>-<ms>-<ms>-F<first>-F<last>.mp4`.
fn first_frame_of_clip(video: &Path) -> Option<usize> {
    let stem = video.file_stem()?.to_string_lossy().into_owned();
    let mut parts = stem.rsplit('-');
    let mut frame = || parts.next()?.strip_prefix('F')?.parse::<usize>().ok();
    let _last = frame()?;
    frame()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clips_name_says_where_it_starts() {
        let first = |name: &str| first_frame_of_clip(Path::new(name));
        assert_eq!(first("OP03-R01-PastaSalad-879780-892210-F021084-F021444.mp4"), Some(21084));
        assert_eq!(first("OP03-R01-PastaSalad.mp4"), None);
    }

    #[test]
    fn a_time_code_counts_24_frames_a_second() {
        assert_eq!(timecode("00:01:02:03"), Some(62 * 24 + 3));
        assert_eq!(timecode("00:01:02"), None);
        assert_eq!(timecode("00:01:02:03:04"), None);
    }
}
