//! Images of a test's own.

use std::thread;

use bollard::Docker;
use bollard::models::{ContainerConfig, ContainerCreateBody};
use bollard::query_parameters::{
    CommitContainerOptionsBuilder, CreateContainerOptions, RemoveContainerOptions, RemoveImageOptions,
};

use crate::place::Place;
use crate::support::IMAGE;

/// An image, removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) name: String,
    engine: Docker,
}

impl Drop for Image {
    fn drop(&mut self) {
        let (name, engine) = (self.name.clone(), self.engine.clone());
        let remove = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            // Its containers go later; the name is what would be in the way.
            let force = RemoveImageOptions { force: true, ..RemoveImageOptions::default() };
            runtime.block_on(async { engine.remove_image(&name, Some(force), None).await }).map(drop)
        };
        // The test's runtime is busy with the test.
        let _ = thread::spawn(remove).join();
    }
}

/// The image of the tests with what a line of a Dockerfile changes.
pub(crate) async fn with_changes(place: &Place, line: &str) -> Image {
    made_of(place, ContainerCreateBody::default(), line).await
}

/// The image of the tests with another polite signal, which no line may change.
pub(crate) async fn stopped_by(place: &Place, signal: &str) -> Image {
    let body = ContainerCreateBody { stop_signal: Some(signal.to_owned()), ..ContainerCreateBody::default() };
    made_of(place, body, "LABEL petset.test/signal=own").await
}

async fn made_of(place: &Place, body: ContainerCreateBody, line: &str) -> Image {
    let name = format!("petset.test/changed-{}", place.namespace);
    let body = ContainerCreateBody { image: Some(IMAGE.to_owned()), ..body };
    let made = place.engine.create_container(None::<CreateContainerOptions>, body).await.expect("a container").id;
    let options = CommitContainerOptionsBuilder::default().container(&made).repo(&name).tag("1").changes(line).build();
    place.engine.commit_container(options, ContainerConfig::default()).await.expect("an image");
    place.engine.remove_container(&made, None::<RemoveContainerOptions>).await.expect("it never ran");
    Image { name: format!("{name}:1"), engine: place.engine.clone() }
}
