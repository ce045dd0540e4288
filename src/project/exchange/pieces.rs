//! Questions put together from single moments, as ELAN, WebVTT and tables have them.

use serde::{Deserialize, Serialize};

use crate::project::{AnnotatedClip, AnnotatedQuery, QueryKey};

/// Moments of the same name and text are one question's.
#[derive(Default)]
pub struct Pieces {
    queries: Vec<(String, AnnotatedQuery)>,
}

impl Pieces {
    pub fn query(&mut self, name: &str, text: &str) -> &mut AnnotatedQuery {
        let is_same = |(n, q): &(String, AnnotatedQuery)| n == name && q.text == text;
        let place = self.queries.iter().position(is_same).unwrap_or_else(|| {
            let (annotation_uid, query_idx) = QueryKey::split_id(name);
            let text = text.to_owned();
            self.queries.push((
                name.to_owned(),
                AnnotatedQuery { annotation_uid, query_idx, text, ..AnnotatedQuery::default() },
            ));
            self.queries.len() - 1
        });
        &mut self.queries[place].1
    }

    /// Texts that share a name are told apart by numbers that are free.
    pub fn finish(self) -> Vec<AnnotatedQuery> {
        let mut found: Vec<AnnotatedQuery> = Vec::with_capacity(self.queries.len());
        for (_, mut query) in self.queries {
            let is_taken = |q: &AnnotatedQuery, idx: usize| {
                q.annotation_uid == query.annotation_uid && q.query_idx == idx
            };
            let mut idx = query.query_idx;
            while found.iter().any(|q| is_taken(q, idx)) {
                idx = idx.wrapping_add(1);
            }
            query.query_idx = idx;
            found.push(query);
        }
        found
    }
}

/// What ELAN and WebVTT have no place for; other programs pass it on without looking.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Extra {
    pub clip_uid: String,
    pub video_uid: String,
    pub duration_secs: Option<f64>,
    pub queries: Vec<ExtraQuery>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ExtraQuery {
    pub id: String,
    pub text: String,
    pub template: Option<String>,
}

impl Extra {
    pub fn of(clip: &AnnotatedClip) -> Self {
        let query = |q: &AnnotatedQuery| ExtraQuery {
            id: clip.key_of(q).query_id(),
            text: q.text.clone(),
            template: q.template.clone(),
        };
        Self {
            clip_uid: clip.clip_uid.clone(),
            video_uid: clip.video_uid.clone(),
            duration_secs: clip.duration_secs,
            queries: clip.queries.iter().map(query).collect(),
        }
    }
}

/// One moment as a file has it.
pub struct Piece {
    pub name: String,
    /// Which moment of its question it is.
    pub order: u64,
    pub window: [f64; 2],
    pub text: String,
}

/// The clip. What the extras say of a question counts while its moments still show the text that it
/// had (`shown`); a text that was changed in the other program counts instead.
pub fn clip_of(
    mut extra: Extra,
    mut pieces: Vec<Piece>,
    fallback_clip: &str,
    shown: impl Fn(&str) -> String,
) -> AnnotatedClip {
    pieces.sort_by_key(|piece| piece.order);
    for query in &mut extra.queries {
        let mut texts = pieces.iter().filter(|p| p.name == query.id).map(|p| p.text.trim());
        let first = texts.next().unwrap_or_default();
        if !first.is_empty() && texts.all(|t| t == first) && shown(&query.text).trim() != first {
            query.text = first.to_owned();
        }
    }
    let mut found = Pieces::default();
    for query in &extra.queries {
        found.query(&query.id, &query.text).template.clone_from(&query.template);
    }
    for piece in pieces {
        let text = piece.text.trim();
        let is_known =
            |q: &&ExtraQuery| q.id == piece.name && (text.is_empty() || shown(&q.text).trim() == text);
        let text = extra.queries.iter().find(is_known).map_or(text, |q| &q.text);
        found.query(&piece.name, text).windows.push(piece.window);
    }
    let clip_uid = if extra.clip_uid.is_empty() { fallback_clip.to_owned() } else { extra.clip_uid };
    AnnotatedClip {
        clip_uid,
        video_uid: extra.video_uid,
        duration_secs: extra.duration_secs,
        queries: found.finish(),
        ..AnnotatedClip::default()
    }
}
