use std::time::Duration;

use super::*;
use crate::ident::{MeshId, ProcId};
use crate::supervision::{Cause, SupervisionEventKind};

fn mesh(uid: u64) -> MeshId {
    MeshId { uid: Uid(uid), label: "procs".into() }
}

fn cause() -> Cause {
    Cause::Other { message: "it fell".to_owned() }
}

fn failure(uid: u64, rank: u32) -> Failure {
    let subject = Subject::Proc(ProcId::of_mesh(&mesh(uid), rank));
    Failure { subject, mesh: Some(mesh(uid)), ranks: vec![rank], cause: cause() }
}

#[test]
fn the_failure_of_a_watched_proc_is_news_once_in_each_of_its_lives() {
    let heard = Arc::new(Heard::default());
    let returned = Arc::new(Mutex::new(Vec::new()));
    let told = returned.clone();
    let watch = HearsOnce::of(&heard, Uid(1), Arc::new(move |rank| told.lock().unwrap().push(rank)));
    let news = |rank| heard.is_news(&failure(1, rank));
    assert_eq!([news(3), news(3), news(4)], [true, false, true]);
    let Failure { subject, mesh, ranks, cause } = failure(1, 3);
    let kind = SupervisionEventKind::Restarted { incarnation: 2, cause, after: Duration::ZERO };
    heard.forget(&SupervisionEvent { subject, mesh, ranks, kind });
    assert_eq!([news(3), news(3), news(4)], [true, false, false]);
    assert_eq!(*returned.lock().unwrap(), [3]);
    drop(watch);
    assert_eq!([news(3), news(3)], [true, true], "nobody else tells of it");
}

#[test]
fn what_nobody_watches_is_always_news() {
    let heard = Arc::new(Heard::default());
    let _watch = HearsOnce::of(&heard, Uid(1), Arc::new(|_| {}));
    assert!(heard.is_news(&failure(2, 3)) && heard.is_news(&failure(2, 3)));
}
