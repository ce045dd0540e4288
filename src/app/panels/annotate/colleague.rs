//! A second annotator's moments and verdicts beside one's own, and how far the two agree.

use egui::{Grid, RichText, Ui};

use crate::app::actions::Action;
use crate::app::command::Command;
use crate::app::dataset::DataSetCommand;
use crate::app::menu::action_row_ui;
use crate::app::state::AppState;
use crate::app::work::{Colleague, WorkCommand};
use crate::project::{Agreement, QueryKey, Verdict};
use crate::view::controls::note_ui;
use crate::view::theme;

/// Cases on which the two disagree that are listed.
const LISTED: usize = 40;

pub fn colleague_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    let Some(colleague) = &state.work.colleague else {
        note_ui(
            ui,
            "Open a second person's project of the same clips: their moments stand in a lane of their own, with how far you agree.",
        );
        for id in ["colleague", "merge"] {
            if let Some(action) = Action::by_id(id) {
                action_row_ui(ui, action, state, out);
            }
        }
        return;
    };
    ui.horizontal(|ui| {
        ui.colored_label(theme::of(ui).colleague, RichText::new(colleague.name()).strong())
            .on_hover_text(colleague.path.display().to_string());
        if ui.small_button("Merge…").on_hover_text("Their work into this project").clicked() {
            out.push(WorkCommand::MergeFrom(colleague.path.clone()).into());
        }
        if ui.small_button("Close").on_hover_text("Compare with nobody").clicked() {
            out.push(WorkCommand::ForgetColleague.into());
        }
    });
    match &colleague.agreement {
        Some((_, found)) => agreement_ui(ui, state, colleague, found, out),
        None => {
            ui.spinner();
        }
    }
}

fn agreement_ui(
    ui: &mut Ui,
    state: &AppState,
    colleague: &Colleague,
    found: &Agreement,
    out: &mut Vec<Command>,
) {
    let (m, v) = (&found.moments, &found.verdicts);
    let number =
        |value: Option<f64>, digits: usize| value.map_or_else(|| "–".to_owned(), |x| format!("{x:.digits$}"));
    let delta = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |x| format!("{x:+.2} s"));
    let rows = [
        (
            "Questions of both",
            format!("{}   ({} only here, {} only theirs)", m.queries, m.only_first, m.only_second),
            "",
        ),
        (
            "Moments that overlap",
            format!("{}   ({} left over)", m.pairs, m.unmatched),
            "Each with the other's that it overlaps most",
        ),
        ("Mean IoU", number(m.mean_iou, 3), "Overlap divided by union, over the moments that overlap"),
        (
            "IoU above 0.5",
            m.share_above_half.map_or_else(|| "–".to_owned(), |x| format!("{:.0} %", x * 100.0)),
            "",
        ),
        (
            "Their start, end",
            format!("{}, {}", delta(m.median_start_delta), delta(m.median_end_delta)),
            "The middle one of the differences: negative is earlier than yours",
        ),
        ("Verdicts of both", format!("{}, {} the same", v.cases, v.agreed), ""),
        (
            "Cohen's kappa",
            number(v.kappa, 3),
            "Agreement of verdicts beyond chance: 1 is perfect, 0 is chance",
        ),
    ];
    Grid::new("agreement").num_columns(2).spacing([10.0, 3.0]).show(ui, |ui| {
        for (name, value, hint) in rows {
            let label = ui.label(RichText::new(name).color(theme::of(ui).faint));
            if !hint.is_empty() {
                label.on_hover_text(hint);
            }
            ui.label(value);
            ui.end_row();
        }
    });
    if v.cases > 0 {
        table_ui(ui, &colleague.name(), &v.table);
    }
    for key in v.disagreed.iter().take(LISTED) {
        disagreed_ui(ui, state, colleague, key, out);
    }
    if v.disagreed.len() > LISTED {
        note_ui(ui, format!("and {} more", v.disagreed.len() - LISTED));
    }
}

/// Who said what of how many cases: rows are one's own verdicts.
fn table_ui(ui: &mut Ui, theirs: &str, table: &[[usize; 4]; 4]) {
    ui.add_space(4.0);
    let short = ["model", "truth", "both", "unclear"];
    let faint = theme::of(ui).faint;
    Grid::new("verdicts").num_columns(5).striped(true).spacing([12.0, 2.0]).show(ui, |ui| {
        ui.label(
            RichText::new(format!("you \\ {}", theirs.chars().take(8).collect::<String>()))
                .color(faint)
                .small(),
        );
        for name in short {
            ui.label(RichText::new(name).color(faint).small());
        }
        ui.end_row();
        for (mine, row) in table.iter().enumerate() {
            ui.label(RichText::new(short[mine]).color(faint).small())
                .on_hover_text(Verdict::ALL[mine].name());
            for (other, count) in row.iter().enumerate() {
                let text = RichText::new(count.to_string());
                ui.label(if mine == other { text.strong() } else { text });
            }
            ui.end_row();
        }
    });
}

/// A case to talk about; a click goes there.
fn disagreed_ui(
    ui: &mut Ui,
    state: &AppState,
    colleague: &Colleague,
    key: &QueryKey,
    out: &mut Vec<Command>,
) {
    let said = |project: &crate::project::Project| {
        let own = project.judgement(key, &project.author);
        let any = own.or_else(|| project.judgements.iter().find(|j| j.case == *key));
        any.and_then(|j| j.verdict).map_or("nothing", Verdict::name)
    };
    let (mine, theirs) = (said(state.work.project()), said(&colleague.project));
    let set = state.dataset.as_ref();
    let row = set
        .and_then(|set| (0..set.data.rows.len()).find(|r| set.data.row(*r).is_some_and(|v| v.key() == *key)));
    let text = row.and_then(|row| set?.data.row(row).map(|view| view.text().to_owned()));
    let name = text.unwrap_or_else(|| key.to_string());
    let button = egui::Button::new(RichText::new(&name).small()).frame(false).truncate();
    let response = ui.add_enabled(row.is_some(), button);
    if response.on_hover_text(format!("{name}\nYou: {mine}   {}: {theirs}", colleague.name())).clicked() {
        out.extend(row.map(|row| DataSetCommand::Select(row).into()));
    }
}
