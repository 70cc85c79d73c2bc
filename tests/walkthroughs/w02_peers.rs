//! W2: a pet finds its peers by SRV, and pieces together who it is from its environment.

use petset::until;

use crate::machine::{DOMAIN, Machine, web, web_port};
use crate::{Error, ensure};

pub(crate) async fn run() -> Result<(), Error> {
    let machine = Machine::start().await?;
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
    machine.sets.apply(manifest).await?;
    machine.reach("web", until::rolled_out()).await?;

    let expected: Vec<_> = (0..3).map(|ordinal| (format!("web-{ordinal}.{DOMAIN}"), web_port())).collect();
    let found = machine.client.services(DOMAIN).await?;
    ensure!(found == expected, "SRV of the service: {found:?}");
    let found = machine.client.services(&format!("_web._tcp.{DOMAIN}")).await?;
    ensure!(found == expected, "SRV of the named port: {found:?}");
    ensure!(machine.client.services(&format!("_other._tcp.{DOMAIN}")).await.is_err(), "an unknown port has an answer");
    let mut addresses = machine.client.addresses(DOMAIN).await?;
    addresses.sort();
    let mut pods: Vec<_> = machine.pods("web").await?.iter().map(|pod| pod.status.addresses[0]).collect();
    pods.sort();
    ensure!(addresses == pods, "the service is {addresses:?}, the pets are {pods:?}");

    let variables = machine.inside("web", 2, &["env"]).await?;
    let uid = machine.uids("web").await?[&2].to_string();
    for line in ["POD_NAME=web-2", "MY_NAMESPACE=default", "MY_ORDINAL=2", &format!("POD_UID={uid}")] {
        ensure!(variables.lines().any(|variable| variable == line), "{line} is not in:\n{variables}");
    }
    let resolver = machine.inside("web", 2, &["cat", "/etc/resolv.conf"]).await?;
    let search = "search default.svc.cluster.local svc.cluster.local cluster.local";
    ensure!(resolver.lines().any(|line| line == search), "no `{search}` in:\n{resolver}");
    Ok(())
}
