//! What finds no room: held within the window, or told to go back.

use std::collections::VecDeque;

use super::super::full::{FullActors, PROBE_EVERY, RoomNews};
use super::*;
use crate::wire::envelope::ReplyOn;
use crate::wire::testing::number;

/// How many messages the narrow proc takes.
const CAPACITY: usize = 4;

const FULL: CallErrorKind = CallErrorKind::MailboxFull { capacity: CAPACITY as u64 };

/// The window of the links, in messages.
const WINDOW: usize = 100;

/// A proc with one bounded mailbox for all of its actors: waiting sends queue, others are refused.
struct Narrow {
    gateway: Gateway,
    queues: Mutex<(Vec<Envelope>, VecDeque<Envelope>)>,
}

impl LocalProc for Narrow {
    fn deliver(&self, envelope: Envelope) -> Result<(), Box<Bounced>> {
        let mut queues = self.queues.lock().unwrap();
        if envelope.headers.reply_on == ReplyOn::Acceptance {
            queues.1.push_back(envelope);
        } else if queues.0.len() < CAPACITY {
            queues.0.push(envelope);
        } else {
            return Err(Box::new(Bounced { envelope, kind: FULL }));
        }
        Ok(())
    }
}

impl Narrow {
    /// Takes what is in the mailbox, and lets in what waits.
    fn take(&self) -> Vec<(u64, u64)> {
        let (taken, accepted) = {
            let mut queues = self.queues.lock().unwrap();
            let taken = std::mem::take(&mut queues.0);
            let count = queues.1.len().min(CAPACITY);
            queues.0 = queues.1.drain(..count).collect();
            (taken, queues.0.clone())
        };
        for envelope in accepted {
            let (port, slot) = envelope.headers.reply_to.unwrap();
            let (to, headers) = (Destination::port(&port, slot), self.gateway.own_headers());
            self.gateway.post_or_bounce(Envelope { to, headers, body: Body::Reply(Payload::default()) });
        }
        taken.iter().map(numbers).collect()
    }
}

/// Of which actor it is, and its number.
fn numbers(envelope: &Envelope) -> (u64, u64) {
    let Target::Handler { actor, .. } = envelope.to.target else { panic!("a message of an actor") };
    (actor.0, number(envelope))
}

struct Pair {
    near: Site,
    far: Gateway,
    narrow: Arc<Narrow>,
    to: ProcAddr,
    _door: Listening,
}

async fn pair() -> Pair {
    let network = MemoryNetwork::new();
    let near = site_at(&network, 1, None);
    let door_of_near = near.gateway.serve(&door("host")).await.unwrap();
    let far = gateway_with(&network, gateway_id(2), Some((*near.gateway.location()).clone()), Arc::default());
    let id = ProcId::single(Uid(200), "narrow".into());
    let narrow = Arc::new(Narrow { gateway: far.clone(), queues: Mutex::default() });
    let local: Arc<dyn LocalProc> = narrow.clone();
    far.attach(&id, &local);
    let mut expected = near.gateway.expect(TOKEN, id.clone(), Arc::new(Child::default()));
    far.dial_up(&door("host"), TOKEN).await.unwrap();
    expected.arrived().await.unwrap();
    let to = ProcAddr { id, at: near.gateway.location() };
    Pair { near, far, narrow, to, _door: door_of_near }
}

impl Pair {
    fn send(&self, actor: u64, seq: u64) -> Result<(), CallErrorKind> {
        let mut message = self.near.message(&self.to);
        message.to.target = Target::Handler { actor: Uid(actor), incarnation: 0, handler: 2 };
        message.body = Body::Message(Payload::of(&seq).unwrap());
        self.near.gateway.post(message).map_err(|bounced| bounced.kind)
    }

    fn held(&self) -> (u64, u64) {
        self.far.hot_state().holds.held()
    }

    /// Takes until nothing comes any more.
    async fn drain(&self) -> Vec<(u64, u64)> {
        let mut all = Vec::new();
        loop {
            let taken = self.narrow.take();
            if taken.is_empty() {
                return all;
            }
            all.extend(taken);
            settle().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_held_stays_within_the_window_and_the_rest_goes_back() {
    let pair = pair().await;
    let mut sent = Vec::new();
    for actor in 1..=20 {
        for seq in 1..=30 {
            pair.send(actor, seq).unwrap();
            sent.push((actor, seq));
        }
        settle().await;
        assert!(pair.held().0 <= WINDOW as u64, "{:?}", pair.held());
        assert_eq!(pair.send(actor, 99), Err(FULL), "its sender knows, whether it is held or has come back");
    }
    assert_eq!(pair.held().0, WINDOW as u64);
    let returned = pair.near.inbox.told();
    assert!(returned.iter().all(|(whom, reason)| (*whom, reason) == (7, &FULL.to_string())));
    assert_eq!(returned.len(), sent.len() - CAPACITY - WINDOW);
    // Each actor's own are in order; they take turns.
    let mut handled = pair.drain().await;
    handled.sort_by_key(|(actor, _)| *actor);
    assert_eq!(handled, sent[..CAPACITY + WINDOW]);
    assert_eq!(pair.held(), (0, 0));
    // Those for which something was held have said that they have room; the others are found out to have it.
    pair.send(1, 100).unwrap();
    assert_eq!(pair.send(20, 100), Err(FULL));
    for n in 0..3 {
        tokio::time::advance(PROBE_EVERY).await;
        pair.send(20, 101 + n).unwrap();
        assert_eq!(pair.send(20, 100), Err(FULL));
        settle().await;
        pair.narrow.take();
    }
    tokio::time::advance(PROBE_EVERY).await;
    pair.send(20, 104).unwrap();
    pair.send(20, 105).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_plain_messages_refuses_nobody_who_waits() {
    let pair = pair().await;
    for actor in 1..=5 {
        for seq in 1..=30 {
            pair.send(actor, seq).unwrap();
        }
        settle().await;
    }
    assert_eq!(pair.held().0, WINDOW as u64, "as much as it may be");
    pair.near.inbox.take();
    let mut waiting = pair.near.call(&pair.to, 50);
    waiting.body = Body::Message(Payload::of(&31_u64).unwrap());
    waiting.headers.reply_on = ReplyOn::Acceptance;
    pair.near.gateway.post(waiting).unwrap();
    settle().await;
    assert_eq!(pair.held().0, WINDOW as u64 + 1);
    assert_eq!(pair.near.inbox.told(), [], "it waits");
    let handled = pair.drain().await;
    let of_first: Vec<u64> = handled.iter().filter(|(actor, _)| *actor == 1).map(|(_, seq)| *seq).collect();
    assert_eq!(of_first, (1..=31).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn one_that_is_told_again_that_it_is_full_stays_so() {
    let mut full = FullActors::default();
    let (proc, actor) = (Uid(1), Uid(2));
    let news = RoomNews { proc, actor, full: Some(4) };
    full.note(news);
    for _ in 0..100 {
        assert_eq!(full.refuses(proc, actor), Some(FULL));
        tokio::time::advance(PROBE_EVERY).await;
        assert_eq!(full.refuses(proc, actor), None, "one is let through");
        full.note(news);
    }
    full.note(RoomNews { full: None, ..news });
    assert_eq!(full.refuses(proc, actor), None);
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_proc_had_said_is_forgotten() {
    let mut full = FullActors::default();
    for (proc, actor) in [(1, 1), (1, 2), (2, 1)] {
        full.note(RoomNews { proc: Uid(proc), actor: Uid(actor), full: Some(4) });
    }
    full.forget(Uid(1));
    assert_eq!(full.refuses(Uid(1), Uid(1)), None);
    assert_eq!(full.refuses(Uid(1), Uid(2)), None);
    assert_eq!(full.refuses(Uid(2), Uid(1)), Some(FULL));
}
