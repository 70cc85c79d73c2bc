//! Commands inside containers.

use crate::place::Place;
use crate::support::{create, open, running, until_ready};

#[tokio::test(flavor = "multi_thread")]
async fn a_command_has_its_exit_code_also_when_it_closed_its_output_before() {
    let place = Place::new();
    let node = open(&place).await;
    create(&node.pods(), running(&place)).await;
    let pod = until_ready(&node.pods(), &place).await;
    let quiet = ["/bin/sh", "-c", "echo said; exec >/dev/null 2>&1; sleep 1; exit 3"].map(str::to_owned);
    let (code, text) = node.pods().exec(&pod.reference(), "main", &quiet).await.expect("it runs");
    assert_eq!((code, text.as_slice()), (Some(3), &b"said\n"[..]));
}
