//! A stream of a mesh, with `&SpawnEnv` in the constructor.

use mesh::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    rank: usize,
    text: String,
}

#[derive(Default)]
pub struct Log {
    lines: Vec<Line>,
    tails: Vec<PortRef<Line>>,
    rank: usize,
}

#[actor]
impl Log {
    #[new]
    pub fn new(env: &SpawnEnv) -> Self {
        Log { rank: env.rank(), ..Default::default() }
    }

    #[handler]
    pub fn append(&mut self, cx: &Context<Self>, text: String) {
        let line = Line { rank: self.rank, text };
        self.tails.retain(|tail| tail.post(cx, line.clone()).is_ok());
        self.lines.push(line);
    }

    /// Streams lines from index `from` on, then live.
    #[handler]
    pub fn tail(&mut self, cx: &Context<Self>, from: usize, #[stream] out: PortRef<Line>) {
        for line in &self.lines[from.min(self.lines.len())..] {
            out.post(cx, line.clone()).expect("the port was just opened");
        }
        self.tails.push(out);
    }
}

async fn run(cx: &Client) -> mesh::Result<()> {
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(logs = 2)).await?;
    let logs = procs.spawn(cx, "logs", Log::spec()).await?;
    logs.append("boot".into()).call(cx).await?;
    let mut lines = logs.tail(0).stream(cx)?;
    logs.append("later".into()).cast(cx)?;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let line = lines.receive().await?;
        seen.push((line.rank, line.text));
    }
    seen.sort();
    assert_eq!(seen, [(0, "boot".into()), (0, "later".into()), (1, "boot".into()), (1, "later".into())]);
    Ok(())
}

fn main() {
    mesh::root::run_test(async |cx: &Client| run(cx).await);
}
