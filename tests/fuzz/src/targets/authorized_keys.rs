//! Files of keys as sshd reads them.

use scan_ssh::fuzzing::{KeyLine, authorized_keys, plain_keys};
use sha2::{Digest, Sha256};
use ssh_key::public::KeyData;
use ssh_key::{HashAlg, PublicKey};

use crate::help::unseen::acts;

pub(super) const HOLDS: &str = "every line that is neither blank nor a comment is told exactly once, as a key or as unreadable; \
    whatever an independent reader takes for a key, also behind options, is told as that key";

pub(super) fn run(bytes: &[u8]) {
    let told = authorized_keys(bytes);
    check_lines(bytes, &told);
    check_lines(bytes, &plain_keys(bytes));
    for (number, line) in lines(bytes) {
        let found = told.iter().find(|told| told.line() == number);
        if let Some(expected) = keys_of(line) {
            let Some(KeyLine::Key { fingerprint, .. }) = found else {
                panic!("line {number} holds {expected} and is told as {found:?}: {:?}", String::from_utf8_lossy(line));
            };
            assert_eq!(*fingerprint, expected, "line {number}: {:?}", String::from_utf8_lossy(line));
        }
    }
}

/// Lines as sshd(8) cuts them: at line ends, up to a NUL, blanks before them skipped.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    bytes.split(|byte| *byte == b'\n').enumerate().map(|(index, line)| {
        let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
        (index + 1, skip_blanks(line))
    })
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()..]
}

fn check_lines(bytes: &[u8], told: &[KeyLine]) {
    let matter =
        |line: &[u8]| line.iter().any(|byte| !matches!(byte, b' ' | b'\t' | b'\r')) && line.first() != Some(&b'#');
    let expected: Vec<usize> = lines(bytes).filter(|(_, line)| matter(line)).map(|(number, _)| number).collect();
    assert_eq!(told.iter().map(KeyLine::line).collect::<Vec<_>>(), expected, "each line once, in order");
    for line in told {
        match line {
            KeyLine::Unreadable { why, .. } => assert!(!why.is_empty() && !why.chars().any(acts)),
            KeyLine::Key { fingerprint, comment, .. } => {
                assert!(fingerprint.starts_with("SHA256:") && fingerprint.len() == 50, "{fingerprint}");
                assert!(comment.chars().count() <= 200);
            }
        }
    }
}

/// The key of a line in the two places where sshd looks: at its start, and behind its options.
fn keys_of(line: &[u8]) -> Option<String> {
    if line.first() == Some(&b'#') {
        return None;
    }
    key_at(line).or_else(|| key_at(skip_blanks(behind_options(line)?)))
}

/// What follows the first blank outside quotes (sshd(8), "AUTHORIZED_KEYS FILE FORMAT").
fn behind_options(line: &[u8]) -> Option<&[u8]> {
    let mut quoted = false;
    let mut at = 0;
    while at < line.len() {
        match line[at] {
            b' ' | b'\t' if !quoted => return Some(&line[at..]),
            b'\\' if line.get(at + 1) == Some(&b'"') => at += 1,
            b'"' => quoted = !quoted,
            _ => {}
        }
        at += 1;
    }
    None
}

/// An Ed25519 key read by hand, any other by the library `ssh-key`.
fn key_at(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
    let (algorithm, blob) = (words.next()?, words.next()?);
    if algorithm == "ssh-ed25519" {
        let blob = base64(blob)?;
        let digest: [u8; 32] = Sha256::digest(&blob).into();
        let sound = blob.len() == 51 && blob.starts_with(b"\0\0\0\x0bssh-ed25519\0\0\0\x20");
        return sound.then(|| ssh_key::Fingerprint::Sha256(digest).to_string());
    }
    let key = PublicKey::from_openssh(&format!("{algorithm} {blob}")).ok()?;
    // The library takes lengths that sshd does not: what it would not write itself is no key for sure.
    let written = key.to_openssh().ok()?;
    if written.split(' ').nth(1) != Some(blob) {
        return None;
    }
    // Nor does sshd take a number below zero (`sshbuf_get_bignum2`); the library keeps it as it stands.
    let numbers = match key.key_data() {
        KeyData::Rsa(key) => vec![&key.e, &key.n],
        KeyData::Dsa(key) => vec![&key.p, &key.q, &key.g, &key.y],
        _ => Vec::new(),
    };
    if numbers.iter().any(|number| number.as_positive_bytes().is_none()) {
        return None;
    }
    // The library reads names of other makers (`name@domain`) as keys of any content.
    let known = !matches!(key.algorithm(), ssh_key::Algorithm::Other(_));
    known.then(|| key.fingerprint(HashAlg::Sha256).to_string())
}

/// Base64 with its padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes = text.as_bytes();
    let plain = text.trim_end_matches('=');
    if bytes.is_empty() || !bytes.len().is_multiple_of(4) || bytes.len() - plain.len() > 2 {
        return None;
    }
    let mut found = Vec::new();
    let (mut word, mut bits) = (0_u32, 0);
    for byte in plain.bytes() {
        word = word << 6 | u32::try_from(DIGITS.iter().position(|digit| *digit == byte)?).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            found.push(u8::try_from(word >> bits & 0xff).ok()?);
            word &= (1 << bits) - 1;
        }
    }
    // What is left over must be nothing.
    (word == 0).then_some(found)
}
