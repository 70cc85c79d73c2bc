//! What a process costs, by the kernel's record.

use std::fs;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;

use crate::Error;

/// A process that runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(pub(crate) u32);

/// Kibibytes of memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) now: u64,
    pub(crate) peak: u64,
}

impl Process {
    /// Time on any core, in the kernel too, with that of children that have ended.
    pub(crate) fn cpu(self) -> Result<Duration, Error> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        // The name before may have anything in it.
        let (_, rest) = text.rsplit_once(')').ok_or("a stat has a name")?;
        let ticks = rest.split_whitespace().skip(11).take(4).map(str::parse::<u64>);
        let millis = ticks.sum::<Result<u64, _>>()? * 1000 / clock_ticks_per_second();
        Ok(Duration::from_millis(millis))
    }

    /// What is resident now, and the most that was since [`forget_peak`](Self::forget_peak).
    pub(crate) fn memory(self) -> Result<Memory, Error> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().nth(1)).ok_or("a status has memory")?;
            Ok::<u64, Error>(number.parse()?)
        };
        Ok(Memory { now: field("VmRSS")?, peak: field("VmHWM")? })
    }

    /// The peak is counted from now on.
    pub(crate) fn forget_peak(self) -> Result<(), Error> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.0), "5")?)
    }
}
