//! The programs of a container that its engine does not know to run, where this machine shows them.
//!
//! They are found by the container's id, which is the name of their control group, and signalled through handles: another
//! program that got a number meanwhile is never meant.

#[cfg(target_os = "linux")]
pub(super) use linux::{end, shows};

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;

    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    /// The engine's ids are so long; anything shorter could stand in another name.
    const ID: usize = 64;

    /// Sends the polite signal, or the hard one, to all programs of a container that this process may see and signal; says
    /// how many there were. Blocks for a moment.
    pub(in super::super) fn end(container: &str, hard: bool) -> usize {
        let signal = if hard { Signal::KILL } else { Signal::TERM };
        processes().filter(|pid| is_of(*pid, container) && send(*pid, container, signal)).count()
    }

    /// Whether this machine shows a program of a container, or the supervisor that the engine made for it. Blocks for a moment.
    pub(in super::super) fn shows(container: &str) -> bool {
        processes().any(|pid| is_of(pid, container) || supervises(pid, container))
    }

    fn processes() -> impl Iterator<Item = i32> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
    }

    fn is_of(pid: i32, container: &str) -> bool {
        let groups = fs::read_to_string(format!("/proc/{pid}/cgroup"));
        container.len() == ID && groups.is_ok_and(|groups| groups.contains(container))
    }

    fn supervises(pid: i32, container: &str) -> bool {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        is_supervisor(&line, container)
    }

    /// Whether a process was called as the supervisor of this container. The id alone may also stand in the command line of
    /// a client.
    fn is_supervisor(line: &[u8], container: &str) -> bool {
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        let name = words[0].rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        name.starts_with(b"containerd-shim") && words.windows(2).any(|pair| pair == [b"-id", container.as_bytes()])
    }

    fn send(pid: i32, container: &str, signal: Signal) -> bool {
        let handle = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        // Looked at again: the number may have been another's before there was a handle.
        handle.is_some_and(|handle| is_of(pid, container) && pidfd_send_signal(&handle, signal).is_ok())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn s1_a_supervisor_is_told_from_a_client_of_another_machine() {
            let supervisor = b"/usr/bin/containerd-shim-runc-v2\0-namespace\0moby\0-id\0abcd\0-address\0/run/x\0";
            assert!(is_supervisor(supervisor, "abcd"));
            assert!(!is_supervisor(supervisor, "abc") && !is_supervisor(b"", "abcd"));
            assert!(!is_supervisor(b"docker\0exec\0-id\0abcd\0sh\0", "abcd"));
        }
    }
}

/// No other system shows the programs of containers.
#[cfg(not(target_os = "linux"))]
pub(super) fn shows(_container: &str) -> bool {
    false
}

/// No other system shows the programs of containers.
#[cfg(not(target_os = "linux"))]
pub(super) fn end(_container: &str, _hard: bool) -> usize {
    0
}
