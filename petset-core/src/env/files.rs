//! The files of config map, secret, downward API and projected volumes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::lookup::{Kind, failure};
use super::{PodFacts, field};
use crate::error::{ErrorKind, Result};
use crate::spec::{DownwardApiItem, KeyToPath, Volume};

const DEFAULT_MODE: i32 = 0o644;

/// One file of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeFile {
    /// Where it is in the volume: relative, without `..`.
    pub path: PathBuf,
    /// What is in it.
    pub content: Vec<u8>,
    /// Its permissions, at most `0o777`.
    pub mode: u32,
}

/// The files of a volume that is made from config maps, secrets or fields of the pod, by path; `None` for every other
/// volume.
///
/// # Errors
/// As [`container_env`](super::container_env): `NotFound` for what is missing and not `optional`, `Invalid` for what can
/// never be resolved, among them every path that would leave the volume.
pub fn volume_files(volume: &Volume, facts: &PodFacts<'_>) -> Result<Option<Vec<VolumeFile>>> {
    let volumes = &facts.request.template.spec.volumes;
    let at = match volumes.iter().position(|other| other.name == volume.name) {
        Some(index) => format!("spec.template.spec.volumes[{index}]"),
        None => format!("volume `{}`", volume.name),
    };
    let mut files = Files { facts, files: BTreeMap::new() };
    if let Some(source) = &volume.config_map {
        let of = Keys {
            kind: Kind::ConfigMap,
            name: &source.name,
            items: &source.items,
            optional: source.optional.unwrap_or_default(),
        };
        files.add_keys(of, source.default_mode, &format!("{at}.configMap"))?;
    } else if let Some(source) = &volume.secret {
        let of = Keys {
            kind: Kind::Secret,
            name: &source.secret_name,
            items: &source.items,
            optional: source.optional.unwrap_or_default(),
        };
        files.add_keys(of, source.default_mode, &format!("{at}.secret"))?;
    } else if let Some(source) = &volume.downward_api {
        files.add_fields(&source.items, source.default_mode, &format!("{at}.downwardAPI"))?;
    } else if let Some(projected) = &volume.projected {
        for (index, source) in projected.sources.iter().enumerate() {
            let at = format!("{at}.projected.sources[{index}]");
            if let Some(map) = &source.config_map {
                let of = Keys {
                    kind: Kind::ConfigMap,
                    name: &map.name,
                    items: &map.items,
                    optional: map.optional.unwrap_or_default(),
                };
                files.add_keys(of, projected.default_mode, &format!("{at}.configMap"))?;
            } else if let Some(secret) = &source.secret {
                let of = Keys {
                    kind: Kind::Secret,
                    name: &secret.name,
                    items: &secret.items,
                    optional: secret.optional.unwrap_or_default(),
                };
                files.add_keys(of, projected.default_mode, &format!("{at}.secret"))?;
            } else if let Some(fields) = &source.downward_api {
                files.add_fields(&fields.items, projected.default_mode, &format!("{at}.downwardAPI"))?;
            } else {
                let message = "expected `configMap`, `secret` or `downwardAPI`";
                return Err(failure(ErrorKind::Invalid, &at, message));
            }
        }
    } else {
        return Ok(None);
    }
    Ok(Some(files.files.into_values().collect()))
}

/// Whether a path stays below the directory that it is joined to.
fn is_safe_relative(path: &str) -> bool {
    !path.is_empty()
        && !path.starts_with('/')
        && !path.contains(['\0', '\\'])
        && path.split('/').all(|part| part != "..")
        && path.split('/').any(|part| !matches!(part, "" | "."))
}

#[derive(Clone, Copy)]
struct Keys<'a> {
    kind: Kind,
    name: &'a str,
    items: &'a [KeyToPath],
    optional: bool,
}

struct Files<'a> {
    facts: &'a PodFacts<'a>,
    files: BTreeMap<PathBuf, VolumeFile>,
}

impl Files<'_> {
    fn add_keys(&mut self, of: Keys<'_>, default_mode: Option<i32>, at: &str) -> Result<()> {
        let Keys { kind, name, items, optional } = of;
        let Some(source) = kind.find(&self.facts.request.config, name, optional, at)? else { return Ok(()) };
        if items.is_empty() {
            for (key, content) in source.all(true, at)? {
                self.add(&key, content, default_mode, at)?;
            }
        }
        for (index, item) in items.iter().enumerate() {
            let at = format!("{at}.items[{index}]");
            if let Some(content) = source.get(&item.key, optional, &at)? {
                self.add(&item.path, content, item.mode.or(default_mode), &at)?;
            }
        }
        Ok(())
    }

    fn add_fields(&mut self, items: &[DownwardApiItem], default_mode: Option<i32>, at: &str) -> Result<()> {
        for (index, item) in items.iter().enumerate() {
            let at = format!("{at}.items[{index}]");
            let content = match (&item.field_ref, &item.resource_field_ref) {
                (Some(reference), _) => field::field(reference, true, self.facts, &format!("{at}.fieldRef"))?,
                (None, Some(reference)) => {
                    field::resource(reference, None, self.facts, &format!("{at}.resourceFieldRef"))?
                }
                (None, None) => {
                    return Err(failure(ErrorKind::Invalid, &at, "expected `fieldRef` or `resourceFieldRef`"));
                }
            };
            self.add(&item.path, content.into_bytes(), item.mode.or(default_mode), &at)?;
        }
        Ok(())
    }

    fn add(&mut self, path: &str, content: Vec<u8>, mode: Option<i32>, at: &str) -> Result<()> {
        if !is_safe_relative(path) {
            let message =
                format!("the file `{path}` would not be below the volume; expected a relative path without `..`");
            return Err(failure(ErrorKind::Invalid, at, message));
        }
        let mode = mode.unwrap_or(DEFAULT_MODE);
        let mode = u32::try_from(mode).ok().filter(|mode| *mode <= 0o777).ok_or_else(|| {
            failure(ErrorKind::Invalid, at, format!("the file mode {mode} is not between 0 and 0777 (decimal 511)"))
        })?;
        // `PathBuf`'s own comparison takes `a//b` and `a/./b` for one path, but the file system's view decides.
        let path: PathBuf = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        self.files.insert(path.clone(), VolumeFile { path, content, mode });
        Ok(())
    }
}
