//! Cuts a byte stream into lines of bounded length, and takes the records out that stand between them. Pure.

use super::record::{RECORD_LEN_MAX, RECORD_MARK};

/// The longest line in bytes; a longer one is cut into pieces, at a character where it is UTF-8.
pub const LINE_LEN_MAX: usize = 4096;

/// What a stream is cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A line, or a part of a long one, without its line end.
    Line(&'a [u8]),
    /// A record, without its mark and its line end.
    Record(&'a [u8]),
}

/// The unfinished line of one stream, and the unfinished record in it.
#[derive(Debug, Default)]
pub(super) struct LineCutter {
    rest: Vec<u8>,
    /// Whether a piece of the current line was given out already.
    continued: bool,
    /// What has come of a record; it may begin in the middle of a line, which goes on after it.
    record: Option<Vec<u8>>,
}

impl LineCutter {
    /// Takes the next bytes and gives out every line and every record they finish.
    pub(super) fn push(&mut self, mut bytes: &[u8], mut emit: impl FnMut(Piece<'_>)) {
        while !bytes.is_empty() {
            match self.record.take() {
                Some(record) => bytes = self.push_record(record, bytes, &mut emit),
                None => {
                    let at = bytes.iter().position(|byte| *byte == RECORD_MARK).unwrap_or(bytes.len());
                    self.push_text(&bytes[..at], &mut emit);
                    if at < bytes.len() {
                        self.record = Some(Vec::new());
                    }
                    bytes = bytes.get(at + 1..).unwrap_or_default();
                }
            }
        }
    }

    /// Takes bytes of a record, and gives those behind it. What is no record is text.
    fn push_record<'b>(
        &mut self,
        mut record: Vec<u8>,
        bytes: &'b [u8],
        emit: &mut impl FnMut(Piece<'_>),
    ) -> &'b [u8] {
        let end = bytes.iter().position(|byte| matches!(*byte, b'\n' | RECORD_MARK));
        let at = end.unwrap_or(bytes.len());
        record.extend_from_slice(&bytes[..at]);
        match end.map(|at| bytes[at]) {
            Some(b'\n') if record.len() <= RECORD_LEN_MAX => {
                emit(Piece::Record(&record));
                &bytes[at + 1..]
            }
            None if record.len() <= RECORD_LEN_MAX => {
                self.record = Some(record);
                &[]
            }
            // Too long, or another begins in it.
            _ => {
                self.push_not_record(&record, emit);
                &bytes[at..]
            }
        }
    }

    /// Takes what looked like a record as the text it is.
    fn push_not_record(&mut self, record: &[u8], emit: &mut impl FnMut(Piece<'_>)) {
        self.push_text(&[RECORD_MARK], emit);
        self.push_text(record, emit);
    }

    /// Takes a record that does not decode as the text it is, with its line end.
    pub(super) fn push_foreign(&mut self, record: &[u8], mut emit: impl FnMut(Piece<'_>)) {
        self.push_not_record(record, &mut emit);
        self.push_text(b"\n", &mut emit);
    }

    fn push_text(&mut self, bytes: &[u8], emit: &mut impl FnMut(Piece<'_>)) {
        for chunk in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (mut body, ended) = match chunk.split_last() {
                Some((b'\n', body)) => (body, true),
                _ => (chunk, false),
            };
            while self.rest.len() + body.len() > LINE_LEN_MAX {
                let (taken, later) = body.split_at(LINE_LEN_MAX - self.rest.len());
                self.rest.extend_from_slice(taken);
                body = later;
                let cut = last_boundary(&self.rest);
                emit(Piece::Line(&self.rest[..cut]));
                self.rest.drain(..cut);
                self.continued = true;
            }
            self.rest.extend_from_slice(body);
            if ended {
                self.end_line(emit);
                self.continued = false;
            }
        }
    }

    /// Gives out what there is of an unfinished line; what follows of it is a line of its own.
    pub(super) fn flush(&mut self, mut emit: impl FnMut(Piece<'_>)) {
        if !self.rest.is_empty() {
            self.end_line(&mut emit);
            self.continued = true;
        }
    }

    /// Gives out what is left, at the end of the stream.
    pub(super) fn finish(&mut self, mut emit: impl FnMut(Piece<'_>)) {
        if let Some(record) = self.record.take() {
            self.push_not_record(&record, &mut emit);
        }
        self.flush(emit);
    }

    fn end_line(&mut self, emit: &mut impl FnMut(Piece<'_>)) {
        let line = self.rest.strip_suffix(b"\r").unwrap_or(&self.rest);
        if !(line.is_empty() && self.continued) {
            emit(Piece::Line(line));
        }
        self.rest.clear();
    }
}

/// Where to cut `bytes` so that a UTF-8 character at their end is not split; at least one byte is before it.
fn last_boundary(bytes: &[u8]) -> usize {
    const CHAR_LEN_MAX: usize = 4;
    let is_continuation = |byte: &u8| byte & 0b1100_0000 == 0b1000_0000;
    let Some(lead) = bytes.iter().rev().take(CHAR_LEN_MAX).position(|byte| !is_continuation(byte)) else {
        return bytes.len();
    };
    let at = bytes.len() - 1 - lead;
    let char_len = match bytes[at] {
        0b1100_0000..=0b1101_1111 => 2,
        0b1110_0000..=0b1110_1111 => 3,
        0b1111_0000..=0b1111_0111 => 4,
        _ => 1,
    };
    if at > 0 && bytes.len() - at < char_len { at } else { bytes.len() }
}
