//! Results as markdown and CSV.

use std::fmt::Write as _;

use super::grid::name_of;
use super::results::{MEASURES, Results, Row, Table};
use crate::eval::Paired;
use crate::project::annotations::SYNTHETIC_NOTE;

pub fn markdown(results: &Results) -> String {
    let mut text = String::new();
    for table in &results.tables {
        let _ = writeln!(text, "# {}: {}\n", capitalised(&table.name), table.queries);
        if table.is_synthetic {
            let _ = writeln!(text, "{SYNTHETIC_NOTE}\n");
        }
        text += &methods(table);
        text += &freezing(table);
        text += &ablation(table);
    }
    text += "Percent, mean ± standard deviation over seeds. ";
    text += match results.is_held_out {
        true => "Best epochs were chosen by other queries than these.\n",
        false => "Each seed at its best epoch on these very queries.\n",
    };
    text += "Comparisons are paired bootstraps over clips of R1@0.3, averaged over seeds: difference, 95 % interval and p.\n";
    text += "Chance is windows as long as the annotated moments, anywhere in the clip.\n\n";
    let rows = results.tables.first().map_or(&[][..], |table| &table.rows);
    for row in rows {
        let _ = writeln!(text, "- {}: `{}`", row.config, row.command);
    }
    text
}

/// The report's Table 2. Where both were tried, the estimator is the frozen one, as there.
fn methods(table: &Table) -> String {
    let has_frozen = table.rows.iter().any(|row| row.freeze);
    let one_model = table.rows.iter().all(|row| row.model == table.rows[0].model);
    let mut text =
        heading("Methods (as Table 2 of the report)", &["method", "seeds"], &["against the first", "p"]);
    for row in table.rows.iter().filter(|row| row.freeze == has_frozen) {
        let method = if one_model { row.method() } else { format!("{}, {}", row.method(), row.model) };
        let [against, p] = comparison(row.against_first.as_ref());
        let _ =
            writeln!(text, "| {} | {} | {} | {against} | {p} |", escaped(&method), row.seeds, recalls(row));
    }
    let chance = table.chance.map(|recall| format!("{:.2}", recall * 100.0)).join(" | ");
    let _ = writeln!(text, "| chance | | {chance} | | |\n");
    text
}

/// The report's Table 3; nothing where the estimator was only frozen or only learned.
fn freezing(table: &Table) -> String {
    let is_pair = |row: &&Row| {
        let is_other =
            |other: &Row| other.model == row.model && other.mode == row.mode && other.freeze != row.freeze;
        table.rows.iter().any(is_other)
    };
    let rows: Vec<&Row> = table.rows.iter().filter(is_pair).collect();
    if rows.is_empty() {
        return String::new();
    }
    let mut text = heading(
        "The estimator in training (as Table 3 of the report)",
        &["method", "estimator"],
        &["against frozen", "p"],
    );
    for row in rows {
        let [against, p] = comparison(row.against_frozen.as_ref());
        let (method, estimator) = (escaped(&row.method()), row.estimator());
        let _ = writeln!(text, "| {method} | {estimator} | {} | {against} | {p} |", recalls(row));
    }
    text + "\n"
}

fn ablation(table: &Table) -> String {
    let mut text = heading(
        "Everything",
        &["model", "gaze", "estimator", "seeds"],
        &["against the first", "p", "configuration"],
    );
    for row in &table.rows {
        let [against, p] = comparison(row.against_first.as_ref());
        let (mode, estimator) = (name_of(row.mode), row.estimator());
        let _ = writeln!(
            text,
            "| {} | {mode} | {estimator} | {} | {} | {against} | {p} | {} |",
            row.model,
            row.seeds,
            recalls(row),
            row.config
        );
    }
    text + "\n"
}

fn heading(title: &str, before: &[&str], after: &[&str]) -> String {
    let columns: Vec<&str> = before.iter().chain(&MEASURES).chain(after).copied().collect();
    format!("## {title}\n\n| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len()))
}

fn recalls(row: &Row) -> String {
    row.recalls.map(|(mean, sd)| format!("{:.2} ± {:.2}", mean * 100.0, sd * 100.0)).join(" | ")
}

fn comparison(paired: Option<&Paired>) -> [String; 2] {
    let Some(Paired { difference, interval, p_value }) = paired else { return Default::default() };
    let [difference, low, high] = [difference, &interval.low, &interval.high].map(|value| value * 100.0);
    [format!("{difference:+.2} ({low:+.2} to {high:+.2})"), format!("{p_value:.3}")]
}

/// A star would begin emphasis.
fn escaped(text: &str) -> String {
    text.replace('*', "\\*")
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// One row of every table a line; `queries` says whose.
pub fn csv(results: &Results) -> String {
    let mut text = "queries,count,model,gaze,estimator,seeds".to_owned();
    for name in MEASURES {
        let _ = write!(text, ",{name}_mean,{name}_sd");
    }
    text += ",difference,low,high,p,configuration,command,synthetic\n";
    for table in &results.tables {
        let (queries, count, is_synthetic) = (quoted(&table.name), table.queries, table.is_synthetic);
        for row in &table.rows {
            let (mode, estimator) = (name_of(row.mode), row.estimator());
            let _ = write!(text, "{queries},{count},{},{mode},{estimator},{}", quoted(&row.model), row.seeds);
            for (mean, sd) in row.recalls {
                let _ = write!(text, ",{mean},{sd}");
            }
            match &row.against_first {
                Some(Paired { difference, interval, p_value }) => {
                    let _ = write!(text, ",{difference},{},{},{p_value}", interval.low, interval.high);
                }
                None => text += ",,,,",
            }
            let _ = writeln!(text, ",{},{},{is_synthetic}", row.config, quoted(&row.command));
        }
        let chance = table.chance.map(|recall| format!("{recall},")).join(",");
        let _ = writeln!(text, "{queries},{count},chance,,,,{chance},,,,,,,{is_synthetic}");
    }
    text
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::experiment::plot::svg;

    #[test]
    fn figures_of_made_up_clips_say_so() {
        for is_synthetic in [true, false] {
            let (name, rows) = ("all queries".to_owned(), Vec::new());
            let table = Table { name, queries: 3, is_synthetic, rows, chance: [0.1; 4] };
            let drawn = svg(&table);
            let results = Results { tables: vec![table], is_held_out: true };
            let written = markdown(&results);
            assert_eq!([drawn, written].map(|text| text.contains(SYNTHETIC_NOTE)), [is_synthetic; 2]);
            assert!(csv(&results).ends_with(&format!(",{is_synthetic}\n")));
        }
    }
}
