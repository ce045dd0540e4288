//! What lies over everything: lists to choose from, boxes to type into, windows to read, notices, and
//! the sign that files can be dropped.

mod drop;
mod go_to;
mod help;
mod mapping;
mod marker;
mod merge;
mod model_card;
mod palette;
mod path_box;
mod project;
mod settings;
mod templates;

use egui::{RichText, Ui};

use crate::app::command::{AppCommand, Command};
use crate::app::state::AppState;
use crate::app::view_state::ViewState;
use crate::view::notices::{NoticeEvent, notices_ui, severity_ui};
use crate::view::theme;

pub fn overlays_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    match notices_ui(ui, state.notices.shown()) {
        Some(NoticeEvent::Dismiss(id)) => out.push(AppCommand::DismissNotice(id).into()),
        Some(NoticeEvent::DismissAll) => out.push(AppCommand::DismissNotices.into()),
        Some(NoticeEvent::Take(id)) => out.push(AppCommand::TakeOffer(id).into()),
        None => {}
    }
    mapping::mapping_window_ui(ui, state, view, out);
    help::help_ui(ui, view);
    model_card::model_card_ui(ui, state, view, out);
    settings::settings_ui(ui, state, view, out);
    history_ui(ui, state, view, out);
    palette::palette_ui(ui, state, view, out);
    templates::templates_ui(ui, state, view);
    go_to::go_to_ui(ui, state, view, out);
    marker::marker_ui(ui, state, out);
    merge::merge_ui(ui, state, out);
    project::project_ui(ui, state, out);
    path_box::path_box_ui(ui, view, out);
    drop::drop_ui(ui, state);
}

/// A window to read in, in the middle at first.
fn window(ctx: &egui::Context, title: &str, size: [f32; 2]) -> egui::Window<'static> {
    let room = ctx.content_rect();
    let size = egui::vec2(size[0].min(room.width() - 40.0), size[1].min(room.height() - 100.0));
    egui::Window::new(RichText::new(title).size(15.0).strong())
        .id(egui::Id::unique(title))
        .collapsible(false)
        .default_size(size)
        .default_pos(room.center() - (size + egui::vec2(28.0, 60.0)) / 2.0)
}

/// A list to choose from, near the top so that it stays where it is while it gets shorter.
fn list(name: &str) -> egui::Modal {
    let id = egui::Id::unique(name);
    let area = egui::Modal::default_area(id).anchor(egui::Align2::CENTER_TOP, [0.0, 84.0]);
    egui::Modal::new(id).area(area)
}

fn history_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    let window = window(ui.ctx(), "Notices", [480.0, 340.0]);
    window.open(&mut view.is_history_open).show(ui.ctx(), |ui| {
        let history = state.notices.history();
        if history.is_empty() {
            ui.label("Nothing so far.");
            return;
        }
        if ui.button("Copy all").clicked() {
            let texts: Vec<&str> = history.iter().map(|notice| notice.text.as_str()).collect();
            ui.ctx().copy_text(texts.join("\n"));
        }
        ui.separator();
        egui::ScrollArea::vertical().auto_shrink([false, true]).show(ui, |ui| {
            for notice in history.iter().rev() {
                ui.horizontal(|ui| {
                    severity_ui(ui, notice.severity);
                    let minutes = notice.at_secs / 60;
                    let text = if minutes == 0 {
                        "in the first minute".to_owned()
                    } else {
                        format!("after {minutes} min")
                    };
                    ui.colored_label(theme::of(ui).faint, RichText::new(text).small());
                });
                ui.add(egui::Label::new(&notice.text).wrap());
                if let (Some(offer), true) = (&notice.offer, state.notices.has_offer(notice.id))
                    && ui.small_button(offer).clicked()
                {
                    out.push(AppCommand::TakeOffer(notice.id).into());
                }
                ui.separator();
            }
        });
    });
}
