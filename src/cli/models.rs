//! `gazenlq models`: the networks on this machine.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use super::{Ending, out};
use crate::features::import_clip;
use crate::grounding::groundnlq::{self, Config, GroundNlqError, Mismatch, Precision, StateDict};
use crate::nn::{self, ModelDir, ModelState, ModelStatus, Registry};
use crate::train::check::check as check_training;

#[derive(Debug, Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// What is here, what is missing, and under which licence
    List {
        /// JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Download what is missing from its named sources, check its SHA-256, convert it once
    Fetch {
        /// Only these, also where something stands in for them
        ids: Vec<String>,
    },
    /// Convert a checkpoint once, and say what does not fit: GroundNLQ, GazeNLQ, or CLIP ViT-B/16 (both
    /// towers, in the layout of its authors or of Hugging Face)
    Import {
        /// `.pth.tar`, `.pth` or `.safetensors`
        file: PathBuf,
        /// Its configuration: the reference's yaml or json, or our toml; without it the finetune one
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Name of the model; without it that of the file
        #[arg(long)]
        name: Option<String>,
        /// The moving average of the weights (`state_dict_ema`) instead of the weights
        #[arg(long)]
        ema: bool,
        /// Store in half precision: half the size, three decimal digits
        #[arg(long)]
        half: bool,
        /// JSON instead of text
        #[arg(long)]
        json: bool,
    },
    /// One imported model: where it came from, its configuration, its tensors
    Show {
        name: String,
        /// JSON instead of text
        #[arg(long)]
        json: bool,
    },
    /// Compare the networks with a folder of reference numbers, stage by stage
    Check {
        dir: PathBuf,
        /// JSON instead of a table
        #[arg(long)]
        json: bool,
    },
}

pub fn run(args: &ModelsArgs) -> Result<Ending> {
    let registry = Registry::open(ModelDir::from_env());
    match &args.command {
        ModelsCommand::List { json } => list(&registry, *json),
        ModelsCommand::Fetch { ids } => fetch(&registry, ids),
        ModelsCommand::Import { file, config, name, ema, half, json } => {
            let which = if *ema { StateDict::Ema } else { StateDict::Raw };
            let precision = if *half { Precision::Half } else { Precision::Single };
            import(&registry, file, config.as_deref(), name.as_deref(), (which, precision), *json)
        }
        ModelsCommand::Show { name, json } => show(&registry, name, *json),
        ModelsCommand::Check { dir, json } => check(dir, *json),
    }
}

fn import(
    registry: &Registry,
    file: &Path,
    config: Option<&Path>,
    name: Option<&str>,
    (which, precision): (StateDict, Precision),
    as_json: bool,
) -> Result<Ending> {
    let config = config.map_or_else(|| Ok(Config::default()), Config::read)?;
    if let Some(clip) = import_clip(file, registry.dir())? {
        let known = if clip.is_official { "the authors' own file" } else { "not the authors' file" };
        if as_json {
            out::json(&json!({ "id": clip.id, "sha256": clip.sha256, "is_official": clip.is_official }))?;
        } else {
            out::line(format_args!("both towers of CLIP ViT-B/16 are imported as {}", clip.id));
            out::line(format_args!("SHA-256 {}: {known}", clip.sha256));
        }
        return Ok(Ending::Fine);
    }
    let stem = file.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.unwrap_or_else(|| stem.split('.').next().unwrap_or_default());
    if stem.is_empty() || !stem.chars().all(|c| c.is_alphanumeric() || "-_+".contains(c)) {
        bail!("a model's name has letters, digits, `-`, `_` and `+`, found `{stem}`: choose one with --name");
    }
    let (model, mismatch) = match groundnlq::import(file, which, &config, stem, registry.dir(), precision) {
        Err(GroundNlqError::Weights { mismatch, path }) => {
            report(&mismatch, as_json)?;
            return Err(GroundNlqError::Weights { mismatch, path }.into());
        }
        other => other?,
    };
    if !mismatch.is_exact() {
        report(&mismatch, as_json)?;
    }
    if !as_json {
        out::line(format_args!("{} is imported into {}", model.id, model.folder.display()));
    } else if mismatch.is_exact() {
        out::json(&json!({ "id": model.id, "folder": model.folder, "sha256": model.sha256 }))?;
    }
    Ok(Ending::Fine)
}

/// What does not fit: name, expected and found shape.
fn report(mismatch: &Mismatch, as_json: bool) -> Result<()> {
    let shape = |shape: &[usize]| format!("{shape:?}");
    let row = |problem: &str, name: &str, expected: String, found: String| {
        vec![problem.to_owned(), name.to_owned(), expected, found]
    };
    let missing = mismatch.missing.iter().map(|(n, s)| row("missing", n, shape(s), "nothing".into()));
    let unexpected =
        mismatch.unexpected.iter().map(|(n, s)| row("unexpected", n, "nothing".into(), shape(s)));
    let misshapen = mismatch.misshapen.iter().map(|(n, e, f)| row("wrong shape", n, shape(e), shape(f)));
    let rows: Vec<_> = missing.chain(misshapen).chain(unexpected).collect();
    if as_json {
        let rows: Vec<_> = rows
            .iter()
            .map(|r| json!({ "problem": r[0], "name": r[1], "expected": r[2], "found": r[3] }))
            .collect();
        out::json(&json!({ "problems": rows }))?;
    } else {
        out::table(&["problem", "tensor", "expected", "found"], &rows);
    }
    Ok(())
}

fn show(registry: &Registry, name: &str, as_json: bool) -> Result<Ending> {
    let models = groundnlq::imported(registry.dir());
    let Some(model) = models.iter().find(|model| model.id == name) else {
        let known: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        bail!("no imported model is called `{name}` (imported: {known})");
    };
    let tensors = groundnlq::expected_tensors(&model.config)?;
    let parameters: usize = tensors.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
    if as_json {
        out::json(&json!({
            "id": model.id,
            "source": model.source,
            "state_dict": model.state_dict,
            "sha256": model.sha256,
            "tensors": tensors.len(),
            "parameters": parameters,
            "config": model.config,
        }))?;
        return Ok(Ending::Fine);
    }
    out::line(format_args!("{}: `{}` of {}", model.id, model.state_dict, model.source));
    out::line(format_args!("{} tensors, {parameters} parameters, SHA-256 {}", tensors.len(), model.sha256));
    out::line(format_args!("in {}\n\n{}", model.folder.display(), model.config.to_toml()));
    Ok(Ending::Fine)
}

fn check(dir: &Path, as_json: bool) -> Result<Ending> {
    let device = nn::device();
    let mut stages = groundnlq::check::check(dir, &device)?;
    stages.extend(check_training(dir, &device)?);
    if stages.is_empty() {
        bail!(
            "no reference case in {}: expected meta.json, nms.json, losses.safetensors or lr_schedule.json, there or one folder deeper",
            dir.display()
        );
    }
    let first_wrong = stages.iter().find(|stage| !stage.is_within());
    if as_json {
        let rows: Vec<_> = stages
            .iter()
            .map(|s| {
                let error = s.error.is_finite().then_some(s.error);
                json!({ "case": s.case, "stage": s.name, "error": error, "tolerance": s.tolerance, "is_within": s.is_within() })
            })
            .collect();
        out::json(
            &json!({ "stages": rows, "first_wrong": first_wrong.map(|s| format!("{} {}", s.case, s.name)) }),
        )?;
    } else {
        let row = |s: &groundnlq::check::Stage| {
            let verdict = if s.is_within() { "ok" } else { "OUT" };
            let numbers = [format!("{:.2e}", s.error), format!("{:.0e}", s.tolerance)];
            [s.case.clone(), s.name.clone()].into_iter().chain(numbers).chain([verdict.to_owned()]).collect()
        };
        let rows: Vec<Vec<String>> = stages.iter().map(row).collect();
        out::table(&["case", "stage", "worst error", "tolerance", ""], &rows);
        match first_wrong {
            Some(s) => {
                out::line(format_args!("{} of {} is the first stage out of tolerance", s.name, s.case))
            }
            None => out::line(format_args!("all {} stages are within tolerance", stages.len())),
        }
    }
    Ok(if first_wrong.is_none() { Ending::Fine } else { Ending::Absent })
}

fn list(registry: &Registry, as_json: bool) -> Result<Ending> {
    let status = registry.status();
    if as_json {
        let models: Vec<_> = status
            .iter()
            .map(|m| {
                json!({
                    "id": m.entry.id,
                    "is_present": is_present(m),
                    "is_missing": matches!(m.state, ModelState::Missing { .. }),
                    "source": m.source,
                    "licence": m.entry.licence,
                })
            })
            .collect();
        let own = groundnlq::imported(registry.dir());
        let own: Vec<_> = own
            .iter()
            .map(
                |m| json!({ "id": m.id, "source": m.source, "state_dict": m.state_dict, "sha256": m.sha256 }),
            )
            .collect();
        out::json(&json!({ "dir": registry.dir().path(), "models": models, "imported": own }))?;
    } else {
        out::line(format_args!("models in {}", registry.dir().path().display()));
        let rows: Vec<Vec<String>> = status
            .iter()
            .map(|m| {
                let state = match (&m.state, &m.entry.stands_in_for) {
                    (ModelState::Present { .. }, _) => "here".to_owned(),
                    (ModelState::Missing { .. }, _) => "missing".to_owned(),
                    (ModelState::Replaced, _) => "not needed: others stand in".to_owned(),
                    (ModelState::Spare, real) => {
                        format!("not needed with {}", real.as_deref().unwrap_or_default())
                    }
                };
                let source = m.source.clone().unwrap_or_default();
                vec![m.entry.id.clone(), state, m.entry.licence.clone(), source]
            })
            .collect();
        out::table(&["model", "state", "licence", "from"], &rows);
        let own = groundnlq::imported(registry.dir());
        let rows: Vec<Vec<String>> =
            own.iter().map(|m| vec![m.id.clone(), m.source.clone(), m.state_dict.clone()]).collect();
        if !rows.is_empty() {
            out::line("");
            out::table(&["imported", "from", "weights"], &rows);
        }
    }
    Ok(if registry.is_complete() { Ending::Fine } else { Ending::Absent })
}

fn fetch(registry: &Registry, ids: &[String]) -> Result<Ending> {
    let ctx = out::progress_ctx();
    let result = match ids {
        [] => registry.fetch_missing(&ctx),
        ids => ids.iter().try_for_each(|id| registry.fetch(id, &ctx)),
    };
    out::end_progress();
    result?;
    list(registry, false)
}

fn is_present(model: &ModelStatus) -> bool {
    matches!(model.state, ModelState::Present { .. })
}
