//! egui's fonts, emoji among them, with a font of the system behind them: file names and questions
//! may be in Chinese, Japanese or Korean, which egui does not bring.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Well-known places of a font with Chinese, Japanese and Korean letters; the first that exists
/// is used.
const CJK_FILES: [&str; 9] = [
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/Hiragino Sans GB.ttc",
    "C:\\Windows\\Fonts\\msyh.ttc",
];

/// The same fonts wherever a distribution or the user has put them, best first.
const CJK_NAMES: [&str; 8] = [
    "notosanscjk-regular",
    "notosanscjk",
    "sourcehansans",
    "notosanssc",
    "notosansjp",
    "wqy-",
    "droidsansfallback",
    "unifont",
];

/// Larger files would cost more memory than the rest of the window.
const MAX_BYTES: u64 = 48 << 20;
/// A search looks at no more files than this, so that a huge collection cannot delay the start.
const MAX_FILES: usize = 4_000;

/// Installs the fonts; says which CJK font was found.
pub fn install(ctx: &egui::Context) -> Option<PathBuf> {
    let mut fonts = egui::FontDefinitions::default();
    let cjk = find(&CJK_FILES, &CJK_NAMES);
    if let Some(bytes) = cjk.as_ref().and_then(|path| std::fs::read(path).ok()) {
        fonts.font_data.insert("cjk".into(), Arc::new(egui::FontData::from_owned(bytes)));
        for family in [egui::FontFamily::Proportional, egui::FontFamily::Monospace] {
            fonts.families.entry(family).or_default().push("cjk".into());
        }
    }
    // the code font comes with egui and has arrows and signs that the text font lacks
    fonts.families.entry(egui::FontFamily::Proportional).or_default().push("Hack".into());
    ctx.set_fonts(fonts);
    cjk
}

/// A well-known file that exists, or else the best name in the system's font folders.
fn find(files: &[&str], names: &[&str]) -> Option<PathBuf> {
    let known = files.iter().map(PathBuf::from).find(|path| is_usable(path));
    known.or_else(|| search(&font_folders(), names))
}

fn font_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        ["/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "C:\\Windows\\Fonts"]
            .iter()
            .map(PathBuf::from)
            .collect();
    if let Some(dirs) = directories::UserDirs::new() {
        folders.extend(dirs.font_dir().map(Path::to_path_buf));
        folders.push(dirs.home_dir().join(".fonts"));
        folders.push(dirs.home_dir().join("Library/Fonts"));
    }
    folders
}

fn is_usable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() > 0 && data.len() <= MAX_BYTES)
}

/// The file whose name begins with the earliest of `names`; folders are read breadth first.
fn search(folders: &[PathBuf], names: &[&str]) -> Option<PathBuf> {
    let mut queue: std::collections::VecDeque<PathBuf> = folders.iter().cloned().collect();
    let mut best: Option<(usize, PathBuf)> = None;
    let mut left = MAX_FILES;
    while let Some(folder) = queue.pop_front() {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for entry in entries.flatten().take(left) {
            left -= 1;
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                queue.push_back(path);
                continue;
            }
            let Some(rank) = rank(&path, names) else { continue };
            if best.as_ref().is_none_or(|(known, _)| rank < *known) && is_usable(&path) {
                best = Some((rank, path));
            }
        }
    }
    best.map(|(_, path)| path)
}

fn rank(path: &Path, names: &[&str]) -> Option<usize> {
    let extension = path.extension()?.to_str()?.to_lowercase();
    if !["ttf", "otf", "ttc"].contains(&extension.as_str()) {
        return None;
    }
    let name = path.file_name()?.to_str()?.to_lowercase();
    names.iter().position(|wanted| name.starts_with(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_font_is_found_in_nested_folders() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir_all(folder.path().join("a/b"))?;
        std::fs::write(folder.path().join("wqy-microhei.ttc"), b"x")?;
        std::fs::write(folder.path().join("a/b/NotoSansCJK-Regular.ttc"), b"x")?;
        std::fs::write(folder.path().join("a/NotoSansCJK-Regular.txt"), b"x")?;
        std::fs::write(folder.path().join("a/DejaVuSans.ttf"), b"x")?;
        let found = search(&[folder.path().to_path_buf()], &CJK_NAMES);
        assert_eq!(found, Some(folder.path().join("a/b/NotoSansCJK-Regular.ttc")));
        Ok(())
    }

    #[test]
    fn empty_files_and_missing_folders_are_passed_over() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("wqy-zenhei.ttc"), b"")?;
        let missing = folder.path().join("missing");
        assert_eq!(search(&[missing, folder.path().to_path_buf()], &CJK_NAMES), None);
        Ok(())
    }
}
