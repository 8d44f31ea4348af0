//! A typed reduction of maps.

use std::collections::BTreeMap;

use mesh::prelude::*;

pub struct Mapper {
    text: String,
}

#[actor]
impl Mapper {
    #[new]
    pub fn new(text: String) -> Self {
        Mapper { text }
    }

    #[handler(reduce = Merge)]
    pub fn count_words(&self, cx: &Context<Self>, min_len: usize) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        let words = self.text.split_whitespace().skip(cx.rank()).step_by(cx.size());
        for word in words.filter(|word| word.len() >= min_len) {
            *counts.entry(word.to_owned()).or_default() += 1;
        }
        counts
    }
}

async fn run(cx: &Client) -> mesh::Result<()> {
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(mappers = 4)).await?;
    let text = "to be or not to be that is the question to be".to_owned();
    let mappers = procs.spawn(cx, "mappers", Mapper::spec(text)).await?;
    let counts = mappers.count_words(2).reduce(Merge).call(cx).await?;
    assert_eq!((counts["to"], counts["be"]), (3, 3));
    Ok(())
}

fn main() {
    mesh::root::run_test(async |cx: &Client| run(cx).await);
}
