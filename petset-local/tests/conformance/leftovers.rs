//! Pods outlive their node, and must not outlive their case.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Every other process that has something below a directory open, as pods have their lock.
#[derive(Debug)]
pub(crate) struct Leftovers(PathBuf);

impl Leftovers {
    pub(crate) fn of(dir: &Path) -> Self {
        Self(dir.to_owned())
    }

    /// Ends them.
    pub(crate) fn end(&self) {
        // A dying node may have started one more while the first were ended.
        for _ in 0..100 {
            let holders = self.holders();
            if holders.is_empty() {
                return;
            }
            for pid in holders.into_iter().filter_map(|pid| Pid::from_raw(pid.try_into().ok()?)) {
                // It fails when the process ended by itself, and then nothing is left to do.
                let _ = kill_process(pid, Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn holders(&self) -> Vec<u32> {
        let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(|pid| *pid != std::process::id() && self.is_held_by(*pid)).collect()
    }

    fn is_held_by(&self, pid: u32) -> bool {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        open.filter_map(|entry| std::fs::read_link(entry.path()).ok()).any(|target| target.starts_with(&self.0))
    }
}

impl Drop for Leftovers {
    fn drop(&mut self) {
        self.end();
    }
}

/// Whether a process was started with this text in its environment, as every process of a pod is with its uid, and has not
/// ended.
pub(crate) fn is_marked(mark: &str) -> std::io::Result<bool> {
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // One that has ended meanwhile, or is not ours, has no environment to be seen.
        let Ok(environment) = std::fs::read(format!("/proc/{pid}/environ")) else { continue };
        if environment.windows(mark.len()).any(|window| window == mark.as_bytes()) {
            return Ok(true);
        }
    }
    Ok(false)
}
