//! Connections of a door that have not said who they are: bounded, and in nobody's way for long.

use super::super::strangers::{STRANGERS_MAX, Strangers};
use super::*;
use crate::transport::Trust;

/// How many more are admitted within `patience`.
async fn admitted(strangers: &mut Strangers, trust: Trust, patience: Duration) -> usize {
    let mut count = 0;
    while tokio::time::timeout(patience, strangers.room()).await.is_ok() && count < 2 * STRANGERS_MAX {
        strangers.admit(trust, std::future::pending());
        count += 1;
    }
    count
}

#[tokio::test(start_paused = true)]
async fn those_that_say_nothing_are_so_many_and_from_the_network_they_make_room() {
    let mut strangers = Strangers::default();
    assert_eq!(admitted(&mut strangers, Trust::Network, Duration::from_millis(100)).await, STRANGERS_MAX);
    // A while later all of them have had their time.
    assert!(tokio::time::timeout(Duration::from_secs(1), strangers.room()).await.is_ok());
    let mut strangers = Strangers::default();
    assert_eq!(admitted(&mut strangers, Trust::Machine, Duration::from_secs(60)).await, STRANGERS_MAX);
}

/// A door to which many connect and say nothing still opens, when their time is over at the latest.
#[tokio::test(start_paused = true)]
async fn a_door_that_silent_ones_fill_opens_again_when_their_time_is_over() {
    let network = MemoryNetwork::new();
    let (near, far) = (site_at(&network, 1, None), site_at(&network, 2, None));
    let _door = far.gateway.serve(&door("far")).await.unwrap();
    far.gateway.publish_door(&door("far"));
    let mut silent = Vec::new();
    for _ in 0..STRANGERS_MAX {
        silent.push(crate::transport::Transport::dial(&network, &door("far")).await.unwrap());
    }
    settle().await;
    // Who comes later has time left when theirs is over.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let start = tokio::time::Instant::now();
    near.gateway.post(near.message(&far.addr())).unwrap();
    while far.inbox.take().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(start.elapsed() < Duration::from_secs(3), "it does not open");
    }
    let waited = start.elapsed();
    assert!(waited >= Duration::from_millis(400), "it was full until the handshakes timed out: {waited:?}");
    assert_eq!(far.gateway.state().links.len(), 1);
}
