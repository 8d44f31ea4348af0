//! Reads a block into a model, and takes our attributes out of the block on the way.

use proc_macro2::Ident;
use quote::format_ident;
use syn::{Attribute, FnArg, Meta, PatType, ReturnType, Type, parse_quote};

use super::{
    Actor, Constructor, Function, Handler, Hook, HookKind, Parameter, ROLES, Role, generics, is_doc,
    message_ident, plain_name, self_type, unraw,
};
use crate::errors::Errors;
use crate::parse::{ActorOptions, Block, BlockItem, HandlerOptions, Method};
use crate::tokens::{last_segment, type_arguments, ungroup};

/// The model of `block`; `None` when there is no type to hang it on. Reports only what makes a role unreadable.
pub(crate) fn read(block: &mut Block, options: ActorOptions, errors: &mut Errors) -> Option<Actor> {
    let Some(ident) = last_segment(&block.self_ty).map(|segment| segment.ident.clone()) else {
        errors.at(
            &block.self_ty,
            "an actor is a named type\n= help: write `#[mesh::actor] impl Counter { .. }` for a struct or enum of your own",
        );
        strip_roles(block);
        return None;
    };
    let mut actor = Actor {
        ident,
        ty: block.self_ty.clone(),
        generics: block.generics.clone(),
        options,
        handlers: Vec::new(),
        constructors: Vec::new(),
        hooks: Vec::new(),
        functions: Vec::new(),
    };
    for item in &mut block.items {
        if let BlockItem::Method(method) = item {
            read_method(method, &mut actor, errors);
        }
    }
    Some(actor)
}

fn read_method(method: &mut Method, actor: &mut Actor, errors: &mut Errors) {
    actor.functions.push(method.sig.ident.clone());
    let Some((role, attribute)) = take_role(method, actor, errors) else {
        report_stray_streams(method, errors);
        return;
    };
    let function = read_function(method, &actor.ty);
    if role != "handler" {
        report_stray_streams(method, errors);
        report_options(&attribute, errors);
    }
    clean_parameters(method);
    let hook = |kind, attribute, function| Hook { kind, attribute, function };
    match role {
        "handler" => actor.handlers.push(read_handler(&attribute, function, actor, errors)),
        "new" => actor.constructors.push(Constructor { attribute, function }),
        "on_start" => actor.hooks.push(hook(HookKind::Start, attribute, function)),
        "on_stop" => actor.hooks.push(hook(HookKind::Stop, attribute, function)),
        "on_failure" => actor.hooks.push(hook(HookKind::Failure, attribute, function)),
        _ => actor.hooks.push(hook(HookKind::Event, attribute, function)),
    }
}

/// Takes the helper attributes off a method; the first one counts.
fn take_role(method: &mut Method, actor: &Actor, errors: &mut Errors) -> Option<(&'static str, Attribute)> {
    let mut taken: Option<(&'static str, Attribute)> = None;
    method.attrs.retain(|attribute| {
        let Some(role) = role_of(attribute, actor) else { return true };
        if taken.is_some() {
            errors.at(
                attribute,
                "a method has one role: keep one of `#[handler]`, `#[new]`, `#[on_start]`, `#[on_stop]`, `#[on_failure]`, `#[on_event]`",
            );
        } else {
            taken = Some((role, attribute.clone()));
        }
        false
    });
    taken
}

/// The role an attribute gives: `#[handler]`, `#[mesh::handler]` or under the name that `crate = …` gives to mesh.
fn role_of(attribute: &Attribute, actor: &Actor) -> Option<&'static str> {
    let path = attribute.path();
    let word = path.segments.last()?.ident.to_string();
    let role = ROLES.iter().find(|role| **role == word)?;
    let mut prefix = path.segments.iter().rev().skip(1);
    let ours = match prefix.next() {
        None => true,
        Some(segment) => {
            let renamed = actor.options.krate.as_ref().and_then(|krate| krate.segments.last());
            segment.ident == "mesh" || renamed.is_some_and(|renamed| renamed.ident == segment.ident)
        }
    };
    ours.then_some(*role)
}

/// On the way out with an error: no helper may be left to report itself as misplaced.
fn strip_roles(block: &mut Block) {
    for item in &mut block.items {
        if let BlockItem::Method(method) = item {
            let is_role = |attribute: &Attribute| {
                let last = attribute.path().segments.last();
                last.is_some_and(|segment| ROLES.iter().any(|role| segment.ident == role))
            };
            method.attrs.retain(|attribute| !is_role(attribute));
            clean_parameters(method);
        }
    }
}

/// Removes from the parameters what Rust does not accept there: `#[stream]`, documentation and `...`.
fn clean_parameters(method: &mut Method) {
    method.sig.variadic = None;
    for input in &mut method.sig.inputs {
        if let FnArg::Typed(parameter) = input {
            parameter.attrs.retain(|attribute| !is_stream(attribute) && !is_doc(attribute));
        }
    }
}

fn report_stray_streams(method: &mut Method, errors: &mut Errors) {
    for input in &mut method.sig.inputs {
        let FnArg::Typed(parameter) = input else { continue };
        parameter.attrs.retain(|attribute| {
            if is_stream(attribute) {
                errors.at(attribute, "`#[stream]` belongs on an argument of a `#[handler]`");
            }
            !is_stream(attribute)
        });
    }
}

fn report_options(attribute: &Attribute, errors: &mut Errors) {
    if !matches!(attribute.meta, Meta::Path(_)) {
        let role = attribute.path().segments.last().map(|segment| segment.ident.to_string());
        let role = role.unwrap_or_default();
        errors.at(&attribute.meta, format!("`#[{role}]` takes no options\n= help: write `#[{role}]`"));
    }
}

fn read_handler(attribute: &Attribute, function: Function, actor: &Actor, errors: &mut Errors) -> Handler {
    let options = HandlerOptions::read(attribute, errors);
    let reply = match &function.sig.output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, ty) => self_type::replace(ty, &actor.ty),
    };
    let fields = function.parameters.iter().filter(|parameter| parameter.is_field());
    let types = fields.map(|parameter| &parameter.ty).chain([&reply]);
    let generics = generics::used_by(types, &actor.generics);
    let ident = function.ident();
    Handler {
        message: options.message.clone().unwrap_or_else(|| message_ident(&actor.ident, ident)),
        wire_name: options.name.as_ref().map_or_else(|| unraw(ident), |name| name.value()),
        reply,
        generics,
        options,
        function,
    }
}

fn read_function(method: &Method, actor: &Type) -> Function {
    let inputs = method.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(parameter) => Some(parameter),
        FnArg::Receiver(_) => None,
    });
    let parameters = inputs.enumerate().map(|(at, written)| read_parameter(at, written, actor)).collect();
    Function { attrs: method.attrs.clone(), vis: method.vis.clone(), sig: method.sig.clone(), parameters }
}

fn read_parameter(at: usize, written: &PatType, actor: &Type) -> Parameter {
    let ty = self_type::replace(&written.ty, actor);
    let role = if written.attrs.iter().any(is_stream) {
        Role::Stream { item: port_item(&ty).map(Box::new) }
    } else if is_shared_reference_to(&ty, "Context") {
        Role::Context
    } else if is_shared_reference_to(&ty, "SpawnEnv") {
        Role::Env
    } else {
        Role::Value
    };
    let name: Ident = plain_name(&written.pat).cloned().unwrap_or_else(|| format_ident!("__argument{at}"));
    let docs = written.attrs.iter().filter(|attribute| is_doc(attribute)).cloned().collect();
    Parameter { role, name, ty, docs, written: written.clone() }
}

fn is_stream(attribute: &Attribute) -> bool {
    attribute.path().is_ident("stream")
}

/// Types are recognised by their last word; an alias is not seen.
fn is_shared_reference_to(ty: &Type, name: &str) -> bool {
    match ungroup(ty) {
        Type::Reference(reference) => {
            reference.mutability.is_none()
                && last_segment(&reference.elem).is_some_and(|segment| segment.ident == name)
        }
        _ => false,
    }
}

/// `Item` of `PortRef<Item>`.
fn port_item(ty: &Type) -> Option<Type> {
    let segment = last_segment(ty)?;
    match type_arguments(segment).as_slice() {
        [item] if segment.ident == "PortRef" => Some((*item).clone()),
        _ => None,
    }
}
