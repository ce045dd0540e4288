//! A data set as one opens it: annotations, and beside them as much as there is of feature stores, a
//! network, predictions made elsewhere, and folders of videos.
//!
//! Which store holds what, and which prediction belongs to which query, is found by the names inside.

mod analysis;
mod case;
mod columns;
mod files;
mod filter;
mod gaze;
mod model;
mod named_files;
mod predict;
mod predictions;
mod rows;
mod stores;
mod videos;

use std::path::PathBuf;
use std::sync::Arc;

pub use analysis::{Analysis, Basis, CaseList, Wanted};
pub use case::{Case, Strip, open_case};
pub use columns::{Column, Facts, Said};
pub use files::{DataSetFiles, train_beside};
pub use filter::{Condition, Filter, Sort};
pub use gaze::{ClipGaze, QueryGaze, Recordings, judge as judge_gaze, recorded_maps};
pub use model::{Located, ModelFiles, OpenedModel};
pub use named_files::ClipFile;
pub use predict::{GazeUse, predict_split};
use predictions::owner_of_raw;
pub use predictions::{OpenedPredictions, Verdict, verdict};
pub use rows::{Row, RowView};
pub use stores::{OpenedStore, Stores};
pub use videos::Videos;

use crate::job::{Cancelled, JobCtx};
use crate::nn;
use crate::project::{AnnotationError, AnnotationFile};
use crate::split::Inputs;

#[derive(Debug, thiserror::Error)]
pub enum DataSetError {
    #[error(transparent)]
    Annotations(#[from] AnnotationError),
    #[error(
        "these belong to a data set, and its annotation file is not among them; open it first, or together with them: {}", .0.display()
    )]
    NoAnnotations(PathBuf),
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// An open data set. Cheap to clone: what is large is shared.
#[derive(Clone)]
pub struct DataSet {
    pub files: DataSetFiles,
    pub annotations: Arc<AnnotationFile>,
    pub rows: Arc<Vec<Row>>,
    /// The training split's queries, if its file lies beside: how often an object was learned from.
    pub train: Option<Arc<AnnotationFile>>,
    pub model: Option<Arc<OpenedModel>>,
    pub stores: Stores,
    pub predictions: Vec<Arc<OpenedPredictions>>,
    pub videos: Arc<Videos>,
    pub recordings: Arc<Recordings>,
}

impl DataSet {
    /// Opens what is named. Only the annotations are needed; what else cannot be used becomes a
    /// warning. What `before` has already is taken from there.
    pub fn open(
        files: DataSetFiles,
        before: Option<&Self>,
        ctx: &JobCtx,
    ) -> Result<(Self, Vec<String>), DataSetError> {
        let mut warnings = Vec::new();
        ctx.stage("Reading the annotations");
        let before = before.filter(|b| b.files.annotations == files.annotations);
        let (annotations, rows) = match before {
            Some(before) => (Arc::clone(&before.annotations), Arc::clone(&before.rows)),
            None => {
                let annotations = AnnotationFile::load(&files.annotations)?;
                let rows = rows::of(&annotations);
                (Arc::new(annotations), Arc::new(rows))
            }
        };
        ctx.check()?;
        let train = match before {
            Some(before) => before.train.clone(),
            None => files::train_beside(&files.annotations).and_then(|path| {
                ctx.stage("Reading the training split's annotations");
                match AnnotationFile::load(&path) {
                    Ok(train) => Some(Arc::new(train)),
                    Err(error) => {
                        warnings.push(error.to_string());
                        None
                    }
                }
            }),
        };
        ctx.check()?;
        let model = match (&files.model, before.and_then(|b| b.model.as_ref())) {
            (Some(wanted), Some(model)) if model.files == *wanted => Some(Arc::clone(model)),
            (Some(wanted), _) => {
                ctx.stage("Loading the checkpoint");
                match OpenedModel::open(wanted, &nn::device()) {
                    Ok(model) => Some(Arc::new(model)),
                    Err(error) => {
                        warnings.push(format!("{error:#}"));
                        None
                    }
                }
            }
            (None, _) => None,
        };
        let config = model.as_ref().map(|model| model.network.config());
        ctx.stage("Looking into the feature stores");
        let stores =
            Stores::open(&files.stores, &annotations, config, before.map(|b| &b.stores), &mut warnings, ctx)?;
        let mut predictions = Vec::new();
        for (i, path) in files.predictions.iter().enumerate() {
            ctx.stage("Reading the predictions");
            ctx.step(i as u64, files.predictions.len() as u64)?;
            if owner_of_raw(path, &files.predictions).is_some() {
                continue; // read with its owner
            }
            let raw = files.predictions.iter().find(|p| owner_of_raw(p, &files.predictions) == Some(path));
            let known = before.and_then(|b| b.predictions.iter().find(|p| p.path == *path));
            if let Some(known) = known.filter(|known| known.raw.as_ref().map(|raw| &raw.path) == raw) {
                predictions.push(Arc::clone(known));
                continue;
            }
            let mut open = |path| OpenedPredictions::open(path, &annotations, &rows, &mut warnings);
            let (file, raw) = (open(path), raw.map(|raw| open(raw)).transpose());
            let raw = raw.unwrap_or_else(|error| {
                warnings.push(error.to_string());
                None
            });
            match file {
                Ok(file) => predictions.push(Arc::new(file.with_raw(raw))),
                Err(error) => warnings.push(error.to_string()),
            }
        }
        ctx.stage("Listing the videos");
        let videos = Arc::new(Videos::list(&files.videos, ctx)?);
        let recordings = match before.filter(|b| b.files.gaze == files.gaze && b.files.videos == files.videos)
        {
            Some(before) => Arc::clone(&before.recordings),
            None => {
                ctx.stage("Listing the gaze recordings");
                let places: Vec<PathBuf> = files.gaze.iter().chain(&files.videos).cloned().collect();
                Arc::new(Recordings::list(&places, ctx)?)
            }
        };
        let set = Self { files, annotations, rows, train, model, stores, predictions, videos, recordings };
        Ok((set, warnings))
    }

    /// What stands in a row.
    pub fn row(&self, row: usize) -> Option<RowView<'_>> {
        self.rows.get(row).map(|row| row.view(&self.annotations))
    }

    /// What a network is fed from, once there are a network and both of its stores.
    pub fn inputs(&self) -> Option<Inputs> {
        let (video, text) = (self.stores.video.as_ref()?, self.stores.text.as_ref()?);
        let gaze = self.stores.gaze.as_ref().map(|gaze| gaze.set.clone());
        Some(Inputs { video: video.set.clone(), text: Arc::clone(&text.set.store), gaze, recorded: None })
    }

    /// Why no query can be asked, in a sentence; `None` if queries can.
    pub fn hindrance(&self) -> Option<&'static str> {
        let needs_gaze = self.model.as_ref().is_some_and(|m| m.network.estimator().is_some());
        match (&self.model, &self.stores.video, &self.stores.text) {
            (None, ..) => Some(
                "Open a checkpoint to localize queries: an imported model, or .pth.tar with its configuration.",
            ),
            (_, None, _) => {
                Some("Open the clips' video features to localize queries: an LMDB, or a folder of arrays.")
            }
            (.., None) => {
                Some("Open the queries' text features to localize them: an LMDB, or a folder of arrays.")
            }
            _ if needs_gaze && self.stores.gaze.is_none() => Some(
                "This network has a gaze path: open the clips' gaze features (Omnivore) to localize queries.",
            ),
            _ => None,
        }
    }
}
