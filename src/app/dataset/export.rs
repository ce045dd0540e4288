//! Files out of a data set's analysis.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use crate::app::dataset::{DataSetSession, said_of};
use crate::app::state::AppState;
use crate::app::tasks::{Done, TaskKind};
use crate::dataset::{Analysis, train_beside};
use crate::eval::failure::{CaseNote, cases_csv};
use crate::eval::page::{Model, Page, Source};
use crate::nn::sha256_of;
use crate::project::{Project, QueryKey, Verdict, write_whole};

/// One row a query of the model under review.
pub fn cases(state: &mut AppState, path: PathBuf) {
    let Some((analysis, files)) = analyzed(state) else { return };
    let project = state.work.project().clone();
    state.tasks.start(TaskKind::Export, move |ctx| {
        ctx.stage("Writing the cases");
        let (annotations, predictions) = (sha256_of(&files.annotations)?, sha256_of(&files.predictions)?);
        let set = &analysis.basis.set;
        let text =
            cases_csv(set, &analysis.shown, |key| note_of(&project, key), [&annotations, &predictions])?;
        write_whole(&path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Done::Saved(format!("Saved {} cases to {}", set.len(), path.display()), path))
    });
}

/// Everything that the panels show, as one file.
pub fn report(state: &mut AppState, path: PathBuf) {
    let Some((analysis, files)) = analyzed(state) else { return };
    state.tasks.start(TaskKind::Export, move |ctx| {
        ctx.stage("Writing the report");
        let Files { annotations, predictions, raw, train } = files;
        let mut report = analysis.report.clone();
        report.confusion.chance = Some(analysis.shown.chance_of_confusion(&analysis.basis.set, ctx)?);
        let model =
            Model { report: &report, diagnosis: &analysis.shown, predictions: source(predictions)?, raw };
        let page = Page {
            set: &analysis.basis.set,
            annotations: source(annotations)?,
            train,
            models: vec![model],
            comparisons: analysis.comparison.iter().collect(),
            what_if: &analysis.wanted.what_if,
        };
        let is_markdown = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("md"));
        let text = if is_markdown { page.markdown() } else { page.html() };
        write_whole(&path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Done::Saved(format!("Saved {}", path.display()), path))
    });
}

/// The files that the analysis on screen is of.
struct Files {
    annotations: PathBuf,
    predictions: PathBuf,
    raw: Option<PathBuf>,
    train: Option<PathBuf>,
}

fn analyzed(state: &AppState) -> Option<(Arc<Analysis>, Files)> {
    let session: &DataSetSession = state.dataset.as_ref()?;
    session.analysis()?;
    let analysis = Arc::clone(session.analysis.as_ref()?);
    let opened = session.data.predictions.get(analysis.wanted.model)?;
    let annotations = session.data.files.annotations.clone();
    let files = Files {
        predictions: opened.path.clone(),
        raw: opened.raw.as_ref().map(|raw| raw.path.clone()),
        train: session.data.train.as_ref().and_then(|_| train_beside(&annotations)),
        annotations,
    };
    Some((analysis, files))
}

fn note_of(project: &Project, key: &QueryKey) -> CaseNote {
    let said = said_of(project, key);
    CaseNote { tags: said.tags, verdict: said.verdict.map_or("", Verdict::name).to_owned() }
}

fn source(path: PathBuf) -> anyhow::Result<Source> {
    let sha256 = sha256_of(&path)?;
    Ok(Source { path, sha256 })
}

/// Named after the prediction file.
pub fn suggested_name(state: &AppState, suffix: &str) -> String {
    let path = analyzed(state).map(|(_, files)| files.predictions);
    let stem = path.as_deref().and_then(Path::file_stem).map(|stem| stem.to_string_lossy().into_owned());
    format!("{}-{suffix}", stem.as_deref().unwrap_or("data-set"))
}
