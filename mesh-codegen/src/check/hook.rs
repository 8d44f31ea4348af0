//! Rules of `#[on_start]`, `#[on_stop]`, `#[on_failure]` and `#[on_event]`.

use quote::ToTokens;
use syn::{ReceiverKind, ReturnType, Type};

use super::{signature, types};
use crate::errors::Errors;
use crate::model::{Hook, HookKind, Role};
use crate::tokens::ungroup;

pub(super) fn check(hook: &Hook, errors: &mut Errors) {
    let function = &hook.function;
    let what = format!("`#[{}]` method", hook.kind.name());
    signature::qualifiers(function, &what, errors);
    let advice = |_: &_| {
        format!(
            "a {what} cannot be generic: the runtime calls it\n= help: move the parameter to the actor type"
        )
    };
    signature::not_generic(function, advice, &what, errors);
    let before = errors.len();
    receiver(hook, errors);
    if errors.len() == before {
        parameters(hook, errors);
    }
    let has_output = matches!(&function.sig.output, ReturnType::Type(..));
    if hook.kind == HookKind::Failure && !has_output {
        errors.at(function.ident(), format!("a {what} says what becomes of the failure\n{}", shape(hook)));
    }
}

fn receiver(hook: &Hook, errors: &mut Errors) {
    let function = &hook.function;
    match function.receiver().map(|receiver| &receiver.kind) {
        Some(ReceiverKind::Reference(_, None, _)) => {}
        Some(_) => errors.at(function.receiver(), wrong_parameters(hook)),
        None => errors.at(function.ident(), wrong_parameters(hook)),
    }
}

fn parameters(hook: &Hook, errors: &mut Errors) {
    let mut contexts = 0;
    let mut values = 0;
    for parameter in &hook.function.parameters {
        let ty = &parameter.written.ty;
        if let Some(why) = types::misshapen_context(ty) {
            errors.at(ty, format!("{why}\n= help: write `cx: &Context<Self>`"));
            return;
        }
        match parameter.role {
            Role::Context => contexts += 1,
            Role::Value if !matches!(ungroup(ty), Type::Reference(_)) => values += 1,
            _ => values = usize::MAX,
        }
        if values == usize::MAX {
            break;
        }
    }
    let wanted = if matches!(hook.kind, HookKind::Failure | HookKind::Event) { 1 } else { 0 };
    if contexts > 1 || values != wanted {
        let inputs = hook.function.sig.inputs.to_token_stream();
        errors.at(inputs, wrong_parameters(hook));
    }
}

fn wrong_parameters(hook: &Hook) -> String {
    format!("`#[{}]` has the wrong parameters\n{}", hook.kind.name(), shape(hook))
}

fn shape(hook: &Hook) -> String {
    let name = hook.function.ident();
    match hook.kind {
        HookKind::Failure => format!(
            "= help: write `async fn {name}(&mut self, cx: &Context<Self>, failure: Failure) -> Directive`"
        ),
        HookKind::Event => {
            format!("= help: write `async fn {name}(&mut self, cx: &Context<Self>, event: SupervisionEvent)`")
        }
        _ => format!("= help: write `async fn {name}(&mut self, cx: &Context<Self>)`"),
    }
}
