//! One public key: its type, and the fingerprint that OpenSSH prints for it.

use scan_contract::KeyFingerprint;
use sha2::{Digest, Sha256};
use ssh_key::Fingerprint;

use super::base64;
use super::wire::{Reader, put_positive, put_string};

/// A public key as it stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey {
    /// Type of the plain key, such as `ssh-ed25519`.
    pub(crate) algorithm: String,
    /// Fingerprint of the plain key, also where a certificate was given (as `ssh-keygen -l` does).
    pub(crate) fingerprint: KeyFingerprint,
    /// Whether a certificate stood there instead of a key.
    pub(crate) certificate: bool,
    /// Whether we know this type: others are kept as they are.
    pub(crate) known: bool,
    /// Bits of an RSA modulus.
    pub(crate) rsa_bits: Option<usize>,
}

/// Why a text is no key that any sshd we know would accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyFault {
    /// No type followed by a key.
    NoKey,
    /// A type we know, and a key that does not decode.
    Undecodable,
    /// The type written and the type of the key differ.
    TypeDiffers,
}

impl KeyFault {
    /// The fault in words.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NoKey => "no key on this line",
            Self::Undecodable => "the key does not decode",
            Self::TypeDiffers => "the type written and the type of the key differ",
        }
    }
}

/// Suffix of every OpenSSH certificate type.
const CERTIFICATE: &str = "-cert-v01@openssh.com";

/// The type of the key that a type word of a file stands for. Signature names of RSA and the browser form of
/// hardware keys stand for the key itself (OpenSSH: `keyimpls`).
fn plain_type(word: &str) -> Option<(&'static str, bool)> {
    let (word, certificate) = word.strip_suffix(CERTIFICATE).map_or((word, false), |plain| (plain, true));
    // In certificate names the vendor's suffix stands once, at the end.
    let plain = match word {
        "ssh-rsa" | "rsa-sha2-256" | "rsa-sha2-512" => "ssh-rsa",
        "ssh-dss" => "ssh-dss",
        "ssh-ed25519" => "ssh-ed25519",
        "ecdsa-sha2-nistp256" => "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384" => "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521" => "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com" => "sk-ssh-ed25519@openssh.com",
        "sk-ssh-ed25519" if certificate => "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com" | "webauthn-sk-ecdsa-sha2-nistp256@openssh.com" => {
            "sk-ecdsa-sha2-nistp256@openssh.com"
        }
        "sk-ecdsa-sha2-nistp256" | "webauthn-sk-ecdsa-sha2-nistp256" if certificate => {
            "sk-ecdsa-sha2-nistp256@openssh.com"
        }
        _ => return None,
    };
    Some((plain, certificate))
}

/// Reads a key from the start of a line, as OpenSSH's `sshkey_read` does, and gives what follows it (the comment).
pub(crate) fn read_key(line: &[u8]) -> Result<(PublicKey, &[u8]), KeyFault> {
    let space = line.iter().position(|byte| is_blank(*byte)).ok_or(KeyFault::NoKey)?;
    let word = std::str::from_utf8(&line[..space]).map_err(|_| KeyFault::NoKey)?;
    let rest = skip_blanks(&line[space..]);
    let end = rest.iter().position(|byte| is_blank(*byte)).unwrap_or(rest.len());
    let (text, after) = rest.split_at(end);
    if text.is_empty() {
        return Err(KeyFault::NoKey);
    }
    let comment = skip_blanks(after);
    let Some((plain, certificate)) = plain_type(word) else {
        return unknown_type(word, text).map(|key| (key, comment)).ok_or(KeyFault::NoKey);
    };
    let blob = base64::decode(text).ok_or(KeyFault::Undecodable)?;
    let mut reader = Reader(&blob);
    let name = reader.string().and_then(|name| std::str::from_utf8(name).ok()).ok_or(KeyFault::Undecodable)?;
    if plain_type(name) != Some((plain, certificate)) {
        return Err(KeyFault::TypeDiffers);
    }
    let (canonical, rsa_bits) = canonical(plain, certificate, reader).ok_or(KeyFault::Undecodable)?;
    let key = PublicKey {
        algorithm: plain.to_owned(),
        fingerprint: fingerprint(&canonical),
        certificate,
        known: true,
        rsa_bits,
    };
    Ok((key, comment))
}

/// The plain key's blob in its one shortest form, whatever zeros or certificate fields stood around it.
fn canonical(plain: &str, certificate: bool, mut reader: Reader<'_>) -> Option<(Vec<u8>, Option<usize>)> {
    let mut blob = Vec::new();
    let mut rsa_bits = None;
    put_string(&mut blob, plain.as_bytes());
    if certificate {
        reader.string()?;
    }
    match plain {
        "ssh-rsa" => {
            let (exponent, modulus) = (reader.positive()?, reader.positive()?);
            rsa_bits = Some(modulus.len() * 8 - modulus.first().map_or(0, |first| first.leading_zeros() as usize));
            put_positive(&mut blob, exponent);
            put_positive(&mut blob, modulus);
        }
        "ssh-dss" => {
            for _ in 0..4 {
                put_positive(&mut blob, reader.positive()?);
            }
        }
        "ssh-ed25519" => put_string(&mut blob, ed25519(&mut reader)?),
        "sk-ssh-ed25519@openssh.com" => {
            put_string(&mut blob, ed25519(&mut reader)?);
            put_string(&mut blob, reader.string()?);
        }
        _ => {
            let curve =
                plain.trim_start_matches("sk-").trim_start_matches("ecdsa-sha2-").trim_end_matches("@openssh.com");
            put_string(&mut blob, Some(reader.string()?).filter(|name| *name == curve.as_bytes())?);
            put_string(&mut blob, point(&mut reader, curve)?);
            if plain.starts_with("sk-") {
                put_string(&mut blob, reader.string()?);
            }
        }
    }
    // A certificate goes on with its own fields; a plain key ends here.
    (certificate || reader.is_at_end()).then_some((blob, rsa_bits))
}

fn ed25519<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    reader.string().filter(|key| key.len() == 32)
}

/// An uncompressed point, the only form OpenSSH reads.
fn point<'a>(reader: &mut Reader<'a>, curve: &str) -> Option<&'a [u8]> {
    let length = match curve {
        "nistp256" => 65,
        "nistp384" => 97,
        _ => 133,
    };
    reader.string().filter(|point| point.len() == length && point[0] == 4)
}

/// A key of a type we do not know: kept if its blob names the same type, so that a newer server's keys are seen.
fn unknown_type(word: &str, text: &[u8]) -> Option<PublicKey> {
    let plausible = word.len() <= 128
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'@' | b'.' | b'_' | b'+'));
    if !plausible {
        return None;
    }
    let blob = base64::decode(text)?;
    let mut reader = Reader(&blob);
    let name = reader.string()?;
    if name != word.as_bytes() || reader.is_at_end() {
        return None;
    }
    Some(PublicKey {
        algorithm: word.to_owned(),
        fingerprint: fingerprint(&blob),
        certificate: word.ends_with(CERTIFICATE),
        known: false,
        rsa_bits: None,
    })
}

fn fingerprint(blob: &[u8]) -> KeyFingerprint {
    KeyFingerprint::new(Fingerprint::Sha256(Sha256::digest(blob).into()).to_string())
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

pub(super) fn skip_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| is_blank(**byte)).count();
    &text[blanks..]
}
