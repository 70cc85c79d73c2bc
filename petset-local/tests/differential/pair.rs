//! [`Pair`]: one story in both worlds, step by step.

use std::sync::Arc;
use std::time::Duration;

use petset_core::backend::{DeleteOptions, PodBackend, VolumeProvisioner};
use petset_core::spec::{Container, ExecAction, Handler, Lifecycle, PodTemplate, Probe, SleepAction};
use petset_local::node::Node;
use petset_testkit::{Check, FakeWorld};
use rustix::process::{Pid, Signal, kill_process};

use super::side::Side;
use super::story::{Program, SETS, Step};

const LOOK: Duration = Duration::from_millis(5);

/// Where the two worlds part.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) step: usize,
    pub(crate) what: String,
}

/// Runs the story in both; `Err` tells where they part. The real world may take so long until it is where the fake is at
/// once.
pub(crate) async fn compare(
    node: &Node,
    namespace: String,
    story: &[Step],
    patience: Duration,
) -> Result<(), Difference> {
    let world = FakeWorld::new();
    for check in [Check::ClaimsAreKept, Check::ClaimsOutliveTheirPod, Check::NoForce] {
        world.permit(check);
    }
    let programs = [
        ("never", petset_testkit::Program::NeverReady),
        ("stubborn", petset_testkit::Program::Stubborn),
        ("refused", petset_testkit::Program::Refused),
    ];
    for (image, program) in programs {
        world.set_program(image, program);
    }
    let (pods, volumes, names) = (Arc::new(world.pods()), Arc::new(world.volumes()), Arc::new(world.names()));
    let mut fake = Side::new(pods, volumes, names, fake_template, namespace.clone());
    let mut local = Side::new(node.pods(), node.volumes(), node.names(), local_template, namespace);
    let mut outcome = Ok(());
    for (step, asked) in story.iter().enumerate() {
        outcome = both(&mut fake, &mut local, asked, patience).await.map_err(|what| Difference { step, what });
        if outcome.is_err() {
            break;
        }
    }
    clean_up(node, &local).await;
    outcome
}

async fn both(fake: &mut Side, local: &mut Side, step: &Step, patience: Duration) -> Result<(), String> {
    let (expected, found) = (fake.take(step).await, local.take(step).await);
    if expected != found {
        return Err(format!("the answers differ:\n  fake:  {expected}\n  local: {found}"));
    }
    let expected = fake.look().await;
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        let found = local.look().await;
        if expected == found {
            return Ok(());
        }
        if tokio::time::Instant::now() > deadline {
            let only = |of: &[String], other: &[String]| {
                let only: Vec<&str> = of.iter().filter(|line| !other.contains(line)).map(String::as_str).collect();
                only.join("\n    ")
            };
            let (in_fake, in_local) = (only(&expected, &found), only(&found, &expected));
            return Err(format!("what is there differs:\n  fake:\n    {in_fake}\n  local:\n    {in_local}"));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Leaves no process and no volume behind.
async fn clean_up(node: &Node, local: &Side) {
    for set in SETS {
        let key = local.key(set);
        for _ in 0..2000 {
            let pods = local.pods.list(&key).await.expect("the node can be read");
            if pods.is_empty() {
                break;
            }
            for pod in pods {
                let hard = DeleteOptions { grace_seconds: Some(0), version: None };
                local.pods.delete(&pod.reference(), hard).await.expect("a pod can be deleted");
                if !pod.terminating {
                    continue;
                }
                // A stubborn one that was asked before keeps its grace period.
                let processes = node.pods().processes(&pod.reference()).await.unwrap_or_default();
                for process in processes.into_iter().filter_map(|id| Pid::from_raw(id.try_into().ok()?)) {
                    // It fails when the process ended by itself, and then nothing is left to do.
                    let _ = kill_process(process, Signal::KILL);
                }
            }
            tokio::time::sleep(LOOK).await;
        }
        for claim in local.volumes.list(&key).await.expect("the node can be read") {
            local.volumes.delete(&claim.reference()).await.expect("a claim can be deleted");
        }
        local.names.withdraw(&key).await.expect("names can be withdrawn");
    }
}

fn fake_template(program: Program) -> PodTemplate {
    let image = match program {
        Program::Ready => None,
        Program::NeverReady => Some("never"),
        Program::Stubborn => Some("stubborn"),
        Program::Refused => Some("refused"),
    };
    let mut container = Container { name: "main".to_owned(), ..Container::default() };
    container.image = image.map(str::to_owned);
    let mut template = PodTemplate::default();
    template.spec.containers = vec![container];
    template
}

fn local_template(program: Program) -> PodTemplate {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let mut container =
        Container { name: "main".to_owned(), command: words(&["sleep", "600"]), ..Container::default() };
    let mut template = PodTemplate::default();
    match program {
        Program::Ready => {}
        Program::NeverReady => {
            let exec = Some(ExecAction { command: words(&["false"]) });
            container.readiness_probe = Some(Probe { exec, period_seconds: Some(600), ..Probe::default() });
        }
        Program::Stubborn => {
            let sleep = Some(SleepAction { seconds: 600 });
            let pre_stop = Some(Handler { sleep, ..Handler::default() });
            container.lifecycle = Some(Lifecycle { pre_stop, ..Lifecycle::default() });
            template.spec.termination_grace_period_seconds = Some(600);
        }
        Program::Refused => template.spec.host_network = true,
    }
    template.spec.containers = vec![container];
    template
}
