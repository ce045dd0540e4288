//! The code map as a test: which folder may use which, and where each big dependency lives.
//!
//! Reading the two tables is the fastest tour of the project.

use std::path::{Path, PathBuf};

/// A folder (or file) directly under `src`, and what it may use of ours besides itself.
const ALLOWED: &[(&str, &[&str])] = &[
    ("time", &[]),
    ("job", &[]),
    ("logging", &[]),
    ("video", &["time", "job"]),
    ("gaze", &["time", "job", "nn", "features"]),
    ("project", &["time", "job", "gaze", "video"]),
    ("eval", &["job", "project", "grounding"]),
    ("nn", &["job"]),
    ("stores", &["nn"]),
    ("split", &["job", "project", "eval", "nn", "stores", "gaze", "grounding"]),
    ("train", &["time", "job", "project", "eval", "nn", "stores", "split", "gaze", "grounding"]),
    (
        "dataset",
        &["time", "job", "project", "eval", "gaze", "nn", "features", "grounding", "stores", "split"],
    ),
    ("extract", &["time", "job", "project", "dataset", "video", "nn", "features"]),
    ("features", &["time", "job", "video", "nn", "gaze"]),
    ("grounding", &["time", "job", "nn", "features", "gaze"]),
    ("pipeline", &["time", "job", "project", "video", "nn", "features", "extract", "gaze", "grounding"]),
    ("playback", &["time", "job", "video"]),
    ("render", &["time", "video", "gaze"]),
    ("synth", &["time", "job", "project", "video", "gaze", "render"]),
    ("view", &["time", "job", "project", "video", "gaze", "grounding", "render"]),
    ("export", &["time", "job", "project", "video", "gaze", "grounding", "render", "view"]),
    ("diagnostics", &["project", "video", "nn", "features", "render", "export", "logging"]),
    (
        "session",
        &[
            "time",
            "job",
            "project",
            "dataset",
            "video",
            "gaze",
            "features",
            "grounding",
            "pipeline",
            "nn",
            "render",
        ],
    ),
    (
        "cli",
        &[
            "app",
            "time",
            "job",
            "project",
            "eval",
            "stores",
            "split",
            "train",
            "dataset",
            "extract",
            "video",
            "playback",
            "nn",
            "features",
            "gaze",
            "grounding",
            "pipeline",
            "render",
            "view",
            "export",
            "session",
            "diagnostics",
            "logging",
            "synth",
        ],
    ),
    (
        "app",
        &[
            "time",
            "job",
            "project",
            "eval",
            "stores",
            "split",
            "train",
            "dataset",
            "extract",
            "video",
            "playback",
            "nn",
            "features",
            "gaze",
            "grounding",
            "pipeline",
            "render",
            "view",
            "export",
            "session",
            "diagnostics",
            "logging",
            "synth",
        ],
    ),
];

/// A crate, and the only places that may name it.
const HOMES: &[(&str, &[&str])] = &[
    ("ffmpeg_next", &["video"]),
    ("candle_core", &["nn", "stores", "features", "extract", "gaze", "grounding", "pipeline", "train"]),
    ("candle_nn", &["nn", "features", "gaze", "grounding", "train"]),
    ("wgpu", &["render", "view/video.rs", "export", "app/graphics.rs"]),
    ("egui_wgpu", &["view/video.rs", "export", "app"]),
    ("egui", &["view", "export", "app"]),
    ("egui_extras", &["app"]),
    ("egui_plot", &["view"]),
    ("eframe", &["app"]),
    ("rfd", &["app"]),
    ("clap", &["cli"]),
    ("signal_hook_registry", &["cli"]),
    ("rand", &["train"]),
    ("glam", &["synth"]),
    ("rand_chacha", &["synth", "train"]),
    ("ureq", &["nn"]),
    ("cpal", &["playback/sound/device.rs"]),
    ("quick_xml", &["project"]),
];

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(dir).expect("src is readable").flatten().map(|e| e.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// Path below `src` with forward slashes, and the first part without `.rs`.
fn place(src: &Path, file: &Path) -> (String, String) {
    let relative = file.strip_prefix(src).expect("below src").to_string_lossy().replace('\\', "/");
    let top = relative.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
    (relative, top)
}

/// Names that follow `prefix` as whole path segments: `crate::video::x` gives `video`.
fn names_after<'a>(line: &'a str, prefix: &str) -> Vec<&'a str> {
    line.match_indices(prefix)
        .map(|(at, _)| {
            let rest = &line[at + prefix.len()..];
            &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())]
        })
        .collect()
}

fn uses_crate(line: &str, name: &str) -> bool {
    line.match_indices(&format!("{name}::")).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

#[test]
fn folders_use_only_what_stands_earlier_in_the_path() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let (relative, top) = place(&src, &file);
        if top == "lib" || top == "main" {
            continue;
        }
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == top) else {
            wrong.push(format!("{relative}: `{top}` is not in the table of allowed directions"));
            continue;
        };
        let text = std::fs::read_to_string(&file).expect("source is utf-8");
        for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with("//")) {
            for used in names_after(line, "crate::") {
                let is_module = ALLOWED.iter().any(|(name, _)| *name == used);
                if is_module && used != top && !allowed.contains(&used) {
                    wrong.push(format!("{relative}:{}: uses `{used}`, allowed: {allowed:?}", number + 1));
                }
            }
            for (name, homes) in HOMES {
                let is_home = homes.iter().any(|h| *h == top || relative == *h);
                if !is_home && uses_crate(line, name) {
                    wrong.push(format!(
                        "{relative}:{}: names `{name}`, whose homes are {homes:?}",
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
