//! Rules of `#[new]`.

use proc_macro2::Ident;
use syn::{ReturnType, Type};

use super::{signature, types};
use crate::errors::Errors;
use crate::model::{Constructor, Parameter, Role};
use crate::tokens::{last_segment, type_arguments};

pub(super) fn check(constructor: &Constructor, actor: &Ident, errors: &mut Errors) {
    let function = &constructor.function;
    signature::qualifiers(function, "constructor", errors);
    let advice = |_: &_| {
        "a `#[new]` constructor cannot be generic: its arguments travel to another process\n\
         = help: move the parameter to the actor type"
            .to_string()
    };
    signature::not_generic(function, advice, "constructor", errors);
    if let Some(receiver) = function.receiver() {
        errors.at(
            receiver,
            "a `#[new]` constructor makes the actor, so it has no `self`\n\
             = help: write `#[new] fn new(args..) -> Self`; to run code once the actor is running use `#[on_start]`",
        );
    }
    returns_actor(constructor, actor, errors);
    for parameter in &function.parameters {
        self::parameter(parameter, errors);
    }
    let envs = function.parameters.iter().filter(|parameter| matches!(parameter.role, Role::Env));
    for second in envs.skip(1) {
        errors.at(&second.written, "a constructor takes at most one `&SpawnEnv`");
    }
    signature::argument_count(function, function.values().count(), "constructor", errors);
}

fn returns_actor(constructor: &Constructor, actor: &Ident, errors: &mut Errors) {
    const SHAPES: &str = "a `#[new]` constructor must return `Self` or `Result<Self, E>`";
    let function = &constructor.function;
    match &function.sig.output {
        ReturnType::Default => {
            errors.at(function.ident(), format!("{SHAPES}\n= help: write `-> Self`"));
        }
        ReturnType::Type(_, ty) if !is_actor_or_result(ty, actor) => errors.at(ty, SHAPES),
        ReturnType::Type(..) => {}
    }
}

fn is_actor_or_result(ty: &Type, actor: &Ident) -> bool {
    let is_actor = |ty: &Type| {
        last_segment(ty).is_some_and(|segment| segment.ident == "Self" || segment.ident == *actor)
    };
    let is_result = last_segment(ty).is_some_and(|segment| {
        segment.ident == "Result" && type_arguments(segment).first().is_some_and(|ok| is_actor(ok))
    });
    is_actor(ty) || is_result
}

fn parameter(parameter: &Parameter, errors: &mut Errors) {
    signature::no_cfg(parameter, "constructor", errors);
    let ty = &parameter.written.ty;
    match &parameter.role {
        Role::Env => {}
        // Reported where it was read: a stray `#[stream]`.
        Role::Stream { .. } => {}
        Role::Context => no_context(ty, errors),
        Role::Value if types::misshapen_context(ty).is_some() => no_context(ty, errors),
        Role::Value => {
            if signature::plain_name(parameter, "constructor", errors) {
                types::owned(ty, "constructor argument", errors);
            }
        }
    }
}

fn no_context(ty: &Type, errors: &mut Errors) {
    errors.at(
        ty,
        "the actor has no context yet while it is being constructed\n\
         = help: take `&SpawnEnv` for rank and size, or move the code to `#[on_start]`",
    );
}
