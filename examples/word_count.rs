//! Map and reduce over real files: four OS processes read a byte range each, and their counts are merged.
//!
//! `cargo run --release --example word_count -- README.md LICENSE`

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mesh::prelude::*;
use serde::{Deserialize, Serialize};

const WORKERS: usize = 4;
const TOP: usize = 10;

type Counts = BTreeMap<String, u64>;

/// A file could not be read.
#[derive(Clone, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{}: {reason}", .path.display())]
pub struct FileError {
    path: PathBuf,
    reason: String,
}

impl FileError {
    fn new(path: &Path, reason: impl ToString) -> FileError {
        FileError { path: path.to_owned(), reason: reason.to_string() }
    }
}

/// Counts the words of its share of the files: rank 1 of 4 has the second quarter of all bytes.
pub struct WordCounter {
    files: Vec<(PathBuf, u64)>,
    share: Range<u64>,
}

#[actor]
impl WordCounter {
    #[new]
    fn new(files: Vec<(PathBuf, u64)>, env: &SpawnEnv) -> Self {
        let total: u64 = files.iter().map(|(_, len)| len).sum();
        let bound = |rank: usize| total * rank as u64 / env.size() as u64;
        let share = bound(env.rank())..bound(env.rank() + 1);
        WordCounter { files, share }
    }

    /// How often each word begins in its share.
    #[handler]
    pub async fn count(&self) -> Result<Counts, FileError> {
        let (files, share) = (self.files.clone(), self.share.clone());
        // Reading blocks, so it has a thread of its own.
        tokio::task::spawn_blocking(move || count_share(&files, share))
            .await
            .expect("counting does not panic")
    }
}

/// Counts the part of each file that lies in `share` of all of them, laid end to end.
fn count_share(files: &[(PathBuf, u64)], share: Range<u64>) -> Result<Counts, FileError> {
    let mut counts = Counts::new();
    let mut begin = 0;
    for (path, len) in files {
        let within = |at: u64| at.clamp(begin, begin + len) - begin;
        let range = within(share.start)..within(share.end);
        if !range.is_empty() {
            count_range(path, range, &mut counts).map_err(|error| FileError::new(path, error))?;
        }
        begin += len;
    }
    Ok(counts)
}

/// Counts the words of one file that begin in `range`: one that goes on beyond its end is read to its end, and one
/// that began before it, which the byte in front of it tells, belongs to somebody else.
fn count_range(path: &Path, range: Range<u64>, counts: &mut Counts) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut at = range.start.saturating_sub(1);
    file.seek(SeekFrom::Start(at))?;
    let mut word = Vec::new();
    let mut end_word = |word: &mut Vec<u8>, end: u64| {
        if !word.is_empty() && range.contains(&(end - word.len() as u64)) {
            *counts.entry(String::from_utf8_lossy(word).into_owned()).or_default() += 1;
        }
        word.clear();
    };
    for byte in BufReader::new(file).bytes() {
        let byte = byte?;
        if is_letter(byte) {
            word.push(byte.to_ascii_lowercase());
        } else {
            end_word(&mut word, at);
            if at >= range.end {
                break;
            }
        }
        at += 1;
    }
    end_word(&mut word, at);
    Ok(())
}

/// Whether a byte is part of a word: ASCII letters, digits and `_`, and all of any other character.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// A file named on the command line, with its length in bytes.
fn input_file(path: PathBuf) -> Result<(PathBuf, u64), FileError> {
    match std::fs::metadata(&path) {
        Ok(found) if found.is_file() => Ok((path, found.len())),
        Ok(_) => Err(FileError::new(&path, "not a file")),
        Err(error) => Err(FileError::new(&path, error)),
    }
}

#[mesh::main]
async fn main(cx: &Client) -> mesh::Result<ExitCode> {
    let paths = std::env::args_os().skip(1).map(PathBuf::from);
    let files = paths.map(input_file).collect::<Result<Vec<_>, _>>()?;
    if files.is_empty() {
        eprintln!("usage: word_count FILE…");
        return Ok(ExitCode::from(2));
    }
    let number_of_files = files.len();
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = WORKERS)).await?;
    let counters = procs.spawn(cx, "counters", WordCounter::spec(files)).await?;

    let counts = counters.count().reduce(Merge).call(cx).await??; // the network's error, then the file's

    let total: u64 = counts.values().sum();
    println!("{total} words, {} different, in {number_of_files} files", counts.len());
    let mut by_count: Vec<_> = counts.into_iter().collect();
    by_count.sort_by(|(a, m), (b, n)| n.cmp(m).then(a.cmp(b)));
    for (word, count) in by_count.iter().take(TOP) {
        println!("{count:8} {word}");
    }
    Ok(ExitCode::SUCCESS)
}
