//! The project file: JSON that a person can read, with types of its own, so that it stays the same
//! when the program changes. Times are seconds; paths are relative to the file.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::document::*;
use super::{Id, QueryKey, write_whole};
use crate::time::{MediaTime, TimeRange};

/// Of the layout. Older ones are read, newer ones refused.
pub const VERSION: u64 = 1;
const VERSION_KEY: &str = "gazenlq_project";

#[derive(Debug, thiserror::Error)]
pub enum ProjectFileError {
    #[error("cannot read the project: {reason}: {}", path.display())]
    Unreadable { reason: String, path: PathBuf },
    #[error("this is no project file of this program ({reason}): {}", path.display())]
    NotProject { reason: String, path: PathBuf },
    #[error(
        "the project was written by a newer program (layout {found}, this one reads up to {VERSION}); update to open it: {}",
        path.display()
    )]
    Newer { found: u64, path: PathBuf },
    #[error("cannot save the project: {reason}: {}", path.display())]
    Unwritable { reason: String, path: PathBuf },
    #[error("the project is open in another window or program: {}", path.display())]
    InUse { path: PathBuf },
}

#[derive(Serialize, Deserialize)]
struct FileLayout {
    gazenlq_project: u64,
    #[serde(default)]
    author: String,
    #[serde(default)]
    sources: Vec<SourceLayout>,
    #[serde(default)]
    queries: Vec<QueryLayout>,
    #[serde(default)]
    gaze_fixes: Vec<GazeFixLayout>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    judgements: Vec<JudgementLayout>,
    #[serde(default)]
    markers: Vec<MarkerLayout>,
    #[serde(default)]
    filters: Vec<Filter>,
}

#[derive(Serialize, Deserialize)]
struct SourceLayout {
    id: Id,
    kind: SourceKind,
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends_sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clip: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct QueryLayout {
    id: Id,
    clip: String,
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    #[serde(default)]
    author: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaces: Option<QueryKey>,
    #[serde(default)]
    moments: Vec<MomentLayout>,
}

#[derive(Serialize, Deserialize)]
struct MomentLayout {
    id: Id,
    start_sec: f64,
    end_sec: f64,
    #[serde(default)]
    author: String,
}

#[derive(Serialize, Deserialize)]
struct GazeFixLayout {
    id: Id,
    source: Id,
    #[serde(default)]
    author: String,
    #[serde(flatten)]
    what: GazeFixKindLayout,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum GazeFixKindLayout {
    Point { time_sec: f64, x: f32, y: f32 },
    Invalid { start_sec: f64, end_sec: f64 },
}

#[derive(Serialize, Deserialize)]
struct JudgementLayout {
    #[serde(flatten)]
    case: QueryKey,
    #[serde(default)]
    author: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    note: String,
    #[serde(default)]
    review: ReviewState,
    #[serde(default)]
    unix_secs: u64,
}

#[derive(Serialize, Deserialize)]
struct MarkerLayout {
    id: Id,
    clip: String,
    time_sec: f64,
    #[serde(default)]
    colour: MarkerColour,
    #[serde(default)]
    label: String,
    #[serde(default)]
    author: String,
}

/// Reads a project; relative paths are those from its own folder.
pub fn load(path: &Path) -> Result<Project, ProjectFileError> {
    let bytes = std::fs::read(path)
        .map_err(|e| ProjectFileError::Unreadable { reason: e.to_string(), path: path.to_path_buf() })?;
    parse(&bytes, path)
}

/// From a file's bytes; `path` says where it lies.
pub fn parse(bytes: &[u8], path: &Path) -> Result<Project, ProjectFileError> {
    let not_project = |reason: String| ProjectFileError::NotProject { reason, path: path.to_path_buf() };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // the version first: a newer layout need not fit the types below
    let value: Value = serde_json::from_slice(bytes).map_err(|e| not_project(e.to_string()))?;
    let version = value.get(VERSION_KEY).and_then(Value::as_u64);
    match version {
        None => return Err(not_project(format!("it has no `{VERSION_KEY}` with its version"))),
        Some(found) if found > VERSION => {
            return Err(ProjectFileError::Newer { found, path: path.to_path_buf() });
        }
        Some(_) => {}
    }
    let layout: FileLayout = serde_json::from_value(value).map_err(|e| not_project(e.to_string()))?;
    Ok(project_of(layout, &folder_of(path)))
}

/// As text, ready to be written at `path`.
pub fn text_of(project: &Project, path: &Path) -> String {
    let layout = layout_of(project, &folder_of(path));
    let mut text = serde_json::to_string_pretty(&layout).unwrap_or_default();
    text.push('\n');
    text
}

pub fn save(project: &Project, path: &Path) -> Result<(), ProjectFileError> {
    write_whole(path, text_of(project, path).as_bytes())
        .map_err(|e| ProjectFileError::Unwritable { reason: e.to_string(), path: path.to_path_buf() })
}

fn folder_of(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

fn span([start, end]: [f64; 2]) -> TimeRange {
    TimeRange::from_secs(start, end)
}

fn project_of(file: FileLayout, folder: &Path) -> Project {
    let source = |s: SourceLayout| Source {
        id: s.id,
        kind: s.kind,
        path: absolute(&s.path, folder),
        fingerprint: s.size.zip(s.ends_sha256).map(|(size, ends_sha256)| Fingerprint { size, ends_sha256 }),
        clip: s.clip,
    };
    let moment =
        |m: MomentLayout| Moment { id: m.id, range: span([m.start_sec, m.end_sec]), author: m.author };
    let query = |q: QueryLayout| Query {
        id: q.id,
        clip: q.clip,
        origin: q.replaces,
        text: q.text,
        template: q.template,
        author: q.author,
        moments: q.moments.into_iter().map(moment).collect(),
    };
    let fix = |g: GazeFixLayout| GazeFix {
        id: g.id,
        source: g.source,
        author: g.author,
        what: match g.what {
            GazeFixKindLayout::Point { time_sec, x, y } => {
                GazeFixKind::Point { time: MediaTime::from_secs(time_sec), pos: [x, y] }
            }
            GazeFixKindLayout::Invalid { start_sec, end_sec } => {
                GazeFixKind::Invalid { range: span([start_sec, end_sec]) }
            }
        },
    };
    let judgement = |j: JudgementLayout| Judgement {
        case: j.case,
        author: j.author,
        verdict: j.verdict,
        tags: j.tags,
        note: j.note,
        review: j.review,
        unix_secs: j.unix_secs,
    };
    let marker = |m: MarkerLayout| Marker {
        id: m.id,
        clip: m.clip,
        time: MediaTime::from_secs(m.time_sec),
        colour: m.colour,
        label: m.label,
        author: m.author,
    };
    Project {
        author: file.author,
        sources: file.sources.into_iter().map(source).collect(),
        queries: file.queries.into_iter().map(query).collect(),
        gaze_fixes: file.gaze_fixes.into_iter().map(fix).collect(),
        tags: file.tags.into_iter().collect(),
        judgements: file.judgements.into_iter().map(judgement).collect(),
        markers: file.markers.into_iter().map(marker).collect(),
        filters: file.filters.into_iter().collect(),
    }
}

fn layout_of(project: &Project, folder: &Path) -> FileLayout {
    let source = |s: &Source| SourceLayout {
        id: s.id,
        kind: s.kind,
        path: relative(&s.path, folder),
        size: s.fingerprint.as_ref().map(|f| f.size),
        ends_sha256: s.fingerprint.as_ref().map(|f| f.ends_sha256.clone()),
        clip: s.clip.clone(),
    };
    let moment = |m: &Moment| MomentLayout {
        id: m.id,
        start_sec: m.range.start().secs(),
        end_sec: m.range.end().secs(),
        author: m.author.clone(),
    };
    let query = |q: &Query| QueryLayout {
        id: q.id,
        clip: q.clip.clone(),
        text: q.text.clone(),
        template: q.template.clone(),
        author: q.author.clone(),
        replaces: q.origin.clone(),
        moments: q.moments.iter().map(moment).collect(),
    };
    let fix = |g: &GazeFix| GazeFixLayout {
        id: g.id,
        source: g.source,
        author: g.author.clone(),
        what: match g.what {
            GazeFixKind::Point { time, pos: [x, y] } => {
                GazeFixKindLayout::Point { time_sec: time.secs(), x, y }
            }
            GazeFixKind::Invalid { range } => {
                GazeFixKindLayout::Invalid { start_sec: range.start().secs(), end_sec: range.end().secs() }
            }
        },
    };
    let judgement = |j: &Judgement| JudgementLayout {
        case: j.case.clone(),
        author: j.author.clone(),
        verdict: j.verdict,
        tags: j.tags.clone(),
        note: j.note.clone(),
        review: j.review,
        unix_secs: j.unix_secs,
    };
    let marker = |m: &Marker| MarkerLayout {
        id: m.id,
        clip: m.clip.clone(),
        time_sec: m.time.secs(),
        colour: m.colour,
        label: m.label.clone(),
        author: m.author.clone(),
    };
    FileLayout {
        gazenlq_project: VERSION,
        author: project.author.clone(),
        sources: project.sources.iter().map(source).collect(),
        queries: project.queries.iter().map(query).collect(),
        gaze_fixes: project.gaze_fixes.iter().map(fix).collect(),
        tags: project.tags.iter().cloned().collect(),
        judgements: project.judgements.iter().map(judgement).collect(),
        markers: project.markers.iter().map(marker).collect(),
        filters: project.filters.iter().cloned().collect(),
    }
}

/// With forward slashes on every system. A path on another drive stays absolute.
fn relative(path: &Path, folder: &Path) -> String {
    let text = |path: &Path| {
        let parts: Vec<_> = path.components().map(|c| c.as_os_str().to_string_lossy()).collect();
        parts.join("/")
    };
    let (mut here, mut there) = (folder.components().peekable(), path.components().peekable());
    if here.peek().is_none() || here.peek() != there.peek() {
        return path.to_string_lossy().into_owned();
    }
    while here.peek().is_some() && here.peek() == there.peek() {
        here.next();
        there.next();
    }
    let up: PathBuf = here.map(|_| Component::ParentDir).collect();
    text(&up.join(there.collect::<PathBuf>()))
}

/// `..` is worked out in the words of the path, so that a moved folder keeps its neighbours.
fn absolute(path: &str, folder: &Path) -> PathBuf {
    let mut whole = PathBuf::new();
    for part in folder.join(path).components() {
        if part == Component::ParentDir && whole.file_name().is_some() {
            whole.pop();
        } else {
            whole.push(part);
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::project::testing::project;

    #[test]
    fn a_moved_folder_keeps_its_neighbours() {
        let there = Path::new("/home/a/videos/x.mp4");
        assert_eq!(relative(there, Path::new("/home/a/projects")), "../videos/x.mp4");
        assert_eq!(
            absolute("../videos/x.mp4", Path::new("/home/b/projects")),
            Path::new("/home/b/videos/x.mp4")
        );
        assert_eq!(relative(there, Path::new("/home/a")), "videos/x.mp4");
    }

    #[test]
    fn newer_and_foreign_files_are_told_apart() {
        let error =
            |text: &str| parse(text.as_bytes(), Path::new("/p.json")).expect_err("refused").to_string();
        assert!(
            error(r#"{"gazenlq_project": 2, "sources": 7}"#).contains("layout 2, this one reads up to 1")
        );
        assert!(error(r#"{"videos": []}"#).contains("no `gazenlq_project`"));
        assert!(error(r#"{"gazenlq_project": 1, "tags": [{"nam": "x"}]}"#).contains("missing field `name`"));
    }

    proptest! {
        #[test]
        fn a_project_comes_back_as_it_was_saved(project in project()) {
            let path = Path::new("/data/projects/p.gazenlq.json");
            let text = text_of(&project, path);
            prop_assert_eq!(parse(text.as_bytes(), path).expect("reads"), project);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes, Path::new("/p.json"));
        }
    }
}
