//! Setup of a new deployment.

pub mod form;
