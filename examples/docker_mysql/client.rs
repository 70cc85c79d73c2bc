//! A client of the databases: a pet of a set of its own, that finds them by name as any program in the network does.

use petset::{Manifest, until};

use crate::database::Place;
use crate::stage::{Error, Stage};

const SET: &str = "default/client";
const MANIFEST: &str = r#"
apiVersion: petset.rs/v1
kind: PetSet
metadata:
  name: client
spec:
  template:
    metadata:
      labels:
        app: client
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: client
        image: mysql:5.7
        command: ["bash", "-c", "trap 'exit 0' TERM; while :; do sleep 600 & wait; done"]
"#;

/// Where the client is.
pub(crate) const CLIENT: Place = Place { set: SET, ordinal: 0, container: "client" };

/// Starts it.
pub(crate) async fn start(stage: &Stage) -> Result<(), Error> {
    stage.sets.apply(MANIFEST.parse::<Manifest>()?).await?;
    stage.reach(SET, until::rolled_out(), "starting a client").await?;
    stage.told.seen("a client is there, a pod of its own");
    Ok(())
}

/// Removes it.
pub(crate) async fn remove(stage: &Stage) {
    stage.remove(SET).await;
}
