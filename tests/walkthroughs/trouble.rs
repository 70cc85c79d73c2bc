//! What goes wrong around a set ends in a condition and an event that a person can act on, in a bounded number of
//! tries, and heals without a restart when its cause is gone.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use petset::engine::EventReason;
use petset::{Manifest, Ordinal, SetKey, until};
use serde_json::json;

use crate::condition::{bounded, degraded, is_well};
use crate::local::{LocalPlace, builder};
use crate::machine::Machine;
use crate::manifests::{web, web_port};
use crate::place::On;
use crate::{Error, ensure};

/// A small file system of its own, unmounted at the end. `None` where this user may not mount.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn tmpfs(path: &'a Path, options: &str) -> Result<Option<Self>, Error> {
        fs::create_dir_all(path)?;
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(path).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Ok(Some(Self(path)));
        }
        eprintln!("skipped: this user may not mount a small file system");
        Ok(None)
    }

    fn remount(&self, options: &str) -> Result<(), Error> {
        let status = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(self.0).status()?;
        ensure!(status.success(), "remount {options} failed");
        Ok(())
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

/// A set whose one volume is of class `small`, whose directory is `root`.
async fn on_class(root: &Path) -> Result<(Machine, Manifest), Error> {
    let dir = tempfile::tempdir()?;
    let node = builder(&dir.path().join("node")).storage_class("small", root).reserve_bytes(0).open().await?;
    let mut manifest = web(1)?;
    for claim in &mut manifest.sets[0].spec.volume_claim_templates {
        claim.spec.storage_class_name = Some("small".to_owned());
        claim.spec.resources.requests.insert("storage".to_owned(), "1Mi".into());
    }
    Ok((Machine::over(Arc::new(LocalPlace::over(dir, node)), "web"), manifest))
}

pub(crate) async fn full_disk() -> Result<(), Error> {
    let outside = tempfile::tempdir()?;
    let root = outside.path().join("small");
    let Some(_mounted) = Mounted::tmpfs(&root, "size=4m")? else { return Ok(()) };
    let (machine, manifest) = on_class(&root).await?;
    let ballast = root.join("ballast");
    // The write fails at the end, which is what it is for.
    let _ = fs::write(&ballast, vec![0; 4 << 20]);
    machine.apply(manifest).await?;
    let message = degraded(&machine, "free").await?;
    ensure!(message.contains("www-web-0") || message.contains("pet 0"), "nobody is named: {message}");
    bounded(&machine, "free").await?;
    fs::remove_file(&ballast)?;
    is_well(&machine).await
}

pub(crate) async fn read_only_root() -> Result<(), Error> {
    let outside = tempfile::tempdir()?;
    let root = outside.path().join("small");
    let Some(mounted) = Mounted::tmpfs(&root, "size=16m")? else { return Ok(()) };
    let (machine, manifest) = on_class(&root).await?;
    mounted.remount("ro")?;
    machine.apply(manifest).await?;
    degraded(&machine, "ead-only").await?;
    bounded(&machine, "ead-only").await?;
    mounted.remount("rw")?;
    is_well(&machine).await
}

/// A set whose program is `program`, to be put there later.
async fn with_program(program: &Path) -> Result<Machine, Error> {
    let machine = Machine::start(On::Local).await?;
    let mut manifest = web(1)?;
    for container in &mut manifest.sets[0].spec.template.spec.containers {
        container.command[0] = program.display().to_string();
    }
    machine.apply(manifest).await?;
    Ok(machine)
}

pub(crate) async fn missing_binary() -> Result<(), Error> {
    let outside = tempfile::tempdir()?;
    let program = outside.path().join("not-there-yet");
    let machine = with_program(&program).await?;
    degraded(&machine, "not-there-yet").await?;
    bounded(&machine, "not-there-yet").await?;
    fs::copy(std::env::current_exe()?, &program)?;
    is_well(&machine).await
}

pub(crate) async fn no_permission() -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;

    let outside = tempfile::tempdir()?;
    let program = outside.path().join("not-executable");
    fs::copy(std::env::current_exe()?, &program)?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o644))?;
    let machine = with_program(&program).await?;
    degraded(&machine, "not an executable file").await?;
    bounded(&machine, "not an executable file").await?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    is_well(&machine).await
}

pub(crate) async fn port_in_use() -> Result<(), Error> {
    let place = Arc::new(LocalPlace::start(&[]).await?);
    // The pet's address is known before the pet is.
    let address = place.node.address_of(&"web".parse::<SetKey>()?, Ordinal(0))?;
    let machine = Machine::over(place, "web");
    let squatter = std::net::TcpListener::bind((address, web_port()))?;
    machine.apply(web(1)?).await?;
    degraded(&machine, "in use").await?;
    bounded(&machine, "in use").await?;
    drop(squatter);
    is_well(&machine).await
}

pub(crate) async fn bad_input() -> Result<(), Error> {
    let machine = Machine::start(On::Local).await?;
    machine.apply(web(1)?).await?;
    machine.reach(until::rolled_out()).await?;
    let before = machine.sets.get(&machine.set).await?;
    let pods = machine.uids().await?;
    let patches = [
        (json!({"spec": {"replicas": -1}}), "spec.replicas"),
        (json!({"spec": {"replicas": "two"}}), "spec.replicas"),
        (json!({"spec": {"serviceName": "other"}}), "spec.serviceName"),
        (json!({"spec": {"podManagementPolicy": "Sometimes"}}), "spec.podManagementPolicy"),
        (json!({"spec": {"template": {"spec": {"restartPolicy": "Never"}}}}), "restartPolicy"),
        (json!({"spec": {"template": {"spec": {"hostNetwork": true}}}}), "hostNetwork"),
        (json!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": -1}}}}), "partition"),
        (json!({"spec": {"replica": 3}}), "spec.replica"),
    ];
    for (patch, field) in patches {
        match machine.sets.patch(&machine.set, &patch).await {
            Ok(()) => return Err(format!("{patch} was accepted").into()),
            Err(error) => ensure!(error.to_string().contains(field), "{patch}: {error}"),
        }
    }
    let mut image = web(1)?;
    image.sets[0].spec.template.spec.containers[0].image = Some("nginx:1.7".to_owned());
    let error = machine.apply(image).await.err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(error.contains("image") && error.contains("nginx:1.7") && error.contains("host"), "{error}");
    ensure!(machine.sets.get(&machine.set).await? == before && machine.uids().await? == pods, "something changed");
    let quiet = machine.sets.events().past().filter(|event| event.reason == EventReason::PodEnded).count();
    ensure!(quiet == 0, "a pod ended");
    Ok(())
}
