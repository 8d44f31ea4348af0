//! Links: serving a door, letting expected children in, dialling.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::refusal::{is_final, with_cause};
use super::state::{AcceptedSession, LinkEntry};
use super::strangers::Strangers;
use super::{Bounced, ExitObserver, Gateway, runtime_for};
use crate::addr::{ChannelAddr, Location};
use crate::call::CallErrorKind;
use crate::ident::{GatewayId, ProcId};
use crate::link::{Auth, Link, LinkError, LinkLimits, Ready, Redial, RedialError, handshake_with};
use crate::transport::{Connection, Transport, TransportError, Trust};
use crate::wire::auth::Role;
use crate::wire::envelope::Envelope;
use crate::wire::hello::{Hello, HelloError, MAGIC, PROTOCOL, SessionHello};
use crate::wire::session::Window;

/// What a hello shows as its build; compared by nobody.
const BUILD: &str = env!("CARGO_PKG_VERSION");

/// How long a door rests when the system has no resources for another connection.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Why a door could not be opened or a peer not reached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DoorError {
    /// The transport failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The peer did not say hello, or is not one of ours.
    #[error("{addr}: {source}")]
    Handshake {
        /// Where.
        addr: ChannelAddr,
        /// Why.
        source: LinkError,
    },
}

/// A child that is allowed to come in, and how it ends.
pub(super) struct ExpectedPeer {
    proc: ProcId,
    observer: Arc<dyn ExitObserver>,
    arrived: oneshot::Sender<GatewayId>,
}

/// The coming of a child.
pub struct Expected {
    gateway: Gateway,
    token: [u8; 16],
    arrived: oneshot::Receiver<GatewayId>,
}

impl Expected {
    /// Waits until it has said hello.
    ///
    /// # Cancel safety
    /// Cancel safe. Dropping it takes the permission back.
    pub async fn arrived(&mut self) -> Option<GatewayId> {
        (&mut self.arrived).await.ok()
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        self.gateway.state().expected.remove(&self.token);
    }
}

/// An open door. Dropping it closes it; established links stay.
#[derive(Debug)]
pub struct Listening {
    addr: ChannelAddr,
    task: tokio::task::AbortHandle,
}

impl Listening {
    /// Where it can be dialled.
    pub fn addr(&self) -> &ChannelAddr {
        &self.addr
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Gateway {
    fn hello(&self, token: Option<[u8; 16]>, session: Option<SessionHello>) -> Hello {
        let state = self.state();
        Hello {
            magic: MAGIC,
            protocol: PROTOCOL,
            gateway: self.0.id,
            location: (*state.location).clone(),
            build: BUILD.to_owned(),
            procs: if token.is_some() {
                state.procs.values().map(|(id, _)| id.clone()).collect()
            } else {
                Vec::new()
            },
            token,
            session,
            fingerprints: self.0.fingerprints.to_vec(),
        }
    }

    /// What the other side of such a connection is to prove.
    fn auth(&self, trust: Trust, role: Role) -> Option<Auth> {
        self.0.transports.secret_for(trust).map(|secret| Auth { secret: secret.clone(), role })
    }

    fn limits(&self) -> LinkLimits {
        LinkLimits {
            handshake_timeout: self.0.config.handshake_timeout,
            give_up: self.0.config.link_give_up,
            silence: self.0.config.link_silence,
            window: Window {
                messages: self.0.config.link_window_messages as u64,
                len_bytes: self.0.config.link_window_bytes as u64,
            },
            ..LinkLimits::default()
        }
    }

    /// Opens a door for children and peers.
    ///
    /// # Errors
    /// [`DoorError::Transport`], naming the address: it is in use, or may not be served.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing is open if it does not return.
    pub async fn serve(&self, addr: &ChannelAddr) -> Result<Listening, DoorError> {
        let mut listener = self.0.transports.listen(addr).await?;
        let addr = listener.local_addr();
        let gateway = self.clone();
        let task = tokio::spawn(async move {
            let mut strangers = Strangers::default();
            loop {
                match listener.accept().await {
                    Ok(connection) => {
                        strangers.room().await;
                        let (gateway, trust) = (gateway.clone(), connection.trust);
                        strangers.admit(trust, async move { gateway.let_in(connection).await });
                    }
                    Err(TransportError::Closed { .. }) => return,
                    Err(error) => {
                        // Out of descriptors, most likely: others must let go of some first.
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_RETRY).await;
                    }
                }
            }
        });
        Ok(Listening { addr, task: task.abort_handle() })
    }

    /// Makes this gateway's location one that can be dialled.
    pub fn publish_door(&self, addr: &ChannelAddr) {
        let location = Location { gateway: self.0.id, door: Some(addr.clone()) };
        self.state().location = Arc::new(location);
    }

    async fn let_in(&self, connection: Connection) {
        let peer = connection.peer.clone();
        let auth = self.auth(connection.trust, Role::Accepts);
        let (own, limits) = (self.hello(None, None), self.limits());
        let (ready, hello) = match handshake_with(connection, auth.as_ref(), &own, &limits).await {
            Ok(established) => established,
            Err(error) => {
                let error = with_cause(&error);
                self.0.events.note(|| format!("refused {error}"));
                tracing::warn!(%peer, error, "a peer was refused");
                return;
            }
        };
        let accepted = hello.session.map(|session| AcceptedSession { id: session.id, token: hello.token });
        let is_known =
            accepted.is_some_and(|accepted| self.state().accepted(hello.gateway, accepted).is_some());
        if let Some(session) = hello.session.filter(|session| session.resume.is_some() && !is_known) {
            let ended = HelloError::SessionEnded { gateway: self.0.id, session: session.id };
            return ready.refuse(&ended).await;
        }
        let token = hello.token.filter(|_| !is_known);
        let shown = token.map(|token| self.state().expected.remove(&token));
        let expected = match shown {
            None => None,
            // GATE-4
            Some(Some(expected)) if hello.procs.contains(&expected.proc) => Some(expected),
            Some(_) => {
                tracing::warn!(%peer, gateway = %hello.gateway, "a peer with an unknown token was refused");
                let reason = "the token is not one that was given away and is still waited for".to_owned();
                return ready.refuse(&HelloError::Identity { reason }).await;
            }
        };
        // GATE-4
        let objection = if expected.is_none() && !is_known {
            self.state().objection(hello.gateway, self.0.id, self.0.config.links_max)
        } else {
            None
        };
        if let Some(reason) = objection {
            tracing::warn!(%peer, gateway = %hello.gateway, reason, "a peer was refused");
            return ready.refuse(&HelloError::Identity { reason }).await;
        }
        let joining = Joining { peer: hello.gateway, accepted, uplink: false, redial: None };
        self.join(ready, joining, expected);
    }

    /// Enters an established link into the tables, or hands its connection to the link of its session.
    fn join(&self, ready: Ready, joining: Joining, expected: Option<ExpectedPeer>) {
        let Joining { peer, accepted, uplink, redial } = joining;
        let procs = expected.as_ref().map(|expected| vec![expected.proc.clone()]).unwrap_or_default();
        let arrived = {
            // Started under the lock: `lost` finds the entry, whenever it comes.
            let mut state = self.state();
            if let Some(link) = accepted.and_then(|accepted| state.accepted(peer, accepted)) {
                self.0.events.note(|| format!("link to {peer} resumed"));
                // A link that is lost just now drops it; the peer then hears that the session has ended.
                let _ = link.resume(ready);
                return;
            }
            self.0.events.note(|| format!("link to {peer}"));
            state.end_earlier(peer, accepted.is_some());
            let id = state.next_link();
            for proc in &procs {
                state.comes_in(proc, id);
            }
            state.route_to(peer, id);
            if uplink {
                state.uplink = Some(id);
            }
            let link = ready.start_with(id, Arc::new(self.clone()), redial, &self.0.inbox);
            state.links.insert(id, LinkEntry { link: link.clone(), peer, procs, accepted });
            if let Some(epoch) = state.relay_joined(self, peer) {
                // One that is closed takes nothing else either.
                let _ = link.post(epoch);
            }
            expected.map(|expected| {
                let ExpectedPeer { proc, observer, arrived } = expected;
                state.observers.insert(proc.uid, observer.clone());
                tokio::spawn(end_with_process(link, observer, self.0.config.exit_status_wait));
                arrived
            })
        };
        if let Some(arrived) = arrived {
            // Whoever launched it may have given up meanwhile; the observer then ends it.
            let _ = arrived.send(peer);
        }
    }

    /// Allows the child that shows `token` to come in as `proc`.
    pub fn expect(&self, token: [u8; 16], proc: ProcId, observer: Arc<dyn ExitObserver>) -> Expected {
        let (sender, receiver) = oneshot::channel();
        self.state().expected.insert(token, ExpectedPeer { proc, observer, arrived: sender });
        Expected { gateway: self.clone(), token, arrived: receiver }
    }

    /// Dials the host this process is a child of: what has no other route goes there.
    ///
    /// # Errors
    /// [`DoorError`], when it does not answer or refuses.
    ///
    /// # Cancel safety
    /// Cancel safe: no link stays if it does not return.
    pub async fn dial_up(&self, addr: &ChannelAddr, token: [u8; 16]) -> Result<GatewayId, DoorError> {
        self.dial_with(addr, Some(token), true).await
    }

    /// Dials a peer's door.
    ///
    /// # Errors
    /// [`DoorError`], when it does not answer or refuses.
    ///
    /// # Cancel safety
    /// Cancel safe: no link stays if it does not return.
    pub async fn dial(&self, addr: &ChannelAddr) -> Result<GatewayId, DoorError> {
        self.dial_with(addr, None, false).await
    }

    async fn dial_with(
        &self,
        addr: &ChannelAddr,
        token: Option<[u8; 16]>,
        uplink: bool,
    ) -> Result<GatewayId, DoorError> {
        let session = SessionHello { id: self.state().next_session(self.0.id), resume: None };
        let (ready, hello) = self.establish(addr, token, session).await?;
        let peer = hello.gateway;
        let redial: Arc<dyn Redial> =
            Arc::new(WayBack { gateway: self.clone(), addr: addr.clone(), token, peer });
        let joining = Joining { peer, accepted: None, uplink, redial: Some(redial) };
        self.join(ready, joining, None);
        Ok(peer)
    }

    /// Dials, and shakes hands over a session.
    async fn establish(
        &self,
        addr: &ChannelAddr,
        token: Option<[u8; 16]>,
        session: SessionHello,
    ) -> Result<(Ready, Hello), DoorError> {
        let connection = self.0.transports.dial(addr).await?;
        let auth = self.auth(connection.trust, Role::Dials);
        let own = self.hello(token, Some(session));
        let mut limits = self.limits();
        if token.is_some() {
            // A parent: its end is seen, and until then it may be stopped, as at Ctrl-Z.
            limits.silence = limits.silence.map(|_| Duration::ZERO);
        }
        handshake_with(connection, auth.as_ref(), &own, &limits)
            .await
            .map_err(|source| DoorError::Handshake { addr: addr.clone(), source })
    }

    /// Holds an envelope until the door of its location has been dialled.
    pub(super) fn dial_and_hold(
        &self,
        location: Arc<Location>,
        envelope: Envelope,
    ) -> Result<(), Box<Bounced>> {
        let target = location.gateway;
        let runtime = {
            let mut state = self.state();
            if let Some(held) = state.dialing.get_mut(&target.uid) {
                return held.push(envelope);
            }
            if let Some(reason) = state.refusals.of(target.uid) {
                let kind = CallErrorKind::Unreachable { reason: reason.to_owned() };
                return Err(Box::new(Bounced { envelope, kind }));
            }
            if state.relays.ends(&envelope) {
                let kind = CallErrorKind::Unreachable { reason: format!("nothing goes to {target}") };
                return Err(Box::new(Bounced { envelope, kind }));
            }
            let (runtime, envelope) = runtime_for(envelope)?;
            state.dialing.entry(target.uid).or_default().push(envelope)?;
            drop(state);
            runtime
        };
        let gateway = self.clone();
        runtime.spawn(async move { gateway.dial_and_release(&location).await });
        Ok(())
    }

    /// Dials the door of a location, and sends on what is held until then.
    pub(super) async fn dial_and_release(&self, location: &Location) {
        let target = location.gateway;
        let outcome = match &location.door {
            Some(door) => self.dial(door).await.map_err(|error| {
                let reason = with_cause(&error);
                if is_final(&error) {
                    self.state().refusals.note(target.uid, &reason);
                }
                reason
            }),
            None => Err(format!("{target} has no door")),
        };
        let failed = match outcome {
            Ok(there) if there == target => None,
            Ok(there) => Some(restarted(target, there)),
            Err(error) => Some(error),
        };
        self.release_dialled(target, failed.as_deref());
    }

    /// Sends on what was held for a gateway, in order; what comes meanwhile is held too, until nothing is left.
    fn release_dialled(&self, target: GatewayId, failed: Option<&str>) {
        loop {
            let (held, link) = {
                let mut state = self.state();
                let held = state.dialing.get_mut(&target.uid).map(std::mem::take).unwrap_or_default();
                if held.is_empty() {
                    state.dialing.remove(&target.uid);
                    return;
                }
                let link = state.by_gateway.get(&target.uid).and_then(|id| state.link(*id));
                let held = held.release();
                if let Some(link) = &link {
                    held.envelopes.iter().for_each(|envelope| state.awaiting.sent(link.id(), envelope));
                }
                (held, link)
            };
            held.expired.into_iter().for_each(|expired| self.bounce(expired));
            if failed.is_some() {
                self.tell_unreached(target.uid, &held.envelopes);
            }
            for envelope in held.envelopes {
                let sent = match (failed, &link) {
                    (None, Some(link)) => self.hand_to(link, envelope),
                    (None, None) => {
                        let kind = CallErrorKind::Unreachable { reason: "the link was lost".to_owned() };
                        Err(Box::new(Bounced { envelope, kind }))
                    }
                    (Some(reason), _) => {
                        let kind = CallErrorKind::Unreachable { reason: reason.to_owned() };
                        Err(Box::new(Bounced { envelope, kind }))
                    }
                };
                if let Err(bounced) = sent {
                    self.bounce(*bounced);
                }
            }
        }
    }

    /// Closes every link in order, after what was posted has been acknowledged or `within` is over. What still waits for a
    /// way then goes back.
    ///
    /// # Cancel safety
    /// Cancel safe: links not yet closed stay open.
    pub async fn close(&self, within: Duration, reason: &str) {
        let links = || self.state().links.values().map(|entry| entry.link.clone()).collect::<Vec<Link>>();
        let _ = tokio::time::timeout(within, async {
            self.all_confirmed().await;
            for link in links() {
                link.flush().await;
            }
        })
        .await;
        self.bounce_unsent();
        for link in links() {
            link.close(reason);
        }
    }
}

/// What is known of a peer whose link is to be entered into the tables.
struct Joining {
    peer: GatewayId,
    /// The session, if it is the peer that has dialled.
    accepted: Option<AcceptedSession>,
    uplink: bool,
    /// The way back, if it is this side that has dialled.
    redial: Option<Arc<dyn Redial>>,
}

/// Ends the link of a supervised child with its process: no one will dial again. What it has said last is still read,
/// unless another process holds its end of the connection.
async fn end_with_process(link: Link, observer: Arc<dyn ExitObserver>, wait: Duration) {
    tokio::select! {
        biased;
        () = link.lost() => return,
        _ = observer.exited() => {}
    }
    link.end_with_connection("its process has ended");
    if tokio::time::timeout(wait, link.lost()).await.is_err() {
        link.give_up("its process has ended");
    }
}

/// The way back to a peer that was dialled.
struct WayBack {
    gateway: Gateway,
    addr: ChannelAddr,
    token: Option<[u8; 16]>,
    peer: GatewayId,
}

#[async_trait]
impl Redial for WayBack {
    async fn redial(&self, session: SessionHello) -> Result<Ready, RedialError> {
        let hopeless = |reason: String| Err(RedialError::Hopeless { reason });
        let error = match self.gateway.establish(&self.addr, self.token, session).await {
            Ok((ready, hello)) if hello.gateway == self.peer => return Ok(ready),
            Ok((_, hello)) => return hopeless(restarted(self.peer, hello.gateway)),
            Err(error) => error,
        };
        let reason = with_cause(&error);
        match error {
            DoorError::Handshake {
                source: LinkError::Refused { error: HelloError::SessionEnded { gateway, .. }, .. },
                ..
            } if gateway != self.peer => hopeless(restarted(self.peer, gateway)),
            DoorError::Handshake {
                source: LinkError::Refused { error, .. } | LinkError::Mismatch { error, .. },
                ..
            } => hopeless(error.to_string()),
            // On this machine that means that the process is gone; elsewhere its door may be out of reach for a while.
            DoorError::Transport(TransportError::Refused { .. })
                if !matches!(self.addr, ChannelAddr::Tcp(_) | ChannelAddr::Tls(_)) =>
            {
                hopeless(reason)
            }
            error if is_final(&error) => hopeless(reason),
            _ => Err(RedialError::Again { reason }),
        }
    }
}

fn restarted(was: GatewayId, is: GatewayId) -> String {
    format!("{was} was restarted; {is} is there now")
}
