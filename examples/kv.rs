//! A key-value store over four processes: keys are spread by hash, and a shard says no with an error of its own type.
//!
//! `cargo run --release --example kv`

use std::collections::BTreeMap;

use mesh::prelude::*;
use serde::{Deserialize, Serialize};

/// Why a shard says no. It is the handler's answer, not a failure: the shard lives on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum KvError {
    #[error("no value for `{key}`")]
    Missing { key: String },
    #[error("the value for `{key}` has {len_bytes} bytes, {max_bytes} are the most")]
    TooLarge { key: String, len_bytes: usize, max_bytes: usize },
}

/// One part of the keys.
pub struct Shard {
    values: BTreeMap<String, String>,
    max_bytes: usize,
}

#[actor]
impl Shard {
    #[new]
    fn new(max_bytes: usize) -> Self {
        Shard { values: BTreeMap::new(), max_bytes }
    }

    /// Stores a value, and returns the one it replaces.
    #[handler]
    pub fn put(&mut self, key: String, value: String) -> Result<Option<String>, KvError> {
        let (len_bytes, max_bytes) = (value.len(), self.max_bytes);
        if len_bytes > max_bytes {
            return Err(KvError::TooLarge { key, len_bytes, max_bytes });
        }
        Ok(self.values.insert(key, value))
    }

    /// The value of a key.
    #[handler]
    pub fn get(&self, key: String) -> Result<String, KvError> {
        self.values.get(&key).cloned().ok_or(KvError::Missing { key })
    }

    /// How many keys it holds.
    #[handler]
    pub fn count(&self) -> usize {
        self.values.len()
    }
}

/// The store, as its users see it.
struct Store {
    shards: ActorMesh<Shard>,
}

impl Store {
    async fn open(cx: &Client, procs: &ProcMesh, max_bytes: usize) -> mesh::Result<Store> {
        Ok(Store { shards: procs.spawn(cx, "shards", Shard::spec(max_bytes)).await? })
    }

    /// The shard that holds a key, whoever asks.
    fn shard(&self, key: &str) -> ActorRef<Shard> {
        let hash = fnv1a(key.as_bytes());
        self.shards.rank((hash % self.shards.control().len() as u64) as usize)
    }

    async fn put(
        &self,
        cx: &Client,
        key: &str,
        value: &str,
    ) -> Result<Option<String>, TryCallError<KvError>> {
        self.shard(key).put(key.into(), value.into()).try_call(cx).await
    }

    async fn get(&self, cx: &Client, key: &str) -> Result<String, TryCallError<KvError>> {
        self.shard(key).get(key.into()).try_call(cx).await
    }
}

/// FNV-1a (Fowler, Noll, Vo): the same in every process and in every build, which `std`'s hashers do not promise.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

#[mesh::main]
async fn main(cx: &Client) -> mesh::Result<()> {
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(shards = 4)).await?;
    let store = Store::open(cx, &procs, 16).await?;

    for n in 0..100 {
        store.put(cx, &format!("key {n}"), &format!("value {n}")).await?;
    }
    println!("get: {}", store.get(cx, "key 42").await?);
    println!("replaced: {:?}", store.put(cx, "key 42", "another").await?);
    println!("get: {}", store.get(cx, "key 42").await?);

    // The shard's own errors are matched by type; that its process is gone would be `TryCallError::Call`.
    match store.get(cx, "key 100").await {
        Err(TryCallError::Handler(error @ KvError::Missing { .. })) => println!("refused: {error}"),
        other => println!("not expected: {other:?}"),
    }
    match store.put(cx, "key 42", "much too long a value").await {
        Err(TryCallError::Handler(error @ KvError::TooLarge { .. })) => println!("refused: {error}"),
        other => println!("not expected: {other:?}"),
    }

    println!("keys: {} in all", store.shards.count().reduce(Sum).call(cx).await?);
    println!("keys of each shard: {}", store.shards.count().call(cx).await?);
    Ok(())
}
