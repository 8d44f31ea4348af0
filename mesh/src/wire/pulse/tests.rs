use super::*;

/// Ticks with what was said and heard before each; gives what was to be done.
#[track_caller]
fn check(silence_ms: u64, ticks: &[(u64, u64)], want: &[Beat]) {
    let mut pulse = Pulse::new(Duration::from_millis(silence_ms));
    let beats: Vec<Beat> = ticks.iter().map(|(said, heard)| pulse.tick(*said, *heard)).collect();
    assert_eq!(beats, want);
}

#[test]
fn what_is_said_anyway_needs_no_beat() {
    check(2000, &[(1, 1), (2, 2), (2, 3), (3, 4)], &[Beat::Rest, Beat::Rest, Beat::Say, Beat::Rest]);
}

#[test]
fn silence_is_told_at_its_bound_and_not_before() {
    check(
        2000,
        &[(1, 7), (2, 7), (3, 7), (4, 7), (5, 7)],
        &[Beat::Rest, Beat::Rest, Beat::Rest, Beat::Rest, Beat::Silent],
    );
}

#[test]
fn a_sign_of_life_begins_the_silence_anew() {
    check(
        1000,
        &[(1, 1), (2, 1), (3, 2), (4, 2), (5, 2)],
        &[Beat::Rest, Beat::Rest, Beat::Rest, Beat::Rest, Beat::Silent],
    );
}

#[test]
fn a_bound_of_zero_endures_any_silence() {
    let mut pulse = Pulse::new(Duration::ZERO);
    for _ in 0..1000 {
        assert_eq!(pulse.tick(0, 0), Beat::Say);
    }
}
