//! Generic actors: spawned by name where they are registered, and bounds of many kinds.

#![deny(warnings)]

use std::collections::BTreeMap;
use std::fmt::Debug;

use mesh::prelude::*;

pub struct Store<K, V, const N: usize>
where
    K: Ord,
{
    values: BTreeMap<K, V>,
}

#[actor]
impl<K, V, const N: usize> Store<K, V, N>
where
    K: RemoteArg + Ord + Debug,
    V: RemoteArg + Clone + Sync,
{
    #[new]
    pub fn new() -> Self {
        Store { values: BTreeMap::new() }
    }

    #[handler]
    pub fn put(&mut self, key: K, value: V) -> Result<(), String> {
        if self.values.len() == N {
            return Err(format!("full, {key:?} does not fit"));
        }
        self.values.insert(key, value);
        Ok(())
    }

    #[handler]
    pub fn get(&mut self, key: K) -> Option<V> {
        self.values.get(&key).cloned()
    }

    #[handler]
    pub fn keys(&mut self, cx: &Context<Self>, #[stream] out: PortRef<usize>) {
        out.post(cx, self.values.len()).expect("the client waits");
    }

    #[handler]
    pub fn len(&mut self) -> usize {
        self.values.len()
    }
}

mesh::register!(Store<String, u64, 1>, Store<String, String, 2>);

async fn run(cx: &Client) -> mesh::Result<()> {
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(stores = 2)).await?;
    let stores = procs.spawn(cx, "stores", Store::<String, u64, 1>::spec()).await?;
    let first = stores.rank(0);
    first.put("a".into(), 1).try_call(cx).await?;
    assert!(first.put("b".into(), 2).try_call(cx).await.is_err());
    assert_eq!(first.get("a".into()).call(cx).await?, Some(1));
    assert_eq!(stores.len().reduce(Sum).call(cx).await?, 1);
    assert_eq!(first.keys().stream(cx)?.receive().await?, 1);

    let unregistered = procs.spawn(cx, "stores", Store::<u8, u8, 3>::spec()).await;
    let error = unregistered.expect_err("it is not registered").to_string();
    assert!(error.contains("mesh::register!(Store<u8, u8, 3>)"), "{error}");
    Ok(())
}

fn main() {
    mesh::root::run_test(async |cx: &Client| run(cx).await);
}
