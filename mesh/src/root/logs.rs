//! Where the lines of a root's children go, and how the marks of a flush are answered there.

use std::sync::{Arc, OnceLock, Weak};

use super::RootError;
use crate::actor::{Caller, Scope};
use crate::client::Client;
use crate::config::{self, Config};
use crate::ident::ActorId;
use crate::log::{LogMark, LogSink};
use crate::outbox::Outbox;

/// Answers marks in the name of a client, once there is one. It does not keep the client's proc alive.
#[derive(Clone, Default)]
pub(super) struct Answerer(Arc<OnceLock<(Weak<Outbox>, ActorId)>>);

impl Answerer {
    /// Names the client.
    pub(super) fn answer_as(&self, client: &Client) {
        let scope = client.scope();
        let _ = self.0.set((Arc::downgrade(scope.outbox), scope.sender.clone()));
    }

    fn answer(&self, mark: &LogMark) {
        let Some((outbox, id)) = self.0.get() else { return };
        let Some(outbox) = outbox.upgrade() else { return };
        let scope = Scope { outbox: &outbox, sender: id, deadline: None, chain: None, is_actor: false };
        // Who asked is gone if it cannot be reached.
        let _ = mark.port.post_control_as(scope, &mark.stream);
    }
}

/// The sink of a root: as given, or as configured.
pub(super) fn sink(given: Option<LogSink>, config: &Config) -> Result<(LogSink, Answerer), RootError> {
    let mut sink = given.unwrap_or_else(|| {
        if config.get(config::LOG_CONSOLE) { LogSink::console() } else { LogSink::none() }
    });
    let window = config.get(config::LOG_FOLD);
    if !window.is_zero() {
        sink = sink.folded(window);
    }
    let dir = config.get(config::LOG_DIR);
    if !dir.is_empty() {
        let made = sink.with_files(&*dir);
        sink = made.map_err(|source| RootError::LogDir { dir: dir.as_ref().to_owned(), source })?;
    }
    let answerer = Answerer::default();
    let answers = answerer.clone();
    Ok((sink.answering(move |mark| answers.answer(mark)), answerer))
}
