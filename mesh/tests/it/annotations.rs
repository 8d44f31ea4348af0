//! What the options of an annotation do: on a handle, on a reference, and on a mesh.

use std::time::Duration;

use mesh::call::CallErrorKind;
use mesh::prelude::*;
use tokio::time::Instant;

/// A reducer of a user's: keeps the longest text; of two of one length, that of the lowest rank.
pub struct Longest;

impl Reducer<String> for Longest {
    fn reduce(&self, left: String, right: String) -> String {
        if right.len() > left.len() { right } else { left }
    }
}

/// Its handlers say how they want to be called.
pub struct Clerk {
    rank: usize,
}

#[actor]
impl Clerk {
    #[new]
    fn new(env: &SpawnEnv) -> Self {
        Clerk { rank: env.rank() }
    }

    /// Rank 2 takes an hour, the others no time.
    #[handler(timeout = "250ms")]
    pub async fn slow_at_two(&self) -> usize {
        if self.rank == 2 {
            tokio::time::sleep(Duration::from_secs(3600)).await;
        }
        self.rank
    }

    /// Rank 1 and rank 3 give the longest ones.
    #[handler(reduce = Longest)]
    pub fn title(&self) -> String {
        format!("{}{}", self.rank, ["", "-long", "-", "-LONG"][self.rank])
    }

    /// A name of Rust's and a name on the wire.
    #[handler(name = "type.of")]
    pub fn r#type(&self, r#fn: u8) -> u8 {
        r#fn + 1
    }
}

async fn clerks(cx: &Client) -> (ProcMesh, ActorMesh<Clerk>) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 4)).await.unwrap();
    let clerks = procs.spawn(cx, "clerks", Clerk::spec()).await.unwrap();
    (procs, clerks)
}

fn is_after(kind: &CallErrorKind, millis: u64) -> bool {
    *kind == CallErrorKind::Deadline { after: Duration::from_millis(millis) }
}

#[mesh::test]
async fn a_handlers_timeout_holds_for_a_remote_call(cx: &Client) {
    let (_procs, clerks) = clerks(cx).await;
    let start = Instant::now();
    let error = clerks.rank(2).slow_at_two().call(cx).await.unwrap_err();
    assert!(is_after(&error.kind, 250), "{error}");
    assert_eq!(start.elapsed().as_millis(), 250);
    assert_eq!(clerks.rank(1).slow_at_two().call(cx).await.unwrap(), 1);
}

#[mesh::test]
async fn a_handlers_timeout_holds_for_every_call_on_a_mesh(cx: &Client) {
    let (_procs, clerks) = clerks(cx).await;
    let error = clerks.slow_at_two().call(cx).await.unwrap_err();
    assert_eq!(error.partial.values(), [Some(0), Some(1), None, Some(3)]);
    assert_eq!(error.failed.len(), 1);
    assert!(is_after(&error.failed[0].error.kind, 250), "{error}");

    let each = clerks.slow_at_two().call_each(cx).await;
    assert!(is_after(&each[2].as_ref().unwrap_err().error.kind, 250), "{each:?}");
    assert_eq!(*each[3].as_ref().unwrap(), 3);

    let error = clerks.slow_at_two().reduce(Sum).call(cx).await.unwrap_err();
    assert_eq!((error.partial, error.failed[0].rank), (Some(4), 2));
    assert!(is_after(&error.failed[0].error.kind, 250), "{error}");
}

#[mesh::test]
async fn what_a_call_says_goes_before_its_handlers_timeout(cx: &Client) {
    let (_procs, clerks) = clerks(cx).await;
    let day = Duration::from_secs(24 * 3600);
    assert_eq!(clerks.slow_at_two().timeout(day).call(cx).await.unwrap().values(), [0, 1, 2, 3]);
    let error = clerks.slow_at_two().timeout(Duration::from_millis(20)).call(cx).await.unwrap_err();
    assert!(is_after(&error.failed[0].error.kind, 20), "{error}");
}

#[mesh::test]
async fn a_users_reducer_merges_the_replies_in_rank_order(cx: &Client) {
    let (_procs, clerks) = clerks(cx).await;
    assert_eq!(clerks.title().call(cx).await.unwrap().values(), ["0", "1-long", "2-", "3-LONG"]);
    assert_eq!(clerks.title().reduce(Longest).call(cx).await.unwrap(), "1-long");
    assert_eq!(clerks.slice(2..4).title().reduce(Longest).call(cx).await.unwrap(), "3-LONG");
}

#[mesh::test]
async fn raw_names_and_names_on_the_wire_are_called_alike(cx: &Client) {
    let (_procs, clerks) = clerks(cx).await;
    assert_eq!(clerks.r#type(1).call(cx).await.unwrap().values(), [2; 4]);
    assert_eq!(clerks.rank(3).r#type(2).call(cx).await.unwrap(), 3);
}
