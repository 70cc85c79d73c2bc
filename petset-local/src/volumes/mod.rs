//! [`LocalVolumes`]: claims as directories of this machine.
//!
//! ```text
//! <dir>/lock                                one process at a time
//! <dir>/claims/<namespace>/<set>/<claim>.json   what is claimed, and which volume it is bound to, for life
//! <dir>/pool/<volume>.json                  whom a pre-made volume was given to
//! <class>/<namespace>/<claim>/volume.json   whose volume this is
//! <class>/<namespace>/<claim>/data/         what the pet sees
//! <pre-made>/volume.json, <pre-made>/data/  the same for a pre-made volume
//! <class>/.petset.lock                      one node at a time uses the directory
//! <pre-made>/.petset.lock                   the same
//! ```
//! The built-in class `local` lies in `<dir>/local`, below the lock of `<dir>` itself.
//!
//! # Crashes
//! Whoever's volume it is stands on disk before the claim is on record, and the claim is on record before its
//! directory is handed out. A crash in between leaves a volume that only the same pet's claim of the same name can
//! take, and the next try takes it. A claim that is deleted is first on record as deleted; then its data goes out of
//! the way by one rename, then its record goes, then the data.
//!
//! # What is never done
//! A volume that vanished (the directory, its `volume.json`, or its `data`) is reported as lost and is never made
//! again. A pre-made volume whose claim was deleted keeps its data and is given to nobody until
//! [`scrub`](LocalVolumes::scrub) was asked for, as with Kubernetes' `Retain`.

mod bind;
mod check;
mod claimed;
mod core;
mod disk;
mod inspect;
mod lifecycle;
mod name;
mod options;
mod pool;
mod provisioner;
mod record;
mod space;
mod state;

pub use options::{StaticVolume, VolumeOptions};
pub use provisioner::LocalVolumes;
