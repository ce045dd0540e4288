//! Gets a file over HTTPS; one from a package registry through the registry's own client first, which
//! knows this machine's mirrors and proxies.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::fetch::FetchError;
use super::models::{PackageRegistry, PackageSource, RemoteFile};
use crate::job::JobCtx;

/// A server that has not been reached by then counts as absent, and the next source is asked.
const CONNECT: Duration = Duration::from_secs(5);
/// A connection on which nothing has come for so long is given up.
const SILENCE: Duration = Duration::from_secs(20);

/// A file to get.
#[derive(Clone, Copy)]
pub(super) enum Wanted<'a> {
    Package(&'a PackageSource),
    File(&'a RemoteFile),
}

impl Wanted<'_> {
    /// Name in the downloads folder.
    pub fn name(&self) -> &str {
        match self {
            Self::Package(package) => &package.archive,
            Self::File(file) => &file.save_as,
        }
    }

    pub fn sha256(&self) -> &str {
        match self {
            Self::Package(package) => &package.sha256,
            Self::File(file) => &file.sha256,
        }
    }

    pub fn bytes(&self) -> u64 {
        match self {
            Self::Package(package) => package.bytes,
            Self::File(file) => file.bytes,
        }
    }

    /// Who has it, for a message.
    pub fn holder(&self) -> String {
        match self {
            Self::Package(package) => {
                format!("{} ({} {})", package.registry.name(), package.package, package.version)
            }
            Self::File(file) => file.url.split('/').nth(2).unwrap_or(&file.url).to_owned(),
        }
    }
}

/// Downloads a file into `folder` under a temporary name, unverified.
pub(super) fn download(wanted: Wanted, folder: &Path, ctx: &JobCtx) -> Result<PathBuf, FetchError> {
    let mut reasons = Vec::new();
    if let Wanted::Package(package) = wanted {
        match by_client(package, folder, ctx) {
            Ok(path) => return Ok(path),
            Err(Failure::Fetch(error)) => return Err(error),
            Err(Failure::Other(why)) => reasons.push(why),
        }
        tracing::debug!("{}; trying HTTPS", reasons.join("; "));
    }
    match by_https(wanted, folder, ctx) {
        Ok(path) => Ok(path),
        Err(Failure::Fetch(error)) => Err(error),
        Err(Failure::Other(why)) => {
            reasons.insert(0, why);
            Err(FetchError::Download {
                file: wanted.name().to_owned(),
                holder: wanted.holder(),
                why: reasons.join("; "),
                folder: folder.to_owned(),
            })
        }
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
fn by_client(source: &PackageSource, folder: &Path, ctx: &JobCtx) -> Result<PathBuf, Failure> {
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

fn run_client(source: &PackageSource, scratch: &Path, ctx: &JobCtx) -> Result<(), Failure> {
    let PackageSource { package, version, .. } = source;
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
fn by_https(wanted: Wanted, folder: &Path, ctx: &JobCtx) -> Result<PathBuf, Failure> {
    let config = ureq::Agent::config_builder()
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE));
    let agent = ureq::Agent::new_with_config(config.build());
    let url = match wanted {
        Wanted::Package(package) => archive_url(package, &agent)?,
        Wanted::File(file) => file.url.clone(),
    };
    let partial = folder.join(format!("{}.part", wanted.name()));
    let have = std::fs::metadata(&partial).map_or(0, |meta| meta.len());
    let mut request = agent.get(&url);
    if (1..wanted.bytes()).contains(&have) {
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
        ctx.step(done, wanted.bytes()).map_err(FetchError::from)?;
    }
}

/// Asks the registry, or the mirror named in the environment, where the archive lies.
fn archive_url(source: &PackageSource, agent: &ureq::Agent) -> Result<String, Failure> {
    let base = |key: &str, default: &str| {
        let url = std::env::var(key).ok().filter(|url| !url.is_empty()).unwrap_or_else(|| default.to_owned());
        url.trim_end_matches('/').to_owned()
    };
    let PackageSource { package, version, .. } = source;
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
