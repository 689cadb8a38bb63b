//! Masks tokens in every log line, as the last step.

use std::io::{self, Write};
use std::sync::Arc;

use tracing_subscriber::fmt::MakeWriter;

use crate::domain::token_mask::mask;

/// Creates writers that mask tokens. The formatter writes each event in one piece.
pub(super) struct Masked<M> {
    inner: M,
    prefix: Arc<str>,
}

impl<M> Masked<M> {
    /// `prefix` is the token prefix of this deployment.
    pub(super) fn new(inner: M, prefix: &str) -> Self {
        Self { inner, prefix: prefix.into() }
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Masked<M> {
    type Writer = MaskedWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        MaskedWriter { inner: self.inner.make_writer(), prefix: self.prefix.clone() }
    }
}

pub(super) struct MaskedWriter<W> {
    inner: W,
    prefix: Arc<str>,
}

impl<W: Write> Write for MaskedWriter<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(text);
        self.inner.write_all(mask(&line, &self.prefix).as_bytes())?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
