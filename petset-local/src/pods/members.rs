//! The living processes of a pod or of one of its containers, found by what they inherited.

use std::collections::BTreeMap;
use std::io;

use super::cell::Cell;
use super::process::Process;
use super::procfs::{has_mark, holders, marked, stat, still_holds};

/// The living processes of the pod. They are verified after being opened, so a signal reaches no other process.
pub(super) fn of_pod(cell: &Cell) -> io::Result<Vec<Process>> {
    let lock = cell.paths.lock();
    let mark = format!("{}/", cell.uid);
    let mut found = BTreeMap::new();
    for pid in holders(&lock)?.into_iter().chain(marked(&mark)?) {
        if let Some(process) = Process::of_pid(pid)
            && (still_holds(pid, &lock) || has_mark(pid, &mark))
        {
            found.insert(pid, process);
        }
    }
    let recorded: Vec<_> = cell.record().containers.iter().filter_map(|container| container.process).collect();
    for process in recorded.into_iter().filter_map(Process::find) {
        found.insert(process.id().pid, process);
    }
    Ok(found.into_values().filter(Process::is_running).collect())
}

/// The living processes of one container.
pub(super) fn of_container(cell: &Cell, container: &str) -> io::Result<Vec<Process>> {
    let lock = cell.paths.container_lock(container);
    let opened = holders(&lock)?.into_iter().filter_map(Process::of_pid);
    Ok(opened.filter(|process| still_holds(process.id().pid, &lock) && process.is_running()).collect())
}

/// The process that `container` was started as in this run, found without its pid: the first that leads a process group.
/// What an earlier run left behind carries that run's number.
pub(super) fn leader_of(cell: &Cell, container: &str, run: u32) -> io::Result<Option<Process>> {
    let mark = mark(cell, container, run) + "\0";
    let leads = |process: &Process| {
        let pid = process.id().pid;
        has_mark(pid, &mark) && stat(pid).is_some_and(|stat| stat.group == pid)
    };
    Ok(of_container(cell, container)?.into_iter().filter(leads).min_by_key(|process| process.id().start))
}

/// The mark of the processes of one run of a container.
pub(super) fn mark(cell: &Cell, container: &str, run: u32) -> String {
    format!("{}/{container}/{run}", cell.uid)
}
