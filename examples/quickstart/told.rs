//! Telling: each step is a live line while it runs, and a checked statement when it is over.

use std::fmt::Display;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// The teller of the story.
pub(crate) struct Told {
    started: Instant,
    bar: ProgressBar,
}

impl Told {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        let style =
            ProgressStyle::with_template("      {spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        bar.set_style(style);
        bar.enable_steady_tick(Duration::from_millis(80));
        Self { started: Instant::now(), bar }
    }

    /// A heading.
    pub(crate) fn chapter(&self, title: &str) {
        self.line(&format!("\n{title}"));
    }

    /// What is going on, until the next line.
    pub(crate) fn now(&self, what: impl Display) {
        self.bar.set_message(what.to_string());
    }

    /// Something that was seen.
    pub(crate) fn seen(&self, what: impl Display) {
        self.line(&format!("{:>5.1}s ✓ {what}", self.started.elapsed().as_secs_f64()));
    }

    /// How long the story has taken.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Takes the live line away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn line(&self, text: &str) {
        // Where nobody looks (no terminal) the bar prints nothing, and the lines must still be there.
        if self.bar.is_hidden() { println!("{text}") } else { self.bar.println(text) }
    }
}
