use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use tokio::io::AsyncWriteExt;

use super::line::{LineCutter, Piece};
use super::record::Record;
use super::*;

/// As by default.
const STDERR_TAIL_LINES: usize = 20;

fn cut(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    let mut cutter = LineCutter::default();
    // As the pump does, with records that do not decode.
    for part in chunks.iter().flat_map(|chunk| chunk.split_inclusive(|byte| *byte == b'\n')) {
        let mut foreign = None;
        cutter.push(part, |piece| match piece {
            Piece::Line(line) => lines.push(line.to_vec()),
            Piece::Record(record) => foreign = Some(record.to_vec()),
        });
        if let Some(record) = foreign {
            cutter.push_foreign(&record, |piece| lines.extend(line_of(piece)));
        }
    }
    cutter.finish(|piece| lines.extend(line_of(piece)));
    lines
}

fn line_of(piece: Piece<'_>) -> Option<Vec<u8>> {
    match piece {
        Piece::Line(line) => Some(line.to_vec()),
        Piece::Record(record) => panic!("there are none: {record:?}"),
    }
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

fn said(log: &MemoryLog) -> Vec<String> {
    log.lines().iter().map(LogLine::to_string).collect()
}

fn some_event() -> LogEvent {
    LogEvent {
        proc: String::new(),
        level: EventLevel::Warn,
        target: "app::part".to_owned(),
        spans: vec!["load{file=\"a\"}".to_owned()],
        fields: vec![
            ("message".to_owned(), FieldValue::Shown("two\nlines \u{1e}\u{1d}".to_owned())),
            ("count".to_owned(), FieldValue::U64(3)),
            ("name".to_owned(), FieldValue::Text("n".to_owned())),
        ],
    }
}

fn port() -> crate::request::PortRef<StreamKind> {
    use crate::addr::{Location, PortAddr, ProcAddr};
    use crate::ident::{GatewayId, ProcId, Uid};
    let at = Arc::new(Location { gateway: GatewayId { uid: Uid(10), incarnation: 13 }, door: None });
    let proc = ProcAddr { id: ProcId::single(Uid(30), "p".into()), at };
    crate::request::PortRef::new(PortAddr { proc, port: 10 }, 13)
}

#[test]
fn records_survive_the_pipe_whatever_is_in_them() {
    let line = LogLine { prefix: "w/1".into(), stream: StreamKind::Stderr, text: "\r\n\u{1e}\u{1d}e".into() };
    let mark = LogMark { stream: StreamKind::Stdout, port: port() };
    for record in [Record::Line(line), Record::Event(some_event()), Record::Mark(mark)] {
        let bytes = record.encode().unwrap();
        assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1);
        let inner = bytes[1..].strip_suffix(b"\n").unwrap();
        assert_eq!(Record::decode(inner), Some(record));
        assert_eq!(Record::decode(&inner[..inner.len() - 1]), None);
    }
}

/// Reads `bytes` in pieces of `len`.
async fn pumped(bytes: &[u8], len: usize) -> Vec<String> {
    let (sink, log) = LogSink::memory();
    let (mut writer, reader) = tokio::io::duplex(len);
    let write = async {
        writer.write_all(bytes).await.unwrap();
        drop(writer);
    };
    tokio::join!(write, pump(reader, "w/0", StreamKind::Stdout, &sink, None));
    said(&log)
}

#[tokio::test(start_paused = true)]
async fn record_in_the_middle_of_a_line_does_not_cut_it() {
    let further = LogLine { prefix: "w/7".into(), stream: StreamKind::Stdout, text: "from below".into() };
    let bytes = [b"ab", &*Record::Line(further).encode().unwrap(), b"cd\n"].concat();
    for len in 1..bytes.len() {
        assert_eq!(pumped(&bytes, len).await, ["[w/7] from below", "[w/0] abcd"]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_looks_like_a_record_is_text() {
    let bytes = b"a\x1e{\"json\":1}\nb\x1emeshy\x1eand\nc\x1e";
    for len in 1..bytes.len() {
        let want = ["[w/0] a\u{1e}{\"json\":1}", "[w/0] b\u{1e}meshy\u{1e}and", "[w/0] c\u{1e}"];
        assert_eq!(pumped(bytes, len).await, want);
    }
    let long = ["\u{1e}mesh", &"x".repeat(3 * RECORD_LEN_MAX), "\nend"].concat();
    let lines = pumped(long.as_bytes(), 4096).await;
    assert_eq!(lines.last().unwrap(), "[w/0] end");
    let text: String = lines[..lines.len() - 1].iter().map(|line| &line["[w/0] ".len()..]).collect();
    assert_eq!(text, long.trim_end_matches("\nend"));
}

/// `LOG-4`: what was written before a mark is shown when it is answered, an unfinished line included.
#[tokio::test(start_paused = true)]
async fn mark_is_answered_behind_all_that_was_written_before_it() {
    let (sink, log) = LogSink::memory();
    let shown = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (seen, at) = (log.clone(), shown.clone());
    let sink = sink
        .folded(std::time::Duration::from_secs(60))
        .answering(move |mark| at.lock().unwrap().push((mark.stream, said(&seen))));
    let mark = Record::Mark(LogMark { stream: StreamKind::Stdout, port: port() }).encode().unwrap();
    let bytes = [b"one\nunfin", &*mark, b"ished\n"].concat();
    pump(&bytes[..], "w/0", StreamKind::Stdout, &sink, None).await;
    let want = vec!["[w/0] one".to_owned(), "[w/0] unfin".to_owned()];
    assert_eq!(*shown.lock().unwrap(), [(StreamKind::Stdout, want)]);
    drop(sink);
    assert_eq!(said(&log), ["[w/0] one", "[w/0] unfin", "[w/0] ished"]);
}

#[tokio::test(start_paused = true)]
async fn lines_alike_but_for_their_numbers_are_shown_as_one() {
    let (memory, log) = LogSink::memory();
    let sink = memory.folded(std::time::Duration::from_secs(1));
    for rank in [0, 1, 2, 5] {
        sink.line(&format!("w/{rank}"), StreamKind::Stdout, &format!("step 7 of rank {rank}, 0.{rank}1 s"));
        sink.line(&format!("w/{rank}"), StreamKind::Stdout, "ready on port 80");
    }
    sink.line("w/1", StreamKind::Stderr, "ready on port 80");
    sink.line("single", StreamKind::Stdout, "step 7");
    sink.line("single", StreamKind::Stdout, "step 7");
    assert_eq!(said(&log), [""; 0]);
    tokio::time::sleep(std::time::Duration::from_millis(1001)).await;
    let want = [
        "[w/0-2,5 ×4] step 7 of rank #, 0.# s",
        "[w/0-2,5 ×4] ready on port 80",
        "[w/1] ready on port 80",
        "[single ×2] step 7",
    ];
    assert_eq!(said(&log), want);
    // Nothing is held for longer, and a line alone is as it was.
    sink.line("w/3", StreamKind::Stdout, "at 12:30");
    tokio::time::sleep(std::time::Duration::from_millis(1001)).await;
    assert_eq!(said(&log)[4..], ["[w/3] at 12:30"]);
}

#[test]
fn folded_lines_are_shown_at_once_without_a_runtime_and_bounded_with_one() {
    let (memory, log) = LogSink::memory();
    let sink = memory.folded(std::time::Duration::from_secs(1));
    sink.line("w/0", StreamKind::Stdout, "alone");
    assert_eq!(said(&log), ["[w/0] alone"]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for n in 0..5000 {
            sink.line("w/0", StreamKind::Stdout, &"x".repeat(n));
        }
    });
    assert!(log.lines().len() > 4000 && log.lines().len() < 5001, "{}", log.lines().len());
    sink.flush();
    assert_eq!(log.lines().len(), 5001);
}

#[test]
fn each_output_of_each_proc_has_a_file() {
    let dir =
        std::env::temp_dir().join(format!("mesh-log-{:x}", crate::clock::Entropy::from_os().next_u64()));
    let (memory, log) = LogSink::memory();
    let sink = memory.with_files(dir.join("deep")).unwrap();
    sink.line("w/0", StreamKind::Stdout, "one");
    sink.line("w/0", StreamKind::Stdout, "two");
    sink.line("w/0", StreamKind::Stderr, "oh");
    sink.line("../../w/1", StreamKind::Stdout, "elsewhere");
    sink.record("w/1", Record::Event(some_event()));
    for rank in 2..600 {
        sink.line(&format!("w/{rank}"), StreamKind::Stdout, "many");
        sink.line("w/0", StreamKind::Stdout, "more");
    }
    let read = |name: &str| std::fs::read_to_string(dir.join("deep").join(name)).unwrap();
    assert!(read("w-0.stdout.log").starts_with("one\ntwo\nmore\nmore\n"));
    assert_eq!(read("w-0.stdout.log").lines().count(), 600);
    assert_eq!(read("w-0.stderr.log"), "oh\n");
    assert_eq!(read("..-..-w-1.stdout.log"), "elsewhere\n");
    assert!(read("w-1.stderr.log").contains("load{file=\"a\"}: app::part: two"));
    assert_eq!(log.lines().len(), 1201);
    std::fs::remove_dir_all(&dir).unwrap();
}

/// A reader that takes nothing holds the child at its pipe: what is kept of a line without an end is bounded.
#[tokio::test(start_paused = true)]
async fn flood_without_a_line_end_is_cut_and_none_of_it_is_lost() {
    struct Count(Arc<AtomicUsize>);
    impl LogWriter for Count {
        fn write_line(&self, line: LogLine) -> io::Result<()> {
            assert!(line.text.len() <= LINE_LEN_MAX);
            self.0.fetch_add(line.text.len(), Ordering::Relaxed);
            Ok(())
        }
    }
    let count = Arc::new(AtomicUsize::new(0));
    let sink = LogSink::new(Count(count.clone()));
    let (mut writer, reader) = tokio::io::duplex(1 << 16);
    let flood = async {
        for _ in 0..256 {
            writer.write_all(&[b'x'; 1 << 16]).await.unwrap();
        }
        drop(writer);
    };
    tokio::join!(flood, pump(reader, "p", StreamKind::Stdout, &sink, None));
    assert_eq!(count.load(Ordering::Relaxed), 1 << 24);
}
