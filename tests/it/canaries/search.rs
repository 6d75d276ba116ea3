//! Looks for secrets in whatever came out, in every form in which a secret travels.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use data_encoding::{BASE64, BASE64URL, HEXLOWER};

/// A secret, and where it was planted.
#[derive(Debug, Clone)]
pub(crate) struct Canary {
    pub(crate) place: String,
    pub(crate) secret: Vec<u8>,
}

impl Canary {
    pub(crate) fn new(place: &str, secret: impl AsRef<[u8]>) -> Self {
        assert!(secret.as_ref().len() >= 16, "{place}: too short to be known again");
        Self { place: String::from(place), secret: secret.as_ref().to_vec() }
    }
}

/// Every form of a secret, by name. Those that are written in hex digits are in small letters.
pub(crate) fn forms(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let each = |before: &str, hex: &str| -> Vec<u8> {
        (0..hex.len() / 2).flat_map(|at| [before.as_bytes(), &hex.as_bytes()[2 * at..2 * at + 2]].concat()).collect()
    };
    let hex = HEXLOWER.encode(secret);
    let (first, last) = secret.split_at(secret.len() / 2);
    let mut forms = vec![
        ("plain", secret.to_vec()),
        ("its first half", first.to_vec()),
        ("its second half", last.to_vec()),
        ("hex", hex.clone().into_bytes()),
        ("percent-encoded", each("%", &hex)),
        ("JSON-escaped", each("\\u00", &hex)),
        ("UTF-16, little end first", secret.iter().flat_map(|byte| [*byte, 0]).collect()),
        ("UTF-16, big end first", secret.iter().flat_map(|byte| [0, *byte]).collect()),
    ];
    // Base64 of a text in which it begins at offset 0, 1 or 2: the letters that depend on nothing else.
    for offset in 0..3_usize {
        let mut padded = vec![0_u8; offset];
        padded.extend_from_slice(secret);
        padded.truncate(padded.len() / 3 * 3);
        let skip = if offset == 0 { 0 } else { 4 };
        for (name, letters) in [("base64", BASE64.encode(&padded)), ("base64url", BASE64URL.encode(&padded))] {
            forms.push((name, letters.as_bytes()[skip..].to_vec()));
        }
    }
    forms
}

/// Length of the beginnings by which a needle is looked up.
const HEAD: usize = 8;

fn head(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes[..HEAD].try_into().expect("eight bytes"))
}

struct Needle {
    canary: usize,
    form: &'static str,
    bytes: Vec<u8>,
}

/// Many secrets at once.
pub(crate) struct Search {
    canaries: Vec<Canary>,
    by_head: HashMap<u64, Vec<Needle>>,
}

impl Search {
    pub(crate) fn new(canaries: &[Canary]) -> Self {
        let mut by_head: HashMap<u64, Vec<Needle>> = HashMap::new();
        for (canary, one) in canaries.iter().enumerate() {
            for (form, bytes) in forms(&one.secret) {
                by_head.entry(head(&bytes)).or_default().push(Needle { canary, form, bytes });
            }
        }
        Self { canaries: canaries.to_vec(), by_head }
    }

    /// What is found in `bytes`, and in whatever is packed in them.
    pub(crate) fn leaks(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let mut found = self.find(place, bytes);
        for (at, plain) in unpacked(bytes) {
            found.extend(self.find(&format!("{place}, unpacked at {at}"), &plain));
        }
        found.sort();
        found.dedup();
        found
    }

    fn find(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let small = bytes.to_ascii_lowercase();
        let mut found = Vec::new();
        for text in [bytes, small.as_slice()] {
            for (at, window) in text.windows(HEAD).enumerate() {
                for needle in self.by_head.get(&head(window)).into_iter().flatten() {
                    if text[at..].starts_with(&needle.bytes) {
                        let planted = &self.canaries[needle.canary].place;
                        found.push(format!("{planted} shows in {place} ({})", needle.form));
                    }
                }
            }
        }
        found
    }
}

/// Frames of Zstandard and gzip wherever they begin, as far as they can be read.
fn unpacked(bytes: &[u8]) -> Vec<(usize, Vec<u8>)> {
    let mut found = Vec::new();
    for (at, window) in bytes.windows(4).enumerate() {
        let mut plain = Vec::new();
        let read = if window == [0x28, 0xb5, 0x2f, 0xfd] {
            zstd::Decoder::new(&bytes[at..]).and_then(|decoder| decoder.single_frame().read_to_end(&mut plain))
        } else if window[..3] == [0x1f, 0x8b, 0x08] {
            flate2::read::GzDecoder::new(&bytes[at..]).read_to_end(&mut plain)
        } else {
            continue;
        };
        // What begins like a frame and is none gives nothing, or as much as it gave before it broke off.
        if read.is_ok() || !plain.is_empty() {
            found.push((at, plain));
        }
    }
    found
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(next) = todo.pop() {
        let Ok(entries) = std::fs::read_dir(&next) else { continue };
        for entry in entries {
            let path = entry.expect("an entry").path();
            if path.is_dir() { todo.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// Every value of every table of a database: what is packed in one would be torn apart by its pages.
pub(crate) fn rows(database: &Path) -> Vec<u8> {
    use rusqlite::types::ValueRef;
    let mut all = Vec::new();
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let Ok(connection) = rusqlite::Connection::open_with_flags(database, flags) else { return all };
    let names = |connection: &rusqlite::Connection| -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'")?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    // A database that was damaged on purpose is searched as a file.
    let Ok(tables) = names(&connection) else { return all };
    for table in tables {
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\"")).expect("a table");
        let columns = statement.column_count();
        let mut rows = statement.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            for column in 0..columns {
                if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) = row.get_ref(column).expect("a value") {
                    all.extend_from_slice(bytes);
                    all.push(b'\n');
                }
            }
        }
    }
    all
}

#[test]
fn a_secret_is_found_in_every_form_and_its_twin_in_none() {
    let secret = b"cnryAbCdEfGhJkLmNpQrStUvWxYz2345";
    let search = Search::new(&[Canary::new("here", secret)]);
    let shows = |bytes: &[u8]| !search.leaks("a text", bytes).is_empty();
    let hex = HEXLOWER.encode(secret);
    for (name, bytes) in forms(secret) {
        assert!(shows(&[b"before ".as_slice(), &bytes, b" after"].concat()), "{name}");
    }
    assert!(shows(hex.to_uppercase().as_bytes()), "hex in capitals");
    for before in ["", "a", "ab", "abc", "user:"] {
        let text = [before.as_bytes(), secret, b"tail"].concat();
        assert!(shows(BASE64.encode(&text).as_bytes()) && shows(BASE64URL.encode(&text).as_bytes()), "{before:?}");
    }
    let packed = zstd::encode_all([b"x".repeat(100).as_slice(), secret].concat().as_slice(), 3).expect("packed");
    assert!(shows(&[b"a header\n".as_slice(), &packed, b"a tail"].concat()), "packed");
    for nothing in [b"nothing".as_slice(), b"cnryZZZZZZZZZZZZZZZZZZZZZZZZZZZZ", &secret[..12], b""] {
        assert!(!shows(nothing), "{:?}", String::from_utf8_lossy(nothing));
    }
}
