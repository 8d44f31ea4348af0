use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[derive(Default)]
struct Flag {
    over: AtomicBool,
    expired: AtomicBool,
}

impl Wait for Flag {
    fn is_open(&self) -> bool {
        !self.over.load(Ordering::SeqCst)
    }

    fn expire(&self) {
        self.expired.store(true, Ordering::SeqCst);
    }
}

impl Flag {
    fn expired(&self) -> bool {
        self.expired.load(Ordering::SeqCst)
    }
}

fn watch(deadlines: &Deadlines, after: Duration) -> (Arc<Flag>, Watched) {
    let flag = Arc::new(Flag::default());
    let watched = deadlines.watch(|| Some(Handle::current()), now() + after, flag.clone());
    (flag, watched)
}

#[tokio::test(start_paused = true)]
async fn waits_expire_at_their_deadlines_and_not_before() {
    let deadlines = Deadlines::default();
    let (soon, _) = watch(&deadlines, Duration::from_millis(20));
    let (late, _) = watch(&deadlines, Duration::from_secs(60));
    tokio::time::sleep(Duration::from_millis(19)).await;
    assert!(!soon.expired());
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert!(soon.expired() && !late.expired());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(late.expired());
}

#[tokio::test(start_paused = true)]
async fn what_is_over_is_let_go_and_the_task_ends() {
    let deadlines = Deadlines::default();
    let (kept, _) = watch(&deadlines, Duration::from_secs(60));
    let (forgotten, watched) = watch(&deadlines, Duration::from_secs(60));
    deadlines.forget(watched);
    assert_eq!(Arc::strong_count(&forgotten), 1);
    kept.over.store(true, Ordering::SeqCst);
    tokio::time::sleep(4 * TICK).await;
    assert_eq!(Arc::strong_count(&kept), 1);
    assert!(!deadlines.0.young().running);
    // And starts again.
    let (again, _) = watch(&deadlines, Duration::from_millis(20));
    tokio::time::sleep(Duration::from_millis(21)).await;
    assert!(again.expired() && !forgotten.expired() && !kept.expired());
}

#[tokio::test(start_paused = true)]
async fn a_stale_place_is_not_somebody_elses() {
    let deadlines = Deadlines::default();
    let (_first, stale) = watch(&deadlines, Duration::from_secs(60));
    tokio::time::sleep(2 * TICK).await;
    let (second, _) = watch(&deadlines, Duration::from_millis(20));
    deadlines.forget(stale);
    tokio::time::sleep(Duration::from_millis(21)).await;
    assert!(second.expired());
}
