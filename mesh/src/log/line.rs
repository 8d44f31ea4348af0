//! Cuts a byte stream into lines of bounded length. Pure.

/// The longest line in bytes; a longer one is cut into pieces, at a character where it is UTF-8.
pub const LINE_LEN_MAX: usize = 4096;

/// The unfinished line of one stream.
#[derive(Debug, Default)]
pub(super) struct LineCutter {
    rest: Vec<u8>,
    /// Whether a piece of the current line was given out already.
    continued: bool,
}

impl LineCutter {
    /// Takes the next bytes and gives out every line they finish, without its line end.
    pub(super) fn push(&mut self, bytes: &[u8], mut emit: impl FnMut(&[u8])) {
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
                emit(&self.rest[..cut]);
                self.rest.drain(..cut);
                self.continued = true;
            }
            self.rest.extend_from_slice(body);
            if ended {
                self.end_line(&mut emit);
            }
        }
    }

    /// Gives out what is left, at the end of the stream.
    pub(super) fn finish(&mut self, mut emit: impl FnMut(&[u8])) {
        if !self.rest.is_empty() {
            self.end_line(&mut emit);
        }
    }

    fn end_line(&mut self, emit: &mut impl FnMut(&[u8])) {
        let line = self.rest.strip_suffix(b"\r").unwrap_or(&self.rest);
        if !(line.is_empty() && self.continued) {
            emit(line);
        }
        self.rest.clear();
        self.continued = false;
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
