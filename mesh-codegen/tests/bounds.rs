//! Every bound that generated code states, and every one of the runtime's that has a text of its own, has a case in
//! `ui-tests/cases` that shows what the compiler says where it does not hold.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// The bounds of generated code, by the trait, and a case in which each fails. `None`: it cannot, for the reason.
const BOUNDS: &[(&str, Result<&str, &str>)] = &[
    ("Actor", Ok("derive_remote_spawn/no_actor")),
    ("BehaviorSource", Ok("behavior/of_something_else")),
    ("BehaviorMessage", Ok("behavior/of_no_message")),
    ("Exporter", Err("of a method's own parameter, which only the runtime fills in")),
    ("FnOnce", Err("of a closure that generated code writes")),
    ("Future", Err("what an async fn, or `handle_plain`, returns")),
    ("Handler", Ok("actor/handles_without_handler")),
    ("Handles", Ok("actor/handles_without_handler")),
    ("HashedKey", Ok("new/key_without_hash")),
    ("Eq", Ok("actor/generic_key_without_hash")),
    ("Hash", Ok("actor/generic_key_without_hash")),
    ("HookResult", Ok("on_start/returns_a_number")),
    ("IntoActor", Ok("new/error_without_text")),
    ("Lasting", Ok("actor/generic_not_static")),
    ("Lists", Ok("actor/part_that_is_not_listed")),
    ("LocalArgument", Ok("handler/argument_not_send_in_a_local_handler")),
    ("LocalReply", Ok("handler/reply_not_send_in_a_local_handler")),
    ("MadeAnew", Ok("actor/restart_without_constructor")),
    ("MainOutput", Ok("main/returns_a_number")),
    ("Named", Ok("register/parameter_without_name")),
    ("NamedActor", Ok("derive_remote_spawn/no_actor")),
    ("Reducer", Ok("handler/reduce_with_no_reducer")),
    ("Part", Ok("actor/part_that_is_not_there")),
    ("Registered", Ok("register/without_constructor")),
    ("RemoteArg", Ok("register/parameter_without_serde")),
    ("RemoteArgument", Ok("handler/argument_without_serde")),
    ("RemoteMessage", Ok("actor/handles_no_message")),
    ("RemoteReply", Ok("message/generic_reply_without_serde")),
    ("RemoteSpawn", Ok("request/spec_without_constructor")),
    ("ReplyValue", Ok("handler/reply_without_serde")),
    ("Resource", Ok("actor/resource_of_no_kind")),
    ("Send", Ok("handler/future_not_send")),
    ("SortedKey", Ok("handler/key_without_order")),
    ("Ord", Ok("actor/generic_key_without_order")),
    ("StreamItem", Ok("handler/stream_item_without_serde")),
    ("Target", Err("of the generated type's own parameter, which only the runtime fills in")),
];

/// Traits with a text of their own which none of these cases needs to show: why.
const UNSHOWN: &[(&str, &str)] = &[];

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(path: &Path, extension: &str) -> Vec<PathBuf> {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).expect("a folder can be listed");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
        paths.sort();
        return paths.iter().flat_map(|path| files(path, extension)).collect();
    }
    let wanted = path.extension().is_some_and(|is| is == extension);
    if wanted { vec![path.to_owned()] } else { Vec::new() }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a file can be read")
}

/// The traits that code asks something of a type by: in bounds, and in `<T as Trait>`.
#[derive(Default)]
struct Asked {
    traits: BTreeSet<String>,
}

impl<'a> Visit<'a> for Asked {
    fn visit_trait_bound(&mut self, bound: &'a syn::TraitBound) {
        self.take(bound.path.segments.last());
        visit::visit_trait_bound(self, bound);
    }

    fn visit_expr_path(&mut self, path: &'a syn::ExprPath) {
        if let Some(of) = &path.qself
            && of.position > 0
        {
            self.take(path.path.segments.iter().nth(of.position - 1));
        }
        visit::visit_expr_path(self, path);
    }
}

impl Asked {
    fn take(&mut self, segment: Option<&syn::PathSegment>) {
        self.traits.extend(segment.map(|segment| segment.ident.to_string()));
    }
}

/// What a golden file's input says is the user's own; the rest of its expansion is ours.
fn asked_of(file: &Path) -> BTreeSet<String> {
    let traits = |path: &Path| {
        let mut asked = Asked::default();
        asked.visit_file(&syn::parse_file(&read(path)).expect("it is Rust"));
        asked.traits
    };
    let written = traits(&file.with_extension("").with_extension("rs"));
    &traits(file) - &written
}

/// The assertion shims, as the generator names them: a golden file may not need every one.
fn shims() -> BTreeSet<String> {
    let shim: TokenStream = read(&folder().join("src/emit/shim.rs")).parse().expect("it is Rust");
    let mut found = BTreeSet::new();
    collect_shims(shim, &mut found);
    found
}

/// Each word behind a `=> quote!(`, and each before `::FITS`.
fn collect_shims(tokens: TokenStream, found: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        let is_quote = at >= 2 && tokens[at - 2].to_string() == "quote";
        let behind_arrow = at >= 4 && tokens[at - 3].to_string() == ">" && tokens[at - 4].to_string() == "=";
        let inner: Vec<TokenTree> = group.stream().into_iter().collect();
        if let (true, true, [TokenTree::Ident(word)]) = (is_quote, behind_arrow, inner.as_slice()) {
            found.insert(word.to_string());
        }
        collect_shims(group.stream(), found);
    }
}

#[test]
fn every_bound_of_generated_code_has_a_case() {
    let golden = files(&folder().join("tests/golden"), "rs");
    let golden = golden.iter().filter(|path| path.to_string_lossy().ends_with(".expanded.rs"));
    let mut asked: BTreeSet<String> = golden.flat_map(|path| asked_of(path)).collect();
    let shims = shims();
    assert!(shims.len() >= 8, "the shims were found: {shims:?}");
    asked.extend(shims);
    let known: BTreeMap<&str, _> = BOUNDS.iter().copied().collect();
    let missing: Vec<_> = asked.iter().filter(|name| !known.contains_key(name.as_str())).collect();
    assert!(missing.is_empty(), "bounds without a case: {missing:?}");
    let cases = folder().join("../ui-tests/cases");
    for (name, case) in BOUNDS {
        if let Ok(case) = case {
            assert!(cases.join(case).with_extension("stderr").exists(), "{name}: there is no case {case}");
        }
    }
}

/// The texts of one `#[diagnostic::on_unimplemented(..)]`, and the trait below it.
struct Text {
    of: String,
    message: String,
    label: String,
}

/// All of them in a file.
fn texts(path: &Path) -> Vec<Text> {
    let traits =
        syn::parse_file(&read(path)).expect("it is Rust").items.into_iter().filter_map(|item| match item {
            syn::Item::Trait(item) => Some(item),
            _ => None,
        });
    let mut found = Vec::new();
    for item in traits {
        let is_text = |attribute: &&syn::Attribute| {
            attribute.path().segments.last().is_some_and(|segment| segment.ident == "on_unimplemented")
        };
        let Some(attribute) = item.attrs.iter().find(is_text) else { continue };
        let mut text = Text { of: item.ident.to_string(), message: String::new(), label: String::new() };
        let read = |meta: syn::meta::ParseNestedMeta<'_>| {
            let value: syn::LitStr = meta.value()?.parse()?;
            match meta.path.get_ident().map(ToString::to_string).as_deref() {
                Some("message") => text.message = value.value(),
                Some("label") => text.label = value.value(),
                _ => {}
            }
            Ok(())
        };
        attribute.parse_nested_meta(read).expect("it is a list of texts");
        found.push(text);
    }
    found
}

/// What is between the holes.
fn pieces(text: &str) -> Vec<&str> {
    text.split(['{', '}']).step_by(2).collect()
}

fn has_in_order(text: &str, pieces: &[&str]) -> bool {
    let mut rest = Some(text);
    for piece in pieces {
        rest = rest.and_then(|rest| rest.split_once(piece)).map(|(_, behind)| behind);
    }
    rest.is_some()
}

#[test]
fn every_text_of_a_bound_is_in_a_recorded_message() {
    let sources = files(&folder().join("../mesh/src"), "rs");
    let texts: Vec<Text> = sources.iter().flat_map(|path| texts(path)).collect();
    assert!(texts.len() > 25, "the texts were found: {}", texts.len());
    let recordings: Vec<String> =
        files(&folder().join("../ui-tests/cases"), "stderr").iter().map(|path| read(path)).collect();
    let mut missing = Vec::new();
    for Text { of, message, label } in &texts {
        let shown = recordings.iter().any(|text| {
            // One error: its first line, and its label somewhere below.
            text.split("\nerror").any(|error| {
                let head = error.lines().next().unwrap_or_default();
                has_in_order(head, &pieces(message)) && has_in_order(error, &pieces(label))
            })
        });
        let excused = UNSHOWN.iter().any(|(name, _)| name == of);
        if shown == excused {
            missing.push(format!("{of}: {message:?}, {label:?}"));
        }
    }
    assert!(missing.is_empty(), "bounds without a recorded message:\n{}", missing.join("\n"));
}

#[test]
fn a_text_is_found_by_what_is_between_its_holes() {
    assert_eq!(pieces("`{Self}` is no {T}"), ["`", "` is no ", ""]);
    assert!(has_in_order("`u8` is no number", &pieces("`{Self}` is no {T}")));
    assert!(!has_in_order("is no number `u8`", &pieces("`{Self}` is no {T}")));
}
