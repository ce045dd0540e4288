//! The picture with its transport bar.

use egui::{RichText, Ui};

use crate::app::command::{Command, OverlayCommand};
use crate::app::menu::action_button_ui;
use crate::app::picture;
use crate::app::state::AppState;
use crate::app::view_state::ViewState;
use crate::playback::PlayerState;
use crate::render::Compare;
use crate::view::icons::Icon;
use crate::view::theme;
use crate::view::video::video_ui;

pub fn player_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    egui::Panel::bottom("transport").show(ui, |ui| transport_ui(ui, state, out));
    let fill = ui.visuals().extreme_bg_color;
    let background = [fill.r(), fill.g(), fill.b()].map(|c| f32::from(c) / 255.0);
    let area = ui.available_rect_before_wrap();
    match picture::scene(state, view.video.viewpoint, background) {
        Some(scene) => {
            let response = video_ui(ui, &scene, &mut view.video);
            view.hover = response.hover;
            if let Some(at) = response.wipe {
                out.push(OverlayCommand::Compare(Compare::Wipe(at)).into());
            }
        }
        None => {
            ui.centered_and_justified(|ui| ui.spinner());
        }
    }
    badges_ui(ui, state, area);
}

/// Short texts over the picture's corner, on their own ground so that they can be read.
fn badges_ui(ui: &Ui, state: &AppState, area: egui::Rect) {
    let mut texts = Vec::new();
    texts.extend(picture::gaze_badge(state).map(str::to_owned));
    match state.player.as_ref().map(crate::playback::Player::state) {
        Some(PlayerState::Waiting) => texts.push("Decoding…".into()),
        Some(PlayerState::Failed(reason)) => texts.push(reason),
        _ => {}
    }
    let shown = state.player.as_ref().and_then(crate::playback::Player::shown);
    if shown.is_some_and(|frame| frame.is_stand_in) {
        texts.push("This picture cannot be decoded: its nearest neighbour is shown".into());
    }
    if matches!(state.overlay.compare, Compare::Wipe(_) | Compare::SideBySide) {
        texts.push("Predicted left, recorded right".into());
    }
    let mut at = area.left_top() + egui::vec2(10.0, 10.0);
    for text in texts {
        let font = egui::FontId::proportional(13.0);
        let galley = ui.painter().layout(text, font, egui::Color32::WHITE, area.width() - 40.0);
        let ground = egui::Rect::from_min_size(at, galley.size() + egui::vec2(16.0, 8.0));
        ui.painter().rect_filled(ground, 4.0, egui::Color32::from_black_alpha(190));
        ui.painter().galley(at + egui::vec2(8.0, 4.0), galley, egui::Color32::WHITE);
        at.y = ground.bottom() + 6.0;
    }
}

fn transport_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    let Some(player) = &state.player else { return };
    ui.horizontal(|ui| {
        let is_looping = player.loop_range().is_some();
        let play = if player.is_playing() { Icon::Pause } else { Icon::Play };
        for (id, icon, is_on) in [
            ("start", Icon::ToStart, false),
            ("previous-frame", Icon::StepBack, false),
            ("toggle-play", play, false),
            ("next-frame", Icon::StepForward, false),
            ("end", Icon::ToEnd, false),
            ("loop", Icon::Loop, is_looping),
        ] {
            action_button_ui(ui, id, icon, is_on, state, out);
        }
        ui.label(RichText::new(format!("{} / {}", player.time(), player.table().range().end())).monospace());
        let faint = theme::of(ui).faint;
        ui.label(RichText::new(format!("frame {}", player.frame().0)).monospace().color(faint));
        if player.rate() != 1.0 {
            ui.label(RichText::new(format!("{:.2}x", player.rate())).color(theme::of(ui).accent));
        }
    });
}
