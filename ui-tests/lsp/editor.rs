//! What an editor does with rust-analyzer: opens a crate of one file, waits until it is understood, and asks.
//!
//! The protocol is JSON-RPC with a length header, on the server's standard streams. It knows no mesh.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// The longest silence of the server: it compiles a crate and its macros in between, on a busy machine.
const HANG_GUARD: Duration = Duration::from_secs(300);

/// The answer to a question that an edit overtook, or that came too early: it is asked again.
const CONTENT_MODIFIED: i64 = -32801;

/// A place in the file, counted from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl Place {
    /// Where `needle` begins in `text`; it must stand there once.
    #[track_caller]
    pub fn of(text: &str, needle: &str) -> Place {
        let found: Vec<usize> = text.match_indices(needle).map(|(at, _)| at).collect();
        let [at] = found[..] else { panic!("{needle:?} stands {} times in the file", found.len()) };
        let before = &text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place { line: before.matches('\n').count(), column: before.len() - line_start }
    }

    /// The same line, further right.
    pub fn right(self, columns: usize) -> Place {
        Place { column: self.column + columns, ..self }
    }

    fn to_json(self) -> Value {
        json!({ "line": self.line, "character": self.column })
    }

    fn from_json(position: &Value) -> Place {
        let field = |name: &str| {
            let number = position[name].as_u64().expect("a position has a line and a column");
            usize::try_from(number).expect("a position fits")
        };
        Place { line: field("line"), column: field("character") }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line + 1, self.column + 1)
    }
}

/// One entry of a completion list.
#[derive(Clone, Debug)]
pub struct Completion {
    /// The name alone, without what stands in brackets behind it.
    pub name: String,
    /// The documentation, as Markdown; empty without one.
    pub documentation: String,
}

/// A running rust-analyzer with one open file. It ends when this is dropped, or when the test ends.
pub struct Editor {
    server: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    uri: String,
    text: String,
    version: i64,
    next_id: i64,
    /// What the server last said of itself.
    status: String,
}

impl Editor {
    /// Opens `folder/src/lib.rs`, a crate whose build goes to `target`, and waits until it is understood.
    pub fn open(folder: &Path, target: &Path) -> Editor {
        let file = folder.join("src/lib.rs");
        let text = std::fs::read_to_string(&file).expect("the crate has a file");
        let log = std::fs::File::create(folder.join("rust-analyzer.log")).expect("a log can be written");
        let mut server = Command::new("rust-analyzer")
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", target)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("rust-analyzer is installed: `rustup component add rust-analyzer rust-src`");
        let input = server.stdin.take().expect("it is piped");
        let output = server.stdout.take().expect("it is piped");
        let (sender, messages) = mpsc::channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = read_message(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let uri = format!("file://{}", file.display());
        let status = String::new();
        let mut editor = Editor { server, input, messages, uri, text, version: 0, next_id: 0, status };
        editor.start(folder);
        editor
    }

    /// The handshake, the file, and the wait until all is loaded: sources, build scripts and macros.
    fn start(&mut self, folder: &Path) {
        let root = format!("file://{}", folder.display());
        self.request(
            "initialize",
            json!({
                "processId": std::process::id(),
                "rootUri": root,
                "workspaceFolders": [{ "uri": root, "name": "calls" }],
                "capabilities": {
                    "textDocument": { "completion": { "completionItem": { "documentationFormat": ["markdown"] } } },
                    "experimental": { "serverStatusNotification": true },
                },
                // The questions need no diagnostics, and the standard library is read as far as they lead there.
                "initializationOptions": {
                    "checkOnSave": false,
                    "cachePriming": { "enable": false },
                },
            }),
        );
        self.notify("initialized", json!({}));
        let document = json!({ "uri": self.uri, "languageId": "rust", "version": 0, "text": self.text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
        while !self.receive_is_quiescent() {}
    }

    /// What is offered behind `typed`, typed on a line of its own after the line that ends with `after`.
    pub fn complete(&mut self, after: &str, typed: &str) -> Vec<Completion> {
        let saved = self.text.clone();
        let line = Place::of(&saved, after).line + 1;
        let mut lines: Vec<&str> = saved.lines().collect();
        lines.insert(line, typed);
        self.change(lines.join("\n"));
        let answer = self.ask("textDocument/completion", Place { line, column: typed.len() }, json!({}));
        self.change(saved);
        let items = answer.get("items").unwrap_or(&answer);
        items.as_array().map(Vec::as_slice).unwrap_or_default().iter().map(completion).collect()
    }

    /// Where the name at `place` is defined: file and place each.
    pub fn definitions(&mut self, place: Place) -> Vec<(String, Place)> {
        locations(&self.ask("textDocument/definition", place, json!({})))
    }

    /// Where the name at `place` is used, its definition not counted, in order.
    pub fn references(&mut self, place: Place) -> Vec<(String, Place)> {
        let answer =
            self.ask("textDocument/references", place, json!({ "context": { "includeDeclaration": false } }));
        locations(&answer)
    }

    /// Where the open file changes if the name at `place` becomes `name`, in order.
    pub fn rename(&mut self, place: Place, name: &str) -> Vec<Place> {
        let answer = self.ask("textDocument/rename", place, json!({ "newName": name }));
        let files = answer["documentChanges"].as_array().map(Vec::as_slice).unwrap_or_default();
        let edits = files.iter().filter_map(|file| file["edits"].as_array()).flatten();
        let mut places: Vec<Place> = edits.map(|edit| Place::from_json(&edit["range"]["start"])).collect();
        places.sort();
        places
    }

    /// The name of the open file in what the server answers.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Replaces the whole text, as typing does.
    fn change(&mut self, text: String) {
        self.text = text;
        self.version += 1;
        let document = json!({ "uri": self.uri, "version": self.version });
        let changes = json!([{ "text": self.text }]);
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    /// A question about a place, with further parameters.
    fn ask(&mut self, method: &str, place: Place, mut params: Value) -> Value {
        params["textDocument"] = json!({ "uri": self.uri });
        params["position"] = place.to_json();
        self.request(method, params)
    }

    /// Sends a request and gives its result.
    fn request(&mut self, method: &str, params: Value) -> Value {
        loop {
            self.next_id += 1;
            let id = self.next_id;
            self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
            let answer = loop {
                let message = self.receive();
                if message["id"] == id && message.get("method").is_none() {
                    break message;
                }
            };
            match answer.get("error") {
                None => return answer["result"].clone(),
                Some(error) if error["code"] == CONTENT_MODIFIED => continue,
                Some(error) => panic!("{method}: {error}; the server's state: {}", self.status),
            }
        }
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn send(&mut self, message: Value) {
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len())
            .and_then(|()| self.input.flush())
            .expect("rust-analyzer reads: see rust-analyzer.log beside the crate");
    }

    /// Waits for a message; if it is the server's state, whether all is loaded.
    fn receive_is_quiescent(&mut self) -> bool {
        let message = self.receive();
        if message["method"] != "experimental/serverStatus" {
            return false;
        }
        let quiescent = message["params"]["quiescent"] == true;
        assert!(
            !quiescent || message["params"]["health"] == "ok",
            "the crate is not understood: {}",
            self.status
        );
        quiescent
    }

    /// The next message. What the server asks of an editor is answered with "nothing to say".
    fn receive(&mut self) -> Value {
        let message = self.messages.recv_timeout(HANG_GUARD).unwrap_or_else(|error| {
            panic!("no word from rust-analyzer ({error}); its state: {}", self.status);
        });
        if message["method"] == "experimental/serverStatus" {
            self.status = message["params"].to_string();
        }
        if message.get("method").is_some()
            && let Some(id) = message.get("id")
        {
            self.send(json!({ "jsonrpc": "2.0", "id": id, "result": null }));
        }
        message
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// One message; none at the end of the stream.
fn read_message(input: &mut impl BufRead) -> Option<Value> {
    let mut len_bytes = None;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some(len) = line.strip_prefix("Content-Length: ") {
            len_bytes = len.parse().ok();
        }
    }
    let mut body = vec![0; len_bytes?];
    input.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

fn completion(item: &Value) -> Completion {
    let label = item["label"].as_str().unwrap_or_default();
    let name = label.split(['(', ' ']).next().unwrap_or_default().to_owned();
    let documentation = item["documentation"]["value"].as_str().or_else(|| item["documentation"].as_str());
    Completion { name, documentation: documentation.unwrap_or_default().to_owned() }
}

fn locations(answer: &Value) -> Vec<(String, Place)> {
    let location = |location: &Value| {
        let uri = location["uri"].as_str().expect("a location has a file").to_owned();
        (uri, Place::from_json(&location["range"]["start"]))
    };
    let mut found: Vec<_> = match answer {
        Value::Array(several) => several.iter().map(location).collect(),
        Value::Null => Vec::new(),
        one => vec![location(one)],
    };
    found.sort();
    found
}
