//! The first start.

pub mod form;
