//! The page as HTML: one file that loads nothing, reads well in light and dark, and whose list of cases
//! can be searched.

use std::fmt::Write as _;

use html_escape::{encode_double_quoted_attribute as attribute, encode_text as escaped};

use super::{Block, Field, Page};
use crate::eval::failure::Class;

const STYLE: &str = "
:root{color-scheme:light dark;--line:#8884;--bar:#5a8fd055}
body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.25rem;margin-top:2.2rem;border-bottom:1px solid var(--line)}h3{font-size:1.05rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:14px}
td,th{padding:.2rem .6rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600}td[title]{text-decoration:underline dotted;text-underline-offset:3px;cursor:help}
pre{overflow:auto;padding:.6rem;border:1px solid var(--line);border-radius:6px}
.stack{display:flex;height:1.8rem;border-radius:5px;overflow:hidden;margin:.6rem 0}
.stack span{overflow:hidden;white-space:nowrap;font-size:12px;line-height:1.8rem;text-align:center;color:#111}
.wide{overflow-x:auto}input,select{font:inherit;padding:.2rem .5rem}
";

/// Shows the rows that have all words, and the class that is chosen.
const SCRIPT: &str = "
const words=document.getElementById('words'),kind=document.getElementById('kind'),count=document.getElementById('count');
const rows=[...document.querySelectorAll('#cases tbody tr')].map(r=>[r,r.textContent.toLowerCase(),r.dataset.kind]);
function look(){const w=words.value.toLowerCase().split(/\\s+/).filter(x=>x);let n=0;
for(const [r,t,k] of rows){const on=(!kind.value||k===kind.value)&&w.every(x=>t.includes(x));r.hidden=!on;n+=on}
count.textContent=n+' of '+rows.length}
words.oninput=kind.onchange=look;look();
";

fn colour(class: Class) -> &'static str {
    match class {
        Class::InvalidTruth => "#b0b6be",
        Class::Correct => "#40be8c",
        Class::Ranking => "#e89e30",
        Class::Boundary => "#e4ce54",
        Class::OtherOccurrence => "#6ebce8",
        Class::QueryConfusion => "#cc80b0",
        Class::NearMiss => "#7c9ede",
        Class::Background => "#de7a5c",
        Class::NoPrediction => "#9aa0aa",
    }
}

pub fn write(page: &Page<'_>) -> String {
    let title = page.title();
    let mut text = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title><style>{STYLE}</style></head><body>\n",
        escaped(&title)
    );
    let mut is_folded = false;
    for block in page.blocks() {
        match block {
            Block::Heading(level, title) => {
                unfold(&mut text, &mut is_folded);
                // profiles are many, and one looks at some
                if level == 3 && title.starts_with("By ") {
                    let _ = write!(text, "<details><summary>{}</summary>", escaped(&title));
                    is_folded = true;
                } else {
                    let _ = writeln!(text, "<h{level}>{}</h{level}>", escaped(&title));
                }
            }
            Block::Text(words) => {
                let _ = writeln!(text, "<p>{}</p>", escaped(&words));
            }
            Block::Code(code) => {
                let _ = writeln!(text, "<pre>{}</pre>", escaped(&code));
            }
            Block::Stack(parts) => {
                text += "<div class=\"stack\">";
                for (name, share, class) in parts.iter().filter(|(_, share, _)| *share > 0.0) {
                    let label = format!("{name}: {:.1} %", share * 100.0);
                    let _ = write!(
                        text,
                        "<span style=\"width:{:.3}%;background:{}\" title=\"{}\">{:.0}</span>",
                        share * 100.0,
                        colour(*class),
                        attribute(&label),
                        share * 100.0
                    );
                }
                text += "</div>\n";
            }
            Block::Table { head, rows } => table(&mut text, &head, &rows),
        }
    }
    unfold(&mut text, &mut is_folded);
    cases(&mut text, page);
    let _ = writeln!(text, "<script>{SCRIPT}</script></body></html>");
    text
}

fn unfold(text: &mut String, is_folded: &mut bool) {
    if std::mem::take(is_folded) {
        *text += "</details>\n";
    }
}

fn table(text: &mut String, head: &[String], rows: &[Vec<Field>]) {
    *text += "<div class=\"wide\"><table><thead><tr>";
    for name in head {
        let _ = write!(text, "<th>{}</th>", escaped(name));
    }
    *text += "</tr></thead><tbody>\n";
    for row in rows {
        *text += "<tr>";
        for field in row {
            let hint = if field.hint.is_empty() {
                String::new()
            } else {
                format!(" title=\"{}\"", attribute(&field.hint))
            };
            let bar = field.share.map_or_else(String::new, |share| {
                let width = (share * 100.0).clamp(0.0, 100.0);
                format!(" style=\"background:linear-gradient(90deg,var(--bar) {width:.1}%,transparent {width:.1}%)\"")
            });
            let _ = write!(text, "<td{hint}{bar}>{}</td>", escaped(&field.text));
        }
        *text += "</tr>\n";
    }
    *text += "</tbody></table></div>\n";
}

/// Every case of the first model.
fn cases(text: &mut String, page: &Page<'_>) {
    let Some(model) = page.models.first() else { return };
    *text += "<h2>Cases</h2><p><input id=\"words\" placeholder=\"words\" aria-label=\"Words\"> <select id=\"kind\" aria-label=\"Class\"><option value=\"\">every class</option>";
    for class in Class::ALL {
        let _ = write!(text, "<option>{}</option>", class.name());
    }
    *text += "</select> <span id=\"count\"></span></p>\n<div class=\"wide\"><table id=\"cases\"><thead><tr><th>query</th><th>class</th><th>true</th><th>answer</th><th>IoU</th><th>rank</th><th>score</th><th>flags</th><th>id</th></tr></thead><tbody>\n";
    for (place, query) in page.set.queries.iter().enumerate() {
        let finding = &model.diagnosis.findings[place];
        let geometry = model.diagnosis.geometry[place].as_ref();
        let [start, end] = geometry.map_or(query.truths[0], |g| g.truth);
        let answer = geometry.map_or_else(String::new, |g| format!("{:.1}–{:.1}", g.window[0], g.window[1]));
        let iou = geometry.filter(|g| !g.iou.is_nan()).map_or_else(String::new, |g| format!("{:.3}", g.iou));
        let rank = finding.right_rank.map_or_else(String::new, |rank| rank.to_string());
        let score = model.diagnosis.ranked.first(place).and_then(|w| w.score);
        let score = score.map_or_else(String::new, |score| format!("{score:.3}"));
        let flags: Vec<&str> = finding.flags.iter().map(|flag| flag.name()).collect();
        let kind = finding.boundary.map_or(finding.class.name(), |kind| kind.name());
        let _ = writeln!(
            text,
            "<tr data-kind=\"{}\"><td>{}</td><td>{kind}</td><td>{start:.1}–{end:.1}</td><td>{answer}</td><td>{iou}</td><td>{rank}</td><td>{score}</td><td>{}</td><td>{}</td></tr>",
            finding.class.name(),
            escaped(&query.text),
            flags.join(", "),
            escaped(&query.key.query_id())
        );
    }
    *text += "</tbody></table></div>\n";
}
