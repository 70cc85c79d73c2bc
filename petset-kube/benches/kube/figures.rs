//! What was measured, and how it is printed.

use std::time::Duration;

use crate::audit::Requests;
use crate::contestant::Contestant;
use crate::process::Memory;

/// What one controller cost while something was done.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) wall: Duration,
    pub(crate) requests: Requests,
    /// What the stand-in for the nodes and this program asked for meanwhile.
    pub(crate) others: u64,
    pub(crate) cpu: Duration,
    pub(crate) memory: Memory,
}

/// The same work, done by both.
#[derive(Debug)]
pub(crate) struct Row {
    name: String,
    /// Nothing is done, so that it takes as long as it is looked at.
    is_at_rest: bool,
    theirs: Option<Figures>,
    ours: Option<Figures>,
}

/// At most so much of theirs.
const TARGETS: [(&str, f64); 4] = [("wall", 1.0), ("requests", 0.6), ("cpu", 0.5), ("peak", 0.35)];

impl Figures {
    pub(crate) const HEADINGS: &'static str = "what                                   who                       wall (s)  requests  \
        others'  cpu (s)  resident (MiB)  peak (MiB)";

    fn line(&self, name: &str, contestant: Contestant) -> String {
        let Self { wall, requests, others, cpu, memory } = self;
        format!(
            "{name:<38} {:<24} {:>9.2} {:>9} {others:>8} {:>8.2} {:>15.1} {:>11.1}",
            contestant.name(),
            wall.as_secs_f64(),
            requests.total(),
            cpu.as_secs_f64(),
            float(memory.now) / 1024.0,
            float(memory.peak) / 1024.0,
        )
    }

    /// In the order of the targets.
    fn measures(&self) -> [f64; 4] {
        let Self { wall, requests, others: _, cpu, memory } = self;
        [wall.as_secs_f64(), float(requests.total()), cpu.as_secs_f64(), float(memory.peak)]
    }
}

/// A number that is none of the very large ones.
fn float(number: u64) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

impl Row {
    pub(crate) const HEADINGS: &'static str = "ours / theirs                            wall <= 1.00      requests <= 0.60  \
        cpu <= 0.50       peak <= 0.35";

    pub(crate) fn new(name: String) -> Self {
        Self { name, is_at_rest: false, theirs: None, ours: None }
    }

    pub(crate) fn at_rest(name: String) -> Self {
        Self { is_at_rest: true, ..Self::new(name) }
    }

    /// Takes in what one of the two cost, and prints it.
    pub(crate) fn add(&mut self, contestant: Contestant, figures: Figures) {
        println!("{}", figures.line(&self.name, contestant));
        match contestant {
            Contestant::Theirs => self.theirs = Some(figures),
            Contestant::Ours => self.ours = Some(figures),
        }
    }

    /// What both asked for, by verb and resource.
    pub(crate) fn print_requests(&self) {
        let (Some(theirs), Some(ours)) = (&self.theirs, &self.ours) else { return };
        println!("{}: requests of kube-controller-manager and of petset-controller", self.name);
        let mut names: Vec<&String> = theirs.requests.0.keys().chain(ours.requests.0.keys()).collect();
        names.sort();
        names.dedup();
        for name in names {
            println!("  {name:<36} {:>8} {:>8}", theirs.requests.of(name), ours.requests.of(name));
        }
        println!();
    }

    /// What ours cost of what theirs did, and whether that is as little as it should be.
    pub(crate) fn print_ratios(&self) {
        let (Some(theirs), Some(ours)) = (&self.theirs, &self.ours) else { return };
        let both = theirs.measures().into_iter().zip(ours.measures()).zip(TARGETS);
        let cells = both.map(|((theirs, ours), (measure, target))| {
            if self.is_at_rest && measure == "wall" {
                return format!("{:>6} {:<10}", "-", "");
            }
            let word = if ours <= theirs * target { "met" } else { "MISSED" };
            let ratio = if theirs > 0.0 { format!("{:.2}", ours / theirs) } else { "-".to_owned() };
            format!("{ratio:>6} {word:<10}")
        });
        println!("{:<40} {}", self.name, cells.collect::<Vec<_>>().join(" "));
    }
}
