//! Files out: pictures and tables.

pub mod caption;
pub mod image;
pub mod table;
