//! Which rows are wanted, and in which order. Conditions of one kind are alternatives, kinds add up;
//! the same conditions can be typed as words (`iou<0.3 class:ranking length>10`).

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{CaseList, Column, Facts};
use crate::eval::failure::{BoundaryKind, Class, Flag, Recovery};
use crate::eval::gaze_link::GazeClass;
use crate::project::Verdict;

/// One thing that a row is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    Template(String),
    /// A clip's uid.
    Clip(String),
    Class(Class),
    Boundary(BoundaryKind),
    Recovery(Recovery),
    Flag(Flag),
    /// Of the predicted gaze in the true moment.
    Gaze(GazeClass),
    /// What a person has called the cause.
    Tag(String),
    Verdict(Verdict),
    /// A group of a characteristic.
    Group {
        characteristic: String,
        label: String,
    },
    /// From `low` on, and below `high`; the highest numbers stand for no end.
    Range {
        column: Column,
        low: f64,
        high: f64,
    },
    /// Queries of one template whose answer was the moment of another one's.
    Confusion {
        asked: String,
        hit: String,
    },
    List(CaseList),
    /// Rows that were picked in a plot. Means nothing in another data set.
    Picked {
        name: String,
        rows: Vec<usize>,
    },
}

impl Condition {
    /// For the sign above the table.
    pub fn name(&self) -> String {
        match self {
            Self::Template(template) => {
                template.split_once(": ").map_or(template.as_str(), |(_, t)| t).to_owned()
            }
            Self::Clip(uid) => format!("clip {}", uid.chars().take(8).collect::<String>()),
            Self::Class(class) => class.name().to_owned(),
            Self::Boundary(kind) => kind.name().to_owned(),
            Self::Recovery(recovery) => recovery.name().to_owned(),
            Self::Flag(flag) => flag.name().to_owned(),
            Self::Tag(tag) => format!("tag {tag}"),
            Self::Verdict(verdict) => verdict.name().to_owned(),
            Self::Gaze(class) => format!("gaze {}", class.name()),
            Self::Group { characteristic, label } => format!("{characteristic} {label}"),
            Self::Range { column, low, high } => {
                let name = column.name();
                match (*low > f64::MIN, *high < f64::MAX) {
                    (true, true) if column == &Column::Rank && high - low == 1.0 => format!("{name} {low}"),
                    (true, true) => format!("{name} {} to {}", short(*low), short(*high)),
                    (true, false) => format!("{name} from {}", short(*low)),
                    (false, true) => format!("{name} below {}", short(*high)),
                    (false, false) => name.to_owned(),
                }
            }
            Self::Confusion { asked, hit } => format!("{asked} → {hit}"),
            Self::List(list) => list_name(*list),
            Self::Picked { name, rows } => format!("{name} ({})", rows.len()),
        }
    }

    /// Conditions of one kind are alternatives.
    fn kind(&self) -> (u8, &str) {
        match self {
            Self::Template(_) => (0, ""),
            Self::Clip(_) => (1, ""),
            Self::Class(_) => (2, ""),
            Self::Boundary(_) => (3, ""),
            Self::Recovery(_) => (4, ""),
            Self::Flag(_) => (5, ""),
            Self::Group { characteristic, .. } => (6, characteristic),
            Self::Range { column, .. } => (7, column.word()),
            Self::Confusion { .. } => (8, ""),
            Self::Gaze(_) => (10, ""),
            Self::Tag(_) => (11, ""),
            Self::Verdict(_) => (12, ""),
            Self::List(_) | Self::Picked { .. } => (9, ""),
        }
    }
}

/// As few digits as say it.
fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn list_name(list: CaseList) -> String {
    match list {
        CaseList::Flip(true, true) => "both right".to_owned(),
        CaseList::Flip(true, false) => "only this model right".to_owned(),
        CaseList::Flip(false, true) => "only the other right".to_owned(),
        CaseList::Flip(false, false) => "neither right".to_owned(),
        CaseList::Transition(from, to) => format!("{} → {}", from.name(), to.name()),
        CaseList::AgreeButWrong => "models agree, both wrong".to_owned(),
        CaseList::Review(reason) => reason.name().to_owned(),
    }
}

/// Which rows are wanted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Words that all occur in the query, its template, its clip's or its video's name, and
    /// conditions among them.
    pub text: String,
    pub conditions: Vec<Condition>,
}

/// By what rows are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    pub column: Column,
    pub is_descending: bool,
}

type Test<'a> = Box<dyn Fn(usize) -> bool + 'a>;

impl Filter {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub fn has(&self, condition: &Condition) -> bool {
        self.conditions.contains(condition)
    }

    /// Puts a condition in or takes it out.
    pub fn toggle(&mut self, condition: Condition) {
        match self.conditions.iter().position(|c| *c == condition) {
            Some(at) => {
                self.conditions.remove(at);
            }
            None => self.conditions.push(condition),
        }
    }

    /// This condition instead of the others of its kind; taken away if it stood alone.
    pub fn only(&mut self, condition: Condition) {
        let alike = self.conditions.iter().filter(|c| c.kind() == condition.kind()).count();
        let was_alone = alike == 1 && self.has(&condition);
        self.conditions.retain(|c| c.kind() != condition.kind());
        if !was_alone {
            self.conditions.push(condition);
        }
    }

    /// The rows that fit. Without a sort they are in the order of the file, or of the list that is
    /// asked for.
    pub fn apply(&self, facts: &Facts<'_>, sort: Option<Sort>) -> Vec<usize> {
        let (words, typed) = parse(&self.text);
        let mut kinds: BTreeMap<(u8, &str), Vec<Test<'_>>> = BTreeMap::new();
        let mut listed: Option<Vec<usize>> = None;
        for condition in &self.conditions {
            let rows = match condition {
                Condition::List(list) => facts.analysis.map(|a| a.rows_of(*list)).unwrap_or_default(),
                Condition::Picked { rows, .. } => rows.clone(),
                _ => {
                    kinds.entry(condition.kind()).or_default().push(test(condition, facts));
                    continue;
                }
            };
            let all = listed.get_or_insert_default();
            let known: HashSet<usize> = all.iter().copied().collect();
            all.extend(rows.into_iter().filter(|row| !known.contains(row)));
        }
        let typed: Vec<Test<'_>> = typed.iter().map(|condition| test(condition, facts)).collect();
        let fits = |row: &usize| {
            facts.data.rows.get(*row).is_some_and(|r| words.iter().all(|word| r.text.contains(word)))
                && kinds.values().all(|any| any.iter().any(|test| test(*row)))
                && typed.iter().all(|test| test(*row))
        };
        let mut rows: Vec<usize> = match listed {
            Some(listed) => listed.into_iter().filter(fits).collect(),
            None => (0..facts.data.rows.len()).filter(fits).collect(),
        };
        if let Some(sort) = sort {
            sorted(&mut rows, facts, sort);
        }
        rows
    }
}

/// Rows without a value stand last in either direction.
fn sorted(rows: &mut [usize], facts: &Facts<'_>, Sort { column, is_descending }: Sort) {
    if matches!(column, Column::Query | Column::Template | Column::Clip | Column::Tags | Column::Verdict) {
        rows.sort_by(|a, b| {
            let (a, b) = (facts.word(*a, column), facts.word(*b, column));
            let order = a.is_empty().cmp(&b.is_empty());
            order.then(if is_descending { b.cmp(a) } else { a.cmp(b) })
        });
        return;
    }
    let mut keyed: Vec<(Option<f64>, usize)> =
        rows.iter().map(|row| (facts.number(*row, column), *row)).collect();
    keyed.sort_by(|(a, _), (b, _)| match (a, b) {
        (Some(a), Some(b)) if is_descending => b.total_cmp(a),
        (Some(a), Some(b)) => a.total_cmp(b),
        (a, b) => a.is_none().cmp(&b.is_none()),
    });
    rows.iter_mut().zip(keyed).for_each(|(row, (_, sorted))| *row = sorted);
}

/// What a condition says of a row; what depends on the condition alone is looked up once.
fn test<'a>(condition: &'a Condition, facts: &'a Facts<'_>) -> Test<'a> {
    let data = facts.data;
    let analysis = facts.analysis;
    match condition {
        Condition::Template(wanted) => Box::new(move |row| data.rows[row].template == *wanted),
        Condition::Clip(uid) => {
            let clip = data.annotations.clips.iter().position(|clip| clip.clip_uid == *uid);
            Box::new(move |row| Some(data.rows[row].clip) == clip)
        }
        Condition::Class(class) => {
            Box::new(move |row| analysis.and_then(|a| a.finding(row)).is_some_and(|f| f.class == *class))
        }
        Condition::Boundary(kind) => Box::new(move |row| {
            analysis.and_then(|a| a.finding(row)).is_some_and(|f| f.boundary == Some(*kind))
        }),
        Condition::Recovery(recovery) => Box::new(move |row| {
            analysis.and_then(|a| a.finding(row)).is_some_and(|f| f.recovery == Some(*recovery))
        }),
        Condition::Flag(flag) => {
            Box::new(move |row| analysis.and_then(|a| a.finding(row)).is_some_and(|f| f.flags.has(*flag)))
        }
        Condition::Tag(tag) => {
            Box::new(move |row| facts.said_of(row).is_some_and(|said| said.tags.contains(tag)))
        }
        Condition::Verdict(verdict) => {
            Box::new(move |row| facts.said_of(row).is_some_and(|said| said.verdict == Some(*verdict)))
        }
        Condition::Gaze(class) => Box::new(move |row| {
            facts.gaze.and_then(|gaze| *gaze.get(row)?).is_some_and(|gaze| gaze.class == Some(*class))
        }),
        Condition::Group { characteristic, label } => {
            let group = analysis.and_then(|a| {
                let grouping = a.basis.groupings.iter().find(|g| g.name == *characteristic)?;
                Some((a, grouping, grouping.labels.iter().position(|l| l == label)?))
            });
            Box::new(move |row| {
                group.is_some_and(|(a, grouping, label)| {
                    a.place(row).is_some_and(|place| grouping.of[place] == Some(label))
                })
            })
        }
        Condition::Range { column, low, high } => Box::new(move |row| {
            facts.number(row, *column).is_some_and(|value| value >= *low && value < *high)
        }),
        Condition::Confusion { asked, hit } => Box::new(move |row| {
            let found = || {
                let (analysis, set) = (analysis?, &analysis?.basis.set);
                let finding = analysis.finding(row)?;
                let other = &set.queries[finding.hit.filter(|_| finding.class == Class::QueryConfusion)?];
                let name = |query| set.template_of(query).unwrap_or("(none)");
                Some(name(analysis.query(row)?) == asked && name(other) == hit)
            };
            found().unwrap_or(false)
        }),
        // these are lists, and have been taken as such
        Condition::List(_) | Condition::Picked { .. } => Box::new(|_| true),
    }
}

/// Words in lower case, and the conditions among them.
fn parse(text: &str) -> (Vec<String>, Vec<Condition>) {
    let (mut words, mut conditions) = (Vec::new(), Vec::new());
    for word in text.to_lowercase().split_whitespace() {
        match typed(word) {
            Some(found) => conditions.push(found),
            None => words.push(word.to_owned()),
        }
    }
    (words, conditions)
}

/// `iou<0.3`, `rank=2`, `length=2..5`, `class:ranking`, `flag:split`.
fn typed(word: &str) -> Option<Condition> {
    let at = word.find([':', '<', '>', '='])?;
    let (name, rest) = word.split_at(at);
    let rest_of = |sign: &str| rest.strip_prefix(sign);
    if let Some(value) = rest_of(":").filter(|value| !value.is_empty()) {
        let is_meant = |full: &str| full.replace([' ', '-'], "").starts_with(&value.replace(['-', '_'], ""));
        return match name {
            "class" => Class::ALL.into_iter().find(|c| is_meant(c.name())).map(Condition::Class),
            "flag" => Flag::ALL.into_iter().find(|f| is_meant(f.name())).map(Condition::Flag),
            _ => None,
        };
    }
    let column = Column::ALL.into_iter().find(|column| column.word() == name)?;
    // the next number up: a range begins with it instead of the number itself
    let above = |value: f64| value.next_up();
    let number = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
    let (low, high) = if let Some(value) = rest_of("<=") {
        (f64::MIN, above(number(value)?))
    } else if let Some(value) = rest_of(">=") {
        (number(value)?, f64::MAX)
    } else if let Some(value) = rest_of("<") {
        (f64::MIN, number(value)?)
    } else if let Some(value) = rest_of(">") {
        (above(number(value)?), f64::MAX)
    } else {
        let value = rest_of("=")?;
        match value.split_once("..") {
            Some((low, high)) => (number(low)?, above(number(high)?)),
            None => (number(value)?, above(number(value)?)),
        }
    };
    Some(Condition::Range { column, low, high })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dataset::rows;
    use crate::dataset::{DataSet, DataSetFiles};
    use crate::project::AnnotationFile;

    const FILE: &[u8] = br#"{"videos":[{"video_uid":"vid","clips":[
        {"clip_uid":"one","annotations":[{"annotation_uid":"a","language_queries":[
            {"query":"Where is the red cup?","template":"Objects: Where is object X?","clip_start_sec":1,"clip_end_sec":3},
            {"query":null},
            {"query":"Who came in?","template":"People: Who did I talk to ?","clip_start_sec":4,"clip_end_sec":14}]}]},
        {"clip_uid":"two","annotations":[{"annotation_uid":"b","language_queries":[
            {"query":"Where is the red bag?","clip_start_sec":2,"clip_end_sec":7}]}]}]}]}"#;

    fn data() -> DataSet {
        let annotations = AnnotationFile::parse(FILE).expect("reads");
        let rows = Arc::new(rows::of(&annotations));
        DataSet {
            files: DataSetFiles::default(),
            rows,
            annotations: Arc::new(annotations),
            model: None,
            stores: crate::dataset::Stores::default(),
            predictions: Vec::new(),
            videos: Arc::default(),
            recordings: Arc::default(),
            train: None,
        }
    }

    fn ids(filter: &Filter, sort: Option<Sort>) -> Vec<String> {
        let data = data();
        let facts =
            Facts { data: &data, analysis: None, theta: 0.3, gaze: None, said: None, windows: &|_| None };
        let rows = filter.apply(&facts, sort).into_iter();
        rows.map(|row| data.row(row).expect("there").key().query_id()).collect()
    }

    fn text(text: &str) -> Filter {
        Filter { text: text.to_owned(), ..Filter::default() }
    }

    #[test]
    fn rows_are_found_by_words_and_conditions_and_none_is_dropped() {
        assert_eq!(ids(&text("RED where"), None), ["a_0", "b_0"]);
        assert_eq!(ids(&text("red two"), None), ["b_0"]);
        assert_eq!(ids(&text("no words"), None), ["a_1"]);
        let of = |conditions: &[Condition]| Filter { text: String::new(), conditions: conditions.to_vec() };
        let template = Condition::Template("People: Who did I talk to?".to_owned());
        assert_eq!(ids(&of(std::slice::from_ref(&template)), None), ["a_2"]);
        let clip = |uid: &str| Condition::Clip(uid.to_owned());
        assert_eq!(ids(&of(&[clip("two")]), None), ["b_0"]);
        assert_eq!(ids(&of(&[clip("one"), clip("two")]), None).len(), 4, "one kind: alternatives");
        assert!(ids(&of(&[template, clip("two")]), None).is_empty(), "two kinds: both");
        assert_eq!(ids(&Filter::default(), None).len(), 4);
    }

    #[test]
    fn conditions_can_be_typed() {
        assert_eq!(ids(&text("length>2 red"), None), ["b_0"]);
        assert_eq!(ids(&text("length=2..5"), None), ["a_0", "b_0"]);
        assert_eq!(ids(&text("length>=5 length<10"), None), ["b_0"]);
        assert_eq!(ids(&text("length=10"), None), ["a_2"]);
        assert_eq!(typed("class:rank"), Some(Condition::Class(Class::Ranking)));
        assert_eq!(typed("class:query-confusion"), Some(Condition::Class(Class::QueryConfusion)));
        assert_eq!(typed("flag:edge"), Some(Condition::Flag(Flag::ClipEdge)));
        assert_eq!(typed("iou>nan"), None);
        // what is no condition is a word
        assert!(ids(&text("colour:red"), None).is_empty());
    }

    #[test]
    fn rows_without_a_value_stand_last_in_either_direction() {
        let by = |column, is_descending| ids(&Filter::default(), Some(Sort { column, is_descending }));
        assert_eq!(by(Column::Length, false), ["a_0", "b_0", "a_2", "a_1"]);
        assert_eq!(by(Column::Length, true), ["a_2", "b_0", "a_0", "a_1"]);
        assert_eq!(by(Column::Query, false), ["b_0", "a_0", "a_2", "a_1"]);
    }
}
