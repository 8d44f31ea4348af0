use super::*;

#[test]
fn thread_names_the_actor_it_runs_and_no_other() {
    let mine = |actor: u64| turns().into_iter().filter(|turn| turn.actor == actor).collect::<Vec<_>>();
    let actor = u64::MAX - 1;
    let (first, second) = (on_this_thread(actor, || mine(actor)), on_this_thread(actor, || mine(actor)));
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_eq!(first[0].thread, second[0].thread);
    assert!(first[0].turn < second[0].turn);
    on_this_thread(actor, || {
        on_this_thread(actor - 1, || assert_eq!((mine(actor).len(), mine(actor - 1).len()), (0, 1)));
        assert_eq!((mine(actor).len(), mine(actor - 1).len()), (1, 0));
    });
    let _ = std::panic::catch_unwind(|| on_this_thread(actor, || std::panic::resume_unwind(Box::new(()))));
    assert_eq!(mine(actor), []);
}

#[test]
fn activity_is_of_the_handler_that_runs() {
    let activity = Activity::default();
    assert_eq!(activity.current(), None);
    activity.begin(7);
    assert_eq!(activity.current().map(|(handler, _)| handler), Some(7));
    activity.end();
    assert_eq!(activity.current(), None);
}
