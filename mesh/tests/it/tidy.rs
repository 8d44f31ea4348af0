//! The rules of the source tree that no compiler checks: layers, dead files, headers, banned words, lengths.
//!
//! The rules are functions of file texts, so that each is itself tested on a tree that breaks it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A module may name modules of lower rows only. A new module goes into the lowest row that is above all it uses.
const ROWS: &[&[&str]] = &[
    /*  0 */ &["ident", "shape", "config", "schema", "activity", "sync", "quiet"],
    /*  1 */ &["clock", "addr", "value", "supervision", "worker"],
    /*  2 */ &["call", "reduce", "event", "inspect"],
    /*  3 */ &["wire"],
    /*  4 */ &["message", "transport", "cast"],
    /*  5 */ &["port", "mailbox", "link"],
    /*  6 */ &["gateway"],
    /*  7 */ &["outbox"],
    /*  8 */ &["actor"],
    /*  9 */ &["registry", "request", "watchdog"],
    /* 10 */ &["proc", "resource", "log"],
    /* 11 */ &["bootstrap"],
    /* 12 */ &["host"],
    /* 13 */ &["agent"],
    /* 14 */ &["meshes", "client"],
    /* 15 */ &["root", "behavior", "admin"],
];

/// Modules that only re-export, for users and for generated code: above all rows, and named by no other.
const FACADES: &[&str] = &["lib", "prelude", "__private"];

/// What may not stand in code, and why.
const BANNED_IN_CODE: &[(&str, &str)] = &[
    ("todo!", "finish it, or return an error"),
    ("unimplemented!", "finish it, or return an error"),
    ("dbg!", "use `tracing`"),
    (".unwrap()", "write `expect(\"why this holds\")`"),
    ("thread::sleep", "a sleep is not synchronisation"),
];

/// What may not stand anywhere, and why.
const BANNED_EVERYWHERE: &[(&str, &str)] = &[
    ("/home/", "no path of somebody's machine"),
    ("/root/", "no path of somebody's machine"),
    ("/Users/", "no path of somebody's machine"),
];

/// The longest source file, in lines.
const FILE_LINES_MAX: usize = 700;

/// One file of the tree.
struct Source {
    /// Relative to `src`, with `/`.
    path: String,
    text: String,
    /// The text without its comments and the insides of its literals, line by line the same.
    code: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned(), code: code_of(text) }
    }

    /// `a/b.rs` is `["a", "b"]`; `lib.rs` is `[]`.
    fn module(&self) -> Vec<&str> {
        let stem = self.path.strip_suffix(".rs").unwrap_or(&self.path);
        if stem == "lib" { Vec::new() } else { stem.split('/').collect() }
    }

    /// The top-level module it belongs to; `lib` for the crate's root.
    fn top(&self) -> &str {
        self.module().first().copied().unwrap_or("lib")
    }

    fn is_test(&self) -> bool {
        self.module().contains(&"tests")
    }
}

/// The text with comments and the insides of string and character literals blanked.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let before = code.chars().next_back().unwrap_or(' ');
        let in_word = before.is_alphanumeric() || before == '_';
        // (length of the literal or comment, whether it leaves quotes)
        let (len, quoted) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), false)
        } else if rest.starts_with("/*") {
            (block_comment_len(rest), false)
        } else if let Some(len) = raw_string_len(rest).filter(|_| !in_word) {
            (len, true)
        } else if first == '"' {
            (quoted_len(rest, '"'), true)
        } else if first == '\'' && is_char(rest) {
            (quoted_len(rest, '\''), true)
        } else {
            (0, false)
        };
        if len == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let newlines = rest[..len].matches('\n').count();
        code.push_str(if quoted { "\"\"" } else { " " });
        code.push_str(&"\n".repeat(newlines));
        rest = &rest[len..];
    }
    code
}

fn block_comment_len(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        match &text.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn raw_string_len(text: &str) -> Option<usize> {
    let opening =
        text.strip_prefix("br").or_else(|| text.strip_prefix("cr")).or_else(|| text.strip_prefix('r'))?;
    let hashes = opening.len() - opening.trim_start_matches('#').len();
    let body = opening[hashes..].strip_prefix('"')?;
    let closing = format!("\"{}", "#".repeat(hashes));
    let end = body.find(&closing).map_or(body.len(), |at| at + closing.len());
    Some(text.len() - body.len() + end)
}

fn quoted_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == quote && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

/// Whether a `'` begins a character, and not a lifetime.
fn is_char(text: &str) -> bool {
    let mut chars = text.chars().skip(1);
    chars.next() == Some('\\') || chars.next() == Some('\'')
}

/// Every broken rule, as `file:line: what, and what to do`.
fn check(tree: &[Source]) -> Vec<String> {
    let mut broken = Vec::new();
    for source in tree {
        check_header(source, &mut broken);
        check_words(source, &mut broken);
        if !source.is_test() {
            check_layers(source, tree, &mut broken);
        }
    }
    check_dead_files(tree, &mut broken);
    broken
}

fn check_header(source: &Source, broken: &mut Vec<String>) {
    let path = &source.path;
    if path.rsplit('/').next() == Some("mod.rs") {
        broken.push(format!("{path}: name it after its folder, `foo.rs` beside `foo/`"));
    }
    if !source.is_test() && !source.text.starts_with("//!") {
        broken.push(format!("{path}:1: begin with `//!` docs: what it owns, and what it does not know"));
    }
    let lines = source.text.lines().count();
    if lines > FILE_LINES_MAX {
        broken.push(format!("{path}: {lines} lines; split it, {FILE_LINES_MAX} are the most"));
    }
}

fn check_words(source: &Source, broken: &mut Vec<String>) {
    let mut ban = |text: &str, words: &[(&str, &str)]| {
        for (index, line) in text.lines().enumerate() {
            for (word, why) in words.iter().filter(|(word, _)| has_word(line, word)) {
                broken.push(format!("{}:{}: `{word}`: {why}", source.path, index + 1));
            }
        }
    };
    ban(&source.text, BANNED_EVERYWHERE);
    if !source.is_test() {
        ban(&source.code, BANNED_IN_CODE);
    }
}

/// Whether `word` stands in `line`, not as the end of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let starts_word = word.starts_with(|c: char| c.is_alphanumeric());
        !starts_word || !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
    })
}

fn row_of(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

fn check_layers(source: &Source, tree: &[Source], broken: &mut Vec<String>) {
    let (path, own) = (&source.path, source.top());
    if FACADES.contains(&own) {
        return;
    }
    let Some(own_row) = row_of(own) else {
        broken.push(format!(
            "{path}: module `{own}` is in no row: add it to ROWS in mesh/tests/it/tidy.rs, in the lowest row above all it uses"
        ));
        return;
    };
    let modules: BTreeSet<&str> = tree.iter().map(Source::top).collect();
    for (line, named) in crate_names(source) {
        if named == own {
            continue;
        }
        if FACADES.contains(&named.as_str()) || !modules.contains(named.as_str()) {
            broken.push(format!("{path}:{line}: `crate::{named}`: name it in the module that defines it"));
        } else if let Some(row) = row_of(&named).filter(|row| *row >= own_row) {
            broken.push(format!(
                "{path}:{line}: `{own}` (row {own_row}) names `{named}` (row {row}): only lower rows may be named"
            ));
        }
    }
}

/// The crate's items that the code names: what follows `crate::`, or as many `super::` as lead there; with the line.
fn crate_names(source: &Source) -> Vec<(usize, String)> {
    let code = &source.code;
    let to_root = "super::".repeat(source.module().len());
    let mut names = Vec::new();
    for lead in ["crate::", to_root.as_str()] {
        for (at, _) in code.match_indices(lead) {
            let before = code[..at].chars().next_back().unwrap_or(' ');
            // `$crate::` is of the place a macro is used in; a longer chain of `super` is counted where it begins.
            if lead.is_empty() || before == '$' || before == ':' || before == '_' || before.is_alphanumeric()
            {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            let rest = code[at + lead.len()..].trim_start();
            let heads =
                if let Some(group) = rest.strip_prefix('{') { group_heads(group) } else { vec![rest] };
            for head in heads {
                let end = head.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(head.len());
                // An exported macro belongs to the crate, wherever it is written.
                if end > 0 && !head[end..].starts_with('!') && &head[..end] != "self" {
                    names.push((line, head[..end].to_owned()));
                }
            }
        }
    }
    names
}

/// The beginnings of the members of `{a, b::{c, d}, e}`, given from behind the first brace.
fn group_heads(group: &str) -> Vec<&str> {
    let (mut depth, mut heads, mut start) = (0, Vec::new(), 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                heads.push(group[start..at].trim_start());
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                heads.push(group[start..at].trim_start());
                start = at + 1;
            }
            _ => {}
        }
    }
    heads
}

fn check_dead_files(tree: &[Source], broken: &mut Vec<String>) {
    let by_path: BTreeMap<&str, &Source> = tree.iter().map(|source| (source.path.as_str(), source)).collect();
    let mut reached = BTreeSet::new();
    let mut todo = vec!["lib.rs".to_owned()];
    while let Some(path) = todo.pop() {
        let Some(source) = by_path.get(path.as_str()) else { continue };
        if reached.insert(path) {
            let folder: String = source.module().iter().map(|part| format!("{part}/")).collect();
            todo.extend(declared_modules(source).into_iter().map(|name| format!("{folder}{name}.rs")));
        }
    }
    for path in by_path.keys().filter(|path| !reached.contains(**path)) {
        broken.push(format!("{path}: no `mod` line leads here: add one, or delete the file"));
    }
}

/// The names in lines `mod name;`.
fn declared_modules(source: &Source) -> Vec<&str> {
    let statements = source.code.split([';', '{', '}']).zip(source.code.match_indices([';', '{', '}']));
    statements
        .filter(|(_, (_, end))| *end == ";")
        .filter_map(|(statement, _)| {
            let (before, name) = statement.trim_end().rsplit_once(char::is_whitespace)?;
            (before.ends_with("mod") && !name.is_empty()).then_some(name)
        })
        .collect()
}

/// Reads the tree under `folder`, in the order of its paths.
fn read_tree(folder: &Path) -> Vec<Source> {
    let mut tree = Vec::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(folder_or_file) = todo.pop() {
        if folder_or_file.is_dir() {
            let entries = std::fs::read_dir(&folder_or_file).expect("a folder can be listed");
            todo.extend(entries.map(|entry| entry.expect("an entry can be read").path()));
        } else if folder_or_file.extension().is_some_and(|extension| extension == "rs") {
            let path = folder_or_file.strip_prefix(folder).expect("it is in the folder");
            let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
            let text = std::fs::read_to_string(&folder_or_file).expect("a source file is text");
            tree.push(Source::new(&parts.join("/"), &text));
        }
    }
    tree.sort_by(|a, b| a.path.cmp(&b.path));
    tree
}

#[test]
fn the_source_tree_keeps_its_rules() {
    let tree = read_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(tree.iter().any(|source| source.path == "lib.rs"), "the tree was found");
    let broken = check(&tree);
    assert!(broken.is_empty(), "{} broken rules:\n{}", broken.len(), broken.join("\n"));
}

/// Checks a tree of these files beside a sound `lib.rs`, `ident.rs` and `wire.rs`.
#[track_caller]
fn check_tree(files: &[(&str, &str)], want: &[&str]) {
    let mut tree = vec![
        Source::new("lib.rs", "//! Root.\npub mod ident;\nmod wire;\nmod addr;\nmod stray;"),
        Source::new("ident.rs", "//! Who."),
        Source::new("wire.rs", "//! Frames.\nmod codec;"),
    ];
    tree.extend(files.iter().map(|(path, text)| Source::new(path, text)));
    let broken = check(&tree);
    assert_eq!(broken.len(), want.len(), "{broken:#?}");
    for (line, want) in broken.iter().zip(want) {
        assert!(line.starts_with(want), "{line}\ndoes not begin with\n{want}");
    }
}

#[test]
fn a_sound_tree_breaks_nothing() {
    check_tree(
        &[
            (
                "addr.rs",
                "//! Where: not `crate::wire`.\nuse crate::ident::{Uid, Label};\nuse crate::addr::X;\n#[cfg(test)]\nmod tests;",
            ),
            ("addr/tests.rs", "use crate::wire::Frame;\nfn f() { x.unwrap(); }"),
            (
                "wire/codec.rs",
                "//! Bytes.\n/// `crate::proc` /* and */\nfn f<'a>(c: char) -> &'a str { if c == '\"' { \"crate::proc\" } else { r#\"\"crate::proc\"# } }\nuse super::Frame;\n$crate::__private::x!(); crate::exported!();",
            ),
        ],
        &[],
    );
}

#[test]
fn a_name_from_a_row_that_is_not_lower_is_found() {
    let names_wire = "addr.rs:2: `addr` (row 1) names `wire` (row 3)";
    check_tree(&[("addr.rs", "//! Where.\nuse crate::wire::Frame;")], &[names_wire]);
    check_tree(&[("addr.rs", "//! Where.\nuse crate::{ident::{Uid, Label}, wire};")], &[names_wire]);
    check_tree(&[("addr.rs", "//! Where.\nfn f() { crate::wire::send() }")], &[names_wire]);
    check_tree(&[("addr.rs", "//! Where.\nuse super::wire::Frame;")], &[names_wire]);
    check_tree(
        &[("wire/codec.rs", "//! Bytes.\nuse crate::__private::x;\nuse super::super::Root;")],
        &["wire/codec.rs:2: `crate::__private`", "wire/codec.rs:3: `crate::Root`"],
    );
    check_tree(
        &[("stray.rs", "//! New.")],
        &["stray.rs: module `stray` is in no row: add it to ROWS in mesh/tests/it"],
    );
}

#[test]
fn a_file_that_nothing_leads_to_is_found() {
    check_tree(&[("wire/old.rs", "//! Old.\n// mod codec;")], &["wire/old.rs: no `mod` line leads here"]);
}

#[test]
fn a_missing_header_a_mod_file_and_a_long_file_are_found() {
    check_tree(&[("addr.rs", "use std::fmt;")], &["addr.rs:1: begin with `//!` docs"]);
    check_tree(
        &[("addr/mod.rs", "//! Where.")],
        &["addr/mod.rs: name it after its folder", "addr/mod.rs: no `mod` line"],
    );
    check_tree(&[("addr.rs", &format!("//! Where.{}", "\n".repeat(800)))], &["addr.rs: 800 lines"]);
}

#[test]
fn banned_words_are_found_in_code_and_paths_everywhere() {
    check_tree(
        &[(
            "addr.rs",
            "//! Where: `todo!` is only spoken of, in /home/me.\nfn f() { todo!() }\nfn g() { a\n.unwrap() }",
        )],
        &["addr.rs:1: `/home/`", "addr.rs:2: `todo!`", "addr.rs:4: `.unwrap()`"],
    );
}

/// Every row's modules once, and each in one row.
#[test]
fn no_module_is_in_two_rows() {
    let all: Vec<_> = ROWS.iter().copied().flatten().collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
}

fn text_of(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The README's map of layers has the rows as they are here.
#[test]
fn the_readme_maps_the_layers() {
    let readme = text_of("../README.md");
    for (number, row) in ROWS.iter().enumerate() {
        let modules: Vec<_> = row.iter().map(|module| format!("`{module}`")).collect();
        let want = format!("| {number} | {} | ", modules.join(" "));
        assert!(readme.lines().any(|line| line.starts_with(&want)), "README.md has no line `{want}…`");
    }
}

/// The README lists every setting.
#[test]
fn the_readme_lists_the_settings() {
    let readme = text_of("../README.md");
    let settings = mesh::config::Config::default().to_string();
    for line in settings.lines() {
        let name = line.split(' ').next().expect("a line begins with a name");
        let want = format!("| `MESH_{}` | ", name.to_uppercase());
        assert!(readme.lines().any(|line| line.starts_with(&want)), "README.md has no line `{want}…`");
    }
}

/// The list of contracts says of each whether it is kept, and of a kept one where it is tested.
#[test]
fn the_contracts_say_whether_they_are_kept() {
    let contracts = text_of("src/contracts.md");
    let rows: Vec<_> = contracts
        .lines()
        .filter(|line| line.contains("-") && line.starts_with("| ") && line.ends_with('|'))
        .collect();
    for row in rows.iter().filter(|row| row.as_bytes()[2].is_ascii_uppercase()) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        assert_eq!(cells.len(), 4, "{row}");
        assert!(["kept", "in part", "not yet"].contains(&cells[2]), "{row}");
        let tests: Vec<_> = cells[3].split('`').filter(|word| word.ends_with(".rs")).collect();
        assert!(cells[2] != "kept" || !tests.is_empty(), "a kept contract names its tests: {row}");
    }
}
