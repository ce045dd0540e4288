//! EGTEA Gaze+: text that SMI BeGaze exported, two layouts, pixels of a 1280x960 picture.

use std::path::Path;

use super::{GazeFileError, LoadContext, Loaded, state_of};
use crate::gaze::{EyeEvent, GazeFormat, GazeSample, GazeState, GazeTrack};
use crate::time::MediaTime;

const SIZE: [f32; 2] = [1280.0, 960.0];
/// The camera's rate; the newer layout's time code counts in it.
const FPS: f64 = 24.0;

pub(super) fn is_egtea(path: &Path) -> bool {
    use std::io::Read as _;
    let mut start = Vec::new();
    let is_read = std::fs::File::open(path).and_then(|f| f.take(2048).read_to_end(&mut start)).is_ok();
    is_read && start.starts_with(b"##") && String::from_utf8_lossy(&start).contains("Number of Samples")
}

pub(super) fn load(path: &Path, context: &LoadContext<'_>) -> Result<Loaded, GazeFileError> {
    let bytes = std::fs::read(path)
        .map_err(|e| GazeFileError::Unreadable { reason: e.to_string(), path: path.to_path_buf() })?;
    // some exports are Latin-1; every byte that matters is ASCII
    let text = String::from_utf8_lossy(&bytes);
    let rows = text.lines().skip_while(|l| l.split_whitespace().next() != Some("Time")).skip(1);
    let (mut samples, mut skipped) = (Vec::new(), 0u64);
    for line in rows {
        let tokens: Vec<&str> = line.split_whitespace().collect();
        if tokens.is_empty() {
            continue;
        }
        match parse_row(&tokens) {
            Some((frame, pos, event)) => {
                let time = context
                    .frame_times
                    .and_then(|t| t.get(frame).copied())
                    .unwrap_or_else(|| MediaTime::from_secs(frame as f64 / FPS));
                let state = if event == EyeEvent::Blink { GazeState::Untracked } else { state_of(pos) };
                samples.push(GazeSample { time, pos, state, event, confidence: 1.0 });
            }
            None => skipped += 1,
        }
    }
    if samples.is_empty() {
        return Err(GazeFileError::NoSamples { skipped, path: path.to_path_buf() });
    }
    let warnings = match skipped {
        0 => Vec::new(),
        n => vec![format!("{n} rows have an unknown layout and were skipped ({})", path.display())],
    };
    Ok(Loaded { track: GazeTrack { samples, format: GazeFormat::Egtea, path: path.to_path_buf() }, warnings })
}

/// Frame, position and event of a row in the old (7 tokens) or new (26 tokens) layout.
fn parse_row(tokens: &[&str]) -> Option<(usize, [f32; 2], EyeEvent)> {
    let (x, y, frame, event) = match tokens.len() {
        7 => (tokens[3], tokens[4], tokens[5].parse().ok()?, tokens[6]),
        26 => (tokens[5], tokens[6], timecode(tokens[24])?, tokens[25]),
        _ => return None,
    };
    let pos = [x.parse::<f32>().ok()? / SIZE[0], y.parse::<f32>().ok()? / SIZE[1]];
    let event = match event {
        "Fixation" => EyeEvent::Fixation,
        "Saccade" => EyeEvent::Saccade,
        _ => EyeEvent::Blink,
    };
    Some((frame, pos, event))
}

/// `HH:MM:SS:FF` at 24 frames a second.
fn timecode(text: &str) -> Option<usize> {
    let parts: Vec<usize> = text.split(':').map(|p| p.parse().ok()).collect::<Option<_>>()?;
    let [h, m, s, f] = parts.try_into().ok()?;
    Some((h * 3600 + m * 60 + s) * 24 + f)
}
