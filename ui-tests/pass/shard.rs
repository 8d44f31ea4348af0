//! A key-value shard: typed errors, and a constructor that may fail.

use std::collections::BTreeMap;

use mesh::TryCallError;
use mesh::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum KvError {
    NotFound { key: String },
    TooLarge { limit: usize },
}

impl std::fmt::Display for KvError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for KvError {}

pub struct Shard {
    limit: usize,
    map: BTreeMap<String, Vec<u8>>,
}

#[actor]
impl Shard {
    #[new]
    pub fn new(limit: usize) -> Result<Self, String> {
        if limit == 0 {
            return Err("limit must be positive".into());
        }
        Ok(Shard { limit, map: BTreeMap::new() })
    }

    #[handler]
    pub fn put(&mut self, key: String, value: Vec<u8>) -> Result<Option<Vec<u8>>, KvError> {
        if value.len() > self.limit {
            return Err(KvError::TooLarge { limit: self.limit });
        }
        Ok(self.map.insert(key, value))
    }

    #[handler]
    pub async fn get(&self, key: String) -> Result<Vec<u8>, KvError> {
        self.map.get(&key).cloned().ok_or(KvError::NotFound { key })
    }

    #[handler]
    pub fn len(&self) -> usize {
        self.map.len()
    }
}

fn shard_of(key: &str, shards: usize) -> usize {
    key.bytes().map(usize::from).sum::<usize>() % shards
}

async fn run(cx: &Client) -> mesh::Result<()> {
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(shards = 3)).await?;
    let shards = procs.spawn(cx, "kv", Shard::spec(8)).await?;
    for key in ["a", "b", "c"] {
        shards.rank(shard_of(key, 3)).put(key.into(), key.into()).try_call(cx).await?;
    }
    assert_eq!(shards.rank(shard_of("b", 3)).get("b".into()).try_call(cx).await?, b"b");
    match shards.rank(0).put("big".into(), vec![0; 9]).try_call(cx).await {
        Err(TryCallError::Handler(KvError::TooLarge { limit: 8 })) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(shards.len().reduce(Sum).call(cx).await?, 3);
    let refused = procs.spawn(cx, "bad", Shard::spec(0)).await.expect_err("a limit of zero is refused");
    assert!(refused.to_string().contains("limit must be positive"), "{refused}");
    Ok(())
}

fn main() {
    mesh::root::run_test(async |cx: &Client| run(cx).await);
}
