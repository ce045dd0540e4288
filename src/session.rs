//! Opening what belongs together: a clip, its gaze recording, its annotations.
//!
//! The window and the command line open sessions through these functions.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};

use crate::dataset::{DataSet, DataSetFiles, Recordings, Videos};
use crate::gaze::labels::ego4d_frame_labels;
use crate::gaze::metrics::{Comparison, compare_maps};
use crate::gaze::recording::{self, ColumnMapping, LoadContext, Loaded, UnknownTable};
use crate::gaze::{GazeFormat, GazeTrack, Prediction};
use crate::job::JobCtx;
use crate::project::media::{MediaState, state_of};
use crate::project::{self, AnnotatedQuery, AnnotationFile, Project, Session, Source, SourceKind};
use crate::time::MediaTime;
use crate::video::{FrameTable, VideoInfo, VideoReader};

/// Everything but the pictures.
#[derive(Default)]
pub struct Companions {
    pub gaze: Option<GazeTrack>,
    pub annotations: Vec<AnnotatedQuery>,
    /// What the annotations call the clip.
    pub clip_uid: Option<String>,
    /// Where the clip begins in the video that the data set cut it from.
    pub source_start: Option<MediaTime>,
    /// A table whose columns the user has to map.
    pub unknown_table: Option<UnknownTable>,
    /// Sentences about what was left out or looks odd.
    pub warnings: Vec<String>,
}

/// A clip without a player: for the command line.
pub struct OpenedClip {
    pub info: Arc<VideoInfo>,
    pub table: Arc<FrameTable>,
    pub companions: Companions,
}

/// What a set of files and folders holds, by content, and the video among it.
pub fn recognise(paths: &[PathBuf]) -> anyhow::Result<(Session, PathBuf)> {
    for path in paths {
        std::fs::metadata(path).with_context(|| format!("cannot open {}", path.display()))?;
    }
    let found = project::recognise(paths);
    let Some(video) = found.video.clone() else {
        // why a file is of no use is more than that it is no video
        if let [(path, reason)] = found.others.as_slice()
            && paths.len() == 1
        {
            bail!("{reason}; open a video, alone or with its gaze and annotations: {}", path.display());
        }
        let named: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
        bail!(
            "there is no video among what was opened; open it together with its clip: {}",
            named.join(", ")
        );
    };
    Ok((found, video))
}

/// The data set that these files and folders are or belong to; `None` for a clip with its companions.
/// Videos alone belong to an open data set if they are named after one of its clips.
pub fn data_set_of(
    paths: &[PathBuf],
    is_clip_open: bool,
    open: Option<&DataSet>,
    ctx: &JobCtx,
) -> anyhow::Result<Option<(DataSetFiles, Vec<String>)>> {
    for path in paths {
        std::fs::metadata(path).with_context(|| format!("cannot open {}", path.display()))?;
    }
    let found = project::recognise(paths);
    ctx.check()?;
    // annotations alone join the clip that is open
    let is_new = found.is_data_set() && (!is_clip_open || found.adds_to_data_set());
    let is_more = match open {
        Some(_) if found.annotations.is_none() && found.adds_to_data_set() => true,
        Some(open) if found.annotations.is_none() && found.video.is_some() => {
            let videos = Videos::list(paths, ctx)?;
            open.annotations.clips.iter().any(|clip| videos.of(clip).is_some())
        }
        Some(open) if found.annotations.is_none() && found.gaze.is_some() => {
            let gaze = Recordings::list(paths, ctx)?;
            open.annotations.clips.iter().any(|clip| gaze.recorded(clip).is_some())
        }
        _ => found.adds_to_data_set() && found.video.is_none(),
    };
    if is_new || is_more {
        let files = DataSetFiles::of(&found, open.map(|open| &open.files))?;
        return Ok(Some((files, left_out(&found))));
    }
    Ok(None)
}

/// A sentence for each file that was named and not used.
fn left_out(found: &Session) -> Vec<String> {
    let sentence = |(path, reason): &(PathBuf, String)| {
        let path = path.display().to_string();
        let place = if reason.contains(&path) { String::new() } else { format!(": {path}") };
        format!("Left out: {reason}{place}")
    };
    found.others.iter().map(sentence).collect()
}

/// Opens a clip and what belongs to it.
pub fn open_clip(paths: &[PathBuf], ctx: &JobCtx) -> anyhow::Result<OpenedClip> {
    ctx.stage("Opening the clip");
    let (found, video) = recognise(paths)?;
    let reader = VideoReader::open(&video)?;
    let companions = load_companions(&found, reader.info(), reader.table(), ctx)?;
    Ok(OpenedClip { info: Arc::clone(reader.info()), table: Arc::clone(reader.table()), companions })
}

/// Reads one gaze recording, on its clip's clock where the clip is named.
pub fn load_gaze(path: &Path, video: Option<&Path>, ctx: &JobCtx) -> anyhow::Result<Loaded> {
    ctx.stage("Reading the gaze recording");
    let Some(video) = video else { return Ok(recording::load(path, &LoadContext::default(), ctx)?) };
    let reader = VideoReader::open(video)?;
    Ok(recording::load(path, &gaze_context(reader.info(), reader.table()), ctx)?)
}

/// A gaze recording on the clock of an open clip.
pub fn load_clip_gaze(
    path: &Path,
    info: &VideoInfo,
    table: &FrameTable,
    ctx: &JobCtx,
) -> anyhow::Result<GazeTrack> {
    Ok(recording::load(path, &gaze_context(info, table), ctx)?.track)
}

/// Scores predicted gaze (a file of maps or points, one a picture) against a recording.
///
/// Pictures are those of the clip where it is given, else `fps` a second. Ego4D's recordings are
/// labelled as GLC does, so that scores compare with the literature; others by their recorder's own
/// events. `None` when no picture has both a prediction and a fixation.
pub fn compare_gaze(
    predicted: &Path,
    recorded: &Path,
    video: Option<&Path>,
    fps: f64,
    ctx: &JobCtx,
) -> anyhow::Result<Option<Comparison>> {
    let reader = video.map(VideoReader::open).transpose()?;
    let context = match &reader {
        Some(reader) => gaze_context(reader.info(), reader.table()),
        None => LoadContext::default(),
    };
    ctx.stage("Reading the gaze recording");
    let track = recording::load(recorded, &context, ctx)?.track;
    let prediction = Prediction::load(predicted, &context, ctx)?;
    let times: Vec<MediaTime> = match (&reader, &prediction) {
        (Some(reader), Prediction::Maps(maps)) if maps.len() != reader.table().len() => bail!(
            "there are {} predicted maps and the clip has {} pictures; one map a picture is expected: {}",
            maps.len(),
            reader.table().len(),
            predicted.display()
        ),
        (Some(reader), _) => reader.table().times().to_vec(),
        (None, prediction) => {
            let count = match prediction {
                Prediction::Maps(maps) => maps.len(),
                Prediction::Points(_) => {
                    let end = track.samples.last().map_or(0.0, |s| s.time.secs());
                    (end.clamp(0.0, MAX_COMPARED_SECS) * fps) as usize + 1
                }
            };
            (0..count).map(|i| MediaTime::from_secs(i as f64 / fps)).collect()
        }
    };
    let labels = if track.format == GazeFormat::Ego4d {
        let stamps: Vec<f64> = track.samples.iter().map(|s| s.time.secs()).collect();
        let positions: Vec<[f64; 2]> = track.samples.iter().map(|s| s.pos.map(f64::from)).collect();
        let rate = reader.as_ref().map_or(fps, |r| r.info().average_fps);
        ego4d_frame_labels(&stamps, &positions, rate, times.len())
    } else {
        track.frame_labels(&times)
    };
    let pairs = prediction.at(&times).into_iter().zip(labels).filter_map(|(map, label)| Some((map?, label)));
    let (maps, labels): (Vec<_>, Vec<_>) = pairs.unzip();
    Ok(compare_maps(&maps, &labels, ctx)?)
}

/// A broken clock must not ask for more pictures than a day has.
const MAX_COMPARED_SECS: f64 = 24.0 * 3600.0;

/// Reads a table whose columns the user has mapped.
pub fn load_mapped_gaze(
    path: &Path,
    mapping: &ColumnMapping,
    info: &VideoInfo,
    table: &FrameTable,
    ctx: &JobCtx,
) -> anyhow::Result<Loaded> {
    let context = LoadContext { mapping: Some(mapping), ..gaze_context(info, table) };
    Ok(recording::load(path, &context, ctx)?)
}

fn gaze_context<'a>(info: &'a VideoInfo, table: &'a FrameTable) -> LoadContext<'a> {
    LoadContext {
        display_size: Some(info.display_size),
        frame_times: Some(table.times()),
        duration: Some(table.range().end()),
        video: Some(&info.path),
        mapping: None,
    }
}

/// Reads the gaze and annotation files of a session onto the clip's clock. What cannot be read
/// becomes a warning: the clip still opens.
pub fn load_companions(
    found: &Session,
    info: &VideoInfo,
    table: &FrameTable,
    ctx: &JobCtx,
) -> anyhow::Result<Companions> {
    let mut companions = Companions::default();
    companions.warnings.extend(left_out(found));
    let of_sets = found.predictions.iter().chain(&found.stores).chain(&found.model);
    companions.warnings.extend(of_sets.map(|path| {
        format!(
            "Left out: it belongs to a data set; open it together with the annotations that it is of: {}",
            path.display()
        )
    }));
    companions.unknown_table = found.unknown_table.as_deref().and_then(recording::unknown_table);
    if let Some(path) = &found.gaze {
        ctx.stage("Reading the gaze recording");
        match recording::load(path, &gaze_context(info, table), ctx) {
            Ok(loaded) => {
                companions.warnings.extend(loaded.warnings);
                companions.gaze = Some(loaded.track);
            }
            Err(error) => {
                ctx.check()?;
                companions.warnings.push(error.to_string());
            }
        }
    }
    if let Some(path) = &found.annotations {
        ctx.stage("Reading the annotations");
        match AnnotationFile::load(path) {
            Ok(file) => match file.clip_of(&info.path) {
                Some(clip) => {
                    companions.annotations.clone_from(&clip.queries);
                    companions.clip_uid = Some(clip.clip_uid.clone());
                    companions.source_start = clip.video_secs.map(|[start, _]| MediaTime::from_secs(start));
                }
                None => companions.warnings.push(format!(
                    "None of the {} annotated clips is named like {}: name the video after its clip or video uid to see its questions",
                    file.clips.len(),
                    info.path.display()
                )),
            },
            Err(error) => companions.warnings.push(error.to_string()),
        }
    }
    Ok(companions)
}

/// What to open to see what a project is about: the data set, or else its first clip with what belongs
/// to it; of that only what is there. The second are the sources that are not.
pub fn sources_of(project: &Project) -> (Vec<PathBuf>, Vec<Source>) {
    let (here, absent): (Vec<&Source>, Vec<&Source>) =
        project.sources.iter().partition(|source| state_of(source) == MediaState::Here);
    let is_of_set = |s: &Source| {
        matches!(s.kind, SourceKind::Predictions | SourceKind::Store | SourceKind::Model)
            || s.kind == SourceKind::Annotations && s.clip.is_none()
    };
    let has_annotations = here.iter().any(|s| s.kind == SourceKind::Annotations);
    let paths = if has_annotations && here.iter().any(|s| is_of_set(s)) {
        here.iter().map(|s| s.path.clone()).collect()
    } else {
        let first = here.iter().find(|s| s.kind == SourceKind::Video);
        let belongs = |s: &&&Source| first.is_some_and(|first| first.clip == s.clip);
        let mut kinds: Vec<SourceKind> = Vec::new();
        let mut is_first_of_kind = |s: &&&Source| {
            let is_new = !kinds.contains(&s.kind);
            kinds.push(s.kind);
            is_new
        };
        let of_clip = here.iter().filter(belongs).filter(|s| is_first_of_kind(s));
        of_clip.map(|s| s.path.clone()).collect()
    };
    (paths, absent.into_iter().cloned().collect())
}

/// The demo clip's folder.
pub fn demo_dir() -> Option<PathBuf> {
    project::shipped("assets/demo")
}

/// The folder of the synthetic demo clip, which the networks trained on such clips answer for.
pub fn synthetic_demo_dir() -> Option<PathBuf> {
    project::shipped("assets/synthetic")
}
