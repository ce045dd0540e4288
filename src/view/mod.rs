//! Data in, drawing and wishes out: widgets that know no app state and no thread.

pub mod charts;
pub mod controls;
pub mod fonts;
pub mod fuzzy;
pub mod icons;
pub mod labels;
pub mod legend;
pub mod mapping_form;
pub mod moments;
pub mod notices;
pub mod performance;
pub mod theme;
pub mod timeline;
pub mod video;
