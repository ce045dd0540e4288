//! Finding the project that goes with what is opened, inside the job that opens it.

use std::path::{Path, PathBuf};

use super::{Keeping, files};
use crate::app::state::AppState;
use crate::dataset::DataSetFiles;
use crate::project::media::fingerprint;
use crate::project::{
    Fingerprint, Id, Project, ProjectFileError, Recovery, Session, Source, SourceKind, Workspace,
    WorkspaceError, is_project,
};
use crate::session;
use crate::video::VideoInfo;

/// What the job needs to know of the window.
#[derive(Clone)]
pub struct Opener {
    /// The user's folder of projects without a name of their own.
    pub home: Option<PathBuf>,
    pub author: String,
    /// How the project of now is kept, where it lies, and what it holds.
    pub keeping: Keeping,
    pub path: Option<PathBuf>,
    pub project: Project,
}

/// A project that has just been opened.
pub struct OpenedWork {
    pub workspace: Workspace,
    pub recovery: Option<Recovery>,
    pub keeping: Keeping,
}

/// What opening files means for the project.
#[derive(Default)]
pub struct Openings {
    /// A project file that was named, and its media are opened.
    pub project: Option<PathBuf>,
    /// `None`: the one that is open goes on.
    pub work: Option<OpenedWork>,
    pub clip: Option<String>,
    pub sources: Vec<Source>,
    /// Sources of a project that are not where it says.
    pub missing: Vec<Source>,
    /// Further projects that were named with it.
    pub left_out: Vec<PathBuf>,
}

impl OpenedWork {
    /// With what a crash left of it.
    fn project(&self) -> &Project {
        self.recovery.as_ref().map_or(self.workspace.project(), Recovery::project)
    }
}

impl Opener {
    pub fn of(state: &AppState) -> Self {
        Self {
            home: state.places.projects.clone(),
            author: state.settings.author.clone(),
            keeping: state.work.keeping.clone(),
            path: state.work.workspace().path().map(Path::to_path_buf),
            project: state.work.project().clone(),
        }
    }

    /// Takes a project file from what was named, opens it, and puts its media there instead.
    pub fn project_among(&self, paths: &mut Vec<PathBuf>) -> anyhow::Result<Openings> {
        let Some(at) = paths.iter().position(|path| is_project(path)) else { return Ok(Openings::default()) };
        let path = paths.remove(at);
        let (left_out, rest) = paths.drain(..).partition(|path| is_project(path));
        *paths = rest;
        let work = self.named(&path)?;
        let (media, missing) = session::sources_of(self.project_of(work.as_ref()));
        paths.extend(media);
        Ok(Openings { project: Some(path), work, missing, left_out, ..Openings::default() })
    }

    fn project_of<'a>(&'a self, work: Option<&'a OpenedWork>) -> &'a Project {
        work.map_or(&self.project, OpenedWork::project)
    }

    /// A clip was found among what was named.
    pub fn complete_clip(
        &self,
        openings: &mut Openings,
        info: &VideoInfo,
        found: &Session,
        annotated: Option<&str>,
    ) {
        let name = info.path.file_name().unwrap_or_default().to_string_lossy();
        if openings.project.is_none() {
            openings.work = self.own(&info.content_id, &name);
        }
        let project = self.project_of(openings.work.as_ref());
        let clip = clip_name(project, &info.path, annotated);
        let files = [
            (SourceKind::Video, Some(info.path.as_path())),
            (SourceKind::Gaze, found.gaze.as_deref()),
            (SourceKind::Annotations, found.annotations.as_deref()),
        ];
        let named = files.into_iter().filter_map(|(kind, path)| Some((kind, path?)));
        openings.sources = named.map(|(kind, path)| source(project, kind, path, Some(&clip))).collect();
        openings.clip = Some(clip);
    }

    /// A data set was found among what was named.
    pub fn complete_set(&self, openings: &mut Openings, files: &DataSetFiles) {
        let name = files.annotations.file_name().unwrap_or_default().to_string_lossy();
        if openings.project.is_none() {
            openings.work = self.own(&set_id(&files.annotations), &name);
        }
        openings.sources = set_sources(self.project_of(openings.work.as_ref()), files);
    }

    /// A recording whose columns had to be mapped first.
    pub fn gaze_source(&self, path: &Path, clip: Option<&str>) -> Source {
        source(&self.project, SourceKind::Gaze, path, clip)
    }

    /// A project file that the user named; `None` if it is the one that is open.
    fn named(&self, path: &Path) -> Result<Option<OpenedWork>, WorkspaceError> {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        if self.keeping == Keeping::Named && self.path.as_deref() == Some(whole.as_path()) {
            return Ok(None);
        }
        let (workspace, recovery) = Workspace::open(&whole)?;
        Ok(Some(OpenedWork { workspace, recovery, keeping: Keeping::Named }))
    }

    /// The user's own project on a clip or a data set, named by its content. While a named project is
    /// open, what is opened becomes a part of that.
    fn own(&self, id: &str, title: &str) -> Option<OpenedWork> {
        let is_open = matches!(&self.keeping, Keeping::Own { id: open, .. } if open == id);
        if is_open || self.keeping == Keeping::Named {
            return None;
        }
        let unkept = |reason: String| OpenedWork {
            workspace: Workspace::in_memory(Project::new(&*self.author)),
            recovery: None,
            keeping: Keeping::Unkept(reason),
        };
        let Some(home) = &self.home else {
            return Some(unkept("this window keeps nothing".to_owned()));
        };
        let path = home.join(format!("{id}{}", files::ENDING));
        let opened = std::fs::create_dir_all(home)
            .map_err(|e| ProjectFileError::Unwritable { reason: e.to_string(), path: path.clone() }.into())
            .and_then(|()| Workspace::open_or_begin(&path, || Project::new(&*self.author)));
        Some(match opened {
            Ok((workspace, recovery)) => {
                let keeping = Keeping::Own { id: id.to_owned(), title: title.to_owned() };
                OpenedWork { workspace, recovery, keeping }
            }
            Err(WorkspaceError::File(ProjectFileError::InUse { .. })) => {
                unkept("your notes on this are open in another window".to_owned())
            }
            Err(error) => unkept(error.to_string()),
        })
    }
}

/// What a clip is called: as the project has it, else as its annotations say, else as its file is.
fn clip_name(project: &Project, video: &Path, annotated: Option<&str>) -> String {
    let print = fingerprint(video).ok().flatten();
    let videos = || project.sources.iter().filter(|s| s.kind == SourceKind::Video);
    if let Some(known) = videos().find(|s| is_same(s, video, print.as_ref()))
        && let Some(clip) = &known.clip
    {
        return clip.clone();
    }
    let stem = video.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let wanted = annotated.filter(|uid| !uid.is_empty()).map_or(stem, str::to_owned);
    let is_taken = |name: &str| videos().any(|s| s.clip.as_deref() == Some(name));
    let numbered = (2..).map(|i| format!("{wanted} ({i})"));
    std::iter::once(wanted.clone()).chain(numbered).find(|name| !is_taken(name)).unwrap_or(wanted)
}

/// What a data set was opened from.
fn set_sources(project: &Project, files: &DataSetFiles) -> Vec<Source> {
    let mut named: Vec<(SourceKind, &PathBuf)> = vec![(SourceKind::Annotations, &files.annotations)];
    if let Some(model) = &files.model {
        named.push((SourceKind::Model, &model.weights));
        named.extend(model.config.iter().map(|config| (SourceKind::Model, config)));
    }
    named.extend(files.stores.iter().map(|path| (SourceKind::Store, path)));
    named.extend(files.predictions.iter().map(|path| (SourceKind::Predictions, path)));
    named.extend(files.videos.iter().map(|path| (SourceKind::Video, path)));
    named.into_iter().map(|(kind, path)| source(project, kind, path, None)).collect()
}

/// What names a data set: its annotations' content.
fn set_id(annotations: &Path) -> String {
    let print = fingerprint(annotations).ok().flatten();
    let digits = print.map_or_else(|| "unknown".to_owned(), |p| p.ends_sha256);
    format!("set-{}", &digits[..digits.len().min(24)])
}

fn is_same(source: &Source, path: &Path, print: Option<&Fingerprint>) -> bool {
    source.path == path || (print.is_some() && source.fingerprint.as_ref() == print)
}

/// The project's own entry, or a new one.
fn source(project: &Project, kind: SourceKind, path: &Path, clip: Option<&str>) -> Source {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let print = fingerprint(&path).ok().flatten();
    let known = project.sources.iter().find(|s| s.kind == kind && is_same(s, &path, print.as_ref()));
    known.cloned().unwrap_or_else(|| Source {
        id: Id::fresh(),
        kind,
        path,
        fingerprint: print,
        clip: clip.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_clips_of_one_name_are_told_apart_and_one_keeps_its_name() {
        let dir = tempfile::tempdir().expect("a folder");
        let video = |name: &str, content: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(&path, content).expect("written");
            path
        };
        let (first, second) = (video("a/clip.mp4", "one"), video("b/clip.mp4", "two"));
        let mut project = Project::new("x");
        assert_eq!(clip_name(&project, &first, None), "clip");
        project.sources.put(source(&project, SourceKind::Video, &first, Some("clip")));
        assert_eq!(clip_name(&project, &second, None), "clip (2)");
        // moved and renamed, it is still the same clip, whatever annotations call it now
        let moved = video("c/other.mp4", "one");
        assert_eq!(clip_name(&project, &moved, Some("uid")), "clip");
        let known = source(&project, SourceKind::Video, &moved, Some("other"));
        assert_eq!(known.clip.as_deref(), Some("clip"));
    }
}
