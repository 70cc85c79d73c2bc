//! The exhaustive search as a program: `explore [quick|ci|nightly|flaws] [part of a name]`.

use std::io::{self, Write};
use std::process::ExitCode;

#[cfg(feature = "flaws")]
use petset_testkit::explore::Flaw;
use petset_testkit::explore::{self, Config, Report};

/// What the whole of `ci` promises: so many distinct states.
const CI_STATES: u64 = 25_000_000;

fn main() -> io::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let size = arguments.next().unwrap_or_else(|| "ci".to_owned());
    let part = arguments.next().unwrap_or_default();
    let mut configs: Vec<Config> = match size.as_str() {
        "quick" => explore::quick(),
        "ci" => explore::ci(),
        "nightly" => explore::nightly(),
        #[cfg(feature = "flaws")]
        "flaws" => Flaw::ALL.iter().copied().map(explore::flawed).collect(),
        #[cfg(not(feature = "flaws"))]
        "flaws" => return refuse("seeded mistakes are not built in; build with the feature `flaws`"),
        _ => return refuse(&format!("no size is called `{size}`; there are: quick ci nightly flaws")),
    };
    let names: Vec<&str> = configs.iter().map(|config| config.name).collect();
    if !names.iter().any(|name| name.contains(&part)) {
        return refuse(&format!("no configuration of {size} has `{part}` in its name; there are: {}", names.join(" ")));
    }
    configs.retain(|config| config.name.contains(&part));
    let mut out = io::stdout().lock();
    let Total { states, wrong, incomplete } = run(&mut out, &configs, size == "flaws", !part.is_empty())?;
    let mut failed = wrong > 0;
    // The searches of the night end at a number of states.
    if size != "nightly" && incomplete > 0 {
        writeln!(out, "{incomplete} searches are not complete")?;
        failed = true;
    }
    if size == "ci" && part.is_empty() && states < CI_STATES {
        writeln!(out, "the searches of ci visit {states} distinct states, and are to visit {CI_STATES} at least")?;
        failed = true;
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn refuse(why: &str) -> io::Result<ExitCode> {
    writeln!(io::stderr(), "explore: {why}")?;
    Ok(ExitCode::from(2))
}

/// What came of all searches together.
struct Total {
    states: u64,
    /// Sound ones that broke a promise, or flawed ones that broke none or another.
    wrong: u32,
    incomplete: u32,
}

/// The promise that a search is to break.
#[cfg(feature = "flaws")]
fn expected(config: &Config) -> Option<&'static str> {
    config.flaw.map(Flaw::breaks)
}

#[cfg(not(feature = "flaws"))]
fn expected(_sound: &Config) -> Option<&'static str> {
    None
}

fn run(out: &mut impl Write, configs: &[Config], are_flawed: bool, tell: bool) -> io::Result<Total> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    writeln!(out, "{}", Report::head())?;
    let mut total = Total { states: 0, wrong: 0, incomplete: 0 };
    let (mut transitions, mut seconds) = (0, 0.0);
    for config in configs {
        let report = explore::explore(config, threads);
        writeln!(out, "{report}")?;
        total.states += report.states;
        transitions += report.transitions;
        seconds += report.seconds;
        let promise = report.found.as_ref().map(|found| found.promise);
        total.wrong += u32::from(promise != expected(config));
        total.incomplete += u32::from(!report.complete);
        if let Some(found) = report.found.filter(|_| !are_flawed || tell) {
            for (at, line) in found.story.iter().enumerate() {
                writeln!(out, "  {:>3}. {line}", at + 1)?;
            }
        }
        out.flush()?;
    }
    let Total { states, wrong, incomplete: _ } = total;
    writeln!(out, "{:<44} {states:>12} {transitions:>14} {:>6} {seconds:>8.1}  {wrong} wrong", "all", "")?;
    Ok(total)
}
