//! What all operations share: the directories, the options, the records, and one lock around them.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use petset_core::backend::{Claim, ClaimPhase, Hints};
use petset_core::{Error, ErrorKind, Result, SetKey};

use super::claimed::Claimed;
use super::options::{BUILT_IN, StaticVolume, VolumeOptions};
use super::record::{Binding, ClaimRecord, Identity};
use super::state::{Slot, State};
use super::{disk, record, state};
use crate::files;

#[derive(Debug)]
pub(super) struct Core {
    pub(super) dir: PathBuf,
    pub(super) options: VolumeOptions,
    pub(super) classes: BTreeMap<String, PathBuf>,
    pub(super) state: Mutex<State>,
    pub(super) hints: Hints,
    claimed: Claimed,
    _lock: File,
}

impl Core {
    pub(super) fn open(dir: &Path, options: VolumeOptions) -> Result<Self> {
        options.check()?;
        let failed = |error| files::failed("open volumes", dir, error);
        files::create_durably(&dir.join(BUILT_IN)).map_err(failed)?;
        let dir = dir.canonicalize().map_err(failed)?;
        let lock = lock(&dir.join("lock"))?;
        let mut classes = options.classes.clone();
        classes.insert(BUILT_IN.to_owned(), dir.join(BUILT_IN));
        let state = State::load(&dir)?;
        let claimed = claim_directories(&options, &state)?;
        disk::remove_later(classes.values().flat_map(|class| disk::leftovers(class)).collect());
        let core = Self { dir, options, classes, state: Mutex::new(state), hints: Hints::new(), claimed, _lock: lock };
        core.bind_pending();
        Ok(core)
    }

    /// The directories of one class or pre-made volume are used by one node at a time; those of this node's own
    /// directory are below its lock.
    pub(super) fn secure(&self, dir: &Path) -> Result<()> {
        if dir.starts_with(&self.dir) { Ok(()) } else { self.claimed.take(dir) }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A panic inside cannot leave half a change: memory is changed after the disk, by one insertion or removal.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn changed(&self, set: &SetKey) {
        self.hints.changed(set);
    }

    pub(super) fn claim_path(&self, identity: &Identity) -> PathBuf {
        let Identity { set, name, template: _, ordinal: _ } = identity;
        self.dir.join("claims").join(&*set.namespace).join(&*set.name).join(format!("{name}.json"))
    }

    pub(super) fn pool_path(&self, volume: &str) -> PathBuf {
        self.dir.join("pool").join(format!("{volume}.json"))
    }

    pub(super) fn volume_path(&self, binding: &Binding) -> PathBuf {
        self.dir.join(&binding.path)
    }

    /// Puts the record on disk, then in memory.
    pub(super) fn save(&self, state: &mut State, claim: ClaimRecord) -> Result<()> {
        record::write(&self.claim_path(&claim.identity), &claim)?;
        let set = claim.identity.set.clone();
        state.insert(set.clone(), claim.identity.name.clone(), Slot::Known(Box::new(claim)));
        self.changed(&set);
        Ok(())
    }

    pub(super) fn list(&self, set: &SetKey) -> Result<Vec<Claim>> {
        let mut state = self.state();
        self.finish_all(&mut state, Some(set));
        Self::read_again(&mut state, set)?;
        let Some(claims) = state.sets.get(set) else { return Ok(Vec::new()) };
        let known = claims.values().filter_map(|slot| match slot {
            Slot::Known(claim) => Some(claim),
            Slot::Unreadable(_) => None,
        });
        known.map(|claim| observe(&self.dir, claim)).collect()
    }

    /// Records that could not be read are read again: somebody may have mended or removed them. Any that still cannot is
    /// an error. Where one was removed, the mark on the volume still keeps the volume for the same claim.
    fn read_again(state: &mut State, set: &SetKey) -> Result<()> {
        let unreadable = |(name, slot): (&String, &Slot)| match slot {
            Slot::Unreadable(path) => Some((name.clone(), path.clone())),
            Slot::Known(_) => None,
        };
        let all: Vec<_> = state.sets.get(set).into_iter().flatten().filter_map(unreadable).collect();
        for (name, path) in all {
            match state::load_claim(&path, set, &name)? {
                Some(claim) => state.insert(set.clone(), name, Slot::Known(Box::new(claim))),
                None => state.remove(set, &name),
            }
        }
        Ok(())
    }

    /// The directory behind a claim that is bound, present and not on its way out.
    pub(super) fn directory(&self, set: &SetKey, name: &str) -> Result<PathBuf> {
        let refused = |kind, message: &str| {
            Error::new(kind, "use a claim").with_context("set", set).with_context("claim", name).with_message(message)
        };
        let state = self.state();
        let Some(claim) = state.known(set, name) else {
            return Err(refused(ErrorKind::NotFound, "there is no such claim, or its record cannot be read"));
        };
        let binding = match (&claim.binding, claim.deleting) {
            (_, true) => return Err(refused(ErrorKind::Conflict, "it is being deleted")),
            (None, false) => return Err(refused(ErrorKind::Unavailable, "it is not bound to a volume yet")),
            (Some(binding), false) => binding,
        };
        let volume = self.volume_path(binding);
        if let Some(problem) = disk::lost(&volume, binding, &claim.uid)? {
            return Err(refused(ErrorKind::Unavailable, &problem));
        }
        match self.classes.get(&binding.class) {
            _ if binding.pooled => self.secure(&volume)?,
            Some(class) => self.secure(class)?,
            None => {}
        }
        let data = disk::data_of(&volume);
        let real = data.canonicalize().map_err(|error| files::failed("use a claim", &data, error))?;
        if !binding.pooled && !self.classes.values().any(|class| is_below(&real, class)) {
            return Err(refused(ErrorKind::Forbidden, "its directory leads out of every class's directory"));
        }
        Ok(real)
    }
}

/// Takes every directory that was given from outside. One that is not there, or where no lock can be made, is taken
/// before it is first used: its disk may not be mounted yet.
/// Nothing is written where a volume that was given is missing: that is the place for its disk.
fn claim_directories(options: &VolumeOptions, state: &State) -> Result<Claimed> {
    let claimed = Claimed::default();
    let is_there =
        |volume: &&StaticVolume| !state.pool.contains_key(&volume.name) || disk::marker_of(&volume.path).exists();
    let pool = options.pool.iter().filter(is_there).map(|volume| &volume.path);
    for dir in options.classes.values().chain(pool) {
        let Ok(dir) = dir.canonicalize() else { continue };
        match claimed.take(&dir) {
            Err(error) if error.kind() == ErrorKind::Locked => return Err(error),
            Err(error) => {
                tracing::warn!(error = %error.chain(), "no lock, the directory is not used until there is one");
            }
            Ok(()) => {}
        }
    }
    Ok(claimed)
}

fn is_below(path: &Path, class: &Path) -> bool {
    class.canonicalize().is_ok_and(|class| path.starts_with(class))
}

/// The claim as it is now.
pub(super) fn observe(dir: &Path, record: &ClaimRecord) -> Result<Claim> {
    let Identity { set, template, ordinal, name } = record.identity.clone();
    let (phase, message) = match (&record.binding, record.deleting) {
        (_, true) => (ClaimPhase::Terminating, None),
        (None, false) => (ClaimPhase::Pending, record.message.clone()),
        (Some(binding), false) => match disk::lost(&dir.join(&binding.path), binding, &record.uid)? {
            None => (ClaimPhase::Bound, None),
            Some(problem) => (ClaimPhase::Lost, Some(problem)),
        },
    };
    let binding = record.binding.as_ref();
    Ok(Claim {
        set,
        template,
        ordinal,
        name,
        uid: record.uid.clone(),
        owner: record.owner.clone(),
        phase,
        volume: binding.map(|binding| binding.volume.clone()),
        capacity_bytes: binding.map(|binding| binding.capacity_bytes),
        storage_class: binding.map(|binding| binding.class.clone()).or_else(|| record.spec.storage_class_name.clone()),
        message,
    })
}

fn lock(path: &Path) -> Result<File> {
    let failed = |error| files::failed("open volumes", path, error);
    let file = File::options().create(true).append(true).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::new(ErrorKind::Locked, "open volumes")
            .with_context("path", path.display())
            .with_message("another process has them open; one at a time may")),
        Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}
