//! What runs, for another terminal: read from the node's records, without disturbing whoever runs the node.

use std::collections::BTreeMap;
use std::path::Path;

use petset::backend::Pod;
use petset::controller::{PetRow, table};
use petset::local::node::Node;
use petset::{SetKey, Timestamp};

pub(crate) async fn print(dir: &Path) -> petset::Result<()> {
    let now = Timestamp::now();
    let pods = Node::inspect_pods(dir)?;
    let claims = Node::inspect_claims(dir).await?;
    if pods.is_empty() && claims.is_empty() {
        println!("nothing runs in {}; start with: quickstart --keep", dir.display());
        return Ok(());
    }
    let mut by_set: BTreeMap<&SetKey, Vec<&Pod>> = BTreeMap::new();
    for pod in &pods {
        by_set.entry(&pod.set).or_default().push(pod);
    }
    let sets = by_set.iter().map(|(set, pods)| {
        let ready = pods.iter().filter(|pod| pod.status.ready_since.is_some()).count();
        [set.to_string(), format!("{ready}/{}", pods.len())]
    });
    println!("{}", table(["PETSET", "READY"], sets));
    let rows = pods.iter().map(|pod| PetRow::of(pod, now).cells());
    println!("{}", table(PetRow::HEADINGS, rows));
    let rows = claims.iter().map(|claim| {
        let volume = claim.volume.clone().unwrap_or_default();
        [claim.name.clone(), format!("{:?}", claim.phase), volume]
    });
    println!("{}", table(["CLAIM", "STATUS", "VOLUME"], rows));
    Ok(())
}
