//! Left: what is open, and how it is drawn.

use egui::{RichText, Ui};

use crate::app::command::{Command, OverlayCommand, SessionCommand};
use crate::app::picture;
use crate::app::state::{AppState, Models};
use crate::app::view_state::ViewState;
use crate::gaze::Aggregate;
use crate::render::{Colormap, Compare, HeatMode};
use crate::time::MediaTime;
use crate::view::legend::{Legend, legend_ui};
use crate::view::theme;

pub fn session_ui(ui: &mut Ui, state: &AppState, _view: &mut ViewState, out: &mut Vec<Command>) {
    egui::ScrollArea::vertical().show(ui, |ui| {
        ui.add_space(4.0);
        clip_ui(ui, state);
        ui.separator();
        gaze_ui(ui, state, out);
        ui.separator();
        overlay_ui(ui, state, out);
        ui.separator();
        method_ui(ui, state);
    });
}

fn heading(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).strong());
}

fn clip_ui(ui: &mut Ui, state: &AppState) {
    let Some(player) = &state.player else { return };
    let info = player.info();
    heading(ui, "Clip");
    let name = info.path.file_name().unwrap_or_default().to_string_lossy();
    ui.add(egui::Label::new(name).truncate()).on_hover_text(info.path.display().to_string());
    let [w, h] = info.display_size;
    let rate = if info.is_variable_rate { ", variable" } else { "" };
    let faint = theme::of(ui).faint;
    ui.colored_label(faint, format!("{w} x {h}, {:.2} fps{rate}", info.average_fps));
    ui.colored_label(faint, format!("{}, {} frames", info.codec, player.table().len()));
    if !state.annotations.is_empty() {
        ui.colored_label(faint, format!("{} annotated questions", state.annotations.len()));
    }
}

fn gaze_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    heading(ui, "Recorded gaze");
    let faint = theme::of(ui).faint;
    let Some(gaze) = &state.gaze else {
        ui.add(egui::Label::new(RichText::new("None. Drop a gaze file on the window.").color(faint)).wrap());
        return;
    };
    ui.colored_label(faint, format!("{:?}, {} samples", gaze.track().format, gaze.track().samples.len()));
    ui.colored_label(faint, format!("{} fixations", gaze.fixations().len()));
    let mut offset_ms = gaze.offset().nanos() as f64 / 1e6;
    ui.horizontal(|ui| {
        let label = ui.label("Clock offset");
        let drag = egui::DragValue::new(&mut offset_ms).speed(1.0).suffix(" ms");
        let response = ui.add(drag).labelled_by(label.id);
        if response.on_hover_text("Added to every gaze time; drag or type").changed() {
            out.push(SessionCommand::SetGazeOffset(MediaTime::from_secs(offset_ms / 1e3)).into());
        }
    });
    let overlay = &state.overlay;
    let mut toggle = |ui: &mut Ui, mut on: bool, label: &str, command: OverlayCommand| {
        if ui.checkbox(&mut on, label).changed() {
            out.push(command.into());
        }
    };
    toggle(ui, overlay.has_point, "Gaze point", OverlayCommand::TogglePoint);
    aggregate_ui(ui, state, out);
    let mut toggle = |ui: &mut Ui, mut on: bool, label: &str, command: OverlayCommand| {
        if ui.checkbox(&mut on, label).changed() {
            out.push(command.into());
        }
    };
    toggle(ui, overlay.has_trail, "Scanpath", OverlayCommand::ToggleTrail);
    toggle(ui, overlay.has_fixations, "Fixations", OverlayCommand::ToggleFixations);
    let mut secs = overlay.trail_secs;
    if ui.add(egui::Slider::new(&mut secs, 0.0..=3.0).text("scanpath").suffix(" s")).changed() {
        out.push(OverlayCommand::TrailSecs(secs).into());
    }
}

/// Which of a picture's samples the point stands for, and how many there are.
fn aggregate_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let label = ui.label("of");
        egui::ComboBox::from_id_salt("aggregate")
            .selected_text(state.overlay.aggregate.label())
            .width(96.0)
            .show_ui(ui, |ui| {
                for aggregate in Aggregate::ALL {
                    let is_on = state.overlay.aggregate == aggregate;
                    if ui.selectable_label(is_on, aggregate.label()).clicked() {
                        out.push(OverlayCommand::Aggregate(aggregate).into());
                    }
                }
            })
            .response
            .labelled_by(label.id);
        if let Some(count) = picture::samples_at_playhead(state) {
            ui.colored_label(theme::of(ui).faint, format!("{count} here"));
        }
    });
}

fn overlay_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    let overlay = &state.overlay;
    heading(ui, "Heatmap");
    for mode in HeatMode::ALL {
        let needs_recording = matches!(mode, HeatMode::Recorded | HeatMode::Both | HeatMode::Difference);
        let is_enabled = !needs_recording || state.gaze.is_some();
        let choice = egui::RadioButton::new(overlay.heat == mode, mode.label());
        if ui.add_enabled(is_enabled, choice).clicked() && overlay.heat != mode {
            out.push(OverlayCommand::Heat(mode).into());
        }
    }
    let mut opacity = overlay.opacity;
    if ui.add(egui::Slider::new(&mut opacity, 0.0..=1.0).text("opacity")).changed() {
        out.push(OverlayCommand::Opacity(opacity).into());
    }
    let mut threshold = overlay.threshold;
    if ui.add(egui::Slider::new(&mut threshold, 0.0..=0.95).text("from")).changed() {
        out.push(OverlayCommand::Threshold(threshold).into());
    }
    ui.horizontal(|ui| {
        let label = ui.label("Colours");
        egui::ComboBox::from_id_salt("colormap")
            .selected_text(overlay.colormap.label())
            .show_ui(ui, |ui| {
                for map in Colormap::CHOICES {
                    if ui.selectable_label(overlay.colormap == map, map.label()).clicked() {
                        out.push(OverlayCommand::Colormap(map).into());
                    }
                }
            })
            .response
            .labelled_by(label.id);
    });
    legend_ui(ui, Legend::of(overlay.heat, overlay.colormap), ui.available_width() - 8.0);
    if state.gaze.is_some() {
        ui.horizontal(|ui| {
            for (compare, text) in
                [(Compare::Off, "One"), (Compare::Wipe(0.5), "Wipe"), (Compare::SideBySide, "Side by side")]
            {
                let is_on = std::mem::discriminant(&overlay.compare) == std::mem::discriminant(&compare);
                if ui.selectable_label(is_on, text).clicked() {
                    out.push(OverlayCommand::Compare(compare).into());
                }
            }
        });
    }
}

fn method_ui(ui: &mut Ui, state: &AppState) {
    heading(ui, "Method");
    let faint = theme::of(ui).faint;
    let text = match &state.models {
        Models::Ready(_) => {
            "Quick search (not GazeNLQ): CLIP ViT-B/16 for the answer, UNISAL saliency with a centre prior for the predicted heatmap. Not trained on this task."
        }
        Models::Missing(reason) => reason,
        Models::Unknown => "Loading the networks…",
    };
    ui.add(egui::Label::new(RichText::new(text).color(faint).small()).wrap());
}
