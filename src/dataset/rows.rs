//! The queries of a data set as one flat list, and which of them are wanted.

use crate::project::{AnnotatedClip, AnnotatedQuery, AnnotationFile, QueryKey};

/// One entry of the annotations, asked or not: none is left out.
pub struct Row {
    pub clip: usize,
    /// Place among the clip's queries, or, without words to ask, among its other entries.
    place: Result<usize, usize>,
    /// Everything that can be searched, in lower case.
    text: String,
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
            let mut row = Row { clip, place, text: String::new() };
            let view = row.view(annotations);
            let id = view.key().query_id();
            let parts = [view.text(), view.template(), &view.clip.clip_uid, &view.clip.video_uid, &id];
            row.text = parts.join("\n").to_lowercase();
            rows.push(row);
        }
    }
    rows
}

/// Which rows are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Words that all occur in the query, its template, its clip's or its video's name.
    pub text: String,
    pub template: Option<String>,
    /// Rows of this clip only.
    pub clip: Option<usize>,
}

impl Filter {
    /// The rows that fit, in their order.
    pub fn apply(&self, rows: &[Row], annotations: &AnnotationFile) -> Vec<usize> {
        let text = self.text.to_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        let fits = |row: &Row| {
            self.clip.is_none_or(|clip| clip == row.clip)
                && words.iter().all(|word| row.text.contains(word))
                && self.template.as_ref().is_none_or(|wanted| row.view(annotations).template() == wanted)
        };
        (0..rows.len()).filter(|i| fits(&rows[*i])).collect()
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = br#"{"videos":[{"video_uid":"vid","clips":[
        {"clip_uid":"one","annotations":[{"annotation_uid":"a","language_queries":[
            {"query":"Where is the red cup?","template":"Objects: Where is object X?"},{"query":null},
            {"query":"Who came in?","template":"People: Who did I talk to?"}]}]},
        {"clip_uid":"two","annotations":[{"annotation_uid":"b","language_queries":[{"query":"Where is the red bag?"}]}]}]}]}"#;

    #[test]
    fn rows_are_found_by_words_template_and_clip_and_none_is_dropped() {
        let file = AnnotationFile::parse(FILE).unwrap();
        let rows = of(&file);
        assert_eq!(rows.len(), file.listed());
        let ids = |filter: Filter| -> Vec<String> {
            let shown = filter.apply(&rows, &file);
            shown.into_iter().map(|i| rows[i].view(&file).key().query_id()).collect()
        };
        let text = |text: &str| Filter { text: text.to_owned(), ..Filter::default() };
        assert_eq!(ids(text("RED where")), ["a_0", "b_0"]);
        assert_eq!(ids(text("red two")), ["b_0"]);
        assert_eq!(ids(text("no words")), ["a_1"]);
        assert_eq!(
            ids(Filter { template: Some("People: Who did I talk to?".to_owned()), ..Filter::default() }),
            ["a_2"]
        );
        assert_eq!(ids(Filter { clip: Some(1), ..Filter::default() }), ["b_0"]);
        assert_eq!(ids(Filter::default()).len(), 4);
    }
}
