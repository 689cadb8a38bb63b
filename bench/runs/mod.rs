//! One file per measurement.

pub(crate) mod codes;
pub(crate) mod crash;
pub(crate) mod documents;
pub(crate) mod engine;
pub(crate) mod export;
pub(crate) mod limits;
pub(crate) mod lookups;
pub(crate) mod overload;
pub(crate) mod part;
pub(crate) mod passwords;
pub(crate) mod peers;
pub(crate) mod refresh;
pub(crate) mod tool;
