//! The suite over the fake: it keeps what it is used to show of others.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use petset_core::backend::{Claim, Pod};
use petset_core::spec::{ClaimTemplate, Container, PodTemplate};
use petset_core::{Clock, Result, SetKey, Timestamp};
use petset_testkit::conformance::{self, Hands, Subject, Workload};
use petset_testkit::{Check, FakeWorld, Program};

#[derive(Debug)]
struct FakeHands(FakeWorld);

#[async_trait]
impl Hands for FakeHands {
    async fn vanish_volume(&self, claim: &Claim) -> Result<()> {
        self.0.vanish_volume(&claim.set, &claim.template, claim.ordinal.0);
        Ok(())
    }

    async fn supply_volume(&self, claim: &Claim) -> Result<()> {
        self.0.add_volume(&format!("made-for-{}", claim.name), 1 << 30);
        Ok(())
    }

    async fn damage_pods(&self, set: &SetKey) -> Result<()> {
        self.0.damage_pods(set);
        Ok(())
    }

    async fn damage_claims(&self, set: &SetKey) -> Result<()> {
        self.0.damage_claims(set);
        Ok(())
    }

    async fn mend(&self) -> Result<()> {
        self.0.mend();
        Ok(())
    }

    fn reopens(&self) -> bool {
        true
    }

    async fn reopen(self: Arc<Self>) -> Result<Subject> {
        Ok(over(self.0.clone()))
    }

    async fn mounts(&self, pod: &Pod) -> Result<BTreeMap<String, String>> {
        Ok(self.0.mounts(&pod.set, pod.ordinal.0))
    }

    async fn pass(&self, duration: Duration) {
        self.0.pass(duration);
    }

    fn now(&self) -> Timestamp {
        self.0.clock().now()
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

fn subject() -> Subject {
    let world = FakeWorld::new();
    world.permit(Check::ClaimsAreKept);
    world.permit(Check::ClaimsOutliveTheirPod);
    over(world)
}

/// New handles of a world: what is in it does not end with them.
fn over(world: FakeWorld) -> Subject {
    Subject::new()
        .pods(Arc::new(world.pods()))
        .volumes(Arc::new(world.volumes()))
        .names(Arc::new(world.names()))
        .store(Arc::new(world.store()))
        .workload(workload(&world))
        .hands(Arc::new(FakeHands(world)))
}

fn main() -> ExitCode {
    conformance::run(|| async { Ok(subject()) })
}
