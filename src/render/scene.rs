//! One picture as plain data: what is in it and how it is looked at.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Colormap;
use crate::gaze::Heatmap;
use crate::video::Frame;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HeatMode {
    #[default]
    Off,
    Predicted,
    Recorded,
    Both,
    /// Predicted minus recorded, each over its peak.
    Difference,
}

impl HeatMode {
    pub const ALL: [Self; 5] = [Self::Off, Self::Predicted, Self::Recorded, Self::Both, Self::Difference];

    pub fn label(self) -> &'static str {
        match self {
            Self::Off => "No heatmap",
            Self::Predicted => "Predicted",
            Self::Recorded => "Recorded",
            Self::Both => "Both",
            Self::Difference => "Difference",
        }
    }
}

/// Predicted on the left, recorded on the right.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Compare {
    #[default]
    Off,
    /// Split at this fraction of the picture's width.
    Wipe(f32),
    SideBySide,
}

/// A dot or ring over the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// Fraction of the shown picture, origin top-left.
    pub pos: [f32; 2],
    /// In pixels of the shown picture.
    pub radius: f32,
    /// Line width of a ring in pixels; 0 draws a dot.
    pub line: f32,
    /// Straight alpha.
    pub rgba: [f32; 4],
}

/// A few letters beside a place in the picture. The compositor leaves them to whoever has a font: the
/// window and the export draw them alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Fraction of the shown picture, origin top-left.
    pub pos: [f32; 2],
    /// Height of the letters in pixels of the shown picture.
    pub height: f32,
    pub text: String,
    /// Straight alpha.
    pub rgba: [f32; 4],
}

/// Which part of the picture fills the viewport.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewpoint {
    /// Fraction of the picture in the middle of the viewport.
    pub centre: [f32; 2],
    /// 1 fits the whole picture.
    pub zoom: f32,
}

impl Default for Viewpoint {
    fn default() -> Self {
        Self { centre: [0.5, 0.5], zoom: 1.0 }
    }
}

impl Viewpoint {
    /// Top-left corner and size of the viewport in fractions of the picture; parts outside 0..1 are
    /// margin.
    pub fn window(self, picture: [f32; 2], viewport: [f32; 2]) -> [f32; 4] {
        let fit = (viewport[0] / picture[0]).min(viewport[1] / picture[1]) * self.zoom;
        let size = [0, 1].map(|i| viewport[i] / (picture[i] * fit).max(1e-6));
        [self.centre[0] - size[0] / 2.0, self.centre[1] - size[1] / 2.0, size[0], size[1]]
    }
}

#[derive(Clone)]
pub struct Scene {
    pub frame: Arc<Frame>,
    /// Shown width and height in pixels: rotation and pixel aspect applied.
    pub display_size: [u32; 2],
    pub predicted: Option<Arc<Heatmap>>,
    pub recorded: Option<Arc<Heatmap>>,
    pub heat: HeatMode,
    pub opacity: f32,
    /// Fraction of the peak below which nothing is drawn.
    pub threshold: f32,
    pub colormap: Colormap,
    pub compare: Compare,
    pub marks: Vec<Mark>,
    pub labels: Vec<Label>,
    pub viewpoint: Viewpoint,
    pub background: [f32; 3],
}

impl Scene {
    /// Whether a heatmap is drawn: asked for, and there.
    pub fn has_heat(&self) -> bool {
        let (predicted, recorded) = (self.predicted.is_some(), self.recorded.is_some());
        match self.heat {
            HeatMode::Off => false,
            HeatMode::Predicted => predicted,
            HeatMode::Recorded => recorded,
            HeatMode::Both => predicted || recorded,
            HeatMode::Difference => predicted && recorded,
        }
    }

    /// The bare picture.
    pub fn of_frame(frame: Arc<Frame>, display_size: [u32; 2]) -> Self {
        Self {
            frame,
            display_size,
            predicted: None,
            recorded: None,
            heat: HeatMode::Off,
            opacity: 0.6,
            threshold: 0.15,
            colormap: Colormap::default(),
            compare: Compare::Off,
            marks: Vec::new(),
            labels: Vec::new(),
            viewpoint: Viewpoint::default(),
            background: [0.0; 3],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_viewport_leaves_margins_left_and_right() {
        let [x, y, w, h] = Viewpoint::default().window([100.0, 100.0], [200.0, 100.0]);
        assert_eq!((x, y, w, h), (-0.5, 0.0, 2.0, 1.0));
    }
}
