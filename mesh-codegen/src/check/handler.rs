//! Rules of one `#[handler]`.

use proc_macro2::Ident;
use syn::{GenericParam, ReceiverKind, ReturnType, Type};

use super::{signature, types};
use crate::errors::Errors;
use crate::model::{Handler, Parameter, Role, unraw};
use crate::tokens::ungroup;

pub(super) fn check(handler: &Handler, actor: &Ident, errors: &mut Errors) {
    let function = &handler.function;
    signature::qualifiers(function, "handler", errors);
    signature::not_generic(function, |parameter| generic_advice(parameter, actor), "handler", errors);
    receiver(handler, errors);
    for parameter in &function.parameters {
        self::parameter(parameter, errors);
    }
    at_most_one(handler, errors);
    signature::argument_count(function, handler.fields().count(), "handler", errors);
    reply(handler, errors);
    options(handler, errors);
}

fn generic_advice(parameter: &GenericParam, actor: &Ident) -> String {
    match parameter {
        GenericParam::Type(ty) => {
            let name = &ty.ident;
            format!(
                "a handler cannot be generic: one wire message cannot stand for every `{name}`\n\
                 = help: move the parameter to the actor: `impl<{name}: mesh::RemoteArg> {actor}<{name}>`, \
                 and `mesh::register!({actor}<Concrete>)`"
            )
        }
        GenericParam::Const(constant) => format!(
            "a handler cannot have const parameters\n= help: pass `{}` as an argument, or move it to the actor type",
            constant.ident
        ),
        GenericParam::Lifetime(_) => {
            "a handler cannot have lifetime parameters: its arguments are stored in a message\n\
             = help: take owned arguments"
                .to_string()
        }
    }
}

fn receiver(handler: &Handler, errors: &mut Errors) {
    let function = &handler.function;
    let Some(receiver) = function.receiver() else {
        errors.at(
            function.ident(),
            format!(
                "handler `{}` has no `self`: a handler runs on the actor's state\n\
                 = help: add `&mut self` (or `&self` for a read-only handler) as the first parameter\n\
                 = help: if this constructs the actor, mark it `#[new]` instead",
                function.ident()
            ),
        );
        return;
    };
    match &receiver.kind {
        ReceiverKind::Reference(_, None, _) => {}
        ReceiverKind::Reference(_, Some(lifetime), _) => {
            errors.at(lifetime, "a handler's `self` cannot have a named lifetime\n= help: write `&mut self`");
        }
        _ => errors.at(
            receiver,
            "a handler borrows the actor: it cannot take `self` by value\n\
             = help: use `&mut self`; to end the actor call `cx.stop()`",
        ),
    }
}

fn parameter(parameter: &Parameter, errors: &mut Errors) {
    signature::no_cfg(parameter, "handler", errors);
    let ty = &parameter.written.ty;
    match &parameter.role {
        Role::Context => {}
        Role::Env => errors.at(
            ty,
            "only a constructor takes `&SpawnEnv`\n= help: in a handler take `cx: &Context<Self>`, which knows rank and mesh",
        ),
        Role::Stream { item: None } => errors.at(
            ty,
            "a `#[stream]` argument is a `PortRef<Item>`\n= help: write `#[stream] out: PortRef<u64>`",
        ),
        Role::Stream { item: Some(item) } => {
            if signature::plain_name(parameter, "handler", errors) {
                types::owned(item, "stream item", errors);
            }
        }
        Role::Value => value(parameter, errors),
    }
}

fn value(parameter: &Parameter, errors: &mut Errors) {
    let ty = &parameter.written.ty;
    if let Some(why) = types::misshapen_context(ty) {
        errors.at(ty, format!("{why}\n= help: write `cx: &Context<Self>`"));
    } else if !signature::plain_name(parameter, "handler", errors) {
    } else if is_aliased_context(parameter) {
        errors.at(
            ty,
            "a handler argument must be owned\n\
             = help: if this is the actor's context, spell its type `&Context<Self>`: \
             the macro only sees the tokens, not through a type alias",
        );
    } else {
        types::owned(ty, "handler argument", errors);
    }
}

/// A borrowed argument with the name of a context.
fn is_aliased_context(parameter: &Parameter) -> bool {
    let name = unraw(&parameter.name);
    matches!(ungroup(&parameter.ty), Type::Reference(_))
        && matches!(name.trim_start_matches('_'), "cx" | "ctx" | "context")
}

fn at_most_one(handler: &Handler, errors: &mut Errors) {
    let parameters = &handler.function.parameters;
    let contexts = parameters.iter().filter(|parameter| matches!(parameter.role, Role::Context));
    for second in contexts.skip(1) {
        errors.at(&second.written, "a handler takes at most one `&Context<Self>`");
    }
    let streams = parameters.iter().filter(|parameter| matches!(parameter.role, Role::Stream { .. }));
    for second in streams.skip(1) {
        errors.at(
            &second.written,
            "a handler has at most one `#[stream]` port\n= help: pass further ports as ordinary arguments",
        );
    }
}

fn reply(handler: &Handler, errors: &mut Errors) {
    let output = &handler.function.sig.output;
    let ReturnType::Type(_, ty) = output else { return };
    let is_unit = matches!(ungroup(ty), Type::Tuple(tuple) if tuple.elems.is_empty());
    let streams = handler.function.parameters.iter().any(|p| matches!(p.role, Role::Stream { .. }));
    if streams && !is_unit {
        errors.at(
            ty,
            "a streaming handler returns nothing: it posts items to its `#[stream]` port\n\
             = help: remove the return type",
        );
    } else {
        types::owned(ty, "handler reply", errors);
    }
}

fn options(handler: &Handler, errors: &mut Errors) {
    let Some(reduce) = &handler.options.reduce else { return };
    if handler.is_local() {
        errors.at(
            reduce,
            "a local handler is never called on a mesh, so there is nothing to reduce\n\
             = help: remove `local` or `reduce`",
        );
    } else if handler.stream_item().is_some() {
        errors.at(
            reduce,
            "a streaming handler has no reply to reduce\n= help: fold the items where they are read",
        );
    }
}
