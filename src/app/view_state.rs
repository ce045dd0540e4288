//! What the panels keep for themselves: zoom, half-typed text, open overlays.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::command::{HelpPage, PanelId};
use super::dataset::Film;
use super::dialogs::{DIAGNOSTICS, NEW_PROJECT, PathRequest};
use super::panels::{MapTextures, PanelSizes, Typed};
use super::recent::RecentLook;
use crate::dataset::GazeUse;
use crate::time::MediaTime;
use crate::video::Thumbnail;
use crate::view::mapping_form::MappingForm;
use crate::view::timeline::TimelineView;
use crate::view::video::{Hover, VideoView};

#[derive(Default)]
pub struct ViewState {
    /// The first frame is over.
    pub has_begun: bool,
    pub panel_sizes: PanelSizes,
    pub timeline: TimelineView,
    pub video: VideoView,
    pub hover: Option<Hover>,
    pub query: QueryText,
    pub palette: Option<PaletteText>,
    /// Typed into the search of the template picker while it is open.
    pub templates: Option<PaletteText>,
    pub help: Option<HelpPage>,
    pub is_history_open: bool,
    pub is_settings_open: bool,
    pub is_model_card_open: bool,
    /// The panel that the keyboard is to go to, once.
    pub wants_panel: Option<PanelId>,
    /// Where the keyboard went last.
    pub last_panel: PanelId,
    /// What is searched for among the questions asked.
    pub asked_search: String,
    pub recent_pictures: RecentPictures,
    pub is_performance_open: bool,
    /// Text of the "go to" box while it is open.
    pub go_to: Option<String>,
    pub path_box: Option<PathBox>,
    /// Open while a table waits for its columns.
    pub mapping: Option<MappingForm>,
    pub thumbnails: ThumbnailTextures,
    pub dataset: DataSetView,
    pub training_maps: MapTextures,
    pub annotate: AnnotateView,
}

/// What the panel of the person's own work keeps for itself.
#[derive(Default)]
pub struct AnnotateView {
    pub tab: SideTab,
    /// Text being typed, and of what it is; written down when the box is left.
    pub typed: Option<Typed>,
    pub wants_text: bool,
    pub wants_note: bool,
    /// The tag being made: name and key.
    pub new_tag: String,
}

/// What the right panel shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SideTab {
    /// The answer, or the case.
    #[default]
    Answer,
    Annotate,
    History,
}

/// The search box of a data set, and where its table was scrolled to.
#[derive(Default)]
pub struct DataSetView {
    pub search: String,
    pub wants_focus: bool,
    /// The search box has the keyboard.
    pub is_typing: bool,
    /// The row that was brought into view last.
    pub scrolled_to: Option<usize>,
    /// Which characteristic of the queries the profiles are by.
    pub characteristic: usize,
    /// Typed as the name of a filter to be kept.
    pub filter_name: String,
    pub film: FilmTextures,
    /// Gaze mode in which the network is to be run over the split; its own without.
    pub predict_gaze: Option<GazeUse>,
}

/// Textures of a case's pictures, made once.
#[derive(Default)]
pub struct FilmTextures {
    of: Option<Arc<Film>>,
    /// Plain, with recorded, with predicted gaze; of the true moment, then of the found one.
    strips: [Vec<(MediaTime, egui::TextureHandle)>; 6],
}

impl FilmTextures {
    pub fn update(
        &mut self,
        ctx: &egui::Context,
        film: &Arc<Film>,
    ) -> &[Vec<(MediaTime, egui::TextureHandle)>; 6] {
        if !self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, film)) {
            let upload = |picture: &Thumbnail| {
                let image = egui::ColorImage::from_rgb([picture.width, picture.height], &picture.rgb);
                (picture.time, ctx.load_texture("film", image, egui::TextureOptions::LINEAR))
            };
            let [of_truth, of_found] = &film.gaze;
            let strips = [&film.truth, &of_truth[0], &of_truth[1], &film.found, &of_found[0], &of_found[1]];
            self.strips = strips.map(|strip| strip.iter().map(upload).collect());
            self.of = Some(Arc::clone(film));
        }
        &self.strips
    }
}

/// What is typed into a list of commands, and which line is chosen.
#[derive(Default)]
pub struct PaletteText {
    pub text: String,
    pub chosen: usize,
}

/// The question being typed, and how far back in the history it is.
#[derive(Default)]
pub struct QueryText {
    pub text: String,
    pub history_back: usize,
    pub wants_focus: bool,
    /// Letters to be selected once the box has the focus: a slot to be typed over.
    pub selection: Option<std::ops::Range<usize>>,
}

pub struct PathBox {
    pub request: PathRequest,
    pub text: String,
    /// The file that is there already, once the person has been told.
    pub replaces: Option<PathBuf>,
}

impl PathBox {
    pub fn new(request: PathRequest) -> Self {
        let text = match &request {
            PathRequest::Open
            | PathRequest::OpenFolder
            | PathRequest::Import
            | PathRequest::Questions
            | PathRequest::MediaFolder
            | PathRequest::Colleague
            | PathRequest::Merge
            | PathRequest::MergeBase
            | PathRequest::ImportAnnotations => String::new(),
            PathRequest::NewProject => NEW_PROJECT.to_owned(),
            PathRequest::SaveProject(name) | PathRequest::SaveAnnotations(name, _) => name.clone(),
            PathRequest::SaveDiagnostics => DIAGNOSTICS.to_owned(),
            PathRequest::SaveScreenshot { name, .. }
            | PathRequest::SaveResults(name, _)
            | PathRequest::SaveCases(name)
            | PathRequest::SavePredictions(name, _)
            | PathRequest::SaveReport(name) => name.clone(),
        };
        Self { request, text, replaces: None }
    }
}

/// Thumbnails uploaded in one frame: a strip that is there all at once must not hold the window up.
const UPLOADS: usize = 4;

/// Textures of the strip, made once each.
#[derive(Default)]
pub struct ThumbnailTextures {
    of: Option<Arc<Mutex<Vec<Thumbnail>>>>,
    textures: HashMap<MediaTime, egui::TextureHandle>,
}

impl ThumbnailTextures {
    /// Uploads what is new; all of them in time order.
    pub fn update(
        &mut self,
        ctx: &egui::Context,
        strip: Option<&Arc<Mutex<Vec<Thumbnail>>>>,
    ) -> Vec<(MediaTime, egui::TextureId, egui::Vec2)> {
        let Some(strip) = strip else {
            *self = Self::default();
            return Vec::new();
        };
        if !self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, strip)) {
            *self = Self { of: Some(Arc::clone(strip)), textures: HashMap::new() };
        }
        let pictures = strip.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for picture in pictures.iter().skip(self.textures.len()).take(UPLOADS) {
            let image = egui::ColorImage::from_rgb([picture.width, picture.height], &picture.rgb);
            let texture = ctx.load_texture("thumbnail", image, egui::TextureOptions::LINEAR);
            self.textures.insert(picture.time, texture);
        }
        if self.textures.len() < pictures.len() {
            ctx.request_repaint();
        }
        let mut list: Vec<_> = self.textures.iter().map(|(t, x)| (*t, x.id(), x.size_vec2())).collect();
        list.sort_by_key(|(time, ..)| *time);
        list
    }
}

/// Textures of the recent sessions' pictures, made once each.
#[derive(Default)]
pub struct RecentPictures {
    textures: HashMap<PathBuf, (Arc<Thumbnail>, egui::TextureHandle)>,
}

impl RecentPictures {
    pub fn of(&mut self, ctx: &egui::Context, look: &RecentLook) -> Option<egui::TextureHandle> {
        let (first, picture) = (look.files.first()?, look.picture.as_ref()?);
        let known = self.textures.get(first).filter(|(of, _)| Arc::ptr_eq(of, picture));
        if let Some((_, texture)) = known {
            return Some(texture.clone());
        }
        let image = egui::ColorImage::from_rgb([picture.width, picture.height], &picture.rgb);
        let texture = ctx.load_texture("recent", image, egui::TextureOptions::LINEAR);
        self.textures.insert(first.clone(), (Arc::clone(picture), texture.clone()));
        Some(texture)
    }
}
