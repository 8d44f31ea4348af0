//! The floor: the reading task is the actor and answers itself; the caller writes and
//! reads its socket itself. No mailbox, no task between.

use super::net::{self, Frames, Head, Writer};
use super::peer::{Peer, Small};
use bytes::{Bytes, BytesMut};
use tokio::sync::Mutex;

pub struct Inline(Mutex<Both>);

struct Both {
    frames: Frames,
    to: Writer,
    batch: BytesMut,
}

const BATCH: usize = 1 << 15;

impl Peer for Inline {
    async fn serve(at: String, ready: impl FnOnce(String) + Send) {
        let (from, mut to) = net::listen(at, ready).await;
        let (mut frames, mut batch, mut count) = (Frames::new(from), BytesMut::new(), 0);
        loop {
            while let Some((head, body)) = frames.buffered() {
                match head {
                    Head::Tell { .. } => count += 1,
                    Head::Big { .. } => count += u64::from(body[0] == 7),
                    Head::Ask { id, .. } => net::encode(&mut batch, &Head::Reply { id, value: count }, 0),
                    Head::Reply { .. } => {}
                }
            }
            net::write(&mut to, &mut batch, Bytes::new()).await.unwrap();
            if !frames.fill().await.unwrap_or(false) {
                return;
            }
        }
    }

    async fn connect(to: String) -> Self {
        let (from, to) = net::connect(to).await;
        Self(Mutex::new(Both { frames: Frames::new(from), to, batch: BytesMut::with_capacity(2 * BATCH) }))
    }

    async fn tell(&self, m: Small) {
        let Both { to, batch, .. } = &mut *self.0.lock().await;
        net::encode(batch, &Head::Tell { port: 1, m }, 0);
        if batch.len() > BATCH {
            net::write(to, batch, Bytes::new()).await.unwrap();
        }
    }

    async fn big(&self, body: &Bytes) {
        let Both { to, batch, .. } = &mut *self.0.lock().await;
        net::encode(batch, &Head::Big { port: 1 }, body.len());
        net::write(to, batch, body.clone()).await.unwrap();
    }

    async fn ask(&self, m: Small) -> u64 {
        let Both { frames, to, batch } = &mut *self.0.lock().await;
        net::encode(batch, &Head::Ask { port: 1, id: 1, m }, 0);
        net::write(to, batch, Bytes::new()).await.unwrap();
        let Some((Head::Reply { value, .. }, _)) = frames.next().await else { panic!("no reply") };
        value
    }
}
