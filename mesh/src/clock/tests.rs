use std::time::Duration;

use super::*;

#[test]
fn one_seed_gives_one_history() {
    let (a, b) = (Entropy::from_seed(7), Entropy::from_seed(7));
    let draw = |e: &Entropy| (e.uid(), e.next_u64(), e.below(10));
    assert_eq!(draw(&a), draw(&b));
    assert_ne!(draw(&Entropy::from_seed(8)), draw(&Entropy::from_seed(7)));
}

#[test]
fn clones_share_one_source() {
    let a = Entropy::from_seed(7);
    let first = a.clone().next_u64();
    let again = Entropy::from_seed(7);
    assert_eq!((first, a.next_u64()), (again.next_u64(), again.next_u64()));
}

#[test]
fn a_choice_stays_below_its_bound_and_reaches_all_of_it() {
    let entropy = Entropy::from_seed(1);
    let mut seen = [false; 3];
    for _ in 0..100 {
        seen[usize::try_from(entropy.below(3)).unwrap()] = true;
    }
    assert_eq!(seen, [true; 3]);
    assert_eq!(entropy.below(1), 0);
}

#[test]
#[should_panic(expected = "no number below 0")]
fn a_choice_of_nothing_is_refused() {
    Entropy::from_seed(1).below(0);
}

#[test]
fn the_system_gives_fresh_bits() {
    assert_ne!(secret(), secret());
    assert_ne!(Entropy::from_os().uid(), Entropy::from_os().uid());
}

#[tokio::test(start_paused = true)]
async fn time_is_the_one_that_can_be_paused() {
    let start = now();
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert_eq!(now() - start, Duration::from_secs(3600));
}
