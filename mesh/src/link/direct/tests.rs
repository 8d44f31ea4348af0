use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;

use super::*;
use crate::link::{Kind, Link};
use crate::wire::envelope::Body;
use crate::wire::testing::{envelope, number};

/// Ten times what this should ever take.
const HANG: Duration = Duration::from_secs(30);

#[derive(Debug, PartialEq)]
enum Event {
    Arrived(LinkId, u64),
    Lost(LinkId, String, Vec<u64>),
}

struct Recorder(mpsc::UnboundedSender<Event>);

impl LinkEvents for Recorder {
    fn arrived(&self, link: LinkId, envelope: Envelope) {
        let _ = self.0.send(Event::Arrived(link, number(&envelope)));
    }

    fn lost(&self, link: LinkId, Loss { reason, .. }: Loss, returned: Vec<Envelope>) {
        let _ = self.0.send(Event::Lost(link, reason, returned.iter().map(number).collect()));
    }
}

/// A gateway's part: its inbox, and what happens on its links.
struct Site {
    inbox: Arc<Inbox>,
    events: Arc<Recorder>,
    heard: mpsc::UnboundedReceiver<Event>,
}

impl Site {
    fn new() -> Site {
        let (sender, heard) = mpsc::unbounded_channel();
        Site { inbox: Arc::default(), events: Arc::new(Recorder(sender)), heard }
    }

    fn start(&self, end: End, id: u64) -> Link {
        Link::direct(end.start(LinkId(id), Window::default(), &self.inbox, self.events.clone()))
    }

    async fn hears(&mut self) -> Event {
        let heard = tokio::time::timeout(HANG, self.heard.recv());
        heard.await.expect("something is heard").expect("the events live")
    }
}

fn data(number: u64) -> Envelope {
    envelope(Lane::Data, number)
}

fn post_all(link: &Link, numbers: impl IntoIterator<Item = u64>) {
    numbers.into_iter().for_each(|number| link.post(data(number)).expect("it is taken"));
}

/// Posts as [`Link::tell`] does: straight, if nothing is before it.
fn tell(link: &Link, envelope: Envelope) -> Result<(), Refused> {
    let Kind::Direct(direct) = &link.0 else { unreachable!("it is direct") };
    direct.put(Item::Whole(Box::new(envelope)), true)
}

fn sites() -> (Site, Site, Link, Link) {
    let (near, far) = (Site::new(), Site::new());
    let (a, b) = pair("test");
    let links = (near.start(a, 1), far.start(b, 2));
    (near, far, links.0, links.1)
}

#[tokio::test]
async fn who_gives_up_gets_back_what_has_not_arrived_and_nothing_arrives_after_it() {
    let (mut near, mut far, link, back) = sites();
    post_all(&link, 1..=3);
    for want in 1..=3 {
        assert_eq!(far.hears().await, Event::Arrived(LinkId(2), want));
    }
    // Without an await between them nobody takes anything.
    post_all(&link, 4..=6);
    post_all(&back, 7..=8);
    link.give_up("enough");
    assert!(link.is_lost() && back.is_lost());
    let refused = link.post(data(9)).expect_err("it is lost");
    assert_eq!(refused.kind, CallErrorKind::Unreachable { reason: "enough".into() });
    assert_eq!(near.hears().await, Event::Lost(LinkId(1), "enough".into(), vec![4, 5, 6]));
    let to_far = "the other side gave the link up".to_owned();
    assert_eq!(far.hears().await, Event::Lost(LinkId(2), to_far, vec![7, 8]));
    link.give_up("again");
    tokio::time::timeout(HANG, async { tokio::join!(link.lost(), link.room(), back.flush()) })
        .await
        .expect("nothing is waited for any more");
    assert!(near.heard.try_recv().is_err() && far.heard.try_recv().is_err(), "the loss is told once");
}

#[tokio::test]
async fn what_was_said_before_the_end_is_taken_first() {
    let (mut near, mut far, link, back) = sites();
    post_all(&back, 1..=100);
    link.end_with_connection("its process has ended");
    for want in 1..=100 {
        assert_eq!(near.hears().await, Event::Arrived(LinkId(1), want));
    }
    assert_eq!(near.hears().await, Event::Lost(LinkId(1), "its process has ended".into(), vec![]));
    assert!(matches!(far.hears().await, Event::Lost(LinkId(2), _, returned) if returned.is_empty()));
}

#[tokio::test]
async fn an_end_that_is_never_started_ends_the_link() {
    let (mut near, (a, b)) = (Site::new(), pair("test"));
    let link = near.start(a, 1);
    post_all(&link, 1..=2);
    drop(b);
    let reason = "the other side was not ready".to_owned();
    assert_eq!(near.hears().await, Event::Lost(LinkId(1), reason, vec![1, 2]));
    // The other way round: the loss is there before the link.
    let (a, b) = pair("test");
    drop(b);
    let link = near.start(a, 3);
    assert!(link.is_lost());
    assert!(matches!(near.hears().await, Event::Lost(LinkId(3), ..)));
}

#[tokio::test]
async fn what_is_posted_before_the_other_side_is_ready_waits_for_it() {
    let (near, mut far, (a, b)) = (Site::new(), Site::new(), pair("test"));
    let link = near.start(a, 1);
    post_all(&link, 1..=2);
    tokio::task::yield_now().await;
    assert!(!link.is_idle());
    let _back = far.start(b, 2);
    for want in 1..=2 {
        assert_eq!(far.hears().await, Event::Arrived(LinkId(2), want));
    }
    link.flush().await;
    assert!(link.is_idle());
}

#[tokio::test]
async fn a_message_goes_straight_unless_something_is_before_it() {
    let (_near, mut far, link, _back) = sites();
    tell(&link, data(1)).expect("it is taken");
    assert!(far.heard.try_recv().is_ok(), "it has arrived already");
    assert!(link.is_idle());
    link.post(data(2)).expect("it is taken");
    assert!(far.heard.try_recv().is_err(), "what is posted under any lock has not");
    tell(&link, data(3)).expect("it is taken");
    assert!(far.heard.try_recv().is_err() && !link.is_idle(), "nor what is behind it");
    for want in [2, 3] {
        assert_eq!(far.hears().await, Event::Arrived(LinkId(2), want));
    }
    link.flush().await;
    tell(&link, data(4)).expect("it is taken");
    assert_eq!(far.heard.try_recv(), Ok(Event::Arrived(LinkId(2), 4)));
}

/// Who hears of an envelope may post over the same link, and end it: what arrives meanwhile stays in order.
#[tokio::test]
async fn who_is_called_at_once_may_post_and_close() {
    struct Echo(Mutex<Option<Link>>, mpsc::UnboundedSender<Event>);
    impl LinkEvents for Echo {
        fn arrived(&self, _: LinkId, envelope: Envelope) {
            let back = self.0.lock().expect("nobody panics").clone().expect("there is one");
            let n = number(&envelope);
            tell(&back, data(n + 100)).expect("it is taken");
            if n == 3 {
                back.close("enough");
            }
        }
        fn lost(&self, link: LinkId, Loss { reason, .. }: Loss, returned: Vec<Envelope>) {
            let _ = self.1.send(Event::Lost(link, reason, returned.iter().map(number).collect()));
        }
    }
    let (mut near, (a, b)) = (Site::new(), pair("test"));
    let (sender, mut echoed) = mpsc::unbounded_channel();
    let echo = Arc::new(Echo(Mutex::new(None), sender));
    let back = Link::direct(b.start(LinkId(2), Window::default(), &Arc::default(), echo.clone()));
    *echo.0.lock().expect("nobody panics") = Some(back);
    let link = near.start(a, 1);
    for n in 1..=3 {
        tell(&link, data(n)).expect("it is taken");
    }
    for n in 1..=3 {
        assert_eq!(near.hears().await, Event::Arrived(LinkId(1), n + 100));
    }
    let reason = "the other side closed the link: enough".to_owned();
    assert_eq!(near.hears().await, Event::Lost(LinkId(1), reason, vec![]));
    assert_eq!(echoed.recv().await, Some(Event::Lost(LinkId(2), "closed: enough".into(), vec![])));
    *echo.0.lock().expect("nobody panics") = None;
}

#[tokio::test]
async fn the_links_of_an_inbox_take_turns() {
    let (near, mut far) = (Site::new(), Site::new());
    let links: Vec<_> = (0..2)
        .map(|n| {
            let (a, b) = pair("test");
            far.start(b, n);
            near.start(a, 10 + n)
        })
        .collect();
    post_all(&links[0], 0..1000);
    post_all(&links[1], 0..10);
    let mut before = 0;
    while let Event::Arrived(LinkId(0), _) = far.hears().await {
        before += 1;
    }
    assert_eq!(before, TURN_LEN, "the flood of one link waits for the other's turn");
}

#[tokio::test]
async fn with_its_last_link_an_inbox_lets_go_of_its_gateway_and_begins_again() {
    let (mut near, mut far, link, _back) = sites();
    for round in 0..3 {
        let (a, b) = pair("test");
        let (again, _) = (near.start(a, 5), far.start(b, 6));
        if round == 0 {
            link.close("one of two");
            assert!(matches!(near.hears().await, Event::Lost(LinkId(1), ..)));
            assert!(matches!(far.hears().await, Event::Lost(LinkId(2), ..)));
        }
        post_all(&again, [round]);
        assert_eq!(far.hears().await, Event::Arrived(LinkId(6), round));
        again.close("done");
        assert!(matches!(near.hears().await, Event::Lost(LinkId(5), ..)));
        assert!(matches!(far.hears().await, Event::Lost(LinkId(6), ..)));
        while Arc::strong_count(&near.events) > 1 || Arc::strong_count(&far.events) > 1 {
            tokio::task::yield_now().await;
        }
        assert!(!near.inbox.is_running());
    }
}

#[test]
fn a_runtime_that_ends_lets_go_of_everything() {
    let (near, far) = (Site::new(), Site::new());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("it can be built");
    let link = runtime.block_on(async {
        let (a, b) = pair("test");
        far.start(b, 2);
        near.start(a, 1)
    });
    post_all(&link, 1..=2);
    drop(runtime);
    assert_eq!((Arc::strong_count(&near.events), Arc::strong_count(&far.events)), (1, 1));
    let refused = link.post(data(3)).expect_err("nobody takes it");
    assert!(refused.kind.to_string().contains("has ended"), "{}", refused.kind);
    let Kind::Direct(direct) = &link.0 else { unreachable!("it is direct") };
    let pair = Arc::downgrade(&direct.pair);
    drop(link);
    assert_eq!(pair.strong_count(), 0, "no inbox keeps it");
}

#[test]
fn a_start_on_a_runtime_that_has_ended_is_lost_and_keeps_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("it can be built");
    let handle = runtime.handle().clone();
    drop(runtime);
    let (sender, started) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _entered = handle.enter();
        let (near, (a, b)) = (Site::new(), pair("test"));
        let link = near.start(a, 1);
        let _ = sender.send((near, link, b));
    });
    let (near, link, far) = started.recv_timeout(HANG).expect("it does not hang");
    assert!(link.is_lost());
    drop((link, far));
    assert_eq!(Arc::strong_count(&near.events), 1);
}

#[test]
fn the_other_side_hears_of_a_runtime_that_has_ended() {
    let build =
        || tokio::runtime::Builder::new_current_thread().enable_time().build().expect("it can be built");
    let (here, there, (a, b)) = (build(), build(), pair("test"));
    let (mut near, far) = (Site::new(), Site::new());
    let link = here.block_on(async { near.start(a, 1) });
    let _back = there.block_on(async { far.start(b, 2) });
    post_all(&link, [1]);
    drop(there);
    let reason = "the runtime of the other side has ended".to_owned();
    here.block_on(async {
        assert_eq!(near.hears().await, Event::Lost(LinkId(1), reason, vec![1]));
        link.flush().await;
    });
}

#[test]
fn nothing_goes_straight_from_another_runtime_or_from_none() {
    let build =
        || tokio::runtime::Builder::new_current_thread().enable_time().build().expect("it can be built");
    let (here, other) = (build(), build());
    let (_near, mut far, link, _back) = here.block_on(async { sites() });
    tell(&link, data(1)).expect("it is taken");
    other.block_on(async { tell(&link, data(2)).expect("it is taken") });
    assert!(far.heard.try_recv().is_err(), "what it would spawn there would end there");
    here.block_on(async {
        for want in 1..=2 {
            assert_eq!(far.hears().await, Event::Arrived(LinkId(2), want));
        }
    });
}

#[tokio::test]
async fn who_never_gives_way_meets_the_window() {
    let (_near, mut far, link, _back) = sites();
    let window = Window::default().messages;
    let taken = (0..).take_while(|n| tell(&link, data(*n)).is_ok()).count() as u64;
    assert_eq!(taken, u64::from(STRAIGHT_MAX) + window);
    for want in 0..taken {
        assert_eq!(far.hears().await, Event::Arrived(LinkId(2), want));
    }
    link.flush().await;
    tell(&link, data(taken)).expect("there is room again");
    assert_eq!(far.heard.try_recv(), Ok(Event::Arrived(LinkId(2), taken)), "straight again");
}

#[tokio::test]
async fn a_long_message_does_not_hold_its_sender() {
    let (_near, mut far, link, _back) = sites();
    let mut long = data(1);
    if let Body::Message(payload) = &mut long.body {
        payload.parts.push(vec![0; STRAIGHT_LEN_MAX].into());
    }
    tell(&link, long).expect("it is taken");
    assert!(far.heard.try_recv().is_err());
    assert!(matches!(far.hears().await, Event::Arrived(..)));
}

/// Posts from several threads both ways while either side closes or gives up at some moment: each envelope arrives once,
/// in its sender's order, or is returned.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_envelope_arrives_or_is_returned_whatever_happens_when() {
    /// At each end.
    const SENDERS: u64 = 3;
    for round in 0..300 {
        let (mut near, mut far, link, back) = sites();
        let posted = Arc::new(AtomicUsize::new(0));
        let enough = [0, 1, 40, 150, 500][round % 5];
        let senders: Vec<_> = (0..2 * SENDERS)
            .map(|sender| {
                let link = if sender < SENDERS { link.clone() } else { back.clone() };
                let posted = posted.clone();
                tokio::spawn(async move {
                    for n in 0.. {
                        let next = data(sender << 32 | n);
                        let posted_it = if n % 3 == 0 { link.post(next) } else { tell(&link, next) };
                        if posted_it.is_err() {
                            return;
                        }
                        posted.fetch_add(1, Ordering::Relaxed);
                        if n % 16 == 0 {
                            tokio::task::yield_now().await;
                        }
                    }
                })
            })
            .collect();
        while posted.load(Ordering::Relaxed) < enough {
            tokio::task::yield_now().await;
        }
        match round % 3 {
            0 => link.close("done"),
            1 => link.give_up("done"),
            _ => tokio::join!(async { link.close("near") }, async { back.close("far") }).0,
        }
        for sender in senders {
            sender.await.expect("no sender panics");
        }
        let (mut seen, mut last) = (0, BTreeMap::new());
        for site in [&mut near, &mut far] {
            loop {
                let (numbers, is_over) = match site.hears().await {
                    Event::Arrived(_, number) => (vec![number], false),
                    Event::Lost(_, _, returned) => (returned, true),
                };
                seen += numbers.len();
                if !is_over {
                    let (sender, n) = (numbers[0] >> 32, numbers[0] & 0xffff_ffff);
                    let last: &mut Option<u64> = last.entry(sender).or_default();
                    assert!(*last < Some(n), "in order");
                    *last = Some(n);
                } else {
                    break;
                }
            }
        }
        assert_eq!(seen, posted.load(Ordering::Relaxed), "round {round}");
    }
}
