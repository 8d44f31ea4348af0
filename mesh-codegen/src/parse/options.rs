//! The grammar all our attributes share: `name = value`, `name(…)` or `name`, separated by commas.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::Token;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};

use crate::errors::Errors;

/// Reads the options of one attribute. A mistake in one option does not hide the mistakes in the next.
///
/// `attribute` is how the attribute is written in errors: `#[actor(..)]`. `read` is called with the name of a known option and
/// the tokens behind it.
pub(crate) fn each_option(
    attribute: &str,
    known: &[&str],
    tokens: TokenStream,
    errors: &mut Errors,
    mut read: impl FnMut(&str, ParseStream<'_>, &mut Errors) -> syn::Result<()>,
) {
    let before = errors.len();
    let parse = |input: ParseStream<'_>| {
        let mut seen = Vec::new();
        while !input.is_empty() {
            let outcome =
                one_option(attribute, known, input, &mut seen, &mut |key, input| read(key, input, errors));
            if let Err(error) = outcome {
                errors.push(error);
                skip_to_comma(input)?;
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    let rest = parse.parse2(tokens);
    // What is left over after a reported mistake is not a second mistake.
    if let Err(error) = rest
        && errors.len() == before
    {
        errors.push(error);
    }
}

fn one_option(
    attribute: &str,
    known: &[&str],
    input: ParseStream<'_>,
    seen: &mut Vec<String>,
    read: &mut dyn FnMut(&str, ParseStream<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    let key = input.call(Ident::parse_any)?;
    let name = key.to_string();
    if !known.contains(&name.as_str()) {
        return Err(unknown(attribute, known, &key));
    }
    if seen.contains(&name) {
        return Err(syn::Error::new(key.span(), format!("option `{name}` is given twice in `{attribute}`")));
    }
    read(&name, input)?;
    seen.push(name);
    if input.is_empty() || input.peek(Token![,]) { Ok(()) } else { Err(input.error("expected `,`")) }
}

fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

fn unknown(attribute: &str, known: &[&str], key: &Ident) -> syn::Error {
    let written = key.to_string();
    let hint =
        nearest(&written, known).map_or(String::new(), |near| format!("\n= help: did you mean `{near}`?"));
    let list: Vec<String> = known.iter().map(|option| format!("`{option}`")).collect();
    let list = list.join(", ");
    syn::Error::new(
        key.span(),
        format!("unknown option `{written}` in `{attribute}`{hint}\n= note: available options: {list}"),
    )
}

/// The known word that was probably meant: at most two edits away.
pub(crate) fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let best = known.iter().map(|word| (distance(written, word), *word)).min()?;
    (best.0 <= 2).then_some(best.1)
}

/// Levenshtein's distance, one row at a time.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut previous: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in from.chars().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in to.iter().enumerate() {
            let replace = previous[column] + usize::from(letter != *other);
            let insert = previous[column + 1] + 1;
            let remove = current[column] + 1;
            current.push(replace.min(insert).min(remove));
        }
        previous = current;
    }
    previous[to.len()]
}
