//! The task that looks after one pod, from its creation or adoption to its end.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use super::cell::Cell;
use super::container::Keeper;
use super::logs::rotate_for_ever;
use super::shared::Shared;
use super::terminate::terminate;

/// Looks after one pod until it is off the record.
pub(super) async fn supervise(node: Arc<Shared>, cell: Arc<Cell>) {
    tokio::select! {
        biased;
        () = cell.until_terminating() => {}
        () = live(&node, &cell) => {}
    }
    terminate(&node, &cell).await;
}

/// Init containers one after the other, then all containers, for ever.
async fn live(node: &Arc<Shared>, cell: &Arc<Cell>) {
    find_address(node, cell).await;
    let keeper = |index| Keeper { node: Arc::clone(node), cell: Arc::clone(cell), index };
    let (inits, containers): (Vec<usize>, Vec<usize>) = {
        let record = cell.record();
        (0..record.containers.len()).partition(|&index| record.containers[index].init)
    };
    let work = async {
        for index in inits {
            keeper(index).finish().await;
        }
        let keepers: Vec<_> = containers.into_iter().map(keeper).collect();
        join_all(keepers.iter().map(Keeper::keep)).await;
    };
    tokio::join!(work, rotate_for_ever(cell, node.options.logs));
}

async fn find_address(node: &Arc<Shared>, cell: &Arc<Cell>) {
    let mut failures = 1;
    loop {
        let (set, ordinal) = {
            let record = cell.record();
            (record.request.set().clone(), record.request.ordinal())
        };
        match node.addresses.address_of(&set, ordinal) {
            Ok(address) => {
                cell.note(|record| {
                    record.address = Some(address);
                    record.waiting = None;
                });
                return;
            }
            Err(error) => {
                let waiting = ("NoAddress".to_owned(), error.chain().to_string());
                cell.note(|record| record.waiting = Some(waiting));
            }
        }
        failures += 1;
        tokio::time::sleep(node.options.backoff.pause(failures).min(Duration::from_secs(60))).await;
    }
}
