//! Every change that a person can make to a project. An edit that does not fit the project changes
//! nothing and says why.

use serde::{Deserialize, Serialize};

use super::document::{Filter, GazeFix, Judgement, Marker, Moment, Project, Query, Source, Tag};
use super::{Id, QueryKey};
use crate::time::{MediaTime, TimeRange};

/// Ids of new things are part of the edit, so that doing it again gives the same project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    SetAuthor(String),
    /// Adds, or replaces the one with the same id.
    PutSource(Source),
    RemoveSource(Id),
    AddQuery(Query),
    RemoveQuery(Id),
    SetQueryText {
        query: Id,
        text: String,
    },
    SetQueryTemplate {
        query: Id,
        template: Option<String>,
    },
    AddMoment {
        query: Id,
        moment: Moment,
    },
    /// Moves or trims.
    SetMoment {
        query: Id,
        moment: Id,
        range: TimeRange,
    },
    /// The part after `at` becomes a moment of its own.
    SplitMoment {
        query: Id,
        moment: Id,
        at: MediaTime,
        second: Id,
    },
    /// The first becomes the span of both, the second goes.
    JoinMoments {
        query: Id,
        first: Id,
        second: Id,
    },
    RemoveMoment {
        query: Id,
        moment: Id,
    },
    PutGazeFix(GazeFix),
    RemoveGazeFix(Id),
    PutTag(Tag),
    RemoveTag(String),
    /// Sets all that a person says of a case.
    Judge(Judgement),
    RemoveJudgement {
        case: QueryKey,
        author: String,
    },
    PutMarker(Marker),
    RemoveMarker(Id),
    PutFilter(Filter),
    RemoveFilter(String),
    /// Becomes what merging with somebody else's has given.
    Become(Box<Project>),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("there is no {what} {name} in the project")]
    Absent { what: &'static str, name: String },
    #[error("there is a {what} {name} already")]
    Present { what: &'static str, name: String },
    #[error("a moment can only be split inside, and {at} is not between {start} and {end}")]
    SplitOutside { at: MediaTime, start: MediaTime, end: MediaTime },
    #[error("a moment cannot be joined with itself")]
    JoinItself,
}

fn present(is: bool, what: &'static str, name: impl ToString) -> Result<(), EditError> {
    if is { Ok(()) } else { Err(EditError::Absent { what, name: name.to_string() }) }
}

fn absent(is: bool, what: &'static str, name: impl ToString) -> Result<(), EditError> {
    if is { Ok(()) } else { Err(EditError::Present { what, name: name.to_string() }) }
}

impl Edit {
    /// For the history: `move moment`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SetAuthor(_) => "set author",
            Self::PutSource(_) => "add source",
            Self::RemoveSource(_) => "remove source",
            Self::AddQuery(_) => "add query",
            Self::RemoveQuery(_) => "delete query",
            Self::SetQueryText { .. } => "edit query",
            Self::SetQueryTemplate { .. } => "set template",
            Self::AddMoment { .. } => "add moment",
            Self::SetMoment { .. } => "move moment",
            Self::SplitMoment { .. } => "split moment",
            Self::JoinMoments { .. } => "join moments",
            Self::RemoveMoment { .. } => "delete moment",
            Self::PutGazeFix(_) => "correct gaze",
            Self::RemoveGazeFix(_) => "delete gaze correction",
            Self::PutTag(_) => "set tag",
            Self::RemoveTag(_) => "delete tag",
            Self::Judge(_) => "judge case",
            Self::RemoveJudgement { .. } => "clear judgement",
            Self::PutMarker(_) => "set marker",
            Self::RemoveMarker(_) => "delete marker",
            Self::PutFilter(_) => "save filter",
            Self::RemoveFilter(_) => "delete filter",
            Self::Become(_) => "merge",
        }
    }

    /// Done right after `earlier`, it leaves no trace of it: the steps of a drag.
    pub(super) fn supersedes(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (
                Self::SetMoment { query, moment, .. },
                Self::SetMoment { query: old_query, moment: old_moment, .. },
            ) => (query, moment) == (old_query, old_moment),
            (Self::SetQueryText { query, .. }, Self::SetQueryText { query: old, .. }) => query == old,
            (Self::PutGazeFix(new), Self::PutGazeFix(old)) => new.id == old.id,
            (Self::PutMarker(new), Self::PutMarker(old)) => new.id == old.id,
            (Self::Judge(new), Self::Judge(old)) => new.case == old.case && new.author == old.author,
            _ => false,
        }
    }
}

impl Project {
    /// Changes nothing when it fails.
    pub fn apply(&mut self, edit: &Edit) -> Result<(), EditError> {
        match edit {
            Edit::SetAuthor(author) => self.author.clone_from(author),
            Edit::PutSource(source) => self.sources.put(source.clone()),
            Edit::RemoveSource(id) => present(self.sources.remove(id), "source", id)?,
            Edit::AddQuery(query) => {
                absent(self.queries.get(&query.id).is_none(), "query", query.id)?;
                self.queries.put(query.clone());
            }
            Edit::RemoveQuery(id) => present(self.queries.remove(id), "query", id)?,
            Edit::SetQueryText { query, text } => self.query_mut(*query)?.text.clone_from(text),
            Edit::SetQueryTemplate { query, template } => {
                self.query_mut(*query)?.template.clone_from(template);
            }
            Edit::AddMoment { query, moment } => {
                let moments = &mut self.query_mut(*query)?.moments;
                absent(moments.iter().all(|m| m.id != moment.id), "moment", moment.id)?;
                moments.push(moment.clone());
            }
            Edit::SetMoment { query, moment, range } => self.moment_mut(*query, *moment)?.range = *range,
            Edit::SplitMoment { query, moment, at, second } => self.split(*query, *moment, *at, *second)?,
            Edit::JoinMoments { query, first, second } => self.join(*query, *first, *second)?,
            Edit::RemoveMoment { query, moment } => {
                let place = place_of(self.query(*query)?, *moment)?;
                self.query_mut(*query)?.moments.remove(place);
            }
            Edit::PutGazeFix(fix) => self.gaze_fixes.put(fix.clone()),
            Edit::RemoveGazeFix(id) => present(self.gaze_fixes.remove(id), "gaze correction", id)?,
            Edit::PutTag(tag) => self.tags.put(tag.clone()),
            Edit::RemoveTag(name) => present(self.tags.remove(name), "tag", name)?,
            Edit::Judge(judgement) => self.judgements.put(judgement.clone()),
            Edit::RemoveJudgement { case, author } => {
                let key = (case.clone(), author.clone());
                present(self.judgements.remove(&key), "judgement of", case)?;
            }
            Edit::PutMarker(marker) => self.markers.put(marker.clone()),
            Edit::RemoveMarker(id) => present(self.markers.remove(id), "marker", id)?,
            Edit::PutFilter(filter) => self.filters.put(filter.clone()),
            Edit::RemoveFilter(name) => present(self.filters.remove(name), "filter", name)?,
            Edit::Become(project) => self.clone_from(project),
        }
        Ok(())
    }

    fn query(&self, id: Id) -> Result<&Query, EditError> {
        self.queries.get(&id).ok_or_else(|| EditError::Absent { what: "query", name: id.to_string() })
    }

    fn query_mut(&mut self, id: Id) -> Result<&mut Query, EditError> {
        self.queries.get_mut(&id).ok_or_else(|| EditError::Absent { what: "query", name: id.to_string() })
    }

    fn moment_mut(&mut self, query: Id, moment: Id) -> Result<&mut Moment, EditError> {
        let place = place_of(self.query(query)?, moment)?;
        Ok(&mut self.query_mut(query)?.moments[place])
    }

    fn split(&mut self, query: Id, moment: Id, at: MediaTime, second: Id) -> Result<(), EditError> {
        let of = self.query(query)?;
        let place = place_of(of, moment)?;
        absent(of.moments.iter().all(|m| m.id != second), "moment", second)?;
        let (start, end) = (of.moments[place].range.start(), of.moments[place].range.end());
        if !(start < at && at < end) {
            return Err(EditError::SplitOutside { at, start, end });
        }
        let moments = &mut self.query_mut(query)?.moments;
        let rest = Moment { id: second, range: TimeRange::new(at, end), ..moments[place].clone() };
        moments[place].range = TimeRange::new(start, at);
        moments.insert(place + 1, rest);
        Ok(())
    }

    fn join(&mut self, query: Id, first: Id, second: Id) -> Result<(), EditError> {
        if first == second {
            return Err(EditError::JoinItself);
        }
        let of = self.query(query)?;
        let (keep, gone) = (place_of(of, first)?, place_of(of, second)?);
        let (a, b) = (of.moments[keep].range, of.moments[gone].range);
        let moments = &mut self.query_mut(query)?.moments;
        moments[keep].range = TimeRange::new(a.start().min(b.start()), a.end().max(b.end()));
        moments.remove(gone);
        Ok(())
    }
}

fn place_of(query: &Query, moment: Id) -> Result<usize, EditError> {
    let place = query.moments.iter().position(|m| m.id == moment);
    place.ok_or_else(|| EditError::Absent { what: "moment", name: moment.to_string() })
}
