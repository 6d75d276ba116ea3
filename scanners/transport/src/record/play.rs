//! Playing a recording.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use scan_contract::{Cause, Instant};
use sha2::{Digest, Sha256};

use super::line::{Answered, End, Exchange, FORMAT, Header, VERSION};
use super::{failed, file_of, key};
use crate::allow::Operation;
use crate::reply::Reply;
use crate::request::Request;
use crate::settings::Limits;

/// Longest line, in bytes: a body at its limit, escaped.
const LONGEST: u64 = 256 * 1024 * 1024;

/// A recording that is whole and belongs to this system. Only the places of the answers are held in memory.
pub(crate) struct Player {
    path: PathBuf,
    file: File,
    recorded_at: Instant,
    answers: Mutex<HashMap<[u8; 32], Answers>>,
}

/// The answers to one request, in the order they came.
#[derive(Default)]
struct Answers {
    places: Vec<Place>,
    next: usize,
}

#[derive(Clone, Copy)]
struct Place {
    offset: u64,
    length: usize,
}

impl Player {
    /// Opens the recording of `system`, and reads it once to see that it is whole.
    pub(crate) fn open(folder: &Path, system: &str, connector: &str) -> Result<Self, Cause> {
        let path = file_of(folder, system)?;
        let file = File::open(&path).map_err(|error| failed("open recording", &path, &error))?;
        let reading = file.try_clone().map_err(|error| failed("open recording", &path, &error))?;
        let mut lines =
            Lines { path: &path, reader: BufReader::new(reading), digest: Sha256::new(), number: 0, offset: 0 };
        let header = lines.next()?.ok_or_else(|| lines.cut("it is empty"))?;
        let recorded_at = check_header(&lines, &header.bytes, system, connector)?;
        let mut answers: HashMap<[u8; 32], Answers> = HashMap::new();
        loop {
            let before = (lines.digest.clone(), lines.number);
            let line = lines.next()?.ok_or_else(|| lines.cut("the end line is missing"))?;
            if line.bytes.starts_with(br#"{"end":"#) {
                check_end(&mut lines, &line.bytes, before)?;
                return Ok(Self { path, file, recorded_at, answers: Mutex::new(answers) });
            }
            let exchange: Exchange =
                serde_json::from_slice(&line.bytes).map_err(|_| lines.malformed("it is not a line of a recording"))?;
            let key = key::digest(&exchange.request).map_err(|_| lines.malformed("a request that cannot be read"))?;
            answers.entry(key).or_default().places.push(line.place);
        }
    }

    /// When it was begun.
    pub(crate) fn recorded_at(&self) -> Instant {
        self.recorded_at
    }

    /// What came back for `request`: in recorded order, and the last one again and again.
    pub(crate) fn answer(
        &self,
        operation: &Operation,
        request: &Request,
        account: Option<&str>,
        limits: Limits,
    ) -> Result<Reply, Cause> {
        let asked = key::asked(operation, request, account);
        let key = key::digest(&asked).map_err(|_| self.damaged("a request that cannot be read"))?;
        let place = self.place_of(&key).ok_or_else(|| Cause::NotInSource {
            what: format!("{}: the recording does not hold this request", operation.name),
        })?;
        let mut bytes = vec![0; place.length];
        self.file
            .read_exact_at(&mut bytes, place.offset)
            .map_err(|error| failed("read recording", &self.path, &error))?;
        let exchange: Exchange =
            serde_json::from_slice(&bytes).map_err(|_| self.damaged("it has changed since it was opened"))?;
        match (exchange.reply, exchange.failed) {
            (Some(answered), None) => self.reply(operation, request, answered, limits),
            (None, Some(cause)) => Err(cause),
            _ => Err(self.damaged("a line without exactly one answer")),
        }
    }

    fn place_of(&self, key: &[u8; 32]) -> Option<Place> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = answers.get_mut(key)?;
        let place = answers.places.get(answers.next).or_else(|| answers.places.last()).copied();
        answers.next = answers.next.saturating_add(1);
        place
    }

    fn reply(
        &self,
        operation: &Operation,
        request: &Request,
        answered: Answered,
        limits: Limits,
    ) -> Result<Reply, Cause> {
        let mut headers = HeaderMap::new();
        for (name, value) in answered.headers {
            let name = HeaderName::try_from(name).map_err(|_| self.damaged("a header that is none"))?;
            let value = HeaderValue::try_from(value).map_err(|_| self.damaged("a header that is none"))?;
            headers.insert(name, value);
        }
        let status = StatusCode::from_u16(answered.status).map_err(|_| self.damaged("a status that is none"))?;
        let body = Bytes::from(answered.body);
        let name = operation.name;
        Ok(Reply { status, headers, body, at: answered.at, operation: name, url: request.url.clone(), limits })
    }

    fn damaged(&self, what: &str) -> Cause {
        Cause::Malformed { what: format!("recording {}: {what}", self.path.display()) }
    }
}

fn check_header(lines: &Lines<'_>, line: &[u8], system: &str, connector: &str) -> Result<Instant, Cause> {
    let header: Header =
        serde_json::from_slice(line).map_err(|_| lines.malformed("it is not the first line of a recording"))?;
    if header.format != FORMAT {
        return Err(lines.malformed("it is not the first line of a recording"));
    }
    if header.version != VERSION {
        let what = format!("a recording of version {}; this program reads version {VERSION}", header.version);
        return Err(Cause::NotSupported { what });
    }
    if header.system != system || header.connector != connector {
        return Err(Cause::WrongSystem {
            declared: format!("{system} ({connector})"),
            found: format!("{:?} ({:?}) in the recording", shortened(&header.system), shortened(&header.connector)),
        });
    }
    Ok(header.recorded_at)
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

fn check_end(lines: &mut Lines<'_>, line: &[u8], (digest, number): (Sha256, u64)) -> Result<(), Cause> {
    let end: End = serde_json::from_slice(line).map_err(|_| lines.malformed("it is not an end line"))?;
    let found = HEXLOWER.encode(&digest.finalize());
    if end.end.lines != number {
        let what = format!("recording {}", lines.path.display());
        return Err(Cause::CountDiffers { what, announced: end.end.lines, found: number });
    }
    if end.end.sha256 != found {
        return Err(Cause::DigestDiffers { what: format!("recording {}", lines.path.display()) });
    }
    if lines.next()?.is_some() {
        return Err(lines.malformed("something stands after the end line"));
    }
    Ok(())
}

struct Lines<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    digest: Sha256,
    number: u64,
    offset: u64,
}

struct Line {
    bytes: Vec<u8>,
    place: Place,
}

impl Lines<'_> {
    /// The next line without its end; `None` after the last.
    fn next(&mut self) -> Result<Option<Line>, Cause> {
        let mut bytes = Vec::new();
        let mut reader = std::io::Read::take(&mut self.reader, LONGEST);
        let length =
            reader.read_until(b'\n', &mut bytes).map_err(|error| failed("read recording", self.path, &error))?;
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        if bytes.last() != Some(&b'\n') {
            return Err(self.cut("the last line has no end"));
        }
        self.digest.update(&bytes);
        bytes.pop();
        let place = Place { offset: self.offset, length: bytes.len() };
        self.offset += length as u64;
        Ok(Some(Line { bytes, place }))
    }

    fn cut(&self, says: &str) -> Cause {
        Cause::CutOff { what: format!("recording {}: {says} after line {}", self.path.display(), self.number) }
    }

    fn malformed(&self, says: &str) -> Cause {
        Cause::Malformed { what: format!("recording {}, line {}: {says}", self.path.display(), self.number) }
    }
}
