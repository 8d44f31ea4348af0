use proptest::prelude::*;

use super::*;

fn small() -> Session<u64> {
    Session::new(Window { messages: 4, len_bytes: 100 })
}

#[derive(Clone, Debug)]
enum Step {
    Send { lane: Lane, len: u64 },
    Deliver,
    Repeat,
    Ack,
}

fn step() -> impl Strategy<Value = Step> {
    let lane = prop_oneof![Just(Lane::Data), Just(Lane::Control)];
    prop_oneof![
        (lane, 0..150_u64).prop_map(|(lane, len)| Step::Send { lane, len }),
        Just(Step::Deliver),
        Just(Step::Repeat),
        Just(Step::Ack),
    ]
}

proptest! {
    #[test]
    fn sent_is_acknowledged_or_returned_in_order(steps in prop::collection::vec(step(), 0..300)) {
        let (mut a, mut b) = (small(), small());
        let (mut sent, mut delivered, mut acknowledged) = (Vec::new(), Vec::new(), 0);
        let mut released = Vec::new();
        let mut data: VecDeque<(u64, Lane, u64)> = VecDeque::new();
        for step in steps {
            match step {
                Step::Send { lane, len } => {
                    let inside: Vec<_> = data.iter().filter(|(_, lane, _)| *lane == Lane::Data).collect();
                    let bytes: u64 = inside.iter().map(|(_, _, len)| len).sum();
                    let want = lane == Lane::Control || inside.is_empty() || (inside.len() < 4 && bytes + len <= 100);
                    prop_assert_eq!(a.admits(lane, len), want);
                    if want {
                        let seq = a.next_seq();
                        prop_assert_eq!(a.send(lane, len, seq), seq);
                        data.push_back((seq, lane, len));
                        sent.push(seq);
                    }
                }
                Step::Deliver => {
                    let next = delivered.len() as u64 + 1;
                    if next <= sent.len() as u64 {
                        prop_assert_eq!(b.received(next, 1), Ok(Arrival::Next));
                        delivered.push(next);
                    }
                }
                Step::Repeat => {
                    if let Some(last) = delivered.last() {
                        prop_assert_eq!(b.received(*last, 1), Ok(Arrival::Repeated));
                        prop_assert!(b.ack_due());
                    }
                }
                Step::Ack => {
                    let ack = b.take_ack();
                    prop_assert_eq!(ack, delivered.len() as u64);
                    prop_assert!(!b.ack_pending() && !b.ack_due());
                    prop_assert_eq!(a.acked(ack, |kept| released.push(kept)), Ok(ack > acknowledged));
                    acknowledged = ack;
                    data.retain(|(seq, _, _)| *seq > ack);
                }
            }
            prop_assert_eq!(a.acknowledged(), acknowledged);
            prop_assert_eq!(a.sent(), sent.len() as u64);
        }
        prop_assert!(released.into_iter().eq(1..=acknowledged));
        let returned: Vec<u64> = a.into_returned().collect();
        let want: Vec<u64> = (acknowledged + 1..=sent.len() as u64).collect();
        prop_assert_eq!(returned, want);
    }
}

#[test]
fn a_gap_is_an_error_and_changes_nothing() {
    let mut session = small();
    assert_eq!(session.received(1, 1), Ok(Arrival::Next));
    assert_eq!(session.received(3, 1), Err(SessionError::Gap { expected: 2, found: 3 }));
    assert_eq!(session.received(2, 1), Ok(Arrival::Next));
}

#[test]
fn an_ack_of_what_was_not_sent_is_an_error() {
    let mut session = small();
    session.send(Lane::Data, 1, 1);
    assert_eq!(session.acked(2, drop), Err(SessionError::AckBeyondSent { acknowledged: 2, sent: 1 }));
    assert_eq!(session.acked(1, drop), Ok(true));
    assert_eq!(session.acked(0, drop), Ok(false), "an older one is no news");
}

#[test]
fn an_ack_is_due_after_a_quarter_of_the_window() {
    let mut session = Session::<u64>::new(Window { messages: 8, len_bytes: 400 });
    session.received(1, 1).unwrap();
    assert!(session.ack_pending() && !session.ack_due());
    session.received(2, 1).unwrap();
    assert!(session.ack_due(), "by messages");
    assert_eq!(session.take_ack(), 2);
    session.received(3, 100).unwrap();
    assert!(session.ack_due(), "by bytes");
}

#[test]
fn a_message_larger_than_the_window_goes_alone() {
    let mut session = small();
    assert!(session.admits(Lane::Data, 1000));
    session.send(Lane::Data, 1000, 1);
    assert!(!session.admits(Lane::Data, 0));
    assert!(session.admits(Lane::Control, 1000));
}

/// One direction of a connection: frames in order, of which a prefix arrives.
type Wire = VecDeque<(u64, u64)>;

/// Two sessions over one connection after the other. Whatever is cut, and whenever.
struct Pair {
    sides: [Session<u64>; 2],
    wires: [Wire; 2],
    sent: [u64; 2],
    arrived: [Vec<u64>; 2],
}

#[derive(Clone, Debug)]
enum Event {
    Send(usize),
    Write(usize),
    Arrive(usize),
    Ack(usize),
    /// The connection ends, and the next one begins.
    Cut,
}

fn event() -> impl Strategy<Value = Event> {
    let side = || 0..2_usize;
    prop_oneof![
        6 => side().prop_map(Event::Send),
        8 => side().prop_map(Event::Write),
        6 => side().prop_map(Event::Arrive),
        2 => side().prop_map(Event::Ack),
        1 => Just(Event::Cut),
    ]
}

impl Pair {
    fn new() -> Pair {
        Pair {
            sides: [small(), small()],
            wires: Default::default(),
            sent: [0; 2],
            arrived: Default::default(),
        }
    }

    fn apply(&mut self, event: &Event) {
        match *event {
            Event::Send(side) => {
                if self.sides[side].admits(Lane::Data, 1) {
                    self.sent[side] += 1;
                    self.sides[side].send(Lane::Data, 1, self.sent[side]);
                }
            }
            Event::Write(side) => {
                let session = &mut self.sides[side];
                if let Some((seq, kept)) = session.unwritten() {
                    assert_eq!(seq, *kept, "SESSION-1");
                    self.wires[side].push_back((seq, session.received_up_to()));
                    self.sides[side].wrote();
                }
            }
            Event::Arrive(from) => {
                if let Some((seq, ack)) = self.wires[from].pop_front() {
                    let to = &mut self.sides[1 - from];
                    to.acked(ack, drop).unwrap();
                    if to.received(seq, 1).unwrap() == Arrival::Next {
                        self.arrived[1 - from].push(seq);
                    }
                }
            }
            Event::Ack(from) => {
                // An acknowledgement stands behind what was written before it.
                if self.wires[from].is_empty() {
                    let ack = self.sides[from].take_ack();
                    self.sides[1 - from].acked(ack, drop).unwrap();
                }
            }
            Event::Cut => {
                self.wires = Default::default();
                let received = [self.sides[0].received_up_to(), self.sides[1].received_up_to()];
                self.sides[0].resume(received[1], drop).unwrap();
                self.sides[1].resume(received[0], drop).unwrap();
            }
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_repeated_or_reordered_over_many_connections(events in prop::collection::vec(event(), 0..600)) {
        let mut pair = Pair::new();
        for event in &events {
            pair.apply(event);
        }
        pair.apply(&Event::Cut);
        while (0..2).any(|side| pair.sides[side].unwritten().is_some() || !pair.wires[side].is_empty()) {
            for side in 0..2 {
                pair.apply(&Event::Write(side));
                pair.apply(&Event::Arrive(side));
            }
        }
        for side in 0..2 {
            let want: Vec<u64> = (1..=pair.sent[side]).collect();
            prop_assert_eq!(&pair.arrived[1 - side], &want);
        }
    }

    /// Connections that overlap: a frame of an earlier one comes late. It is a repetition or a gap, never taken twice.
    #[test]
    fn a_late_frame_of_an_earlier_connection_is_never_taken_twice(
        events in prop::collection::vec(event(), 0..200),
        late in prop::collection::vec((0..300_usize, 0..40_u64), 0..20),
    ) {
        let mut pair = Pair::new();
        let mut late = late;
        late.sort_unstable();
        for (at, event) in events.iter().enumerate() {
            pair.apply(event);
            for (_, seq) in late.iter().filter(|(when, _)| *when == at) {
                let (received, session) = (pair.arrived[1].len() as u64, &mut pair.sides[1]);
                if *seq != received + 1 {
                    match session.received(*seq, 1) {
                        Ok(arrival) => prop_assert_eq!(arrival, Arrival::Repeated),
                        Err(error) => prop_assert_eq!(error, SessionError::Gap { expected: received + 1, found: *seq }),
                    }
                }
                prop_assert_eq!(session.received_up_to(), received);
            }
        }
        prop_assert!(pair.arrived[1].iter().copied().eq(1..=pair.arrived[1].len() as u64));
    }
}

#[test]
fn what_was_written_and_not_received_is_written_again() {
    let mut session = small();
    for number in 1..=3 {
        session.send(Lane::Data, 1, number);
        session.wrote();
    }
    assert!(session.unwritten().is_none());
    assert_eq!(session.resume(2, drop), Ok(true));
    assert_eq!(session.unwritten().map(|(seq, kept)| (seq, *kept)), Some((3, 3)));
    assert_eq!(session.resume(1, drop), Err(SessionError::Forgotten { acknowledged: 2, received: 1 }));
    assert_eq!(session.resume(4, drop), Err(SessionError::AckBeyondSent { acknowledged: 4, sent: 3 }));
    assert_eq!(session.acknowledged(), 2, "it has not changed");
}
