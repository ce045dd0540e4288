//! What this machine has, for a bug report: as a table, and as an archive with the log. No media and
//! no question is part of it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use crate::nn::{self, ModelDir, Registry};
use crate::render::Gpu;
use crate::video::{self, FrameTable, VideoInfo};

/// Versions, devices, codecs and models.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    pub version: &'static str,
    pub system: String,
    pub ffmpeg: String,
    pub decoders: Vec<String>,
    pub graphics: String,
    pub compute: &'static str,
    /// What turns a question into a vector.
    pub query_basis: &'static str,
    pub threads: usize,
    pub models_dir: PathBuf,
    pub missing_models: Vec<String>,
}

impl Machine {
    /// Asks ffmpeg, the graphics driver and the disk; takes a moment.
    pub fn look() -> Self {
        let registry = Registry::open(ModelDir::from_env());
        Self {
            version: env!("CARGO_PKG_VERSION"),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            ffmpeg: video::ffmpeg_versions(),
            decoders: video::decoders(),
            graphics: Gpu::headless().map_or_else(|e| format!("none: {e}"), |gpu| gpu.describe()),
            compute: nn::device_name(),
            query_basis: crate::features::query_basis(registry.dir()),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            models_dir: registry.dir().path().to_owned(),
            missing_models: registry.missing().into_iter().map(str::to_owned).collect(),
        }
    }

    /// Name and value, for people.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let models = if self.missing_models.is_empty() {
            format!("all in {}", self.models_dir.display())
        } else {
            format!("missing {}: run `gazenlq models fetch`", self.missing_models.join(", "))
        };
        vec![
            ("gazenlq", self.version.to_owned()),
            ("system", self.system.clone()),
            ("ffmpeg", self.ffmpeg.clone()),
            ("decoders", self.decoders.join(", ")),
            ("graphics", self.graphics.clone()),
            ("compute", format!("{}, {} threads", self.compute, self.threads)),
            ("questions", self.query_basis.to_owned()),
            ("models", models),
        ]
    }
}

/// What a video says of itself, as text.
pub fn describe_clip(info: &VideoInfo, table: &FrameTable) -> String {
    format!("{info:#?}\nframes: {}\nrange: {:?}\n", table.len(), table.range())
}

/// Writes the archive: the table, the given texts, and the logs in `logs`.
pub fn write_bundle(
    path: &Path,
    machine: &Machine,
    texts: &[(String, String)],
    logs: Option<&Path>,
) -> anyhow::Result<()> {
    let report: Vec<String> = machine.rows().iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    let mut add = |name: &str, bytes: &[u8]| -> anyhow::Result<()> {
        archive.start_file(name, options)?;
        Ok(archive.write_all(bytes)?)
    };
    add("report.txt", report.join("\n").as_bytes())?;
    for (name, text) in texts {
        add(name, text.as_bytes())?;
    }
    for log in logs.map(crate::logging::logs_in).unwrap_or_default() {
        let name = log.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Ok(bytes) = std::fs::read(&log) {
            add(&name, &bytes)?;
        }
    }
    let bytes = archive.finish()?.into_inner();
    crate::project::write_whole(path, &bytes).with_context(|| format!("cannot save {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_holds_the_report_the_texts_and_the_logs() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("gazenlq-1.log"), "INFO started").expect("written");
        std::fs::write(dir.path().join("other.txt"), "private").expect("written");
        let machine = Machine {
            version: "0",
            system: "test".into(),
            ffmpeg: "none".into(),
            decoders: Vec::new(),
            graphics: "none".into(),
            compute: "CPU",
            threads: 1,
            models_dir: PathBuf::new(),
            query_basis: "none",
            missing_models: vec!["unisal".into()],
        };
        let path = dir.path().join("bundle.zip");
        let texts = [("clip.txt".to_owned(), "30 fps".to_owned())];
        write_bundle(&path, &machine, &texts, Some(dir.path())).expect("saved");
        let mut archive =
            zip::ZipArchive::new(std::fs::File::open(&path).expect("there")).expect("an archive");
        let mut names: Vec<String> =
            archive.file_names().map(|name| name.expect("a name").into_owned()).collect();
        names.sort();
        assert_eq!(names, ["clip.txt", "gazenlq-1.log", "report.txt"]);
        let report = std::io::read_to_string(archive.by_name("report.txt").expect("there")).expect("text");
        assert!(report.contains("missing unisal"), "{report}");
    }
}
