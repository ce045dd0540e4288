//! Ego4D NLQ annotations: the official JSON, v1 and v2, with or without times.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::time::TimeRange;

#[derive(Debug, thiserror::Error)]
pub enum AnnotationError {
    #[error("cannot read the annotations: {reason}: {}", path.display())]
    Unreadable { reason: String, path: PathBuf },
    #[error("this is no Ego4D NLQ annotation file ({reason}); expected `videos`, `clips`, `annotations`, `language_queries`: {}", path.display())]
    NotAnnotations { reason: String, path: PathBuf },
}

#[derive(Clone, Debug, Default)]
pub struct AnnotationFile {
    pub clips: Vec<AnnotatedClip>,
}

#[derive(Clone, Debug)]
pub struct AnnotatedClip {
    pub clip_uid: String,
    pub video_uid: String,
    pub queries: Vec<AnnotatedQuery>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct AnnotatedQuery {
    pub annotation_uid: String,
    /// Position in its annotation, as submissions count it.
    pub query_idx: usize,
    pub text: String,
    pub template: Option<String>,
    /// In clip seconds; absent in the test split.
    pub range: Option<TimeRange>,
}

// The file's own layout, read tolerantly: the official files have queries without text or template.
#[derive(Deserialize)]
struct FileLayout {
    videos: Vec<VideoLayout>,
}

#[derive(Deserialize)]
struct VideoLayout {
    video_uid: String,
    #[serde(default)]
    clips: Vec<ClipLayout>,
}

#[derive(Deserialize)]
struct ClipLayout {
    clip_uid: String,
    #[serde(default)]
    annotations: Vec<AnnotationLayout>,
}

#[derive(Deserialize)]
struct AnnotationLayout {
    #[serde(default)]
    annotation_uid: String,
    #[serde(default)]
    language_queries: Vec<QueryLayout>,
}

#[derive(Deserialize)]
struct QueryLayout {
    query: Option<String>,
    template: Option<String>,
    clip_start_sec: Option<f64>,
    clip_end_sec: Option<f64>,
}

impl AnnotationFile {
    pub fn load(path: &Path) -> Result<Self, AnnotationError> {
        let bytes = std::fs::read(path)
            .map_err(|e| AnnotationError::Unreadable { reason: e.to_string(), path: path.to_path_buf() })?;
        Self::parse(&bytes)
            .map_err(|e| AnnotationError::NotAnnotations { reason: e.to_string(), path: path.to_path_buf() })
    }

    pub fn parse(bytes: &[u8]) -> serde_json::Result<Self> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let file: FileLayout = serde_json::from_slice(bytes)?;
        let clips = file
            .videos
            .into_iter()
            .flat_map(|video| {
                let video_uid = video.video_uid;
                video.clips.into_iter().map(move |clip| AnnotatedClip {
                    clip_uid: clip.clip_uid,
                    video_uid: video_uid.clone(),
                    queries: clip.annotations.into_iter().flat_map(queries_of).collect(),
                })
            })
            .collect();
        Ok(Self { clips })
    }

    /// The annotated clip that a video file is named after; a file with one clip needs no name.
    pub fn clip_of(&self, video: &Path) -> Option<&AnnotatedClip> {
        let stem = video.file_stem()?.to_string_lossy();
        let is_named = |c: &&AnnotatedClip| stem.starts_with(&c.clip_uid) || stem.starts_with(&c.video_uid);
        self.clips.iter().find(is_named).or(if self.clips.len() == 1 { self.clips.first() } else { None })
    }
}

fn queries_of(annotation: AnnotationLayout) -> impl Iterator<Item = AnnotatedQuery> {
    let uid = annotation.annotation_uid;
    annotation.language_queries.into_iter().enumerate().filter_map(move |(query_idx, query)| {
        let text = query.query.filter(|t| !t.trim().is_empty())?;
        let range = query.clip_start_sec.zip(query.clip_end_sec).map(|(a, b)| TimeRange::from_secs(a, b));
        Some(AnnotatedQuery { annotation_uid: uid.clone(), query_idx, text, template: query.template, range })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn queries_without_times_or_template_are_read() {
        let json =
            br#"{"videos":[{"video_uid":"v","clips":[{"clip_uid":"c","annotations":[{"annotation_uid":"a",
            "language_queries":[{"query":"Where is X?"},{"template":null,"query":null},
            {"query":"Who?","clip_start_sec":1,"clip_end_sec":2.5}]}]}]}]}"#;
        let file = AnnotationFile::parse(json).expect("reads");
        let queries = &file.clips[0].queries;
        assert_eq!(queries.len(), 2);
        assert_eq!((queries[1].query_idx, queries[1].range), (2, Some(TimeRange::from_secs(1.0, 2.5))));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = AnnotationFile::parse(&bytes);
        }
    }
}
