//! The trace of a run: every request, effect and answer with its virtual time, as lines and as one number.

use std::fmt::{self, Write as _};
use std::time::Duration;

/// The trace of a run.
#[derive(Debug)]
pub(super) struct Trace {
    hash: u64,
    line: String,
    /// The lines themselves, where somebody wants to read them.
    lines: Option<Vec<String>>,
}

impl Trace {
    pub(super) fn new(told: bool) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, line: String::new(), lines: told.then(Vec::new) }
    }

    /// Adds a line.
    pub(super) fn add(&mut self, at: Duration, what: fmt::Arguments<'_>) {
        self.line.clear();
        // Writing to a string cannot fail.
        let _ = write!(self.line, "{:>6}.{:03} s  {what}", at.as_secs(), at.subsec_millis());
        // FNV-1a: the same number on every machine and with every release of the compiler.
        for byte in self.line.bytes().chain([b'\n']) {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if let Some(lines) = &mut self.lines {
            lines.push(self.line.clone());
        }
    }

    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    pub(super) fn take_lines(&mut self) -> Vec<String> {
        self.lines.as_mut().map(std::mem::take).unwrap_or_default()
    }
}
