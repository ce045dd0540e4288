//! Whether predicted gaze is good inside the true moments, and whether that goes with better answers.

use egui::Ui;

use super::{Look, filter_by, heading_ui, percent};
use crate::app::command::Command;
use crate::app::panels::dataset::colours::of_class;
use crate::dataset::{Column, Condition};
use crate::eval::failure::{Class, profile};
use crate::eval::gaze_link::{GazeClass, GazeConfig, coupling, quartiles};
use crate::view::charts::{Bar, bars_ui};
use crate::view::controls::note_ui;
use crate::view::theme;

pub fn gaze_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Vec<Command>) {
    heading_ui(
        ui,
        "Gaze in the true moments",
        "Predicted against recorded gaze inside each true moment, window by window (32 pictures, 16 apart). A query has the class of most of its windows.",
    );
    let Some(gaze) = &look.set.gaze else {
        let text = if look.set.data.recordings.is_empty() {
            "Open a folder of gaze recordings named after clips or videos (.csv), with predicted maps beside them (.npy of pictures × 64 × 64, named after clips), to see whether gaze goes with the answers."
        } else {
            "Reading the gaze…"
        };
        note_ui(ui, text);
        return;
    };
    if gaze.is_empty() {
        note_ui(ui, "None of the gaze files that were named is of a clip or a video of these annotations.");
        return;
    }
    let config = GazeConfig::default();
    let count = |class: GazeClass| gaze.iter().flatten().filter(|g| g.class == Some(class)).count();
    let recorded = gaze.iter().flatten().count();
    let judged: usize = GazeClass::ALL.into_iter().map(count).sum();
    note_ui(ui, format!("{recorded} queries with recorded gaze, {judged} with predicted maps as well"));
    tracked_ui(ui, look, out);
    if judged == 0 {
        return;
    }
    let colour = theme::of(ui).curve;
    let mut classes: Vec<GazeClass> = GazeClass::ALL.into_iter().filter(|class| count(*class) > 0).collect();
    classes.sort_by_key(|class| std::cmp::Reverse(count(*class)));
    let most = count(classes[0]) as f64;
    let bars: Vec<Bar> = classes
        .iter()
        .map(|class| {
            let n = count(*class);
            let text = format!("{n}   {}", percent(n as f64 / judged as f64));
            let mut bar = Bar::new(class.name(), n as f64 / most, text, colour);
            bar.is_on = look.has(&Condition::Gaze(*class));
            bar.hint = class.definition(&config);
            bar
        })
        .collect();
    let pick = ui.push_id("gaze-classes", |ui| bars_ui(ui, &bars, None, [130.0, 92.0])).inner;
    filter_by(pick, |i| Condition::Gaze(classes[i]), out);
    link_ui(ui, look);
}

/// How much of the true moments was recorded.
fn tracked_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Vec<Command>) {
    let gaze = look.set.gaze.iter().flat_map(|gaze| gaze.iter().flatten());
    let tracked: Vec<f64> = gaze.map(|g| g.tracked).collect();
    let groups =
        [("all of it", 0.95, f64::MAX), ("most of it", 0.5, 0.95), ("less than half", f64::MIN, 0.5)];
    let condition =
        |i: usize| Condition::Range { column: Column::Tracked, low: groups[i].1, high: groups[i].2 };
    note_ui(ui, "Usable recorded gaze in the true moment");
    let colour = theme::of(ui).truth;
    let bars: Vec<Bar> = groups
        .iter()
        .enumerate()
        .map(|(i, (name, low, high))| {
            let n = tracked.iter().filter(|share| **share >= *low && **share < *high).count();
            let share = n as f64 / tracked.len().max(1) as f64;
            let mut bar = Bar::new(*name, share, format!("{n}   {}", percent(share)), colour);
            bar.is_on = look.has(&condition(i));
            bar
        })
        .collect();
    let pick = ui.push_id("tracked", |ui| bars_ui(ui, &bars, None, [130.0, 92.0])).inner;
    filter_by(pick, condition, out);
}

/// Whether better gaze goes with better answers.
fn link_ui(ui: &mut Ui, look: &Look<'_>) {
    let analysis = look.analysis;
    let set = &analysis.basis.set;
    let kl: Vec<Option<f64>> =
        (0..set.len()).map(|place| look.set.gaze_of(analysis.row(place))?.mean_kl).collect();
    let found = coupling(set, &analysis.shown, &kl);
    heading_ui(
        ui,
        "Gaze and answers",
        "Whether queries with better predicted gaze (a lower KL divergence in the true moment) are answered better.",
    );
    let text = match found.spearman {
        Some(rho) => format!("Spearman's ρ between KL and IoU: {rho:+.3} over {} queries", found.n),
        None => format!("{} queries are too few for a correlation", found.n),
    };
    ui.label(text).on_hover_text("Negative: better gaze goes with better answers");
    let profile =
        profile(&quartiles("KL divergence", &kl), &analysis.shown.findings, &analysis.wanted.config);
    let colour = of_class(ui, Class::Correct);
    let most = profile.groups.iter().map(|g| g.r1_interval.high).fold(0.05, f64::max);
    let bars: Vec<Bar> = profile
        .groups
        .iter()
        .filter(|group| group.n > 0)
        .map(|group| {
            let text = format!("{}   n {}", percent(group.r1), group.n);
            let mut bar = Bar::new(&group.label, group.r1 / most, text, colour);
            bar.interval = Some([group.r1_interval.low / most, group.r1_interval.high / most]);
            bar.is_faint = group.is_small;
            bar
        })
        .collect();
    note_ui(ui, "Recall at 1 by quarters of the KL divergence (the lowest is the best gaze)");
    ui.push_id("kl", |ui| bars_ui(ui, &bars, None, [130.0, 112.0]));
}
