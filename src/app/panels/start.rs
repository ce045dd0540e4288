//! The start page: what can be done first, and what was open before.

use egui::{Align, Color32, CornerRadius, Layout, RichText, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

use crate::app::command::{AppCommand, Command, QueryCommand, SessionCommand};
use crate::app::recent::RecentLook;
use crate::app::settings::Recent;
use crate::app::state::AppState;
use crate::app::tasks::TaskKind;
use crate::app::view_state::ViewState;
use crate::time::MediaTime;
use crate::view::controls::note_ui;
use crate::view::theme;

const WIDTH: f32 = 920.0;
const RECENT_WIDTH: f32 = 360.0;
const PICTURE: egui::Vec2 = vec2(96.0, 54.0);

pub fn start_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    let has_recent = !state.settings.recent.is_empty();
    let width = if has_recent { WIDTH } else { 700.0 };
    egui::ScrollArea::vertical().show(ui, |ui| {
        ui.vertical_centered(|ui| {
            ui.add_space((ui.available_height() * 0.10).clamp(8.0, 140.0));
            ui.set_max_width(width.min(ui.available_width()));
            ui.label(RichText::new("GazeNLQ").size(38.0).strong());
            ui.label(
                RichText::new("Ask an egocentric clip a question. See where the wearer looked, and when the answer happened.")
                    .size(15.0),
            );
            ui.add_space(22.0);
            if let Some(progress) = state.tasks.progress(TaskKind::Open) {
                ui.spinner();
                ui.label(progress.stage);
                if ui.button("Cancel").clicked() {
                    out.push(QueryCommand::CancelWork.into());
                }
                return;
            }
            if has_recent {
                ui.horizontal_top(|ui| {
                    ui.vertical(|ui| {
                        ui.set_width(ui.available_width() - RECENT_WIDTH - 28.0);
                        first_steps_ui(ui, state, out);
                    });
                    ui.add_space(20.0);
                    ui.vertical(|ui| {
                        ui.set_width(RECENT_WIDTH);
                        recent_ui(ui, state, view, out);
                    });
                });
            } else {
                ui.vertical(|ui| first_steps_ui(ui, state, out));
            }
        });
    });
}

/// Where files can be dropped, and what comes next.
fn first_steps_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    let colours = theme::of(ui);
    let inside = egui::Frame::new().inner_margin(24.0).show(ui, |ui| {
        ui.vertical_centered(|ui| {
            ui.label(RichText::new("Drop a clip here").size(19.0).strong());
            ui.colored_label(
                colours.faint,
                "with its gaze recording and its annotations, or a whole folder;",
            );
            ui.colored_label(
                colours.faint,
                "or a data set: annotations with feature stores, a checkpoint, predictions",
            );
            ui.add_space(12.0);
            let wide = vec2(220.0, 34.0);
            let text = RichText::new("Open a clip…").color(colours.text_on_accent).strong();
            if ui.add_sized(wide, egui::Button::new(text).fill(colours.accent)).clicked() {
                out.push(SessionCommand::OpenDialog.into());
            }
            let demo = ui.add_sized(wide, egui::Button::new("Open the demo clip"));
            if demo
                .on_hover_text("42 seconds with recorded gaze and seven questions whose answers are known")
                .clicked()
            {
                out.push(SessionCommand::OpenDemo.into());
            }
            let synthetic = ui.add_sized(wide, egui::Button::new("Watch GazeNLQ at work"));
            if synthetic
                .on_hover_text("A synthetic minute, answered live by a small GazeNLQ that was trained on such clips, beside the true gaze and moments")
                .clicked()
            {
                out.push(SessionCommand::OpenSyntheticDemo.into());
            }
        });
    });
    dashed(ui, inside.response.rect, colours.faint);
    ui.add_space(16.0);
    for (number, title, text) in [
        (
            "1",
            "Open",
            "Video of any kind that FFmpeg reads. Gaze of Ego4D, EGTEA, Pupil, Neon, Aria, Tobii, or any table.",
        ),
        (
            "2",
            "Ask",
            "In plain English, or from the 13 templates of Ego4D NLQ. Moments come ranked, on a timeline.",
        ),
        (
            "3",
            "Look",
            "Recorded and predicted gaze over the picture, their difference, what gaze changes in the answer.",
        ),
    ] {
        ui.horizontal_top(|ui| {
            let (dot, _) = ui.allocate_exact_size(vec2(24.0, 24.0), Sense::hover());
            ui.painter().circle_stroke(dot.center(), 11.0, Stroke::new(1.5, colours.accent));
            let font = egui::FontId::proportional(13.0);
            ui.painter().text(dot.center(), egui::Align2::CENTER_CENTER, number, font, colours.accent);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.label(RichText::new(title).strong());
                ui.add(egui::Label::new(RichText::new(text).color(colours.faint)).wrap());
            });
        });
        ui.add_space(4.0);
    }
    ui.add_space(6.0);
    models_ui(ui, state, out);
    ui.horizontal(|ui| {
        if ui.link("All keys and what the numbers mean (F1)").clicked() {
            out.push(AppCommand::ToggleHelp(crate::app::command::HelpPage::Words).into());
        }
    });
}

fn models_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    if let Some(progress) = state.tasks.progress(TaskKind::FetchModels) {
        let bar = egui::ProgressBar::new(progress.fraction().unwrap_or(0.0)).text(progress.stage);
        ui.add(bar);
        return;
    }
    match state.has_models {
        Some(false) => {
            ui.horizontal_wrapped(|ui| {
                ui.colored_label(
                    theme::of(ui).warning,
                    "The networks that answer are not on this machine yet.",
                );
                if ui
                    .button("Download models")
                    .on_hover_text("About 250 MB, from their named sources, checked")
                    .clicked()
                {
                    out.push(AppCommand::FetchModels.into());
                }
            });
            note_ui(ui, "Video, recorded gaze and annotations work without them.");
        }
        Some(true) => {
            note_ui(ui, "The networks that answer are on this machine. Nothing is sent anywhere.");
        }
        None => {}
    }
}

fn recent_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    ui.label(RichText::new("Recent").strong());
    ui.add_space(2.0);
    for recent in &state.settings.recent {
        let look = state.recent_looks.iter().find(|look| look.files == recent.files);
        recent_row_ui(ui, recent, look, view, out);
    }
}

fn recent_row_ui(
    ui: &mut Ui,
    recent: &Recent,
    look: Option<&RecentLook>,
    view: &mut ViewState,
    out: &mut Vec<Command>,
) {
    let Some(first) = recent.files.first() else { return };
    let colours = theme::of(ui);
    let is_there = look.is_none_or(|look| look.is_there);
    let file_name = || first.file_name().unwrap_or(first.as_os_str()).to_string_lossy().into_owned();
    let name = if recent.clip_name.is_empty() { file_name() } else { recent.clip_name.clone() };
    let place = ui.painter().add(egui::Shape::Noop);
    let inside = egui::Frame::new().inner_margin(6.0).show(ui, |ui| {
        ui.set_width(RECENT_WIDTH - 12.0);
        ui.horizontal(|ui| {
            let (area, _) = ui.allocate_exact_size(PICTURE, Sense::hover());
            ui.painter().rect_filled(area, 4.0, ui.visuals().extreme_bg_color);
            if let Some(texture) = look.and_then(|look| view.recent_pictures.of(ui.ctx(), look)) {
                let size = texture.size_vec2();
                let shown = size * (area.width() / size.x).min(area.height() / size.y);
                let tint = if is_there { Color32::WHITE } else { Color32::from_gray(90) };
                let at = egui::Rect::from_center_size(area.center(), shown);
                let whole = egui::Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
                ui.painter().image(texture.id(), at, whole, tint);
            }
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                let ink = if is_there { ui.visuals().strong_text_color() } else { colours.faint };
                ui.add(egui::Label::new(RichText::new(&name).color(ink)).truncate().selectable(false));
                let folder = first.parent().map(|p| p.display().to_string()).unwrap_or_default();
                let text = RichText::new(folder).small().color(colours.faint);
                ui.add(egui::Label::new(text).truncate().selectable(false));
                let state = if is_there {
                    let [at, length] =
                        [recent.playhead_nanos, recent.duration_nanos].map(MediaTime::from_nanos);
                    if length > MediaTime::ZERO { format!("left at {at} of {length}") } else { String::new() }
                } else {
                    "not found: moved, or its drive is away".to_owned()
                };
                let ink = if is_there { colours.faint } else { colours.warning };
                ui.add(egui::Label::new(RichText::new(state).small().color(ink)).selectable(false));
            });
        });
    });
    let area = inside.response.rect;
    let id = ui.scope_id().with(("recent", first));
    let response = ui.interact(area, id, if is_there { Sense::click() } else { Sense::hover() });
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Button, is_there, format!("Open {name} again"))
    });
    if response.hovered() && is_there {
        let fill = ui.visuals().widgets.hovered.weak_bg_fill;
        ui.painter().set(place, egui::Shape::rect_filled(area, 6.0, fill));
    }
    if response.has_focus() {
        ui.painter().rect_stroke(area, 6.0, Stroke::new(2.0, colours.accent), StrokeKind::Inside);
    }
    // the small button lies over the row
    let corner = egui::Rect::from_min_size(area.right_top() + vec2(-64.0, 6.0), vec2(58.0, 20.0));
    if response.contains_pointer() || !is_there {
        ui.scope_builder(
            egui::UiBuilder::new().max_rect(corner).layout(Layout::right_to_left(Align::Center)),
            |ui| {
                let forget = ui.small_button("Forget");
                if forget.on_hover_text("Take it off this list; the files stay").clicked() {
                    out.push(SessionCommand::ForgetRecent(recent.files.clone()).into());
                }
            },
        );
    }
    let files: Vec<String> = recent.files.iter().map(|file| file.display().to_string()).collect();
    if response.on_hover_text(files.join("\n")).clicked() {
        out.push(SessionCommand::Open(recent.files.clone()).into());
    }
}

/// A dashed frame: something can be dropped here.
fn dashed(ui: &Ui, area: egui::Rect, colour: Color32) {
    let area = area.shrink(1.0);
    let corners =
        [area.left_top(), area.right_top(), area.right_bottom(), area.left_bottom(), area.left_top()];
    ui.painter().extend(egui::Shape::dashed_line(&corners, Stroke::new(1.5, colour), 7.0, 5.0));
    ui.painter().rect_filled(area, CornerRadius::same(4), colour.gamma_multiply(0.05));
}
