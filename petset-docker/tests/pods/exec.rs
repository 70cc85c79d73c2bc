//! Commands inside containers.

use crate::hand::{Deal, Hand};
use crate::place::Place;
use crate::support::{create, options, running, until_ready};

#[tokio::test(flavor = "multi_thread")]
async fn a_command_has_its_exit_code_also_when_the_engine_writes_it_down_late() {
    let place = Place::new();
    let hand = Hand::start(&place.path("docker.sock")).expect("a socket");
    let node = place.builder().host(hand.host()).pod_options(options()).open().await.expect("an engine");
    create(&node.pods(), running(&place)).await;
    let pod = until_ready(&node.pods(), &place).await;
    // What an engine says between the end of the output and its own word of the command's end.
    let mut looks = 0;
    hand.deal(move |line| {
        let is_look = line.contains("/exec/") && line.contains("/json");
        looks += i32::from(is_look);
        if is_look && looks <= 2 { Deal::say(r#"{"Running":true,"ExitCode":null}"#) } else { Deal::Pass }
    });
    let command = ["/bin/sh", "-c", "echo said; exit 3"].map(str::to_owned);
    let (code, text) = node.pods().exec(&pod.reference(), "main", &command).await.expect("it runs");
    assert_eq!((code, text.as_slice()), (Some(3), &b"said\n"[..]));
    assert_eq!(hand.kept().len(), 2);
}
