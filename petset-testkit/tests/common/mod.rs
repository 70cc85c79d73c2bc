//! The fake as a subject of the conformance suite.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use petset_core::backend::{Claim, Pod};
use petset_core::spec::{ClaimTemplate, Container, PodTemplate};
use petset_core::{Clock, Result, SetKey, Timestamp};
use petset_testkit::conformance::{Hands, Subject, Workload};
use petset_testkit::{Check, FakeWorld, Program};

/// What a case works with, over a world; the second argument says whether it is a later instance.
type Over = dyn Fn(&FakeWorld, bool) -> Subject + Send + Sync;

struct FakeHands {
    world: FakeWorld,
    over: Arc<Over>,
}

impl fmt::Debug for FakeHands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeHands").field("world", &self.world).finish_non_exhaustive()
    }
}

#[async_trait]
impl Hands for FakeHands {
    async fn vanish_volume(&self, claim: &Claim) -> Result<()> {
        self.world.vanish_volume(&claim.set, &claim.template, claim.ordinal.0);
        Ok(())
    }

    async fn supply_volume(&self, claim: &Claim) -> Result<()> {
        self.world.add_volume(&format!("made-for-{}", claim.name), 1 << 30);
        Ok(())
    }

    async fn damage_pods(&self, set: &SetKey) -> Result<()> {
        self.world.damage_pods(set);
        Ok(())
    }

    async fn damage_claims(&self, set: &SetKey) -> Result<()> {
        self.world.damage_claims(set);
        Ok(())
    }

    async fn mend(&self) -> Result<()> {
        self.world.mend();
        Ok(())
    }

    fn reopens(&self) -> bool {
        true
    }

    async fn reopen(self: Arc<Self>) -> Result<Subject> {
        Ok(dressed(&self.world, &self.over, true))
    }

    async fn runs(&self, pod: &Pod) -> Result<bool> {
        Ok(self.world.pod(&pod.set, pod.ordinal.0).is_some_and(|running| running.uid == pod.uid))
    }

    async fn mounts(&self, pod: &Pod) -> Result<BTreeMap<String, String>> {
        Ok(self.world.mounts(&pod.set, pod.ordinal.0))
    }

    async fn pass(&self, duration: Duration) {
        self.world.pass(duration);
    }

    fn now(&self) -> Timestamp {
        self.world.clock().now()
    }
}

fn template(world: &FakeWorld, image: &str, program: Program) -> PodTemplate {
    world.set_program(image, program);
    let mut template = PodTemplate::default();
    template.spec.containers =
        vec![Container { name: "main".to_owned(), image: Some(image.to_owned()), ..Container::default() }];
    template
}

fn workload(world: &FakeWorld) -> Workload {
    let mut workload = Workload::new();
    workload.ready = Some(template(world, "ready", Program::Ready));
    workload.never_ready = Some(template(world, "never-ready", Program::NeverReady));
    workload.ends = Some(template(world, "succeeds", Program::Succeeds));
    workload.fails = Some(template(world, "fails", Program::Fails));
    workload.stubborn = Some(template(world, "stubborn", Program::Stubborn));
    let refused = template(world, "refused", Program::Refused);
    workload.refused_pods.push((refused, vec!["spec.containers[0].image".to_owned()]));
    let mut unmatched = workload.claim.clone();
    unmatched.storage_class_name = Some(String::new());
    workload.unmatched = Some(unmatched);
    world.refuse_class("refused");
    let mut refused = ClaimTemplate { spec: workload.claim.clone(), ..ClaimTemplate::default() };
    refused.spec.storage_class_name = Some("refused".to_owned());
    workload.refused_claims.push((refused, vec!["spec.storageClassName".to_owned()]));
    workload
}

/// All that a world shows.
pub(crate) fn honest(world: &FakeWorld, _later: bool) -> Subject {
    Subject::new()
        .pods(Arc::new(world.pods()))
        .volumes(Arc::new(world.volumes()))
        .names(Arc::new(world.names()))
        .store(Arc::new(world.store()))
}

/// A world of its own, seen through what `over` makes of it: its parts, and nothing else.
pub(crate) fn subject(over: impl Fn(&FakeWorld, bool) -> Subject + Send + Sync + 'static) -> Subject {
    let world = FakeWorld::new();
    world.permit(Check::ClaimsAreKept);
    world.permit(Check::ClaimsOutliveTheirPod);
    let over: Arc<Over> = Arc::new(over);
    dressed(&world, &over, false)
}

/// What is in a world does not end with the parts that show it.
fn dressed(world: &FakeWorld, over: &Arc<Over>, later: bool) -> Subject {
    let hands = FakeHands { world: world.clone(), over: Arc::clone(over) };
    over(world, later).workload(workload(world)).hands(Arc::new(hands))
}
