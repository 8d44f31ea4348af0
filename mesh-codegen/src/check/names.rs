//! Rules about names: reserved ones, and two things of one name.

use proc_macro2::Ident;
use quote::ToTokens;

use crate::errors::Errors;
use crate::model::{Actor, Function, Handler, unraw};

/// Methods that every handle has of its own, for ever.
pub const HANDLE_METHODS: &[&str] = &["rank", "slice", "message", "control"];

/// Methods of traits that every handle implements, or that the prelude brings into scope.
pub const TRAIT_METHODS: &[(&str, &str)] = &[
    ("clone", "Clone"),
    ("clone_from", "Clone"),
    ("fmt", "Debug"),
    ("eq", "PartialEq"),
    ("ne", "PartialEq"),
    ("hash", "Hash"),
    ("serialize", "Serialize"),
    ("deserialize", "Deserialize"),
    ("deref", "Deref"),
    ("to_owned", "ToOwned"),
    ("into", "Into"),
    ("try_into", "TryInto"),
    ("borrow", "Borrow"),
];

pub(super) fn check(actor: &mut Actor, errors: &mut Errors) {
    for handler in &actor.handlers {
        reserved(handler, errors);
    }
    spec(actor, errors);
    wire_names(&actor.handlers, errors);
    messages(actor, errors);
}

fn reserved(handler: &Handler, errors: &mut Errors) {
    let ident = handler.function.ident();
    let name = unraw(ident);
    let why = if HANDLE_METHODS.contains(&name.as_str()) {
        format!("`{name}` is a method of every actor handle")
    } else if let Some((_, of)) = TRAIT_METHODS.iter().find(|(method, _)| *method == name) {
        format!("every actor handle has a method `{name}`, of the trait `{of}`")
    } else {
        return;
    };
    errors.at(
        ident,
        format!(
            "{why}, so a handler with this name could not be called\n\
             = help: choose another name; `#[handler(name = \"{name}\")]` on the renamed method keeps the name on the wire"
        ),
    );
}

/// `#[new]` generates `spec`, next to the user's own functions.
fn spec(actor: &mut Actor, errors: &mut Errors) {
    let taken = actor.functions.iter().find(|name| unraw(name) == "spec");
    if let (Some(name), Some(constructor)) = (taken, actor.constructors.first()) {
        errors.at(
            name,
            format!(
                "`#[new]` generates the function `{actor}::spec`, so `{actor}` cannot have another one\n\
                 = help: rename this one, or remove `#[new]` from `{new}`",
                actor = actor.ident,
                new = constructor.function.ident(),
            ),
        );
        actor.constructors.clear();
    }
}

/// Each name is part of the actor's protocol. Alternatives under `#[cfg]` may share one.
fn wire_names(handlers: &[Handler], errors: &mut Errors) {
    for (at, handler) in handlers.iter().enumerate() {
        let earlier = handlers[..at].iter().find(|other| {
            other.wire_name == handler.wire_name
                && other.function.ident() != handler.function.ident()
                && !are_alternatives(&other.function, &handler.function)
        });
        let Some(earlier) = earlier else { continue };
        let name = &handler.wire_name;
        let place = |handler: &Handler| match &handler.options.name {
            Some(literal) => literal.to_token_stream(),
            None => handler.function.ident().to_token_stream(),
        };
        errors.at(
            place(handler),
            format!(
                "two handlers named `{name}`: `{}` and `{}`\n\
                 = help: rename one of them; each handler name is part of the actor's protocol",
                earlier.function.ident(),
                handler.function.ident(),
            ),
        );
    }
}

/// The generated types must not collide with one another.
fn messages(actor: &Actor, errors: &mut Errors) {
    let api = api_name(&actor.ident);
    for (at, handler) in actor.handlers.iter().enumerate() {
        let message = &handler.message;
        let place = handler.options.message.as_ref().unwrap_or(handler.function.ident());
        let name = handler.function.ident();
        if *message == api {
            errors.at(
                place,
                format!(
                    "the message of `{name}` would be called `{api}`, like the type of the actor's requests\n\
                     = help: give it another name: `#[handler(message = SomeName)]`"
                ),
            );
        }
        let earlier = actor.handlers[..at].iter().find(|other| {
            other.message == *message
                && other.function.ident() != name
                && !are_alternatives(&other.function, &handler.function)
        });
        if let Some(earlier) = earlier {
            errors.at(
                place,
                format!(
                    "`{}` and `{name}` would both have the message `{message}`\n\
                     = help: give one of them another name: `#[handler(message = SomeName)]`",
                    earlier.function.ident(),
                ),
            );
        }
    }
}

/// Of two entries with one name the first stays; a second handler of one function name is rustc's to report (E0592).
pub(super) fn keep_first(actor: &mut Actor, errors: &mut Errors) {
    let api = api_name(&actor.ident);
    actor.handlers.retain(|handler| handler.message != api);
    let same = |one: &Handler, other: &Handler| {
        one.function.ident() == other.function.ident() || one.message == other.message
    };
    keep(&mut actor.handlers, |handler| &handler.function, same, |_| ());
    keep(
        &mut actor.constructors,
        |constructor| &constructor.function,
        |_, _| true,
        |second| errors.at(&second.attribute, "an actor has one `#[new]` constructor"),
    );
    keep(
        &mut actor.hooks,
        |hook| &hook.function,
        |one, other| one.kind == other.kind,
        |second| {
            errors.at(&second.attribute, format!("an actor has one `#[{}]` method", second.kind.name()));
        },
    );
}

/// Drops and reports each entry that is the `same` as an earlier one, unless both are `#[cfg]` alternatives.
fn keep<T>(
    entries: &mut Vec<T>,
    function: impl Fn(&T) -> &Function,
    same: impl Fn(&T, &T) -> bool,
    mut report: impl FnMut(&T),
) {
    let mut kept: Vec<T> = Vec::new();
    for entry in entries.drain(..) {
        let clash = |other: &T| same(other, &entry) && !are_alternatives(function(other), function(&entry));
        if kept.iter().any(clash) {
            report(&entry);
        } else {
            kept.push(entry);
        }
    }
    *entries = kept;
}

/// Both under `#[cfg]`: only one of them is compiled.
fn are_alternatives(one: &Function, other: &Function) -> bool {
    !one.cfgs().is_empty() && !other.cfgs().is_empty()
}

fn api_name(actor: &Ident) -> String {
    format!("{}Api", unraw(actor))
}
