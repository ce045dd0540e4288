//! Running jobs: one slot for each kind of work, outcomes picked up once a frame.

use std::path::PathBuf;
use std::sync::Arc;

use super::command::Command;
use super::dataset::{AnalysisDone, CaseDone, Film, GazeDone};
use super::gaze_session::GazeSession;
use super::model_card::ModelCard;
use super::opening::Opened;
use super::queries::Answers;
use super::recent::RecentLook;
use super::work::Openings;
use crate::dataset::{Analysis, DataSet};
use crate::job::{Job, JobCtx, Outcome, Progress, Wake};
use crate::pipeline::ClipPipeline;
use crate::playback::Player;
use crate::project::Source;
use crate::time::MediaTime;
use crate::train::Ended;
use crate::train::look::RunLook;

/// Work that can be under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskKind {
    Open,
    ReadGaze,
    LoadModels,
    FetchModels,
    Features,
    Thumbnails,
    Answer,
    Agreement,
    Export,
    Dialog,
    /// Saving what was noted.
    Keep,
    /// Looking at the recent sessions.
    Recent,
    ModelCard,
    /// A row of a data set is asked.
    Case,
    ClipVideo,
    Train,
    /// Looking at a training's folder.
    TrainLook,
    /// The prediction files of a data set are analyzed.
    Analysis,
    /// How often chance alone would confuse the queries.
    Chance,
    /// Pictures of a case's moments.
    Film,
    /// A data set's network runs over all queries.
    Predict,
    /// Gaze in the true moments of a data set.
    Gaze,
    /// Files that the project lost sight of.
    FindMedia,
    Import,
    Colleague,
    Merge,
    /// Gaze with a person's corrections.
    CorrectGaze,
    /// The order in which cases are reviewed.
    Queue,
}

impl TaskKind {
    pub fn label(self) -> &'static str {
        match self {
            Self::Open => "Opening",
            Self::ReadGaze => "Reading the gaze recording",
            Self::LoadModels => "Loading the networks",
            Self::FetchModels => "Downloading models",
            Self::Features => "Looking through the clip",
            Self::Thumbnails => "Making thumbnails",
            Self::Answer => "Answering",
            Self::Agreement => "Comparing predicted and recorded gaze",
            Self::Export => "Saving",
            Self::Dialog => "Waiting for the file dialog",
            Self::Keep => "Saving notes",
            Self::Recent => "Looking at recent sessions",
            Self::ModelCard => "Looking at the models",
            Self::Case => "Localizing the query",
            Self::ClipVideo => "Opening the video",
            Self::Train => "Training",
            Self::TrainLook => "Looking at the training",
            Self::Analysis => "Analyzing the predictions",
            Self::Predict => "Localizing the split",
            Self::Gaze => "Looking at the gaze",
            Self::Chance => "Placing answers at random",
            Self::Film => "Making pictures of the moments",
            Self::FindMedia => "Looking for the project's media",
            Self::Import => "Reading annotations",
            Self::Colleague => "Comparing two people's work",
            Self::Merge => "Looking for conflicts",
            Self::CorrectGaze => "Correcting the gaze",
            Self::Queue => "Putting cases in order",
        }
    }
}

/// Work that a person waits for and may want to stop, in the order in which it is done.
pub const WAITED_FOR: [TaskKind; 8] = [
    TaskKind::Open,
    TaskKind::FetchModels,
    TaskKind::Features,
    TaskKind::Case,
    TaskKind::Predict,
    TaskKind::Export,
    TaskKind::FindMedia,
    TaskKind::Queue,
];

/// A table read by columns that a person has named.
pub struct GazeRead {
    pub gaze: GazeSession,
    /// What a project calls it; a preview has no place in one.
    pub source: Option<Source>,
    pub warnings: Vec<String>,
}

/// What a job brings home.
pub enum Done {
    Opened(Box<Opened>),
    /// A data set, and sentences about what was left out.
    DataSet(Box<DataSet>, Vec<String>, Box<Openings>),
    /// A project of which nothing is there to be shown.
    ProjectAlone(Box<Openings>),
    Case(Box<CaseDone>),
    ClipVideo(Box<Player>, Option<Box<(GazeSession, Source)>>),
    Gaze(Box<GazeDone>),
    Analysis(Box<AnalysisDone>),
    Chance(Arc<Analysis>, f64),
    Film(Arc<Film>),
    /// A recording that takes the place of the one before.
    GazeRead(Box<GazeRead>),
    GazeCorrected(Box<GazeSession>),
    Agreement(Vec<(MediaTime, f32)>),
    ModelsLoaded(Arc<dyn ClipPipeline>),
    ModelsFetched,
    FeaturesComplete,
    Thumbnails,
    Kept,
    /// The recent sessions, and whether the networks are here.
    RecentSeen(Vec<RecentLook>, bool),
    ModelCard(ModelCard),
    Answered {
        query: u64,
        answers: Answers,
    },
    /// A file was written: what to say, and the file.
    Saved(String, PathBuf),
    /// A training ended, or was stopped.
    Trained(Ended),
    /// How the training in this folder stands.
    TrainingSeen(PathBuf, Box<RunLook>),
    /// What to do next: a dialog's choice, or nothing when it was closed.
    Next(Option<Command>),
}

pub enum Finished {
    Done(Done),
    Cancelled(TaskKind),
    Failed(TaskKind, anyhow::Error),
}

pub struct Tasks {
    running: Vec<(TaskKind, Job<Done>)>,
    /// Asked to stop; the work ends at its next step, and nobody waits for it.
    stopping: Vec<(TaskKind, Job<Done>)>,
    wake: Wake,
}

impl Tasks {
    pub fn new(wake: Wake) -> Self {
        Self { running: Vec::new(), stopping: Vec::new(), wake }
    }

    pub fn wake(&self) -> Wake {
        Arc::clone(&self.wake)
    }

    /// Starts work in its slot; work of the same kind stops.
    pub fn start<F>(&mut self, kind: TaskKind, work: F)
    where
        F: FnOnce(&JobCtx) -> anyhow::Result<Done> + Send + 'static,
    {
        self.stop(kind);
        self.start_also(kind, work);
    }

    /// Starts work beside others of its kind.
    pub fn start_also<F>(&mut self, kind: TaskKind, work: F)
    where
        F: FnOnce(&JobCtx) -> anyhow::Result<Done> + Send + 'static,
    {
        self.running.push((kind, Job::spawn(kind.label(), self.wake(), work)));
    }

    pub fn stop(&mut self, kind: TaskKind) {
        self.running.retain(|(k, _)| *k != kind);
    }

    /// Asks work to stop and lets it come to its own end, so that it can save; its outcome counts.
    pub fn cancel(&mut self, kind: TaskKind) {
        let asked = self.running.iter().filter(|(k, _)| *k == kind);
        asked.for_each(|(_, job)| job.cancel());
    }

    pub fn is_running(&self, kind: TaskKind) -> bool {
        self.running.iter().any(|(k, _)| *k == kind)
    }

    /// Cancelled work that has not yet come to its end.
    pub fn is_stopping(&self, kind: TaskKind) -> bool {
        self.stopping.iter().any(|(k, _)| *k == kind)
    }

    /// Something a person waits for and may want to stop.
    pub fn is_computing(&self) -> bool {
        WAITED_FOR.into_iter().any(|kind| self.is_running(kind))
    }

    pub fn progress(&self, kind: TaskKind) -> Option<Progress> {
        self.running.iter().find(|(k, _)| *k == kind).map(|(_, job)| job.progress())
    }

    /// Cancels what a person waits for. It is over at once for the window, and at its next step for
    /// the processor.
    pub fn cancel_computing(&mut self) -> Vec<TaskKind> {
        let (stopped, kept) =
            std::mem::take(&mut self.running).into_iter().partition(|(kind, _)| WAITED_FOR.contains(kind));
        self.running = kept;
        let stopped: Vec<(TaskKind, Job<Done>)> = stopped;
        stopped.iter().for_each(|(_, job)| job.cancel());
        let kinds = stopped.iter().map(|(kind, _)| *kind).collect();
        self.stopping.extend(stopped);
        kinds
    }

    /// Takes what has finished since the last call.
    pub fn poll(&mut self) -> Vec<Finished> {
        self.stopping.retain(|(_, job)| job.poll().is_none());
        let mut finished = Vec::new();
        self.running.retain(|(kind, job)| match job.poll() {
            None => true,
            Some(outcome) => {
                finished.push(match outcome {
                    Outcome::Done(done) => Finished::Done(done),
                    Outcome::Cancelled => Finished::Cancelled(*kind),
                    Outcome::Failed(error) => Finished::Failed(*kind, error),
                });
                false
            }
        });
        finished
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::no_wake;

    #[test]
    fn cancelled_work_is_over_at_once_and_other_work_goes_on() {
        let mut tasks = Tasks::new(no_wake());
        let forever = |ctx: &JobCtx| loop {
            ctx.step(1, 2)?;
            std::thread::sleep(std::time::Duration::from_millis(1));
        };
        tasks.start(TaskKind::Features, forever);
        tasks.start(TaskKind::Thumbnails, forever);
        assert_eq!(tasks.cancel_computing(), [TaskKind::Features]);
        assert!(!tasks.is_computing() && tasks.progress(TaskKind::Features).is_none());
        assert!(tasks.is_running(TaskKind::Thumbnails));
        while tasks.is_stopping(TaskKind::Features) {
            assert!(tasks.poll().is_empty());
            std::thread::yield_now();
        }
    }
}
