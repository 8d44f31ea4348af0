//! Sockets and frames for the raw peers.
//!
//! A frame is two `u32` lengths, a bincode head, and a body that bincode never sees.

use super::peer::{CONFIG, Small};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

#[derive(Serialize, Deserialize)]
pub enum Head {
    Tell { port: u64, m: Small },
    Big { port: u64 },
    Ask { port: u64, id: u64, m: Small },
    Reply { id: u64, value: u64 },
}

pub type Reader = Box<dyn AsyncRead + Send + Sync + Unpin>;
pub type Writer = Box<dyn AsyncWrite + Send + Sync + Unpin>;

pub async fn listen(at: String, ready: impl FnOnce(String)) -> (Reader, Writer) {
    if at == "tcp" {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        ready(listener.local_addr().unwrap().to_string());
        tcp(listener.accept().await.unwrap().0)
    } else {
        let listener = UnixListener::bind(&at).unwrap();
        ready(at.clone());
        let stream = listener.accept().await.unwrap().0;
        let _ = std::fs::remove_file(at);
        unix(stream)
    }
}

pub async fn connect(to: String) -> (Reader, Writer) {
    if to.starts_with('/') {
        unix(UnixStream::connect(to).await.unwrap())
    } else {
        tcp(TcpStream::connect(to).await.unwrap())
    }
}

fn tcp(stream: TcpStream) -> (Reader, Writer) {
    stream.set_nodelay(true).unwrap();
    let (r, w) = stream.into_split();
    (Box::new(r), Box::new(w))
}

fn unix(stream: UnixStream) -> (Reader, Writer) {
    let (r, w) = stream.into_split();
    (Box::new(r), Box::new(w))
}

pub fn encode(out: &mut BytesMut, head: &Head, body: usize) {
    let start = out.len();
    out.put_bytes(0, 8);
    let n = bincode::serde::encode_into_std_write(head, &mut out.writer(), CONFIG).unwrap();
    (&mut out[start..]).put_u32_le(n as u32);
    (&mut out[start + 4..]).put_u32_le(body as u32);
}

pub struct Frames {
    pub from: Reader,
    buf: BytesMut,
}

impl Frames {
    pub fn new(from: Reader) -> Self {
        Self { from, buf: BytesMut::with_capacity(1 << 16) }
    }

    /// A frame that is already here.
    pub fn buffered(&mut self) -> Option<(Head, Bytes)> {
        let (head, body) = self.lengths()?;
        if self.buf.len() < 8 + head + body {
            return None;
        }
        self.buf.advance(8);
        let decoded = bincode::serde::decode_from_slice(&self.buf[..head], CONFIG).unwrap().0;
        self.buf.advance(head);
        Some((decoded, self.buf.split_to(body).freeze()))
    }

    fn lengths(&self) -> Option<(usize, usize)> {
        let mut at = self.buf.get(..8)?;
        Some((at.get_u32_le() as usize, at.get_u32_le() as usize))
    }

    /// Reads more; false at the end.
    pub async fn fill(&mut self) -> io::Result<bool> {
        let need = self.lengths().map_or(0, |(head, body)| 8 + head + body);
        self.buf.reserve(need.saturating_sub(self.buf.len()).max(1 << 14));
        Ok(self.from.read_buf(&mut self.buf).await? > 0)
    }

    pub async fn next(&mut self) -> Option<(Head, Bytes)> {
        loop {
            if let Some(frame) = self.buffered() {
                return Some(frame);
            }
            if !self.fill().await.ok()? {
                return None;
            }
        }
    }
}

/// The batch, then the body of its last frame, in as few writes as they take.
pub async fn write(to: &mut Writer, batch: &mut BytesMut, body: Bytes) -> io::Result<()> {
    let mut both = batch.split().chain(body);
    while both.has_remaining() {
        if to.write_buf(&mut both).await? == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    Ok(())
}
