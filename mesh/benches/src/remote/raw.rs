//! Plain tokio with the parts an actor framework has: a task that reads and dispatches
//! by port, a mailbox and a task for the actor, a task that writes batches.

use super::net::{self, Frames, Head, Reader, Writer};
use super::peer::{Peer, Small};
use bytes::{Bytes, BytesMut};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, oneshot};

pub struct Raw {
    out: mpsc::Sender<(Head, Bytes)>,
    next: AtomicU64,
    waiting: Waiting,
}

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<u64>>>>;

enum Msg {
    Tell(#[allow(dead_code)] Small),
    Big(Bytes),
    Ask(#[allow(dead_code)] Small, u64),
}

const PORT: u64 = 1;

/// Coalesces whatever is queued into one write.
async fn writer(mut to: Writer, mut queue: mpsc::Receiver<(Head, Bytes)>) {
    let (mut frames, mut batch) = (Vec::new(), BytesMut::new());
    while queue.recv_many(&mut frames, 256).await > 0 {
        for (head, body) in frames.drain(..) {
            net::encode(&mut batch, &head, body.len());
            if !body.is_empty() && net::write(&mut to, &mut batch, body).await.is_err() {
                return;
            }
        }
        if net::write(&mut to, &mut batch, Bytes::new()).await.is_err() {
            return;
        }
    }
}

async fn actor(mut mailbox: mpsc::Receiver<Msg>, out: mpsc::Sender<(Head, Bytes)>) {
    let mut count = 0;
    while let Some(msg) = mailbox.recv().await {
        match msg {
            Msg::Tell(_) => count += 1,
            Msg::Big(body) => count += u64::from(body[0] == 7),
            Msg::Ask(_, id) => {
                let _ = out.send((Head::Reply { id, value: count }, Bytes::new())).await;
            }
        }
    }
}

async fn dispatch(from: Reader, ports: HashMap<u64, mpsc::Sender<Msg>>) {
    let mut frames = Frames::new(from);
    while let Some((head, body)) = frames.next().await {
        let (port, msg) = match head {
            Head::Tell { port, m } => (port, Msg::Tell(m)),
            Head::Big { port } => (port, Msg::Big(body)),
            Head::Ask { port, id, m } => (port, Msg::Ask(m, id)),
            Head::Reply { .. } => continue,
        };
        if let Some(mailbox) = ports.get(&port) {
            let _ = mailbox.send(msg).await;
        }
    }
}

async fn replies(from: Reader, waiting: Waiting) {
    let mut frames = Frames::new(from);
    while let Some((head, _)) = frames.next().await {
        if let Head::Reply { id, value } = head {
            if let Some(to) = waiting.lock().unwrap().remove(&id) {
                let _ = to.send(value);
            }
        }
    }
}

impl Peer for Raw {
    async fn serve(at: String, ready: impl FnOnce(String) + Send) {
        let (from, to) = net::listen(at, ready).await;
        let (out, queue) = mpsc::channel(1024);
        let (mailbox, inbox) = mpsc::channel(1024);
        tokio::spawn(writer(to, queue));
        tokio::spawn(actor(inbox, out));
        tokio::spawn(dispatch(from, HashMap::from([(PORT, mailbox)])));
    }

    async fn connect(to: String) -> Self {
        let (from, to) = net::connect(to).await;
        let (out, queue) = mpsc::channel(1024);
        let waiting = Waiting::default();
        tokio::spawn(writer(to, queue));
        tokio::spawn(replies(from, waiting.clone()));
        Self { out, next: AtomicU64::new(1), waiting }
    }

    async fn tell(&self, m: Small) {
        let _ = self.out.send((Head::Tell { port: PORT, m }, Bytes::new())).await;
    }

    async fn big(&self, body: &Bytes) {
        let _ = self.out.send((Head::Big { port: PORT }, body.clone())).await;
    }

    async fn ask(&self, m: Small) -> u64 {
        let id = self.next.fetch_add(1, Relaxed);
        let (tx, rx) = oneshot::channel();
        self.waiting.lock().unwrap().insert(id, tx);
        let _ = self.out.send((Head::Ask { port: PORT, id, m }, Bytes::new())).await;
        rx.await.unwrap()
    }
}
