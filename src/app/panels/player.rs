//! The picture with its transport bar.

use egui::{RichText, Ui};

use crate::app::actions::Action;
use crate::app::annotate::AnnotateCommand;
use crate::app::command::{AppCommand, Command, OverlayCommand};
use crate::app::marks::MarkCommand;
use crate::app::menu::{action_button_ui, action_row_ui};
use crate::app::picture;
use crate::app::state::AppState;
use crate::app::view_state::ViewState;
use crate::playback::{PlaybackCommand, PlayerState};
use crate::render::Compare;
use crate::view::icons::Icon;
use crate::view::theme;
use crate::view::video::video_ui;

/// What the right mouse button offers over the picture; empty for a line between.
const MENU: [&str; 20] = [
    "toggle-play",
    "add-marker",
    "mark-in",
    "mark-out",
    "new-moment",
    "loop",
    "",
    "gaze-tool",
    "gaze-restore",
    "",
    "cycle-heat",
    "span-range",
    "compare",
    "fixations",
    "",
    "screenshot",
    "copy-picture",
    "",
    "pixel-zoom",
    "fit-picture",
];

pub fn player_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    egui::Panel::bottom("transport").show(ui, |ui| transport_ui(ui, state, out));
    let fill = ui.visuals().extreme_bg_color;
    let background = [fill.r(), fill.g(), fill.b()].map(|c| f32::from(c) / 255.0);
    let area = ui.available_rect_before_wrap();
    match picture::scene(state, view.video.viewpoint, background) {
        Some(scene) => {
            view.video.is_pointing = state.annotate.is_gaze_tool;
            let shown = video_ui(ui, &scene, &mut view.video);
            view.hover = shown.hover;
            if let Some(at) = shown.wipe {
                out.push(OverlayCommand::Compare(Compare::Wipe(at)).into());
            }
            if let Some((at, is_let_go)) = shown.pointed {
                out.push(AnnotateCommand::PointGaze(at).into());
                if is_let_go {
                    out.push(AnnotateCommand::DropGaze.into());
                }
            }
            if shown.steps != 0 {
                out.push(PlaybackCommand::Step(shown.steps).into());
            }
            shown.response.context_menu(|ui| {
                for id in MENU {
                    match Action::by_id(id) {
                        Some(action) => action_row_ui(ui, action, state, out),
                        None => {
                            ui.separator();
                        }
                    }
                }
            });
        }
        None => {
            ui.centered_and_justified(|ui| ui.spinner());
        }
    }
    badges_ui(ui, state, view, area);
}

/// Short texts over the picture's corner, on their own ground so that they can be read.
fn badges_ui(ui: &Ui, state: &AppState, view: &ViewState, area: egui::Rect) {
    let mut texts = Vec::new();
    if state.annotate.is_gaze_tool {
        texts.push("Click or drag where the wearer looked   Esc: done".to_owned());
    }
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
    if let Some(span) = picture::span_text(state) {
        texts.push(format!("Heatmap: mean over {span}"));
    }
    if view.video.viewpoint.zoom > 1.0 {
        texts.push(format!("{:.0} %   double-click to fit", view.video.viewpoint.zoom * 100.0));
    }
    let mut at = area.left_top() + egui::vec2(10.0, 10.0);
    for text in texts {
        let font = egui::FontId::proportional(13.0);
        let galley = ui.painter().layout(text, font, egui::Color32::WHITE, (area.width() - 40.0).max(40.0));
        let ground = egui::Rect::from_min_size(at, galley.size() + egui::vec2(16.0, 8.0));
        ui.painter().rect_filled(ground, 4.0, egui::Color32::from_black_alpha(190));
        ui.painter().galley(at + egui::vec2(8.0, 4.0), galley, egui::Color32::WHITE);
        at.y = ground.bottom() + 6.0;
    }
}

fn transport_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    let Some(player) = &state.player else { return };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
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
        ui.add_space(6.0);
        let faint = theme::of(ui).faint;
        let place = ui.add(
            egui::Label::new(RichText::new(player.time().to_string()).monospace().strong())
                .sense(egui::Sense::click()),
        );
        if place.on_hover_text("Click to go to a time, a frame or a percentage (G)").clicked() {
            out.push(AppCommand::GoTo.into());
        }
        let end = player.table().range().end();
        ui.label(RichText::new(format!("/ {end}")).monospace().color(faint));
        ui.add_space(6.0);
        ui.label(RichText::new(format!("frame {}", player.frame().0)).monospace().color(faint))
            .on_hover_text("Stored pictures are counted from 0, in the order in which they are shown");
        ui.add_space(6.0);
        rate_ui(ui, player.rate(), out);
        range_ui(ui, state, out);
    });
}

/// The speed, which can be chosen.
fn rate_ui(ui: &mut Ui, rate: f64, out: &mut Vec<Command>) {
    let text = RichText::new(format!("{rate:.2}×"));
    let text = if rate == 1.0 { text } else { text.color(theme::of(ui).accent) };
    let menu = ui.menu_button(text, |ui| {
        for choice in [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0] {
            if ui.selectable_label(rate == choice, format!("{choice}×")).clicked() {
                out.push(PlaybackCommand::SetRate(choice).into());
                ui.close();
            }
        }
    });
    menu.response.on_hover_text("Speed: [ and ] by 10 %, \\ for 1×, J K L to shuttle");
}

/// The marked range, where there is room for it.
fn range_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    let Some(range) = state.marks.range else { return };
    if ui.available_width() < 110.0 {
        return;
    }
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        let has_room = ui.available_width() > 170.0;
        if has_room && ui.small_button("Clear").on_hover_text("No range any more (Alt+X)").clicked() {
            out.push(MarkCommand::ClearRange.into());
        }
        let text = format!("range {:.1} s", range.duration().secs());
        ui.colored_label(theme::of(ui).accent, text).on_hover_text(format!(
            "{} to {}: R loops it, Z zooms to it",
            range.start(),
            range.end()
        ));
    });
}
