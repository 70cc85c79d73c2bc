//! The exhaustive search as a program: `explore [quick|ci|nightly|flaws] [part of a name]`.

use std::io::{self, Write};
use std::process::ExitCode;

use petset_testkit::explore::{self, Config, Flaw, Report};

fn main() -> io::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let size = arguments.next().unwrap_or_else(|| "ci".to_owned());
    let part = arguments.next().unwrap_or_default();
    let (configs, good): (Vec<Config>, bool) = match size.as_str() {
        "quick" => (explore::quick(), true),
        "ci" => (explore::ci(), true),
        "nightly" => (explore::nightly(), true),
        "flaws" => (Flaw::ALL.into_iter().map(explore::flawed).collect(), false),
        _ => {
            writeln!(io::stderr(), "explore: no size is called `{size}`; there are: quick ci nightly flaws")?;
            return Ok(ExitCode::from(2));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut out = io::stdout().lock();
    writeln!(out, "{}", Report::head())?;
    let (mut states, mut transitions, mut seconds, mut wrong) = (0, 0, 0.0, 0);
    for config in configs.iter().filter(|config| config.name.contains(&part)) {
        let report = explore::explore(config, threads);
        writeln!(out, "{report}")?;
        states += report.states;
        transitions += report.transitions;
        seconds += report.seconds;
        wrong += u32::from(report.found.is_some() == good);
        if let Some(found) = report.found.filter(|_| good || !part.is_empty()) {
            for (at, line) in found.story.iter().enumerate() {
                writeln!(out, "  {:>3}. {line}", at + 1)?;
            }
        }
        out.flush()?;
    }
    writeln!(out, "{:<44} {states:>12} {transitions:>14} {:>6} {seconds:>8.1}  {wrong} wrong", "all", "")?;
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
