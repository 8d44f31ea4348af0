//! References inside messages, and a stream for the result.

use mesh::prelude::*;

#[derive(Default)]
pub struct Player {
    done: Option<PortRef<u32>>,
}

#[actor]
impl Player {
    #[new]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a rally; the number of hits is posted to `done`.
    #[handler]
    pub fn serve(
        &mut self,
        cx: &Context<Self>,
        other: ActorRef<Player>,
        hits: u32,
        #[stream] done: PortRef<u32>,
    ) {
        self.done = Some(done);
        other.hit(cx.this(), hits, 1).send(cx).expect("the other plays");
    }

    #[handler]
    fn hit(&mut self, cx: &Context<Self>, from: ActorRef<Self>, left: u32, n: u32) {
        let sent = match left {
            0 => from.score(n).send(cx).is_ok(),
            left => from.hit(cx.this(), left - 1, n + 1).send(cx).is_ok(),
        };
        assert!(sent, "the other plays");
    }

    #[handler]
    fn score(&mut self, cx: &Context<Self>, n: u32) {
        if let Some(done) = self.done.take() {
            done.post(cx, n).expect("the client waits");
        }
    }
}

async fn run(cx: &Client) -> mesh::Result<()> {
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(sides = 2)).await?;
    let players = procs.spawn(cx, "players", Player::spec()).await?;
    let server = players.rank(0);
    let mut done = server.serve(players.rank(1), 10).stream(cx)?;
    assert_eq!(done.receive().await?, 11);
    Ok(())
}

fn main() {
    mesh::root::run_test(async |cx: &Client| run(cx).await);
}
