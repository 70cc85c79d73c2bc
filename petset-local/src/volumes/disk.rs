//! The steps on disk, each of which leaves all or nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use petset_core::{ClaimUid, Error, ErrorKind, Result};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::record::{self, Binding, Marker};
use crate::files;

const NEW: &str = ".new-";
const TRASH: &str = ".trash-";

/// What the pet sees of a volume.
pub(super) fn data_of(volume: &Path) -> PathBuf {
    volume.join("data")
}

pub(super) fn marker_of(volume: &Path) -> PathBuf {
    volume.join("volume.json")
}

/// What is wrong with a bound volume; `None` when it is there and is the claim's.
pub(super) fn lost(volume: &Path, binding: &Binding, uid: &ClaimUid) -> Result<Option<String>> {
    let found = |problem: &str| Some(format!("volume {} at {}: {problem}", binding.volume, volume.display()));
    match record::read::<Marker>(&marker_of(volume))? {
        None => return Ok(found("the directory or its volume.json vanished")),
        Some(marker) if marker.uid != *uid => {
            let other = format!("the directory was replaced by that of claim {}", marker.identity.name);
            return Ok(found(&other));
        }
        Some(_) => {}
    }
    let data = data_of(volume);
    match fs::symlink_metadata(&data) {
        Ok(metadata) if metadata.is_dir() => Ok(None),
        Ok(_) => Ok(found("data is no directory")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(found("the data directory vanished")),
        Err(error) => Err(files::failed("look at a volume", &data, error)),
    }
}

/// Whether anything has this name, also a link to nowhere.
pub(super) fn is_there(path: &Path) -> Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(files::failed("look at a volume", path, error)),
    }
}

/// Makes a complete volume, or none.
pub(super) fn make(volume: &Path, marker: &Marker) -> Result<()> {
    let parent = volume.parent().unwrap_or(volume);
    let half = parent.join(format!("{NEW}{}", marker.uid));
    let made = build(&half, volume, marker, parent);
    if made.is_err() {
        // Best effort: what is left over is removed at the next start.
        let _ = fs::remove_dir_all(&half);
    }
    made
}

fn build(half: &Path, volume: &Path, marker: &Marker, parent: &Path) -> Result<()> {
    let failed = |error| files::failed("make a volume", volume, error);
    files::create_durably(parent).map_err(failed)?;
    // Names inside become durable with the mark, the directory's own name with the rename.
    fs::create_dir(half).and_then(|()| fs::create_dir(data_of(half))).map_err(failed)?;
    record::write(&marker_of(half), marker)?;
    rename_to_free(half, volume)
        .map_err(|error| if error.kind() == io::ErrorKind::AlreadyExists { taken(volume) } else { failed(error) })?;
    files::sync_directory(parent).map_err(failed)
}

/// The error for a directory that is somebody else's.
pub(super) fn taken(volume: &Path) -> Error {
    Error::new(ErrorKind::AlreadyExists, "make a volume")
        .with_context("path", volume.display())
        .with_message("the directory is there and is not this claim's")
}

/// Marks a pre-made directory as the claim's. Returns false when it is another's.
pub(super) fn mark(volume: &Path, marker: &Marker) -> Result<bool> {
    let path = marker_of(volume);
    if let Some(found) = record::read::<Marker>(&path)? {
        return Ok(found == *marker);
    }
    if !volume.is_dir() {
        return Err(Error::new(ErrorKind::Unavailable, "bind a volume")
            .with_context("path", volume.display())
            .with_message("it is no directory; it is never made, its disk may not be mounted"));
    }
    // The data directory first: a marked volume without one has lost it.
    let data = data_of(volume);
    files::create_durably(&data).map_err(|error| files::failed("bind a volume", &data, error))?;
    record::write(&path, marker)?;
    Ok(true)
}

/// Takes a volume out of the way by one rename; returns where it went, or `None` when it was gone.
pub(super) fn discard(volume: &Path, uid: &ClaimUid) -> Result<Option<PathBuf>> {
    let failed = |error| files::failed("delete a volume", volume, error);
    let parent = volume.parent().unwrap_or(volume);
    let trash = parent.join(format!("{TRASH}{uid}"));
    match rename_to_free(volume, &trash) {
        Ok(()) => files::sync_directory(parent).map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    }
    Ok(Some(trash))
}

/// What crashes left over in a class: directories that were never handed out, and data on its way out.
pub(super) fn leftovers(class: &Path) -> Vec<PathBuf> {
    let names = |dir: &Path| super::state::entries(dir).unwrap_or_default();
    names(class)
        .iter()
        .flat_map(|(_, namespace)| names(namespace))
        .filter(|(name, _)| name.starts_with(NEW) || name.starts_with(TRASH))
        .map(|(_, path)| path)
        .collect()
}

/// Removes directories in a thread of its own: there may be much in them.
pub(super) fn remove_later(paths: Vec<PathBuf>) {
    if paths.is_empty() {
        return;
    }
    let removal = move || {
        for path in paths {
            if let Err(error) = fs::remove_dir_all(&path) {
                tracing::warn!(path = %path.display(), %error, "removed data is still there; tried again at the next start");
            }
        }
    };
    if let Err(error) = std::thread::Builder::new().name("petset-trash".into()).spawn(removal) {
        tracing::warn!(%error, "no thread to remove data; tried again at the next start");
    }
}

/// Renames, and never onto something.
fn rename_to_free(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
            // File systems without that flag: only this process makes names here, under its lock.
            if fs::symlink_metadata(to).is_ok() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            fs::rename(from, to)
        }
        done => done.map_err(Into::into),
    }
}

/// Removes the data of a pre-made volume and the mark on it; a volume that is marked as another's is left alone.
pub(super) fn wipe(volume: &Path, marker: &Marker) -> Result<()> {
    let path = marker_of(volume);
    if record::read::<Marker>(&path)?.is_some_and(|found| found != *marker) {
        return Err(taken(volume));
    }
    let data = data_of(volume);
    match fs::remove_dir_all(&data) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(files::failed("scrub a volume", &data, error)),
        _ => files::remove_durably(&path).map_err(|error| files::failed("scrub a volume", &path, error)),
    }
}
