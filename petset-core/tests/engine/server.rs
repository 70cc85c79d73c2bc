//! A server that makes something of its own of what it is asked for.

use std::sync::Arc;

use async_trait::async_trait;
use petset_core::backend::{
    Created, DeleteOptions, Deleted, Pod, PodBackend, PodCapabilities, PodChange, PodRef, PodRequest, WatchStream,
};
use petset_core::manifest::Violation;
use petset_core::spec::PodTemplate;
use petset_core::{Backends, Engine, EngineOptions, Result, SetKey};
use petset_testkit::FakePods;

use super::support::{Bench, set_template_image, settle, web};

/// Fills in and changes every template on its way, as admission does.
#[derive(Debug)]
struct Admission(FakePods);

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl PodBackend for Admission {
    fn capabilities(&self) -> PodCapabilities {
        self.0.capabilities()
    }

    fn check(&self, template: &PodTemplate) -> Vec<Violation> {
        self.0.check(template)
    }

    async fn list(&self, set: &SetKey) -> Result<Vec<Pod>> {
        self.0.list(set).await
    }

    async fn create(&self, mut request: PodRequest) -> Result<Created<Pod>> {
        let template = Arc::make_mut(&mut request.template);
        set_template_image(template, "registry.example/app@sha256:0");
        template.spec.termination_grace_period_seconds = Some(31);
        for texts in [&mut template.metadata.labels, &mut template.metadata.annotations, &mut request.labels] {
            texts.insert("mesh.example/injected".to_owned(), "true".to_owned());
        }
        self.0.create(request).await
    }

    async fn delete(&self, pod: &PodRef, options: DeleteOptions) -> Result<Deleted> {
        self.0.delete(pod, options).await
    }

    async fn update(&self, pod: &PodRef, change: PodChange) -> Result<()> {
        self.0.update(pod, change).await
    }

    fn watch(&self) -> WatchStream {
        self.0.watch()
    }
}

#[tokio::test]
async fn s16_what_a_server_makes_of_a_template_restarts_nobody() {
    let bench = Bench::new();
    let key = bench.create(web(3).build()).await;
    let engine = || {
        let backends = Backends { pods: Arc::new(Admission(bench.world.pods())), ..bench.backends.clone() };
        Engine::with_clock(backends, EngineOptions::default(), Arc::clone(&bench.clock))
    };
    settle(&engine(), &bench.world, &key).await;
    let born: Vec<_> = (0..3).map(|pet| bench.world.pod(&key, pet).expect("it stands").uid).collect();
    assert!(bench.world.pod(&key, 0).expect("it stands").labels.contains_key("mesh.example/injected"));
    bench.world.set_label(&key, 1, "pod-template-hash", "somebody's");
    bench.world.set_annotation(&key, 2, "kubectl.kubernetes.io/restartedAt", "now");
    // Whoever remembers nothing has nothing but the revisions on record to compare.
    settle(&engine(), &bench.world, &key).await;
    let now: Vec<_> = (0..3).map(|pet| bench.world.pod(&key, pet).expect("it stands").uid).collect();
    assert_eq!(now, born, "nobody was restarted");
    assert_eq!(bench.stored(&key).await.status.updated_replicas, 3);
    // A change of the declaration does.
    bench.change(&key, |set| set_template_image(&mut set.spec.template, "app:2")).await;
    settle(&engine(), &bench.world, &key).await;
    let then: Vec<_> = (0..3).map(|pet| bench.world.pod(&key, pet).expect("it stands").uid).collect();
    assert!(then.iter().all(|uid| !born.contains(uid)));
}
