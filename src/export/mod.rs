//! Files out: pictures and tables.

pub mod caption;
pub mod image;
mod ink;
pub mod table;
