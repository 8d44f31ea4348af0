//! Assertions on the user's own types, so that a missing bound is one error, on the type that lacks it.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Type, parse_quote};

use super::message;
use super::scope::Paths;
use crate::model::{Actor, Handler};
use crate::tokens::{ends, last_segment, respan, type_arguments, ungroup};

/// Containers of serde's whose bounds are those of their parameters, with the number of parameters.
const CONTAINERS: &[(&str, usize)] = &[
    ("Vec", 1),
    ("Option", 1),
    ("Box", 1),
    ("VecDeque", 1),
    ("Result", 2),
    ("HashMap", 2),
    ("BTreeMap", 2),
    ("HashSet", 1),
    ("BTreeSet", 1),
];

/// The longest tuple that serde knows.
const TUPLE_LEN_MAX: usize = 16;

/// Those of them whose first parameter is a key, and what a key has to be.
const KEYED: &[(&str, Fits)] = &[
    ("HashMap", Fits::HashedKey),
    ("HashSet", Fits::HashedKey),
    ("BTreeMap", Fits::SortedKey),
    ("BTreeSet", Fits::SortedKey),
];

/// What is plain by its name and still no key.
const NO_KEYS: &[&str] = &["f32", "f64", "HashMap", "HashSet"];

/// A function that is never called and only compiles if every argument and the reply can travel.
pub(super) fn of_handler(handler: &Handler, paths: &Paths) -> Option<TokenStream> {
    let (parameters, _, clause) = handler.generics.split_for_impl();
    let assertions = assertions(handler, paths);
    (!assertions.is_empty()).then(|| quote!(fn check #parameters () #clause { #assertions }))
}

/// The same of several handlers without parameters.
pub(super) fn of_handlers(handlers: &[&Handler], paths: &Paths) -> Option<TokenStream> {
    let assertions: TokenStream = handlers.iter().map(|handler| assertions(handler, paths)).collect();
    (!assertions.is_empty()).then(|| quote!(fn check_handlers() { #assertions }))
}

/// What is known to fit by its name is not asserted.
fn assertions(handler: &Handler, paths: &Paths) -> TokenStream {
    // What stays in the process needs no look into containers: `Box<dyn Fn()>` is an argument, `dyn Fn()` is none.
    let local = |fits, ty| if message::is_plain(ty) { Vec::new() } else { vec![(fits, ty)] };
    let args = handler.function.values().flat_map(|value| match handler.is_local() {
        true => local(Fits::LocalArg, &value.ty),
        false => wanted(Fits::RemoteArg, &value.ty),
    });
    let replies = match handler.stream_item() {
        Some(item) => wanted(Fits::StreamItem, item),
        None if handler.is_local() => local(Fits::LocalReply, &handler.reply),
        None => wanted(Fits::RemoteReply, &handler.reply),
    };
    let generic = !handler.generics.params.is_empty();
    let asserted = args.chain(replies).map(|(fits, ty)| assertion(paths, fits, ty, generic));
    let reduce = handler.options.reduce.as_ref().map(|reducer| reduces(paths, reducer, &handler.reply));
    quote!(#(#asserted)* #reduce)
}

/// What has to hold for a type to travel, without what is known by its name: on the types in its containers, so that
/// `Result<String, io::Error>` points at `io::Error`, and on their keys.
pub(super) fn wanted(fits: Fits, ty: &Type) -> Vec<(Fits, &Type)> {
    let leaves = leaves(ty).into_iter().filter(|leaf| !message::is_plain(leaf)).map(|leaf| (fits, leaf));
    leaves.chain(unknown_keys(ty)).collect()
}

/// What is asserted of a type.
#[derive(Clone, Copy)]
pub(crate) enum Fits {
    RemoteArg,
    RemoteReply,
    StreamItem,
    LocalArg,
    LocalReply,
    /// The key of a map or set that hashes.
    HashedKey,
    /// The key of one that sorts.
    SortedKey,
    /// An actor with a stable name.
    Actor,
}

/// `let _ = <T as Argument>::FITS;`, all of it at the place of `T`.
///
/// rustc 1.95 blames the type and later ones the path; both are now the user's type. (`Span::join` is not stable, so the
/// first token and the last one carry the two ends.) Where the type may mention a parameter, the bound is that of a
/// function, so that rustc's advice names a trait that the user can write.
pub(crate) fn assertion(paths: &Paths, fits: Fits, ty: &Type, generic: bool) -> TokenStream {
    let p = &paths.private;
    let item = match (fits, generic) {
        (Fits::RemoteArg, true) => return assert_call(quote!(#p::RemoteArg), ty),
        (Fits::RemoteReply, true) => return assert_call(quote!(#p::RemoteReply), ty),
        (Fits::HashedKey, true) => return assert_call(quote!(::core::cmp::Eq + ::core::hash::Hash), ty),
        (Fits::SortedKey, true) => return assert_call(quote!(::core::cmp::Ord), ty),
        (Fits::RemoteArg, false) => quote!(RemoteArgument),
        (Fits::RemoteReply, false) => quote!(ReplyValue),
        (Fits::StreamItem, _) => quote!(StreamItem),
        (Fits::Actor, _) => quote!(NamedActor),
        (Fits::LocalArg, _) => quote!(LocalArgument),
        (Fits::LocalReply, _) => quote!(LocalReply),
        (Fits::HashedKey, false) => quote!(HashedKey),
        (Fits::SortedKey, false) => quote!(SortedKey),
    };
    assert_item(paths, quote!(#item>::FITS), ty)
}

/// The function stands here, since an error about its bound shows it.
fn assert_call(bound: TokenStream, ty: &Type) -> TokenStream {
    let ty = ty.to_token_stream();
    let (first, last) = ends(&ty);
    let function = respan(quote!(fn fits<__T: #bound>() {}), first);
    let head = respan(quote!(fits::<), first);
    let tail = respan(quote!(>), last);
    quote!({ #function let _ = #head #ty #tail; })
}

/// What each impl of the actor takes for granted: that its parameters are `'static`, that it handles the messages of its
/// list, and that its resources are some.
pub(super) fn of_actor(actor: &Actor, paths: &Paths) -> Option<TokenStream> {
    let options = &actor.options;
    let parameters = actor.generics.type_params().map(|parameter| {
        let ident = &parameter.ident;
        assert_item(paths, quote!(Lasting > ::FITS), &parse_quote!(#ident))
    });
    let handles = options.handles.iter().map(|message| handles(paths, &actor.ty, message));
    let kinds = options
        .resources
        .iter()
        .map(|resource| assert_item(paths, quote!(Resource > ::NAME), &resource.kind));
    let asserted: Vec<_> = parameters.chain(handles).chain(kinds).collect();
    let (parameters, _, clause) = actor.generics.split_for_impl();
    (!asserted.is_empty()).then(|| quote!(fn check #parameters () #clause { #(#asserted)* }))
}

/// That the actor handles a message of its list, and that it can come from anywhere.
fn handles(paths: &Paths, actor: &Type, message: &Type) -> TokenStream {
    let (first, last) = ends(&message.to_token_stream());
    let p = &paths.private;
    let head = respan(quote!(<#actor as #p::Handles<), first);
    let tail = respan(quote!(>>::FITS), last);
    quote!(let _ = #head #message #tail;)
}

/// Lets gateways merge the replies of a handler with its reducer. What a generic actor says is merged by the caller: there
/// is no list of its instances.
pub(super) fn merge_of_handler(handler: &Handler, paths: &Paths) -> Option<TokenStream> {
    let reducer = handler.options.reduce.as_ref().filter(|_| handler.generics.params.is_empty())?;
    let (p, reply) = (&paths.private, &handler.reply);
    Some(quote! {
        #p::inventory::submit! {{
            use #p::CallerMerges as _;
            #p::Mergeable::<#reply, #reducer>::ENTRY
        }}
    })
}

/// Lets gateways merge what is told of the states of a kind. Of the kinds of a generic actor, as above, it is not known.
pub(super) fn merge_of_kind(actor: &Actor, kind: &Type, paths: &Paths) -> Option<TokenStream> {
    let p = &paths.private;
    actor.generics.params.is_empty().then(|| {
        quote! {
            #p::inventory::submit! {{
                use #p::CallerMerges as _;
                #p::KindMerge::<#kind>::ENTRY
            }}
        }
    })
}

/// The same for a reducer and the replies it is to merge.
fn reduces(paths: &Paths, reducer: &Type, reply: &Type) -> TokenStream {
    assert_item(paths, quote!(Reducer<#reply>>::reduce), reducer)
}

fn assert_item(paths: &Paths, item: TokenStream, ty: &Type) -> TokenStream {
    let ty = ty.to_token_stream();
    let (first, last) = ends(&ty);
    let p = &paths.private;
    let head = respan(quote!(<), first);
    let tail = respan(quote!(as #p::#item), last);
    quote!(let _ = #head #ty #tail;)
}

/// The types in a type's containers.
pub(super) fn leaves(ty: &Type) -> Vec<&Type> {
    match contents(ty) {
        Some(contents) => contents.into_iter().flat_map(leaves).collect(),
        None => vec![ungroup(ty)],
    }
}

/// The elements of a tuple, the parameters of a container.
fn contents(ty: &Type) -> Option<Vec<&Type>> {
    let ty = ungroup(ty);
    if let Type::Tuple(tuple) = ty {
        return (1..=TUPLE_LEN_MAX).contains(&tuple.elems.len()).then(|| tuple.elems.iter().collect());
    }
    let segment = last_segment(ty)?;
    let parameters = type_arguments(segment);
    let is_container =
        CONTAINERS.iter().any(|(name, count)| segment.ident == *name && parameters.len() == *count);
    (is_container && parameters.iter().all(|parameter| is_sized(parameter))).then_some(parameters)
}

/// The keys anywhere in a type that are not known to be keys by their name: more than to travel is asked of them.
pub(super) fn unknown_keys(ty: &Type) -> Vec<(Fits, &Type)> {
    let Some(contents) = contents(ty) else { return Vec::new() };
    let keyed =
        last_segment(ungroup(ty)).and_then(|segment| KEYED.iter().find(|(name, _)| segment.ident == *name));
    let mut keys: Vec<_> = contents.iter().flat_map(|ty| unknown_keys(ty)).collect();
    if let (Some((_, fits)), Some(key)) = (keyed, contents.first())
        && (!message::is_plain(key) || mentions(key, NO_KEYS))
    {
        keys.push((*fits, *key));
    }
    keys
}

/// Whether one of the words stands anywhere in a type.
fn mentions(ty: &Type, words: &[&str]) -> bool {
    let mut found = false;
    let mut look = |ident: &Ident| found |= words.iter().any(|word| ident == word);
    each_ident(ty.to_token_stream(), &mut look);
    found
}

fn each_ident(tokens: TokenStream, look: &mut impl FnMut(&Ident)) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => look(&ident),
            TokenTree::Group(group) => each_ident(group.stream(), look),
            _ => {}
        }
    }
}

/// `Box<str>` can travel although `str` cannot.
fn is_sized(ty: &Type) -> bool {
    match ungroup(ty) {
        Type::Slice(_) | Type::TraitObject(_) => false,
        Type::Path(path) => !path.path.is_ident("str"),
        _ => true,
    }
}
