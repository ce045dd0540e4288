//! Left: what is open, and how it is drawn.

use egui::{RichText, Ui};

use crate::app::command::{AppCommand, Command, OverlayCommand, SessionCommand};
use crate::app::marks::MarkCommand;
use crate::app::picture;
use crate::app::state::{AppState, HeatSpan, Models};
use crate::app::view_state::ViewState;
use crate::gaze::Aggregate;
use crate::playback::PlaybackCommand;
use crate::render::{Colormap, Compare, HeatMode};
use crate::time::MediaTime;
use crate::view::controls::{choices_ui, note_ui, row_ui, section_ui, slider_ui};
use crate::view::legend::{Legend, legend_ui};
use crate::view::theme;

pub fn session_ui(ui: &mut Ui, state: &AppState, _view: &mut ViewState, out: &mut Vec<Command>) {
    egui::ScrollArea::vertical().show(ui, |ui| {
        ui.add_space(4.0);
        section_ui(ui, "Clip", true, |ui| clip_ui(ui, state));
        section_ui(ui, "Heatmap", true, |ui| overlay_ui(ui, state, out));
        section_ui(ui, "Recorded gaze", true, |ui| gaze_ui(ui, state, out));
        section_ui(ui, "Range and markers", true, |ui| marks_ui(ui, state, out));
        section_ui(ui, "Method", true, |ui| method_ui(ui, state, out));
    });
}

fn clip_ui(ui: &mut Ui, state: &AppState) {
    let Some(player) = &state.player else { return };
    let info = player.info();
    let name = info.path.file_name().unwrap_or_default().to_string_lossy();
    ui.add(egui::Label::new(name).truncate()).on_hover_text(info.path.display().to_string());
    let [w, h] = info.display_size;
    let rate = if info.is_variable_rate { " variable" } else { "" };
    let facts = format!("{w} × {h}, {:.2} fps{rate}, {}", info.average_fps, info.codec);
    let more = format!(
        "{} in {}, {} bit, {}; decoded by the processor",
        info.codec, info.container, info.bit_depth, info.pixel_format
    );
    note_ui(ui, facts).on_hover_text(more);
    let mut second = format!("{} frames", player.table().len());
    if !state.annotations.is_empty() {
        second += &format!(", {} annotated questions", state.annotations.len());
    }
    note_ui(ui, second);
}

fn gaze_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    let Some(gaze) = &state.gaze else {
        note_ui(ui, "None. Drop a gaze recording on the window, or");
        if ui.button("Add a recording…").clicked() {
            out.push(SessionCommand::ImportDialog.into());
        }
        return;
    };
    let track = gaze.track();
    let facts = format!("{}, {} samples", track.format.name(), track.samples.len());
    note_ui(ui, facts).on_hover_text(track.path.display().to_string());
    note_ui(ui, format!("{} fixations", gaze.fixations().len())).on_hover_text(
        "Found by dispersion (I-DT) as Pupil Player does: at most 1.5°, 80 to 220 ms, confidence above 0.6",
    );
    let overlay = &state.overlay;
    ui.horizontal_wrapped(|ui| {
        let kinds = [
            (overlay.has_point, "Point", "The gaze of this picture (Shift+G)", OverlayCommand::TogglePoint),
            (
                overlay.has_trail,
                "Scanpath",
                "The last seconds of gaze (Shift+P)",
                OverlayCommand::ToggleTrail,
            ),
            (
                overlay.has_fixations,
                "Fixations",
                "Numbered circles, larger for longer, of the last two seconds (Shift+F)",
                OverlayCommand::ToggleFixations,
            ),
        ];
        for (mut is_on, text, hint, command) in kinds {
            if ui.checkbox(&mut is_on, text).on_hover_text(hint).changed() {
                out.push(command.into());
            }
        }
    });
    aggregate_ui(ui, state, out);
    let hint = "How long the scanpath is";
    if let Some(secs) = slider_ui(ui, "Length", hint, overlay.trail_secs, 0.0..=3.0, " s") {
        out.push(OverlayCommand::TrailSecs(secs).into());
    }
    let mut offset_ms = gaze.offset().nanos() as f64 / 1e6;
    row_ui(ui, "Offset", |ui, label| {
        let drag = egui::DragValue::new(&mut offset_ms).speed(1.0).suffix(" ms");
        let response = ui.add(drag).labelled_by(label);
        if response
            .on_hover_text("Added to every gaze time; drag or type. The recording itself stays as it is.")
            .changed()
        {
            out.push(SessionCommand::SetGazeOffset(MediaTime::from_secs(offset_ms / 1e3)).into());
        }
        if offset_ms != 0.0 && ui.small_button("Reset").clicked() {
            out.push(SessionCommand::SetGazeOffset(MediaTime::ZERO).into());
        }
    });
}

/// Which of a picture's samples the point stands for, and how many there are.
fn aggregate_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    row_ui(ui, "Point is", |ui, label| {
        egui::ComboBox::from_id_salt("aggregate")
            .selected_text(state.overlay.aggregate.label())
            .width(92.0)
            .show_ui(ui, |ui| {
                for aggregate in Aggregate::ALL {
                    let is_on = state.overlay.aggregate == aggregate;
                    if ui.selectable_label(is_on, aggregate.label()).clicked() {
                        out.push(OverlayCommand::Aggregate(aggregate).into());
                    }
                }
            })
            .response
            .labelled_by(label)
            .on_hover_text("Which of the samples of one picture the point stands for");
        if let Some(count) = picture::samples_at_playhead(state) {
            note_ui(ui, format!("of {count}")).on_hover_text("Samples in this picture");
        }
    });
}

fn overlay_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    let overlay = &state.overlay;
    let has_gaze = state.gaze.is_some();
    let rows: [&[(HeatMode, &str, &str, bool)]; 2] = [
        &[
            (HeatMode::Off, "Off", "No heatmap", true),
            (HeatMode::Predicted, "Predicted", "Where a model thinks the wearer looked (P)", true),
            (HeatMode::Recorded, "Recorded", "Where the wearer looked (T)", has_gaze),
        ],
        &[
            (HeatMode::Both, "Both", "Predicted and recorded on top of each other", has_gaze),
            (HeatMode::Difference, "Difference", "Predicted minus recorded (D)", has_gaze),
        ],
    ];
    for row in rows {
        if let Some(mode) = choices_ui(ui, Some(overlay.heat), row)
            && overlay.heat != mode
        {
            out.push(OverlayCommand::Heat(mode).into());
        }
    }
    let spans = [
        (
            HeatSpan::Window,
            "Window",
            "Mean of the 32 pictures around the playhead, as the model's target is made",
            true,
        ),
        (HeatSpan::Picture, "Picture", "Only what was looked at in this picture", true),
        (
            HeatSpan::Range,
            "Range",
            "Mean over the marked range, else over the chosen moment",
            state.range_or_moment().is_some(),
        ),
    ];
    row_ui(ui, "Over", |ui, _| {
        if let Some(span) = choices_ui(ui, Some(overlay.span), &spans) {
            out.push(OverlayCommand::Span(span).into());
        }
    });
    if let Some(opacity) = slider_ui(
        ui,
        "Opacity",
        "How strongly the heatmap covers the picture",
        overlay.opacity,
        0.0..=1.0,
        "",
    ) {
        out.push(OverlayCommand::Opacity(opacity).into());
    }
    if let Some(threshold) = slider_ui(
        ui,
        "From",
        "Nothing is drawn below this fraction of the peak: no gaze has no colour",
        overlay.threshold,
        0.0..=0.95,
        "",
    ) {
        out.push(OverlayCommand::Threshold(threshold).into());
    }
    row_ui(ui, "Colours", |ui, label| {
        egui::ComboBox::from_id_salt("colormap")
            .selected_text(overlay.colormap.label())
            .width((ui.available_width() - 8.0).max(60.0))
            .show_ui(ui, |ui| {
                for map in Colormap::CHOICES {
                    if ui.selectable_label(overlay.colormap == map, map.label()).clicked() {
                        out.push(OverlayCommand::Colormap(map).into());
                    }
                }
            })
            .response
            .labelled_by(label);
    });
    legend_ui(ui, Legend::of(overlay.heat, overlay.colormap), ui.available_width() - 8.0);
    if has_gaze {
        // where the dividing line stands is not what is chosen here
        let kind = |compare: Compare| std::mem::discriminant(&compare);
        let views = [
            (kind(Compare::Off), "One", "One picture", true),
            (
                kind(Compare::Wipe(0.5)),
                "Wipe",
                "Predicted left, recorded right of a line that can be dragged (C)",
                true,
            ),
            (kind(Compare::SideBySide), "Side by side", "The picture twice (C)", true),
        ];
        if let Some(chosen) = choices_ui(ui, Some(kind(overlay.compare)), &views) {
            let all = [Compare::Off, Compare::Wipe(0.5), Compare::SideBySide];
            out.extend(
                all.into_iter().find(|c| kind(*c) == chosen).map(|c| OverlayCommand::Compare(c).into()),
            );
        }
    }
}

fn marks_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    match state.marks.range {
        Some(range) => {
            let text = format!("{} – {}", range.start(), range.end());
            ui.horizontal(|ui| {
                ui.label(text);
                ui.colored_label(theme::of(ui).faint, format!("{:.1} s", range.duration().secs()));
            });
            ui.horizontal_wrapped(|ui| {
                for (text, hint, command) in [
                    ("Loop", "Play the range over and over (R)", AppCommand::LoopSelection.into()),
                    ("Zoom", "See the range in the timeline (Z)", AppCommand::ZoomToSelection.into()),
                    ("Copy", "Start and end as text", AppCommand::CopyText(state.range_text()).into()),
                    ("Clear", "No range any more (Alt+X)", Command::from(MarkCommand::ClearRange)),
                ] {
                    if ui.small_button(text).on_hover_text(hint).clicked() {
                        out.push(command);
                    }
                }
            });
        }
        None => {
            note_ui(ui, "No range: press I and O, or drag with Shift on the timeline.");
        }
    }
    let markers = state.markers();
    if markers.is_empty() {
        note_ui(ui, "No markers: press M to put one at the playhead.");
    }
    for marker in markers {
        ui.horizontal(|ui| {
            let (dot, _) = ui.allocate_exact_size(egui::vec2(8.0, 8.0), egui::Sense::hover());
            ui.painter().circle_filled(dot.center(), 4.0, theme::marker(ui, marker.colour));
            let note = marker.label.lines().next().unwrap_or_default();
            let text = format!("{}  {note}", marker.time);
            let width = ui.available_width() - 44.0;
            let button = egui::Button::new(text).frame(false).truncate();
            let hint = format!("Jump to the {} marker", marker.colour.name());
            if ui.add_sized([width.max(60.0), 20.0], button).on_hover_text(hint).clicked() {
                out.push(PlaybackCommand::Seek(marker.time).into());
            }
            let edit = ui.small_button("Edit");
            if edit.on_hover_text("Write its note, choose its colour, or remove it").clicked() {
                out.push(MarkCommand::Edit(marker.id).into());
            }
        });
    }
}

fn method_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    match &state.models {
        Models::Ready(pipeline) => {
            note_ui(ui, pipeline.about());
        }
        Models::Missing(reason) => {
            ui.add(egui::Label::new(RichText::new(reason).color(theme::of(ui).warning).small()).wrap());
            if ui.button("Download models").clicked() {
                out.push(AppCommand::FetchModels.into());
            }
        }
        Models::Unknown => {
            note_ui(ui, "Loading the networks…");
        }
    }
    if ui.link("Which model is this?").clicked() {
        out.push(AppCommand::ToggleModelCard.into());
    }
}
