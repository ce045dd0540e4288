//! Help: keys, gestures, and what the words and numbers mean.

use egui::{RichText, Ui};

use super::window;
use crate::app::actions::{ACTIONS, key_text};
use crate::app::command::HelpPage;
use crate::app::view_state::ViewState;
use crate::view::controls::{choices_ui, note_ui};
use crate::view::theme;

const GESTURES: [(&str, &str); 22] = [
    ("Picture: wheel", "zoom at the cursor"),
    ("Picture: drag", "move it, or the line of the wipe"),
    ("Picture: double-click", "fit it again"),
    ("Picture: Alt+wheel", "go through the frames"),
    ("Picture: right button", "what can be done here"),
    ("Timeline: click, drag", "jump there, look through"),
    ("Timeline: Shift+drag", "mark a range; Alt keeps it from sticking to edges"),
    ("Timeline: ends of the range", "drag them on the ruler"),
    ("Timeline: Ctrl+wheel", "zoom at the cursor"),
    ("Timeline: wheel, middle button", "move along"),
    ("Moment: click, Shift+click", "jump to its start, its end"),
    ("Moment: double-click", "play it over and over"),
    ("Lane Mine: drag", "make a moment of your own"),
    ("My moment: drag", "move it; Alt keeps it from sticking, Esc gives the drag up"),
    ("My moment: drag an edge", "trim it, and see the picture at the edge"),
    ("Picture: click, drag with Shift+C", "say where the wearer looked"),
    ("Lane's name: click", "Ctrl+← and Ctrl+→ step through this lane"),
    ("Marker: double-click", "write its note"),
    ("Bar, column, cell: click", "its queries in the table; Ctrl+click adds them to what is chosen"),
    ("Points: click, drag", "go to a query; the queries within, in the table"),
    ("Column's head: click", "sort the table; again for the other direction, once more for the file's order"),
    ("Row: double-click", "open the case"),
];

const WORDS: [(&str, &str); 22] = [
    (
        "Moment",
        "A stretch of the clip that may answer the question, with a score between 0 and 1. Scores can be compared within one answer only.",
    ),
    (
        "My moments",
        "Stretches that you marked yourself, in the lane \u{201c}Mine\u{201d}. They are in your project; annotation files stay as they are.",
    ),
    (
        "Project",
        "One file with everything that you wrote: moments, tags, verdicts, notes, markers, corrected gaze. Without a name it is kept in your data folder, and every change is on the disk at once.",
    ),
    (
        "Cohen's kappa",
        "How far two people's verdicts agree beyond what chance would give: 1 is always, 0 is chance.",
    ),
    (
        "Corrected gaze",
        "Where you said that the wearer looked, or that the recording means nothing. Drawn with a second ring; the recording itself stays as it is.",
    ),
    ("Truth", "The annotated moment of a question, where the annotation file has one."),
    (
        "IoU",
        "Overlap of two stretches divided by their union: 1 is the same, 0 is apart. The benchmark counts a moment as found above 0.3, and strictly above 0.5.",
    ),
    (
        "R1@0.3, R5@0.3",
        "Share of questions whose first moment, or one of the first five, has an IoU above 0.3 with the truth.",
    ),
    (
        "Error class",
        "Why a query of a data set was not answered: the first definition that fits, so that every query has one. Each says its definition, with its numbers, while the pointer is on it.",
    ),
    (
        "Where the right moment was",
        "In the top answers but in a wrong order, touched by them, cut off further down, suppressed, or never proposed: tells a matter of order from a matter of seeing.",
    ),
    (
        "McNemar's p",
        "How likely differences as uneven as these are between two models that are equally good: exact, two-sided, over the queries that only one of them gets right.",
    ),
    (
        "95 %",
        "The middle 95 % of draws of whole clips, since queries of one clip are right or wrong together; beside a bar, Wilson's interval of its share.",
    ),
    (
        "Similarity",
        "How well the question fits each sampled picture, before moments are cut out of it. It has no unit.",
    ),
    (
        "Predicted gaze",
        "Where a model thinks the wearer looked. The default is free-viewing saliency with a centre prior; it was not trained on egocentric gaze.",
    ),
    ("Recorded gaze", "Where the eye tracker says the wearer looked."),
    (
        "Model window",
        "32 pictures at 30 a second, half before and half after the playhead: what one step of GazeNLQ sees. The bracket under the ruler shows it. Recorded heatmaps are means over it unless another stretch is chosen.",
    ),
    (
        "Fixation",
        "A stretch in which the gaze stays within 1.5° for 80 to 220 ms (I-DT, as Pupil Player finds them). Numbers count from the start of the recording.",
    ),
    (
        "Agreement",
        "NSS: the predicted map, standardised, at the recorded gaze. 0 is chance, larger is better, below 0 is worse than chance.",
    ),
    (
        "Gaze gaps",
        "Hatched: nothing tracked (blink, not worn, low confidence) or gaze outside the picture. No gaze is drawn there.",
    ),
    ("Gaze off", "The answer uses whole pictures."),
    ("Gaze predicted, recorded", "What was looked at counts more in the answer."),
    ("Gaze negative", "What was not looked at counts more: the paper's own control."),
];

pub fn help_ui(ui: &mut Ui, view: &mut ViewState) {
    let Some(page) = &mut view.help else { return };
    let mut is_open = true;
    let window = window(ui.ctx(), "Help", [680.0, 540.0]).open(&mut is_open);
    window.show(ui.ctx(), |ui| {
        let pages = [
            (HelpPage::Keys, "Keys", "Every command that has a key", true),
            (HelpPage::Mouse, "Mouse", "Gestures", true),
            (HelpPage::Words, "Words and numbers", "What the window shows, and what it means", true),
            (HelpPage::About, "About", "Version, licence, privacy", true),
        ];
        if let Some(chosen) = choices_ui(ui, Some(*page), &pages) {
            *page = chosen;
        }
        ui.add_space(4.0);
        egui::ScrollArea::vertical().id_salt(page.name()).auto_shrink([false, false]).show(
            ui,
            |ui| match page {
                HelpPage::Keys => keys_ui(ui),
                HelpPage::Mouse => pairs_ui(ui, "gestures", &GESTURES),
                HelpPage::Words => pairs_ui(ui, "words", &WORDS),
                HelpPage::About => about_ui(ui),
            },
        );
    });
    if !is_open {
        view.help = None;
    }
}

fn keys_ui(ui: &mut Ui) {
    let faint = theme::of(ui).faint;
    let mut groups: Vec<&str> = Vec::new();
    for action in ACTIONS.iter().filter(|a| !a.shortcuts.is_empty()) {
        if !groups.contains(&action.group) {
            groups.push(action.group);
        }
    }
    for group in groups {
        ui.label(RichText::new(group).strong());
        egui::Grid::new(group).striped(true).num_columns(3).spacing([16.0, 4.0]).show(ui, |ui| {
            for action in ACTIONS.iter().filter(|a| a.group == group && !a.shortcuts.is_empty()) {
                let keys: Vec<String> = action.shortcuts.iter().map(|s| key_text(ui.ctx(), s)).collect();
                ui.monospace(keys.join("  "));
                ui.label(action.label);
                ui.add(egui::Label::new(RichText::new(action.tooltip).color(faint)).wrap());
                ui.end_row();
            }
        });
        ui.add_space(8.0);
    }
    note_ui(
        ui,
        "Letters work while no text is being written. Every command is also in the palette (Ctrl+P).",
    );
}

fn pairs_ui(ui: &mut Ui, name: &str, pairs: &[(&str, &str)]) {
    egui::Grid::new(name).striped(true).num_columns(2).spacing([16.0, 6.0]).show(ui, |ui| {
        for (word, meaning) in pairs {
            ui.label(RichText::new(*word).strong());
            ui.add(egui::Label::new(*meaning).wrap());
            ui.end_row();
        }
    });
}

fn about_ui(ui: &mut Ui) {
    ui.label(RichText::new(concat!("GazeNLQ ", env!("CARGO_PKG_VERSION"))).strong().size(17.0));
    ui.add(egui::Label::new("A tool for looking at egocentric clips, gaze, and answers in time, after GazeNLQ (arXiv 2506.05782) and GroundNLQ (arXiv 2306.15255).").wrap());
    ui.add_space(6.0);
    ui.label("Licence: MIT or Apache-2.0, at your option.");
    ui.add(egui::Label::new("Nothing is sent anywhere. The network is used for one thing: downloading models when you ask for it.").wrap());
    ui.add_space(6.0);
    ui.add(egui::Label::new("Something is wrong? “Save diagnostics…” in the File menu writes an archive with versions, devices and the log; it holds no media.").wrap());
}
