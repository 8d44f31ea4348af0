//! References inside messages: two players in two processes, who know each other only from the ball.
//!
//! `cargo run --release --example ping_pong`

use mesh::prelude::*;

const HITS: u32 = 1000;

/// Hits a ball back.
#[derive(Default)]
pub struct Player {
    hits: u32,
}

#[actor]
impl Player {
    #[new]
    fn new() -> Self {
        Player::default()
    }

    /// Takes the ball and hits it back to `other`; the last one tells `referee` who it was.
    #[handler]
    pub fn hit(
        &mut self,
        cx: &Context<Self>,
        left: u32,
        other: ActorRef<Player>,
        referee: PortRef<usize>,
    ) -> Result<(), Fatal> {
        self.hits += 1;
        if left == 1 {
            referee.post(cx, cx.rank())?;
        } else {
            other.hit(left - 1, cx.this(), referee).send(cx)?;
        }
        Ok(())
    }

    /// How often it has hit.
    #[handler]
    pub fn hits(&self) -> u32 {
        self.hits
    }
}

#[mesh::main]
async fn main(cx: &Client) -> mesh::Result<()> {
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(players = 2)).await?;
    let players = procs.spawn(cx, "players", Player::spec()).await?;
    let (referee, last) = cx.open_once_port()?;
    players.rank(0).hit(HITS, players.rank(1), referee).send(cx)?;
    println!("the last hit was rank {}'s", last.await?);
    println!("hits: {}", players.hits().call(cx).await?);
    Ok(())
}
