//! Services, config maps and secrets.

use petset_core::spec::{ConfigObject, ConfigObjectKind, Secret, Service};

use super::support::map;
use crate::conformance::bench::{Bench, Outcome};

pub(super) async fn of_the_namespace(bench: &Bench) -> Outcome {
    let (here, there) = (bench.set("web").namespace, bench.set_elsewhere("web")?.namespace);
    let name = format!("settings-{}", bench.tag);
    bench.store().put_object(map(&here, &name, "1")).await?;
    bench.store().put_object(map(&there, &name, "2")).await?;
    bench.store().put_object(map(&here, &name, "3")).await?;
    assert_eq!(bench.maps(&here).await?, [map(&here, &name, "3")]);
    assert_eq!(bench.maps(&there).await?, [map(&there, &name, "2")]);
    for namespace in [&here, &there] {
        assert!(bench.remove_map(namespace, &name).await?);
    }
    Ok(())
}

pub(super) async fn in_order(bench: &Bench) -> Outcome {
    let namespace = bench.set("web").namespace.to_string();
    let name = |short: &str| format!("{short}-{}", bench.tag);
    let mut secret = Secret::default();
    (secret.metadata.namespace, secret.metadata.name) = (namespace.clone(), name("a"));
    let mut service = Service::default();
    (service.metadata.namespace, service.metadata.name) = (namespace.clone(), name("z"));
    service.spec.cluster_ip = Some("None".to_owned());
    let (secret, service) = (ConfigObject::Secret(secret), ConfigObject::Service(service));
    let maps = ["a", "b"].map(|short| map(&namespace, &name(short), "1"));
    for object in [&secret, &maps[1], &service, &maps[0]] {
        bench.store().put_object(object.clone()).await?;
    }
    let [first, second] = maps;
    assert_eq!(bench.maps(&namespace).await?, [service, first, second, secret], "by kind and name");
    for (kind, short) in [
        (ConfigObjectKind::Secret, "a"),
        (ConfigObjectKind::Service, "z"),
        (ConfigObjectKind::ConfigMap, "a"),
        (ConfigObjectKind::ConfigMap, "b"),
    ] {
        assert!(bench.store().delete_object(&namespace, kind, &name(short)).await?);
    }
    Ok(())
}

pub(super) async fn was_there(bench: &Bench) -> Outcome {
    let namespace = bench.set("web").namespace;
    let name = format!("settings-{}", bench.tag);
    bench.store().put_object(map(&namespace, &name, "1")).await?;
    assert!(!bench.store().delete_object(&namespace, ConfigObjectKind::Secret, &name).await?);
    assert!(bench.remove_map(&namespace, &name).await?);
    assert!(!bench.remove_map(&namespace, &name).await?);
    assert_eq!(bench.maps(&namespace).await?, []);
    Ok(())
}

pub(super) async fn replaced(bench: &Bench) -> Outcome {
    let namespace = bench.set("web").namespace;
    let name = format!("settings-{}", bench.tag);
    for value in ["1", "2"] {
        bench.store().put_object(map(&namespace, &name, value)).await?;
        assert_eq!(bench.maps(&namespace).await?, [map(&namespace, &name, value)]);
    }
    Ok(())
}

pub(super) async fn replaced_of_its_kind(bench: &Bench) -> Outcome {
    let namespace = bench.set("web").namespace;
    let name = format!("settings-{}", bench.tag);
    let mut secret = Secret::default();
    (secret.metadata.namespace, secret.metadata.name) = (namespace.to_string(), name.clone());
    let secret = ConfigObject::Secret(secret);
    bench.store().put_object(secret.clone()).await?;
    for value in ["1", "2"] {
        bench.store().put_object(map(&namespace, &name, value)).await?;
    }
    assert_eq!(bench.maps(&namespace).await?, [map(&namespace, &name, "2"), secret]);
    Ok(())
}
