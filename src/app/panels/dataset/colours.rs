//! One colour a class, the same in every panel. Numbers and names stand beside, so that nothing
//! depends on telling colours apart.

use egui::{Color32, Ui};

use crate::eval::failure::Class;
use crate::view::theme;

pub fn of_class(ui: &Ui, class: Class) -> Color32 {
    let rgb = Color32::from_rgb;
    let is_dark = ui.visuals().dark_mode;
    match class {
        Class::InvalidTruth if is_dark => rgb(92, 98, 107),
        Class::InvalidTruth => rgb(176, 182, 190),
        Class::Correct => theme::of(ui).truth,
        Class::Ranking => rgb(232, 158, 48),
        Class::Boundary => rgb(228, 206, 84),
        Class::OtherOccurrence => rgb(110, 188, 232),
        Class::QueryConfusion => rgb(204, 128, 176),
        Class::NearMiss => rgb(92, 132, 206),
        Class::Background => rgb(206, 96, 66),
        Class::NoPrediction if is_dark => rgb(134, 140, 150),
        Class::NoPrediction => rgb(126, 132, 142),
    }
}
