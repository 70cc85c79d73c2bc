//! The manifests of the examples, with this program as what the pets run.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use petset::Manifest;
use petset::spec::{EnvVar, PetSet};

use crate::Error;

/// Port 80 where this user may have it, else 8080.
pub(crate) fn web_port() -> u16 {
    if TcpListener::bind((Ipv4Addr::new(127, 255, 255, 254), 80)).is_ok() { 80 } else { 8080 }
}

/// The set `web` of the examples, with this program as the pets' server.
pub(crate) fn web(replicas: i32) -> Result<Manifest, Error> {
    let mut manifest = example("web.yaml", web_port())?;
    manifest.sets[0].spec.replicas = Some(replicas);
    Ok(manifest)
}

/// A manifest of the examples whose first container is this program's server.
pub(crate) fn example(name: &str, port: u16) -> Result<Manifest, Error> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/manifests").join(name);
    let mut manifest = Manifest::from_path(path)?;
    let program = std::env::current_exe()?.display().to_string();
    let variables = [("POD_NAME", "metadata.name"), ("POD_UID", "metadata.uid"), ("POD_IP", "status.podIP")];
    for set in &mut manifest.sets {
        for container in &mut set.spec.template.spec.containers {
            let volume = container.volume_mounts[0].mount_path.clone();
            container.command = vec![program.clone(), "pet".to_owned(), volume, port.to_string()];
            for declared in &mut container.ports {
                declared.container_port = port.into();
            }
            for (name, field) in variables {
                container.env.retain(|variable| variable.name != name);
                container.env.push(field_variable(name, field));
            }
            for probe in [&mut container.readiness_probe, &mut container.startup_probe].into_iter().flatten() {
                probe.period_seconds = Some(1);
            }
        }
        set_variable(set, "VERSION", Some("one"));
    }
    Ok(manifest)
}

fn field_variable(name: &str, field: &str) -> EnvVar {
    let source = petset::spec::EnvVarSource {
        field_ref: Some(petset::spec::FieldRef { api_version: None, field_path: field.to_owned() }),
        ..Default::default()
    };
    EnvVar { name: name.to_owned(), value: None, value_from: Some(source) }
}

pub(crate) fn set_variable(set: &mut PetSet, name: &str, value: Option<&str>) {
    for container in &mut set.spec.template.spec.containers {
        container.env.retain(|variable| variable.name != name);
        if let Some(value) = value {
            container.env.push(EnvVar { name: name.to_owned(), value: Some(value.to_owned()), value_from: None });
        }
    }
}

/// The set `web` with another version of its program, that may be one that never becomes ready.
pub(crate) fn web_version(replicas: i32, version: &str, broken: bool) -> Result<Manifest, Error> {
    let mut manifest = web(replicas)?;
    for set in &mut manifest.sets {
        set_variable(set, "VERSION", Some(version));
        set_variable(set, "BROKEN", broken.then_some("yes"));
    }
    Ok(manifest)
}
