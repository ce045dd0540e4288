//! Two people's projects into one. Each thing is compared with what both started from, where that is
//! known; what both have changed differently is a conflict, kept as in the first and listed.

use serde::Serialize;

use super::document::{Moment, Project, Query, Source};
use super::{Id, Keyed, List};

/// Something that both have changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// `text of query "Where is the cup?"`
    pub what: String,
    /// How each has it; empty where it was deleted.
    pub first: String,
    pub second: String,
    /// Whose is in the result: the chosen side's; where nobody chose the first's, but never a deletion.
    pub kept_second: bool,
}

/// One of the two projects that are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    First,
    Second,
}

/// Without a base, what only one has was added by that one.
pub fn merge(base: Option<&Project>, first: &Project, second: &Project) -> (Project, Vec<Conflict>) {
    merge_choosing(base, first, second, &[])
}

/// The same with a side for each conflict, in the order in which [`merge`] lists them: which conflicts
/// there are does not depend on how they are settled.
pub fn merge_choosing(
    base: Option<&Project>,
    first: &Project,
    second: &Project,
    choices: &[Side],
) -> (Project, Vec<Conflict>) {
    let second = &with_sources_of(first, second);
    let empty = Project::default();
    let base = base.unwrap_or(&empty);
    let mut merger = Merger { choices, conflicts: Vec::new() };
    let merged = Project {
        author: first.author.clone(),
        sources: merger.list("source", [&base.sources, &first.sources, &second.sources], |s| {
            format!("{:?} {}", s.kind, s.path.display())
        }),
        queries: merger.queries([&base.queries, &first.queries, &second.queries]),
        gaze_fixes: merger.list(
            "gaze correction",
            [&base.gaze_fixes, &first.gaze_fixes, &second.gaze_fixes],
            |g| format!("{:?}", g.what),
        ),
        tags: merger.list("tag", [&base.tags, &first.tags, &second.tags], |t| {
            t.key.map_or_else(|| t.name.clone(), |key| format!("{} on key {key}", t.name))
        }),
        judgements: merger.list(
            "judgement",
            [&base.judgements, &first.judgements, &second.judgements],
            |j| {
                let verdict = j.verdict.map_or("no verdict", super::Verdict::name);
                format!("{}: {verdict}, tags {:?}, note {:?} by {}", j.case, j.tags, j.note, j.author)
            },
        ),
        markers: merger.list("marker", [&base.markers, &first.markers, &second.markers], |m| {
            format!("{} at {}", m.label, m.time)
        }),
        filters: merger.list("filter", [&base.filters, &first.filters, &second.filters], |f| {
            format!("{}: {}", f.name, f.text)
        }),
    };
    (merged, merger.conflicts)
}

struct Merger<'a> {
    choices: &'a [Side],
    conflicts: Vec<Conflict>,
}

/// One thing in the base and in both projects.
type Three<'a, T> = [Option<&'a T>; 3];

impl Merger<'_> {
    fn conflict(&mut self, what: String, first: String, second: String, kept_second: bool) {
        self.conflicts.push(Conflict { what, first, second, kept_second });
    }

    /// Who changed it counts; whoever kept it gives way to a deletion, whoever changed it does not.
    fn one<T: Clone + PartialEq>(
        &mut self,
        [base, first, second]: Three<'_, T>,
        what: impl Fn(&T) -> String,
        text: impl Fn(&T) -> String,
    ) -> Option<T> {
        if first == second || second == base {
            return first.cloned();
        }
        if first == base {
            return second.cloned();
        }
        let named = first.or(second)?;
        let shown = |thing: Option<&T>| thing.map(&text).unwrap_or_default();
        let side = self.choices.get(self.conflicts.len()).copied();
        let side = side.unwrap_or(if first.is_some() { Side::First } else { Side::Second });
        self.conflict(what(named), shown(first), shown(second), side == Side::Second);
        if side == Side::First { first.cloned() } else { second.cloned() }
    }

    /// In the first's order, then what only the second has.
    fn list<T: Keyed + Clone + PartialEq>(
        &mut self,
        kind: &str,
        [base, first, second]: [&List<T>; 3],
        text: impl Fn(&T) -> String,
    ) -> List<T> {
        let keys =
            first.iter().chain(second.iter().filter(|item| first.get(&item.key()).is_none())).map(Keyed::key);
        keys.filter_map(|key| {
            let three = [base.get(&key), first.get(&key), second.get(&key)];
            self.one(three, |item| format!("{kind} {}", text(item)), &text)
        })
        .collect()
    }

    /// Field by field and moment by moment, so that two people can work on one question.
    fn queries(&mut self, [base, first, second]: [&List<Query>; 3]) -> List<Query> {
        let keys = first.iter().chain(second.iter().filter(|q| first.get(&q.id).is_none())).map(|q| q.id);
        keys.filter_map(|key| match [base.get(&key), first.get(&key), second.get(&key)] {
            [base, Some(first), Some(second)] => Some(self.query(base, first, second)),
            three => self.one(
                three,
                |q| format!("query {:?}", q.text),
                |q| format!("{:?}, {} moments", q.text, q.moments.len()),
            ),
        })
        .collect()
    }

    fn query(&mut self, base: Option<&Query>, first: &Query, second: &Query) -> Query {
        let name = format!("query {:?}", first.text);
        let text = |q: Option<&Query>| q.map(|q| q.text.clone());
        let template = |q: &Query| q.template.clone();
        let what = |field: &str| format!("{field} of {name}");
        let three = [text(base), text(Some(first)), text(Some(second))];
        let merged_text = self.one(three.each_ref().map(Option::as_ref), |_| what("text"), String::clone);
        let templates = [base.map(template), Some(template(first)), Some(template(second))];
        let merged_template = self.one(
            templates.each_ref().map(Option::as_ref),
            |_| what("template"),
            |t| t.clone().unwrap_or_else(|| "none".to_owned()),
        );
        Query {
            text: merged_text.unwrap_or_default(),
            template: merged_template.flatten(),
            moments: self.moments(&name, base, first, second),
            ..first.clone()
        }
    }

    fn moments(&mut self, name: &str, base: Option<&Query>, first: &Query, second: &Query) -> Vec<Moment> {
        fn find(query: &Query, id: Id) -> Option<&Moment> {
            query.moments.iter().find(|m| m.id == id)
        }
        let ids = first.moments.iter().chain(second.moments.iter().filter(|m| find(first, m.id).is_none()));
        ids.filter_map(|moment| {
            let three =
                [base.and_then(|q| find(q, moment.id)), find(first, moment.id), find(second, moment.id)];
            let what = |m: &Moment| format!("moment from {} of {name}", m.range.start());
            self.one(three, what, |m| format!("{} to {}", m.range.start(), m.range.end()))
        })
        .collect()
    }
}

/// The second project in the first's names: both have added the same file under ids of their own.
fn with_sources_of(first: &Project, second: &Project) -> Project {
    let same = |source: &Source| {
        let is_same = |other: &&Source| {
            other.kind == source.kind
                && other.fingerprint.is_some()
                && other.fingerprint == source.fingerprint
        };
        // one that both have from the start needs no other name
        first.sources.get(&source.id).or_else(|| first.sources.iter().find(is_same))
    };
    let mut renamed = second.clone();
    renamed.sources = second
        .sources
        .iter()
        .map(|source| match same(source) {
            // the same file lies elsewhere on the other's disk; that is no change
            Some(ours)
                if ours.id != source.id
                    || (ours.fingerprint.is_some() && ours.fingerprint == source.fingerprint) =>
            {
                ours.clone()
            }
            _ => source.clone(),
        })
        .collect();
    let ours = |id: Id| second.sources.get(&id).and_then(same).map_or(id, |source| source.id);
    renamed.gaze_fixes = second
        .gaze_fixes
        .iter()
        .map(|fix| super::GazeFix { source: ours(fix.source), ..fix.clone() })
        .collect();
    renamed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::project::testing::{changed, edits, project};
    use crate::project::{Edit, Judgement, QueryKey, Verdict};
    use crate::time::TimeRange;

    /// Equal but for the order of things and for whose project it is.
    fn same(a: &Project, b: &Project) -> bool {
        fn all<T: Keyed + Clone + PartialEq>(a: &List<T>, b: &List<T>) -> bool {
            a.len() == b.len() && a.iter().all(|item| b.get(&item.key()) == Some(item))
        }
        let moments_sorted = |project: &Project| -> List<Query> {
            let sorted = |q: &Query| {
                let mut q = q.clone();
                q.moments.sort_by_key(|m| m.id);
                q
            };
            project.queries.iter().map(sorted).collect()
        };
        all(&a.sources, &b.sources)
            && all(&moments_sorted(a), &moments_sorted(b))
            && all(&a.gaze_fixes, &b.gaze_fixes)
            && all(&a.tags, &b.tags)
            && all(&a.judgements, &b.judgements)
            && all(&a.markers, &b.markers)
            && all(&a.filters, &b.filters)
    }

    proptest! {
        #[test]
        fn a_project_merged_with_itself_is_itself(a in project()) {
            prop_assert_eq!(merge(None, &a, &a), (a.clone(), vec![]));
            prop_assert_eq!(merge(Some(&a), &a, &a), (a, vec![]));
        }

        #[test]
        fn who_changed_nothing_gets_the_others_work(
            base in project().prop_map(|p| Project { sources: List::default(), ..p }),
            edits in edits(20).prop_map(|e| e.into_iter().filter(|e| !matches!(e, Edit::PutSource(_))).collect::<Vec<_>>())
        ) {
            let other = changed(base.clone(), &edits);
            for (first, second) in [(&base, &other), (&other, &base)] {
                let (merged, conflicts) = merge(Some(&base), first, second);
                // queries are merged field by field; an origin or author never changes by an edit,
                // but deleting a query and adding another with its id does
                let is_replaced = base.queries.iter().any(|q| other.queries.get(&q.id).is_some_and(|o| {
                    (&o.origin, &o.author, &o.clip) != (&q.origin, &q.author, &q.clip)
                }));
                prop_assert!(conflicts.is_empty(), "{:?}", conflicts);
                prop_assert!(is_replaced || same(&merged, &other));
            }
        }

        #[test]
        fn both_orders_find_the_same_conflicts(base in project(), a in edits(15), b in edits(15)) {
            let (a, b) = (changed(base.clone(), &a), changed(base.clone(), &b));
            let conflicts = |first, second| merge(Some(&base), first, second).1.len();
            prop_assert_eq!(conflicts(&a, &b), conflicts(&b, &a));
        }
    }

    proptest! {
        /// Who chooses one side everywhere has that side's word in each conflict, and the conflicts
        /// stay the same ones.
        #[test]
        fn conflicts_are_settled_as_chosen(base in project(), a in edits(15), b in edits(15), mask in any::<u64>()) {
            let (a, b) = (changed(base.clone(), &a), changed(base.clone(), &b));
            let (_, listed) = merge(Some(&base), &a, &b);
            let side = |i: usize| if mask >> (i % 64) & 1 == 1 { Side::Second } else { Side::First };
            let choices: Vec<Side> = (0..listed.len()).map(side).collect();
            let (merged, settled) = merge_choosing(Some(&base), &a, &b, &choices);
            prop_assert_eq!(settled.len(), listed.len());
            for ((settled, listed), choice) in settled.iter().zip(&listed).zip(&choices) {
                prop_assert_eq!(&settled.what, &listed.what);
                prop_assert_eq!(settled.kept_second, *choice == Side::Second);
            }
            for marker in merged.markers.iter() {
                let found = |p: &Project| p.markers.get(&marker.id) == Some(marker);
                prop_assert!(found(&a) || found(&b));
            }
        }
    }

    fn query(text: &str) -> Query {
        Query {
            id: Id(1),
            clip: "c".into(),
            origin: None,
            text: text.into(),
            template: None,
            author: "ann".into(),
            moments: vec![Moment { id: Id(2), range: TimeRange::from_secs(1.0, 2.0), author: "ann".into() }],
        }
    }

    #[test]
    fn two_people_on_one_question_do_not_get_in_each_others_way() {
        let base = changed(Project::new("x"), &[Edit::AddQuery(query("who?"))]);
        let first = changed(base.clone(), &[Edit::SetQueryText { query: Id(1), text: "Who came?".into() }]);
        let range = TimeRange::from_secs(1.0, 3.0);
        let second = changed(base.clone(), &[Edit::SetMoment { query: Id(1), moment: Id(2), range }]);
        let (merged, conflicts) = merge(Some(&base), &first, &second);
        assert_eq!(conflicts, []);
        let found = merged.queries.get(&Id(1)).expect("is there");
        assert_eq!((found.text.as_str(), found.moments[0].range), ("Who came?", range));
        // the same edge moved by both is a conflict, and the first's is kept
        let other = TimeRange::from_secs(0.0, 2.0);
        let first = changed(first, &[Edit::SetMoment { query: Id(1), moment: Id(2), range: other }]);
        let (merged, conflicts) = merge(Some(&base), &first, &second);
        assert_eq!(merged.queries.get(&Id(1)).expect("is there").moments[0].range, other);
        assert_eq!((conflicts.len(), conflicts[0].second.as_str()), (1, "0:01.000 to 0:03.000"));
        let (merged, _) = merge_choosing(Some(&base), &first, &second, &[Side::Second]);
        assert_eq!(merged.queries.get(&Id(1)).expect("is there").moments[0].range, range);
        // what one deleted and the other changed stays, unless the deletion is chosen
        let first = changed(base.clone(), &[Edit::RemoveQuery(Id(1))]);
        let (merged, conflicts) = merge(Some(&base), &first, &second);
        assert!(merged.queries.get(&Id(1)).is_some() && conflicts[0].kept_second);
        let (merged, _) = merge_choosing(Some(&base), &first, &second, &[Side::First]);
        assert!(merged.queries.is_empty());
    }

    #[test]
    fn verdicts_of_two_people_stand_beside_each_other() {
        let case = QueryKey { clip_uid: "c".into(), annotation_uid: "a".into(), query_idx: 0 };
        let says = |author: &str, verdict| {
            let judgement = Judgement { verdict: Some(verdict), ..Judgement::empty(case.clone(), author) };
            changed(Project::new(author), &[Edit::Judge(judgement)])
        };
        let (merged, conflicts) =
            merge(None, &says("ann", Verdict::ModelWrong), &says("bob", Verdict::TruthWrong));
        assert_eq!((merged.judgements.len(), conflicts.len()), (2, 0));
    }
}
