//! A backend of one's own, complete: tasks of this program as pods, directories as volumes, a table as names.
//!
//! ```console
//! $ cargo run --example custom_backend    # a set's life on it
//! $ cargo test --test custom_backend      # the suite that every backend is held to
//! ```

mod book;
mod dirs;
mod tasks;
mod template;

use std::sync::Arc;
use std::time::Duration;

use petset::store::MemoryStore;
use petset::{Backends, Cascade, Controller, Manifest, until};

const SET: &str = "
apiVersion: petset.rs/v1
kind: PetSet
metadata: {name: shards}
spec:
  replicas: 3
  serviceName: shards
  template:
    metadata: {labels: {app: shards}}
    spec:
      containers:
      - {name: main, command: [serve]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
";

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example tells what it does")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let dirs = dirs::Dirs::new(dir.path().to_owned());
    let tasks = tasks::Tasks::new(dirs.clone());
    let backends = Backends {
        pods: Arc::new(tasks.clone()),
        volumes: Arc::new(dirs.clone()),
        names: Arc::new(book::Book::default()),
        store: Arc::new(MemoryStore::new()),
    };
    let minute = Duration::from_secs(60);
    let sets = Controller::new(backends).spawn();
    sets.apply(Manifest::parse(SET)?).await?;
    sets.wait("shards", until::rolled_out(), minute).await?;
    sets.scale("shards", 5).await?;
    sets.wait("shards", until::ready_replicas(5), minute).await?;
    println!("{}", sets.explain("shards").await?);
    sets.delete("shards", Cascade::Ordered).await?;
    sets.wait("shards", until::gone(), minute).await?;
    sets.shutdown().await;
    let data = dirs.data(&"shards".parse()?, "data-shards-0");
    println!("the data of shards-0 is still there: {}", data.is_dir());
    println!("tasks that still run: {}", tasks.running().len());
    Ok(())
}
