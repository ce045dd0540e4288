//! The window: eframe glue and nothing else.
//!
//! Each frame reads the state, draws, and collects wishes in the outbox; `update` applies them.

mod actions;
mod annotate;
mod asking;
mod columns;
mod command;
mod dataset;
mod dialogs;
mod events;
mod evidence;
mod export;
mod gaze_session;
mod graphics;
mod keep;
mod looping;
mod marks;
mod menu;
mod model_card;
mod notices;
mod opening;
mod panels;
mod performance;
mod picture;
mod place;
mod queries;
mod recent;
mod refresh;
mod settings;
mod state;
mod tasks;
mod training;
mod update;
mod view_state;
mod work;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use command::{AppCommand, Command, LayoutPreset, PanelId, QueryCommand, SessionCommand};
use dialogs::PathRequest;
use model_card::ModelCard;
use settings::Settings;
use state::AppState;
use tasks::{Done, TaskKind, Tasks};
use view_state::{PaletteText, SideTab, ViewState};
use work::Layout;

pub use actions::{ACTIONS, Action};
pub use keep::Places;
pub use performance::{FrameCost, Performance, Spread};

use crate::grounding::GazeMode;
use crate::nn::ops::take_memory_early;
use crate::playback::{PlaybackCommand, PlaybackStats};
use crate::render::Compositor;
use crate::time::{FrameIdx, MediaTime};
use crate::view::video::PictureTarget;
use crate::view::{fonts, theme};

/// What the command line asks of the window.
#[derive(Clone, Debug, Default)]
pub struct Startup {
    pub files: Vec<PathBuf>,
    pub query: Option<String>,
    pub gaze_mode: GazeMode,
    pub at: Option<MediaTime>,
    /// Where notes and pictures are kept; nowhere by default.
    pub places: Places,
}

pub struct App {
    state: AppState,
    view: ViewState,
    /// Reused every frame; empty between frames.
    outbox: Vec<Command>,
    /// Waits for the clip to be open.
    startup: Startup,
    wall_secs: f64,
    /// As the window's title says it.
    title: String,
}

/// What the first frames take for letters, lists and textures.
const FIRST_FRAMES_BYTES: usize = 32 << 20;

/// Opens the window and stays in it until it is closed.
pub fn run(startup: Startup) -> anyhow::Result<()> {
    eframe::run_native("gazenlq", window_options(), Box::new(|cc| Ok(Box::new(App::new(cc, startup)))))
        .map_err(|error| anyhow::anyhow!("no window could be opened: {error}"))
}

/// Size, icon and graphics of the window.
pub fn window_options() -> eframe::NativeOptions {
    eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("GazeNLQ")
            .with_app_id("gazenlq")
            .with_inner_size([1280.0, 800.0])
            .with_min_inner_size([800.0, 500.0])
            .with_icon(icon())
            .with_drag_and_drop(true),
        wgpu_options: graphics::options(),
        // there are no gradients in the window, and without a GPU it costs time
        dithering: false,
        ..Default::default()
    }
}

fn icon() -> egui::IconData {
    // a file of the program; a test reads it
    eframe::icon_data::from_png_bytes(include_bytes!("../../assets/icon.png")).unwrap_or_default()
}

impl App {
    pub fn new(cc: &eframe::CreationContext<'_>, startup: Startup) -> Self {
        take_memory_early(FIRST_FRAMES_BYTES);
        let settings = Settings::load(cc.storage);
        fonts::install(&cc.egui_ctx);
        // what was laid out for the first time is seen a frame later, instead of doing the frame twice
        cc.egui_ctx.options_mut(|options| options.max_passes = NonZeroUsize::MIN);
        theme::apply(&cc.egui_ctx, settings.theme);
        let ctx = cc.egui_ctx.clone();
        let tasks = Tasks::new(Arc::new(move || ctx.request_repaint()));
        let mut state = AppState::new(tasks, settings, startup.places.clone());
        state.queries.mode = startup.gaze_mode;
        let mut outbox = Vec::new();
        if !startup.files.is_empty() {
            outbox.push(SessionCommand::Open(startup.files.clone()).into());
        }
        if let Some(render) = &cc.wgpu_render_state {
            render.renderer.write().callback_resources.insert(PictureTarget(render.target_format));
        }
        recent::look(&mut state);
        let mut view = ViewState::default();
        view.timeline.options = state.settings.timeline.clone();
        Self { state, view, outbox, startup, wall_secs: 0.0, title: String::new() }
    }

    /// Finished jobs and fresh frames; runs also while the window is hidden.
    fn receive(&mut self) {
        for finished in self.state.tasks.poll() {
            if let Some(command) = update::finish(&mut self.state, finished) {
                self.outbox.push(command);
            }
        }
        evidence::begin_if_due(&mut self.state);
        refresh::refresh(&mut self.state);
        if let Some(player) = &mut self.state.player {
            player.receive();
            if let Some(failure) = player.take_sound_failure() {
                self.state.settings.has_sound = false;
                self.state.notices.warning(failure.to_string());
            }
            if let Some(text) = self.startup.query.take() {
                self.outbox.push(QueryCommand::Ask(text).into());
            }
            if let Some(at) = self.startup.at.take() {
                self.outbox.push(PlaybackCommand::Seek(at).into());
            }
            if let Some(range) = self.state.restored_view.take() {
                self.view.timeline.show(range);
            }
        }
    }

    /// Applies everything asked for since the last frame.
    fn settle(&mut self, ctx: &egui::Context) {
        if self.outbox.is_empty() {
            return;
        }
        for command in std::mem::take(&mut self.outbox) {
            if let Some(command) = update::apply(&mut self.state, command, self.wall_secs) {
                self.apply_window(command, ctx);
            }
        }
        ctx.request_repaint();
    }

    fn apply_window(&mut self, command: AppCommand, ctx: &egui::Context) {
        let (state, view) = (&mut self.state, &mut self.view);
        let preset = match &command {
            AppCommand::Layout(preset) => Some(*preset),
            _ => None,
        };
        match command {
            AppCommand::Screenshot { has_caption } => {
                let name = export::suggested_name(state, ".png");
                dialogs::ask(state, PathRequest::SaveScreenshot { name, has_caption });
            }
            AppCommand::ScreenshotTo { path, has_caption } => {
                if let Some(scene) = picture::scene(state, view.video.viewpoint, [0.0; 3]) {
                    let caption = has_caption.then(|| picture::caption(state, &scene));
                    let provenance = picture::provenance(state);
                    export::screenshot(state, scene, caption, provenance, path);
                }
            }
            AppCommand::CopyPicture => {
                if let Some(scene) = picture::scene(state, view.video.viewpoint, [0.0; 3]) {
                    export::copy(state, scene);
                }
            }
            AppCommand::Clipboard(picture) => {
                let size = [picture.width() as usize, picture.height() as usize];
                ctx.copy_image(egui::ColorImage::from_rgba_unmultiplied(size, picture.as_raw()));
                state.notices.info("The picture is on the clipboard");
            }
            AppCommand::ExportResults(format) => {
                let name = export::suggested_name(state, &format!(".{}", format.extension()));
                dialogs::ask(state, PathRequest::SaveResults(name, format));
            }
            AppCommand::ExportResultsTo(path, format) => export::results(state, path, format),
            AppCommand::SaveAs(request) => dialogs::ask(state, request),
            AppCommand::DataSetPage(page) => {
                state.settings.data_set_page = page;
                state.settings.is_session_panel_open = true;
            }
            AppCommand::PathBox(request) => view.path_box = Some(view_state::PathBox::new(request)),
            AppCommand::FetchModels => evidence::fetch_models(state),
            AppCommand::ToggleSound => looping::toggle_sound(state),
            AppCommand::Theme(choice) => {
                state.settings.theme = choice;
                theme::apply(ctx, choice);
            }
            AppCommand::ToggleFullscreen => {
                let is_full = ctx.input(|i| i.viewport().fullscreen.unwrap_or(false));
                ctx.send_viewport_cmd(egui::ViewportCommand::Fullscreen(!is_full));
            }
            AppCommand::TogglePanel(panel) => {
                let settings = &mut state.settings;
                settings.is_picture_alone = false;
                let is_open = match panel {
                    PanelId::Question => return,
                    PanelId::Session => &mut settings.is_session_panel_open,
                    PanelId::Results => &mut settings.is_results_panel_open,
                    PanelId::Timeline => &mut settings.is_timeline_open,
                };
                *is_open ^= true;
            }
            AppCommand::TogglePalette => {
                view.palette = if view.palette.is_some() { None } else { Some(PaletteText::default()) };
            }
            AppCommand::ToggleTemplates => {
                view.templates = if view.templates.is_some() { None } else { Some(PaletteText::default()) };
            }
            AppCommand::ToggleSettings => view.is_settings_open ^= true,
            AppCommand::ToggleHelp(page) => {
                view.help = if view.help == Some(page) { None } else { Some(page) };
            }
            AppCommand::ToggleModelCard => {
                view.is_model_card_open ^= true;
                if view.is_model_card_open {
                    let is_for_trained = state.is_for_trained;
                    state.model_card = None;
                    state.tasks.start(TaskKind::ModelCard, move |ctx| {
                        let card = if is_for_trained { ModelCard::trained } else { ModelCard::light };
                        Ok(Done::ModelCard(card(ctx)?))
                    });
                }
            }
            AppCommand::ToggleNotices => view.is_history_open ^= true,
            AppCommand::FocusLane(lane) => state.focused_lane = lane,
            AppCommand::NextPanel(by) => {
                view.last_panel = panels::neighbour(&state.settings, view.last_panel, by);
                view.wants_panel = Some(view.last_panel);
            }
            AppCommand::Layout(preset) => panels::arrange(&mut state.settings, ctx, preset),
            AppCommand::ScaleUi(by) => {
                let scale = if by == 0.0 { 1.0 } else { ctx.zoom_factor() + by };
                ctx.set_zoom_factor((scale.clamp(0.5, 3.0) * 10.0).round() / 10.0);
            }
            AppCommand::FeatureRate(fps) => state.settings.feature_fps = fps.clamp(0.1, 10.0),
            AppCommand::ToggleModeLanes => state.settings.has_mode_lanes ^= true,
            AppCommand::Diagnostics => dialogs::ask(state, PathRequest::SaveDiagnostics),
            AppCommand::DiagnosticsTo(path) => export::diagnostics(state, path),
            AppCommand::CopyText(text) => {
                state.notices.info(format!("Copied: {text}"));
                ctx.copy_text(text);
            }
            AppCommand::FocusQuery => {
                state.settings.is_picture_alone = false;
                view.query.wants_focus = true;
            }
            AppCommand::TogglePerformance => view.is_performance_open ^= true,
            AppCommand::FocusSearch => view.dataset.wants_focus = true,
            AppCommand::GoTo => view.go_to = Some(String::new()),
            AppCommand::DismissNotice(id) => state.notices.dismiss(id),
            AppCommand::DismissNotices => state.notices.dismiss_all(),
            AppCommand::TakeOffer(id) => self.outbox.extend(state.notices.take_offer(id)),
            AppCommand::ZoomToSelection => {
                if let Some(range) = state.range_or_moment() {
                    view.timeline.zoom_to(range);
                }
            }
            AppCommand::FitTimeline => view.timeline.fit(),
            AppCommand::ZoomTimeline(factor) => view.timeline.zoom_by(factor),
            AppCommand::LoopSelection => looping::toggle_loop(state, self.wall_secs),
            AppCommand::ResetZoom => view.video.fit(),
            AppCommand::PixelZoom => view.video.show_pixels(),
            AppCommand::ShowSide(tab) => {
                let is_shown = view.annotate.tab == tab && state.settings.is_results_panel_open;
                view.annotate.tab = if is_shown { SideTab::Answer } else { tab };
                state.settings.is_results_panel_open = true;
            }
            AppCommand::FocusOwnText | AppCommand::FocusNote => {
                view.annotate.tab = SideTab::Annotate;
                state.settings.is_results_panel_open = true;
                let is_note = matches!(command, AppCommand::FocusNote);
                (view.annotate.wants_note, view.annotate.wants_text) = (is_note, !is_note);
            }
            AppCommand::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
        }
        if preset == Some(LayoutPreset::Annotate) {
            self.view.annotate.tab = SideTab::Annotate;
        }
    }

    /// The project in the title, and whether it is saved; and no window closes over unsaved changes.
    fn watch_window(&mut self, ctx: &egui::Context) {
        let mut title = "GazeNLQ".to_owned();
        let project = self.state.work.title();
        if !project.is_empty() {
            let sign = if self.state.work.has_unsaved() { "• " } else { "" };
            title = format!("{sign}{project} – {title}");
        }
        if title != self.title {
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title.clone()));
            self.title = title;
        }
        if ctx.input(|i| i.viewport().close_requested())
            && work::asks_first(&mut self.state, &AppCommand::Quit.into())
        {
            ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
        }
    }

    /// For tests: what the window holds.
    pub fn is_idle(&self) -> bool {
        !self.state.tasks.is_computing() && self.state.begins_at_frame.is_none()
    }

    /// What the last frames took.
    pub fn performance(&self) -> &Performance {
        &self.state.performance
    }

    /// What playing the open clip has shown and missed.
    pub fn playback_stats(&self) -> Option<PlaybackStats> {
        self.state.player.as_ref().map(|player| *player.stats())
    }

    /// The picture that is drawn, which may still be behind the playhead.
    pub fn shown_frame(&self) -> Option<FrameIdx> {
        self.state.player.as_ref()?.shown().map(|frame| frame.index)
    }

    /// Does what the action of this name does, with the next frame.
    pub fn act(&mut self, id: &str) {
        if let Some(action) = Action::by_id(id).filter(|action| (action.is_enabled)(&self.state)) {
            self.outbox.push((action.command)(&self.state));
        }
    }
}

/// What the last picture took on its way to the graphics device.
fn upload_time(frame: &eframe::Frame) -> Duration {
    let compositor = |render: &egui_wgpu::RenderState| {
        render.renderer.read().callback_resources.get::<Compositor>().map(Compositor::prepare_time)
    };
    frame.wgpu_render_state().and_then(compositor).unwrap_or_default()
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        let began = Instant::now();
        self.receive();
        self.settle(ctx);
        self.state.performance.add_logic(began.elapsed());
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        let began = Instant::now();
        self.wall_secs = ui.input(|i| i.time);
        if let Some(player) = &mut self.state.player {
            player.tick(self.wall_secs);
        }
        let dropped: Vec<PathBuf> =
            ui.input(|i| i.raw.dropped_files.iter().map(|f| f.path().to_path_buf()).collect());
        if !dropped.is_empty() {
            self.outbox.push(SessionCommand::Open(dropped).into());
        }
        actions::consume_shortcuts(ui.ctx(), &self.state, &mut self.outbox);
        // what a key asks for is in the frame that it came with
        self.settle(ui.ctx());
        panels::show(ui, &self.state, &mut self.view, &mut self.outbox);
        self.state.timeline_visible = self.view.timeline.visible();
        self.settle(ui.ctx());
        if let Some(layout) = self.state.restored_layout.take() {
            let ViewState { timeline, panel_sizes, .. } = &mut self.view;
            layout.restore(&mut self.state.settings, &mut timeline.options, panel_sizes);
            panel_sizes.restore(ui);
        }
        self.view.panel_sizes.follow(ui);
        let layout = Layout::of(&self.state.settings, &self.view.timeline.options, &self.view.panel_sizes);
        work::note_layout(&mut self.state, &layout);
        if ui.ctx().output(egui::PlatformOutput::requested_discard) {
            ui.ctx().request_repaint();
        }
        self.watch_window(ui.ctx());
        if let Some(after) = self.state.notices.expire(std::time::Instant::now()) {
            ui.ctx().request_repaint_after(after);
        }
        if let Some(secs) = self.state.player.as_ref().and_then(crate::playback::Player::wake_in_secs) {
            ui.ctx().request_repaint_after(Duration::from_secs_f64(secs.max(0.0)));
        }
        if self.state.begins_at_frame.is_some() {
            ui.ctx().request_repaint();
        }
        self.state.performance.end_frame(began, began.elapsed(), upload_time(frame));
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        opening::remember(&mut self.state);
        keep::save_and_wait(&mut self.state);
        work::save_quietly(&mut self.state);
        self.state.settings.timeline = self.view.timeline.options.clone();
        self.state.settings.overlay = self.state.overlay.clone();
        eframe::set_value(storage, settings::STORAGE_KEY, &self.state.settings);
    }

    fn on_exit(&mut self) {
        work::close(&mut self.state);
    }
}
