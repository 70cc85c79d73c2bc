//! What goes wrong around a set ends in a condition and an event that a person can act on, in a bounded number of
//! tries, and heals without a restart when its cause is gone.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use petset::engine::EventReason;
use petset::status::ConditionStatus;
use petset::{Manifest, Ordinal, SetKey, until};
use serde_json::json;

use crate::machine::{Machine, builder, eventually, web, web_port};
use crate::{Error, ensure};

/// The message of the set's `Degraded` condition, once it contains `word`.
async fn degraded(machine: &Machine, word: &str) -> Result<String, Error> {
    let what = format!("the condition says {word}");
    eventually(&what, async || {
        let message = degradation(machine).await?;
        if message.contains(word) { Ok(true) } else { Err(message.into()) }
    })
    .await?;
    degradation(machine).await
}

async fn degradation(machine: &Machine) -> Result<String, Error> {
    let status = machine.sets.get("web").await?.ok_or("it exists")?.status;
    let mut conditions = status.conditions.into_iter();
    let degraded =
        conditions.find(|condition| condition.kind == "Degraded" && condition.status == ConditionStatus::True);
    Ok(degraded
        .map_or_else(|| "not degraded".to_owned(), |condition| format!("{}: {}", condition.reason, condition.message)))
}

/// How many warnings there were so far that say `word`.
fn warnings(machine: &Machine, word: &str) -> usize {
    machine.sets.events().past().filter(|event| event.warning && event.message.contains(word)).count()
}

/// The set's trouble is told by an event too, is not repeated without end, and is over once its cause is.
async fn bounded_then_healed(machine: &Machine, word: &str) -> Result<(), Error> {
    let told = warnings(machine, word);
    ensure!(told >= 1, "no event says {word}");
    let more = told + 8;
    tokio::time::sleep(Duration::from_secs(2)).await;
    ensure!(warnings(machine, word) <= more, "{} events in two seconds", warnings(machine, word) - told);
    Ok(())
}

async fn is_well(machine: &Machine) -> Result<(), Error> {
    machine.reach("web", until::rolled_out()).await?;
    eventually("nothing hinders the set any more", async || Ok(degradation(machine).await? == "not degraded")).await?;
    machine.is_sound(1).await
}

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
    Ok((Machine::over(dir, node)?, manifest))
}

pub(crate) async fn full_disk() -> Result<(), Error> {
    let outside = tempfile::tempdir()?;
    let root = outside.path().join("small");
    let Some(_mounted) = Mounted::tmpfs(&root, "size=4m")? else { return Ok(()) };
    let (machine, manifest) = on_class(&root).await?;
    let ballast = root.join("ballast");
    // The write fails at the end, which is what it is for.
    let _ = fs::write(&ballast, vec![0; 4 << 20]);
    machine.sets.apply(manifest).await?;
    let message = degraded(&machine, "free").await?;
    ensure!(message.contains("www-web-0") || message.contains("pet 0"), "nobody is named: {message}");
    bounded_then_healed(&machine, "free").await?;
    fs::remove_file(&ballast)?;
    is_well(&machine).await
}

pub(crate) async fn read_only_root() -> Result<(), Error> {
    let outside = tempfile::tempdir()?;
    let root = outside.path().join("small");
    let Some(mounted) = Mounted::tmpfs(&root, "size=16m")? else { return Ok(()) };
    let (machine, manifest) = on_class(&root).await?;
    mounted.remount("ro")?;
    machine.sets.apply(manifest).await?;
    degraded(&machine, "ead-only").await?;
    bounded_then_healed(&machine, "ead-only").await?;
    mounted.remount("rw")?;
    is_well(&machine).await
}

/// A set whose program is `program`, to be put there later.
async fn with_program(program: &Path) -> Result<Machine, Error> {
    let machine = Machine::start().await?;
    let mut manifest = web(1)?;
    for container in &mut manifest.sets[0].spec.template.spec.containers {
        container.command[0] = program.display().to_string();
    }
    machine.sets.apply(manifest).await?;
    Ok(machine)
}

pub(crate) async fn missing_binary() -> Result<(), Error> {
    let outside = tempfile::tempdir()?;
    let program = outside.path().join("not-there-yet");
    let machine = with_program(&program).await?;
    degraded(&machine, "not-there-yet").await?;
    bounded_then_healed(&machine, "not-there-yet").await?;
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
    bounded_then_healed(&machine, "not an executable file").await?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    is_well(&machine).await
}

pub(crate) async fn port_in_use() -> Result<(), Error> {
    let machine = Machine::start().await?;
    let key: SetKey = "web".parse()?;
    // The pet's address is known before the pet is.
    let address = machine.node.address_of(&key, Ordinal(0))?;
    let squatter = std::net::TcpListener::bind((address, web_port()))?;
    machine.sets.apply(web(1)?).await?;
    degraded(&machine, "in use").await?;
    bounded_then_healed(&machine, "in use").await?;
    drop(squatter);
    is_well(&machine).await
}

pub(crate) async fn bad_input() -> Result<(), Error> {
    let machine = Machine::start().await?;
    machine.sets.apply(web(1)?).await?;
    machine.reach("web", until::rolled_out()).await?;
    let before = machine.sets.get("web").await?;
    let pods = machine.uids("web").await?;
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
        match machine.sets.patch("web", &patch).await {
            Ok(()) => return Err(format!("{patch} was accepted").into()),
            Err(error) => ensure!(error.to_string().contains(field), "{patch}: {error}"),
        }
    }
    let mut image = web(1)?;
    image.sets[0].spec.template.spec.containers[0].image = Some("nginx:1.7".to_owned());
    let error = machine.sets.apply(image).await.err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(error.contains("image") && error.contains("nginx:1.7") && error.contains("host"), "{error}");
    ensure!(machine.sets.get("web").await? == before && machine.uids("web").await? == pods, "something changed");
    let quiet = machine.sets.events().past().filter(|event| event.reason == EventReason::PodEnded).count();
    ensure!(quiet == 0, "a pod ended");
    Ok(())
}
