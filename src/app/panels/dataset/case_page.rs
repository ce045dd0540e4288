//! The chosen query over the whole window: its video where there is one, pictures of the true and of
//! the found moment, and every answer on the clip's time.

use egui::{Align2, Color32, FontId, Rect, RichText, ScrollArea, Sense, Stroke, Ui, pos2, vec2};

use super::colours::of_class;
use crate::app::command::{Command, QueryCommand};
use crate::app::dataset::{DataSetCommand, DataSetSession, MOMENTS};
use crate::app::panels::player;
use crate::app::state::AppState;
use crate::app::view_state::ViewState;
use crate::eval::{Window, hull_iou};
use crate::time::TimeRange;
use crate::view::controls::note_ui;
use crate::view::theme;

const RANK_ROW: f32 = 22.0;

pub fn case_page_ui(
    ui: &mut Ui,
    state: &AppState,
    set: &DataSetSession,
    view: &mut ViewState,
    out: &mut Vec<Command>,
) {
    head_ui(ui, set, out);
    if state.player.is_some() {
        // the film and some answers stay in view
        let height = (ui.available_height() * 0.55).max(160.0);
        ui.allocate_ui(vec2(ui.available_width(), height), |ui| player::player_ui(ui, state, view, out));
    }
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        film_ui(ui, state, set, view, out);
        ranked_ui(ui, set, out);
    });
}

/// Pictures of the true moment above those of the found one.
fn film_ui(
    ui: &mut Ui,
    state: &AppState,
    set: &DataSetSession,
    view: &mut ViewState,
    out: &mut Vec<Command>,
) {
    let Some(film) = set.film.as_ref().filter(|film| set.selected == Some(film.row)) else {
        let text = match &state.player {
            Some(_) => "Making pictures of the moments…",
            None => "The clip's video is not at hand, so there are no pictures; everything else is here.",
        };
        note_ui(ui, text);
        return;
    };
    let strips = view.dataset.film.update(ui.ctx(), film);
    let colours = theme::of(ui);
    let names = [
        ("True moment", colours.truth),
        ("True moment, recorded gaze", colours.truth),
        ("True moment, predicted gaze", colours.truth),
        ("Found moment", colours.prediction),
        ("Found moment, recorded gaze", colours.prediction),
        ("Found moment, predicted gaze", colours.prediction),
    ];
    for ((name, colour), strip) in names.into_iter().zip(strips) {
        if strip.is_empty() {
            continue;
        }
        ui.label(RichText::new(name).strong());
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 3.0;
            let width = (ui.available_width() / strip.len() as f32 - 3.0).clamp(24.0, 220.0);
            for (time, texture) in strip {
                let size = texture.size_vec2();
                let shown = vec2(width, width * size.y / size.x.max(1.0));
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 1.0;
                    let picture =
                        egui::Image::new((texture.id(), shown)).corner_radius(3.0).sense(Sense::click());
                    let response = ui.add(picture);
                    let at = *time - set.video_start();
                    response.widget_info(|| {
                        egui::WidgetInfo::labeled(egui::Role::Image, true, format!("{name} at {at}"))
                    });
                    let edge = Rect::from_min_size(response.rect.left_bottom(), vec2(width, 3.0));
                    ui.painter().rect_filled(edge, 0.0, colour);
                    if response.on_hover_text("Click to jump there").clicked() {
                        out.push(DataSetCommand::Seek(at).into());
                    }
                    ui.add_space(3.0);
                    ui.label(RichText::new(at.to_string()).small().color(colours.faint));
                });
            }
        });
    }
}

fn head_ui(ui: &mut Ui, set: &DataSetSession, out: &mut Vec<Command>) {
    let Some((row, shown)) = set.selected.zip(set.selected_view()) else { return };
    ui.horizontal(|ui| {
        if ui.button("← All queries").on_hover_text("Back to the table (Enter)").clicked() {
            out.push(DataSetCommand::OpenCase(false).into());
        }
        let at = set.shown.iter().position(|r| *r == row);
        let place = at.map_or_else(String::new, |at| format!("{} of {}", at + 1, set.shown.len()));
        ui.colored_label(theme::of(ui).faint, place);
        for (text, hint, by) in [
            ("Previous failure", "The failure before in the table (Shift+N)", -1),
            ("Next failure", "The next failure of the table (N)", 1),
        ] {
            if ui.button(text).on_hover_text(hint).clicked() {
                out.push(DataSetCommand::NextFailure(by).into());
            }
        }
        ui.add(egui::Label::new(RichText::new(shown.text()).strong().size(16.0)).truncate());
    });
}

/// Every answer as a bar on the clip's time, the truth behind them all.
fn ranked_ui(ui: &mut Ui, set: &DataSetSession, out: &mut Vec<Command>) {
    let Some((row, shown)) = set.selected.zip(set.selected_view()) else { return };
    let Some(windows) = set.windows(row).filter(|windows| !windows.is_empty()) else {
        note_ui(ui, "No moment was predicted.");
        return;
    };
    let windows = &windows[..windows.len().min(MOMENTS)];
    ui.add_space(6.0);
    ui.label(RichText::new("Answers").strong()).on_hover_text(
        "Every answer on the whole clip; the band is the true moment. Click jumps, double-click loops.",
    );
    let clip = set.clip_range();
    let size = vec2(ui.available_width(), RANK_ROW * (windows.len() + 1) as f32);
    let (area, whole) = ui.allocate_exact_size(size, Sense::hover());
    let colours = theme::of(ui);
    let painter = ui.painter_at(area);
    let (left, right) = (area.left() + 28.0, area.right() - 150.0);
    let secs = clip.duration().secs().max(1e-6);
    let x = |time: f64| left + (right - left) * (time / secs).clamp(0.0, 1.0) as f32;
    let truths: Vec<[f64; 2]> = shown.windows.to_vec();
    for [start, end] in &truths {
        let band = Rect::from_min_max(
            pos2(x(*start), area.top()),
            pos2(x(*end).max(x(*start) + 2.0), area.bottom()),
        );
        painter.rect_filled(band, 0.0, colours.truth.gamma_multiply(0.28));
    }
    let scores = windows.iter().filter_map(|w| w.score).fold(f64::MIN, f64::max);
    truth_row_ui(ui, &truths, whole.id, row_rect(area, 0), x, out);
    for (rank, window) in windows.iter().enumerate() {
        let line = row_rect(area, rank + 1);
        let response = ui.interact(line, whole.id.with(rank), Sense::click());
        if response.hovered() || set.moment == Some(rank) {
            painter.rect_filled(line, 3.0, ui.visuals().widgets.hovered.weak_bg_fill.gamma_multiply(0.6));
        }
        let iou = truths.iter().map(|t| hull_iou([window.start, window.end], *t)).fold(0.0, f64::max);
        let is_right = iou > set.wanted.config.theta;
        let part = window.score.filter(|_| scores > 0.0).map_or(1.0, |s| (s / scores).clamp(0.15, 1.0));
        let ink: Color32 = colours.prediction.gamma_multiply(part as f32);
        let bar = Rect::from_min_max(
            pos2(x(window.start), line.top() + 4.0),
            pos2(x(window.end).max(x(window.start) + 3.0), line.bottom() - 4.0),
        );
        painter.rect_filled(bar, 2.0, ink);
        if is_right {
            let stroke = Stroke::new(2.0, of_class(ui, crate::eval::failure::Class::Correct));
            painter.rect_stroke(bar.expand(1.5), 3.0, stroke, egui::StrokeKind::Outside);
        }
        let font = FontId::proportional(12.5);
        let text = ui.visuals().text_color();
        painter.text(
            pos2(area.left() + 6.0, line.center().y),
            Align2::LEFT_CENTER,
            rank + 1,
            font.clone(),
            text,
        );
        let score = window.score.map_or_else(String::new, |score| format!("{score:.2}"));
        let figures = format!("{score}   IoU {iou:.2}");
        painter.text(pos2(area.right() - 6.0, line.center().y), Align2::RIGHT_CENTER, figures, font, text);
        response.widget_info(|| {
            let name = answer_name(rank, window, iou);
            egui::WidgetInfo::selected(egui::Role::Button, true, set.moment == Some(rank), name)
        });
        let response = response.on_hover_cursor(egui::CursorIcon::PointingHand);
        if response.double_clicked() {
            out.push(QueryCommand::Loop(rank).into());
        } else if response.clicked() {
            out.push(QueryCommand::Jump(rank).into());
        }
    }
}

fn answer_name(rank: usize, window: &Window, iou: f64) -> String {
    let range = TimeRange::from_secs(window.start, window.end);
    format!("Answer {}: {} to {}, IoU {iou:.2}", rank + 1, range.start(), range.end())
}

fn row_rect(area: Rect, index: usize) -> Rect {
    let top = area.top() + RANK_ROW * index as f32;
    Rect::from_min_max(pos2(area.left(), top), pos2(area.right(), top + RANK_ROW))
}

fn truth_row_ui(
    ui: &Ui,
    truths: &[[f64; 2]],
    id: egui::Id,
    line: Rect,
    x: impl Fn(f64) -> f32,
    out: &mut Vec<Command>,
) {
    let colours = theme::of(ui);
    let painter = ui.painter_at(line);
    let response = ui.interact(line, id.with("truth"), Sense::click());
    for [start, end] in truths {
        let bar = Rect::from_min_max(
            pos2(x(*start), line.top() + 4.0),
            pos2(x(*end).max(x(*start) + 3.0), line.bottom() - 4.0),
        );
        painter.rect_filled(bar, 2.0, colours.truth);
    }
    let font = FontId::proportional(12.5);
    let text = ui.visuals().text_color();
    painter.text(pos2(line.right() - 6.0, line.center().y), Align2::RIGHT_CENTER, "true moment", font, text);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "True moment"));
    if response.double_clicked() {
        out.push(QueryCommand::LoopTruth.into());
    } else if response.clicked() {
        out.push(QueryCommand::JumpToTruth.into());
    }
}
