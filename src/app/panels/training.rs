//! The training page: curves, examples of what the network says by now, stop and resume.

use egui::{RichText, Ui, vec2};

use crate::app::command::Command;
use crate::app::state::AppState;
use crate::app::tasks::TaskKind;
use crate::app::training::{EVERY, TrainingCommand, TrainingSession};
use crate::app::view_state::ViewState;
use crate::project::annotations::SYNTHETIC_NOTE;
use crate::train::look::{Curves, MapExample, MomentExample};
use crate::view::charts::{Curve, history_ui};
use crate::view::controls::note_ui;
use crate::view::theme::{self, Palette};

/// Side of an example's map, points.
const MAP_SIDE: f32 = 92.0;
/// Width of a question before its bar.
const QUESTION_WIDTH: f32 = 330.0;
/// Height of an example's bar.
const BAR_HEIGHT: f32 = 26.0;

pub fn training_ui(
    ui: &mut Ui,
    state: &AppState,
    session: &TrainingSession,
    view: &mut ViewState,
    out: &mut Vec<Command>,
) {
    // what another program writes is seen as well
    ui.ctx().request_repaint_after(EVERY);
    header_ui(ui, state, session, out);
    ui.separator();
    egui::ScrollArea::vertical().show(ui, |ui| {
        if session.look.training.is_empty() {
            note_ui(
                ui,
                "Nothing has been noted yet. Curves and examples appear here while the training goes on.",
            );
            return;
        }
        let (losses, scores) = groups(session);
        let width = (ui.available_width() - 12.0) / 2.0;
        ui.horizontal_top(|ui| {
            ui.vertical(|ui| {
                ui.set_width(width);
                chart_ui(ui, "Loss", &losses, false);
            });
            ui.vertical(|ui| {
                ui.set_width(width);
                let title =
                    if session.look.moments.is_empty() { "Validation" } else { "Recall on the validation" };
                chart_ui(ui, title, &scores, true);
            });
        });
        if !session.look.maps.is_empty() {
            ui.add_space(8.0);
            ui.strong("Where the wearer looked, and where the estimator thinks so");
            maps_ui(ui, session, view);
        }
        if !session.look.moments.is_empty() {
            ui.add_space(8.0);
            ui.strong(format!("Questions of the validation after epoch {}", session.look.epoch));
            note_ui(
                ui,
                "Each bar is a clip: above what was found, the best strongest; below the annotated moment.",
            );
            session.look.moments.iter().for_each(|example| moment_ui(ui, example));
        }
    });
}

fn header_ui(ui: &mut Ui, state: &AppState, session: &TrainingSession, out: &mut Vec<Command>) {
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        ui.label(RichText::new(session.config.title()).strong().size(18.0));
        let folder = session.folder.display().to_string();
        let name = session.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        ui.colored_label(theme::of(ui).faint, name).on_hover_text(folder);
        if session.look.is_synthetic {
            ui.colored_label(theme::of(ui).warning, "synthetic clips").on_hover_text(SYNTHETIC_NOTE);
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui
                .button("Close")
                .on_hover_text("Back to the start page; a training that runs is saved and stopped")
                .clicked()
            {
                out.push(TrainingCommand::Close.into());
            }
            let (is_running, is_stopping) =
                (state.tasks.is_running(TaskKind::Train), state.tasks.is_stopping(TaskKind::Train));
            if is_running {
                if ui
                    .button("Stop")
                    .on_hover_text("Saves after the current step; it goes on from there")
                    .clicked()
                {
                    out.push(TrainingCommand::Stop.into());
                }
            } else if !session.look.is_done {
                let text = if session.look.can_resume { "Resume" } else { "Start" };
                let colours = theme::of(ui);
                let button =
                    egui::Button::new(RichText::new(text).color(colours.text_on_accent)).fill(colours.accent);
                let hint = "Trains here, in the background; the run's folder holds everything";
                if ui.add_enabled(!is_stopping, button).on_hover_text(hint).clicked() {
                    out.push(TrainingCommand::Start.into());
                }
            }
        });
    });
    ui.horizontal(|ui| match state.tasks.progress(TaskKind::Train) {
        Some(progress) => {
            let mut text = match progress.total {
                0 => progress.stage.clone(),
                total => format!("step {} of {total}", progress.done),
            };
            if !progress.note.is_empty() {
                text += &format!(", {}", progress.note);
            }
            if let Some(left) = progress.left_secs() {
                text += &format!(", {} left", minutes(left));
            }
            let bar = egui::ProgressBar::new(progress.fraction().unwrap_or(0.0)).desired_width(220.0);
            ui.add(bar.show_percentage());
            ui.label(text);
        }
        None => {
            let look = &session.look;
            let where_ = format!("epoch {} of {}, step {}", look.epoch, session.config.epochs(), look.step);
            let what = match (look.is_done, look.can_resume) {
                (true, _) => "Done",
                (false, true) => "Not running here; it can be resumed, and what another program writes is shown as it comes",
                (false, false) => "Not begun",
            };
            ui.colored_label(theme::of(ui).faint, format!("{what}: {where_}"));
        }
    });
    ui.add_space(4.0);
}

fn minutes(secs: f64) -> String {
    match secs {
        secs if secs < 90.0 => format!("{secs:.0} s"),
        secs if secs < 5400.0 => format!("{:.0} min", secs / 60.0),
        secs => format!("{:.1} h", secs / 3600.0),
    }
}

/// The losses of the steps, and what tells best how good the network is.
fn groups(session: &TrainingSession) -> (Curves, Curves) {
    let pick = |curves: &Curves, wanted: &dyn Fn(&str) -> bool| -> Curves {
        curves.iter().filter(|(name, _)| wanted(name)).map(|(name, x)| (name.clone(), x.clone())).collect()
    };
    let losses = pick(&session.look.training, &|name| name.starts_with("loss"));
    let recalls = pick(&session.look.validation, &|name| name.starts_with('R') && name.contains('@'));
    let scores = match recalls.is_empty() {
        true => pick(&session.look.validation, &|name| name == "kl" || name.ends_with("_kl")),
        false => recalls,
    };
    (losses, scores)
}

fn chart_ui(ui: &mut Ui, title: &str, curves: &Curves, has_points: bool) {
    let colours = theme::of(ui);
    let inks = [colours.accent, colours.prediction, colours.truth, colours.warning, colours.error];
    ui.strong(title);
    if curves.is_empty() {
        note_ui(ui, "No figures yet: the first validation is still to come.");
        return;
    }
    let curves: Vec<Curve<'_>> = curves
        .iter()
        .zip(inks.into_iter().cycle())
        .map(|((name, points), colour)| Curve {
            name,
            colour,
            points: points.clone(),
            has_dots: has_points,
            is_dashed: false,
        })
        .collect();
    history_ui(ui, title, "step", 220.0, &curves);
}

fn maps_ui(ui: &mut Ui, session: &TrainingSession, view: &mut ViewState) {
    ui.horizontal_wrapped(|ui| {
        for (index, example) in session.look.maps.iter().enumerate() {
            let textures = view.training_maps.of(ui.ctx(), session, index, example);
            ui.vertical(|ui| {
                ui.horizontal(|ui| {
                    for (texture, hint) in textures.iter().zip(["recorded", "predicted"]) {
                        let image = egui::Image::new((texture.id(), vec2(MAP_SIDE, MAP_SIDE)));
                        ui.add(image.alt_text(format!("{hint} map {}", index + 1))).on_hover_text(hint);
                    }
                });
                note_ui(ui, "recorded, predicted");
            });
            ui.add_space(10.0);
        }
    });
}

/// A clip's length as a bar: the truth hatched below, what was found above, the best one strongest.
fn moment_ui(ui: &mut Ui, example: &MomentExample) {
    let colours = theme::of(ui);
    ui.horizontal(|ui| {
        let size = vec2(QUESTION_WIDTH, BAR_HEIGHT);
        ui.allocate_ui_with_layout(size, egui::Layout::left_to_right(egui::Align::Center), |ui| {
            ui.set_min_width(QUESTION_WIDTH);
            ui.add(egui::Label::new(&example.question).truncate()).on_hover_text(&example.question);
        });
        let width = (ui.available_width() - 90.0).max(80.0);
        let (area, response) = ui.allocate_exact_size(vec2(width, BAR_HEIGHT - 6.0), egui::Sense::hover());
        ui.painter().rect_filled(area, 3.0, colours.lane);
        bars(ui, area, example, &colours);
        let told =
            format!("{}: truth {}, found {}", example.question, spans(&example.truth), spans(&example.found));
        response.on_hover_text(told);
        let ink = if example.iou > 0.3 { colours.truth } else { colours.faint };
        ui.colored_label(ink, format!("IoU {:.2}", example.iou));
    });
}

fn spans(windows: &[[f64; 2]]) -> String {
    let spans: Vec<String> = windows.iter().map(|[a, b]| format!("{a:.1} to {b:.1} s")).collect();
    if spans.is_empty() { "nothing".to_owned() } else { spans.join(", ") }
}

fn bars(ui: &Ui, area: egui::Rect, example: &MomentExample, colours: &Palette) {
    let x = |secs: f64| area.left() + (secs / example.duration_secs.max(1e-6)) as f32 * area.width();
    let half = area.height() / 2.0;
    let block = |[from, until]: &[f64; 2], top: f32, ink: egui::Color32| {
        let corner = egui::pos2(x(*from), area.top() + top);
        let size = vec2((x(*until) - x(*from)).max(2.0), half - 1.0);
        ui.painter().rect_filled(egui::Rect::from_min_size(corner, size).intersect(area), 2.0, ink);
    };
    example.truth.iter().for_each(|window| block(window, half, colours.truth));
    for (rank, window) in example.found.iter().enumerate().rev() {
        block(window, 0.0, colours.ranked(rank));
    }
}

/// Textures of the examples, made again when there are new ones.
#[derive(Default)]
pub struct MapTextures {
    made_for: Option<(std::path::PathBuf, u64)>,
    pairs: Vec<[egui::TextureHandle; 2]>,
}

impl MapTextures {
    fn of(
        &mut self,
        ctx: &egui::Context,
        session: &TrainingSession,
        index: usize,
        example: &MapExample,
    ) -> [egui::TextureHandle; 2] {
        let wanted = (session.folder.clone(), session.version);
        if self.made_for.as_ref() != Some(&wanted) {
            (self.made_for, self.pairs) = (Some(wanted), Vec::new());
        }
        while self.pairs.len() <= index {
            let pair = [&example.truth, &example.predicted].map(|cells| texture(ctx, cells));
            self.pairs.push(pair);
        }
        self.pairs[index].clone()
    }
}

fn texture(ctx: &egui::Context, cells: &[f32]) -> egui::TextureHandle {
    let side = (cells.len() as f64).sqrt() as usize;
    let most = cells.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let map = crate::render::Colormap::default();
    let pixels: Vec<u8> = cells.iter().flat_map(|cell| map.sample(cell / most)).collect();
    let image = egui::ColorImage::from_rgb([side, side], &pixels[..side * side * 3]);
    ctx.load_texture("training map", image, egui::TextureOptions::LINEAR)
}
