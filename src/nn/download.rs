//! Gets an archive from a package registry: through the registry's own client, else over HTTPS.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::fetch::FetchError;
use super::models::{PackageRegistry, Source};
use crate::job::JobCtx;

/// Downloads the source's archive into `folder` under a temporary name, unverified.
pub(super) fn download(source: &Source, folder: &Path, ctx: &JobCtx) -> Result<PathBuf, FetchError> {
    let client = match by_client(source, folder, ctx) {
        Ok(path) => return Ok(path),
        Err(Failure::Fetch(error)) => return Err(error),
        Err(Failure::Other(why)) => why,
    };
    tracing::debug!("{client}; trying HTTPS");
    match by_https(source, folder, ctx) {
        Ok(path) => Ok(path),
        Err(Failure::Fetch(error)) => Err(error),
        Err(Failure::Other(why)) => Err(FetchError::Download {
            archive: source.archive.clone(),
            package: format!("{} {}", source.package, source.version),
            why: format!("{why}; {client}"),
            folder: folder.to_owned(),
        }),
    }
}

enum Failure {
    /// Told to the user as it is.
    Fetch(FetchError),
    /// Told together with how to do without.
    Other(String),
}

impl From<ureq::Error> for Failure {
    fn from(error: ureq::Error) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self::Fetch(error)
    }
}

/// Runs `pip download` or `npm pack`, watching how much it has written.
fn by_client(source: &Source, folder: &Path, ctx: &JobCtx) -> Result<PathBuf, Failure> {
    let scratch = folder.join(format!("{}.client", source.archive));
    let _ = std::fs::remove_dir_all(&scratch); // what an interrupted run may have left
    std::fs::create_dir_all(&scratch).map_err(FetchError::io(&scratch))?;
    let done = run_client(source, &scratch, ctx).and_then(|()| {
        let partial = folder.join(format!("{}.part", source.archive));
        std::fs::rename(scratch.join(&source.archive), &partial).map_err(FetchError::io(&scratch))?;
        Ok(partial)
    });
    let _ = std::fs::remove_dir_all(&scratch);
    done
}

fn run_client(source: &Source, scratch: &Path, ctx: &JobCtx) -> Result<(), Failure> {
    let Source { package, version, .. } = source;
    let mut command = match source.registry {
        PackageRegistry::Pypi => {
            let mut pip = Command::new(if cfg!(windows) { "python" } else { "python3" });
            pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "--dest"]);
            pip.arg(scratch).arg(format!("{package}=={version}"));
            pip
        }
        PackageRegistry::Npm => {
            let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
            npm.args(["pack", "--silent", "--pack-destination"])
                .arg(scratch)
                .arg(format!("{package}@{version}"));
            npm
        }
    };
    // Clients write to the temporary folder first; there its growth can be watched.
    command.env("TMPDIR", scratch).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let client = command.get_program().to_string_lossy().into_owned();
    let failed = |why: String| Failure::Other(format!("{client}: {why}"));
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| failed(error.to_string()))? {
            break status;
        }
        if let Err(cancelled) = ctx.step(folder_size(scratch).min(source.bytes), source.bytes) {
            let _ = child.kill();
            let _ = child.wait();
            return Err(FetchError::from(cancelled).into());
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    if status.success() {
        return Ok(());
    }
    let mut text = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        let _ = stderr.read_to_string(&mut text);
    }
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    Err(failed(last.unwrap_or("failed without a message").to_owned()))
}

fn folder_size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => folder_size(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}

/// Downloads over HTTPS and continues where an earlier attempt stopped.
fn by_https(source: &Source, folder: &Path, ctx: &JobCtx) -> Result<PathBuf, Failure> {
    let config = ureq::Agent::config_builder().timeout_connect(Some(Duration::from_secs(15)));
    let agent = ureq::Agent::new_with_config(config.build());
    let url = archive_url(source, &agent)?;
    let partial = folder.join(format!("{}.part", source.archive));
    let have = std::fs::metadata(&partial).map_or(0, |meta| meta.len());
    let mut request = agent.get(&url);
    if (1..source.bytes).contains(&have) {
        request = request.header("Range", format!("bytes={have}-"));
    }
    let response = request.call()?;
    let resumes = response.status() == 206;
    let io = |error| Failure::Fetch(FetchError::io(&partial)(error));
    let mut file = if resumes {
        OpenOptions::new().append(true).open(&partial).map_err(io)?
    } else {
        File::create(&partial).map_err(io)?
    };
    let mut done = if resumes { have } else { 0 };
    let mut body = response.into_body().into_reader();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = body.read(&mut buffer).map_err(|error| Failure::Other(error.to_string()))?;
        if count == 0 {
            return Ok(partial);
        }
        file.write_all(&buffer[..count]).map_err(io)?;
        done += count as u64;
        ctx.step(done, source.bytes).map_err(FetchError::from)?;
    }
}

/// Asks the registry, or the mirror named in the environment, where the archive lies.
fn archive_url(source: &Source, agent: &ureq::Agent) -> Result<String, Failure> {
    let base = |key: &str, default: &str| {
        let url = std::env::var(key).ok().filter(|url| !url.is_empty()).unwrap_or_else(|| default.to_owned());
        url.trim_end_matches('/').to_owned()
    };
    let Source { package, version, .. } = source;
    match source.registry {
        PackageRegistry::Npm => {
            let registry = base("npm_config_registry", "https://registry.npmjs.org");
            let name = package.rsplit('/').next().unwrap_or(package);
            Ok(format!("{registry}/{package}/-/{name}-{version}.tgz"))
        }
        PackageRegistry::Pypi => {
            let index = base("PIP_INDEX_URL", "https://pypi.org/simple");
            let page = format!("{index}/{package}/");
            let request = agent.get(&page).header("Accept", "application/vnd.pypi.simple.v1+json");
            let text = request.call()?.body_mut().read_to_string()?;
            let list: serde_json::Value = serde_json::from_str(&text)
                .map_err(|error| Failure::Other(format!("{page} is not a package index: {error}")))?;
            let files = list["files"].as_array().into_iter().flatten();
            let mut named = files.filter(|file| file["filename"] == source.archive.as_str());
            let url = named.find_map(|file| file["url"].as_str());
            let url =
                url.ok_or_else(|| Failure::Other(format!("{page} does not list {}", source.archive)))?;
            Ok(if url.starts_with("http") { url.to_owned() } else { format!("{page}{url}") })
        }
    }
}
