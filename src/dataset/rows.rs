//! The queries of a data set as one flat list.

use crate::eval::failure::template_name;
use crate::project::{AnnotatedClip, AnnotatedQuery, AnnotationFile, QueryKey};

/// One entry of the annotations, asked or not: none is left out.
pub struct Row {
    pub clip: usize,
    /// Place among the clip's queries, or, without words to ask, among its other entries.
    place: Result<usize, usize>,
    /// Everything that can be searched, in lower case.
    pub(super) text: String,
    /// In the spelling that the analysis has; empty without one.
    pub(super) template: String,
}

/// A row with what it stands for.
#[derive(Clone, Copy)]
pub struct RowView<'a> {
    pub clip: &'a AnnotatedClip,
    /// `None` has no words to ask.
    pub query: Option<&'a AnnotatedQuery>,
    annotation_uid: &'a str,
    query_idx: usize,
    /// True moments in clip seconds.
    pub windows: &'a [[f64; 2]],
}

impl RowView<'_> {
    pub fn key(&self) -> QueryKey {
        QueryKey {
            clip_uid: self.clip.clip_uid.clone(),
            annotation_uid: self.annotation_uid.to_owned(),
            query_idx: self.query_idx,
        }
    }

    pub fn text(&self) -> &str {
        self.query.map_or("(no words)", |query| query.text.trim())
    }

    pub fn template(&self) -> &str {
        self.query.and_then(|query| query.template.as_deref()).unwrap_or_default()
    }
}

impl Row {
    pub fn template(&self) -> &str {
        &self.template
    }

    pub fn view<'a>(&self, annotations: &'a AnnotationFile) -> RowView<'a> {
        let clip = &annotations.clips[self.clip];
        match self.place {
            Ok(place) => {
                let query = &clip.queries[place];
                let (annotation_uid, windows) = (&query.annotation_uid, &query.windows);
                RowView { clip, query: Some(query), annotation_uid, query_idx: query.query_idx, windows }
            }
            Err(place) => {
                let entry = &clip.unasked[place];
                let (annotation_uid, windows) = (&entry.annotation_uid, &entry.windows);
                RowView { clip, query: None, annotation_uid, query_idx: entry.query_idx, windows }
            }
        }
    }
}

/// Clip by clip, in the order of the file.
pub fn of(annotations: &AnnotationFile) -> Vec<Row> {
    let mut rows = Vec::with_capacity(annotations.listed());
    for (clip, annotated) in annotations.clips.iter().enumerate() {
        let places = (0..annotated.queries.len()).map(Ok).chain((0..annotated.unasked.len()).map(Err));
        for place in places {
            let mut row = Row { clip, place, text: String::new(), template: String::new() };
            let view = row.view(annotations);
            let id = view.key().query_id();
            let parts = [view.text(), view.template(), &view.clip.clip_uid, &view.clip.video_uid, &id];
            let text = parts.join("\n").to_lowercase();
            row.template = template_name(view.template());
            row.text = text;
            rows.push(row);
        }
    }
    rows
}
