//! The same pods by nothing but the calls that they need: the namespace's network, and for each pod its volume, its sandbox
//! and the container in it, their starts, and one look at each of the two that says that it runs and where. Whoever leaves
//! out more has other pods. Nothing is written down, nothing is looked at before it is changed, and nobody looks on.

use std::time::Instant;

use bollard::Docker;
use bollard::models::{
    ContainerCreateBody, EndpointSettings, HostConfig, Mount, MountType, MountVolumeOptions, NetworkCreateRequest,
    NetworkingConfig, VolumeCreateRequest,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveVolumeOptions, StartContainerOptions,
};
use futures::future::try_join_all;

use crate::meter::{Calls, Meter};
use crate::{Case, Error, IMAGE, RUN};

const NETWORK: &str = "bare.bench";

pub(crate) async fn is_there() -> Result<(), Error> {
    Docker::connect_with_defaults()?.inspect_image(IMAGE).await?;
    Ok(())
}

/// Seconds until all containers run, and the calls for it. Over the same wire as ours, which counts.
pub(crate) async fn up_and_down(case: Case) -> Result<(f64, Calls), Error> {
    let dir = tempfile::tempdir()?;
    let meter = Meter::start(dir.path().join("docker.sock"))?;
    let docker = Docker::connect_with_host(&meter.host())?.negotiate_version().await?;
    meter.take();
    let started = Instant::now();
    let network = NetworkCreateRequest { name: NETWORK.to_owned(), ..NetworkCreateRequest::default() };
    docker.create_network(network).await?;
    let ids = if case.at_once {
        try_join_all((0..case.pets).map(|number| start(&docker, number))).await?
    } else {
        let mut ids = Vec::new();
        for number in 0..case.pets {
            ids.push(start(&docker, number).await?);
        }
        ids
    };
    let (took, calls) = (started.elapsed().as_secs_f64(), meter.take());
    for id in ids.iter().flatten() {
        docker.remove_container(id, Some(RemoveContainerOptionsBuilder::default().force(true).build())).await?;
    }
    for number in 0..case.pets {
        docker.remove_volume(&format!("{number}.{NETWORK}"), None::<RemoveVolumeOptions>).await?;
    }
    docker.remove_network(NETWORK).await?;
    Ok((took, calls))
}

/// Removes the volumes of the measured set.
pub(crate) async fn forget_volumes() -> Result<(), Error> {
    let docker = Docker::connect_with_defaults()?;
    let filters = [("label", vec!["petset.rs/namespace=bench"])].into();
    let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
    for volume in docker.list_volumes(Some(options)).await?.volumes.unwrap_or_default() {
        docker.remove_volume(&volume.name, None::<RemoveVolumeOptions>).await?;
    }
    Ok(())
}

async fn start(docker: &Docker, number: usize) -> Result<[String; 2], Error> {
    let volume = format!("{number}.{NETWORK}");
    let wanted = VolumeCreateRequest { name: Some(volume.clone()), ..VolumeCreateRequest::default() };
    docker.create_volume(wanted).await?;
    let mount = |target: &str| {
        let (source, target) = (Some(volume.clone()), Some(target.to_owned()));
        let volume_options = Some(MountVolumeOptions { no_copy: Some(true), ..MountVolumeOptions::default() });
        Some(vec![Mount { source, target, typ: Some(MountType::VOLUME), volume_options, ..Mount::default() }])
    };
    let aliases = Some(vec![format!("bench-{number}")]);
    let endpoints = [(NETWORK.to_owned(), EndpointSettings { aliases, ..EndpointSettings::default() })].into();
    let host = HostConfig {
        network_mode: Some(NETWORK.to_owned()),
        ipc_mode: Some("shareable".to_owned()),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
        mounts: mount("/volumes/data"),
        ..HostConfig::default()
    };
    let networking = Some(NetworkingConfig { endpoints_config: Some(endpoints) });
    let sandbox = run(docker, &format!("{number}.sandbox.bench"), host, networking).await?;
    let joined = Some(format!("container:{sandbox}"));
    let host =
        HostConfig { network_mode: joined.clone(), ipc_mode: joined, mounts: mount("/data"), ..HostConfig::default() };
    let main = run(docker, &format!("{number}.main.bench"), host, None).await?;
    Ok([main, sandbox])
}

async fn run(
    docker: &Docker,
    name: &str,
    host: HostConfig,
    networking_config: Option<NetworkingConfig>,
) -> Result<String, Error> {
    let body = ContainerCreateBody {
        image: Some(IMAGE.to_owned()),
        entrypoint: Some(["/bin/sh", "-c", RUN].map(str::to_owned).into()),
        host_config: Some(host),
        networking_config,
        ..ContainerCreateBody::default()
    };
    let options = CreateContainerOptionsBuilder::default().name(name).build();
    let id = docker.create_container(Some(options), body).await?.id;
    docker.start_container(&id, None::<StartContainerOptions>).await?;
    let seen = docker.inspect_container(&id, None::<InspectContainerOptions>).await?;
    if seen.state.and_then(|state| state.running) != Some(true) {
        return Err(format!("container {name} does not run").into());
    }
    Ok(id)
}
