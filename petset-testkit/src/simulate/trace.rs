//! The trace of a run: every request, effect and answer with its virtual time, as lines and as one number.

use std::fmt::{self, Write as _};
use std::time::Duration;

/// How much of its trace a run keeps. To write its lines is a part of the work of a run, and most runs are only judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Nothing.
    Nothing,
    /// The number that stands for it.
    Hash,
    /// The lines too.
    Lines,
}

/// The trace of a run.
#[derive(Debug)]
pub(super) struct Trace {
    keep: Keep,
    hash: u64,
    line: String,
    lines: Vec<String>,
}

impl Trace {
    pub(super) fn new(keep: Keep) -> Self {
        Self { keep, hash: 0xcbf2_9ce4_8422_2325, line: String::new(), lines: Vec::new() }
    }

    /// Adds a line.
    pub(super) fn add(&mut self, at: Duration, what: fmt::Arguments<'_>) {
        if self.keep == Keep::Nothing {
            return;
        }
        self.line.clear();
        // Writing to a string cannot fail.
        let _ = write!(self.line, "{:>6}.{:03} s  {what}", at.as_secs(), at.subsec_millis());
        // FNV-1a: the same number on every machine and with every release of the compiler.
        for byte in self.line.bytes().chain([b'\n']) {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if self.keep == Keep::Lines {
            self.lines.push(self.line.clone());
        }
    }

    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    pub(super) fn take_lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }
}
