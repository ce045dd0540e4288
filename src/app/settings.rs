//! What the user prefers: small, saved by eframe, forgiving when it cannot be read.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::dataset::DataSetPage;
use super::state::Overlay;
use crate::dataset::Filter;
use crate::gaze::recording::ColumnMapping;
use crate::view::theme::ThemeChoice;
use crate::view::timeline::TimelineOptions;

/// Key in eframe's storage.
pub const STORAGE_KEY: &str = "gazenlq-settings";
const RECENT_LIMIT: usize = 10;
const MAPPINGS_LIMIT: usize = 20;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub theme: ThemeChoice,
    pub recent: Vec<Recent>,
    pub query_history: Vec<String>,
    pub is_session_panel_open: bool,
    pub is_results_panel_open: bool,
    pub is_timeline_open: bool,
    /// Nothing but the picture, until it is asked for again; not for the next start.
    #[serde(skip)]
    pub is_picture_alone: bool,
    pub timeline: TimelineOptions,
    /// Pictures a second are computed for the answer's evidence.
    pub feature_fps: f32,
    pub has_sound: bool,
    pub overlay: Overlay,
    /// One lane of moments for each gaze mode.
    pub has_mode_lanes: bool,
    /// Filters of data sets that were given a name.
    pub filters: Vec<(String, Filter)>,
    /// What stands beside a data set's table.
    pub data_set_page: DataSetPage,
    /// Who works in new projects.
    pub author: String,
    /// What the columns of tables mean, by their names; the newest last.
    pub mappings: Vec<(Vec<String>, ColumnMapping)>,
}

/// A session that was open before, and where its playhead stood.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recent {
    pub files: Vec<PathBuf>,
    pub playhead_nanos: i64,
    /// The clip's file name; the files may be a folder.
    pub clip_name: String,
    /// Names the clip's content: its notes and its picture.
    pub content_id: String,
    pub duration_nanos: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::default(),
            recent: Vec::new(),
            query_history: Vec::new(),
            is_session_panel_open: true,
            is_results_panel_open: true,
            is_timeline_open: true,
            is_picture_alone: false,
            timeline: TimelineOptions::default(),
            feature_fps: 1.0,
            has_sound: false,
            overlay: Overlay::default(),
            has_mode_lanes: false,
            filters: Vec::new(),
            data_set_page: DataSetPage::default(),
            author: user_name(),
            mappings: Vec::new(),
        }
    }
}

/// As the system knows the user.
fn user_name() -> String {
    ["USER", "USERNAME", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok()).unwrap_or_default()
}

impl Settings {
    pub fn load(storage: Option<&dyn eframe::Storage>) -> Self {
        storage.and_then(|s| eframe::get_value(s, STORAGE_KEY)).unwrap_or_default()
    }

    /// Puts a session first in the list, once.
    pub fn remember(&mut self, recent: Recent) {
        if recent.files.is_empty() {
            return;
        }
        self.forget(&recent.files);
        self.recent.insert(0, recent);
        self.recent.truncate(RECENT_LIMIT);
    }

    pub fn forget(&mut self, files: &[PathBuf]) {
        self.recent.retain(|r| r.files.first() != files.first());
    }

    /// How a table with these columns was read the last time.
    pub fn mapping_of(&self, header: &[String]) -> Option<&ColumnMapping> {
        self.mappings.iter().find(|(columns, _)| columns == header).map(|(_, mapping)| mapping)
    }

    pub fn remember_mapping(&mut self, header: Vec<String>, mapping: ColumnMapping) {
        self.mappings.retain(|(columns, _)| *columns != header);
        self.mappings.push((header, mapping));
        if self.mappings.len() > MAPPINGS_LIMIT {
            self.mappings.remove(0);
        }
    }

    pub fn remember_query(&mut self, text: &str) {
        self.query_history.retain(|q| q != text);
        self.query_history.push(text.to_owned());
        if self.query_history.len() > 200 {
            self.query_history.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reopening_a_file_moves_it_to_the_front_instead_of_listing_it_twice() {
        let mut settings = Settings::default();
        for (file, playhead_nanos) in [("a.mp4", 1), ("b.mp4", 2), ("a.mp4", 3)] {
            settings.remember(Recent { files: vec![file.into()], playhead_nanos, ..Recent::default() });
        }
        let first: Vec<_> = settings.recent.iter().map(|r| (r.files[0].clone(), r.playhead_nanos)).collect();
        assert_eq!(first, [("a.mp4".into(), 3), ("b.mp4".into(), 2)]);
    }
}
