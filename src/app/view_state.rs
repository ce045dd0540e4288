//! What the panels keep for themselves: zoom, half-typed text, open overlays.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::command::{HelpPage, PanelId};
use super::dialogs::{DIAGNOSTICS, PathRequest};
use super::panels::MapTextures;
use super::recent::RecentLook;
use crate::time::MediaTime;
use crate::video::Thumbnail;
use crate::view::mapping_form::MappingForm;
use crate::view::timeline::TimelineView;
use crate::view::video::{Hover, VideoView};

#[derive(Default)]
pub struct ViewState {
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
}

/// The search box of a data set, and where its table was scrolled to.
#[derive(Default)]
pub struct DataSetView {
    pub search: String,
    pub wants_focus: bool,
    /// The row that was brought into view last.
    pub scrolled_to: Option<usize>,
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
}

impl PathBox {
    pub fn new(request: PathRequest) -> Self {
        let text = match &request {
            PathRequest::Open | PathRequest::OpenFolder | PathRequest::Import | PathRequest::Questions => {
                String::new()
            }
            PathRequest::SaveDiagnostics => DIAGNOSTICS.to_owned(),
            PathRequest::SaveScreenshot { name, .. } | PathRequest::SaveResults(name, _) => name.clone(),
        };
        Self { request, text }
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
