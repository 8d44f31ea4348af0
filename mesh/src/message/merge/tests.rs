use super::*;

#[derive(Default)]
struct Longest;

impl Reducer<String> for Longest {
    fn reduce(&self, left: String, right: String) -> String {
        if right.len() > left.len() { right } else { left }
    }
}

crate::register_reducer!(Longest => String);

#[track_caller]
fn check<T, R>(replies: &[(T, u32)], want: Option<T>)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug + 'static,
    R: 'static,
{
    let merge = MergeEntry::find(merge_id::<T, R>()).unwrap();
    let payloads: Vec<_> =
        replies.iter().map(|(value, times)| (Payload::of(value).unwrap(), *times)).collect();
    let payloads: Vec<_> = payloads.iter().map(|(payload, times)| (payload, *times)).collect();
    assert_eq!(merge(&payloads).map(|payload| payload.get().unwrap()), want);
}

#[test]
fn replies_merge_in_rank_order_each_as_often_as_it_was_said() {
    check::<i64, Sum>(&[(1, 1), (10, 3)], Some(31));
    check::<u8, Sum>(&[(200, 2)], Some(255));
    check::<f64, Max>(&[(1.5, 2), (-3.0, 1)], Some(1.5));
    check::<String, Concat>(&[("a".into(), 2), ("b".into(), 1)], Some("aab".into()));
    check::<String, Longest>(&[("a".into(), 1), ("bc".into(), 2), ("de".into(), 1)], Some("bc".into()));
    check::<i64, Sum>(&[], None);
}

#[test]
fn pairs_have_numbers_of_their_own_and_what_is_not_known_is_not_merged() {
    let mut ids: Vec<u64> = BUILT_IN.iter().copied().flatten().map(|entry| (entry.id)()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    assert!(MergeEntry::find(merge_id::<Vec<bool>, Concat>()).is_none());
    let merge = MergeEntry::find(merge_id::<i64, Sum>()).unwrap();
    assert!(merge(&[(&Payload { body: vec![255; 3].into(), parts: Vec::new() }, 1)]).is_none());
}

/// Keeps the shortest line; named by a handler alone.
#[derive(Default)]
struct Shortest;

impl Reducer<String> for Shortest {
    fn reduce(&self, left: String, right: String) -> String {
        if right.len() < left.len() { right } else { left }
    }
}

/// As [`Shortest`], but it cannot be made anew elsewhere.
struct Unmade;

impl Reducer<String> for Unmade {
    fn reduce(&self, left: String, _right: String) -> String {
        left
    }
}

/// Has state: what it merges depends on which one it is.
#[derive(Default)]
struct Joined(String);

impl Reducer<String> for Joined {
    fn reduce(&self, left: String, right: String) -> String {
        [left, right].join(&self.0)
    }
}

struct Teller;

#[mesh::actor]
impl Teller {
    #[handler(reduce = Shortest)]
    fn short(&self) -> String {
        "short".into()
    }

    #[handler(reduce = Unmade)]
    fn unmade(&self) -> String {
        "unmade".into()
    }

    #[handler(reduce = Joined)]
    fn joined(&self) -> String {
        "joined".into()
    }
}

#[test]
fn the_reducer_of_a_handler_is_known_to_gateways_where_it_can_be_made_anew() {
    check::<String, Shortest>(&[("abc".into(), 1), ("a".into(), 2), ("b".into(), 1)], Some("a".into()));
    assert!(MergeEntry::find(merge_id::<String, Unmade>()).is_none());
    assert!(MergeEntry::find(merge_id::<String, Joined>()).is_none());
}
