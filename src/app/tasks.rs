//! Running jobs: one slot for each kind of work, outcomes picked up once a frame.

use std::sync::Arc;

use super::command::Command;
use super::dataset::CaseDone;
use super::gaze_session::GazeSession;
use super::queries::Answers;
use super::update::Opened;
use crate::dataset::DataSet;
use crate::job::{Job, JobCtx, Outcome, Progress, Wake};
use crate::pipeline::LightPipeline;
use crate::playback::Player;
use crate::time::MediaTime;

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
    /// A row of a data set is asked.
    Case,
    ClipVideo,
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
            Self::Case => "Localizing the query",
            Self::ClipVideo => "Opening the video",
        }
    }
}

/// What a job brings home.
pub enum Done {
    Opened(Box<Opened>),
    /// A data set, and sentences about what was left out.
    DataSet(Box<DataSet>, Vec<String>),
    Case(Box<CaseDone>),
    ClipVideo(Box<Player>),
    GazeRead(Box<GazeSession>),
    Agreement(Vec<(MediaTime, f32)>),
    ModelsLoaded(Arc<LightPipeline>),
    ModelsFetched,
    FeaturesComplete,
    Thumbnails,
    Answered {
        query: u64,
        answers: Answers,
    },
    Saved(String),
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
    wake: Wake,
}

impl Tasks {
    pub fn new(wake: Wake) -> Self {
        Self { running: Vec::new(), wake }
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

    pub fn is_running(&self, kind: TaskKind) -> bool {
        self.running.iter().any(|(k, _)| *k == kind)
    }

    /// Something a person waits for and may want to stop.
    pub fn is_computing(&self) -> bool {
        [TaskKind::Open, TaskKind::FetchModels, TaskKind::Features, TaskKind::Export]
            .into_iter()
            .any(|kind| self.is_running(kind))
    }

    pub fn progress(&self, kind: TaskKind) -> Option<Progress> {
        self.running.iter().find(|(k, _)| *k == kind).map(|(_, job)| job.progress())
    }

    pub fn cancel_computing(&mut self) {
        for kind in [TaskKind::Open, TaskKind::FetchModels, TaskKind::Features, TaskKind::Export] {
            if let Some((_, job)) = self.running.iter().find(|(k, _)| *k == kind) {
                job.cancel();
            }
        }
    }

    /// Takes what has finished since the last call.
    pub fn poll(&mut self) -> Vec<Finished> {
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
