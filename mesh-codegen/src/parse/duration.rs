//! Durations written as text, read at compile time: `"250ms"`, `"5s"`, `"2m"`, `"1h"`.

use std::time::Duration;

use syn::LitStr;

const UNITS: &[(&str, u64)] = &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// Reads a duration of at least a millisecond; `zero` says why it cannot be less.
pub(super) fn parse(literal: &LitStr, zero: &str) -> syn::Result<Duration> {
    let text = literal.value();
    match millis(text.trim()) {
        Some(0) => Err(syn::Error::new(literal.span(), zero)),
        Some(millis) => Ok(Duration::from_millis(millis)),
        None => Err(syn::Error::new(
            literal.span(),
            format!(
                "`{text}` is not a duration\n\
                 = help: write a whole number and its unit: \"250ms\", \"5s\", \"2m\" or \"1h\""
            ),
        )),
    }
}

fn millis(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}
