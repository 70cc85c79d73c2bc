//! Which classes and which pre-made volumes there are.

use std::collections::BTreeMap;
use std::path::PathBuf;

use petset_core::{Error, ErrorKind, Result};

use super::name;

/// The class that is always there, below the volumes' own directory.
pub(super) const BUILT_IN: &str = "local";

/// Where volumes come from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct VolumeOptions {
    /// Further classes that make volumes: name → directory. The directory must exist; it is not made, so that a disk
    /// that is not mounted does not fill the one below it. The class `local` is always there.
    pub classes: BTreeMap<String, PathBuf>,
    /// The class of claims that name none; `local` unless said.
    pub default_class: String,
    /// Pre-made volumes.
    pub pool: Vec<StaticVolume>,
    /// How many bytes stay free of claims on each file system; 64 MiB unless said.
    pub reserve_bytes: u64,
}

impl Default for VolumeOptions {
    fn default() -> Self {
        Self { classes: BTreeMap::new(), default_class: BUILT_IN.to_owned(), pool: Vec::new(), reserve_bytes: 64 << 20 }
    }
}

/// A directory that was made by hand, for one claim for life. What the pet sees is `<path>/data`, which is made when
/// the volume is bound and it is not there; whose volume it is stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticVolume {
    /// The volume's name.
    pub name: String,
    /// The directory.
    pub path: PathBuf,
    /// How much it holds.
    pub capacity_bytes: u64,
    /// How it may be used; a claim fits when all its modes are among these.
    pub access_modes: Vec<String>,
    /// Labels that claims may select.
    pub labels: BTreeMap<String, String>,
    /// The class that claims must name; empty for those that name the empty class.
    pub storage_class: String,
}

impl StaticVolume {
    /// A volume of the empty class, for one pet to read and write.
    pub fn new(name: impl Into<String>, path: impl Into<PathBuf>, capacity_bytes: u64) -> Self {
        Self {
            name: name.into(),
            path: path.into(),
            capacity_bytes,
            access_modes: vec!["ReadWriteOnce".to_owned()],
            labels: BTreeMap::new(),
            storage_class: String::new(),
        }
    }
}

impl VolumeOptions {
    /// Refuses options that could give one directory to two claims.
    pub(super) fn check(&self) -> Result<()> {
        let Self { classes, default_class, pool, reserve_bytes: _ } = self;
        for class in classes.keys() {
            name::check("storage class", class)?;
            if class == BUILT_IN {
                return Err(invalid("the class `local` is built in").with_context("storage class", class));
            }
        }
        if default_class != BUILT_IN && !classes.contains_key(default_class) {
            return Err(
                invalid("the default class is none of the classes").with_context("storage class", default_class)
            );
        }
        let mut places: Vec<(&str, PathBuf)> = Vec::new();
        let of_pool = pool.iter().map(|volume| (volume.name.as_str(), &volume.path));
        for (name, path) in classes.iter().map(|(name, path)| (name.as_str(), path)).chain(of_pool) {
            let path = path
                .canonicalize()
                .or_else(|_| std::path::absolute(path))
                .map_err(|error| crate::files::failed("open volumes", path, error))?;
            if let Some((other, _)) =
                places.iter().find(|(_, other)| path.starts_with(other) || other.starts_with(&path))
            {
                return Err(invalid("one directory lies in the other")
                    .with_context("volume", name)
                    .with_context("and", other));
            }
            places.push((name, path));
        }
        for (index, volume) in pool.iter().enumerate() {
            name::check("volume", &volume.name)?;
            if pool[..index].iter().any(|other| other.name == volume.name) {
                return Err(invalid("two volumes have this name").with_context("volume", &volume.name));
            }
        }
        Ok(())
    }
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::Invalid, "open volumes").with_message(message)
}
