//! The OAuth requests that the library makes, in the types of the `oauth2` crate.

mod answer;
mod discovery;
mod par;
mod token;

pub(crate) use answer::{TokenAnswer, refused};
pub(crate) use discovery::{Metadata, discover};
pub(crate) use par::{Asked, DeviceFacts, Link, Proof, request_link};
pub(crate) use token::{TokenFault, exchange_code, refresh, revoke};
