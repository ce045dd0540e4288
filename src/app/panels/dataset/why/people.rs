//! What people have said of the cases, and the score that follows from it.

use std::collections::BTreeMap;

use egui::Ui;

use super::{Look, filter_by, heading_ui, percent};
use crate::app::command::Command;
use crate::dataset::Condition;
use crate::eval::failure::adjusted;
use crate::project::Verdict;
use crate::view::charts::{Bar, bars_ui};
use crate::view::controls::note_ui;
use crate::view::theme;

pub fn people_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Vec<Command>) {
    let said = &look.set.said.rows;
    if said.is_empty() {
        return;
    }
    heading_ui(
        ui,
        "What people say",
        "Tags and verdicts of the project. The score with them stands beside the official one and never instead of it.",
    );
    let mut tags: BTreeMap<&str, usize> = BTreeMap::new();
    said.values().flat_map(|s| &s.tags).for_each(|tag| *tags.entry(tag).or_default() += 1);
    let count = |verdict: Verdict| said.values().filter(|s| s.verdict == Some(verdict)).count();
    let verdicts = Verdict::ALL.into_iter().map(|v| (Condition::Verdict(v), v.name(), count(v)));
    let tags = tags.iter().map(|(tag, n)| (Condition::Tag((*tag).to_owned()), *tag, *n));
    let rows: Vec<(Condition, &str, usize)> = verdicts.chain(tags).filter(|(.., n)| *n > 0).collect();
    let most = rows.iter().map(|(.., n)| *n).max().unwrap_or(1) as f64;
    let colour = theme::of(ui).accent;
    let bars: Vec<Bar> = rows
        .iter()
        .map(|(condition, name, n)| {
            let mut bar = Bar::new(*name, *n as f64 / most, n.to_string(), colour);
            bar.is_on = look.has(condition);
            bar
        })
        .collect();
    let pick = ui.push_id("people", |ui| bars_ui(ui, &bars, None, [148.0, 92.0])).inner;
    filter_by(pick, |i| rows[i].0.clone(), out);
    let analysis = look.analysis;
    let set = &analysis.basis.set;
    let found = adjusted(set, &analysis.shown, |key| said.get(&analysis.row(set.place_of(key)?))?.verdict);
    note_ui(
        ui,
        format!(
            "With verdicts R1 {} over {} queries: {} left out as wrong truths, {} answers accepted",
            percent(found.r1),
            found.queries,
            found.removed,
            found.accepted
        ),
    );
}
