//! The same handlers, written for each subject.

use std::fmt;
use std::path::Path;

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The methods, without annotations.
    Plain,
    /// `#[handler(local)]`.
    MeshLocal,
    /// kameo's `#[messages]`, which are local.
    Kameo,
    /// `#[handler]`: local, remote and mesh, with schema and codec.
    Mesh,
    /// kameo's `#[remote_message]`, on messages and implementations written by hand.
    KameoRemote,
}

/// One handler: what is before its name and behind it, and what its message holds.
struct Shape {
    verb: &'static str,
    fields: &'static [(&'static str, &'static str)],
    head: &'static str,
    receiver: &'static str,
    reply: &'static str,
    body: &'static str,
}

const SHAPES: &[Shape] = &[
    Shape {
        verb: "add",
        fields: &[("by", "u64")],
        head: "pub async fn",
        receiver: "&mut self",
        reply: "u64",
        body: "self.n += by; self.n",
    },
    Shape { verb: "get", fields: &[], head: "pub fn", receiver: "&self", reply: "u64", body: "self.n" },
    Shape {
        verb: "div",
        fields: &[("by", "u64")],
        head: "pub async fn",
        receiver: "&mut self",
        reply: "Result<u64, Zero>",
        body: "self.n.checked_div(by).ok_or(Zero)",
    },
    Shape {
        verb: "put",
        fields: &[("key", "String"), ("value", "Vec<u8>")],
        head: "pub async fn",
        receiver: "&mut self",
        reply: "Option<Vec<u8>>",
        body: "self.n += key.len() as u64; Some(value)",
    },
    Shape {
        verb: "note",
        fields: &[("text", "String")],
        head: "pub fn",
        receiver: "&mut self",
        reply: "()",
        body: "self.n += text.len() as u64;",
    },
];

impl Shape {
    /// `by: u64`, each field behind `lead`.
    fn declarations(&self, lead: &str) -> String {
        let fields: Vec<_> = self.fields.iter().map(|(name, ty)| format!("{lead}{name}: {ty}")).collect();
        fields.join(", ")
    }

    fn method(&self, index: usize, attribute: &str) -> String {
        let Shape { verb, head, receiver, reply, body, .. } = self;
        let arguments = self.declarations("");
        format!(
            "        /// Does `{verb}`.\n        {attribute}\n        {head} {verb}{index}({receiver}, {arguments}) -> {reply} {{ {body} }}\n"
        )
    }

    /// A message with its implementation, as one writes it by hand for kameo.
    fn remote_message(&self, index: usize) -> String {
        let name = format!("{}{}{index}", self.verb[..1].to_uppercase(), &self.verb[1..]);
        let (verb, reply, fields) = (self.verb, self.reply, self.declarations("pub "));
        let arguments: Vec<_> = self.fields.iter().map(|(name, _)| format!("message.{name}")).collect();
        let (arguments, wait) =
            (arguments.join(", "), if self.head.contains("async") { ".await" } else { "" });
        format!(
            "    #[derive(Serialize, Deserialize)]
    pub struct {name} {{ {fields} }}
    #[remote_message]
    impl Message<{name}> for Subject {{
        type Reply = {reply};
        async fn handle(&mut self, message: {name}, _cx: &mut Context<Self, Self::Reply>) -> Self::Reply {{
            let _ = &message;
            self.{verb}{index}({arguments}){wait}
        }}
    }}\n"
        )
    }
}

/// Whether one of so many handlers of an actor needs the error type. Where none does, it is not there: its derives have
/// the compiler read every impl of their traits in all that the crate depends on, whatever macro there is besides.
fn answers_zero(handlers: usize) -> bool {
    SHAPES.iter().take(handlers).any(|shape| shape.reply.contains("Zero"))
}

impl Subject {
    /// All of them.
    pub const ALL: [Subject; 5] =
        [Subject::Plain, Subject::MeshLocal, Subject::Kameo, Subject::Mesh, Subject::KameoRemote];

    /// kameo's way to the same reach.
    pub fn peer(self) -> Subject {
        match self {
            Subject::Plain | Subject::MeshLocal | Subject::Kameo => Subject::Kameo,
            Subject::Mesh | Subject::KameoRemote => Subject::KameoRemote,
        }
    }

    /// The package with this many handlers.
    pub fn package(self, handlers: usize) -> String {
        let name = match self {
            Subject::Plain => "plain",
            Subject::Mesh => "mesh",
            Subject::MeshLocal => "mesh-local",
            Subject::Kameo => "kameo",
            Subject::KameoRemote => "kameo-remote",
        };
        format!("{name}-{handlers}")
    }

    /// Writes the package with this many handlers, so many of them of each actor.
    pub fn write(self, workspace: &Path, handlers: usize, of_each: usize) {
        let folder = workspace.join(self.package(handlers));
        let manifest = format!(
            "[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
             serde = {{ version = \"1.0\", features = [\"derive\"] }}\n{}\n",
            self.package(handlers),
            self.dependency()
        );
        let actors = (0..handlers / of_each).map(|actor| self.actor(actor, of_each));
        let zero = if answers_zero(of_each) {
            "#[derive(Debug, serde::Serialize, serde::Deserialize)]\npub struct Zero;\n"
        } else {
            ""
        };
        let source = format!("//! Generated.\n{zero}{}", actors.collect::<String>());
        std::fs::create_dir_all(folder.join("src")).expect("a folder can be made");
        std::fs::write(folder.join("Cargo.toml"), manifest).expect("a file can be written");
        std::fs::write(folder.join("src/lib.rs"), source).expect("a file can be written");
    }

    fn dependency(self) -> String {
        match self {
            Subject::Plain => String::new(),
            Subject::Mesh | Subject::MeshLocal => {
                format!("mesh = {{ path = {:?} }}", concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
            }
            Subject::Kameo => "kameo = \"=0.22.2\"".to_owned(),
            Subject::KameoRemote => "kameo = { version = \"=0.22.2\", features = [\"remote\"] }".to_owned(),
        }
    }

    /// One actor, in a module of its own: kameo's messages have the bare names of their methods.
    fn actor(self, actor: usize, handlers: usize) -> String {
        let (imports, on_struct, on_impl, on_new, on_method) = match self {
            Subject::Plain => ("", "", "", "", ""),
            Subject::Mesh => ("use mesh::prelude::*;", "", "#[actor]", "#[new]", "#[handler]"),
            // No `#[new]`: what is never spawned elsewhere needs no constructor, and kameo's local actors have none.
            Subject::MeshLocal => ("use mesh::prelude::*;", "", "#[actor]", "", "#[handler(local)]"),
            Subject::Kameo => ("use kameo::prelude::*;", "#[derive(Actor)]", "#[messages]", "", "#[message]"),
            Subject::KameoRemote => (
                "use kameo::prelude::*; use serde::{Serialize, Deserialize};",
                "#[derive(Actor, RemoteActor)]",
                "",
                "",
                "",
            ),
        };
        let shapes = || (0..handlers).map(|index| (index, &SHAPES[index % SHAPES.len()]));
        let methods: String = shapes().map(|(index, shape)| shape.method(index, on_method)).collect();
        let zero = if answers_zero(handlers) { "use super::Zero;" } else { "" };
        let messages: String = match self {
            Subject::KameoRemote => shapes().map(|(index, shape)| shape.remote_message(index)).collect(),
            _ => String::new(),
        };
        format!(
            "pub mod actor{actor} {{
    {imports}
    {zero}
    {on_struct}
    pub struct Subject {{ n: u64 }}
    {on_impl}
    impl Subject {{
        {on_new}
        pub fn new(start: u64) -> Self {{ Subject {{ n: start }} }}
{methods}    }}
{messages}}}\n"
        )
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Subject::Plain => "plain methods",
            Subject::Mesh => "mesh `#[handler]`, remote",
            Subject::MeshLocal => "mesh `#[handler(local)]`, local",
            Subject::Kameo => "kameo `#[messages]`, local",
            Subject::KameoRemote => "kameo `#[remote_message]`, remote",
        })
    }
}

/// The workspace of the packages: one lock, one target folder.
pub fn write_workspace(workspace: &Path, packages: impl Iterator<Item = String>) {
    let members: Vec<_> = packages.map(|package| format!("{package:?}")).collect();
    let manifest = format!("[workspace]\nresolver = \"3\"\nmembers = [{}]\n", members.join(", "));
    std::fs::write(workspace.join("Cargo.toml"), manifest).expect("a file can be written");
}
