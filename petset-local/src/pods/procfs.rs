//! What `/proc` says: who a process is, and which processes belong to a pod.
//!
//! A process belongs to a pod when it holds an inherited descriptor of the pod's lock file, or carries the pod's mark
//! in the environment that it was started with (some programs close every descriptor in their children).
//!
//! A process is gone when the kernel says that it is not there. When it cannot be looked at for another reason (no
//! descriptor or memory left, an I/O error), that is an error: nothing may be concluded from it. One exception: a process
//! that this one is not permitted to look at is of another user, or has privileges that this one has not and so could not
//! have given to a pod's process. Such processes are on most machines, so they are passed over. Should a pod have got one
//! after all, through a set-user-id program, then the pod's lock still knows it as long as it keeps its descriptors.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::io::Errno;

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
pub(super) fn stat(pid: u32) -> io::Result<Option<Stat>> {
    // Bytes, because a program's name may be any.
    let Some(text) = present(fs::read(format!("/proc/{pid}/stat")))? else { return Ok(None) };
    let stat = parse_stat(&String::from_utf8_lossy(&text));
    let unreadable = || io::Error::new(io::ErrorKind::InvalidData, format!("/proc/{pid}/stat cannot be understood"));
    stat.map(Some).ok_or_else(unreadable)
}

/// What was read about a process; `None` when it is gone.
fn present<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOENT | Errno::SRCH))
}

/// As [`present`], and `None` as well for a process that this one may not look at.
fn visible<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(None),
        read => present(read),
    }
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
    those(|pid| holds(pid, identity))
}

/// Whether `pid` still holds an inherited descriptor of the file at `path`.
pub(super) fn still_holds(pid: u32, path: &Path) -> io::Result<bool> {
    let Some(file) = present(fs::metadata(path))? else { return Ok(false) };
    holds(pid, (file.dev(), file.ino()))
}

/// The pids of the processes that carry a mark that begins with `mark`.
pub(super) fn marked(mark: &str) -> io::Result<Vec<u32>> {
    those(|pid| has_mark(pid, mark))
}

/// Whether `pid` carries a mark that begins with `mark`.
pub(super) fn has_mark(pid: u32, mark: &str) -> io::Result<bool> {
    let Some(environment) = visible(fs::read(format!("/proc/{pid}/environ")))? else { return Ok(false) };
    Ok(environment.split_inclusive(|&byte| byte == 0).any(|variable| {
        let value = variable.strip_prefix(MARK.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
        value.is_some_and(|value| value.starts_with(mark.as_bytes()))
    }))
}

/// The pids of the other processes that are meant.
fn those(is_meant: impl Fn(u32) -> io::Result<bool>) -> io::Result<Vec<u32>> {
    let own = std::process::id();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let pid = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
        if let Some(pid) = pid.filter(|&pid| pid != own)
            && is_meant(pid)?
        {
            found.push(pid);
        }
    }
    Ok(found)
}

fn holds(pid: u32, identity: (u64, u64)) -> io::Result<bool> {
    let Some(descriptors) = visible(fs::read_dir(format!("/proc/{pid}/fd")))? else { return Ok(false) };
    for descriptor in descriptors {
        let Some(descriptor) = visible(descriptor)? else { return Ok(false) };
        // What cannot be looked at (a file on a lost network, say) is not the lock, which just could be; and whoever has
        // the lock still shows when it is tried.
        let is_it = match fs::metadata(descriptor.path()) {
            Ok(file) => (file.dev(), file.ino()) == identity,
            Err(error) if error.kind() == io::ErrorKind::OutOfMemory => return Err(error),
            Err(_) => false,
        };
        if is_it
            && let Some(number) = descriptor.file_name().to_str()
            && is_inherited(pid, number)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_inherited(pid: u32, descriptor: &str) -> io::Result<bool> {
    let info = visible(fs::read_to_string(format!("/proc/{pid}/fdinfo/{descriptor}")))?;
    let flags = info.as_deref().and_then(|info| info.lines().find_map(|line| line.strip_prefix("flags:")));
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
    Ok(flags.is_some_and(|flags| flags & CLOEXEC == 0))
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
        assert!(stat(std::process::id()).unwrap().is_some_and(|stat| stat.start > 0));
        assert_eq!(holders(file.path()).unwrap(), Vec::<u32>::new());
    }
}
