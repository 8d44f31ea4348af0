use super::*;
use crate::ident::Uid;
use crate::wire::codec::Payload;
use crate::wire::testing::envelope;

/// A large message of a sender.
fn of(sender: u64) -> Envelope {
    let mut envelope = envelope(Lane::Data, 1);
    envelope.headers.sender.uid = Uid(sender);
    envelope.body = Body::Message(Payload { body: vec![0; LARGE_LEN_MIN + 1].into(), parts: Vec::new() });
    envelope
}

fn sender(large: &Large) -> u64 {
    large.envelope.headers.sender.uid.0
}

/// All of the first is sent. What waited for it begins.
fn land(queue: &mut LargeQueue) -> u64 {
    let large = queue.next().unwrap();
    let sender = sender(&large);
    queue.landed(1, large);
    assert!(queue.released().is_none(), "all are large");
    sender
}

#[test]
fn those_taken_first_are_sent_when_none_of_them_is_left_whatever_was_taken_since() {
    let mut queue = LargeQueue::default();
    // The second of the first sender waits behind its first; the third does not.
    [1, 1, 2].into_iter().for_each(|sender| queue.push(of(sender)));
    let taken = queue.taken();
    [2, 3].into_iter().for_each(|sender| queue.push(of(sender)));
    assert!(queue.has_sent(0));
    for (sender, first, all) in [(1, 1, false), (2, 1, false), (3, 1, false), (1, 3, true), (2, 4, true)] {
        assert_eq!(land(&mut queue), sender);
        assert!(queue.has_sent(first));
        assert_eq!(queue.has_sent(taken), all, "after one of {sender}");
    }
    assert!(queue.is_empty() && queue.has_sent(5));
}

#[test]
fn a_sender_whose_message_is_sent_gives_its_place_to_one_that_waits() {
    let mut queue = LargeQueue::default();
    let all = ACTIVE_MAX as u64;
    [1, 1].into_iter().chain(2..=all + 1).for_each(|sender| queue.push(of(sender)));
    assert_eq!(land(&mut queue), 1);
    assert!(queue.has_sent(1) && !queue.has_sent(2), "its second waits");
    let order: Vec<u64> = (0..=all).map(|_| land(&mut queue)).collect();
    assert_eq!(order, (2..=all + 1).chain([1]).collect::<Vec<_>>());
    assert!(queue.is_empty());
}
