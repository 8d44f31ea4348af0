//! What an `#[actor]` block says, in the words of the field. Nothing is judged here: a model may break every rule, `check` decides.

mod generics;
mod read;
mod self_type;

pub(crate) use read::read;

use proc_macro2::Ident;
use syn::{Attribute, Generics, Pat, PatType, Receiver, Signature, Type, Visibility};

use crate::parse::{ActorOptions, HandlerOptions};
use crate::tokens::{last_segment, type_arguments};

/// The helper attributes that give a method its role.
pub(crate) const ROLES: &[&str] = &["handler", "new", "on_start", "on_stop", "on_failure", "on_event"];

/// An actor and all that is generated for it.
pub(crate) struct Actor {
    /// The last word of its type: the stem of generated names.
    pub(crate) ident: Ident,
    /// Its type, as written behind `impl`.
    pub(crate) ty: Type,
    /// The parameters of the `impl`.
    pub(crate) generics: Generics,
    pub(crate) options: ActorOptions,
    pub(crate) handlers: Vec<Handler>,
    /// More than one only as `#[cfg]` alternatives.
    pub(crate) constructors: Vec<Constructor>,
    /// More than one of a kind only as `#[cfg]` alternatives.
    pub(crate) hooks: Vec<Hook>,
    /// The names of all functions of the block.
    pub(crate) functions: Vec<Ident>,
}

/// A method that answers a message.
pub(crate) struct Handler {
    pub(crate) function: Function,
    pub(crate) options: HandlerOptions,
    /// The generated message.
    pub(crate) message: Ident,
    /// Its name for other processes.
    pub(crate) wire_name: String,
    /// What it returns, without `Self`.
    pub(crate) reply: Type,
    /// The parameters of the actor that the message mentions.
    pub(crate) generics: Generics,
}

/// The function marked `#[new]`.
pub(crate) struct Constructor {
    pub(crate) attribute: Attribute,
    pub(crate) function: Function,
}

/// A function that the runtime calls at a turn of the actor's life.
pub(crate) struct Hook {
    pub(crate) attribute: Attribute,
    pub(crate) kind: HookKind,
    pub(crate) function: Function,
}

/// Which turn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookKind {
    Start,
    Stop,
    Failure,
    Event,
}

/// What handlers, constructors and hooks have in common.
pub(crate) struct Function {
    /// Its attributes, without ours.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// Its parameters but for `self`.
    pub(crate) parameters: Vec<Parameter>,
}

/// One parameter.
pub(crate) struct Parameter {
    pub(crate) role: Role,
    /// Its name, or one made up for a pattern that has none.
    pub(crate) name: Ident,
    /// Its type, without `Self`.
    pub(crate) ty: Type,
    /// Its documentation.
    pub(crate) docs: Vec<Attribute>,
    /// The parameter as written, with all its attributes.
    pub(crate) written: PatType,
}

/// What a parameter is for.
pub(crate) enum Role {
    /// `&Context<Self>`.
    Context,
    /// `&SpawnEnv`.
    Env,
    /// `#[stream] out: PortRef<Item>`; no item when the type is something else.
    Stream { item: Option<Box<Type>> },
    /// A value the caller gives.
    Value,
}

impl HookKind {
    /// The attribute, which is also the method of the `Actor` trait.
    pub(crate) fn name(self) -> &'static str {
        match self {
            HookKind::Start => "on_start",
            HookKind::Stop => "on_stop",
            HookKind::Failure => "on_failure",
            HookKind::Event => "on_event",
        }
    }
}

impl Handler {
    /// The item type of a streaming handler.
    pub(crate) fn stream_item(&self) -> Option<&Type> {
        self.function.parameters.iter().find_map(|parameter| match &parameter.role {
            Role::Stream { item } => item.as_deref(),
            _ => None,
        })
    }

    /// The parameters that become fields of the message, in their order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Parameter> {
        self.function.parameters.iter().filter(|parameter| parameter.is_field())
    }

    /// Whether it is `#[handler(local)]`.
    pub(crate) fn is_local(&self) -> bool {
        self.options.local
    }

    /// Whether its reply is written as a `Result`, whose `Err` is the handler's own error.
    pub(crate) fn answers_result(&self) -> bool {
        last_segment(&self.reply)
            .is_some_and(|segment| segment.ident == "Result" && !type_arguments(segment).is_empty())
    }
}

impl Function {
    /// The name the user gave it.
    pub(crate) fn ident(&self) -> &Ident {
        &self.sig.ident
    }

    pub(crate) fn is_async(&self) -> bool {
        self.sig.asyncness.is_some()
    }

    pub(crate) fn receiver(&self) -> Option<&Receiver> {
        self.sig.receiver()
    }

    /// Its `#[cfg]` attributes (GEN-5).
    pub(crate) fn cfgs(&self) -> Vec<&Attribute> {
        self.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")).collect()
    }

    /// The attributes that a generated method repeats: documentation and deprecation.
    pub(crate) fn carried(&self) -> Vec<&Attribute> {
        let carried = |attribute: &&Attribute| is_doc(attribute) || attribute.path().is_ident("deprecated");
        self.attrs.iter().filter(carried).collect()
    }

    /// The first line of its documentation.
    pub(crate) fn first_doc_line(&self) -> String {
        first_doc_line(&self.attrs)
    }

    /// The parameters that the caller gives.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| matches!(parameter.role, Role::Value))
    }
}

impl Parameter {
    /// Whether it becomes a field of the message.
    pub(crate) fn is_field(&self) -> bool {
        matches!(self.role, Role::Value | Role::Stream { .. })
    }

    /// Whether its pattern is a plain name.
    pub(crate) fn has_plain_name(&self) -> bool {
        plain_name(&self.written.pat).is_some()
    }
}

/// The name of a pattern that is nothing but a name.
fn plain_name(pattern: &Pat) -> Option<&Ident> {
    match pattern {
        Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => Some(&name.ident),
        _ => None,
    }
}

/// A name without the `r#` that lets it be a keyword.
pub(crate) fn unraw(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or(text.clone(), str::to_string)
}

/// The stem and a handler's name in camel case: `Counter` and `add_all` make `CounterAddAll`.
fn message_ident(actor: &Ident, handler: &Ident) -> Ident {
    let mut name = unraw(actor);
    for word in unraw(handler).split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        name.push_str(letters.as_str());
    }
    Ident::new(&name, handler.span())
}

fn is_doc(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc")
}

/// The first line of documentation that is not blank.
pub(crate) fn first_doc_line(attrs: &[Attribute]) -> String {
    let docs = attrs.iter().filter(|attribute| is_doc(attribute)).filter_map(doc_text);
    let lines = docs.map(|text| text.trim().lines().next().unwrap_or_default().trim().to_string());
    lines.into_iter().find(|line| !line.is_empty()).unwrap_or_default()
}

/// The text of `#[doc = "…"]`.
fn doc_text(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        syn::Meta::NameValue(syn::MetaNameValue {
            value: syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}
