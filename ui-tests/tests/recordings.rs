//! Rules that every recorded message keeps: one error for one mistake, nothing of the library's source, no name that
//! the user cannot see. There are no exceptions but a folder, [`PLAIN_METHOD`], whose cases show one line each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folder of what no bound and no rule speaks of: rustc's own error about a call of a plain method with too few arguments.
/// It shows where the method is defined: its name is one token, and a token has one place. All else of the library's source is
/// kept from rustc by `mesh-codegen`'s `quiet`.
const PLAIN_METHOD: &str = "plain_method/";

/// Where trybuild writes the roots of source that is not the case's.
const ROOTS: &[&str] = &["$WORKSPACE", "$RUST", "$CARGO"];

/// Every recorded message, by `<macro>/<rule>`.
fn recordings() -> BTreeMap<String, String> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).expect("a folder of cases can be read");
        entries.map(|entry| entry.expect("an entry can be read").path()).collect()
    };
    let files = entries(&cases).into_iter().filter(|path| path.is_dir()).flat_map(|folder| entries(&folder));
    let recordings = files.filter(|path| path.extension().is_some_and(|is| is == "stderr"));
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&cases).expect("it is in the folder").with_extension("");
        (name.display().to_string(), std::fs::read_to_string(&path).expect("a recording can be read"))
    };
    recordings.map(read).collect()
}

/// Fails with every complaint at once.
#[track_caller]
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn one_mistake_is_one_error() {
    let recordings = recordings();
    assert!(recordings.len() >= 80, "only {} recordings", recordings.len());
    let mut complaints = Vec::new();
    for (name, text) in &recordings {
        let errors = text.lines().filter(|line| line.starts_with("error")).count();
        // A warning alone is a mistake that compiles: `#[must_use]`, denied in its case, is an error too.
        if errors != 1 {
            complaints.push(format!("{name}: {errors} errors"));
        }
    }
    none(complaints);
}

#[test]
fn no_recording_shows_the_source_of_the_library() {
    let recordings = recordings();
    let mut complaints = Vec::new();
    for (name, text) in &recordings {
        let places = text.lines().filter(|line| ROOTS.iter().any(|root| line.contains(root))).count();
        let declared = text.matches("note: method defined here").count();
        match name.starts_with(PLAIN_METHOD) {
            false if places > 0 => complaints.push(format!("{name}: shows source in {places} places")),
            true if (places, declared) != (1, 1) => {
                complaints.push(format!("{name}: {places} places, and not that of the method alone"));
            }
            _ => {}
        }
    }
    none(complaints);
}

/// Why a word of a message is none that a user can look up.
fn hidden(word: &str) -> Option<&'static str> {
    let hash = word.len() >= 12 && word.chars().all(|c| c.is_ascii_digit());
    match word {
        _ if word.starts_with("__") && word.chars().any(char::is_alphabetic) => {
            Some("a name of generated code")
        }
        "codegen" => Some("a module of the library's own"),
        "Exported" | "Exports" | "Block" | "ShowAll" | "ShowNothing" | "Constructed" | "Wire" | "NoCodec"
        | "RealCodec" => Some("a helper of generated code"),
        _ if hash => Some("a hash"),
        _ => None,
    }
}

#[test]
fn no_recording_names_what_the_user_cannot_see() {
    let mut complaints = Vec::new();
    for (name, text) in recordings() {
        for line in text.lines() {
            let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            let found =
                words.filter_map(|word| hidden(word).map(|why| format!("{name}: `{word}`, {why}: {line}")));
            complaints.extend(found);
        }
    }
    none(complaints);
}

#[test]
fn hidden_names_are_known() {
    for word in ["__private", "__check", "codegen", "Wire", "13925349134513452134"] {
        assert!(hidden(word).is_some(), "{word}");
    }
    for word in ["a__b", "____", "Counter", "48214", "CounterAdd"] {
        assert!(hidden(word).is_none(), "{word}");
    }
}
