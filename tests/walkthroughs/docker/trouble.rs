//! What goes wrong around a set on an engine ends in a condition and an event that a person can act on, in a bounded
//! number of tries, and heals when its cause is gone.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

use petset::docker::node::NodeBuilder;
use petset::docker::volumes::StorageClass;
use petset::spec::PodSpec;
use petset::{Manifest, Ordinal};
use serde_json::{Value, json};

use super::hands::{NAMESPACE, docker};
use super::place::{DockerPlace, IMAGE};
use crate::condition::{bounded, degraded, is_well};
use crate::machine::Machine;
use crate::manifests::web;
use crate::place::{On, Place};
use crate::{Error, ensure};

/// One pet whose pod is changed.
fn web_with(change: impl FnOnce(&mut PodSpec) -> Result<(), Error>) -> Result<Manifest, Error> {
    let mut manifest = web(1)?;
    change(&mut manifest.sets[0].spec.template.spec)?;
    Ok(manifest)
}

/// A machine whose one pet is ready.
async fn well() -> Result<Machine, Error> {
    let machine = Machine::start(On::Docker).await?;
    machine.apply(web(1)?).await?;
    is_well(&machine).await?;
    Ok(machine)
}

/// The set's trouble, and the words that tell a person whom it is about and what to do; told a bounded number of times.
async fn says(machine: &Machine, words: &[&str]) -> Result<(), Error> {
    let message = degraded(machine, words[0]).await?;
    for word in words {
        ensure!(message.contains(word), "no `{word}` in: {message}");
    }
    bounded(machine, words[0]).await
}

/// The engine's name for the sandbox, or the volume, of the one pet.
fn name(machine: &Machine, object: &str) -> String {
    format!("{object}.{}.petset", machine.set.namespace)
}

pub(crate) async fn unknown_image() -> Result<(), Error> {
    let machine = Machine::start(On::Docker).await?;
    let image = format!("petset.test/{}:1", machine.set.namespace);
    let manifest = web_with(|pod| {
        pod.containers[0].image = Some(image.clone());
        Ok(())
    });
    machine.apply(manifest?).await?;
    says(&machine, &[&image, "ErrImagePull", "cannot be pulled", "pet 0"]).await?;
    docker(&["tag", IMAGE, &image])?;
    let healed = is_well(&machine).await;
    docker(&["rmi", "--no-prune", &image])?;
    healed
}

/// A config map or secret of the namespace.
async fn put(machine: &Machine, object: Value) -> Result<(), Error> {
    let mut manifest: Manifest = object.to_string().parse()?;
    machine.place.fit(&mut manifest);
    for object in manifest.objects {
        machine.sets.put_object(object).await?;
    }
    Ok(())
}

pub(crate) async fn missing_config_map_key() -> Result<(), Error> {
    let machine = Machine::start(On::Docker).await?;
    let map = |key: &str| json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "look" }, "data": { key: "blue" } });
    put(&machine, map("color")).await?;
    let variable = json!({ "name": "COLOUR", "valueFrom": { "configMapKeyRef": { "name": "look", "key": "colour" } } });
    let manifest = web_with(|pod| {
        pod.containers[0].env.push(serde_json::from_value(variable)?);
        Ok(())
    });
    machine.apply(manifest?).await?;
    says(&machine, &["`colour`", "config map `look`", "env", "pet 0"]).await?;
    ensure!(machine.ordinals().await?.is_empty(), "a pod was made that lacks what it refers to");
    put(&machine, map("colour")).await?;
    is_well(&machine).await?;
    let colour = machine.inside(0, &["sh", "-c", "echo $COLOUR"]).await?;
    ensure!(colour == "blue", "the colour is `{colour}`");
    Ok(())
}

pub(crate) async fn missing_secret() -> Result<(), Error> {
    let machine = Machine::start(On::Docker).await?;
    let volume = json!({ "name": "keys", "secret": { "secretName": "door" } });
    let manifest = web_with(|pod| {
        pod.volumes.push(serde_json::from_value(volume)?);
        pod.containers[0].volume_mounts.push(serde_json::from_value(json!({ "name": "keys", "mountPath": "/keys" }))?);
        Ok(())
    });
    machine.apply(manifest?).await?;
    says(&machine, &["secret `door`", "volumes", "pet 0"]).await?;
    ensure!(machine.ordinals().await?.is_empty(), "a pod was made that lacks what it refers to");
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "door" }, "stringData": { "front": "open" }
    });
    put(&machine, secret).await?;
    is_well(&machine).await?;
    let key = machine.inside(0, &["cat", "/keys/front"]).await?;
    ensure!(key == "open", "the key is `{key}`");
    Ok(())
}

/// A file of the volume where the image has a directory.
pub(crate) async fn sub_path_is_a_file() -> Result<(), Error> {
    let machine = well().await?;
    let mount = json!({ "name": "www", "mountPath": "/tmp", "subPath": "index.html" });
    let manifest = web_with(|pod| {
        pod.containers[0].volume_mounts.push(serde_json::from_value(mount)?);
        Ok(())
    });
    machine.apply(manifest?).await?;
    says(&machine, &["index.html", "/tmp", "pet 0"]).await?;
    machine.apply(web(1)?).await?;
    is_well(&machine).await
}

pub(crate) async fn refused_by_field() -> Result<(), Error> {
    let machine = Machine::start(On::Docker).await?;
    let spec = "spec.template.spec";
    let mount = |mount: Value| json!({ "volumeMounts": [mount] });
    let www = |more: Value| {
        let mut mount = json!({ "name": "www", "mountPath": "/www" });
        if let (Some(mount), Value::Object(more)) = (mount.as_object_mut(), more) {
            mount.extend(more);
        }
        mount
    };
    for (container, pod, field) in [
        (json!({ "volumeMounts": [www(json!({})), www(json!({}))] }), json!({}), "volumeMounts[1].mountPath"),
        (mount(www(json!({ "subPath": "../other" }))), json!({}), "volumeMounts[0].subPath"),
        (mount(www(json!({ "name": "nobody" }))), json!({}), "volumeMounts[0].name"),
        (json!({ "image": "" }), json!({}), "containers[0].image"),
        (json!({ "securityContext": { "privileged": true } }), json!({}), "securityContext.privileged"),
        (json!({}), json!({ "volumes": [{ "name": "etc", "hostPath": { "path": "/etc" } }] }), "volumes[0].hostPath"),
        (json!({}), json!({ "hostNetwork": true }), "hostNetwork"),
    ] {
        let text = json!({
            "apiVersion": "petset.rs/v1", "kind": "PetSet", "metadata": { "name": "web" },
            "spec": {
                "serviceName": "nginx", "selector": { "matchLabels": { "app": "web" } },
                "template": { "metadata": { "labels": { "app": "web" } }, "spec": merged(
                    json!({ "containers": [merged(json!({ "name": "main", "image": IMAGE }), container)] }), pod
                ) },
                "volumeClaimTemplates": [{ "metadata": { "name": "www" }, "spec": {
                    "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Mi" } }
                } }]
            }
        });
        let refused = match text.to_string().parse::<Manifest>() {
            Err(error) => error.to_string(),
            Ok(manifest) => match machine.sets.apply(manifest).await {
                Err(error) => error.chain().to_string(),
                Ok(_) => return Err(format!("{field} was accepted").into()),
            },
        };
        ensure!(refused.contains(field) && refused.contains(spec), "no {field} in: {refused}");
    }
    Ok(())
}

fn merged(mut object: Value, more: Value) -> Value {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
    object
}

pub(crate) async fn host_port_in_use() -> Result<(), Error> {
    let machine = Machine::start(On::Docker).await?;
    let squatter = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    let port = squatter.local_addr()?.port();
    let manifest = web_with(|pod| {
        pod.containers[0].ports[0].host_port = Some(port.into());
        Ok(())
    });
    machine.apply(manifest?).await?;
    says(&machine, &[&format!(":{port}"), "in use", "pet 0"]).await?;
    drop(squatter);
    is_well(&machine).await
}

pub(crate) async fn name_of_a_foreign_container() -> Result<(), Error> {
    let machine = Machine::start(On::Docker).await?;
    let taken = name(&machine, "web-0");
    let label = format!("{NAMESPACE}={}", machine.set.namespace);
    docker(&["create", "--name", &taken, "--label", &label, IMAGE, "true"])?;
    machine.apply(web(1)?).await?;
    says(&machine, &[&taken, "not petset's", "remove or rename it", "pet 0"]).await?;
    docker(&["rename", &taken, &format!("{taken}.old")])?;
    is_well(&machine).await
}

/// The network goes while no pod is in it, and then with a pod in it.
pub(crate) async fn network_is_removed() -> Result<(), Error> {
    let place = Arc::new(DockerPlace::start(&[]).await?);
    let machine = Machine::over(Arc::clone(&place) as Arc<dyn Place>, "web");
    let network = format!("{}.petset", machine.set.namespace);
    machine.apply(web(1)?).await?;
    is_well(&machine).await?;
    machine.sets.scale(&machine.set, 0).await?;
    machine.eventually("nobody is in it", async || Ok(machine.ordinals().await?.is_empty())).await?;
    docker(&["network", "rm", &network])?;
    machine.sets.scale(&machine.set, 1).await?;
    is_well(&machine).await?;

    docker(&["network", "disconnect", "--force", &network, &name(&machine, "web-0")])?;
    docker(&["network", "rm", &network])?;
    says(&machine, &["NetworkLost", "in no network", "delete the pod", "pet 0"]).await?;
    machine.sets.delete_pod(&machine.set, Ordinal(0)).await?;
    is_well(&machine).await?;
    let troubles = place.node.names().troubles().await;
    ensure!(!troubles.contains_key(&network), "{troubles:?}");
    Ok(())
}

pub(crate) async fn volume_is_removed_s7() -> Result<(), Error> {
    let machine = well().await?;
    machine.sets.scale(&machine.set, 0).await?;
    machine.eventually("nobody uses it", async || Ok(machine.ordinals().await?.is_empty())).await?;
    docker(&["volume", "rm", &name(&machine, "www-web-0")])?;
    machine.sets.scale(&machine.set, 1).await?;
    let message = degraded(&machine, "ClaimLost").await?;
    ensure!(message.contains("pet 0: the volume behind its claim www vanished; restore it"), "{message}");
    ensure!(machine.ordinals().await?.is_empty(), "a pet was started without its data");
    machine.sets.delete_claim(&machine.set, "www", Ordinal(0)).await?;
    is_well(&machine).await
}

/// A container of somebody else that writes to the volume of a pet when that starts.
pub(crate) async fn volume_written_by_another() -> Result<(), Error> {
    let machine = well().await?;
    machine.sets.scale(&machine.set, 0).await?;
    machine.eventually("nobody uses it", async || Ok(machine.ordinals().await?.is_empty())).await?;
    let (volume, label) = (name(&machine, "www-web-0"), format!("{NAMESPACE}={}", machine.set.namespace));
    let user = format!("{}-editor", machine.set.namespace);
    let run = ["run", "--detach", "--name", &user, "--label", &label, "--volume", &format!("{volume}:/data"), IMAGE];
    docker(&[&run[..], &["sleep", "600"]].concat())?;
    machine.sets.scale(&machine.set, 1).await?;
    says(&machine, &[&user, &volume, "may write", "pet 0"]).await?;
    docker(&["kill", &user])?;
    is_well(&machine).await
}

/// A class whose directory somebody has to make.
pub(crate) async fn directory_of_a_class_is_missing() -> Result<(), Error> {
    let exports = tempfile::tempdir()?;
    let class = StorageClass::new("local")
        .option("type", "none")
        .option("o", "bind")
        .option("device", format!("{}/${{namespace}}/${{claim}}", exports.path().display()));
    let options = |builder: NodeBuilder| builder.storage_class("exports", class).default_storage_class("exports");
    let machine = Machine::over(Arc::new(DockerPlace::with(&[], options).await?), "web");
    machine.apply(web(1)?).await?;
    let missing = exports.path().join(&*machine.set.namespace).join("www-web-0");
    says(&machine, &[&missing.display().to_string(), "no such file or directory", "pet 0"]).await?;
    std::fs::create_dir_all(&missing)?;
    is_well(&machine).await?;
    ensure!(missing.join("index.html").exists(), "the pet has its data elsewhere");
    Ok(())
}

/// A claim that is to go, and a container of somebody else that has its volume.
pub(crate) async fn volume_in_use_elsewhere() -> Result<(), Error> {
    let machine = well().await?;
    let (volume, label) = (name(&machine, "www-web-0"), format!("{NAMESPACE}={}", machine.set.namespace));
    let user = format!("{}-backup", machine.set.namespace);
    docker(&["create", "--name", &user, "--label", &label, "--volume", &format!("{volume}:/data"), IMAGE, "true"])?;
    machine.sets.delete_claim(&machine.set, "www", Ordinal(0)).await?;
    machine.sets.delete_pod(&machine.set, Ordinal(0)).await?;
    machine
        .eventually("the claim waits", async || {
            let waits = machine.sets.explain(&machine.set).await?.waits;
            let tells = |wait: &&String| wait.contains("pet 0: its claim www is being deleted") && wait.contains(&user);
            // Its own container goes first.
            let is_told = waits.iter().find(tells).is_some_and(|wait| !wait.contains("web-0"));
            if is_told { Ok(true) } else { Err(format!("{waits:?}").into()) }
        })
        .await?;
    docker(&["rm", &user])?;
    is_well(&machine).await
}
