//! Generic actors and message style.

use mesh::actor::Handler;
use mesh::call::CallErrorKind;
use mesh::prelude::*;
use mesh::{Message, SpawnError};

use crate::support::four;

struct Store<T> {
    values: Vec<T>,
}

#[actor]
impl<T: RemoteArg + Clone + Named> Store<T> {
    #[new]
    fn new(first: T) -> Self {
        Store { values: vec![first] }
    }

    /// Keeps a value, and says how many there are.
    #[handler]
    fn put(&mut self, value: T) -> u64 {
        self.values.push(value);
        self.values.len() as u64
    }

    /// All values.
    #[handler]
    fn all(&mut self) -> Vec<T> {
        self.values.clone()
    }
}

mesh::register!(Store<u64>, Store<String>);

#[mesh::test]
async fn each_registered_instance_of_a_generic_actor_is_spawned(cx: &Client) {
    let (procs, _counters) = four(cx).await;
    let numbers = procs.spawn(cx, "numbers", Store::<u64>::spec(1)).await.unwrap();
    let names = procs.spawn(cx, "names", Store::<String>::spec("a".into())).await.unwrap();
    assert_eq!(numbers.put(2).call(cx).await.unwrap().values(), [2; 4]);
    names.rank(0).put("b".into()).call(cx).await.unwrap();
    assert_eq!(numbers.rank(3).all().call(cx).await.unwrap(), [1, 2]);
    assert_eq!(names.rank(0).all().call(cx).await.unwrap(), ["a", "b"]);
}

#[mesh::test]
async fn an_unregistered_instance_fails_here_and_says_what_to_write(cx: &Client) {
    let (procs, _counters) = four(cx).await;
    cx.events().record();
    let error = procs.spawn(cx, "bytes", Store::<u8>::spec(1)).await.unwrap_err();
    let SpawnError::NotRegistered(missing) = &error else { panic!("{error}") };
    assert_eq!(missing.short, "Store<u8>");
    assert!(error.to_string().contains("mesh::register!(Store<u8>)"), "{error}");
    let error = procs.gspawn(cx, 0, "bytes", Store::<u8>::spec(1)).await.unwrap_err();
    assert!(error.to_string().contains("mesh::register!(Store<u8>)"), "{error}");
    assert_eq!(cx.events().lines(), Vec::<String>::new(), "nothing was sent");
}

/// Asks how it goes.
#[derive(Message, serde::Serialize, serde::Deserialize)]
#[message(reply = String)]
struct HowIsIt {
    politely: bool,
}

/// Says something, without an answer.
#[derive(Message, serde::Serialize, serde::Deserialize)]
struct Tell(String, u32);

/// Answers with a result.
#[derive(Message, serde::Serialize, serde::Deserialize)]
#[message(reply = Result<u32, String>)]
enum Divide {
    By(u32),
    Never,
}

struct Talker {
    heard: Vec<String>,
}

#[actor(handles(HowIsIt, Tell, Divide))]
impl Talker {
    #[new]
    fn new() -> Self {
        Talker { heard: Vec::new() }
    }

    /// What was told.
    #[handler]
    fn heard(&self) -> Vec<String> {
        self.heard.clone()
    }
}

impl Handler<HowIsIt> for Talker {
    async fn handle(&mut self, _: &Context<Self>, message: HowIsIt) -> String {
        if message.politely { "very well".into() } else { "well".into() }
    }
}

impl Handler<Tell> for Talker {
    async fn handle(&mut self, _: &Context<Self>, Tell(text, times): Tell) {
        self.heard.push(text.repeat(times as usize));
    }
}

impl Handler<Divide> for Talker {
    async fn handle(&mut self, _: &Context<Self>, message: Divide) -> Result<u32, String> {
        match message {
            Divide::By(n) => 12_u32.checked_div(n).ok_or("by zero".into()),
            Divide::Never => Err("never".into()),
        }
    }
}

#[mesh::test]
async fn messages_go_to_a_handle(cx: &Client) {
    let talker = cx.spawn(Talker::new());
    talker.message(Tell("ho".into(), 2)).send(cx).unwrap();
    assert_eq!(talker.message(HowIsIt { politely: true }).call(cx).await.unwrap(), "very well");
    assert_eq!(talker.heard().call(cx).await.unwrap(), ["hoho"]);
    assert_eq!(talker.message(Divide::By(0)).call(cx).await.unwrap(), Err("by zero".into()));
    assert_eq!(talker.message(Divide::By(4)).try_call(cx).await, Ok(3));
}

#[mesh::test]
async fn messages_go_to_meshes_and_ranks(cx: &Client) {
    let (procs, _counters) = four(cx).await;
    let talkers = procs.spawn(cx, "talkers", Talker::spec()).await.unwrap();
    talkers.message(Tell("x".into(), 3)).cast(cx).unwrap();
    assert_eq!(talkers.rank(2).heard().call(cx).await.unwrap(), ["xxx"]);
    assert_eq!(talkers.message(HowIsIt { politely: false }).call(cx).await.unwrap().to_string(), "[well ×4]");
    assert_eq!(talkers.rank(0).message(Divide::Never).call(cx).await.unwrap(), Err("never".into()));
}

#[mesh::test]
async fn a_message_that_the_actor_does_not_handle_is_refused(cx: &Client) {
    let talker = cx.spawn(Talker::new());
    // Nothing checks that the actor at an address is what a reference says.
    let wrong: ActorRef<crate::support::Counter> =
        ActorRef::at(talker.control().to_ref().control().addr().clone());
    let error = wrong.get().call(cx).await.unwrap_err();
    assert!(
        matches!(&error.kind, CallErrorKind::Undeliverable { reason } if reason.contains("no handler")),
        "{error}"
    );
}
