//! W2: a pet finds its peers by SRV, and pieces together who it is from its environment.

use petset::until;

use crate::machine::Machine;
use crate::manifests::{web, web_port};
use crate::place::On;
use crate::{Error, ensure};

pub(crate) async fn run(on: On) -> Result<(), Error> {
    let machine = Machine::start(on).await?;
    let mut manifest = web(3)?;
    let fields = [
        ("MY_NAMESPACE", "metadata.namespace"),
        ("MY_ORDINAL", "metadata.labels['apps.kubernetes.io/pod-index']"),
        ("MY_NODE", "spec.nodeName"),
    ];
    for container in &mut manifest.sets[0].spec.template.spec.containers {
        for (name, field) in fields {
            let text = format!("{{\"name\":\"{name}\",\"valueFrom\":{{\"fieldRef\":{{\"fieldPath\":\"{field}\"}}}}}}");
            container.env.push(serde_json::from_str(&text)?);
        }
    }
    machine.apply(manifest).await?;
    machine.reach(until::rolled_out()).await?;

    let expected: Vec<_> = (0..3).map(|ordinal| (machine.name_of(ordinal), web_port())).collect();
    let (domain, client) = (machine.domain(), machine.client().await?);
    let found = client.services(&domain).await?;
    ensure!(found == expected, "SRV of the service: {found:?}");
    let found = client.services(&format!("_web._tcp.{domain}")).await?;
    ensure!(found == expected, "SRV of the named port: {found:?}");
    ensure!(client.services(&format!("_other._tcp.{domain}")).await.is_err(), "an unknown port has an answer");
    let mut addresses = client.addresses(&domain).await?;
    addresses.sort();
    let mut pods: Vec<_> = machine.pods().await?.iter().map(|pod| pod.status.addresses[0]).collect();
    pods.sort();
    ensure!(addresses == pods, "the service is {addresses:?}, the pets are {pods:?}");

    let variables = machine.inside(2, &["env"]).await?;
    let uid = machine.uids().await?[&2].to_string();
    for line in [
        "POD_NAME=web-2",
        &format!("MY_NAMESPACE={}", machine.set.namespace),
        "MY_ORDINAL=2",
        &format!("POD_UID={uid}"),
    ] {
        ensure!(variables.lines().any(|variable| variable == line), "{line} is not in:\n{variables}");
    }
    let resolver = machine.inside(2, &["cat", "/etc/resolv.conf"]).await?;
    let search = format!("search {}.svc.cluster.local svc.cluster.local cluster.local", machine.set.namespace);
    ensure!(resolver.lines().any(|line| line == search), "no `{search}` in:\n{resolver}");
    Ok(())
}
