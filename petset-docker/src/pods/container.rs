//! From a declared container to what the engine is asked for.

use std::collections::HashMap;

use bollard::models::{ContainerCreateBody, HostConfig, Mount};
use petset_core::env::{container_env, expand};
use petset_core::spec::{Container, Lifecycle, VolumeMount};
use petset_core::{Error, ErrorKind, Result};
use serde_json::Value;

use super::files::{Files, for_good};
use super::image;
use super::mounts::{Source, bound, whole};
use super::resources;
use super::sandbox::{no_health_check, no_restarts};
use super::security::Security;
use crate::client::Client;
use crate::labels::{self, Role};

/// What a container is made from.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) client: &'a Client,
    pub(super) files: Files<'a>,
    pub(super) record: &'a str,
    pub(super) node: &'a str,
    /// The engine's volumes of the claims, by claim template, as the sandbox has them.
    pub(super) claims: &'a HashMap<String, String>,
    pub(super) declared: &'a Container,
}

impl Plan<'_> {
    /// What the engine is asked for.
    ///
    /// # Errors
    /// What can never be resolved, or is missing.
    pub(super) async fn body(&self) -> Result<ContainerCreateBody> {
        let Self { files, declared, .. } = self;
        let spec = &files.request.template.spec;
        let env = container_env(declared, &files.facts()).map_err(for_good)?;
        let words = |words: &[String]| -> Option<Vec<String>> {
            (!words.is_empty()).then(|| words.iter().map(|word| expand(word, &env)).collect())
        };
        let sandbox = format!("container:{}", files.uid);
        let shares_processes = spec.other.get("shareProcessNamespace") == Some(&Value::Bool(true));
        let mut host = HostConfig {
            network_mode: Some(sandbox.clone()),
            ipc_mode: Some(if spec.host_ipc { "host".to_owned() } else { sandbox.clone() }),
            pid_mode: if spec.host_pid { Some("host".to_owned()) } else { shares_processes.then_some(sandbox) },
            restart_policy: Some(no_restarts()),
            mounts: Some(self.mounts().await?),
            ..HostConfig::default()
        };
        let flag = |key: &str| declared.other.get(key) == Some(&Value::Bool(true));
        let mut body = ContainerCreateBody {
            image: declared.image.clone(),
            entrypoint: words(&declared.command),
            cmd: words(&declared.args),
            working_dir: declared.working_dir.clone().filter(|dir| !dir.is_empty()),
            labels: Some(self.labels()),
            healthcheck: Some(no_health_check()),
            tty: Some(flag("tty")),
            open_stdin: Some(flag("stdin")),
            stdin_once: Some(flag("stdinOnce")),
            stop_signal: declared.lifecycle.as_ref().and_then(stop_signal),
            ..ContainerCreateBody::default()
        };
        if let Some(resources) = &declared.resources {
            resources::apply(resources, &mut host);
        }
        let security = Security::new(spec.security_context.as_ref(), declared.security_context.as_ref());
        security.apply(&mut body, &mut host);
        if security.must_look_at_user() {
            self.refuse_root().await?;
        }
        body.env = Some(env.into_iter().map(|(name, value)| format!("{name}={value}")).collect());
        body.host_config = Some(host);
        Ok(body)
    }

    fn labels(&self) -> HashMap<String, String> {
        let request = self.files.request;
        let mut labels = labels::identity(Role::Container, &request.set, request.ordinal);
        labels.insert(labels::RECORD.to_owned(), self.record.to_owned());
        labels.insert(labels::NODE.to_owned(), self.node.to_owned());
        labels.insert(labels::CONTAINER.to_owned(), self.declared.name.clone());
        labels.into_iter().collect()
    }

    async fn mounts(&self) -> Result<Vec<Mount>> {
        let mut mounts = Vec::new();
        for mount in &self.declared.volume_mounts {
            mounts.push(self.mount(mount).await?);
        }
        Ok(mounts)
    }

    async fn mount(&self, mount: &VolumeMount) -> Result<Mount> {
        let VolumeMount { mount_path: target, sub_path, read_only, .. } = mount;
        let source = Source::of(mount, self.files.request)?;
        let read_only = *read_only || source.is_files();
        let volume = match source {
            Source::Claim(template) => self.claims.get(template).cloned().ok_or_else(|| {
                Error::new(ErrorKind::NotFound, "mount a volume")
                    .with_context("claim template", template)
                    .with_message("the pod was made without this claim")
            })?,
            Source::Pod(volume) => labels::pod_volume(&volume.name, self.record),
            Source::Host(path) => return Ok(bound(path, target, read_only)),
        };
        let Some(sub) = sub_path.as_deref().filter(|sub| !sub.is_empty()) else {
            return Ok(whole(&volume, target, read_only));
        };
        self.files.make_sub_path(mount, sub).await?;
        let asked = self.client.ask("inspect a volume", |docker| async move { docker.inspect_volume(&volume).await });
        Ok(bound(&format!("{}/{sub}", asked.await?.mountpoint), target, read_only))
    }

    /// `runAsNonRoot`, when only the image says who the user is.
    async fn refuse_root(&self) -> Result<()> {
        let name = self.declared.image.as_deref().unwrap_or_default();
        let image = image::find(self.client, name).await?.and_then(|image| image.config);
        let user = image.and_then(|config| config.user).unwrap_or_default();
        let id = user.split(':').next().unwrap_or_default();
        if id.parse::<u32>().is_ok_and(|id| id != 0) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Invalid, "create a container")
            .with_context("image", name)
            .with_message(format!("runAsNonRoot is set, and the image runs as `{user}`: set runAsUser to a number")))
    }
}

/// The polite signal that the template asks for in place of the image's own.
fn stop_signal(lifecycle: &Lifecycle) -> Option<String> {
    lifecycle.other.get("stopSignal").and_then(Value::as_str).map(str::to_owned)
}
