//! Which faults a run meets.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::fault::{Fault, Place};

/// Which faults a run meets.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Plan {
    /// None.
    #[default]
    Quiet,
    /// Each at the request, or the hint, of this number. Requests and hints are counted apart, over all controllers of
    /// the run.
    At(Vec<(u64, Fault)>),
    /// Some, drawn from the run's seed.
    Drawn(Swizzle),
}

/// Faults by chance: each run has kinds of its own, so that some runs see one kind often and others all of them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Swizzle {
    /// The kinds.
    pub kinds: BTreeSet<Fault>,
    /// How many of a thousand requests or hints meet one.
    pub per_mille: u32,
    /// Within a storm every request that can be overtaken is; of a thousand requests so many begin one.
    pub storms_per_mille: u32,
}

impl Swizzle {
    /// Draws which kinds a run has, and how often.
    pub(super) fn draw(rng: &mut fastrand::Rng) -> Self {
        let share = rng.u32(1..=3);
        let kinds = Fault::ALL.iter().copied().filter(|_| rng.u32(0..4) < share).collect();
        let per_mille = [5, 20, 60, 150][rng.usize(0..4)];
        Self { kinds, per_mille, storms_per_mille: if rng.bool() { 0 } else { 5 } }
    }

    /// What happens here.
    pub(super) fn at(&self, place: Place, rng: &mut fastrand::Rng) -> Option<Fault> {
        if rng.u32(0..1000) >= self.per_mille {
            return None;
        }
        let legal: Vec<Fault> = self.kinds.iter().copied().filter(|fault| fault.is_legal(place)).collect();
        // A controller that does nothing but die shows little: half of the crashes are spared.
        rng.choice(legal).filter(|fault| !fault.is_crash() || rng.bool())
    }
}

impl FromStr for Plan {
    type Err = String;

    /// Reads what [`Plan::At`] prints, for example `late@12,crash-after@40`; nothing is no fault.
    fn from_str(text: &str) -> Result<Self, String> {
        let one = |text: &str| {
            let (fault, number) = text.split_once('@').ok_or_else(|| format!("`{text}` is not <fault>@<number>"))?;
            let number = number.parse().map_err(|_| format!("`{number}` is no number"))?;
            Ok((number, fault.parse()?))
        };
        if text.is_empty() {
            return Ok(Self::Quiet);
        }
        text.split(',').map(one).collect::<Result<_, String>>().map(Self::At)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quiet => Ok(()),
            Self::At(faults) => {
                for (index, (number, fault)) in faults.iter().enumerate() {
                    write!(f, "{}{fault}@{number}", if index == 0 { "" } else { "," })?;
                }
                Ok(())
            }
            Self::Drawn(Swizzle { kinds, per_mille, storms_per_mille }) => {
                let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
                write!(f, "{per_mille} of 1000: {}", kinds.join(" "))?;
                if *storms_per_mille > 0 { f.write_str(", and storms of conflicts") } else { Ok(()) }
            }
        }
    }
}
