//! Which parameters of a generic actor a message takes: those its types mention, and those that their bounds mention in turn.

use std::collections::BTreeSet;

use proc_macro2::Ident;
use syn::visit::Visit;
use syn::{GenericParam, Generics, Type, WhereClause, WherePredicate};

/// The parameters of `all` that `types` need, with the predicates that concern them.
pub(super) fn used_by<'a>(types: impl Iterator<Item = &'a Type>, all: &Generics) -> Generics {
    if all.params.is_empty() {
        return Generics::default();
    }
    let mut needed = Names::default();
    for ty in types {
        needed.visit_type(ty);
    }
    // A bound of a needed parameter may name another one, until nothing is added.
    loop {
        let before = needed.0.len();
        for parameter in &all.params {
            if needed.0.contains(&name(parameter)) {
                needed.visit_generic_param(parameter);
            }
        }
        for predicate in predicates(all) {
            let named = parameters_of(predicate, all);
            if named.iter().any(|name| needed.0.contains(name)) {
                needed.0.extend(named);
            }
        }
        if needed.0.len() == before {
            break;
        }
    }
    let mut used = Generics::default();
    let params = all.params.iter().filter(|parameter| needed.0.contains(&name(parameter)));
    used.params = params.cloned().collect();
    let kept = predicates(all).filter(|predicate| {
        let named = parameters_of(predicate, all);
        !named.is_empty() && named.iter().all(|name| needed.0.contains(name))
    });
    let kept: syn::punctuated::Punctuated<WherePredicate, _> = kept.cloned().collect();
    if !kept.is_empty() {
        used.where_clause = Some(WhereClause { where_token: Default::default(), predicates: kept });
    }
    used
}

/// All words of a piece of syntax. A word that is no parameter does no harm.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl<'a> Visit<'a> for Names {
    fn visit_ident(&mut self, ident: &'a Ident) {
        self.0.insert(ident.to_string());
    }
}

fn predicates(generics: &Generics) -> impl Iterator<Item = &WherePredicate> {
    generics.where_clause.iter().flat_map(|clause| &clause.predicates)
}

fn parameters_of(predicate: &WherePredicate, all: &Generics) -> Vec<String> {
    let mut words = Names::default();
    words.visit_where_predicate(predicate);
    all.params.iter().map(name).filter(|name| words.0.contains(name)).collect()
}

fn name(parameter: &GenericParam) -> String {
    match parameter {
        GenericParam::Type(ty) => ty.ident.to_string(),
        GenericParam::Const(constant) => constant.ident.to_string(),
        GenericParam::Lifetime(lifetime) => lifetime.lifetime.ident.to_string(),
    }
}
