//! The two halves of a unix socket, of which the reading one alone is watched while there is room to write.
//!
//! To whoever watches for room, the kernel tells each message that the other side takes out of a unix socket. A stream
//! that watches both directions, as tokio's, so wakes its reactor once more for each message sent, for nothing: half of all
//! waits of a call. Here room is watched for only while a write waits for it.

#![expect(
    unsafe_code,
    reason = "reads into memory that is not initialised, and watches descriptors; see the proofs below"
)]

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendFlags, Shutdown};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::UnixStream;

/// Splits a stream.
///
/// # Errors
/// What the system says.
pub(super) fn split(stream: UnixStream) -> io::Result<(ReadHalf, WriteHalf)> {
    // It stays non-blocking.
    let socket: Arc<OwnedFd> = Arc::new(stream.into_std()?.into());
    let reader = watch(socket.clone(), Interest::READABLE)?;
    Ok((ReadHalf(reader), WriteHalf { socket, room: None }))
}

fn watch(socket: Arc<OwnedFd>, interest: Interest) -> io::Result<AsyncFd<Arc<OwnedFd>>> {
    // SAFETY: it counts an `OwnedFd`, which has the same open descriptor until it is dropped.
    Ok(unsafe { AsyncFd::register_with_interest(socket, interest) }?)
}

/// What comes.
pub(super) struct ReadHalf(AsyncFd<Arc<OwnedFd>>);

impl AsyncRead for ReadHalf {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut guard = ready!(self.0.poll_read_ready(cx))?;
            // SAFETY: nothing of it is made uninitialised: the kernel writes to it, and says how much.
            let room = unsafe { buf.unfilled_mut() };
            let len = room.len();
            match rustix::io::read(&**self.0.get_ref(), room) {
                Ok((read, _)) => {
                    let count = read.len();
                    // There was no more: the next bytes are an event of their own.
                    if count > 0 && count < len {
                        guard.clear_ready();
                    }
                    // SAFETY: the kernel has written so many.
                    unsafe { buf.assume_init(count) };
                    buf.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(Errno::AGAIN) => guard.clear_ready(),
                Err(Errno::INTR) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }
}

/// What goes. The other side reads an end when it is dropped.
pub(super) struct WriteHalf {
    socket: Arc<OwnedFd>,
    /// While a write waits for room: the socket under another number, since it is watched under its own already.
    room: Option<AsyncFd<Arc<OwnedFd>>>,
}

impl WriteHalf {
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        send: impl Fn(BorrowedFd<'_>) -> rustix::io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = match &self.room {
                Some(room) => Some(ready!(room.poll_write_ready(cx))?),
                None => None,
            };
            match send(self.socket.as_fd()) {
                Ok(count) => {
                    self.room = None;
                    return Poll::Ready(Ok(count));
                }
                Err(Errno::AGAIN) => match &mut guard {
                    Some(guard) => guard.clear_ready(),
                    None => {
                        let again = Arc::new(self.socket.try_clone()?);
                        self.room = Some(watch(again, Interest::WRITABLE)?);
                    }
                },
                Err(Errno::INTR) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }
}

impl AsyncWrite for WriteHalf {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().poll_send(cx, |socket| rustix::net::send(socket, buf, SendFlags::NOSIGNAL))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_send(cx, |socket| {
            rustix::net::sendmsg(socket, bufs, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL)
        })
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(rustix::net::shutdown(&*self.socket, Shutdown::Write).map_err(io::Error::from))
    }
}

impl Drop for WriteHalf {
    fn drop(&mut self) {
        // The other side has gone already, if it fails.
        let _ = rustix::net::shutdown(&*self.socket, Shutdown::Write);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn pair() -> ((ReadHalf, WriteHalf), (ReadHalf, WriteHalf)) {
        let (a, b) = UnixStream::pair().expect("the system makes sockets");
        (split(a).expect("it is split"), split(b).expect("it is split"))
    }

    #[tokio::test]
    async fn what_finds_no_room_waits_for_it_and_comes_whole() {
        let ((_, mut writer), (mut reader, _)) = pair();
        let sent: Vec<u8> = (0..8 << 20).map(|at: u32| at.to_le_bytes()[1]).collect();
        let expected = sent.clone();
        let write = tokio::spawn(async move {
            for (at, piece) in sent.chunks(300_000).enumerate() {
                let halves = piece.split_at(piece.len() / 3);
                if at % 2 == 0 {
                    writer.write_all(piece).await?;
                    continue;
                }
                let count = writer.write_vectored(&[IoSlice::new(halves.0), IoSlice::new(halves.1)]).await?;
                writer.write_all(&piece[count..]).await?;
            }
            assert!(writer.room.is_none(), "room is watched for though there is some");
            io::Result::Ok(())
        });
        let mut read = Vec::new();
        // An end is read when the writer is dropped.
        reader.read_to_end(&mut read).await.expect("an end is no error");
        write.await.expect("it does not panic").expect("it is read");
        assert!(read == expected, "{} bytes of {}", read.len(), expected.len());
    }

    #[tokio::test]
    async fn each_side_hears_that_the_other_is_gone() {
        let ((mut reader, mut writer), other) = pair();
        writer.write_all(b"last words").await.expect("there is room");
        writer.shutdown().await.expect("it is open");
        let (mut other_reader, other_writer) = other;
        let mut read = Vec::new();
        other_reader.read_to_end(&mut read).await.expect("an end is no error");
        assert_eq!(read, b"last words");
        drop((other_reader, other_writer));
        assert_eq!(reader.read(&mut [0; 8]).await.expect("an end is no error"), 0);
        assert_eq!(
            writer.write(b"nobody").await.map_err(|error| error.kind()),
            Err(io::ErrorKind::BrokenPipe)
        );
    }

    #[tokio::test]
    async fn a_write_without_room_is_ended_by_the_death_of_the_other_side() {
        let ((_reader, mut writer), other) = pair();
        let mut fill = Box::pin(async { while writer.write(&[0; 64 << 10]).await.is_ok() {} });
        tokio::select! {
            biased;
            () = &mut fill => panic!("there is room for ever"),
            () = tokio::task::yield_now() => {}
        }
        drop(other);
        tokio::time::timeout(std::time::Duration::from_secs(10), fill).await.expect("it ends");
    }
}
