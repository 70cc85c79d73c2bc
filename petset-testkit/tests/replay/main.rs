//! The model of the exhaustive search beside the shipped engine: random walks through the model, each step of which the
//! real [`Engine`] makes too, over a world in memory. After each step both worlds look the same, and the engine asks
//! for what the model says that it asks for, and for nothing else.

mod gate;
mod mirror;

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use petset_core::engine::{Engine, EngineOptions, Pass};
use petset_core::{Result, SetKey};
use petset_testkit::explore::{self, Act, Config, Kind, Stage, State, Step, Steps};
use petset_testkit::seed::{self, Dice};

use gate::{Desk, Open, Request, Words, parts};
use mirror::{Mirror, Seen};

/// So many walks through each configuration, and ten times as many with `PETSET_FULL=1`.
const WALKS: u64 = 20;
/// So many steps at most.
const STEPS: usize = 120;

type Passing = Pin<Box<dyn Future<Output = Result<Pass>>>>;

/// A real engine, and the pass that it is in.
struct Controller {
    engine: Arc<Engine>,
    desk: Desk,
    pass: Option<Passing>,
}

impl Controller {
    fn new(mirror: &Mirror, words: &Words, claims: bool) -> Self {
        let desk = Desk::default();
        let backends = parts(&mirror.world, &desk, words, claims);
        let mut options = EngineOptions::default();
        // What only time decides is not in the model.
        options.lapse = Duration::ZERO;
        options.status_interval = Duration::ZERO;
        options.request_timeout = Duration::from_secs(1 << 20);
        let engine = Arc::new(Engine::with_clock(backends, options, Arc::new(mirror.world.clock())));
        Self { engine, desk, pass: None }
    }

    /// Goes as far as it can without an answer.
    fn go(&mut self) {
        if let Some(pass) = &mut self.pass
            && pass.as_mut().now_or_never().is_some()
        {
            self.pass = None;
            assert!(self.desk.open().is_empty(), "a pass that is over waits for {:?}", self.desk.open());
        }
    }

    fn begin(&mut self, mirror: &Mirror) {
        assert!(self.pass.is_none(), "the model begins a pass, and the engine is in one: {:?}", self.desk.open());
        // What failed before is forgiven, and a status may be written again: the model knows no time.
        mirror.world.clock().advance(Duration::from_secs(3600));
        let (engine, key) = (Arc::clone(&self.engine), mirror.key.clone());
        self.pass = Some(Box::pin(async move { engine.pass(&key).await }));
        self.go();
    }

    fn take(&self, wanted: impl Fn(&Request) -> bool) -> Option<Open> {
        let mut open = self.desk.open();
        let at = open.iter().position(|open| wanted(&open.request))?;
        Some(open.remove(at))
    }

    /// Answers the request that is wanted.
    fn answer(&mut self, what: &str, done: bool, wanted: impl Fn(&Request) -> bool) -> Request {
        let Some(Open { request, word }) = self.take(wanted) else {
            panic!("the model says {what}, and the engine waits for {:?}", self.desk.open());
        };
        let _ = word.send(done);
        self.go();
        request
    }
}

fn is(request: &Request, act: Act) -> bool {
    request.kind().is_some_and(|(kind, pet)| kind == act.kind && (kind == Kind::RemoveSet || pet == u32::from(act.pet)))
}

/// A model, and the real thing beside it.
struct Walk<'a> {
    config: &'a Config,
    state: State,
    mirror: Mirror,
    words: Words,
    controllers: Vec<Controller>,
    /// Requests that nobody waits for.
    flying: Vec<(Act, Request)>,
    story: &'a RefCell<Vec<String>>,
}

impl<'a> Walk<'a> {
    fn new(config: &'a Config, story: &'a RefCell<Vec<String>>) -> Self {
        let mirror = Mirror::new(config);
        let words = Words::default();
        let controllers = (0..config.controllers).map(|_| Controller::new(&mirror, &words, config.claims)).collect();
        Self { config, state: config.start(), mirror, words, controllers, flying: Vec::new(), story }
    }

    fn tell(&self, line: String) {
        self.story.borrow_mut().push(line);
    }

    /// Whether the engine can go this way too; the model leaves some of its freedom to time.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the engine can go every other way at any time")]
    fn can(&self, step: Step) -> bool {
        match step {
            Step::Act(by, act) | Step::Lost(by, act) | Step::Late(by, act) => {
                self.controllers[by].desk.open().iter().any(|open| is(&open.request, act))
            }
            Step::Skip(_) => false,
            _ => true,
        }
    }

    fn make(&mut self, step: Step, next: State) {
        self.tell(format!("{step:?}"));
        let key: SetKey = self.mirror.key.clone();
        let pet = |pet: usize| u32::try_from(pet).expect("there are few pets");
        match step {
            Step::Declare => self.mirror.declare(),
            Step::Ready(at) => self.mirror.ready(pet(at)),
            Step::Unready(at) => self.mirror.world.set_ready(&key, pet(at), false),
            Step::Fails(at) => self.mirror.world.fail(&key, pet(at)),
            Step::Ends(at) => self.mirror.ends(pet(at)),
            // The world in memory lets a claim go as soon as nothing uses it.
            Step::ClaimEnds(_) => {}
            Step::ClaimVanishes(at) => self.mirror.claim_vanishes(pet(at)),
            Step::Lands(act) => {
                // Of those that are alike the model has forgotten the oldest.
                let at = self.flying.iter().rposition(|(flying, _)| *flying == act).expect("it was sent");
                self.flying.remove(at).1.land(&self.mirror.world);
            }
            Step::ReadSet(by) => {
                self.controllers[by].begin(&self.mirror);
                self.controllers[by].answer("read the set", true, |request| matches!(request, Request::ReadSet));
            }
            Step::Clear(by) => {
                self.controllers[by].begin(&self.mirror);
                self.controllers[by].answer("read the set", true, |request| matches!(request, Request::ReadSet));
                self.controllers[by].answer("list the pods", true, |request| matches!(request, Request::ListPods));
            }
            Step::ReadPods(by) | Step::ReadFails(by) => {
                let done = matches!(step, Step::ReadPods(_));
                self.controllers[by].answer("list the pods", done, |request| matches!(request, Request::ListPods));
            }
            Step::ReadClaims(by) => {
                self.controllers[by].answer("list the claims", true, |request| matches!(request, Request::ListClaims));
            }
            Step::Swap(by) => {
                let swaps = |request: &Request| matches!(request, Request::Write | Request::ReadSet);
                self.controllers[by].answer("write the status", true, swaps);
            }
            Step::Act(by, act) => {
                self.controllers[by].answer("act", true, |request| is(request, act));
            }
            Step::Lost(by, act) => {
                self.controllers[by].answer("fail", false, |request| is(request, act));
            }
            Step::Late(by, act) => {
                let request = self.controllers[by].answer("be late", false, |request| is(request, act));
                self.flying.push((act, request));
            }
            Step::Crash(by) => self.controllers[by] = Controller::new(&self.mirror, &self.words, self.config.claims),
            Step::ReadPod(..) | Step::ReadClaim(..) | Step::Binds(_) | Step::Skip(_) => {
                unreachable!("no list is piecemeal here, no claim waits, and no status is left")
            }
        }
        self.state = next;
        // A claim that nothing uses is gone at once in memory; the next step says so.
        let goes = |slot: &explore::Slot| slot.claim.state == explore::ClaimState::Terminating && !slot.pod.stands();
        if !self.state.slots.iter().any(goes) {
            self.compare();
            for by in 0..self.controllers.len() {
                self.agree(by);
            }
        }
    }

    fn compare(&mut self) {
        assert_eq!(self.mirror.seen(), Seen::of(&self.state), "the world, and the model of it");
    }

    /// The engine waits for what the model says. What the model leaves out, because it would be refused for sure, changes
    /// nothing.
    fn agree(&mut self, by: usize) {
        let mut wrote = false;
        loop {
            let explore::Controller { stage, acts, .. } = self.state.controllers[by];
            let first = acts.0[0].kind;
            let next: Vec<Act> = acts.iter().take_while(|act| act.kind == first).collect();
            let is_known = |request: &Request| match stage {
                Stage::Idle => false,
                Stage::HasSet => matches!(request, Request::ListPods | Request::ListClaims),
                Stage::HasPods => matches!(request, Request::ListClaims),
                Stage::HasClaims => matches!(request, Request::ListPods),
                Stage::Must | Stage::May => matches!(request, Request::Write | Request::ReadSet),
                Stage::Acting => next.iter().any(|act| is(request, *act)),
            };
            let Some(Open { request, word }) = self.controllers[by].take(|request| !is_known(request)) else { break };
            self.tell(format!("  in vain: {request:?}"));
            wrote |= matches!(request, Request::Write);
            let _ = word.send(true);
            self.controllers[by].go();
            self.compare();
        }
        let waits = !self.controllers[by].desk.open().is_empty();
        let explore::Controller { stage, stale, .. } = self.state.controllers[by];
        if wrote && stale && !waits && stage == Stage::Acting {
            // A status that only tells was written on an old version: the engine begins anew, and the model may.
            self.tell("  the race is lost, and so is the pass".to_owned());
            self.state.controllers[by] = explore::Controller::default();
            return;
        }
        assert_eq!(waits, stage != Stage::Idle, "whether the engine waits, at {stage:?} of the model");
    }

    /// What the model forgot of the requests under way is refused.
    fn land_the_rest(mut self) {
        let mut flying: Vec<Act> = self.state.flying.iter().collect();
        for (act, request) in std::mem::take(&mut self.flying).into_iter().rev() {
            if let Some(at) = flying.iter().position(|known| *known == act) {
                flying.remove(at);
                continue;
            }
            self.tell(format!("  lands in vain: {act:?}"));
            request.land(&self.mirror.world);
            self.compare();
        }
    }
}

fn walk(config: &Config, dice: &mut Dice, story: &RefCell<Vec<String>>) -> usize {
    let mut steps = Steps::new(config);
    let mut walk = Walk::new(config, story);
    walk.compare();
    for made in 0..STEPS {
        let mut ways = steps.after(&walk.state);
        ways.retain(|(step, _, broken)| broken.is_none() && walk.can(*step));
        if let Some(at) = ways.iter().position(|(step, _, _)| matches!(step, Step::ClaimEnds(_))) {
            ways.swap(0, at);
            ways.truncate(1);
        }
        if ways.is_empty() {
            walk.land_the_rest();
            return made;
        }
        let chosen = dice.below(ways.len() as u64);
        let (step, next, _) = ways.swap_remove(usize::try_from(chosen).expect("there are few ways"));
        walk.make(step, next);
    }
    walk.land_the_rest();
    STEPS
}

fn configs() -> Vec<Config> {
    let small = |config: &Config| !config.piecemeal && !config.binds_before_use;
    explore::ci().into_iter().filter(small).collect()
}

#[tokio::test]
async fn the_engine_goes_every_way_that_the_model_goes() {
    let seed = seed::from_env();
    let walks = if std::env::var_os("PETSET_FULL").is_some_and(|full| full == "1") { 10 * WALKS } else { WALKS };
    let mut all = 0;
    for config in configs() {
        let mut steps = 0;
        for nth in 0..walks {
            let story = RefCell::default();
            let mut dice = Dice::of(seed, config.name, nth);
            let walked = std::panic::AssertUnwindSafe(|| walk(&config, &mut dice, &story));
            let Ok(made) = std::panic::catch_unwind(walked) else {
                panic!("PETSET_SEED={seed}, {} walk {nth}:\n{}", config.name, story.borrow().join("\n"))
            };
            steps += made;
        }
        all += steps;
    }
    assert!(all > 0, "no walk went anywhere");
}
