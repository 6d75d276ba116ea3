//! What can go wrong with one answer.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::answer::Answer;
use super::asked::Asked;
use super::body::Piece;

type Change = Arc<dyn Fn(&Asked, Answer) -> Answer + Send + Sync>;

/// What a fault does to the answer it meets. Several that meet one request act in the order they were planted.
#[derive(Clone)]
pub enum Damage {
    /// Another answer in the place of the stub's, which is not asked.
    Reply(Answer),
    /// The stub's answer, changed.
    Change(Change),
    /// The answer that the same request got the first time after this was planted, whatever has changed since: a list
    /// that lags.
    Stale,
    /// The answer is late by so much.
    Delay(Duration),
    /// The connection is closed in good order after so many bytes of the body, though more were announced.
    CutAt(usize),
    /// The same at a fraction of the body: numerator, denominator.
    CutAtFraction(usize, usize),
    /// The body is chunked, and the connection is closed after so many bytes without the last chunk.
    NoLastChunk(usize),
    /// The connection is reset before the first byte of the answer.
    Reset,
    /// The connection is reset after so many bytes of the body.
    ResetAfter(usize),
    /// Bytes of the body come in pieces of this size with this long between them.
    Drip {
        /// Bytes in each piece.
        bytes: usize,
        /// Time between two pieces.
        every: Duration,
    },
    /// Headers come, then so many bytes of the body, then nothing at all while the connection stays open.
    StallAfter(usize),
    /// Nothing comes at all while the connection stays open.
    Silence,
    /// `Content-Length` is wrong by so much. Too long: the connection closes before. Too short: the rest is lost.
    WrongLength(i64),
    /// A small gzip body that unpacks to one JSON string of so many bytes.
    GzipBomb(u64),
    /// A JSON string of so many bytes, sent as it is made.
    HugeBody(u64),
    /// JSON arrays inside each other, so many levels.
    DeepJson(usize),
    /// Gzip that ends in its middle, with a right `Content-Length`.
    CutGzip,
}

impl std::fmt::Debug for Damage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.shown())
    }
}

impl Damage {
    /// Another status with a JSON body.
    pub fn status(status: u16) -> Self {
        Self::Reply(Answer::json(&serde_json::json!({"message": "no"})).of(status))
    }

    /// A change of the stub's answer.
    pub fn change(change: impl Fn(&Asked, Answer) -> Answer + Send + Sync + 'static) -> Self {
        Self::Change(Arc::new(change))
    }

    /// One header, in the place of any of that name.
    pub fn header(name: &str, value: &str) -> Self {
        let (name, value) = (String::from(name), String::from(value));
        Self::change(move |_, answer| answer.with_only(&name, &value))
    }

    /// The answer says that it was made at this time.
    pub fn date(at: DateTime<Utc>) -> Self {
        Self::header("date", &http_date(at))
    }

    /// A redirect to this address.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::Reply(Answer::status(status).with("location", location))
    }

    /// `Link: <address>; rel="next"`: for links to other origins, and for a page that links to itself.
    pub fn next_link(address: &str) -> Self {
        Self::header("link", &format!("<{address}>; rel=\"next\""))
    }

    /// A login page with status 200.
    pub fn login_page() -> Self {
        Self::Reply(Answer::html("<!doctype html><title>Sign in</title><form method=post><input name=password></form>"))
    }

    /// The order of the JSON array at this pointer (`""` for the whole body) is turned round.
    pub fn reversed(pointer: &str) -> Self {
        let pointer = String::from(pointer);
        Self::change(move |_, answer| {
            answer.edit(|value| {
                if let Some(serde_json::Value::Array(items)) = value.pointer_mut(&pointer) {
                    items.reverse();
                }
            })
        })
    }

    /// The JSON array at this pointer is empty; everything else, the cursor included, stays.
    pub fn emptied(pointer: &str) -> Self {
        let pointer = String::from(pointer);
        Self::change(move |_, answer| {
            answer.edit(|value| {
                if let Some(serde_json::Value::Array(items)) = value.pointer_mut(&pointer) {
                    items.clear();
                }
            })
        })
    }

    /// The value at this pointer is replaced: a cursor handed out again, a total that is wrong, a status word nobody
    /// knows.
    pub fn set(pointer: &str, to: serde_json::Value) -> Self {
        let pointer = String::from(pointer);
        Self::change(move |_, answer| {
            let to = to.clone();
            answer.edit(|value| {
                if let Some(place) = value.pointer_mut(&pointer) {
                    *place = to;
                }
            })
        })
    }

    /// A word for messages.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Reply(answer) => format!("status {}", answer.status),
            Self::Change(_) => String::from("changed answer"),
            Self::Stale => String::from("stale answer"),
            Self::Delay(by) => format!("late by {by:?}"),
            Self::CutAt(at) => format!("cut at {at}"),
            Self::CutAtFraction(of, all) => format!("cut at {of}/{all}"),
            Self::NoLastChunk(at) => format!("no last chunk after {at}"),
            Self::Reset => String::from("reset"),
            Self::ResetAfter(at) => format!("reset after {at}"),
            Self::Drip { bytes, every } => format!("{bytes} bytes every {every:?}"),
            Self::StallAfter(at) => format!("stalled after {at}"),
            Self::Silence => String::from("silence"),
            Self::WrongLength(by) => format!("length wrong by {by}"),
            Self::GzipBomb(bytes) => format!("gzip bomb of {bytes}"),
            Self::HugeBody(bytes) => format!("body of {bytes}"),
            Self::DeepJson(levels) => format!("{levels} levels"),
            Self::CutGzip => String::from("cut gzip"),
        }
    }
}

/// How an answer goes out.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) answer: Answer,
    pub(super) before: Duration,
    /// What goes out in the place of the plain body.
    pub(super) pieces: Option<Vec<Piece>>,
    /// `None`: no length is announced, so that the body is chunked.
    pub(super) length: Option<u64>,
    pub(super) at_once: Option<Sudden>,
}

/// Ends without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sudden {
    Reset,
    Silence,
}

impl Plan {
    pub(super) fn whole(answer: Answer) -> Self {
        let length = Some(answer.body.len() as u64);
        Self { answer, before: Duration::ZERO, pieces: None, length, at_once: None }
    }

    fn send(&mut self, pieces: Vec<Piece>) {
        self.pieces = Some(pieces);
    }

    fn head(&self, bytes: usize) -> Piece {
        Piece::Data(self.answer.body.slice(..bytes.min(self.answer.body.len())))
    }

    /// Adds what `damage` does to the way of the answer; changes of the answer itself were made before.
    pub(super) fn apply(&mut self, damage: &Damage) {
        let all = self.answer.body.len();
        match damage {
            Damage::Reply(_) | Damage::Change(_) | Damage::Stale => {}
            Damage::Delay(by) => self.before += *by,
            Damage::CutAt(at) => self.send(vec![self.head(*at), Piece::Close]),
            Damage::CutAtFraction(of, parts) => {
                self.send(vec![self.head(all * of / (*parts).max(1)), Piece::Close]);
            }
            Damage::NoLastChunk(at) => {
                self.length = None;
                self.send(vec![self.head(*at), Piece::Close]);
            }
            Damage::Reset => self.at_once = Some(Sudden::Reset),
            Damage::Silence => self.at_once = Some(Sudden::Silence),
            Damage::ResetAfter(at) => self.send(vec![self.head(*at), Piece::Reset]),
            Damage::Drip { bytes, every } => {
                let mut pieces = Vec::new();
                let mut at = 0;
                while at < all {
                    let end = (at + (*bytes).max(1)).min(all);
                    pieces.push(Piece::Data(self.answer.body.slice(at..end)));
                    pieces.push(Piece::Wait(*every));
                    at = end;
                }
                self.send(pieces);
            }
            Damage::StallAfter(at) => self.send(vec![self.head(*at), Piece::Stall]),
            Damage::WrongLength(by) => {
                self.length = Some((all as u64).saturating_add_signed(*by));
                let mut pieces = vec![self.head(all)];
                if *by > 0 {
                    pieces.push(Piece::Close);
                }
                self.send(pieces);
            }
            Damage::GzipBomb(bytes) => {
                self.replace(packed(*bytes));
                self.answer = self.answer.clone().with_only("content-encoding", "gzip");
            }
            Damage::HugeBody(bytes) => {
                self.length = Some(bytes + 2);
                self.send(vec![
                    Piece::Data(Bytes::from_static(b"\"")),
                    Piece::Repeat(Bytes::from(vec![b'a'; 64 * 1024]), *bytes),
                    Piece::Data(Bytes::from_static(b"\"")),
                ]);
            }
            Damage::DeepJson(levels) => {
                self.replace(Bytes::from(["[".repeat(*levels), "]".repeat(*levels)].concat()));
            }
            Damage::CutGzip => {
                let whole = gzip(&self.answer.body);
                self.replace(whole.slice(..whole.len() / 2));
                self.answer = self.answer.clone().with_only("content-encoding", "gzip");
            }
        }
    }

    fn replace(&mut self, body: Bytes) {
        self.length = Some(body.len() as u64);
        self.answer.body = body;
        self.pieces = None;
    }
}

/// An instant as HTTP writes it.
pub(super) fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Gzip of some bytes.
pub fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    Bytes::from(written.unwrap_or_default())
}

/// One JSON string of so many letters, packed.
fn packed(letters: u64) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let block = [b'a'; 16 * 1024];
    let mut written = encoder.write_all(b"\"");
    let mut left = letters;
    while left > 0 && written.is_ok() {
        let now = left.min(block.len() as u64);
        written = encoder.write_all(&block[..usize::try_from(now).unwrap_or(block.len())]);
        left -= now;
    }
    let finished = written.and_then(|()| encoder.write_all(b"\"")).and_then(|()| encoder.finish());
    Bytes::from(finished.unwrap_or_default())
}
