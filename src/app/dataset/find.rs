//! Which rows the table shows, and the next one of a kind.

use super::{DataSetCommand, DataSetSession};
use crate::dataset::{Condition, Filter, Sort};
use crate::eval::failure::Class;

/// What is asked of the filter and of the order.
pub fn apply(session: &mut DataSetSession, saved: &mut Vec<(String, Filter)>, command: DataSetCommand) {
    let filter = &mut session.filter;
    match command {
        DataSetCommand::Search(text) => filter.text = text,
        DataSetCommand::Template(template) => {
            filter.conditions.retain(|c| !matches!(c, Condition::Template(_)));
            filter.conditions.extend(template.map(Condition::Template));
        }
        DataSetCommand::OnlyThisClip(is_on) => {
            filter.conditions.retain(|c| !matches!(c, Condition::Clip(_)));
            let view = session.selected.and_then(|row| session.data.row(row)).filter(|_| is_on);
            filter.conditions.extend(view.map(|view| Condition::Clip(view.clip.clip_uid.clone())));
        }
        DataSetCommand::Toggle(condition) => filter.toggle(condition),
        DataSetCommand::Only(condition) => filter.only(condition),
        DataSetCommand::ClearFilter => *filter = Filter::default(),
        DataSetCommand::SaveFilter(name) => {
            let mut kept = filter.clone();
            // rows have no meaning in another data set
            kept.conditions.retain(|c| !matches!(c, Condition::Picked { .. }));
            saved.retain(|(other, _)| *other != name);
            saved.push((name, kept));
            return;
        }
        DataSetCommand::UseFilter(at) => {
            let Some((_, kept)) = saved.get(at) else { return };
            filter.clone_from(kept);
        }
        DataSetCommand::ForgetFilter(at) => {
            if at < saved.len() {
                saved.remove(at);
            }
            return;
        }
        DataSetCommand::Sort(column) => {
            session.sort = match session.sort {
                Some(sort) if sort.column == column && sort.is_descending => None,
                Some(sort) if sort.column == column => Some(Sort { column, is_descending: true }),
                _ => Some(Sort { column, is_descending: false }),
            }
        }
        _ => return,
    }
    refilter(session);
}

pub fn refilter(session: &mut DataSetSession) {
    session.shown = session.with_facts(|facts| session.filter.apply(facts, session.sort));
}

pub fn class_of(session: &DataSetSession, row: usize) -> Option<Class> {
    Some(session.analysis()?.finding(row)?.class)
}

/// Wrong by the analysis; where there is none, by the row's own answer, if it has one.
pub fn is_failure(session: &DataSetSession, row: usize) -> bool {
    match class_of(session, row) {
        Some(class) => class >= Class::Ranking,
        None => session.verdict(row).is_some_and(|verdict| verdict.rank != Some(0)),
    }
}

/// The next row of the table below (or above) the chosen one that is wanted.
pub fn next(
    session: &DataSetSession,
    by: i32,
    is_wanted: impl Fn(&DataSetSession, usize) -> bool,
) -> Option<usize> {
    let shown = &session.shown;
    let at = session.selected.and_then(|row| shown.iter().position(|r| *r == row));
    let mut rows: Box<dyn Iterator<Item = &usize>> = match (at, by > 0) {
        (Some(at), true) => Box::new(shown[at + 1..].iter()),
        (Some(at), false) => Box::new(shown[..at].iter().rev()),
        (None, true) => Box::new(shown.iter()),
        (None, false) => Box::new(shown.iter().rev()),
    };
    rows.find(|row| is_wanted(session, **row)).copied()
}
