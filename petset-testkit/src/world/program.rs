//! [`Program`]: what the containers of a fake pod do, by image.

use std::time::Duration;

use petset_core::backend::PodPhase;
use petset_core::manifest::Violation;
use petset_core::spec::PodTemplate;
use petset_core::{Clock, Ordinal, SetKey};

use super::fake::FakeWorld;
use super::state::{Readiness, State, Termination};

/// What the first container of a pod does, when its image was given a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Program {
    /// Becomes ready at once, and ends at once when it is asked to.
    Ready,
    /// Starts, and never becomes ready; ends at once when it is asked to.
    NeverReady,
    /// Ends at once without error.
    Succeeds,
    /// Ends at once with an error.
    Fails,
    /// Becomes ready at once, and ends only when its grace period is over; see [`FakeWorld::pass`].
    Stubborn,
    /// Cannot run here: `check` names the image.
    Refused,
}

impl FakeWorld {
    /// From now on, pods whose first container has this image do this, whatever is said of others.
    pub fn set_program(&self, image: &str, program: Program) {
        self.shared.lock().programs.insert(image.to_owned(), program);
    }

    /// From now on, claims of this class are refused.
    pub fn refuse_class(&self, class: &str) {
        self.shared.lock().refused_classes.insert(class.to_owned());
    }

    /// Time passes: pods whose grace period is over are gone.
    pub fn pass(&self, duration: Duration) {
        let mut state = self.shared.lock();
        state.clock.advance(duration);
        let now = state.clock.now();
        let is_over = |(_, end): &(&(SetKey, Ordinal), &_)| **end <= now;
        let over: Vec<(SetKey, Ordinal)> =
            state.grace_ends.iter().filter(is_over).map(|(pet, _)| pet.clone()).collect();
        for (set, ordinal) in over {
            state.end_pod(&set, ordinal);
        }
    }
}

impl State {
    pub(super) fn program(&self, template: &PodTemplate) -> Option<Program> {
        let image = template.spec.containers.first()?.image.as_ref()?;
        self.programs.get(image).copied()
    }

    /// What of this template is refused.
    pub(super) fn check_template(&self, template: &PodTemplate) -> Vec<Violation> {
        let mut refused = self.refused_templates.clone();
        if self.program(template) == Some(Program::Refused) {
            let image = template.spec.containers[0].image.as_deref().unwrap_or_default();
            refused.push(Violation::new("spec.containers[0].image", image, "another image; this one cannot run here"));
        }
        refused
    }

    /// In which phase a pod of this template is once it is started, and whether it is ready.
    pub(super) fn start_of(&self, template: &PodTemplate) -> (PodPhase, bool) {
        match self.program(template) {
            None => (PodPhase::Running, self.readiness == Readiness::Immediate),
            Some(Program::Ready | Program::Stubborn) => (PodPhase::Running, true),
            Some(Program::NeverReady | Program::Refused) => (PodPhase::Running, false),
            Some(Program::Succeeds) => (PodPhase::Succeeded, false),
            Some(Program::Fails) => (PodPhase::Failed, false),
        }
    }

    /// Lets a pod that was asked to end do so: now, when its grace period is over, or when the test says so.
    pub(super) fn let_end(&mut self, set: &SetKey, ordinal: Ordinal, grace_seconds: u32) {
        let Some(running) = self.running(set, ordinal) else { return };
        match self.program(&running.template) {
            // One that was never started ignores nothing.
            Some(Program::Stubborn) if running.pod.status.phase != PodPhase::Pending => {
                let end = self.clock.now().after(Duration::from_secs(grace_seconds.into()));
                self.grace_ends.insert((set.clone(), ordinal), end);
            }
            Some(_) => {
                self.end_pod(set, ordinal);
            }
            None if self.termination == Termination::Immediate => {
                self.end_pod(set, ordinal);
            }
            None => {}
        }
    }
}
