//! The living processes of a pod or of one of its containers, found by what they inherited.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use super::cell::Cell;
use super::process::Process;
use super::procfs::{has_mark, holders, marked, stat, still_holds};

/// The living processes of the pod. They are verified after being opened, so a signal reaches no other process.
pub(super) fn of_pod(cell: &Cell) -> io::Result<Vec<Process>> {
    let lock = cell.paths.lock();
    let found = find(&lock, &format!("{}/", cell.uid))?;
    let mut found: BTreeMap<_, _> = found.into_iter().map(|process| (process.id().pid, process)).collect();
    let recorded: Vec<_> = cell.record().containers.iter().filter_map(|container| container.process).collect();
    for id in recorded {
        if let Some(process) = Process::find(id)?.filter(Process::is_running) {
            found.insert(id.pid, process);
        }
    }
    Ok(found.into_values().collect())
}

/// The living processes of one container, of any of its runs, and of commands that were run in it: they end with it, as
/// what it started itself does.
pub(super) fn of_container(cell: &Cell, container: &str) -> io::Result<Vec<Process>> {
    let lock = cell.paths.container_lock(container);
    let mark = mark_of_container(cell, container);
    find(&lock, &mark)
}

/// Whether a process lives that carries the mark of `container`, of any of its runs. Such a process may have closed the
/// descriptor that would hold the container's lock.
pub(super) fn is_marked(cell: &Cell, container: &str) -> io::Result<bool> {
    let mark = mark_of_container(cell, container);
    Ok(!verified(marked(&mark)?, |pid| has_mark(pid, &mark))?.is_empty())
}

/// The living processes that hold `lock` or carry `mark`.
fn find(lock: &Path, mark: &str) -> io::Result<Vec<Process>> {
    let pids: BTreeSet<u32> = holders(lock)?.into_iter().chain(marked(mark)?).collect();
    verified(pids, |pid| Ok(still_holds(pid, lock)? || has_mark(pid, mark)?))
}

/// Opens processes, and looks again at what was opened: a signal reaches no other process.
fn verified(
    pids: impl IntoIterator<Item = u32>,
    belongs: impl Fn(u32) -> io::Result<bool>,
) -> io::Result<Vec<Process>> {
    let mut found = Vec::new();
    for pid in pids {
        if let Some(process) = Process::of_pid(pid)?
            && belongs(pid)?
            && process.is_running()
        {
            found.push(process);
        }
    }
    Ok(found)
}

/// The process that `container` was started as in this run, found without its pid: the first that leads a process group.
/// What an earlier run left behind carries that run's number. Only holders of the container's lock count: a command that
/// was run in the container leads a group and carries the mark as well, and never has that lock.
pub(super) fn leader_of(cell: &Cell, container: &str, run: u32) -> io::Result<Option<Process>> {
    let mark = mark(cell, container, run) + "\0";
    let lock = cell.paths.container_lock(container);
    let leads =
        |pid| Ok(still_holds(pid, &lock)? && has_mark(pid, &mark)? && stat(pid)?.is_some_and(|stat| stat.group == pid));
    Ok(verified(holders(&lock)?, leads)?.into_iter().min_by_key(|process| process.id().start))
}

/// The mark of the processes of one run of a container, and of the commands that are run in it meanwhile.
pub(super) fn mark(cell: &Cell, container: &str, run: u32) -> String {
    mark_of_container(cell, container) + &run.to_string()
}

/// What the marks of all runs of a container begin with.
fn mark_of_container(cell: &Cell, container: &str) -> String {
    format!("{}/{container}/", cell.uid)
}
