use super::*;

struct Opaque;

#[test]
#[expect(clippy::needless_borrow, reason = "as generated code writes it: the references choose the method")]
fn the_verdict_takes_the_best_words_there_are() {
    assert_eq!((&&&&ErrorText(&Fatal::new("x"))).verdict(), Verdict::Fatal(Fatal::new("x")));
    assert_eq!((&&&&ErrorText(&"shown")).verdict(), Verdict::Refused("shown".into()));
    assert_eq!((&&&&ErrorText(&Some(1))).verdict(), Verdict::Refused("Some(1)".into()));
    assert!(matches!((&&&&ErrorText(&Opaque)).verdict(), Verdict::Refused(text) if text.contains("Opaque")));
}

#[test]
fn generic_names_are_composed() {
    assert_eq!(<Vec<Option<u8>>>::type_name(), "Vec<Option<u8>>");
    assert_ne!(<Vec<u8>>::TYPE_ID, <Option<u8>>::TYPE_ID);
}
