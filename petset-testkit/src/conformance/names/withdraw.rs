//! `NameResolver::withdraw`.

use super::support::{address, records, service};
use crate::conformance::bench::{Bench, Outcome};

pub(super) async fn unknown(bench: &Bench) -> Outcome {
    bench.withdraw(&bench.set("nobody")).await
}

pub(super) async fn twice(bench: &Bench) -> Outcome {
    let (set, nginx) = (bench.set("web"), bench.service("nginx"));
    bench.publish(&set, &records(&set, 0, service(&nginx, false), &[(0, true)])).await?;
    for _ in 0..2 {
        bench.withdraw(&set).await?;
    }
    Ok(())
}

pub(super) async fn every_name(bench: &Bench) -> Outcome {
    let (set, nginx, front) = (bench.set("web"), bench.service("nginx"), bench.service("front"));
    let mut all = records(&set, 0, service(&nginx, true), &[(0, true), (1, false)]);
    all.services.push(service(&front, false));
    bench.publish(&set, &all).await?;
    bench.withdraw(&set).await?;
    let pets = [0, 1].map(|ordinal| format!("{}-{ordinal}.{nginx}", set.name));
    for name in pets.into_iter().chain([format!("_http._tcp.{nginx}"), nginx, front]) {
        assert!(bench.is_unknown(&bench.full(&name, &set)).await, "{name}");
    }
    Ok(())
}

pub(super) async fn this_set_only(bench: &Bench) -> Outcome {
    let (web, db, shared) = (bench.set("web"), bench.set("db"), bench.service("shared"));
    bench.publish(&web, &records(&web, 0, service(&shared, false), &[(0, true)])).await?;
    bench.publish(&db, &records(&db, 1, service(&shared, false), &[(0, true)])).await?;
    bench.withdraw(&db).await?;
    assert_eq!(bench.addresses(&bench.full(&shared, &web)).await?, Some(vec![address(0, 0)]));
    Ok(())
}
