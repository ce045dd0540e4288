//! Annotations as other programs keep them, out and in: Ego4D JSON, QVHighlights lines, CSV, ELAN and
//! WebVTT.
//!
//! All of them pass through [`AnnotatedClip`]. ELAN and WebVTT keep one clip a file and milliseconds;
//! the others any number and every digit. What a format has no place for (QVHighlights: template and
//! slots) is left out.

mod ego4d;
mod elan;
mod highlights;
mod pieces;
mod table;
mod webvtt;

use std::path::{Path, PathBuf};

use super::annotations::ClipList;
use super::{
    AnnotatedClip, AnnotatedQuery, AnnotationFile, Edit, Id, Moment, Project, Query, QueryKey, Slots,
    write_whole,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExchangeFormat {
    Ego4d,
    QvHighlights,
    Csv,
    Elan,
    WebVtt,
}

#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    #[error("cannot read the annotations: {reason}: {}", path.display())]
    Unreadable { reason: String, path: PathBuf },
    #[error("these are no {} annotations ({reason}): {}", format.name(), path.display())]
    NotThis { format: ExchangeFormat, reason: String, path: PathBuf },
    #[error(
        "what kind of annotations this is cannot be told; expected Ego4D JSON, QVHighlights lines, CSV, ELAN (.eaf) or WebVTT (.vtt): {}",
        path.display()
    )]
    Unknown { path: PathBuf },
    #[error("cannot write the annotations: {reason}: {}", path.display())]
    Unwritable { reason: String, path: PathBuf },
    #[error("{} holds one clip a file, and there are {clips} clips; name a folder: {}", format.name(), path.display())]
    NoFolder { format: ExchangeFormat, clips: usize, path: PathBuf },
    #[error("there is no question with a moment to export")]
    Nothing,
}

impl ExchangeFormat {
    pub const ALL: [Self; 5] = [Self::Ego4d, Self::QvHighlights, Self::Csv, Self::Elan, Self::WebVtt];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ego4d => "Ego4D NLQ",
            Self::QvHighlights => "QVHighlights",
            Self::Csv => "CSV",
            Self::Elan => "ELAN",
            Self::WebVtt => "WebVTT",
        }
    }

    pub fn extension(self) -> &'static str {
        match self {
            Self::Ego4d => "json",
            Self::QvHighlights => "jsonl",
            Self::Csv => "csv",
            Self::Elan => "eaf",
            Self::WebVtt => "vtt",
        }
    }

    /// A file holds one clip, so that several clips need a folder.
    pub fn is_per_clip(self) -> bool {
        matches!(self, Self::Elan | Self::WebVtt)
    }

    /// Told by what a file begins with.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        if bytes.starts_with(b"WEBVTT") {
            Some(Self::WebVtt)
        } else if bytes.starts_with(b"<") {
            Some(Self::Elan)
        } else if bytes.starts_with(b"{") {
            let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
            let is_line =
                serde_json::from_slice::<serde_json::Value>(first).is_ok_and(|v| v.get("videos").is_none());
            Some(if is_line { Self::QvHighlights } else { Self::Ego4d })
        } else {
            table::is_table(bytes).then_some(Self::Csv)
        }
    }
}

/// As one text. ELAN and WebVTT take the first clip only.
pub fn write(clips: &[AnnotatedClip], format: ExchangeFormat) -> String {
    let first = || clips.first().cloned().unwrap_or_default();
    match format {
        ExchangeFormat::Ego4d => ego4d::write(clips),
        ExchangeFormat::QvHighlights => highlights::write(clips),
        ExchangeFormat::Csv => table::write(clips),
        ExchangeFormat::Elan => elan::write(&first()),
        ExchangeFormat::WebVtt => webvtt::write(&first()),
    }
}

/// Writes clips as a file; ELAN and WebVTT of several clips as a folder with a file for each. Gives what
/// was written.
pub fn save(
    clips: &[AnnotatedClip],
    format: ExchangeFormat,
    to: &Path,
) -> Result<Vec<PathBuf>, ExchangeError> {
    let clips: Vec<AnnotatedClip> = clips.iter().filter(|c| !c.queries.is_empty()).cloned().collect();
    let write = |path: PathBuf, text: String| match write_whole(&path, text.as_bytes()) {
        Ok(()) => Ok(path),
        Err(error) => Err(ExchangeError::Unwritable { reason: error.to_string(), path }),
    };
    if clips.is_empty() {
        return Err(ExchangeError::Nothing);
    }
    if !format.is_per_clip() || clips.len() == 1 {
        return Ok(vec![write(to.to_path_buf(), self::write(&clips, format))?]);
    }
    if std::fs::create_dir_all(to).is_err() {
        return Err(ExchangeError::NoFolder { format, clips: clips.len(), path: to.to_path_buf() });
    }
    let one = |one: &[AnnotatedClip]| {
        let name = format!("{}.{}", file_name_of(&one[0].clip_uid), format.extension());
        write(to.join(name), self::write(one, format))
    };
    clips.chunks(1).map(one).collect()
}

/// A clip's uid as a file may be called.
fn file_name_of(uid: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = uid.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    if name.trim_matches('.').is_empty() { "clip".to_owned() } else { name }
}

/// What importing would do to a project.
#[derive(Clone, Debug, Default)]
pub struct Import {
    pub edits: Vec<Edit>,
    pub queries: usize,
    pub moments: usize,
    /// Questions that the project has already, word for word and moment for moment.
    pub known: usize,
}

/// Adds what the clips hold and the project does not.
pub fn import(project: &Project, clips: &[AnnotatedClip], author: &str) -> Import {
    let mut found = Import::default();
    let ranges = |q: &Query| -> Vec<crate::time::TimeRange> { q.moments.iter().map(|m| m.range).collect() };
    for query in queries_of(clips, author) {
        let is_known = project.queries.iter().any(|known| {
            known.clip == query.clip && known.text == query.text && ranges(known) == ranges(&query)
        });
        if is_known {
            found.known += 1;
            continue;
        }
        found.queries += 1;
        found.moments += query.moments.len();
        found.edits.push(Edit::AddQuery(query));
    }
    found
}

/// From a file's bytes; `clip` names the clip where the file does not.
pub fn parse(bytes: &[u8], format: ExchangeFormat, clip: &str) -> Result<Vec<AnnotatedClip>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match format {
        ExchangeFormat::Ego4d | ExchangeFormat::QvHighlights => {
            AnnotationFile::parse(bytes).map(|file| file.clips)
        }
        ExchangeFormat::Csv => table::parse(bytes),
        ExchangeFormat::Elan => elan::parse(bytes, clip).map(|clip| vec![clip]),
        ExchangeFormat::WebVtt => webvtt::parse(bytes, clip).map(|clip| vec![clip]),
    }
}

pub fn load(path: &Path) -> Result<Vec<AnnotatedClip>, ExchangeError> {
    let bytes = std::fs::read(path)
        .map_err(|e| ExchangeError::Unreadable { reason: e.to_string(), path: path.to_path_buf() })?;
    let format =
        ExchangeFormat::of(&bytes).ok_or_else(|| ExchangeError::Unknown { path: path.to_path_buf() })?;
    let clip = path.file_stem().unwrap_or_default().to_string_lossy();
    parse(&bytes, format, &clip).map_err(|reason| ExchangeError::NotThis {
        format,
        reason,
        path: path.to_path_buf(),
    })
}

/// A project's questions, clip by clip. Those that replace a data set's keep its ids; the others get
/// the annotation uid `gazenlq` and the numbers that are free.
pub fn clips_of(project: &Project) -> Vec<AnnotatedClip> {
    let mut list = ClipList::default();
    let own = |q: &Query| q.origin.clone().map(|key| QueryKey { clip_uid: q.clip.clone(), ..key });
    let mut taken: Vec<QueryKey> = project.queries.iter().filter_map(own).collect();
    let mut used: Vec<QueryKey> = Vec::new();
    for query in project.queries.iter() {
        // two people's changes of one question both go out
        let key = own(query).filter(|key| !used.contains(key));
        let key = key.unwrap_or_else(|| free_key(&query.clip, &mut taken));
        used.push(key.clone());
        let windows = query.moments.iter().map(|m| [m.range.start().secs(), m.range.end().secs()]);
        list.clip(&query.clip).queries.push(AnnotatedQuery {
            annotation_uid: key.annotation_uid,
            query_idx: key.query_idx,
            text: query.text.clone(),
            template: query.template.clone(),
            slots: Slots::default(),
            windows: windows.collect(),
        });
    }
    list.clips
}

fn free_key(clip: &str, taken: &mut Vec<QueryKey>) -> QueryKey {
    let named = |query_idx| QueryKey {
        clip_uid: clip.to_owned(),
        annotation_uid: format!("gazenlq-{clip}"),
        query_idx,
    };
    let key = (0..).map(named).find(|key| !taken.contains(key)).unwrap_or_else(|| named(0));
    taken.push(key.clone());
    key
}

/// Questions with new ids, ready to be added to a project.
pub fn queries_of(clips: &[AnnotatedClip], author: &str) -> Vec<Query> {
    let query = |clip: &AnnotatedClip, q: &AnnotatedQuery| Query {
        id: Id::fresh(),
        clip: clip.clip_uid.clone(),
        origin: Some(clip.key_of(q)),
        text: q.text.clone(),
        template: q.template.clone(),
        author: author.to_owned(),
        moments: q
            .windows
            .iter()
            .map(|[start, end]| Moment {
                id: Id::fresh(),
                range: crate::time::TimeRange::from_secs(*start, *end),
                author: author.to_owned(),
            })
            .collect(),
    };
    clips.iter().flat_map(|clip| clip.queries.iter().map(move |q| query(clip, q))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;

    /// Clips as any tool might have them: several moments a question, none, overlapping ones, words
    /// that mean something to XML, CSV and WebVTT. Times are whole milliseconds.
    fn clips() -> impl Strategy<Value = Vec<AnnotatedClip>> {
        let text = proptest::sample::select(vec![
            "Where is the cup?",
            "a, \"b\" & <c> --> d",
            "在哪里?",
            "first\nsecond",
            "it's\ttabbed",
            "NOTE this",
            "-->",
        ]);
        let secs = (0u32..1_000_000).prop_map(|ms| f64::from(ms) / 1e3);
        let window = (secs.clone(), secs).prop_map(|(a, b)| [a.min(b), a.max(b)]);
        let template = option::of(proptest::sample::select(vec!["Objects: Where is object X?", "<&>"]));
        let query = (text, template, vec(window, 0..4));
        let clip = (vec(query, 1..5), option::of(1u32..2_000_000));
        vec(clip, 1..4).prop_map(|clips| {
            clips
                .into_iter()
                .enumerate()
                .map(|(i, (queries, duration))| AnnotatedClip {
                    clip_uid: format!("clip-{i}"),
                    video_uid: "video".into(),
                    duration_secs: duration.map(|ms| f64::from(ms) / 1e3),
                    queries: queries
                        .into_iter()
                        .enumerate()
                        .map(|(idx, (text, template, windows))| AnnotatedQuery {
                            annotation_uid: format!("a-{i}"),
                            query_idx: idx,
                            text: text.to_owned(),
                            template: template.map(str::to_owned),
                            slots: Slots::default(),
                            windows,
                        })
                        .collect(),
                    ..AnnotatedClip::default()
                })
                .collect()
        })
    }

    fn back(clips: &[AnnotatedClip], format: ExchangeFormat) -> Vec<AnnotatedClip> {
        let text = write(clips, format);
        assert_eq!(ExchangeFormat::of(text.as_bytes()), Some(format), "{text}");
        parse(text.as_bytes(), format, "unnamed").unwrap_or_else(|e| panic!("{}: {e}\n{text}", format.name()))
    }

    proptest! {
        #[test]
        fn what_goes_out_comes_back(clips in clips()) {
            let strip_template = |query: &AnnotatedQuery| AnnotatedQuery { template: None, ..query.clone() };
            for format in ExchangeFormat::ALL {
                let groups: Vec<&[AnnotatedClip]> =
                    if format.is_per_clip() { clips.chunks(1).collect() } else { vec![&clips] };
                for expected in groups {
                    let found = back(expected, format);
                    prop_assert_eq!(found.len(), expected.len());
                    for (found, expected) in found.iter().zip(expected) {
                        prop_assert_eq!(&found.clip_uid, &expected.clip_uid);
                        let mut queries = expected.queries.clone();
                        if format == ExchangeFormat::QvHighlights {
                            queries = queries.iter().map(strip_template).collect();
                        }
                        prop_assert_eq!(&found.queries, &queries, "{}", format.name());
                    }
                }
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..300), start in 0usize..5) {
            let starts: [&[u8]; 5] = [b"", b"WEBVTT\n\n", b"<?xml version=\"1.0\"?><ANNOTATION_DOCUMENT>", b"clip_uid,query,start_secs,end_secs\n", b"{"];
            let bytes = [starts[start], &bytes].concat();
            for format in ExchangeFormat::ALL {
                let _ = parse(&bytes, format, "c");
            }
            let _ = ExchangeFormat::of(&bytes);
        }

        #[test]
        fn a_projects_moments_survive_every_format(project in crate::project::testing::project()) {
            // without an id, a question with the words of another one would be taken for it
            let clips = clips_of(&project);
            for format in [ExchangeFormat::Csv, ExchangeFormat::QvHighlights] {
                if clips.is_empty() { continue; }
                let found = back(&clips, format);
                let spans = |clips: &[AnnotatedClip]| -> Vec<[f64; 2]> {
                    clips.iter().flat_map(|c| &c.queries).flat_map(|q| q.windows.clone()).collect()
                };
                prop_assert_eq!(spans(&found), spans(&clips));
            }
        }
    }
}
