//! Walkthroughs with many: many pets at once, and more than one controller.

use std::time::Duration;

use petset_testkit::seed::{self, Dice};
use serde_json::json;

use crate::observer::Observer;
use crate::person::{Person, names};
use crate::{Error, ensure};

/// W9: twenty at once.
pub(crate) async fn parallel() -> Result<(), Error> {
    let person = Person::at_work("w9").await?;
    let observer = Observer::start(person.client.clone(), &person.namespace, false).await?;
    let many = |text: String| text.replace("replicas: 2", "replicas: 20\n  podManagementPolicy: Parallel");
    person.create(many)?;
    person.until_ready(20).await?;
    let pods = person.pods()?;
    let is_there = |ordinal: u32| names(&pods).contains(&format!("web-{ordinal}").as_str());
    ensure!((0..20).all(is_there) && pods.len() == 20, "{pods:?}");
    ensure!(person.claims()?.len() == 20, "{:?}", person.claims()?);
    person.kubectl(&["scale", "petset", "web", "--replicas=5"])?;
    person.until_ready(5).await?;
    ensure!(names(&person.pods()?) == ["web-0", "web-1", "web-2", "web-3", "web-4"], "{:?}", person.pods()?);
    ensure!(person.claims()?.len() == 20, "{:?}", person.claims()?);
    let (made, mut ended) = observer.finish()?;
    ended.sort_unstable();
    ensure!(made.len() == 20, "something was made twice: {made:?}");
    ensure!(ended == (5..20).collect::<Vec<_>>(), "{ended:?}");
    person.leave().await;
    Ok(())
}

/// W10: a second controller, and a first one that is cut off at random moments and started again, during W3 and W4.
#[expect(clippy::print_stderr, reason = "the seed repeats the run")]
pub(crate) async fn two_controllers() -> Result<(), Error> {
    let seed = seed::from_env();
    eprintln!("PETSET_SEED={seed}");
    let person = Person::at_work("w10").await?;
    let observer = person.observer().await?;
    let mut dice = Dice::of(seed, "two controllers", 0);
    let another = person.another_controller().await?;
    let first = tokio::spawn(async move {
        loop {
            let first = another();
            tokio::time::sleep(Duration::from_millis(50 + dice.below(500))).await;
            first.abort();
        }
    });
    person.create(|text| text)?;
    person.until_ready(2).await?;
    person.kubectl(&["scale", "petset", "web", "--replicas=5"])?;
    person.until_ready(5).await?;
    let claims = person.claims()?;
    person.kubectl(&["scale", "petset", "web", "--replicas=3"])?;
    person.until_ready(3).await?;
    let template = json!({ "metadata": { "annotations": { "example.org/round": "2" } } });
    person.patch(&json!({ "spec": { "template": template } }))?;
    person.until_ready(3).await?;
    let updated = ".status.updatedReplicas} {.status.availableReplicas";
    person.until_field("petset/web", updated, "3 3").await?;
    first.abort();
    ensure!(names(&person.pods()?) == ["web-0", "web-1", "web-2"], "{:?}", person.pods()?);
    ensure!(person.claims()? == claims, "{:?}", person.claims()?);
    let (made, ended) = observer.finish()?;
    ensure!(made == [0, 1, 2, 3, 4, 2, 1, 0], "something was done twice: {made:?}, PETSET_SEED={seed}");
    ensure!(ended == [4, 3, 2, 1, 0], "{ended:?}, PETSET_SEED={seed}");
    person.leave().await;
    Ok(())
}
