use super::*;

#[test]
fn the_short_name_is_what_a_user_writes() {
    assert_eq!(short_name("a::b::Store<c::d::T>"), "Store<T>");
    assert_eq!(short_name("Plain"), "Plain");
}

/// An actor with one handler, in a module of its own, under a name that is given.
macro_rules! counter {
    ($module:ident, $name:literal, |$($argument:ident: $type:ty),*| -> $reply:ty, $start:ty) => {
        mod $module {
            use crate::prelude::*;

            pub(super) struct Counter;

            #[actor(name = $name)]
            impl Counter {
                #[new]
                fn new(start: $start) -> Self {
                    let _ = start;
                    Counter
                }

                #[handler]
                fn add(&mut self, $($argument: $type),*) -> $reply {
                    $(let _ = $argument;)*
                    Default::default()
                }
            }

            pub(super) static ENTRY: crate::registry::SpawnEntry =
                crate::registry::SpawnEntry::of::<Counter>(concat!(stringify!($module), ".rs:1"));
        }
    };
}

counter!(first, "tests.first", |by: i64| -> i64, i64);
counter!(text, "tests.text", |by: String| -> i64, i64);
counter!(silent, "tests.silent", |by: i64| -> (), i64);
counter!(more, "tests.more", |by: i64, twice: bool| -> i64, i64);
counter!(made_of_text, "tests.made_of_text", |by: i64| -> i64, String);

/// The fingerprints of a binary in which the entry's actor is called `Counter`.
fn binary(entry: &'static SpawnEntry) -> ActorFingerprint {
    ActorFingerprint { name: "Counter".into(), ..entry.fingerprint() }
}

#[track_caller]
fn differs(entry: &'static SpawnEntry, handler: &str, in_words: &str) {
    let hello = |fingerprints| {
        let gateway = crate::ident::GatewayId { uid: crate::ident::Uid(1), incarnation: 1 };
        crate::wire::hello::Hello {
            magic: crate::wire::hello::MAGIC,
            protocol: crate::wire::hello::PROTOCOL,
            gateway,
            location: crate::addr::Location { gateway, door: None },
            build: String::new(),
            procs: Vec::new(),
            token: None,
            session: None,
            fingerprints,
        }
    };
    let ours = hello(vec![binary(&first::ENTRY)]);
    let error = crate::wire::hello::check(&ours, &hello(vec![binary(entry)])).unwrap_err().to_string();
    assert!(error.starts_with(&format!("handler `{handler}` of actor `Counter` {in_words}")), "{error}");
    // One actor more on a side is nothing to refuse.
    let more = hello(vec![binary(&first::ENTRY), entry.fingerprint()]);
    assert_eq!(crate::wire::hello::check(&ours, &more), Ok(()));
    assert_eq!(crate::wire::hello::check(&more, &ours), Ok(()));
}

#[test]
fn a_handler_that_differs_between_binaries_is_named_with_its_field() {
    differs(&text::ENTRY, "add", "has an argument `by` that is of another type on the other side");
    differs(&silent::ENTRY, "add", "returns something else on the other side");
    differs(&more::ENTRY, "add", "has an argument `twice` on the other side that is missing on this side");
    differs(&made_of_text::ENTRY, "#[new]", "has an argument `start` that is of another type");
}

#[test]
fn two_actors_of_one_name_are_shown_with_both_places() {
    static AGAIN: SpawnEntry = SpawnEntry::of::<first::Counter>("again.rs:2");
    let error = Registry::of([&first::ENTRY, &AGAIN].into_iter()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "two actors are named `tests.first`: at again.rs:2 and at first.rs:1; give one of them another name with \
         `#[actor(name = \"…\")]`"
    );
}
