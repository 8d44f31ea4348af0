use super::*;

const POLICY: RestartPolicy =
    RestartPolicy { max: 3, within: Duration::from_secs(10), backoff: Duration::from_millis(100) };

fn cause(n: u32) -> Cause {
    Cause::Other { message: n.to_string() }
}

/// The pauses, in milliseconds, of failures at these seconds; 0 where it is given up.
#[track_caller]
fn check(policy: RestartPolicy, at_secs: &[u64], pauses_ms: &[u128]) {
    let (start, mut history) = (Instant::now(), RestartHistory::default());
    let pauses = (0..).zip(at_secs).map(|(n, at)| {
        let now = start + Duration::from_secs(*at);
        history.failed(policy, now, &cause(n)).map_or(0, |pause| pause.as_millis())
    });
    assert_eq!(pauses.collect::<Vec<_>>(), pauses_ms);
}

#[test]
fn it_is_made_anew_as_often_as_it_may_after_pauses_that_double() {
    check(POLICY, &[0, 1, 2, 3], &[100, 200, 400, 0]);
}

#[test]
fn what_is_longer_ago_than_the_time_does_not_count() {
    check(POLICY, &[0, 1, 2, 10, 11, 11], &[100, 200, 400, 400, 400, 0]);
    check(POLICY, &[0, 100, 200, 300, 400], &[100; 5]);
}

#[test]
fn a_pause_has_a_bound() {
    let often = RestartPolicy { max: 65_535, ..POLICY };
    let bound = BACKOFF_MAX.as_millis();
    check(often, &[0; 12], &[100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, bound, bound, bound]);
    check(RestartPolicy { backoff: Duration::MAX, ..often }, &[0; 2], &[bound; 2]);
}

#[test]
fn who_gives_up_says_why_it_failed_each_time_and_begins_anew() {
    let (now, mut history) = (Instant::now(), RestartHistory::default());
    for n in 0..3 {
        assert!(history.failed(POLICY, now, &cause(n)).is_some());
    }
    assert!(history.failed(POLICY, now, &cause(3)).is_none());
    let given_up = history.give_up(POLICY, cause(3));
    let earlier = (0..3).map(cause).collect();
    let last = Box::new(cause(3));
    assert_eq!(given_up, Cause::GaveUp { restarts: 3, within: POLICY.within, last, earlier });
    assert_eq!(*given_up.latest(), cause(3));
    assert_eq!(
        given_up.to_string(),
        "3\n  after it was made anew 3 times within 10000 ms:\n    0\n    1\n    2"
    );
    assert!(history.failed(POLICY, now, &cause(4)).is_some());
}

#[test]
fn only_the_latest_causes_are_named() {
    let often = RestartPolicy { max: 100, ..POLICY };
    let (now, mut history) = (Instant::now(), RestartHistory::default());
    for n in 0..100 {
        assert!(history.failed(often, now, &cause(n)).is_some());
    }
    let Cause::GaveUp { restarts: 100, earlier, .. } = history.give_up(often, cause(100)) else { panic!() };
    assert_eq!(earlier, (92..100).map(cause).collect::<Vec<_>>());
}

#[test]
fn causes_of_long_ago_are_forgotten() {
    let (now, mut history) = (Instant::now(), RestartHistory::default());
    for n in 0..3 {
        assert!(history.failed(POLICY, now, &cause(n)).is_some());
    }
    assert!(history.failed(POLICY, now + Duration::from_secs(60), &cause(3)).is_some());
    let Cause::GaveUp { restarts: 1, earlier, .. } = history.give_up(POLICY, cause(4)) else { panic!() };
    assert_eq!(earlier, [cause(3)]);
}
