//! Brings a model's files to this machine, checks them, and converts them into the models folder.
//!
//! A model's sources are tried in order, its authors' own first. A file is looked for in the downloads
//! folder before it is downloaded, so one put there by hand is as good.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::download::{self, Wanted};
use super::models::{ModelDir, ModelEntry, Source};
use super::{NnError, convert, sha256_of};
use crate::job::{Cancelled, JobCtx};

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("there is no model called {id} (there are {known})")]
    Unknown { id: String, known: String },
    #[error("{id} has no source")]
    NoSource { id: String },
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error(
        "cannot download {file} from {holder}: {why}. Without a network, put that file in the downloads \
         folder and try again ({folder})"
    )]
    Download { file: String, holder: String, why: String, folder: PathBuf },
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

    /// Without advice, for where another way is tried anyhow.
    pub(super) fn in_short(&self) -> String {
        match self {
            Self::Download { file, holder, why, .. } => format!("no {file} from {holder} ({why})"),
            other => other.to_string(),
        }
    }
}

/// Where archives are kept, and may be put by hand.
pub fn downloads_dir() -> PathBuf {
    if let Some(path) = std::env::var_os("GAZENLQ_DOWNLOADS").filter(|path| !path.is_empty()) {
        return path.into();
    }
    let dirs = directories::ProjectDirs::from("", "", "gazenlq");
    dirs.map_or_else(std::env::temp_dir, |dirs| dirs.cache_dir().to_owned()).join("downloads")
}

/// Fetches models into a folder.
pub(super) struct Fetcher<'a> {
    models: &'a ModelDir,
    ctx: &'a JobCtx,
    downloads: PathBuf,
}

impl<'a> Fetcher<'a> {
    pub fn new(models: &'a ModelDir, ctx: &'a JobCtx) -> Self {
        Self { models, ctx, downloads: downloads_dir() }
    }

    /// Fetches and converts a model. Its folder appears complete or not at all.
    pub fn fetch(&self, entry: &ModelEntry) -> Result<(), FetchError> {
        let mut outcome = Err(FetchError::NoSource { id: entry.id.clone() });
        for source in &entry.sources {
            match outcome {
                Err(FetchError::NoSource { .. }) => {}
                Err(FetchError::Cancelled(_)) | Ok(()) => break,
                Err(error) => tracing::info!("{}: {}; trying the next source", entry.title, error.in_short()),
            }
            outcome = self.fetch_from(source, entry);
        }
        outcome
    }

    fn fetch_from(&self, source: &Source, entry: &ModelEntry) -> Result<(), FetchError> {
        let title = &entry.title;
        let (kind, members, licence) = match source {
            Source::Files(source) => {
                let paths = source.files.iter().map(|file| self.obtain(Wanted::File(file), title));
                let paths = paths.collect::<Result<Vec<_>, _>>()?;
                let licence = source.licence_file.as_ref().map(|file| self.obtain(Wanted::File(file), title));
                let read = |path: &PathBuf| std::fs::read(path).map_err(FetchError::io(path));
                let members = paths.iter().map(read).collect::<Result<Vec<_>, _>>()?;
                (source.convert, members, licence.transpose()?.as_ref().map(read).transpose()?)
            }
            Source::Package(package) => {
                let archive = self.obtain(Wanted::Package(package), title)?;
                self.ctx.stage(&format!("unpacking {title}"));
                let mut names = package.members.clone();
                names.extend(package.licence_member.clone());
                let mut members = read_members(&archive, &names)?;
                let licence = package.licence_member.as_ref().and_then(|_| members.pop());
                (package.convert, members, licence)
            }
        };
        self.ctx.check()?;
        self.ctx.stage(&format!("converting {title}"));
        let folder = self.models.path().join(&entry.id);
        let partial = folder.with_extension("part");
        let _ = std::fs::remove_dir_all(&partial); // what an interrupted run may have left
        std::fs::create_dir_all(&partial).map_err(FetchError::io(&partial))?;
        convert::convert(kind, &members, &partial)?;
        source.provenance().write(&partial)?;
        if let Some(licence) = licence {
            let path = partial.join("LICENSE");
            std::fs::write(&path, licence).map_err(FetchError::io(&path))?;
        }
        self.ctx.check()?;
        let _ = std::fs::remove_dir_all(&folder); // incomplete, or it would not be fetched
        std::fs::rename(&partial, &folder).map_err(FetchError::io(&folder))
    }

    /// The verified file: from the downloads folder, else downloaded into it.
    fn obtain(&self, wanted: Wanted, title: &str) -> Result<PathBuf, FetchError> {
        let (folder, ctx) = (&self.downloads, self.ctx);
        let path = folder.join(wanted.name());
        if path.is_file() {
            ctx.stage(&format!("checking {title}"));
            match verify(&path, wanted.sha256()) {
                Err(error @ FetchError::Hash { .. }) => tracing::warn!("downloading again: {error}"),
                other => return other.map(|()| path),
            }
        }
        std::fs::create_dir_all(folder).map_err(FetchError::io(folder))?;
        ctx.stage(&format!("downloading {title}"));
        ctx.step(0, wanted.bytes())?;
        let partial = download::download(wanted, folder, ctx)?;
        verify(&partial, wanted.sha256()).inspect_err(|error| {
            if matches!(error, FetchError::Hash { .. }) {
                let _ = std::fs::remove_file(&partial);
            }
        })?;
        std::fs::rename(&partial, &path).map_err(FetchError::io(&path))?;
        Ok(path)
    }
}

fn verify(path: &Path, expected: &str) -> Result<(), FetchError> {
    let found = sha256_of(path)?;
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
    use super::super::models::{Convert, FileSource, Provenance, RemoteFile};
    use super::*;

    #[test]
    fn a_wrong_hash_is_told_with_both_values() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "abc").unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        verify(&path, abc).unwrap();
        let error = verify(&path, &"0".repeat(64)).unwrap_err().to_string();
        assert!(error.contains(abc) && error.contains("000"), "{error}");
    }

    /// A port that nobody listens on refuses at once, as a machine without a network does.
    fn file(name: &str, sha256: String) -> FileSource {
        let url = format!("https://127.0.0.1:1/{name}");
        let file = RemoteFile { url, save_as: name.to_owned(), sha256, bytes: 3 };
        FileSource { convert: Convert::ImagenetNames, files: vec![file], licence_file: None }
    }

    #[test]
    fn a_source_that_cannot_be_reached_gives_way_to_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let (models, downloads) = (ModelDir::new(dir.path().join("models")), dir.path().join("downloads"));
        std::fs::create_dir(&downloads).unwrap();
        let lines: String = (0..1000).map(|i| format!("{i}: 'c{i}',\n")).collect();
        let present = downloads.join("names.js");
        std::fs::write(&present, format!("x = {{{lines}}}")).unwrap();
        let sources = [file("absent.js", "0".repeat(64)), file("names.js", sha256_of(&present).unwrap())];
        let mut entry = ModelEntry {
            id: "names".to_owned(),
            title: "Names".to_owned(),
            purpose: String::new(),
            licence: String::new(),
            page: String::new(),
            files: vec!["names.json".to_owned()],
            stands_in_for: None,
            sources: sources.map(Source::Files).to_vec(),
        };
        let ctx = JobCtx::detached();
        let fetcher = Fetcher { models: &models, ctx: &ctx, downloads: downloads.clone() };
        fetcher.fetch(&entry).unwrap();
        assert!(models.file("names", "names.json").is_file());
        let made_from = Provenance::read(&models.path().join("names")).unwrap().source;
        assert!(made_from.ends_with("/names.js"), "{made_from}");

        entry.sources.truncate(1);
        let error = fetcher.fetch(&entry).unwrap_err().to_string();
        for part in ["absent.js", "127.0.0.1:1", downloads.to_str().unwrap()] {
            assert!(error.contains(part), "{part} is not in: {error}");
        }
        ctx.cancel();
        assert!(matches!(fetcher.fetch(&entry), Err(FetchError::Cancelled(_))));
    }
}
