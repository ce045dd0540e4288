//! Queries by a characteristic: length, position, template, words, and whatever else is known about
//! them. Depends on the annotations only, so it is computed once.

use std::collections::HashMap;

use super::{Query, QuerySet};

/// A characteristic and the group of each query; `None` where it is not known.
#[derive(Clone, Debug, PartialEq)]
pub struct Grouping {
    pub name: String,
    pub labels: Vec<String>,
    pub of: Vec<Option<usize>>,
}

impl Grouping {
    /// Groups between `edges`; a value at an edge belongs to the group above it.
    pub fn by_value(
        name: &str,
        unit: &str,
        edges: &[f64],
        values: impl Iterator<Item = Option<f64>>,
    ) -> Self {
        let mut labels: Vec<String> = edges.windows(2).map(|e| format!("{}-{}{unit}", e[0], e[1])).collect();
        if let [first, .., last] | [first @ last] = edges {
            labels.insert(0, format!("<{first}{unit}"));
            labels.push(format!(">={last}{unit}"));
        }
        let group = |value: f64| edges.iter().take_while(|edge| value >= **edge).count();
        let of = values.map(|value| value.filter(|v| !v.is_nan()).map(group)).collect();
        Self { name: name.to_owned(), labels, of }
    }

    fn by_group<'a>(
        name: &str,
        labels: &[&str],
        set: &'a QuerySet,
        group: impl Fn(usize, &'a Query) -> Option<usize>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            labels: labels.iter().map(|l| (*l).to_owned()).collect(),
            of: set.queries.iter().enumerate().map(|(place, query)| group(place, query)).collect(),
        }
    }
}

const COLOUR_AND_STATE: [&str; 26] = [
    "color", "colour", "black", "blue", "brown", "gray", "green", "grey", "orange", "pink", "purple", "red",
    "silver", "white", "yellow", "open", "opened", "close", "closed", "off", "empty", "full", "clean",
    "dirty", "state", "dark",
];
const PERSONS: [&str; 16] = [
    "who", "whom", "person", "people", "man", "men", "woman", "women", "boy", "girl", "lady", "guy",
    "someone", "somebody", "child", "friend",
];
/// An object asked about this often in training is seldom, up to the second often, above it common.
const SHOTS: [usize; 2] = [10, 50];

/// Every characteristic that the annotations tell; that of object frequency needs the training
/// split's.
pub fn groupings(set: &QuerySet, train: Option<&QuerySet>) -> Vec<Grouping> {
    let duration = |q: &Query| set.clip_of(q).duration_secs;
    let value = |name: &str, unit: &str, edges: &[f64], of: &dyn Fn(&Query) -> Option<f64>| {
        Grouping::by_value(name, unit, edges, set.queries.iter().map(of))
    };
    let has_word = |name: &str, words: &[&str]| {
        Grouping::by_group(name, &["without", "with"], set, |_, q| {
            Some(usize::from(q.words.split(' ').any(|w| words.contains(&w))))
        })
    };
    let per_clip = |q: &Query| Some(set.clip_of(q).queries.len() as f64);
    let middle = |q: &Query| Some(f64::midpoint(q.truths[0][0], q.truths[0][1]) / duration(q)?);
    let mut all = vec![
        value("length", " s", &[1.0, 2.0, 5.0, 10.0, 30.0, 60.0], &|q| Some(q.length())),
        value("coverage", " %", &[0.2, 0.5, 1.0, 2.0, 5.0], &|q| Some(100.0 * q.length() / duration(q)?)),
        value("position in the clip", "", &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], &middle),
        // the first edge stands just above the usual 480 s, which clocks overshoot by a little
        value("clip length", " s", &[481.0, 1201.0], &duration),
        value("queries in the clip", "", &[7.0, 13.0, 26.0], &per_clip),
        value("words in the question", "", &[6.0, 8.0, 10.0, 13.0], &|q| {
            Some(q.words.split(' ').filter(|w| !w.is_empty()).count() as f64)
        }),
        by_template(set),
        has_word("before or after", &["before", "after"]),
        Grouping::by_group("counting", &["without", "with"], set, |_, q| {
            Some(usize::from(format!(" {} ", q.words).contains(" how many ")))
        }),
        has_word("colour or state word", &COLOUR_AND_STATE),
        has_word("person word", &PERSONS),
        ambiguity(set),
        by_annotation(set),
    ];
    if let Some(train) = train {
        all.push(object_frequency(set, train));
    }
    all
}

fn by_template(set: &QuerySet) -> Grouping {
    let mut labels: Vec<&str> = set.templates.iter().map(String::as_str).collect();
    labels.push("(none)");
    Grouping::by_group("template", &labels, set, |_, q| Some(q.template.unwrap_or(set.templates.len())))
}

fn object(query: &Query) -> Option<String> {
    let object = query.slots.slot_x.as_deref()?.trim().to_lowercase();
    (!object.is_empty()).then_some(object)
}

fn ambiguity(set: &QuerySet) -> Grouping {
    let labels = ["unique", "same object asked elsewhere", "same question asked elsewhere"];
    Grouping::by_group("ambiguity", &labels, set, |place, query| {
        let mut others = set.neighbours(place);
        if set.neighbours(place).any(|(_, other)| other.words == query.words) {
            return Some(2);
        }
        let own = object(query);
        Some(usize::from(own.is_some() && others.any(|(_, other)| object(other) == own)))
    })
}

fn by_annotation(set: &QuerySet) -> Grouping {
    let most = set.queries.iter().map(|q| q.annotation).max().unwrap_or(0);
    let labels: Vec<String> = (0..=most).map(|i| (i + 1).to_string()).collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    Grouping::by_group("annotation set of the clip", &labels, set, |_, q| Some(q.annotation))
}

fn object_frequency(set: &QuerySet, train: &QuerySet) -> Grouping {
    let mut counts: HashMap<String, usize> = HashMap::new();
    train.queries.iter().filter_map(object).for_each(|o| *counts.entry(o).or_default() += 1);
    let labels = ["to 10 in training", "11-50 in training", "above 50 in training"];
    Grouping::by_group("object frequency", &labels, set, |_, query| {
        let count = counts.get(&object(query)?).copied().unwrap_or(0);
        Some(SHOTS.iter().take_while(|shots| count > **shots).count())
    })
}
