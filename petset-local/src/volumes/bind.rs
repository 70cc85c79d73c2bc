//! Finding or making the volume of a claim.

use std::path::{Path, PathBuf};

use petset_core::backend::{Claim, ClaimRequest, Created};
use petset_core::spec::Quantity;
use petset_core::{Error, ErrorKind, Result, SetKey};

use super::core::{Core, observe};
use super::options::{BUILT_IN, StaticVolume};
use super::record::{self, Binding, ClaimRecord, Given, Marker};
use super::state::{Slot, State};
use super::{disk, name, pool, space};
use crate::files;

/// What came of looking for a volume.
enum Bound {
    To(Binding),
    /// Nothing fits, and why.
    NotYet(String),
}

impl Core {
    pub(super) fn provision(&self, request: ClaimRequest) -> Result<Created<Claim>> {
        name::check_request(&request)?;
        let mut state = self.state();
        if let Some(set) = state.set_of(&request.set.namespace, &request.name) {
            let set = set.clone();
            return self.known(&mut state, &set, &request).map(Created::AlreadyThere);
        }
        let wanted = request.spec.storage().and_then(Quantity::bytes).filter(|bytes| *bytes > 0);
        if wanted.is_none() {
            return Err(Error::new(ErrorKind::Invalid, "claim a volume")
                .with_context("claim", &request.name)
                .with_message("spec.resources.requests.storage is no amount above zero"));
        }
        let mut claim = ClaimRecord::new(request);
        self.bind(&mut state, &mut claim, true)?;
        let seen = observe(&self.dir, &claim)?;
        self.save(&mut state, claim)?;
        Ok(Created::New(seen))
    }

    fn known(&self, state: &mut State, set: &SetKey, request: &ClaimRequest) -> Result<Claim> {
        let foreign = || {
            Error::new(ErrorKind::AlreadyExists, "claim a volume")
                .with_context("claim", &request.name)
                .with_message(format!("the name is that of a claim of another identity, of set {set}"))
        };
        let claim = match state.get(set, &request.name) {
            Some(Slot::Known(claim)) if claim.identity.is_of(request) => claim,
            Some(Slot::Unreadable(path)) if *set == request.set => return Err(record::corrupt(path)),
            _ => return Err(foreign()),
        };
        if claim.binding.is_some() || claim.deleting {
            return observe(&self.dir, claim);
        }
        let mut claim = (**claim).clone();
        let before = claim.message.clone();
        self.bind(state, &mut claim, false)?;
        let seen = observe(&self.dir, &claim)?;
        if claim.binding.is_some() || claim.message != before {
            self.save(state, claim)?;
        }
        Ok(seen)
    }

    /// Tries every pending claim again: the pool or the classes changed.
    pub(super) fn bind_pending(&self) {
        let mut state = self.state();
        let pending: Vec<ClaimRecord> = state
            .sets
            .values()
            .flat_map(|claims| claims.values())
            .filter_map(|slot| match slot {
                Slot::Known(claim) if claim.binding.is_none() && !claim.deleting => Some((**claim).clone()),
                Slot::Known(_) | Slot::Unreadable(_) => None,
            })
            .collect();
        for mut claim in pending {
            let before = claim.message.clone();
            if let Err(error) = self.bind(&mut state, &mut claim, false) {
                claim.message = Some(error.chain().to_string());
            }
            if claim.binding.is_none() && claim.message == before {
                continue;
            }
            let name = claim.identity.name.clone();
            if let Err(error) = self.save(&mut state, claim) {
                tracing::warn!(claim = name, error = %error.chain(), "pending claim not recorded");
            }
        }
    }

    /// Gives `claim` its volume, or the message why there is none. The volume says whose it is before this returns. A
    /// claim that is `new` takes over the life that an earlier, interrupted try wrote on a volume.
    fn bind(&self, state: &mut State, claim: &mut ClaimRecord, new: bool) -> Result<()> {
        let wanted = claim.spec.storage().and_then(Quantity::bytes).unwrap_or(u64::MAX);
        match self.find(state, claim, wanted, new)? {
            Bound::To(binding) => {
                claim.binding = Some(binding);
                claim.message = None;
            }
            Bound::NotYet(message) => claim.message = Some(message),
        }
        Ok(())
    }

    fn find(&self, state: &mut State, claim: &mut ClaimRecord, wanted: u64, new: bool) -> Result<Bound> {
        if let Some((volume, given)) = interrupted(state, claim) {
            if new {
                claim.uid = given.marker.uid.clone();
            }
            return self.take(&volume, &given, wanted);
        }
        let class = claim.spec.storage_class_name.clone().unwrap_or_else(|| self.options.default_class.clone());
        let mut problems = Vec::new();
        for volume in pool::fitting(&self.options.pool, &state.pool, &claim.spec, &class, wanted) {
            match self.give(state, volume, claim, wanted, new)? {
                bound @ Bound::To(_) => return Ok(bound),
                Bound::NotYet(problem) => problems.push(problem),
            }
        }
        let only_pool = class.is_empty() || claim.spec.selector.is_some() || claim.spec.volume_name.is_some();
        if let Some(root) = self.classes.get(&class).filter(|_| !only_pool) {
            return self.make(&class, root, claim, wanted, new).map(Bound::To);
        }
        Ok(Bound::NotYet(self.nothing_fits(&class, only_pool, claim, wanted, &problems)))
    }

    fn nothing_fits(
        &self,
        class: &str,
        only_pool: bool,
        claim: &ClaimRecord,
        wanted: u64,
        problems: &[String],
    ) -> String {
        if !only_pool {
            let known: Vec<&str> = self.classes.keys().map(String::as_str).collect();
            return format!(
                "no storage class {class}, and no pre-made volume of it fits; the classes are {}",
                known.join(", ")
            );
        }
        let named = claim.spec.volume_name.as_ref().map(|name| format!(" named {name}")).unwrap_or_default();
        let mut message = format!(
            "no free pre-made volume{named} of class `{class}` has {wanted} bytes, the modes {} and the selected labels",
            claim.spec.access_modes.join(", ")
        );
        for problem in problems {
            message.push_str("; ");
            message.push_str(problem);
        }
        message
    }

    /// Gives a pre-made volume: first it is on record as given, then marked, then bound. A volume that cannot be marked
    /// is not given.
    fn give(
        &self,
        state: &mut State,
        volume: &StaticVolume,
        claim: &mut ClaimRecord,
        wanted: u64,
        new: bool,
    ) -> Result<Bound> {
        let problem = |problem: &dyn std::fmt::Display| {
            Ok(Bound::NotYet(format!("volume {} at {}: {problem}", volume.name, volume.path.display())))
        };
        let path = match volume.path.canonicalize() {
            Ok(path) => path,
            Err(error) => return problem(&error),
        };
        if let Err(error) = self.secure(&path) {
            return problem(&error.chain());
        }
        match record::read::<Marker>(&disk::marker_of(&path)) {
            Ok(None) => {}
            Ok(Some(found)) if found.identity == claim.identity && (new || found.uid == claim.uid) => {
                claim.uid = found.uid;
            }
            Ok(Some(_)) => return problem(&"it is marked as another claim's"),
            Err(error) => return problem(&error.chain()),
        }
        let given = Given { marker: claim.marker(), path, released: false };
        record::write(&self.pool_path(&volume.name), &given)?;
        state.pool.insert(volume.name.clone(), Some(given.clone()));
        self.take(&volume.name, &given, wanted).or_else(|error| {
            self.take_back(state, &volume.name)?;
            problem(&error.chain())
        })
    }

    /// Forgets that a pre-made volume was given.
    pub(super) fn take_back(&self, state: &mut State, volume: &str) -> Result<()> {
        let path = self.pool_path(volume);
        files::remove_durably(&path).map_err(|error| files::failed("free a volume", &path, error))?;
        state.pool.remove(volume);
        Ok(())
    }

    /// Binds a volume that is on record as given to this claim.
    fn take(&self, name: &str, given: &Given, wanted: u64) -> Result<Bound> {
        if !disk::mark(&given.path, &given.marker)? {
            return Ok(Bound::NotYet(format!("volume {name}: it is marked as another claim's")));
        }
        let volume = self.options.pool.iter().find(|volume| volume.name == name);
        Ok(Bound::To(Binding {
            volume: name.to_owned(),
            path: given.path.clone(),
            class: volume.map(|volume| volume.storage_class.clone()).unwrap_or_default(),
            capacity_bytes: volume.map_or(wanted, |volume| volume.capacity_bytes),
            pooled: true,
        }))
    }

    /// Makes a volume of a class, or takes the one that an interrupted try of the same claim left.
    fn make(&self, class: &str, root: &Path, claim: &mut ClaimRecord, wanted: u64, new: bool) -> Result<Binding> {
        if !root.is_dir() {
            return Err(Error::new(ErrorKind::Unavailable, "make a volume")
                .with_context("class", class)
                .with_context("path", root.display())
                .with_message("the class's directory is not there; it is never made, its disk may not be mounted"));
        }
        self.secure(root)?;
        let below = PathBuf::from(&*claim.identity.set.namespace).join(&claim.identity.name);
        let volume = root.join(&below);
        if disk::is_there(&volume)? {
            match record::read::<Marker>(&disk::marker_of(&volume))? {
                Some(found) if found.identity == claim.identity && (new || found.uid == claim.uid) => {
                    claim.uid = found.uid;
                }
                _ => return Err(disk::taken(&volume)),
            }
        } else {
            space::check(root, wanted, self.options.reserve_bytes)?;
            disk::make(&volume, &claim.marker())?;
        }
        let path = if class == BUILT_IN { Path::new(BUILT_IN).join(&below) } else { volume };
        Ok(Binding {
            volume: format!("{class}/{}", below.display()),
            path,
            class: class.to_owned(),
            capacity_bytes: wanted,
            pooled: false,
        })
    }
}

/// The pre-made volume that an interrupted try gave to this claim.
fn interrupted(state: &State, claim: &ClaimRecord) -> Option<(String, Given)> {
    state.pool.iter().find_map(|(name, given)| {
        let given = given.as_ref()?;
        (!given.released && given.marker.identity == claim.identity).then(|| (name.clone(), given.clone()))
    })
}
