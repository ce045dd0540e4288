//! Which of the files and folders a user names is the clip, its gaze, its annotations.
//!
//! What a file is, is told by its content; its name only settles which of several is meant.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::annotations::AnnotationFile;
use super::video_magic::is_video;
use crate::gaze::recording;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    /// A person's own project; what it is about it says itself.
    pub project: Option<PathBuf>,
    pub video: Option<PathBuf>,
    pub gaze: Option<PathBuf>,
    pub annotations: Option<PathBuf>,
    /// A table that may hold gaze, once its columns are mapped by hand.
    pub unknown_table: Option<PathBuf>,
    /// LMDB folders and folders of arrays: features computed elsewhere.
    pub stores: Vec<PathBuf>,
    /// A checkpoint, or the folder of an imported one.
    pub model: Option<PathBuf>,
    /// A checkpoint's configuration.
    pub config: Option<PathBuf>,
    pub predictions: Vec<PathBuf>,
    /// Named folders with videos inside.
    pub video_folders: Vec<PathBuf>,
    /// Named folders with gaze recordings inside.
    pub gaze_folders: Vec<PathBuf>,
    /// Named by the user but of no use, with the reason.
    pub others: Vec<(PathBuf, String)>,
}

impl Session {
    /// A whole split rather than one clip: annotations with what belongs to no single clip, or alone.
    pub fn is_data_set(&self) -> bool {
        // a configuration is no sign: many folders have some .yaml
        let is_sign = !self.stores.is_empty() || self.model.is_some() || !self.predictions.is_empty();
        self.annotations.is_some() && (is_sign || self.video.is_none())
    }

    /// Something that only a data set has a use for.
    pub fn adds_to_data_set(&self) -> bool {
        !self.stores.is_empty()
            || self.model.is_some()
            || self.config.is_some()
            || !self.predictions.is_empty()
    }
}

/// A broken video is still meant as one, so that opening it says what is wrong.
const VIDEO_EXTENSIONS: [&str; 16] = [
    "mp4", "mov", "mkv", "webm", "avi", "m4v", "mpg", "mpeg", "ts", "mts", "flv", "3gp", "wmv", "ogv",
    "mjpeg", "m2ts",
];
/// Folders below a named one that are looked into (`recording/exports/000`), and how many files
/// at most.
const MAX_DEPTH: usize = 2;
const MAX_FILES: usize = 2_000;
/// Data sets keep their annotations in one file, and it is not larger than this.
const MAX_JSON: u64 = 512 * 1024 * 1024;

/// Recognises by content. In folders what is not recognised is passed over in silence.
pub fn recognise(paths: &[PathBuf]) -> Session {
    let mut session = Session::default();
    let mut in_folders = Candidates::default();
    for path in paths {
        if let Some(kind) = data_set_folder(path) {
            add_named(&mut session, path, kind);
        } else if path.is_dir() {
            if let Err(error) = std::fs::read_dir(path) {
                session.others.push((path.clone(), format!("the folder cannot be read ({error})")));
                continue;
            }
            let before = (in_folders.videos.len(), in_folders.gazes.len());
            in_folders.collect(path);
            if in_folders.videos.len() > before.0 {
                session.video_folders.push(path.clone());
            }
            if in_folders.gazes.len() > before.1 {
                session.gaze_folders.push(path.clone());
            }
        } else {
            add_named(&mut session, path, kind_of(path));
        }
    }
    in_folders.settle(&mut session);
    session
}

enum Kind {
    Project,
    Video,
    Gaze,
    Annotations,
    Predictions,
    Store,
    Model,
    Config,
    /// Of no use, with the reason.
    Other(String),
}

fn kind_of(path: &Path) -> Kind {
    if let Err(error) = std::fs::File::open(path) {
        return Kind::Other(format!("it cannot be read ({error})"));
    }
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if extension == "vrs" {
        return Kind::Other(
            "a VRS recording cannot be played; convert it with vrs_to_mp4 and leave it beside its gaze, which takes calibration and clock from it".into(),
        );
    }
    if is_video(path) || VIDEO_EXTENSIONS.contains(&extension.as_str()) {
        return Kind::Video;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    match extension.as_str() {
        "pth" | "pt" | "safetensors" => return Kind::Model,
        "tar" if name.ends_with(".pth.tar") => return Kind::Model,
        "mdb" => return Kind::Store,
        "yaml" | "yml" | "toml" => return Kind::Config,
        _ => {}
    }
    if starts_like_json(path) {
        let size = std::fs::metadata(path).map_or(0, |m| m.len());
        if size > MAX_JSON {
            return Kind::Other("too large for an annotation file".into());
        }
        if let Some(kind) = told_by_a_word(path) {
            return kind;
        }
        return match AnnotationFile::load(path) {
            Ok(_) => Kind::Annotations,
            Err(error) => Kind::Other(error.to_string()),
        };
    }
    if recording::sniff(path).is_some() {
        return Kind::Gaze;
    }
    match extension.as_str() {
        "csv" | "tsv" | "txt" => Kind::Other("no gaze columns were recognised in it".into()),
        "json" => Kind::Other("it is no JSON".into()),
        // a video of a kind that we cannot tell still opens when it is all there is
        "" => Kind::Video,
        _ => Kind::Other("not a video, gaze recording or annotation file".into()),
    }
}

fn starts_like_json(path: &Path) -> bool {
    use std::io::Read as _;
    let mut start = Vec::new();
    let is_read = std::fs::File::open(path).and_then(|f| f.take(64).read_to_end(&mut start)).is_ok();
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start).trim_ascii_start();
    is_read && matches!(text.first(), Some(b'{' | b'['))
}

/// Words that only these JSON files have, and have near their beginning.
const WORDS: [(&str, Kind); 5] = [
    ("\"gazenlq_project\"", Kind::Project),
    ("\"predicted_times\"", Kind::Predictions),
    ("\"pred_relevant_windows\"", Kind::Predictions),
    ("\"gazenlq_predictions\"", Kind::Predictions),
    ("\"backbone_arch\"", Kind::Config),
];

/// A person's own project, told by its content.
pub fn is_project(path: &Path) -> bool {
    path.is_file() && starts_like_json(path) && matches!(told_by_a_word(path), Some(Kind::Project))
}

fn told_by_a_word(path: &Path) -> Option<Kind> {
    use std::io::Read as _;
    let mut start = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(16_384).read_to_end(&mut start)).ok()?;
    let start = String::from_utf8_lossy(&start);
    WORDS.into_iter().find(|(word, _)| start.contains(word)).map(|(_, kind)| kind)
}

/// A folder that is one thing: an imported model, an LMDB, or arrays and little else.
fn data_set_folder(path: &Path) -> Option<Kind> {
    let entries = std::fs::read_dir(path).ok()?;
    if path.join("import.toml").is_file() && path.join("model.safetensors").is_file() {
        return Some(Kind::Model);
    }
    if path.join("data.mdb").is_file() {
        return Some(Kind::Store);
    }
    let files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| !is_hidden(path) && path.is_file())
        .take(MAX_FILES)
        .collect();
    let has_extension = |path: &&PathBuf, known: &[&str]| {
        path.extension().and_then(|e| e.to_str()).is_some_and(|e| known.contains(&e.to_lowercase().as_str()))
    };
    let arrays =
        files.iter().filter(|path| has_extension(path, &["npy", "npz", "pt", "safetensors"])).count();
    let videos = files.iter().filter(|path| has_extension(path, &VIDEO_EXTENSIONS)).count();
    let is_store = videos == 0 && arrays > 0 && 2 * arrays >= files.len();
    // predicted maps beside the recordings that they are of
    let has_gaze = || {
        let mut tables = files.iter().filter(|path| has_extension(path, &["csv", "tsv", "txt"]));
        tables.next().is_some_and(|table| recording::sniff(table).is_some())
    };
    (is_store && !has_gaze()).then_some(Kind::Store)
}

/// By its name alone, as a listing of many videos needs it.
pub fn is_named_like_a_video(path: &Path) -> bool {
    path.extension()
        .and_then(|e| e.to_str())
        .is_some_and(|e| VIDEO_EXTENSIONS.contains(&e.to_lowercase().as_str()))
}

fn add_named(session: &mut Session, path: &Path, kind: Kind) {
    let (place, second) = match kind {
        Kind::Predictions => return session.predictions.push(path.to_path_buf()),
        Kind::Store => return session.stores.push(path.to_path_buf()),
        Kind::Model => (&mut session.model, "a second checkpoint"),
        Kind::Config => (&mut session.config, "a second configuration"),
        Kind::Project => (&mut session.project, "a second project"),
        Kind::Video => (&mut session.video, "a second video"),
        Kind::Gaze => (&mut session.gaze, "a second gaze recording"),
        Kind::Annotations => (&mut session.annotations, "a second annotation file"),
        Kind::Other(_) if session.unknown_table.is_none() && recording::unknown_table(path).is_some() => {
            session.unknown_table = Some(path.to_path_buf());
            return;
        }
        Kind::Other(reason) => {
            session.others.push((path.to_path_buf(), reason));
            return;
        }
    };
    if place.is_some() {
        session.others.push((path.to_path_buf(), second.to_owned()));
    } else {
        *place = Some(path.to_path_buf());
    }
}

/// What was found in folders, nearest first.
#[derive(Default)]
struct Candidates {
    videos: Vec<PathBuf>,
    gazes: Vec<PathBuf>,
    annotations: Vec<PathBuf>,
    predictions: Vec<PathBuf>,
    stores: Vec<PathBuf>,
    models: Vec<PathBuf>,
    configs: Vec<PathBuf>,
    /// Tables that no rule knows.
    tables: Vec<PathBuf>,
}

impl Candidates {
    fn collect(&mut self, dir: &Path) {
        let mut left = MAX_FILES;
        let mut folders = VecDeque::from([(dir.to_path_buf(), 0)]);
        while let Some((dir, depth)) = folders.pop_front() {
            if recording::sniff(&dir).is_some() {
                self.gazes.push(dir.clone());
            }
            let mut entries: Vec<PathBuf> =
                std::fs::read_dir(&dir).into_iter().flatten().flatten().map(|e| e.path()).collect();
            entries.sort();
            for path in entries.into_iter().filter(|p| !is_hidden(p)) {
                if path.is_dir() {
                    match data_set_folder(&path) {
                        Some(Kind::Model) => self.models.push(path),
                        Some(_) => self.stores.push(path),
                        None if depth < MAX_DEPTH => folders.push_back((path, depth + 1)),
                        None => {}
                    }
                    continue;
                }
                left = left.saturating_sub(1);
                if left == 0 {
                    return;
                }
                match kind_of(&path) {
                    // without an extension only what really is a video
                    Kind::Video if path.extension().is_some() || is_video(&path) => self.videos.push(path),
                    Kind::Gaze => self.gazes.push(path),
                    Kind::Annotations => self.annotations.push(path),
                    Kind::Predictions => self.predictions.push(path),
                    Kind::Store => self.stores.push(path),
                    Kind::Model => self.models.push(path),
                    Kind::Config => self.configs.push(path),
                    Kind::Other(_) if recording::unknown_table(&path).is_some() => self.tables.push(path),
                    // a folder may hold the projects of several people
                    Kind::Video | Kind::Project | Kind::Other(_) => {}
                }
            }
        }
    }

    /// Fills what the user did not name: of several the one that fits what there is already.
    fn settle(self, session: &mut Session) {
        if session.gaze.is_none() {
            let video = session.video.clone();
            session.gaze = best(self.gazes, |path| {
                let fits = video.as_deref().is_some_and(|v| share_a_name(v, path));
                (!fits, !is_personalised(path))
            });
        }
        if session.video.is_none() {
            let gaze = session.gaze.clone();
            let home = gaze.as_deref().and_then(|g| if g.is_dir() { Some(g) } else { g.parent() });
            session.video = best(self.videos, |path| {
                let fits = gaze.as_deref().is_some_and(|g| share_a_name(path, g));
                (is_eye_video(path), !fits, path.parent() != home)
            });
        }
        if session.gaze.is_none() && session.unknown_table.is_none() {
            let video = session.video.clone();
            // folders hold many tables, so that one has to be named as gaze
            let is_meant = |path: &PathBuf| {
                let name = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
                name.contains("gaze") || video.as_deref().is_some_and(|video| share_a_name(video, path))
            };
            session.unknown_table = self.tables.into_iter().find(is_meant);
        }
        let first = |place: &mut Option<PathBuf>, found: Vec<PathBuf>| {
            *place = place.take().or(found.into_iter().next());
        };
        first(&mut session.annotations, self.annotations);
        // single arrays may have a checkpoint's ending
        first(&mut session.model, best(self.models, checkpoint_rank).into_iter().collect());
        first(&mut session.config, self.configs);
        session.predictions.extend(self.predictions);
        session.stores.extend(self.stores);
    }
}

/// The first with the smallest rank.
fn best<K: Ord>(paths: Vec<PathBuf>, rank: impl Fn(&Path) -> K) -> Option<PathBuf> {
    paths.into_iter().min_by_key(|path| rank(path))
}

/// An imported model, then the endings that checkpoints have, the surest first.
fn checkpoint_rank(path: &Path) -> usize {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let endings = [".pth.tar", ".pth", ".safetensors"];
    let rank = endings.iter().position(|ending| name.ends_with(ending)).unwrap_or(endings.len());
    if path.is_dir() { 0 } else { 1 + rank }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// `P01.mp4` and `P01_gaze.csv`.
fn share_a_name(video: &Path, gaze: &Path) -> bool {
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let (video, gaze) = (stem(video), stem(gaze));
    !video.is_empty() && !gaze.is_empty() && (gaze.starts_with(&video) || video.starts_with(&gaze))
}

/// Aria's better estimate, where the wearer was calibrated.
fn is_personalised(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.contains("personalized") || name.contains("calibrated_eye_gaze")
}

/// Cameras that look at the eyes (Pupil Core, Neon, Invisible).
fn is_eye_video(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    ["eye0", "eye1", "Neon Sensor Module", "PI left", "PI right"].iter().any(|n| name.starts_with(n))
}
