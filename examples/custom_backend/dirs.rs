//! [`Dirs`]: volumes that are directories, each with its claim beside its data.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use petset::backend::{
    Claim, ClaimChange, ClaimPhase, ClaimRef, ClaimRequest, Created, Deleted, Hints, PodRequest, VolumeCapabilities,
    VolumeProvisioner, WatchStream,
};
use petset::manifest::Violation;
use petset::spec::{ClaimSpec, ClaimTemplate, Quantity, Verbatim};
use petset::{ClaimUid, Error, ErrorKind, PodUid, Result, SetKey};

/// Volumes that are directories: `<root>/<namespace>/<claim>/{claim.json,data/}`.
#[derive(Debug, Clone)]
pub(crate) struct Dirs {
    root: PathBuf,
    hints: Hints,
    /// Who uses which claim; one lock for the directories too.
    users: Arc<Mutex<Users>>,
}

type Users = BTreeMap<PathBuf, BTreeSet<PodUid>>;

impl Dirs {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root, hints: Hints::new(), users: Arc::default() }
    }

    /// Where the data of a claim is.
    pub(crate) fn data(&self, set: &SetKey, claim: &str) -> PathBuf {
        self.place(set, claim).join("data")
    }

    pub(crate) fn are_bound(&self, request: &PodRequest) -> bool {
        let is_bound = |name: &String| {
            let claim = read(&self.place(&request.set, name)).ok().flatten();
            claim.is_some_and(|claim| claim.set == request.set && claim.phase == ClaimPhase::Bound)
        };
        request.claims.values().all(is_bound)
    }

    /// From now on the pod uses its claims, if they are still those that the request names.
    pub(crate) fn hold(&self, request: &PodRequest, pod: &PodUid) -> Result<()> {
        let mut users = self.lock();
        for (template, name) in &request.claims {
            let Some(uid) = request.claim_uids.get(template) else { continue };
            let reference = ClaimRef { set: request.set.clone(), name: name.clone(), uid: uid.clone() };
            if self.life(&reference)?.is_none_or(|claim| claim.phase == ClaimPhase::Terminating) {
                return Err(Error::new(ErrorKind::Conflict, "use a claim").with_context("claim", name));
            }
        }
        for claim in request.claims.values() {
            users.entry(self.place(&request.set, claim)).or_default().insert(pod.clone());
        }
        Ok(())
    }

    pub(crate) fn release(&self, request: &PodRequest, pod: &PodUid) {
        let mut users = self.lock();
        for claim in request.claims.values() {
            let place = self.place(&request.set, claim);
            if let Some(pods) = users.get_mut(&place) {
                pods.remove(pod);
            }
            // What cannot be removed now stays, terminating, and is tried again by the next request to delete it.
            drop(Self::finish(&users, &place));
        }
        self.hints.changed(&request.set);
    }

    fn lock(&self) -> MutexGuard<'_, Users> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, set: &SetKey, claim: &str) -> PathBuf {
        self.root.join(&*set.namespace).join(claim)
    }

    /// Written beside and renamed, so that a claim is never half written.
    fn write(&self, claim: &Claim) -> Result<()> {
        let place = self.place(&claim.set, &claim.name);
        let text = serde_json::to_vec(claim)
            .map_err(|error| Error::new(ErrorKind::Internal, "write a claim").with_source(error))?;
        fs::write(place.join("claim.new"), text).map_err(failed)?;
        fs::rename(place.join("claim.new"), place.join("claim.json")).map_err(failed)?;
        self.hints.changed(&claim.set);
        Ok(())
    }

    /// Removes a claim that is to be deleted and that nobody uses any more.
    fn finish(users: &Users, place: &Path) -> Result<()> {
        let ends = read(place)?.is_some_and(|claim| claim.phase == ClaimPhase::Terminating);
        if ends && users.get(place).is_none_or(BTreeSet::is_empty) {
            fs::remove_dir_all(place).map_err(failed)?;
        }
        Ok(())
    }

    fn life(&self, claim: &ClaimRef) -> Result<Option<Claim>> {
        let found = read(&self.place(&claim.set, &claim.name))?;
        Ok(found.filter(|found| found.uid == claim.uid && found.set == claim.set))
    }
}

/// The claim at a place, as it is now.
fn read(place: &Path) -> Result<Option<Claim>> {
    let text = match fs::read(place.join("claim.json")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(failed)?,
    };
    let mut claim: Claim = serde_json::from_slice(&text)
        .map_err(|error| Error::new(ErrorKind::Corrupt, "read a claim").with_source(error))?;
    if claim.phase == ClaimPhase::Bound && !place.join("data").is_dir() {
        claim.phase = ClaimPhase::Lost;
    }
    Ok(Some(claim))
}

/// Every field that would not be honoured. Any access mode is: a directory is there for whoever has its path.
fn refused(spec: &ClaimSpec) -> Vec<Violation> {
    let ClaimSpec { access_modes: _, resources, storage_class_name, selector, volume_name, volume_mode, other } = spec;
    let class = storage_class_name.as_ref().map(|class| ("storageClassName", class.clone(), "there are no classes"));
    let none = "there are no pre-made volumes";
    let selector = selector.as_ref().map(|selector| ("selector", format!("{selector:?}"), none));
    let volume = volume_name.as_ref().map(|name| ("volumeName", name.clone(), none));
    let mode = volume_mode.as_ref().filter(|mode| *mode != "Filesystem");
    let mode = mode.map(|mode| ("volumeMode", mode.clone(), "directories are `Filesystem`"));
    let mut refused: Vec<Violation> = [class, selector, volume, mode]
        .into_iter()
        .flatten()
        .map(|(field, value, why)| Violation::new(format!("spec.{field}"), value, format!("nothing; {why}")))
        .collect();
    let unknown = |at: &str, fields: &Verbatim| -> Vec<Violation> {
        let unknown = fields.iter().map(|(field, value)| (format!("{at}{field}"), value.to_string()));
        unknown.map(|(path, value)| Violation::new(path, value, "nothing; directories cannot do this")).collect()
    };
    refused.extend(unknown("spec.", other));
    refused.extend(unknown("spec.resources.", &resources.other));
    refused
}

fn failed(error: io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, "work on a volume").with_source(error)
}

#[async_trait]
impl VolumeProvisioner for Dirs {
    fn capabilities(&self) -> VolumeCapabilities {
        let mut capabilities = VolumeCapabilities::default();
        capabilities.binds_before_use = true;
        capabilities
    }

    fn check(&self, template: &ClaimTemplate) -> Vec<Violation> {
        refused(&template.spec)
    }

    async fn list(&self, set: &SetKey) -> Result<Vec<Claim>> {
        let _users = self.lock();
        let entries = match fs::read_dir(self.root.join(&*set.namespace)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut claims = Vec::new();
        for entry in entries {
            let place = entry.map_err(failed)?.path();
            let name = place.file_name().unwrap_or_default().to_string_lossy();
            // Whose it is stands in its record, which is not read where its name already says another set.
            if set.identity_of_claim(&name).is_some() {
                claims.extend(read(&place)?.filter(|claim| claim.set == *set));
            }
        }
        Ok(claims)
    }

    async fn provision(&self, request: ClaimRequest) -> Result<Created<Claim>> {
        let _users = self.lock();
        let ClaimRequest { set, template, ordinal, name, owner, spec, .. } = request;
        let place = self.place(&set, &name);
        if let Some(known) = read(&place)? {
            if (&known.set, &known.template, known.ordinal) != (&set, &template, ordinal) {
                return Err(Error::new(ErrorKind::AlreadyExists, "make a volume").with_context("claim", name));
            }
            return Ok(Created::AlreadyThere(known));
        }
        if let Some(refused) = refused(&spec).first() {
            let error = Error::new(ErrorKind::Unsupported, "make a volume").with_context("claim", name);
            return Err(error.with_message(refused.to_string()));
        }
        let claim = Claim {
            uid: ClaimUid::random(),
            owner,
            phase: ClaimPhase::Bound,
            volume: Some(name.clone()),
            capacity_bytes: spec.storage().and_then(Quantity::bytes),
            storage_class: None,
            message: None,
            set,
            template,
            ordinal,
            name,
        };
        fs::create_dir_all(place.join("data")).map_err(failed)?;
        self.write(&claim)?;
        Ok(Created::New(claim))
    }

    async fn change(&self, claim: &ClaimRef, change: ClaimChange) -> Result<()> {
        let _users = self.lock();
        let missing = || Error::new(ErrorKind::NotFound, "change a claim").with_context("claim", &claim.name);
        let mut found = self.life(claim)?.ok_or_else(missing)?;
        if change.storage.is_some() {
            return Err(Error::new(ErrorKind::Unsupported, "grow a claim").with_context("claim", &claim.name));
        }
        if let Some(owner) = change.owner {
            found.owner = owner;
        }
        self.write(&found)
    }

    async fn delete(&self, claim: &ClaimRef) -> Result<Deleted> {
        let users = self.lock();
        let Some(mut found) = self.life(claim)? else { return Ok(Deleted::AlreadyGone) };
        found.phase = ClaimPhase::Terminating;
        self.write(&found)?;
        Self::finish(&users, &self.place(&claim.set, &claim.name))?;
        self.hints.changed(&claim.set);
        Ok(Deleted::Started)
    }

    fn watch(&self) -> WatchStream {
        self.hints.watch()
    }
}
