//! `NameResolver::resolve`.

use petset_core::SetKey;
use petset_core::backend::ResolvedName;

use super::support::{address, records, service};
use crate::conformance::bench::{Bench, Outcome};

/// Publishes two ready pets and one in the middle that is not, in no order; gives the set and its service.
async fn published(bench: &Bench, publish_not_ready: bool) -> Outcome<(SetKey, String)> {
    let (set, nginx) = (bench.set("web"), bench.service("nginx"));
    let pets = [(2, true), (0, true), (1, false)];
    bench.publish(&set, &records(&set, 0, service(&nginx, publish_not_ready), &pets)).await?;
    Ok((set, nginx))
}

pub(super) async fn pet(bench: &Bench) -> Outcome {
    let (set, nginx) = published(bench, false).await?;
    for ordinal in [0, 2] {
        let found = bench.addresses(&bench.full(&format!("{}-{ordinal}.{nginx}", set.name), &set)).await?;
        assert_eq!(found, Some(vec![address(0, ordinal)]));
    }
    Ok(())
}

pub(super) async fn ready_pet(bench: &Bench) -> Outcome {
    let (set, nginx) = published(bench, false).await?;
    let name = bench.full(&format!("{}-1.{nginx}", set.name), &set);
    assert_eq!(bench.addresses(&name).await?, None);
    bench.publish(&set, &records(&set, 0, service(&nginx, false), &[(1, true)])).await?;
    assert_eq!(bench.addresses(&name).await?, Some(vec![address(0, 1)]));
    Ok(())
}

pub(super) async fn unready_pet(bench: &Bench) -> Outcome {
    let (set, nginx) = published(bench, true).await?;
    let found = bench.addresses(&bench.full(&format!("{}-1.{nginx}", set.name), &set)).await?;
    assert_eq!(found, Some(vec![address(0, 1)]));
    Ok(())
}

pub(super) async fn pet_below_other_service(bench: &Bench) -> Outcome {
    let (set, nginx) = (bench.set("web"), bench.service("nginx"));
    let (front, all) = (bench.service("front"), bench.service("all"));
    let mut three = records(&set, 0, service(&nginx, false), &[(0, true), (1, false)]);
    three.services.extend([service(&front, false), service(&all, true)]);
    bench.publish(&set, &three).await?;
    for (ordinal, below, is_named) in [(0, &front, true), (0, &all, true), (1, &front, false), (1, &all, true)] {
        let found = bench.addresses(&bench.full(&format!("{}-{ordinal}.{below}", set.name), &set)).await?;
        assert_eq!(found, is_named.then(|| vec![address(0, ordinal)]), "pet {ordinal} below {below}");
    }
    Ok(())
}

pub(super) async fn any_spelling(bench: &Bench) -> Outcome {
    let (set, nginx) = published(bench, false).await?;
    let name = bench.full(&format!("{}-0.{nginx}", set.name), &set);
    for spelling in [format!("{name}."), name.to_uppercase()] {
        assert_eq!(bench.addresses(&spelling).await?, Some(vec![address(0, 0)]), "{spelling}");
    }
    Ok(())
}

async fn service_of(bench: &Bench, set: &SetKey, name: &str, expected: &[u32]) -> Outcome {
    let expected = expected.iter().map(|ordinal| address(0, *ordinal)).collect();
    assert_eq!(bench.addresses(&bench.full(name, set)).await?, Some(expected), "{name}");
    Ok(())
}

pub(super) async fn ready_pets(bench: &Bench) -> Outcome {
    let (set, nginx) = published(bench, false).await?;
    service_of(bench, &set, &nginx, &[0, 2]).await
}

pub(super) async fn many_pets(bench: &Bench) -> Outcome {
    let (set, nginx) = (bench.set("web"), bench.service("nginx"));
    let pets = [(10, true), (2, true), (11, false), (1, true), (0, true)];
    bench.publish(&set, &records(&set, 0, service(&nginx, false), &pets)).await?;
    service_of(bench, &set, &nginx, &[0, 1, 2, 10]).await
}

pub(super) async fn other_service(bench: &Bench) -> Outcome {
    let (set, nginx, front) = (bench.set("web"), bench.service("nginx"), bench.service("front"));
    let mut both = records(&set, 0, service(&nginx, false), &[(0, true), (1, false)]);
    both.services.push(service(&front, false));
    bench.publish(&set, &both).await?;
    service_of(bench, &set, &front, &[0]).await
}

pub(super) async fn unready_pets(bench: &Bench) -> Outcome {
    let (set, nginx) = published(bench, true).await?;
    service_of(bench, &set, &nginx, &[0, 1, 2]).await
}

pub(super) async fn no_pets(bench: &Bench) -> Outcome {
    let (set, nginx) = (bench.set("web"), bench.service("nginx"));
    bench.publish(&set, &records(&set, 0, service(&nginx, false), &[(0, false)])).await?;
    service_of(bench, &set, &nginx, &[]).await
}

pub(super) async fn srv(bench: &Bench) -> Outcome {
    let (set, nginx) = published(bench, false).await?;
    for (port, number) in [("http", 8080), ("peer", 7000)] {
        let found = bench.names().resolve(&bench.full(&format!("_{port}._tcp.{nginx}"), &set)).await?;
        let target = |ordinal: u32| (bench.full(&format!("{}-{ordinal}.{nginx}", set.name), &set), number);
        assert_eq!(found, ResolvedName::Services(vec![target(0), target(2)]));
    }
    Ok(())
}

pub(super) async fn srv_of_unknown_port(bench: &Bench) -> Outcome {
    let (set, nginx) = published(bench, false).await?;
    for port in ["_grpc._tcp", "_http._udp"] {
        assert!(bench.is_unknown(&bench.full(&format!("{port}.{nginx}"), &set)).await, "{port}");
    }
    Ok(())
}

pub(super) async fn unknown(bench: &Bench) -> Outcome {
    let (set, nginx) = published(bench, false).await?;
    let (web, domain) = (&set.name, bench.names().domain());
    for name in [
        bench.full(&format!("{web}-9.{nginx}"), &set),
        bench.full(&format!("{web}-00.{nginx}"), &set),
        bench.full(&format!("{web}-0.no-{nginx}"), &set),
        bench.full(&format!("no-{nginx}"), &set),
        format!("{web}-0.{nginx}.nowhere-{}.svc.{domain}", bench.tag),
        format!("{web}-0.{nginx}.{}.svc.{domain}.example.org", set.namespace),
    ] {
        assert!(bench.is_unknown(&name).await, "{name}");
    }
    Ok(())
}

pub(super) async fn malformed(bench: &Bench) -> Outcome {
    let (set, nginx) = published(bench, false).await?;
    for name in [String::new(), ".".to_owned(), "..".to_owned(), "é".to_owned(), "a".repeat(300)] {
        assert!(bench.is_unknown(&name).await, "{name}");
    }
    assert!(bench.is_unknown(&bench.full(&format!("a.b.c.{nginx}"), &set)).await);
    Ok(())
}
