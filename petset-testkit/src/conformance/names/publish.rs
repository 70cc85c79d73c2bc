//! `NameResolver::publish`.

use petset_core::backend::{Published, RecordSet};

use super::support::{address, pet, records, service};
use crate::conformance::bench::{Bench, Outcome};

pub(super) async fn replaces(bench: &Bench) -> Outcome {
    let (set, nginx) = (bench.set("web"), bench.service("nginx"));
    bench.publish(&set, &records(&set, 0, service(&nginx, false), &[(0, true), (1, true)])).await?;
    bench.publish(&set, &records(&set, 0, service(&nginx, false), &[(1, true)])).await?;
    assert_eq!(bench.addresses(&bench.full(&format!("{}-0.{nginx}", set.name), &set)).await?, None);
    let left = bench.addresses(&bench.full(&format!("{}-1.{nginx}", set.name), &set)).await?;
    assert_eq!(left, Some(vec![address(0, 1)]));
    Ok(())
}

pub(super) async fn by_nothing(bench: &Bench) -> Outcome {
    let (set, nginx) = (bench.set("web"), bench.service("nginx"));
    bench.publish(&set, &records(&set, 0, service(&nginx, false), &[(0, true)])).await?;
    bench.publish(&set, &RecordSet::default()).await?;
    for name in [format!("{}-0.{nginx}", set.name), nginx] {
        assert_eq!(bench.addresses(&bench.full(&name, &set)).await?, None, "{name}");
    }
    Ok(())
}

pub(super) async fn another_service(bench: &Bench) -> Outcome {
    let (set, old, new) = (bench.set("web"), bench.service("old"), bench.service("new"));
    bench.publish(&set, &records(&set, 0, service(&old, false), &[(0, true)])).await?;
    bench.publish(&set, &records(&set, 0, service(&new, false), &[(0, true)])).await?;
    assert_eq!(bench.addresses(&bench.full(&format!("{}-0.{old}", set.name), &set)).await?, None);
    assert_eq!(bench.addresses(&bench.full(&old, &set)).await?, None);
    let found = bench.addresses(&bench.full(&format!("{}-0.{new}", set.name), &set)).await?;
    assert_eq!(found, Some(vec![address(0, 0)]));
    Ok(())
}

pub(super) async fn new_address(bench: &Bench) -> Outcome {
    let (set, nginx) = (bench.set("web"), bench.service("nginx"));
    for net in [0, 1] {
        bench.publish(&set, &records(&set, net, service(&nginx, false), &[(0, true)])).await?;
        let found = bench.addresses(&bench.full(&format!("{}-0.{nginx}", set.name), &set)).await?;
        assert_eq!(found, Some(vec![address(net, 0)]));
    }
    Ok(())
}

pub(super) async fn twice(bench: &Bench) -> Outcome {
    let (set, nginx) = (bench.set("web"), bench.service("nginx"));
    let records = records(&set, 0, service(&nginx, false), &[(0, true), (1, false)]);
    bench.publish(&set, &records).await?;
    assert_eq!(bench.names().publish(&set, &records).await?, Published::Unchanged);
    Ok(())
}

pub(super) async fn any_order(bench: &Bench) -> Outcome {
    let (set, nginx) = (bench.set("web"), bench.service("nginx"));
    let mut records = records(&set, 0, service(&nginx, false), &[(0, true), (1, false)]);
    bench.publish(&set, &records).await?;
    records.pets.reverse();
    assert_eq!(bench.names().publish(&set, &records).await?, Published::Unchanged);
    Ok(())
}

pub(super) async fn other_sets(bench: &Bench) -> Outcome {
    let (web, db, shared) = (bench.set("web"), bench.set("db"), bench.service("shared"));
    bench.publish(&web, &records(&web, 0, service(&shared, false), &[(0, true), (1, true)])).await?;
    bench.publish(&db, &records(&db, 1, service(&shared, false), &[(0, true)])).await?;
    let mut of_both = bench.addresses(&bench.full(&shared, &web)).await?.unwrap_or_default();
    of_both.sort();
    assert_eq!(of_both, [address(0, 0), address(0, 1), address(1, 0)]);
    bench.publish(&db, &records(&db, 1, service(&shared, false), &[])).await?;
    assert_eq!(bench.addresses(&bench.full(&shared, &web)).await?, Some(vec![address(0, 0), address(0, 1)]));
    let found = bench.addresses(&bench.full(&format!("{}-0.{shared}", web.name), &web)).await?;
    assert_eq!(found, Some(vec![address(0, 0)]));
    Ok(())
}

pub(super) async fn other_namespace(bench: &Bench) -> Outcome {
    let (here, there, nginx) = (bench.set("web"), bench.set_elsewhere("web")?, bench.service("nginx"));
    bench.publish(&here, &records(&here, 0, service(&nginx, false), &[(0, true)])).await?;
    let mut of_there = records(&there, 1, service(&nginx, false), &[]);
    of_there.pets.push(pet(&there, 1, 0, true));
    bench.publish(&there, &of_there).await?;
    for (set, net) in [(&here, 0), (&there, 1)] {
        assert_eq!(bench.addresses(&bench.full(&nginx, set)).await?, Some(vec![address(net, 0)]));
    }
    Ok(())
}
