//! What `/proc` says: who a process is, and which processes belong to a pod.
//!
//! A process belongs to a pod when it holds an inherited descriptor of the pod's lock file, or carries the pod's mark
//! in the environment that it was started with (some programs close every descriptor in their children).

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// In the environment of every process of a pod: `<uid>/<container>/<run>`.
pub(super) const MARK: &str = "PETSET_PROCESS_OF";

/// `O_CLOEXEC` as `/proc/<pid>/fdinfo` prints it. A descriptor with it is in a process that is between fork and exec;
/// it is about to vanish and says nothing about whom the process belongs to.
const CLOEXEC: u32 = 0o2_000_000;

/// The part of `/proc/<pid>/stat` that is needed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    /// `R`, `S`, `Z`, …
    pub(super) state: char,
    /// The process group.
    pub(super) group: u32,
    /// When the process started, in ticks since boot: with the pid it names the process.
    pub(super) start: u64,
}

/// What the kernel says about `pid`; `None` when there is no such process.
pub(super) fn stat(pid: u32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse_stat(text: &str) -> Option<Stat> {
    // The second field is the program's name in parentheses, which may itself hold blanks and parentheses.
    let mut fields = text.get(text.rfind(')')? + 1..)?.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let group = fields.nth(1)?.parse().ok()?;
    let start = fields.nth(16)?.parse().ok()?;
    Some(Stat { state, group, start })
}

/// Names this boot of the machine: pids and start times of another boot mean nothing.
pub(super) fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// The pids of the processes that hold an inherited descriptor of the file at `path`.
pub(super) fn holders(path: &Path) -> io::Result<Vec<u32>> {
    let file = match fs::metadata(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let identity = (file.dev(), file.ino());
    Ok(pids()?.filter(|&pid| holds(pid, identity)).collect())
}

/// Whether `pid` still holds an inherited descriptor of the file at `path`.
pub(super) fn still_holds(pid: u32, path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| holds(pid, (file.dev(), file.ino())))
}

/// The pids of the processes that carry a mark that begins with `mark`.
pub(super) fn marked(mark: &str) -> io::Result<Vec<u32>> {
    Ok(pids()?.filter(|&pid| has_mark(pid, mark)).collect())
}

/// Whether `pid` carries a mark that begins with `mark`.
pub(super) fn has_mark(pid: u32, mark: &str) -> bool {
    let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else { return false };
    environment.split_inclusive(|&byte| byte == 0).any(|variable| {
        let value = variable.strip_prefix(MARK.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
        value.is_some_and(|value| value.starts_with(mark.as_bytes()))
    })
}

fn pids() -> io::Result<impl Iterator<Item = u32>> {
    let own = std::process::id();
    Ok(fs::read_dir("/proc")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter(move |&pid| pid != own))
}

fn holds(pid: u32, identity: (u64, u64)) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    descriptors.filter_map(Result::ok).any(|descriptor| {
        fs::metadata(descriptor.path()).is_ok_and(|file| (file.dev(), file.ino()) == identity)
            && descriptor.file_name().to_str().is_some_and(|number| is_inherited(pid, number))
    })
}

fn is_inherited(pid: u32, descriptor: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/fdinfo/{descriptor}")).is_ok_and(|info| {
        info.lines()
            .find_map(|line| line.strip_prefix("flags:"))
            .and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok())
            .is_some_and(|flags| flags & CLOEXEC == 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_cannot_lie_about_its_start_through_its_name() {
        let text = "12 (a) S 1 2 (b c)) S 1 77 77 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4242 0 0";
        assert_eq!(parse_stat(text), Some(Stat { state: 'S', group: 77, start: 4242 }));
        assert_eq!(parse_stat("12 (a"), None);
        assert_eq!(parse_stat("12 (a) S 1"), None);
    }

    #[test]
    fn own_process_is_known_and_never_counted() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(stat(std::process::id()).is_some_and(|stat| stat.start > 0));
        assert_eq!(holders(file.path()).unwrap(), Vec::<u32>::new());
    }
}
