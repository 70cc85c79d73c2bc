//! Whether the witness sees what it is there for: two containers of one identity at once.

use std::time::{Duration, Instant};

use crate::Error;
use crate::engine::Engine;
use crate::story::IMAGE;
use crate::witness::{PET, read, starts};

const SOON: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);
const VOLUME: &str = "data-web-0.default.petset";

/// Of two pets one after the other the witness says nothing, and of two at once it complains.
pub(crate) async fn is_seen() -> Result<(), Error> {
    let engine = Engine::start()?;
    let first = pet(&engine, "first")?;
    signed(&engine, 1).await?;
    engine.docker(&["rm", "--force", &first])?;
    pet(&engine, "second")?;
    signed(&engine, 2).await?;
    pet(&engine, "third")?;
    match signed(&engine, 3).await {
        Ok(()) => Err("two ran at once, and nobody said so".into()),
        Err(error) if error.to_string().contains("S1: two of web-0 ran at once") => Ok(()),
        Err(error) => Err(error),
    }
}

/// A container of `web-0`, past everything that keeps two apart.
fn pet(engine: &Engine, uid: &str) -> Result<String, Error> {
    let (uid, volume) = (format!("POD_UID={uid}"), format!("{VOLUME}:/data"));
    let mut arguments = vec!["run", "--detach", "--network", "none", "--volume", &volume, "--env", &uid];
    arguments.extend(["--env", "POD_NAME=web-0", "--env", "VERSION=one", IMAGE, "/bin/sh", "-c", PET]);
    Ok(engine.docker(&arguments)?.trim().to_owned())
}

/// Waits until so many have signed the journal, or the witness complains.
async fn signed(engine: &Engine, count: usize) -> Result<(), Error> {
    let deadline = Instant::now() + SOON;
    loop {
        let journals = read(&engine.volumes())?;
        if starts(&journals) == count {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("{count} did not sign: {journals:?}").into());
        }
        tokio::time::sleep(LOOK).await;
    }
}
