//! Records that cannot be read, until they are mended.

use std::io::Result;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use petset_core::SetKey;

/// What damaged records said.
#[derive(Debug, Default)]
pub(crate) struct Damaged(Mutex<Vec<(PathBuf, Vec<u8>)>>);

impl Damaged {
    /// Damages one record of a claim of the set: the others alone would be a shorter list.
    pub(crate) fn claim_of(&self, dir: &Path, set: &SetKey) -> Result<()> {
        let place = Path::new("claims").join(&*set.namespace).join(&*set.name);
        self.first(dir, &|path: &Path| path.parent().is_some_and(|parent| parent.ends_with(&place)))
    }

    fn first(&self, dir: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<()> {
        let path = find(dir, wanted)?.ok_or_else(|| std::io::Error::other("there is no such record"))?;
        let good = std::fs::read(&path)?;
        std::fs::write(&path, &good[..good.len() / 2])?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((path, good));
        Ok(())
    }

    pub(crate) fn mend(&self) -> Result<()> {
        let damaged = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        damaged.into_iter().try_for_each(|(path, good)| std::fs::write(path, good))
    }
}

/// The first file that is wanted.
fn find(dir: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<Option<PathBuf>> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let found = if path.is_dir() { find(&path, wanted)? } else { wanted(&path).then_some(path) };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
