//! Log lines, on the standard error stream.

use std::error::Error;
use std::fmt::Write as _;
use std::io;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::arguments::{Arguments, LogFormat};

/// From now on log lines are written as the arguments say.
pub(crate) fn start(arguments: &Arguments) {
    let lines = fmt::layer().with_writer(io::stderr);
    let lines = match arguments.log_format {
        LogFormat::Text => lines.with_ansi(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(arguments.log.clone())).init();
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.contains(&cause) {
            // A string takes everything.
            let _ = write!(text, ": {cause}");
        }
        source = error.source();
    }
    text
}
