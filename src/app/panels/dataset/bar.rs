//! Above everything: the search, what the rows are asked for, the threshold that drives all panels, and
//! the figures that follow from it.

use egui::{Align, Layout, RichText, Ui};

use crate::app::actions::Action;
use crate::app::command::Command;
use crate::app::dataset::{DataSetCommand, DataSetSession, Source};
use crate::app::state::AppState;
use crate::app::view_state::ViewState;
use crate::dataset::Condition;
use crate::eval::failure::FailureConfig;
use crate::eval::what_if::WhatIf;
use crate::view::theme;

pub fn bar_ui(
    ui: &mut Ui,
    state: &AppState,
    set: &DataSetSession,
    view: &mut ViewState,
    out: &mut Vec<Command>,
) {
    ui.add_space(4.0);
    search_ui(ui, state, set, view, out);
    if set.analysis().is_some() {
        figures_ui(ui, state, set, out);
    }
    if !set.filter.conditions.is_empty() || !set.filter.text.is_empty() {
        conditions_ui(ui, set, view, out);
    }
    ui.add_space(2.0);
}

fn search_ui(
    ui: &mut Ui,
    state: &AppState,
    set: &DataSetSession,
    view: &mut ViewState,
    out: &mut Vec<Command>,
) {
    ui.horizontal(|ui| {
        let search = &mut view.dataset;
        // a filter can come from elsewhere
        if !search.is_typing && search.search != set.filter.text {
            search.search.clone_from(&set.filter.text);
        }
        let edit = egui::TextEdit::singleline(&mut search.search)
            .hint_text("Words, or iou<0.3 class:ranking   ( Ctrl+F )")
            .desired_width(280.0);
        let response = ui.add(edit);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Search the queries"));
        if std::mem::take(&mut search.wants_focus) {
            response.request_focus();
        }
        search.is_typing = response.has_focus();
        if response.changed() {
            out.push(DataSetCommand::Search(search.search.clone()).into());
        }
        response.on_hover_text(
            "Words of the query, its template, clip or video.\nBesides: iou, score, rank, length, start, gap, change with < <= > >= = or =2..5; class:ranking, flag:split",
        );
        template_ui(ui, set, out);
        saved_ui(ui, state, set, view, out);
        let mut is_only = set.filter.conditions.iter().any(|c| matches!(c, Condition::Clip(_)));
        let only = ui.checkbox(&mut is_only, "This clip only");
        if only.on_hover_text("Only the queries of the chosen query's clip").changed() {
            out.push(DataSetCommand::OnlyThisClip(is_only).into());
        }
        let count = format!("{} of {} queries", set.shown.len(), set.data.rows.len());
        ui.colored_label(theme::of(ui).faint, count);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| source_ui(ui, set, out));
    });
}

fn template_ui(ui: &mut Ui, set: &DataSetSession, out: &mut Vec<Command>) {
    if set.templates.is_empty() {
        return;
    }
    let chosen = set.filter.conditions.iter().find_map(|c| match c {
        Condition::Template(template) => Some(template.as_str()),
        _ => None,
    });
    let combo = egui::ComboBox::from_id_salt("template").width(170.0).truncate();
    let combo = combo.selected_text(chosen.unwrap_or("Every template")).show_ui(ui, |ui| {
        let mut choice = |ui: &mut Ui, text: &str, template: Option<&str>| {
            if ui.selectable_label(chosen == template, text).clicked() {
                out.push(DataSetCommand::Template(template.map(str::to_owned)).into());
            }
        };
        choice(ui, "Every template", None);
        for template in &set.templates {
            choice(ui, template, Some(template));
        }
    });
    combo.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, "Template"));
}

/// Filters with a name.
fn saved_ui(
    ui: &mut Ui,
    state: &AppState,
    set: &DataSetSession,
    view: &mut ViewState,
    out: &mut Vec<Command>,
) {
    let saved = &state.settings.filters;
    if saved.is_empty() && set.filter.is_empty() {
        return;
    }
    let config = egui::containers::menu::MenuConfig::new()
        .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    egui::containers::menu::MenuButton::new("Filters").config(config).ui(ui, |ui| {
        ui.set_min_width(220.0);
        for (i, (name, filter)) in saved.iter().enumerate() {
            ui.horizontal(|ui| {
                if ui.selectable_label(set.filter == *filter, name).clicked() {
                    out.push(DataSetCommand::UseFilter(i).into());
                    ui.close();
                }
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let forget = ui.small_button("×");
                    let label = format!("Forget the filter {name}");
                    forget.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
                    if forget.on_hover_text("Forget this filter").clicked() {
                        out.push(DataSetCommand::ForgetFilter(i).into());
                    }
                });
            });
        }
        if !set.filter.is_empty() {
            if !saved.is_empty() {
                ui.separator();
            }
            ui.label("Keep the filter as");
            let edit = egui::TextEdit::singleline(&mut view.dataset.filter_name).hint_text("its name");
            let response = ui.add(edit);
            response
                .widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Name of the filter"));
            let is_entered = response.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
            let name = view.dataset.filter_name.trim().to_owned();
            if (ui.button("Keep the filter").clicked() || is_entered) && !name.is_empty() {
                out.push(DataSetCommand::SaveFilter(name).into());
                view.dataset.filter_name.clear();
                ui.close();
            }
        }
    });
}

/// Whose windows are shown.
fn source_ui(ui: &mut Ui, set: &DataSetSession, out: &mut Vec<Command>) {
    if set.data.predictions.is_empty() {
        return;
    }
    let network = set.data.model.as_ref().map_or("the network", |model| &model.name);
    let name_of = |source: Source| match source {
        Source::Network => network,
        Source::File(file) => set.data.predictions.get(file).map_or("", |file| &file.name),
    };
    let combo = egui::ComboBox::from_id_salt("source").width(180.0).truncate();
    let combo = combo.selected_text(name_of(set.source)).show_ui(ui, |ui| {
        let files = (0..set.data.predictions.len()).map(Source::File);
        let network = set.data.model.as_ref().map(|_| Source::Network);
        for source in network.into_iter().chain(files) {
            if ui.selectable_label(set.source == source, name_of(source)).clicked() {
                out.push(DataSetCommand::ShowSource(source).into());
            }
        }
    });
    combo.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, "Moments of"));
}

/// θ, and what is right at it.
fn figures_ui(ui: &mut Ui, state: &AppState, set: &DataSetSession, out: &mut Vec<Command>) {
    let Some(analysis) = set.analysis() else { return };
    let header = &analysis.report.header;
    ui.horizontal(|ui| {
        let label = ui.label("Right above IoU");
        let mut theta = set.wanted.config.theta;
        ui.spacing_mut().slider_width = 150.0;
        let slider = egui::Slider::new(&mut theta, 0.05..=0.95).step_by(0.01).fixed_decimals(2);
        let slider = ui.add(slider).labelled_by(label.id).on_hover_text(
            "An answer is right when its IoU (overlap divided by union) with the true moment is above this, never at it. All panels follow.",
        );
        if slider.changed() {
            let config = FailureConfig { theta, ..set.wanted.config.clone() };
            out.push(DataSetCommand::Thresholds(Box::new(config)).into());
        }
        for theta in [0.3, 0.5] {
            if ui.small_button(format!("{theta}")).on_hover_text("As the benchmark has it").clicked() {
                let config = FailureConfig { theta, ..set.wanted.config.clone() };
                out.push(DataSetCommand::Thresholds(Box::new(config)).into());
            }
        }
        ui.separator();
        let colours = theme::of(ui);
        let k = analysis.wanted.config.top_k;
        let figure = |ui: &mut Ui, name: &str, value: f64, hint: &str| {
            ui.colored_label(colours.faint, name).on_hover_text(hint);
            ui.label(RichText::new(format!("{:.2}", value * 100.0)).strong().size(15.0)).on_hover_text(hint);
        };
        let over = format!(
            "Percent of all {} queries, where a missing prediction is wrong.\nOfficially, over those with a prediction: R1 {:.2}, R{k} {:.2}",
            header.queries,
            header.official_r1 * 100.0,
            header.official_r_k * 100.0
        );
        figure(ui, "R1", header.r1, &over);
        figure(ui, &format!("R{k}"), header.r_k, &over);
        figure(ui, "mIoU", header.mean_iou, "Mean IoU of the first answers over all queries");
        let mut rest = format!("n {}", header.queries);
        if header.missing > 0 {
            rest += &format!(", {} without an answer", header.missing);
        }
        if header.invalid > 0 {
            rest += &format!(", {} unusable", header.invalid);
        }
        ui.colored_label(colours.faint, rest).on_hover_text(&over);
        if set.wanted.what_if != WhatIf::default() {
            let text = RichText::new("what if").color(colours.text_on_block).background_color(colours.prediction);
            ui.label(text).on_hover_text("Table and panels show other settings behind the network, not what is stored");
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            for (id, text) in [("export-report", "Report…"), ("export-cases", "CSV…")] {
                let Some(action) = Action::by_id(id) else { continue };
                if ui.button(text).on_hover_text(action.tooltip).clicked() {
                    out.push((action.command)(state));
                }
            }
        });
    });
}

/// What the rows are asked for, each to be taken away.
fn conditions_ui(ui: &mut Ui, set: &DataSetSession, view: &mut ViewState, out: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for condition in &set.filter.conditions {
            let name = condition.name();
            let chip = ui.add(egui::Button::new(format!("{name}  ×")).small().corner_radius(10.0));
            chip.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Condition: {name}"))
            });
            if chip.on_hover_text("Click to take this condition away").clicked() {
                out.push(DataSetCommand::Toggle(condition.clone()).into());
            }
        }
        if ui.small_button("Show all").on_hover_text("No condition, no words").clicked() {
            view.dataset.search.clear();
            out.push(DataSetCommand::ClearFilter.into());
        }
    });
}
