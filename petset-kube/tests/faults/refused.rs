//! Requests are refused, or they or their answers are lost, while a set goes on; with one controller, and with two.

use petset_core::Controller;

use crate::account::account;
use crate::kind::Kind;
use crate::story::Story;
use crate::trouble::Trouble;
use crate::world::{self, World};
use crate::{Error, ensure};

/// A way to the server on which requests fail.
async fn troubled(world: &World, trouble: &Trouble) -> Result<kube::Client, Error> {
    Ok(trouble.between(account(&world.server).await?.client()?))
}

/// 429, 500, 503, requests and answers that are lost.
pub(crate) async fn one(seed: u64, kind: Kind) -> Result<(), Error> {
    let world = world::the_world().await?;
    let story = Story::new(world.server.client()?, kind, "trouble").await?;
    let trouble = Trouble::new(seed, "trouble");
    let sets = Controller::new(story.backends(troubled(world, &trouble).await?)).spawn();
    story.run().await?;
    ensure!(trouble.failed() > 10, "only {} requests failed", trouble.failed());
    trouble.end();
    sets.shutdown().await;
    Ok(())
}

/// Two controllers, each with troubles of its own.
pub(crate) async fn two(seed: u64, kind: Kind) -> Result<(), Error> {
    let world = world::the_world().await?;
    let story = Story::new(world.server.client()?, kind, "two").await?;
    let troubles = [Trouble::new(seed, "first"), Trouble::new(seed, "second")];
    let mut controllers = Vec::new();
    for trouble in &troubles {
        controllers.push(Controller::new(story.backends(troubled(world, trouble).await?)).spawn());
    }
    story.run().await?;
    for (controller, trouble) in controllers.into_iter().zip(&troubles) {
        ensure!(trouble.failed() > 0, "one of two had no trouble");
        trouble.end();
        controller.shutdown().await;
    }
    Ok(())
}
