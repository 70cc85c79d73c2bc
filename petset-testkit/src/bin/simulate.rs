//! The simulation as a program: `simulate [ci|nightly|quick|seeds|flaws|count|seed N|scenario NAME [FAULTS]]`.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

#[cfg(feature = "flaws")]
use petset_testkit::simulate::Flaw;
use petset_testkit::simulate::{Fault, Plan, Run, Scenario, scenarios, sizes};

const USAGE: &str = "simulate [ci|nightly|quick|seeds|flaws|count|seed N|scenario NAME [FAULTS]]";

fn main() -> io::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let size = arguments.next();
    let (first, second) = (arguments.next(), arguments.next().unwrap_or_default());
    let wanted = std::env::var("PETSET_SEED").ok();
    let out = &mut io::stdout().lock();
    match (size.as_deref(), first) {
        (None, None) if wanted.is_some() => replay_seed(out, &wanted.unwrap_or_default()),
        (Some("seed"), Some(seed)) => replay_seed(out, &seed),
        (Some("scenario"), Some(name)) => match (scenarios::named(&name), second.parse::<Plan>()) {
            (Some(scenario), Ok(plan)) => tell(out, &Run::new(scenario, plan)),
            (None, _) => {
                let known = [scenarios::all(), scenarios::shapes()].concat();
                let names: Vec<&str> = known.iter().map(|scenario| scenario.name).collect();
                refuse(&format!("no scenario is called `{name}`; there are: {}", names.join(" ")))
            }
            (_, Err(error)) => refuse(&error),
        },
        (Some("flaws"), None) => flaws(out),
        (Some("quick"), None) => whole(out, &[Part::Singles, Part::Seeds(300)]),
        (Some("seeds"), None) => whole(out, &[Part::Seeds(20_000)]),
        (Some("ci") | None, None) => whole(out, &[Part::Singles, Part::Pairs, Part::Seeds(20_000)]),
        (Some("nightly"), None) => whole(out, &[Part::Singles, Part::EveryPair, Part::Seeds(200_000)]),
        (Some("count"), None) => count(out),
        _ => refuse(USAGE),
    }
}

fn refuse(why: &str) -> io::Result<ExitCode> {
    writeln!(io::stderr(), "simulate: {why}")?;
    Ok(ExitCode::from(2))
}

fn replay_seed(out: &mut impl Write, seed: &str) -> io::Result<ExitCode> {
    match seed.parse() {
        Ok(seed) => tell(out, &sizes::seed(seed)),
        Err(_) => refuse(&format!("`{seed}` is no seed")),
    }
}

/// One run with its whole trace.
fn tell(out: &mut impl Write, run: &Run) -> io::Result<ExitCode> {
    let outcome = run.go(true);
    writeln!(out, "seed {}, scenario {}: {}", run.seed, run.scenario.name, run.plan)?;
    for (number, line) in outcome.trace.iter().enumerate() {
        writeln!(out, "{:>6}. {line}", number + 1)?;
    }
    writeln!(out, "hash {:016x}", outcome.hash)?;
    match outcome.broken {
        Some(broken) => {
            writeln!(out, "broken: {broken}")?;
            Ok(ExitCode::FAILURE)
        }
        None => Ok(ExitCode::SUCCESS),
    }
}

/// The end of a failed run, and how to repeat it.
fn story(out: &mut impl Write, run: &Run) -> io::Result<()> {
    const LINES: usize = 40;
    let outcome = run.go(true);
    let Some(broken) = outcome.broken else {
        return writeln!(out, "not broken when it was repeated: {}", run.command());
    };
    writeln!(out, "\n{broken}\n  seed {}, scenario {}, faults: {}", run.seed, run.scenario.name, run.plan)?;
    for fault in &outcome.injected {
        writeln!(out, "  fault: {fault}")?;
    }
    let from = outcome.trace.len().saturating_sub(LINES);
    for (number, line) in outcome.trace.iter().enumerate().skip(from) {
        writeln!(out, "  {:>5}. {line}", number + 1)?;
    }
    writeln!(out, "  again: {}", run.command())
}

/// What is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Every scenario without faults, and with every single one.
    Singles,
    /// Every pair of every kind in the small scenarios, of [`sizes::PAIRED`] in the large ones.
    Pairs,
    /// Every pair of every kind.
    EveryPair,
    /// So many seeds.
    Seeds(u64),
}

/// Every scenario, and whether it is one of the small ones.
fn known() -> impl Iterator<Item = (Scenario, bool)> {
    let large = scenarios::all().into_iter().map(|scenario| (scenario, false));
    scenarios::shapes().into_iter().map(|scenario| (scenario, true)).chain(large)
}

/// The kinds of which every pair is tried.
fn paired(parts: &[Part], is_small: bool) -> Option<&'static [Fault]> {
    if parts.contains(&Part::EveryPair) || is_small && parts.contains(&Part::Pairs) {
        return Some(Fault::ALL);
    }
    parts.contains(&Part::Pairs).then_some(sizes::PAIRED)
}

/// How many runs pairs are, without running them: of every kind, and of those that come in pairs in large scenarios.
fn count(out: &mut impl Write) -> io::Result<ExitCode> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    writeln!(out, "{:<30} {:>12} {:>12}", "pairs", "every kind", "some kinds")?;
    for (scenario, _) in known() {
        let [every, some] = [Fault::ALL, sizes::PAIRED].map(|kinds| sizes::pairs(&scenario, kinds, threads).len());
        writeln!(out, "{:<30} {every:>12} {some:>12}", scenario.name)?;
        out.flush()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn whole(out: &mut impl Write, parts: &[Part]) -> io::Result<ExitCode> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let begin = Instant::now();
    let mut all = sizes::Tally::default();
    writeln!(
        out,
        "{:<30} {:>8} {:>12} {:>9} {:>8} {:>10} {:>7} {:>8}",
        "what", "runs", "requests", "faults", "passes", "to goal", "failed", "seconds"
    )?;
    let mut row = |out: &mut dyn Write, what: &str, runs: &[Run]| -> io::Result<()> {
        let begin = Instant::now();
        let tally = sizes::all(runs, threads);
        let sizes::Tally { runs, requests, faults, most, failed, .. } = &tally;
        let (passes, time, seconds) = (most.passes, most.time.as_secs_f64(), begin.elapsed().as_secs_f64());
        writeln!(
            out,
            "{what:<30} {runs:>8} {requests:>12} {faults:>9} {passes:>8} {time:>8.0} s {failed:>7} {seconds:>8.1}"
        )?;
        out.flush()?;
        all.join(tally);
        Ok(())
    };
    for (scenario, is_small) in known() {
        if parts.contains(&Part::Singles) {
            let idled = Run { is_idled: true, ..Run::new(scenario.clone(), Plan::Quiet) };
            row(out, &format!("{} quiet", scenario.name), &[idled])?;
            row(out, &format!("{} singles", scenario.name), &sizes::singles(&scenario))?;
        }
        if let Some(kinds) = paired(parts, is_small) {
            row(out, &format!("{} pairs", scenario.name), &sizes::pairs(&scenario, kinds, threads))?;
        }
    }
    let seeds = parts.iter().find_map(|part| if let Part::Seeds(seeds) = part { Some(*seeds) } else { None });
    let seeds = seeds.unwrap_or_default();
    row(out, "seeds", &sizes::seeds(0..seeds))?;
    let same = sizes::seeds(0..seeds / 100).iter().all(|run| run.go(false).hash == run.go(true).hash);
    let missed = sizes::missed(&all.hits);
    for run in &all.failures {
        story(out, run)?;
    }
    for (fault, place) in &missed {
        writeln!(out, "never hit: {fault} at {place}")?;
    }
    // Chance promises no place; trying every fault at every place does.
    let must_hit_all = parts.contains(&Part::Singles);
    if !missed.is_empty() && !must_hit_all {
        writeln!(out, "that is no failure of seeds alone: only a run with the single faults promises every site")?;
    }
    for (gap, runs) in &all.gaps {
        writeln!(out, "known not to hold: {gap}, in {runs} runs")?;
    }
    if !same {
        writeln!(out, "a seed did not give the same trace twice")?;
    }
    let (runs, failed, seconds) = (all.runs, all.failed, begin.elapsed().as_secs_f64());
    let hash = sizes::seed(0).go(false).hash;
    writeln!(out, "{runs} runs, {failed} failed, {} sites never hit, {seconds:.0} s", missed.len())?;
    writeln!(out, "the first hundredth of the seeds ran twice; the trace of seed 0 is {hash:016x}")?;
    let sites = missed.is_empty() || !must_hit_all;
    Ok(if failed == 0 && sites && same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(not(feature = "flaws"))]
fn flaws(_out: &mut impl Write) -> io::Result<ExitCode> {
    refuse("seeded mistakes are not built in; build with the feature `flaws`")
}

#[cfg(feature = "flaws")]
fn flaws(out: &mut impl Write) -> io::Result<ExitCode> {
    let mut wrong = 0;
    for flaw in Flaw::ALL.iter().copied() {
        if let Some((seed, broken)) = sizes::find(flaw, 5_000) {
            writeln!(out, "{flaw:<24} found with seed {seed}: {broken}")?;
        } else {
            wrong += 1;
            writeln!(out, "{flaw:<24} not found by {}", flaw.breaks())?;
        }
    }
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
