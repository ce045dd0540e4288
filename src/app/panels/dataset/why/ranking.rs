//! The biggest lever: right moments that stand further down, and what each repair would bring.

use egui::Ui;

use super::{Look, filter_by, heading_ui, percent, points};
use crate::app::command::Command;
use crate::app::panels::dataset::colours::of_class;
use crate::dataset::{Column, Condition};
use crate::eval::failure::Class;
use crate::view::charts::{Bar, ColumnBar, bars_ui, columns_ui};
use crate::view::controls::note_ui;

/// Columns of the histogram of score gaps.
const GAP_BINS: usize = 12;

pub fn ranking_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Vec<Command>) {
    let (report, config) = (&look.analysis.report, &look.analysis.wanted.config);
    let (ranking, header) = (&report.ranking, &report.header);
    let colour = of_class(ui, Class::Ranking);
    heading_ui(
        ui,
        "Ranking",
        "Queries whose right moment is among the answers, but not first: lost by the order alone.",
    );
    note_ui(
        ui,
        format!(
            "In the best order the first {} answers would give R1 {} instead of {}: {} points lie in the order.",
            config.top_k,
            percent(ranking.reranked_r1),
            percent(header.r1),
            points((ranking.reranked_r1 - header.r1).max(0.0))
        ),
    );
    let range = |column, low: f64, high: f64| Condition::Range { column, low, high };
    let columns: Vec<ColumnBar> = (2..=config.top_k)
        .map(|rank| {
            let count = ranking.by_rank.get(&rank).copied().unwrap_or(0);
            let condition = range(Column::Rank, rank as f64, rank as f64 + 1.0);
            ColumnBar {
                label: rank.to_string(),
                name: format!("Right moment at rank {rank}"),
                parts: vec![(count, colour)],
                is_on: look.has(&condition),
                hint: String::new(),
            }
        })
        .collect();
    note_ui(ui, "Rank of the right moment");
    let pick = ui.push_id("ranks", |ui| columns_ui(ui, &columns, &[], 84.0)).inner;
    filter_by(pick, |i| range(Column::Rank, (i + 2) as f64, (i + 3) as f64), out);

    if let Some(most) = ranking.score_gaps.last().copied().filter(|most| *most > 0.0) {
        note_ui(ui, "Score gap between the first and the right moment");
        let width = most / GAP_BINS as f64;
        let edges = |bin: usize| {
            let high = if bin + 1 == GAP_BINS { f64::MAX } else { width * (bin + 1) as f64 };
            (if bin == 0 { f64::MIN } else { width * bin as f64 }, high)
        };
        let columns: Vec<ColumnBar> = (0..GAP_BINS)
            .map(|bin| {
                let (low, high) = edges(bin);
                let count = ranking.score_gaps.iter().filter(|gap| **gap >= low && **gap < high).count();
                ColumnBar {
                    label: format!("{:.2}", width * bin as f64),
                    name: format!("Score gap {:.3} to {:.3}", width * bin as f64, width * (bin + 1) as f64),
                    parts: vec![(count, colour)],
                    is_on: look.has(&range(Column::ScoreGap, low, high)),
                    hint: String::new(),
                }
            })
            .collect();
        let pick = ui.push_id("gaps", |ui| columns_ui(ui, &columns, &[], 76.0)).inner;
        filter_by(pick, |i| range(Column::ScoreGap, edges(i).0, edges(i).1), out);
    }
    crowding_ui(ui, look, out);
    impacts_ui(ui, look);
}

fn crowding_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Vec<Command>) {
    let ranking = &look.analysis.report.ranking;
    let crowded: Vec<(usize, usize)> = ranking.by_crowding.iter().map(|(n, count)| (*n, *count)).collect();
    if crowded.iter().all(|(n, _)| *n <= 1) {
        return;
    }
    note_ui(
        ui,
        "Crowding: windows before the right one that are near-duplicates of the first, itself included",
    )
    .on_hover_text("Where they are many, a stricter Soft-NMS lets the right moment through");
    let range = |n: usize| Condition::Range { column: Column::Crowding, low: n as f64, high: n as f64 + 1.0 };
    let columns: Vec<ColumnBar> = crowded
        .iter()
        .map(|(n, count)| ColumnBar {
            label: n.to_string(),
            name: format!("{n} near-duplicates before the right moment"),
            parts: vec![(*count, of_class(ui, Class::Ranking))],
            is_on: look.has(&range(*n)),
            hint: String::new(),
        })
        .collect();
    let pick = ui.push_id("crowding", |ui| columns_ui(ui, &columns, &[], 72.0)).inner;
    filter_by(pick, |i| range(crowded[i].0), out);
}

fn impacts_ui(ui: &mut Ui, look: &Look<'_>) {
    let impacts = &look.analysis.report.impacts;
    heading_ui(
        ui,
        "What a repair would bring",
        "Each kind of failure repaired by an oracle, by itself: what mean IoU and recall at 1 would gain.",
    );
    let most = impacts.alone.iter().map(|i| i.mean_iou_gain).fold(1e-9, f64::max);
    let colour = crate::view::theme::of(ui).truth;
    let bars: Vec<Bar> = impacts
        .alone
        .iter()
        .map(|impact| {
            let text = format!("mIoU {}   R1 {}", points(impact.mean_iou_gain), points(impact.r1_gain));
            let mut bar = Bar::new(impact.oracle.name(), impact.mean_iou_gain / most, text, colour);
            bar.hint = format!("{} queries are touched", impact.cases);
            bar
        })
        .collect();
    ui.push_id("impacts", |ui| bars_ui(ui, &bars, None, [108.0, 150.0]));
    let steps: Vec<String> = impacts
        .progressive
        .iter()
        .map(|(oracle, iou)| format!("{} {:.2}", oracle.name(), iou * 100.0))
        .collect();
    note_ui(
        ui,
        format!(
            "Mean IoU {:.2}, then one repair on top of the other: {}",
            impacts.mean_iou * 100.0,
            steps.join(", ")
        ),
    );
}
