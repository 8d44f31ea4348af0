use std::sync::Arc;
use std::time::Duration;

use super::receive::PortGuard;
use super::*;
use crate::addr::{Location, PortAddr, ProcAddr};
use crate::call::CallErrorKind;
use crate::ident::{GatewayId, ProcId, Uid};
use crate::wire::codec::Payload;

fn nowhere(port: u64) -> PortAddr {
    let at = Location { gateway: GatewayId { uid: Uid(1), incarnation: 1 }, door: None };
    PortAddr { proc: ProcAddr { id: ProcId::single(Uid(1), "proc".into()), at: Arc::new(at) }, port }
}

fn value<T: serde::Serialize + 'static>(value: T) -> PortItem {
    PortItem::Value(Payload::of(&value).unwrap())
}

#[tokio::test]
async fn a_once_port_takes_one_item() {
    let table = Arc::new(PortTable::new(4));
    let new = NewPort::of_one(Uid(0));
    let port = table.open(new.inlet().clone()).unwrap();
    let receive = new.entered::<u8>(&nowhere(port), PortGuard::new(table.clone(), port)).into_once();
    table.deliver(port, 0, value(7_u8)).unwrap();
    assert!(matches!(table.deliver(port, 0, value(8_u8)), Err(CallErrorKind::Undeliverable { .. })));
    assert_eq!(receive.await, Ok(7));
    assert!(table.is_empty());
}

#[tokio::test]
async fn a_full_port_refuses_and_a_dropped_one_is_closed() {
    let table = Arc::new(PortTable::new(4));
    let new = NewPort::of_many(Uid(0), 1);
    let port = table.open(new.inlet().clone()).unwrap();
    let mut receive = new.entered::<u8>(&nowhere(port), PortGuard::new(table.clone(), port));
    table.deliver(port, 0, value(1_u8)).unwrap();
    assert_eq!(table.deliver(port, 0, value(2_u8)), Err(CallErrorKind::MailboxFull { capacity: 1 }));
    assert_eq!(receive.receive().await, Ok(1));
    drop(receive);
    assert!(table.is_empty());
}

#[test]
fn the_number_of_ports_is_bounded() {
    let table = PortTable::new(1);
    table.open(OnceSink::new().0).unwrap();
    assert_eq!(table.open(OnceSink::new().0), Err(PortsExhausted { max: 1 }));
}

#[tokio::test(start_paused = true)]
async fn an_accumulator_waits_for_its_state_or_for_silence() {
    let table = Arc::new(PortTable::new(4));
    let (sink, accumulator) =
        Accumulator::new(0_u32, |_, sum, item: Result<u32, _>| *sum += item.unwrap_or(100));
    let port = table.open(sink).unwrap();
    let accumulator = accumulator.guarded(PortGuard::new(table.clone(), port));
    table.deliver(port, 0, value(2_u32)).unwrap();
    table.deliver(port, 1, PortItem::Failed(CallErrorKind::ActorStopped)).unwrap();
    assert!(accumulator.wait_until(Duration::from_secs(1), |sum| *sum == 102).await);
    assert!(!accumulator.wait_until(Duration::from_secs(1), |sum| *sum == 103).await);
    assert_eq!(accumulator.into_state(), 102);
}

#[test]
fn a_port_of_another_life_has_another_number() {
    let (first, second) = (PortTable::new(4), PortTable::new(4));
    second.begin_life(1);
    let open = |table: &PortTable| table.open(ItemSink::new(Uid(0), 1).0).unwrap();
    assert_eq!(open(&first), 1);
    let late = open(&second);
    assert_ne!(late, 1);
    assert!(matches!(second.deliver(1, 0, value(7_u8)), Err(CallErrorKind::Undeliverable { .. })));
    assert_eq!(open(&second), late + 1);
}
