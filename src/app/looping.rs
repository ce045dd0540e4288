//! Jumps, loops and sound of the open clip.

use super::dataset::{self, DataSetCommand};
use super::state::AppState;
use crate::playback::PlaybackCommand;
use crate::time::{MediaTime, TimeRange};

/// Pre-roll before a looped moment, so that the eye finds its place.
const LOOP_PREROLL: MediaTime = MediaTime::from_millis(1000);

pub fn seek(state: &mut AppState, time: MediaTime, wall_secs: f64) {
    if let Some(player) = &mut state.player {
        player.apply(PlaybackCommand::Seek(time), wall_secs);
    }
}

pub fn start_loop(state: &mut AppState, range: Option<TimeRange>, wall_secs: f64) {
    let Some(range) = range else { return };
    state.looped_range = None;
    let clip = state.clip_range();
    let from = clip.clamp(range.start() - LOOP_PREROLL);
    if let Some(player) = &mut state.player {
        player.apply(PlaybackCommand::Loop(Some(TimeRange::new(from, range.end()))), wall_secs);
        player.apply(PlaybackCommand::Seek(from), wall_secs);
        player.apply(PlaybackCommand::Play, wall_secs);
    }
}

/// `R`: stops the loop, or loops the marked range, else the chosen moment.
pub fn toggle_loop(state: &mut AppState, wall_secs: f64) {
    if let Some(player) = &mut state.player
        && player.loop_range().is_some()
    {
        player.apply(PlaybackCommand::Loop(None), wall_secs);
        state.looped_range = None;
        return;
    }
    if let (Some(range), Some(_)) = (state.marks.range, &state.dataset) {
        return dataset::apply(state, DataSetCommand::Loop(range), wall_secs);
    }
    if let (Some(range), Some(player)) = (state.marks.range, &mut state.player) {
        // a range is looped as it was marked
        player.apply(PlaybackCommand::Loop(Some(range)), wall_secs);
        player.apply(PlaybackCommand::Seek(range.start()), wall_secs);
        player.apply(PlaybackCommand::Play, wall_secs);
        state.looped_range = Some(range);
        return;
    }
    let wanted = state.chosen_moment().or(state.truth());
    match wanted {
        Some(range) if state.dataset.is_some() => {
            dataset::apply(state, DataSetCommand::Loop(range), wall_secs)
        }
        _ => start_loop(state, wanted, wall_secs),
    }
}

pub fn toggle_sound(state: &mut AppState) {
    state.settings.has_sound ^= true;
    apply_sound(state);
}

/// A clip without sound stays silent and keeps the setting.
pub fn apply_sound(state: &mut AppState) {
    let is_on = state.settings.has_sound;
    if let Some(player) = &mut state.player {
        let has_audio = player.info().has_audio;
        player.set_sound(is_on && has_audio);
    }
}
