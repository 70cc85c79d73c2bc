//! Starting a container's process, under the gate and with the locks that it inherits.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Stdio;

use command_fds::{CommandFdExt as _, FdMapping};
use petset_core::backend::ContainerState;
use petset_core::{Error, Timestamp};

use super::cell::{Cell, Weight};
use super::fault::disk;
use super::isolation::Isolation;
use super::lock::{Free, Gate, shared};
use super::members;
use super::process::Process;
use super::view::{Plan, command};

/// The descriptors of the two locks in a pod's processes: high, so that they are in no program's way.
pub(super) const PET_LOCK: i32 = 200;
const CONTAINER_LOCK: i32 = 201;

/// Why a container was not started.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The pod is to end.
    Terminating,
    /// Processes of an earlier incarnation, or of an earlier run of this container, still live.
    Occupied,
    /// It failed.
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Starts the container at `index`. Blocks.
pub(super) fn launch(cell: &Cell, isolation: &Isolation, index: usize, plan: &Plan) -> Result<Process, Refusal> {
    let name = cell.container(index).name;
    let gate_path = cell.paths.gate();
    let gate = Gate::take(&gate_path).map_err(|error| disk("lock a pod's gate", &gate_path, error))?;
    if cell.record().termination.is_some() {
        return Err(Refusal::Terminating);
    }
    let pet_lock = take_pet_lock(cell)?;
    let lock_path = cell.paths.container_lock(&name);
    let free = Free::prove(&lock_path).map_err(|error| disk("lock a container", &lock_path, error))?;
    let container_lock = free.ok_or(Refusal::Occupied)?;
    // A process that closed its descriptors shows in no lock.
    let is_marked = members::is_marked(cell, &name);
    if is_marked.map_err(|error| disk("look for processes", Path::new("/proc"), error))? {
        return Err(Refusal::Occupied);
    }
    let container_lock = container_lock.share().map_err(|error| disk("lock a container", &lock_path, error))?;

    let process = spawn(cell, isolation, &name, plan, [pet_lock, container_lock])?;
    cell.note(|record| {
        let container = &mut record.containers[index];
        container.process = Some(process.id());
        container.problem = None;
        container.state = ContainerState::Waiting {
            reason: "ContainerCreating".to_owned(),
            message: "the container is being started".to_owned(),
        };
    });
    drop(gate);
    Ok(process)
}

/// The pod's lock, shared. The first time only with the kernel's word that no earlier incarnation lives; from then on
/// whoever holds it belongs to this one, because nobody else can be created while it is on record.
fn take_pet_lock(cell: &Cell) -> Result<File, Refusal> {
    let path = cell.paths.lock();
    let fault = |error| disk("lock a pod", &path, error);
    if cell.record().fenced {
        return shared(&path).map_err(fault)?.ok_or(Refusal::Occupied);
    }
    let free = Free::prove(&path).map_err(fault)?.ok_or(Refusal::Occupied)?;
    cell.change(Weight::Durable, |record| record.fenced = true)?;
    Ok(free.share().map_err(fault)?)
}

fn spawn(cell: &Cell, isolation: &Isolation, name: &str, plan: &Plan, locks: [File; 2]) -> Result<Process, Error> {
    let report = cell.paths.failure(name);
    File::create(&report).map_err(|error| disk("make a file of a pod", &report, error))?;
    let [stdout, stderr] = [cell.paths.stdout(name), cell.paths.stderr(name)].map(|path| log(&path));
    let mut command = command(isolation, plan, &report, &cell.paths.view());
    command.stdin(Stdio::null()).stdout(stdout?).stderr(stderr?).process_group(0);
    let [pet, container] = locks;
    let mappings = vec![
        FdMapping { parent_fd: pet.into(), child_fd: PET_LOCK },
        FdMapping { parent_fd: container.into(), child_fd: CONTAINER_LOCK },
    ];
    command.fd_mappings(mappings).expect("the two descriptors differ");
    let spawned = command.spawn();
    let fault = |operation, error| disk(operation, Path::new(command.get_program()), error);
    let child = spawned.map_err(|error| fault("start a process", error))?;
    // Nobody has waited for the child, so its pid is still its own. When it cannot be opened now, it is found by its lock
    // later.
    let opened = Process::of_pid(child.id()).map_err(|error| fault("open a process", error))?;
    opened.ok_or_else(|| fault("open a process", io::ErrorKind::NotFound.into()))
}

/// A log is only ever appended to, so that it can be cut short while it is written.
fn log(path: &Path) -> Result<Stdio, Error> {
    let file = File::options().append(true).create(true).mode(0o640).open(path);
    Ok(file.map_err(|error| disk("open a log", path, error))?.into())
}

/// Notes that the program runs.
pub(super) fn note_running(cell: &Cell, index: usize, ready: bool) {
    cell.note(|record| {
        let container = &mut record.containers[index];
        container.started = true;
        container.ready = ready && !container.init;
        container.state = ContainerState::Running { started_at: Timestamp::now() };
        record.waiting = None;
    });
}
