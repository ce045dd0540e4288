//! A table as bars with the spread over seeds, as SVG.

use std::fmt::Write as _;

use super::grid::name_of;
use super::results::{MEASURES, Table};
use crate::project::annotations::SYNTHETIC_NOTE;

const ROW: f64 = 22.0;
const LEFT: f64 = 220.0;
const WIDTH: f64 = 420.0;
/// One a row of the table, over and over.
const COLOURS: [&str; 6] = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377"];

pub fn svg(table: &Table) -> String {
    let largest =
        table.rows.iter().flat_map(|row| row.recalls).map(|(mean, sd)| mean + sd).fold(0.01, f64::max);
    let block = (table.rows.len() as f64 + 1.5) * ROW;
    let height = block * MEASURES.len() as f64 + ROW;
    let mut text = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='{}' height='{height}' font-family='sans-serif' font-size='13'>\n<rect width='100%' height='100%' fill='white'/>\n",
        LEFT + WIDTH + 90.0
    );
    for (i, name) in MEASURES.iter().enumerate() {
        let top = block * i as f64 + ROW;
        let _ = writeln!(text, "<text x='8' y='{top}' font-weight='bold'>{name} (%)</text>");
        for (k, row) in table.rows.iter().enumerate() {
            let (mean, sd) = row.recalls[i];
            let y = top + 8.0 + k as f64 * ROW;
            let at = |value: f64| LEFT + value.max(0.0) / largest * WIDTH;
            let label = escaped(&format!("{}, {}, {}", row.model, name_of(row.mode), row.estimator()));
            let colour = COLOURS[k % COLOURS.len()];
            let _ =
                writeln!(text, "<text x='{}' y='{}' text-anchor='end'>{label}</text>", LEFT - 8.0, y + 13.0);
            let _ = writeln!(
                text,
                "<rect x='{LEFT}' y='{y}' width='{:.1}' height='{}' fill='{colour}'/>",
                at(mean) - LEFT,
                ROW - 6.0
            );
            let middle = y + (ROW - 6.0) / 2.0;
            let _ = writeln!(
                text,
                "<path d='M{:.1} {middle}H{:.1}' stroke='black' stroke-width='1.5'/>",
                at(mean - sd),
                at(mean + sd)
            );
            let _ = writeln!(
                text,
                "<text x='{:.1}' y='{}'>{:.2} ± {:.2}</text>",
                at(mean + sd) + 6.0,
                y + 13.0,
                mean * 100.0,
                sd * 100.0
            );
        }
    }
    if table.is_synthetic {
        // below the last bars there is room
        let y = height - 8.0;
        let _ = writeln!(text, "<text x='8' y='{y}' font-size='11'>{SYNTHETIC_NOTE}</text>");
    }
    text + "</svg>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
