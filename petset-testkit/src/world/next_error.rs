//! Errors that a test puts in the way of the next request.

use std::collections::{BTreeMap, VecDeque};

use petset_core::Error;

use super::counts::Op;

#[derive(Debug)]
pub(super) struct NextError {
    pub(super) error: Error,
    /// Whether the request takes effect all the same: its answer is lost.
    pub(super) applied: bool,
}

#[derive(Debug, Default)]
pub(super) struct NextErrors {
    by_op: BTreeMap<Op, VecDeque<NextError>>,
}

impl NextErrors {
    pub(super) fn push(&mut self, op: Op, next: NextError) {
        self.by_op.entry(op).or_default().push_back(next);
    }

    pub(super) fn pop(&mut self, op: Op) -> Option<NextError> {
        self.by_op.get_mut(&op)?.pop_front()
    }
}
