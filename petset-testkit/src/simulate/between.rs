//! The way of a request past the simulation.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use petset_core::backend::WatchStream;
use petset_core::store::SetStore;
use petset_core::{Clock, Error};
use tokio::time::Instant;

use super::agenda::Job;
use super::checker::Actor;
use super::fault::{Fault, Place};
use super::hints;
use super::sim::{AFTER_GIVEN_UP, Met, Sim, TOO_MANY};
use crate::world::{Answer, Between, Caller, Landed, Lands, Shared, State, Verdict};
use crate::{Op, Request, Source, VirtualClock};

fn is_versioned(request: &Request) -> bool {
    if let Request::DeletePod(_, options) = request {
        return options.version.is_some();
    }
    if let Request::UpdatePod(_, change) = request {
        return change.version.is_some();
    }
    matches!(request.op(), Op::StoreUpdateStatus | Op::StoreRemove)
}

impl Between for Sim {
    fn meet(&self, by: Caller, request: &Request) -> (u64, Verdict) {
        let at = self.elapsed();
        let mut inner = self.lock();
        let (number, op) = (inner.met.len() as u64, request.op());
        if inner.met.len() >= TOO_MANY {
            inner.checker.too_many_requests(TOO_MANY);
        }
        if inner.dead.contains(&by) || inner.met.len() >= TOO_MANY {
            // The dead ask for nothing.
            let verdict =
                Verdict { before: Duration::ZERO, lands: Lands::Never, after: Duration::ZERO, answer: Answer::Silence };
            drop(inner);
            self.changed.notify_one();
            return (number, verdict);
        }
        let met = Met { op, is_versioned: is_versioned(request) };
        inner.met.push(met);
        inner.looks += u64::from(op == Op::PodList);
        // Names that are as they are asked for already are no news.
        let counts = u64::from(op.is_write() && !matches!(op, Op::NamePublish | Op::NameWithdraw));
        inner.writes += counts;
        inner.effects += counts;
        inner.checker.asked(by, request);
        let place = Place::Request(op);
        let fault = inner.draw(place, number, Some(met));
        match fault {
            Some(fault) => {
                let what = format!("request {number}, of controller {by}, to {request}: {fault}");
                inner.trace.add(at, format_args!("#{number} controller {by}: {request}  !! {fault}"));
                inner.hit(fault, place, what);
            }
            None => inner.trace.add(at, format_args!("#{number} controller {by}: {request}")),
        }
        if fault == Some(Fault::Overtaken) {
            inner.overtaken.insert(number);
        }
        let verdict = inner.verdict(by, fault, op);
        if !verdict.before.is_zero() || matches!(verdict.lands, Lands::Later(_)) {
            inner.delayed.insert(number);
        }
        if let Some(fault) = fault {
            let given_up = if fault == Fault::Silent { AFTER_GIVEN_UP } else { Duration::ZERO };
            inner.faulty_for(verdict.before + verdict.after + given_up);
        }
        drop(inner);
        if fault.is_some() || op.is_write() {
            self.changed.notify_one();
        }
        (number, verdict)
    }

    fn landing(&self, world: &Shared, number: u64, request: &Request) {
        let mut state = world.lock();
        state.clock.set(VirtualClock::since(self.begin).now());
        let overtaken = self.lock().overtaken.remove(&number);
        if !overtaken {
            return;
        }
        if let Request::DeletePod(pod, _) | Request::UpdatePod(pod, _) = request {
            state.change_pod(&pod.set, pod.ordinal, |running| {
                Arc::make_mut(&mut running.pod.annotations).insert("overtaken".to_owned(), number.to_string());
            });
        } else if let Some(set) = request.set() {
            let sets = world.sets();
            let touch = async {
                let Some(stored) = sets.get(set).await? else { return Ok(()) };
                let mut declared = stored.set;
                declared.metadata.annotations.insert("overtaken".to_owned(), number.to_string());
                sets.update(set, &stored.version, declared).await.map(|_| ())
            };
            let touched: Option<Result<(), Error>> = touch.now_or_never();
            assert!(matches!(touched, Some(Ok(()))), "a store in memory never waits");
            self.stored(world, &state, set);
        }
    }

    fn landed(&self, world: &Shared, state: &mut State, request: &Request, landed: Landed<'_>) {
        let Landed { number, by, error, late } = landed;
        if late {
            let at = self.elapsed();
            let outcome = error.map_or_else(|| "done".to_owned(), |error| error.chain().to_string());
            let mut inner = self.lock();
            let outcome = inner.checker.without_uids(outcome);
            inner.trace.add(at, format_args!("#{number} lands late: {outcome}"));
        }
        let is_delayed = self.lock().delayed.remove(&number);
        self.look(state, if is_delayed { Actor::Delayed } else { Actor::Controller });
        if let Some(set) = request.set().filter(|_| error.is_none()) {
            if matches!(request.op(), Op::StoreUpdateStatus | Op::StoreRemove) {
                self.stored(world, state, set);
            } else if request.op() == Op::PodUpdate {
                self.pod_moved(state, set);
            }
        }
        self.lock().checker.read(by, request, state, error);
    }

    fn answered(&self, number: u64, error: Option<&Error>) {
        if let Some(error) = error {
            let at = self.elapsed();
            let mut inner = self.lock();
            let what = inner.checker.without_uids(error.chain().to_string());
            inner.trace.add(at, format_args!("#{number} answer: {what}"));
        }
    }

    fn later(&self, after: Duration, job: Box<dyn FnOnce() + Send>) {
        let mut inner = self.lock();
        inner.faulty_for(after);
        inner.agenda.add(Instant::now() + after, Job::Late(job));
        drop(inner);
        self.changed.notify_one();
    }

    fn watch(self: Arc<Self>, by: Caller, source: Source, stream: WatchStream) -> WatchStream {
        hints::meddle(self, by, source, stream)
    }
}
