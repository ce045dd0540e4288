//! Templates beside classes, and whose moment was found instead.

use egui::Ui;

use super::{Look, heading_ui};
use crate::app::command::Command;
use crate::app::dataset::DataSetCommand;
use crate::app::panels::dataset::colours::of_class;
use crate::dataset::Condition;
use crate::eval::failure::Class;
use crate::view::charts::{Cell, Matrix, matrix_ui};
use crate::view::controls::note_ui;

const LABEL_WIDTH: f32 = 168.0;

fn short(template: &str) -> String {
    template.split_once(": ").map_or(template, |(_, name)| name).to_owned()
}

pub fn by_class_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Vec<Command>) {
    heading_ui(
        ui,
        "Templates by class",
        "Each row is one template; the shade is the share of its queries. Click a cell to see them.",
    );
    let table = &look.analysis.report.template_by_class;
    let rows: Vec<usize> =
        (0..table.templates.len()).filter(|r| table.rows[*r].iter().sum::<usize>() > 0).collect();
    let labels: Vec<String> = rows.iter().map(|r| short(&table.templates[*r])).collect();
    let names: Vec<String> = Class::ALL.iter().map(|c| format!("{} {}", c.number(), c.name())).collect();
    let heads: Vec<String> = (0..9).map(|i: usize| i.to_string()).collect();
    let matrix = Matrix { rows: &labels, columns: &names, heads: &heads, label_width: LABEL_WIDTH };
    let of_cell = |r: usize, c: usize| {
        (Condition::Template(table.templates[rows[r]].clone()), Condition::Class(Class::ALL[c]))
    };
    let cell = |r: usize, c: usize| {
        let count = table.rows[rows[r]][c];
        let share = table.shares(rows[r])[c];
        let (template, class) = of_cell(r, c);
        (count > 0).then(|| Cell {
            text: format!("{:.0}", share * 100.0),
            shade: share as f32,
            colour: of_class(ui, Class::ALL[c]),
            name: format!(
                "{}, {}: {count} queries, {:.1} % of the template",
                labels[r],
                names[c],
                share * 100.0
            ),
            is_on: look.has(&template) && look.has(&class),
        })
    };
    let cells: Vec<Option<Cell>> =
        (0..rows.len()).flat_map(|r| (0..9).map(move |c| (r, c))).map(|(r, c)| cell(r, c)).collect();
    let cells = std::cell::RefCell::new(cells);
    let take = |r: usize, c: usize| cells.borrow_mut()[r * 9 + c].take();
    if let Some(pick) = ui.push_id("by-class", |ui| matrix_ui(ui, &matrix, take)).inner {
        let (template, class) = of_cell(pick.index / 9, pick.index % 9);
        let command = if pick.is_added { DataSetCommand::Toggle } else { DataSetCommand::Only };
        // the same cell again: both go
        let is_on = look.has(&template) && look.has(&class);
        for condition in [template, class] {
            if is_on || !look.has(&condition) {
                out.push(command(condition).into());
            }
        }
    }
    note_ui(ui, "Percent of the template's queries; the columns are the numbers of the classes.");
}

pub fn confusion_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Vec<Command>) {
    let table = &look.analysis.report.template_confusion;
    let most = table.rows.iter().flatten().copied().max().unwrap_or(0);
    heading_ui(
        ui,
        "Confused templates",
        "Query confusion: rows are the templates asked, columns those of the question whose moment was found instead.",
    );
    if most == 0 {
        note_ui(ui, "No answer fits the moment of another question.");
        return;
    }
    let n = table.templates.len();
    let sum =
        |i: usize| table.rows[i].iter().sum::<usize>() + table.rows.iter().map(|row| row[i]).sum::<usize>();
    let kept: Vec<usize> = (0..n).filter(|i| sum(*i) > 0).collect();
    let labels: Vec<String> = kept
        .iter()
        .enumerate()
        .map(|(i, t)| format!("{}  {}", letter(i), short(&table.templates[*t])))
        .collect();
    let heads: Vec<String> = (0..kept.len()).map(letter).collect();
    let matrix = Matrix { rows: &labels, columns: &labels, heads: &heads, label_width: LABEL_WIDTH };
    let condition = |r: usize, c: usize| Condition::Confusion {
        asked: table.templates[kept[r]].clone(),
        hit: table.templates[kept[c]].clone(),
    };
    let colour = of_class(ui, Class::QueryConfusion);
    let cell = |r: usize, c: usize| {
        let count = table.rows[kept[r]][kept[c]];
        (count > 0).then(|| Cell {
            text: count.to_string(),
            shade: 0.15 + 0.85 * count as f32 / most as f32,
            colour,
            name: format!("Asked {}, found {}: {count}", labels[r], labels[c]),
            is_on: look.has(&condition(r, c)),
        })
    };
    let pick = ui.push_id("confused", |ui| matrix_ui(ui, &matrix, cell)).inner;
    super::filter_by(pick, |i| condition(i / kept.len(), i % kept.len()), out);
    let confusion = &look.analysis.report.confusion;
    let chance = look.set.chance_of_confusion().map_or_else(String::new, |chance| {
        let (share, chance) = (super::percent(confusion.share), super::percent(chance));
        format!(". {share} of all queries; answers at random places would give {chance}")
    });
    note_ui(
        ui,
        format!(
            "{} cases; {} share the template, {} the object, {} the verb{}",
            confusion.cases, confusion.share_template, confusion.share_object, confusion.share_verb, chance
        ),
    );
}

fn letter(i: usize) -> String {
    char::from(b'A' + (i % 26) as u8).to_string()
}
