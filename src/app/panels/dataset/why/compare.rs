//! Two models on the same queries: who is right where, whether that is more than chance, how classes
//! change, and where both are wrong in the same way.

use egui::{RichText, Ui};

use super::{Look, TWO_COLUMNS, filter_by, heading_ui, percent, points};
use crate::app::command::Command;
use crate::app::dataset::{DataSetCommand, Source};
use crate::app::panels::dataset::colours::of_class;
use crate::dataset::{CaseList, Condition};
use crate::eval::compare::{Comparison, scatter};
use crate::eval::failure::{Class, Diagnosis};
use crate::eval::gaze_link::{GazeConfig, GazeEffect, gaze_effects};
use crate::view::charts::{Bar, Cell, Dots, Matrix, Scatter, ScatterEvent, bars_ui, matrix_ui, scatter_ui};
use crate::view::controls::note_ui;
use crate::view::theme;

pub fn compare_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Vec<Command>) {
    models_ui(ui, look, out);
    let (Some(found), Some(other)) = (&look.analysis.comparison, look.analysis.other()) else {
        let text = if look.analysis.models.len() < 2 {
            "Add a second prediction file to compare: of another model, or of the same network with other gaze."
        } else {
            "Choose the model to compare with."
        };
        note_ui(ui, text);
        return;
    };
    if ui.available_width() >= TWO_COLUMNS {
        ui.columns(2, |columns| {
            let [left, right] = columns else { return };
            flips_ui(left, look, found, out);
            transitions_ui(left, look, found, out);
            scatter_panel_ui(right, look, other, out);
            effects_ui(right, look, other);
        });
    } else {
        flips_ui(ui, look, found, out);
        scatter_panel_ui(ui, look, other, out);
        transitions_ui(ui, look, found, out);
        effects_ui(ui, look, other);
    }
}

/// Every model with its figures; one is looked at, one is what it is compared with.
fn models_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Vec<Command>) {
    heading_ui(ui, "Models", "The prediction files that are open, as they are stored.");
    let analysis = look.analysis;
    let k = analysis.wanted.config.top_k;
    let faint = theme::of(ui).faint;
    egui::Grid::new("models").num_columns(6).spacing([12.0, 4.0]).striped(true).show(ui, |ui| {
        for head in ["shown", "against", "R1", &format!("R{k}"), "mIoU", "model"] {
            ui.colored_label(faint, head);
        }
        ui.end_row();
        for (i, (model, header)) in analysis.models.iter().zip(&analysis.headers).enumerate() {
            let name = &model.ranked.name;
            let shown = ui.radio(look.set.wanted.model == i, "");
            shown.widget_info(|| {
                let is_on = look.set.wanted.model == i;
                egui::WidgetInfo::selected(egui::Role::RadioButton, true, is_on, format!("Show {name}"))
            });
            if shown.clicked() {
                out.push(DataSetCommand::ShowSource(Source::File(i)).into());
            }
            let is_other = look.set.wanted.other == Some(i);
            let other = ui.radio(is_other, "");
            other.widget_info(|| {
                egui::WidgetInfo::selected(
                    egui::Role::RadioButton,
                    true,
                    is_other,
                    format!("Compare with {name}"),
                )
            });
            if other.clicked() {
                out.push(DataSetCommand::CompareWith((!is_other).then_some(i)).into());
            }
            ui.label(percent(header.r1));
            ui.label(percent(header.r_k));
            ui.label(percent(header.mean_iou));
            // what there is room for
            let room = (ui.max_rect().right() - ui.cursor().left()).max(60.0);
            let label = egui::Label::new(RichText::new(name).strong()).truncate();
            let size = egui::vec2(room, ui.spacing().interact_size.y);
            let layout = egui::Layout::left_to_right(egui::Align::Center);
            ui.allocate_ui_with_layout(size, layout, |ui| ui.add(label).on_hover_text(name));
            ui.end_row();
        }
    });
}

fn flips_ui(ui: &mut Ui, look: &Look<'_>, found: &Comparison, out: &mut Vec<Command>) {
    heading_ui(ui, "Who is right", "Queries by which model is right at rank 1. Click a number to see them.");
    note_ui(ui, format!("{}  against  {}", found.b, found.a));
    let colours = theme::of(ui);
    let flips = [
        ("both right", found.flips.both, CaseList::Flip(true, true), colours.truth),
        ("only this model right", found.flips.only_b, CaseList::Flip(true, false), colours.curve),
        (
            "only the other right",
            found.flips.only_a,
            CaseList::Flip(false, true),
            of_class(ui, Class::Ranking),
        ),
        (
            "neither right",
            found.flips.neither,
            CaseList::Flip(false, false),
            of_class(ui, Class::NoPrediction),
        ),
    ];
    let n = look.analysis.basis.set.len().max(1) as f64;
    let bars: Vec<Bar> = flips
        .iter()
        .map(|(name, count, list, colour)| {
            let text = format!("{count}   {}", percent(*count as f64 / n));
            let mut bar = Bar::new(*name, *count as f64 / n, text, *colour);
            bar.is_on = look.has(&Condition::List(*list));
            bar
        })
        .collect();
    let pick = ui.push_id("flips", |ui| bars_ui(ui, &bars, None, [140.0, 92.0])).inner;
    filter_by(pick, |i| Condition::List(flips[i].2), out);
    ui.label(format!("McNemar's exact p = {}", p_text(found.mcnemar_p))).on_hover_text(
        "How likely flips as uneven as these are when both models are equally good (two-sided, exact)",
    );
    for (what, gain, interval) in
        [("R1", found.r1_gain, found.r1_interval), ("mIoU", found.mean_iou_gain, found.mean_iou_interval)]
    {
        ui.label(format!(
            "{what} {} points, 95 % {} to {}",
            points(gain),
            points(interval.low),
            points(interval.high)
        ))
        .on_hover_text("Draws of whole clips, since queries of one clip are right or wrong together");
    }
    ui.label(format!(
        "The better answer each time: R1 {}, mIoU {}",
        percent(found.oracle_r1),
        percent(found.oracle_mean_iou)
    ))
    .on_hover_text("What an ensemble of both could reach at best");
    let condition = Condition::List(CaseList::AgreeButWrong);
    let text = format!("Same wrong answer from both: {}", found.agree_but_wrong.len());
    let button = ui.selectable_label(look.has(&condition), text);
    if button.on_hover_text("The question is ambiguous, or its truth is wrong: review these first").clicked()
    {
        out.push(DataSetCommand::Only(condition).into());
    }
}

fn p_text(p: f64) -> String {
    if p >= 0.001 { format!("{p:.3}") } else { format!("{p:.1e}") }
}

fn transitions_ui(ui: &mut Ui, look: &Look<'_>, found: &Comparison, out: &mut Vec<Command>) {
    heading_ui(
        ui,
        "How classes change",
        "Rows are the other model's classes, columns this model's. Click a cell to see its queries, the largest change first.",
    );
    let labels: Vec<String> = Class::ALL.iter().map(|c| format!("{} {}", c.number(), c.name())).collect();
    let heads: Vec<String> = (0..9).map(|i: usize| i.to_string()).collect();
    let matrix = Matrix { rows: &labels, columns: &labels, heads: &heads, label_width: 150.0 };
    let most = found.transitions.iter().flatten().copied().max().unwrap_or(1).max(1) as f32;
    let condition = |i: usize| Condition::List(CaseList::Transition(Class::ALL[i / 9], Class::ALL[i % 9]));
    let colours: Vec<_> = Class::ALL.iter().map(|class| of_class(ui, *class)).collect();
    let cell = |r: usize, c: usize| {
        let count = found.transitions[r][c];
        (count > 0).then(|| Cell {
            text: count.to_string(),
            // small cells are what one looks for
            shade: 0.15 + 0.85 * (count as f32 / most).sqrt(),
            colour: colours[c],
            name: format!("{} → {}: {count}", Class::ALL[r].name(), Class::ALL[c].name()),
            is_on: look.has(&condition(r * 9 + c)),
        })
    };
    let pick = ui.push_id("transitions", |ui| matrix_ui(ui, &matrix, cell)).inner;
    filter_by(pick, condition, out);
}

fn scatter_panel_ui(ui: &mut Ui, look: &Look<'_>, other: &Diagnosis, out: &mut Vec<Command>) {
    heading_ui(
        ui,
        "IoU against IoU",
        "A point a query: above the diagonal this model overlaps better. Drag over points to see them in the table.",
    );
    let analysis = look.analysis;
    let theta = analysis.wanted.config.theta;
    let mut groups: [Vec<([f64; 2], usize)>; 4] = Default::default();
    for (place, [there, here]) in scatter(&analysis.basis.set, other, &analysis.shown).into_iter().enumerate()
    {
        // two answers that miss entirely have nothing to show
        if here > 0.0 || there > 0.0 {
            let group = usize::from(here > theta) + 2 * usize::from(there > theta);
            groups[group].push(([there, here], analysis.row(place)));
        }
    }
    let colours = theme::of(ui);
    let names = [
        ("neither right", of_class(ui, Class::NoPrediction)),
        ("only this model right", colours.curve),
        ("only the other right", of_class(ui, Class::Ranking)),
        ("both right", colours.truth),
    ];
    let dots: Vec<Dots> = groups
        .into_iter()
        .zip(names)
        .map(|(points, (name, colour))| Dots { name: name.to_owned(), colour, points })
        .collect();
    let picture = Scatter {
        name: "IoU of both models",
        x: "IoU of the other model",
        y: "IoU of this model",
        x_range: [0.0, 1.0],
        y_range: [0.0, 1.0],
        height: 230.0,
        dots: &dots,
        x_lines: &[theta],
        y_lines: &[theta],
        has_diagonal: true,
        chosen: look.set.selected,
    };
    let hint = |row: usize| look.set.data.row(row).map_or(String::new(), |view| view.text().to_owned());
    match scatter_ui(ui, &picture, hint) {
        Some(ScatterEvent::Chosen(row)) => out.push(DataSetCommand::Select(row).into()),
        Some(ScatterEvent::Brushed(rows)) if !rows.is_empty() => {
            let name = "picked IoUs".to_owned();
            out.push(DataSetCommand::Only(Condition::Picked { name, rows }).into());
        }
        _ => {}
    }
}

/// What the step from the other model to this one did: for runs without and with gaze.
fn effects_ui(ui: &mut Ui, look: &Look<'_>, other: &Diagnosis) {
    let config = GazeConfig::default();
    heading_ui(
        ui,
        "Helped and harmed",
        "Queries whose IoU rises by 0.1 or that become right, and the reverse, by template. With runs of one network \
         without and with gaze, this is what the gaze did.",
    );
    let effects = gaze_effects(other, &look.analysis.shown, &config);
    let set = &look.analysis.basis.set;
    let mut rows = vec![(0usize, 0usize, 0usize); set.templates.len() + 1];
    for (query, effect) in set.queries.iter().zip(&effects) {
        let row = &mut rows[query.template.unwrap_or(set.templates.len())];
        row.2 += 1;
        row.0 += usize::from(*effect == GazeEffect::Helped);
        row.1 += usize::from(*effect == GazeEffect::Harmed);
    }
    let (helped, harmed) = rows.iter().fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
    note_ui(ui, format!("{helped} helped, {harmed} harmed; net share of each template:"));
    let colours = theme::of(ui);
    let net = |row: &(usize, usize, usize)| (row.0 as f64 - row.1 as f64) / row.2.max(1) as f64;
    let most = rows.iter().map(|row| net(row).abs()).fold(1e-9, f64::max);
    let bars: Vec<Bar> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| row.2 > 0)
        .map(|(i, row)| {
            let name =
                set.templates.get(i).map_or("(none)", |t| t.split_once(": ").map_or(t.as_str(), |(_, n)| n));
            let text = format!("+{} −{}   {}", row.0, row.1, points(net(row)));
            let colour = if net(row) >= 0.0 { colours.truth } else { of_class(ui, Class::Background) };
            let mut bar = Bar::new(name, net(row).abs() / most, text, colour);
            bar.is_faint = row.2 < look.analysis.wanted.config.small_group;
            bar.hint = format!("{} queries", row.2);
            bar
        })
        .collect();
    ui.push_id("effects", |ui| bars_ui(ui, &bars, None, [168.0, 118.0]));
}
