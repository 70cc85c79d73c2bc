//! Panics inside a run: the controller contains them (S20), and the run must not miss them.

use std::cell::RefCell;
use std::sync::Once;

/// What this thread does.
#[derive(Debug)]
enum Run {
    /// No run.
    None,
    /// A run, and its first panic.
    Going(Option<String>),
}

thread_local! {
    static RUN: RefCell<Run> = const { RefCell::new(Run::None) };
}

static HOOK: Once = Once::new();

/// Notes panics of this thread while it lives, instead of printing them.
pub(super) struct Watch;

impl Watch {
    pub(super) fn begin() -> Self {
        HOOK.call_once(|| {
            let usual = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                let noted = RUN.with_borrow_mut(|run| match run {
                    Run::Going(first) => {
                        first.get_or_insert_with(|| panic.to_string());
                        true
                    }
                    Run::None => false,
                });
                if !noted {
                    usual(panic);
                }
            }));
        });
        RUN.set(Run::Going(None));
        Self
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        RUN.set(Run::None);
    }
}

/// The first panic of this run.
pub(super) fn taken() -> Option<String> {
    RUN.with_borrow(|run| match run {
        Run::Going(first) => first.clone(),
        Run::None => None,
    })
}
