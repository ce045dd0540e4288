//! Where it fails: recall and misses by a characteristic of the queries.

use egui::Ui;

use super::{Look, filter_by, heading_ui, percent};
use crate::app::command::Command;
use crate::app::panels::dataset::colours::of_class;
use crate::app::view_state::DataSetView;
use crate::dataset::Condition;
use crate::eval::failure::{Class, Group, Profile};
use crate::view::charts::{Bar, bars_ui};
use crate::view::controls::note_ui;

pub fn profiles_ui(ui: &mut Ui, look: &Look<'_>, view: &mut DataSetView, out: &mut Vec<Command>) {
    heading_ui(
        ui,
        "By characteristic",
        "Recall at 1 and misses by a characteristic, with Wilson's 95 % intervals. Groups with few queries are grey and never compared.",
    );
    let profiles = &look.analysis.report.profiles;
    let chosen = profiles.get(view.characteristic).or(profiles.first());
    let Some(profile) = chosen else { return };
    let combo = egui::ComboBox::from_id_salt("characteristic").width(220.0);
    let combo = combo.selected_text(&profile.characteristic).show_ui(ui, |ui| {
        for (i, other) in profiles.iter().enumerate() {
            let text = match other.sensitivity {
                Some(ratio) => format!("{}   × {ratio:.1}", other.characteristic),
                None => other.characteristic.clone(),
            };
            ui.selectable_value(&mut view.characteristic, i, text);
        }
    });
    combo.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, "Characteristic"));
    profile_ui(ui, look, profile, out);
}

fn profile_ui(ui: &mut Ui, look: &Look<'_>, profile: &Profile, out: &mut Vec<Command>) {
    let groups: Vec<&Group> = profile.groups.iter().filter(|g| g.n > 0).collect();
    let condition = |i: usize| Condition::Group {
        characteristic: profile.characteristic.clone(),
        label: groups[i].label.clone(),
    };
    let label =
        |group: &Group| group.label.split_once(": ").map_or(group.label.as_str(), |(_, l)| l).to_owned();
    let [recall_colour, miss_colour] = [Class::Correct, Class::Background].map(|class| of_class(ui, class));
    let bar = |group: &Group, value: f64, interval: [f64; 2], scale: f64, colour, what: &str| {
        let text = format!("{}   n {}", percent(value), group.n);
        let mut bar = Bar::new(label(group), value / scale, text, colour);
        bar.interval = Some(interval.map(|end| end / scale));
        bar.is_faint = group.is_small;
        bar.hint = format!(
            "{what} {} to {} (95 %), {} of the split{}",
            percent(interval[0]),
            percent(interval[1]),
            percent(group.share),
            if group.is_small { "; too few to compare" } else { "" }
        );
        bar
    };
    let is_on = |i: usize| look.has(&condition(i));
    let width = if profile.characteristic == "template" { 190.0 } else { 130.0 };
    let recall_scale = groups.iter().map(|g| g.r1_interval.high).fold(0.05, f64::max);
    let mut bars: Vec<Bar> = groups
        .iter()
        .map(|g| {
            bar(g, g.r1, [g.r1_interval.low, g.r1_interval.high], recall_scale, recall_colour, "Recall at 1:")
        })
        .collect();
    bars.iter_mut().enumerate().for_each(|(i, bar)| bar.is_on = is_on(i));
    note_ui(
        ui,
        format!(
            "Recall at 1 (all {}; the scale ends at {})",
            percent(profile.overall_r1),
            percent(recall_scale)
        ),
    );
    let line = Some(profile.overall_r1 / recall_scale);
    let pick = ui.push_id("recall", |ui| bars_ui(ui, &bars, line, [width, 112.0])).inner;
    filter_by(pick, condition, out);
    if let Some(ratio) = profile.sensitivity {
        note_ui(ui, format!("Best group by worst: × {ratio:.2}"));
    }
    let mut bars: Vec<Bar> = groups
        .iter()
        .map(|g| bar(g, g.miss, [g.miss_interval.low, g.miss_interval.high], 1.0, miss_colour, "Missed:"))
        .collect();
    bars.iter_mut().enumerate().for_each(|(i, bar)| bar.is_on = is_on(i));
    note_ui(ui, format!("Missed: class 3 and above (all {})", percent(profile.overall_miss)));
    let line = Some(profile.overall_miss);
    let pick = ui.push_id("misses", |ui| bars_ui(ui, &bars, line, [width, 112.0])).inner;
    filter_by(pick, condition, out);
}
