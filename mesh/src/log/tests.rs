use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use tokio::io::AsyncWriteExt;

use super::line::LineCutter;
use super::*;

/// As by default.
const STDERR_TAIL_LINES: usize = 20;

fn cut(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    let mut cutter = LineCutter::default();
    for chunk in chunks {
        cutter.push(chunk, |line| lines.push(line.to_vec()));
    }
    cutter.finish(|line| lines.push(line.to_vec()));
    lines
}

#[track_caller]
fn check(chunks: &[&str], want: &[&str]) {
    let chunks: Vec<&[u8]> = chunks.iter().map(|chunk| chunk.as_bytes()).collect();
    let lines: Vec<String> = cut(&chunks).into_iter().map(|line| String::from_utf8(line).unwrap()).collect();
    assert_eq!(lines, want);
}

#[test]
fn line_may_come_in_chunks() {
    check(&["on", "e\ntw", "o\n"], &["one", "two"]);
}

#[test]
fn empty_lines_are_lines() {
    check(&["\n\n", "a\n"], &["", "", "a"]);
}

#[test]
fn carriage_return_before_the_line_end_is_part_of_it() {
    check(&["a\r\n", "b\rc\r", "\n"], &["a", "b\rc"]);
}

#[test]
fn unfinished_last_line_is_forwarded() {
    check(&["a\nb"], &["a", "b"]);
    check(&[""], &[]);
}

#[test]
fn line_of_the_bound_is_one_line_and_a_longer_one_two() {
    let exact = "x".repeat(LINE_LEN_MAX);
    check(&[&exact, "\n"], &[&exact]);
    check(&[&exact, "\r\n", "b\n"], &[&exact, "b"]);
    check(&[&exact, "yz\n"], &[&exact, "yz"]);
    check(&[&format!("{exact}{exact}yz")], &[&exact, &exact, "yz"]);
}

#[test]
fn long_line_is_cut_between_characters() {
    let text = format!("x{}", "€".repeat(2 * LINE_LEN_MAX / 3));
    let lines = cut(&[text.as_bytes()]);
    let lines: Vec<&str> = lines.iter().map(|line| std::str::from_utf8(line).unwrap()).collect();
    assert_eq!(lines.concat(), text);
    assert!(lines.iter().all(|line| line.len() <= LINE_LEN_MAX));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// `LOG-1`: whatever the chunks, the pieces are the stream, and none is too long.
    #[test]
    fn nothing_is_lost(
        chunks in prop::collection::vec(prop::collection::vec(prop_oneof![4 => Just(b'x'), 1 => any::<u8>()], 0..6000), 0..8),
    ) {
        let whole: Vec<u8> = chunks.concat();
        let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
        let lines = cut(&chunks);
        prop_assert!(lines.iter().all(|line| line.len() <= LINE_LEN_MAX));
        let without_ends = |bytes: &[u8]| -> Vec<u8> {
            bytes.iter().copied().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect()
        };
        prop_assert_eq!(without_ends(&lines.concat()), without_ends(&whole));
    }
}

#[tokio::test(start_paused = true)]
async fn pump_names_and_replaces() {
    let (sink, log) = LogSink::memory();
    let tail = StderrTail::new(STDERR_TAIL_LINES);
    pump(&b"good\nb\xffd\nend"[..], "workers/3", StreamKind::Stderr, &sink, Some(&tail)).await;
    let lines: Vec<String> = log.lines().iter().map(LogLine::to_string).collect();
    assert_eq!(lines, ["[workers/3] good", "[workers/3] b\u{fffd}d", "[workers/3] end"]);
    assert_eq!(tail.lines(), ["good", "b\u{fffd}d", "end"]);
    assert!(log.lines().iter().all(|line| line.stream == StreamKind::Stderr));
}

#[tokio::test(start_paused = true)]
async fn dropped_pump_forwards_the_unfinished_line() {
    let (sink, log) = LogSink::memory();
    let (mut writer, reader) = tokio::io::duplex(64);
    writer.write_all(b"a\nunfinished").await.unwrap();
    let pumping = pump(reader, "p", StreamKind::Stdout, &sink, None);
    tokio::time::timeout(std::time::Duration::from_secs(1), pumping)
        .await
        .expect_err("the writer is still open");
    assert_eq!(log.lines().iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["a", "unfinished"]);
}

struct Broken(Arc<AtomicUsize>);

impl LogWriter for Broken {
    fn write_line(&self, _line: LogLine) -> io::Result<()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

#[tokio::test(start_paused = true)]
async fn failing_sink_does_not_stop_the_pump() {
    let count = Arc::new(AtomicUsize::new(0));
    let (mut writer, reader) = tokio::io::duplex(16);
    let writing = tokio::spawn(async move {
        for _ in 0..1000 {
            writer.write_all(b"a line of output\n").await.expect("the pump reads on");
        }
    });
    let tail = StderrTail::new(STDERR_TAIL_LINES);
    pump(reader, "p", StreamKind::Stderr, &LogSink::new(Broken(count.clone())), Some(&tail)).await;
    writing.await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 1000);
    assert_eq!(tail.lines().len(), STDERR_TAIL_LINES);
}

#[test]
fn tail_keeps_the_last_lines() {
    let tail = StderrTail::new(STDERR_TAIL_LINES);
    for number in 0..STDERR_TAIL_LINES + 5 {
        tail.push(&number.to_string());
    }
    assert_eq!(tail.lines().first().map(String::as_str), Some("5"));
    assert_eq!(tail.lines().len(), STDERR_TAIL_LINES);
}
