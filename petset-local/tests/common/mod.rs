//! A place of one's own on disk, and claims to make in it.
#![expect(clippy::unwrap_used, unreachable_pub, reason = "part of several test programs")]

use std::fs;
use std::path::{Path, PathBuf};

use petset_core::backend::{Claim, ClaimRequest, Created, VolumeProvisioner};
use petset_core::spec::{ClaimSpec, Quantity};
use petset_core::{Ordinal, SetKey};
use petset_local::volumes::{LocalVolumes, StaticVolume, VolumeOptions};

pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    pub fn volumes(&self) -> PathBuf {
        self.0.path().join("volumes")
    }

    pub fn volume(&self, set: &str, ordinal: u32) -> PathBuf {
        self.volumes().join("local/default").join(format!("www-{set}-{ordinal}"))
    }

    pub fn record(&self, set: &str, ordinal: u32) -> PathBuf {
        self.volumes().join("claims/default").join(set).join(format!("www-{set}-{ordinal}.json"))
    }

    pub async fn open(&self) -> LocalVolumes {
        self.open_with(VolumeOptions::default()).await
    }

    pub async fn open_with(&self, options: VolumeOptions) -> LocalVolumes {
        let volumes = LocalVolumes::open(self.volumes(), options).await.unwrap();
        volumes.settle().await.unwrap();
        volumes
    }
}

pub fn pool(pool: impl IntoIterator<Item = StaticVolume>) -> VolumeOptions {
    let mut options = VolumeOptions::default();
    options.pool.extend(pool);
    options
}

pub fn pooled(place: &Place, name: &str, capacity_bytes: u64) -> StaticVolume {
    let path = place.root().join("disks").join(name);
    fs::create_dir_all(&path).unwrap();
    StaticVolume {
        name: name.into(),
        path,
        capacity_bytes,
        access_modes: vec!["ReadWriteOnce".into()],
        labels: [].into(),
        storage_class: String::new(),
    }
}

pub fn set(name: &str) -> SetKey {
    SetKey::new("default", name)
}

pub fn request(name: &str, ordinal: u32) -> ClaimRequest {
    let set = set(name);
    let mut spec = ClaimSpec { access_modes: vec!["ReadWriteOnce".into()], ..ClaimSpec::default() };
    spec.resources.requests.insert("storage".into(), Quantity::from("1Mi"));
    ClaimRequest {
        template: "www".into(),
        ordinal: Ordinal(ordinal),
        name: set.claim_name("www", Ordinal(ordinal)),
        set,
        owner: None,
        labels: [].into(),
        annotations: [].into(),
        spec,
    }
}

pub fn renumbered(mut request: ClaimRequest, ordinal: u32) -> ClaimRequest {
    request.ordinal = Ordinal(ordinal);
    request.name = request.set.claim_name(&request.template, request.ordinal);
    request
}

pub fn new(created: Created<Claim>) -> Claim {
    match created {
        Created::New(claim) => claim,
        Created::AlreadyThere(claim) => panic!("already there: {claim:?}"),
    }
}

pub fn known(created: Created<Claim>) -> Claim {
    match created {
        Created::AlreadyThere(claim) => claim,
        Created::New(claim) => panic!("new: {claim:?}"),
    }
}

pub async fn claim(volumes: &LocalVolumes, name: &str, ordinal: u32) -> Claim {
    let claims = volumes.list(&set(name)).await.unwrap();
    claims.into_iter().find(|claim| claim.ordinal == Ordinal(ordinal)).unwrap()
}
