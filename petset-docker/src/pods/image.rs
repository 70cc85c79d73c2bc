//! Images: there, or pulled.

use std::time::Duration;

use bollard::models::ImageInspect;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures::StreamExt;
use petset_core::spec::Container;
use tokio::time::{Instant, timeout};

use crate::client::{Client, Failure};

/// A pull that says nothing for so long is given up.
const SILENCE: Duration = Duration::from_secs(120);
/// Between two words about how far a pull is.
const WORDS: Duration = Duration::from_secs(1);

/// When an image is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    Always,
    IfNotPresent,
    Never,
}

impl Policy {
    /// What the container says, or Kubernetes' default: images without a tag, or with `latest`, are always pulled.
    pub(super) fn of(container: &Container) -> Self {
        match container.image_pull_policy.as_deref() {
            Some("Always") => Self::Always,
            Some("Never") => Self::Never,
            None if full_name(container.image.as_deref().unwrap_or_default()).ends_with(":latest") => Self::Always,
            None | Some(_) => Self::IfNotPresent,
        }
    }
}

/// Why there is no image: one word and its sentence.
#[derive(Debug)]
pub(super) struct NoImage {
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// Makes sure of an image. `progress` is told now and then how far a pull is.
pub(super) async fn ensure<F: Future<Output = ()> + Send>(
    client: &Client,
    image: &str,
    policy: Policy,
    progress: impl Fn(String) -> F + Send + Sync,
) -> Result<(), NoImage> {
    if policy != Policy::Always {
        let found = find(client, image).await.map_err(|failure| NoImage {
            reason: "ImageInspectError",
            message: petset_core::Error::from(failure).chain().to_string(),
        })?;
        if found.is_some() {
            return Ok(());
        }
    }
    if policy == Policy::Never {
        let message = format!("image `{image}` is not there, and imagePullPolicy is `Never`");
        return Err(NoImage { reason: "ErrImageNeverPull", message });
    }
    pull(client, image, progress).await.map_err(|message| NoImage { reason: "ErrImagePull", message })
}

/// The image, if the engine has it.
pub(super) async fn find(client: &Client, image: &str) -> Result<Option<ImageInspect>, Failure> {
    let name = image.to_owned();
    match client.ask("inspect an image", |docker| async move { docker.inspect_image(&name).await }).await {
        Ok(image) => Ok(Some(image)),
        Err(failure) if failure.is_not_found() => Ok(None),
        Err(failure) => Err(failure),
    }
}

async fn pull<F: Future<Output = ()> + Send>(
    client: &Client,
    image: &str,
    progress: impl Fn(String) -> F + Send + Sync,
) -> Result<(), String> {
    let failed = |why: String| format!("image `{image}` cannot be pulled: {why}");
    tracing::info!(image, "pull");
    let options = CreateImageOptionsBuilder::default().from_image(&full_name(image)).build();
    let mut steps = client.docker().create_image(Some(options), None, None);
    let mut said = Instant::now();
    progress(format!("pulling image `{image}`")).await;
    loop {
        let step = match timeout(SILENCE, steps.next()).await {
            Ok(None) => return Ok(()),
            Ok(Some(Ok(step))) => step,
            Ok(Some(Err(error))) => {
                let error = petset_core::Error::from(Failure::new("pull an image", error));
                return Err(failed(error.chain().to_string()));
            }
            Err(_) => return Err(failed(format!("nothing was heard of it for {} s", SILENCE.as_secs()))),
        };
        if let Some(message) = step.error_detail.and_then(|error| error.message) {
            return Err(failed(message));
        }
        let status = step.status.unwrap_or_default();
        let of = step.progress_detail.and_then(|detail| Some((detail.current?, detail.total.filter(|all| *all > 0)?)));
        if said.elapsed() >= WORDS {
            said = Instant::now();
            let share = of.map_or_else(String::new, |(current, total)| format!(" {}%", current * 100 / total));
            progress(format!("pulling image `{image}`: {status}{share}")).await;
        }
    }
}

/// The name with its tag: without one the engine would pull every tag there is.
fn full_name(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    if last.contains([':', '@']) { image.to_owned() } else { format!("{image}:latest") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_without_a_tag_are_the_latest() {
        let of = |image: &str| Policy::of(&Container { image: Some(image.to_owned()), ..Container::default() });
        assert_eq!(full_name("host:5000/a/b"), "host:5000/a/b:latest");
        assert_eq!(full_name("a@sha256:0"), "a@sha256:0");
        assert_eq!([of("a"), of("a:latest"), of("a:1")], [Policy::Always, Policy::Always, Policy::IfNotPresent]);
    }
}
