//! The search line and the table of queries. Only the rows in view are laid out, so that a whole split
//! scrolls like a page.

use egui::{Align, Layout, RichText, Sense, Ui};
use egui_extras::{Column, TableBuilder, TableRow};

use crate::app::command::Command;
use crate::app::dataset::{CaseState, DataSetCommand, DataSetSession, Source};
use crate::app::view_state::ViewState;
use crate::dataset::{FOUND_IOU, RowView};
use crate::view::theme;

const ROW_HEIGHT: f32 = 22.0;

pub fn search_ui(ui: &mut Ui, set: &DataSetSession, view: &mut ViewState, out: &mut Vec<Command>) {
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        let search = &mut view.dataset;
        let edit = egui::TextEdit::singleline(&mut search.search)
            .hint_text("Words of the query, its clip or video   ( Ctrl+F )")
            .desired_width(320.0);
        let response = ui.add(edit);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Search the queries"));
        if std::mem::take(&mut search.wants_focus) {
            response.request_focus();
        }
        if response.changed() {
            out.push(DataSetCommand::Search(search.search.clone()).into());
        }
        template_ui(ui, set, out);
        let mut is_only = set.filter.clip.is_some();
        let only = ui.checkbox(&mut is_only, "This clip only");
        if only.on_hover_text("Only the queries of the chosen query's clip").changed() {
            out.push(DataSetCommand::OnlyThisClip(is_only).into());
        }
        let count = format!("{} of {} queries", set.shown.len(), set.data.rows.len());
        ui.colored_label(theme::of(ui).faint, count);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| source_ui(ui, set, out));
    });
    ui.add_space(2.0);
}

fn template_ui(ui: &mut Ui, set: &DataSetSession, out: &mut Vec<Command>) {
    if set.templates.is_empty() {
        return;
    }
    let chosen = set.filter.template.as_deref();
    let combo = egui::ComboBox::from_id_salt("template").width(190.0).truncate();
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
    let combo = egui::ComboBox::from_id_salt("source").width(170.0).truncate();
    let combo = combo.selected_text(name_of(set.source)).show_ui(ui, |ui| {
        let files = (0..set.data.predictions.len()).map(Source::File);
        for source in std::iter::once(Source::Network).chain(files) {
            if ui.selectable_label(set.source == source, name_of(source)).clicked() {
                out.push(DataSetCommand::ShowSource(source).into());
            }
        }
    });
    combo.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, "Moments of"));
    ui.label("Moments of");
}

pub fn table_ui(ui: &mut Ui, set: &DataSetSession, view: &mut ViewState, out: &mut Vec<Command>) {
    if set.shown.is_empty() {
        ui.centered_and_justified(|ui| ui.label("No query fits the search."));
        return;
    }
    let mut table = TableBuilder::new(ui)
        .id_salt("queries")
        .striped(true)
        .resizable(true)
        .auto_shrink(false)
        .sense(Sense::click())
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Column::remainder().at_least(160.0).clip(true))
        .column(Column::initial(150.0).at_least(60.0).clip(true))
        .column(Column::initial(76.0).at_least(40.0).clip(true))
        .column(Column::initial(112.0).at_least(50.0).clip(true))
        .column(Column::exact(44.0))
        .column(Column::exact(64.0));
    if view.dataset.scrolled_to != set.selected {
        view.dataset.scrolled_to = set.selected;
        let at = set.selected.and_then(|row| set.shown.iter().position(|r| *r == row));
        if let Some(at) = at {
            table = table.scroll_to_row(at, None);
        }
    }
    let table = table.header(22.0, |mut header| {
        for (title, hint) in [
            ("Query", "As it is annotated"),
            ("Template", "Of the query, where the annotations name one"),
            ("Clip", "Start of the clip's uid"),
            ("True moment", "Start and end in the clip"),
            ("IoU", "Overlap of the first moment with the true one"),
            ("Rank", "Rank of the first moment that overlaps with the true one by more than 0.3"),
        ] {
            header.col(|ui| {
                ui.label(RichText::new(title).strong()).on_hover_text(hint);
            });
        }
    });
    table.body(|body| {
        body.rows(ROW_HEIGHT, set.shown.len(), |mut cells| {
            let row = set.shown[cells.index()];
            let Some(shown) = set.data.row(row) else { return };
            row_ui(&mut cells, set, row, &shown, out);
        });
    });
}

/// Minutes, seconds and a tenth: what a column has room for.
fn clock(secs: f64) -> String {
    let tenths = (secs * 10.0).round() as i64;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, (tenths % 10).abs())
}

fn row_ui(
    cells: &mut TableRow<'_, '_>,
    set: &DataSetSession,
    row: usize,
    shown: &RowView<'_>,
    out: &mut Vec<Command>,
) {
    let is_selected = set.selected == Some(row);
    cells.set_selected(is_selected);
    let text = shown.text();
    // lines and runs of spaces would break the row
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let verdict = set.verdict(row);
    let state = match (set.source, set.case(row)) {
        (Source::Network, Some(CaseState::Asking)) => Some("asking…"),
        (Source::Network, Some(CaseState::Failed(_))) => Some("failed"),
        _ => None,
    };
    cells.col(|ui| {
        let label = RichText::new(&line);
        let label = if shown.query.is_none() { label.weak().italics() } else { label };
        ui.add(egui::Label::new(label).truncate().selectable(false));
    });
    let mut faint = |text: String| {
        cells.col(|ui| {
            // on the selection's ground faint text is too faint
            let colour = if is_selected { ui.visuals().text_color() } else { theme::of(ui).faint };
            ui.add(egui::Label::new(RichText::new(text).color(colour)).truncate().selectable(false));
        });
    };
    faint(shown.template().split_once(": ").map_or(shown.template(), |(_, name)| name).to_owned());
    faint(shown.clip.clip_uid.chars().take(8).collect());
    faint(
        shown
            .windows
            .first()
            .map_or_else(String::new, |[start, end]| format!("{} – {}", clock(*start), clock(*end))),
    );
    cells.col(|ui| {
        if let Some(verdict) = verdict {
            let iou = RichText::new(format!("{:.2}", verdict.iou));
            let iou = if verdict.iou > FOUND_IOU { iou.strong() } else { iou.color(theme::of(ui).faint) };
            ui.add(egui::Label::new(iou).selectable(false));
        }
    });
    cells.col(|ui| {
        let rank = verdict.map(|v| v.rank.map_or_else(|| "none".to_owned(), |rank| (rank + 1).to_string()));
        if let Some(text) = state.map(str::to_owned).or(rank) {
            ui.add(egui::Label::new(text).truncate().selectable(false));
        }
    });
    let response = cells.response();
    response.widget_info(|| {
        let name = format!("Query {}: {line}", row + 1);
        egui::WidgetInfo::selected(egui::Role::Button, true, is_selected, name)
    });
    if response.clicked() {
        out.push(DataSetCommand::Select(row).into());
    }
}
