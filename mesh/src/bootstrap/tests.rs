use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::orders::{Body, Frame, ReadError, read_frame};
use super::*;
use crate::addr::{ChannelAddr, Location};
use crate::ident::{GatewayId, ProcId, Uid};
use crate::supervision::ExitStatus;

fn orders() -> Orders {
    Orders {
        kind: ChildKind::Proc,
        proc: ProcId { uid: Uid(7), label: "workers".into(), rank: Some(3) },
        parent: ChannelAddr::Unix("/tmp/door".into()),
        parent_location: Location { gateway: GatewayId { uid: Uid(1), incarnation: 2 }, door: None },
        token: [9; 16],
        incarnation: 4,
        seed: Some(5),
        config: vec![("log".into(), "debug".into())],
        mesh_label: "workers".into(),
        owner: None,
        cpus: None,
        cgroup: None,
        mesh: None,
        returns: false,
        guardian: None,
        life: 0,
        payload: vec![1, 2, 3],
    }
}

fn frame(parent_pid: u32) -> Bytes {
    Body::new(parent_pid, &orders()).unwrap().frame(77)
}

#[test]
fn frame_round_trips_and_nothing_beyond_it_is_read() {
    let mut bytes = frame(42).to_vec();
    bytes.extend_from_slice(b"rest");
    let mut from = &bytes[..];
    assert_eq!(read_frame(&mut from).unwrap(), Frame { group: 77, parent_pid: 42, orders: orders() });
    assert_eq!(from, b"rest");
}

#[test]
fn orders_beyond_the_bound_are_refused_on_both_sides() {
    let long = Orders { payload: vec![0; ORDERS_LEN_MAX], ..orders() };
    assert!(
        matches!(Body::new(1, &long), Err(OrdersError::TooLong { len_bytes }) if len_bytes > ORDERS_LEN_MAX)
    );
    assert!(matches!(read_frame(&[0xff; 8][..]), Err(ReadError::TooLong { .. })));
}

#[test]
fn damaged_frames_are_errors() {
    let frame = frame(1);
    for len in 0..frame.len() {
        assert!(matches!(read_frame(&frame[..len]), Err(ReadError::Io(_))), "cut at {len}");
    }
    let mut other_version = frame.to_vec();
    other_version[8] = 200;
    assert!(matches!(read_frame(&other_version[..]), Err(ReadError::Version { theirs: 200 })));
    let mut damaged = frame.to_vec();
    damaged[10..].fill(0xff);
    assert!(matches!(read_frame(&damaged[..]), Err(ReadError::Decode(_))));
}

#[test]
fn token_is_not_printed() {
    let text = format!("{:?}", Orders { token: [0xab; 16], payload: vec![0xab; 9], ..orders() });
    assert!(!text.contains("171"), "{text}");
    assert!(text.contains("workers/3"), "{text}");
}

#[derive(Debug, Default)]
struct Kills(AtomicUsize);

impl ProcessControl for Kills {
    fn terminate(&self) {}

    fn kill(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn last_handle_kills() {
    let kills = Arc::new(Kills::default());
    let (handle, _reporter) = ProcessHandle::new(None, kills.clone());
    let clone = handle.clone();
    drop(handle);
    assert_eq!(kills.0.load(Ordering::Relaxed), 0);
    drop(clone);
    assert_eq!(kills.0.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn handle_of_an_ended_child_kills_nothing() {
    let kills = Arc::new(Kills::default());
    let (handle, reporter) = ProcessHandle::new(Some(1), kills.clone());
    assert_eq!(handle.try_exited(), None);
    let exit = Exit { status: ExitStatus::Code(3), stderr_tail: vec!["why".into()] };
    reporter.report(exit.clone());
    assert_eq!(handle.try_exited(), Some(exit.clone()));
    assert_eq!((handle.exited().await, handle.exited().await), (exit.clone(), exit));
    drop(handle);
    assert_eq!(kills.0.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn lost_reporter_ends_the_wait() {
    let (handle, reporter) = ProcessHandle::new(None, Arc::new(Kills::default()));
    let waiting = tokio::spawn({
        let handle = handle.clone();
        async move { handle.exited().await }
    });
    tokio::task::yield_now().await;
    drop(reporter);
    assert_eq!(waiting.await.unwrap(), Exit::unknown());
}

#[test]
fn this_process_is_not_a_child() {
    assert!(!diverted());
    assert!(take_orders().unwrap().is_none());
    refuse_uninitialised_child();
}
