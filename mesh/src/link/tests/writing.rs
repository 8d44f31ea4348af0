//! Who writes, and who is woken for it.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use tokio::io::AsyncWrite;

use super::super::shared::Shared;
use super::{LinkId, LinkLimits, data};
use crate::addr::{PortAddr, ProcAddr};

/// Takes nothing at first; the driver comes by before that is known to the link, as it may on another thread.
#[derive(Default)]
struct FullOnce {
    shared: Arc<OnceLock<Arc<Shared>>>,
    was_full: bool,
}

impl AsyncWrite for FullOnce {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        if !std::mem::replace(&mut self.was_full, true) {
            // The other side has read meanwhile, which wakes the driver: it finds that somebody else writes.
            self.shared.get().unwrap().driver_writes(cx.waker());
            return Poll::Pending;
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_driver_that_comes_while_another_writes_comes_again() {
    let shared = Shared::new(LinkId(1), "peer".to_owned(), LinkLimits::default());
    let writer = FullOnce::default();
    assert!(writer.shared.set(shared.clone()).is_ok());
    shared.connect(Box::new(writer), 0, false).unwrap();
    let mut call = data(1);
    let caller = ProcAddr { id: call.headers.sender.proc.clone(), at: call.headers.sender_at.clone() };
    call.headers.reply_to = Some((PortAddr { proc: caller, port: 9 }, 1));
    // Somebody waits for its reply, so it is written at once.
    assert!(shared.post(call).is_ok());
    let called = pin!(shared.for_driver.notified()).poll(&mut Context::from_waker(Waker::noop()));
    assert!(called.is_ready(), "what is half written stays so, since nobody comes to write it");
}
