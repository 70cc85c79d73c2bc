//! A world, a store and an engine that share one clock.

use std::sync::Arc;
use std::time::Duration;

use petset_core::engine::Pass;
use petset_core::manifest::Manifest;
use petset_core::spec::{PetSet, PodTemplate};
use petset_core::status::{Condition, ConditionStatus};
use petset_core::store::{MemoryStore, SetStore, StoredSet};
use petset_core::{Backends, Clock, Controller, Engine, EngineOptions, SetKey, Sets, Timestamp, until};
use petset_testkit::{FakeWorld, fixtures};

/// Virtual time that is enough for whatever ends by itself.
pub(crate) const SOON: Duration = Duration::from_secs(60);

pub(crate) fn until_reason(reason: &'static str) -> until::Until {
    until::holds(reason, move |set| {
        let conditions = set.map(|set| &set.status.conditions).into_iter().flatten();
        conditions.into_iter().any(|condition| condition.reason == reason)
    })
}

/// tokio's clock as the engine's, so that pausing the one pauses the other.
#[derive(Debug)]
pub(crate) struct TokioClock(tokio::time::Instant);

impl TokioClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(tokio::time::Instant::now()))
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000).after(self.0.elapsed())
    }
}

pub(crate) struct Bench {
    pub(crate) world: FakeWorld,
    pub(crate) backends: Backends,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) engine: Engine,
}

impl Bench {
    /// A world whose pods are ready at once; the engine is on the world's clock.
    pub(crate) fn new() -> Self {
        Self::over(FakeWorld::new())
    }

    pub(crate) fn over(world: FakeWorld) -> Self {
        let backends = Backends {
            pods: Arc::new(world.pods()),
            volumes: Arc::new(world.volumes()),
            names: Arc::new(world.names()),
            store: Arc::new(MemoryStore::new()),
        };
        let clock: Arc<dyn Clock> = Arc::new(world.clock());
        let engine = Engine::with_clock(backends.clone(), EngineOptions::default(), Arc::clone(&clock));
        Self { world, backends, clock, engine }
    }

    /// Another engine over the same world and store, with a memory of its own.
    pub(crate) fn another_engine(&self) -> Engine {
        Engine::with_clock(self.backends.clone(), EngineOptions::default(), Arc::clone(&self.clock))
    }

    pub(crate) fn controller(&self) -> Sets {
        Controller::new(self.backends.clone()).clock(TokioClock::new()).spawn()
    }

    pub(crate) async fn create(&self, set: PetSet) -> SetKey {
        let key = set.key();
        self.backends.store.create(set, self.clock.now()).await.expect("the key is free");
        key
    }

    pub(crate) async fn change(&self, key: &SetKey, change: impl FnOnce(&mut PetSet)) {
        let stored = self.stored(key).await;
        let mut set = stored.set;
        change(&mut set);
        self.backends.store.update(key, &stored.version, set).await.expect("nobody else writes");
    }

    pub(crate) async fn stored(&self, key: &SetKey) -> StoredSet {
        self.backends.store.get(key).await.expect("memory can be read").expect("the set exists")
    }

    pub(crate) async fn condition(&self, key: &SetKey, kind: &str) -> Condition {
        let status = self.stored(key).await.status;
        status.conditions.into_iter().find(|condition| condition.kind == kind).expect("petset sets its conditions")
    }

    pub(crate) async fn is_degraded(&self, key: &SetKey) -> bool {
        self.condition(key, "Degraded").await.status == ConditionStatus::True
    }

    pub(crate) async fn pass(&self, key: &SetKey) -> Pass {
        self.engine.pass(key).await.expect("the world can be seen")
    }

    /// Passes until one changes nothing; the clock moves on where only time is missing.
    pub(crate) async fn settle(&self, key: &SetKey) -> usize {
        settle(&self.engine, &self.world, key).await
    }
}

pub(crate) async fn settle(engine: &Engine, world: &FakeWorld, key: &SetKey) -> usize {
    for passes in 1..200 {
        let pass = engine.pass(key).await.expect("the world can be seen");
        if pass.gone {
            return passes;
        }
        let idle = pass.plan.as_ref().is_some_and(|plan| plan.actions.is_empty() && plan.tickets.is_none());
        if !pass.again && idle && !pass.status_written {
            return passes;
        }
        if !pass.again {
            world.clock().advance(Duration::from_millis(200));
        }
    }
    panic!("the set does not come to rest: {}", engine.explain(key).await.expect("the world can be seen"));
}

pub(crate) fn manifest(set: PetSet) -> Manifest {
    Manifest::try_from(set).expect("fixtures are valid")
}

pub(crate) fn web(replicas: i32) -> fixtures::SetBuilder {
    fixtures::set("web").replicas(replicas).claim("www")
}

pub(crate) fn set_image(set: &mut PetSet, image: &str) {
    set_template_image(&mut set.spec.template, image);
}

pub(crate) fn set_template_image(template: &mut PodTemplate, image: &str) {
    for container in &mut template.spec.containers {
        container.image = Some(image.to_owned());
    }
}
