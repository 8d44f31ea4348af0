//! Rules about actors of several blocks.

use crate::errors::Errors;
use crate::model::Actor;

/// What is said once of an actor is said at its first block.
pub(super) fn check(actor: &mut Actor, errors: &mut Errors) {
    twice(actor, errors);
    let Some(part) = actor.options.part.clone() else { return };
    let options = &actor.options;
    let given = [
        ("name", options.name.is_some()),
        ("handles", !options.handles.is_empty()),
        ("resource", !options.resources.is_empty()),
        ("mailbox", options.mailbox.is_some()),
        ("restart", options.restart.is_some()),
        ("parts", !options.parts.is_empty()),
    ];
    for (option, _) in given.iter().filter(|(_, given)| *given) {
        errors.at(
            &part,
            format!(
                "`{option}` is said of the whole actor, so not at its part `{part}`\n\
                 = help: move it to the block with `#[actor(parts({part}))]`"
            ),
        );
    }
    let constructors = actor.constructors.drain(..).map(|constructor| constructor.attribute);
    for attribute in constructors.chain(actor.hooks.drain(..).map(|hook| hook.attribute)) {
        errors.at(
            attribute,
            format!(
                "a constructor and hooks belong to the whole actor, so not to its part `{part}`\n\
                 = help: move the method to the block with `#[actor(parts({part}))]`"
            ),
        );
    }
}

fn twice(actor: &mut Actor, errors: &mut Errors) {
    let mut seen: Vec<String> = Vec::new();
    actor.options.parts.retain(|part| {
        let name = part.to_string();
        let first = !seen.contains(&name);
        if !first {
            errors.at(part, format!("part `{name}` is listed twice"));
        }
        seen.push(name);
        first
    });
}
