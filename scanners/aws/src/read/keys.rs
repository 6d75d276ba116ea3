//! `access-keys.json`: a JSON array of raw answers of `list-access-keys`, one a user.

use scan_contract::Cause;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::read::wire::AccessKeyMetadata;
use crate::text::{decode, digest, json_error};

/// The keys of the account, by id.
#[derive(Debug, Default)]
pub(crate) struct KeyLists {
    pub(crate) keys: Vec<AccessKeyMetadata>,
    /// Answers in the document. An answer for a user without keys names nobody.
    pub(crate) answers: usize,
    /// What could not be read, with its place.
    pub(crate) damage: Vec<(Option<String>, Cause)>,
    pub(crate) sha256: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    #[serde(borrow)]
    access_key_metadata: Vec<&'a RawValue>,
    is_truncated: Option<bool>,
    next_token: Option<String>,
}

impl KeyLists {
    /// Reads the document; answers one after the other, without an array around them, are read as well. What was
    /// read before a damage is kept.
    pub(crate) fn read(bytes: &[u8], origin: &str) -> Self {
        let mut lists = Self { sha256: digest(bytes), ..Self::default() };
        let decoded = decode(bytes, origin);
        lists.damage.extend(decoded.damage.map(|cause| (None, cause)));
        let text = decoded.text.trim_start();
        // An array that breaks off still shows the answers before the break.
        let inside = text.strip_prefix('[');
        let mut rest = inside.unwrap_or(text);
        loop {
            rest = rest.trim_start();
            match (rest.chars().next(), inside.is_some()) {
                (Some(']'), true) => {
                    let after = rest.get(1..).unwrap_or("").trim();
                    if !after.is_empty() {
                        lists.damaged(None, format!("{origin} goes on after the end of its array"));
                    }
                    break;
                }
                (None, true) => {
                    lists.damage.push((None, Cause::CutOff { what: format!("{origin} ends inside its array") }));
                    break;
                }
                (None, false) => break,
                (Some(','), true) if lists.answers > 0 => rest = rest.get(1..).unwrap_or(""),
                (Some(_), _) => {}
            }
            let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
            match stream.next() {
                Some(Ok(raw)) => lists.take(raw.get(), origin),
                Some(Err(error)) => {
                    let what = format!("{origin}, answer {}: {}", lists.answers + 1, json_error(&error));
                    lists
                        .damage
                        .push((None, if error.is_eof() { Cause::CutOff { what } } else { Cause::Malformed { what } }));
                    break;
                }
                None => {
                    lists.damage.push((None, Cause::CutOff { what: format!("{origin} ends inside its array") }));
                    break;
                }
            }
            rest = rest.get(stream.byte_offset()..).unwrap_or("");
        }
        if lists.answers == 0 && lists.damage.is_empty() && inside.is_none() {
            lists.damage.push((None, Cause::CutOff { what: format!("{origin} is empty") }));
        }
        lists
    }

    fn damaged(&mut self, part: Option<String>, what: String) {
        self.damage.push((part, Cause::Malformed { what }));
    }

    fn take(&mut self, answer: &str, origin: &str) {
        self.answers += 1;
        let number = self.answers;
        let part = || Some(format!("answer {number}"));
        match serde_json::from_str::<Answer<'_>>(answer) {
            Ok(answer) => {
                for raw in answer.access_key_metadata {
                    match serde_json::from_str(raw.get()) {
                        Ok(key) => self.keys.push(key),
                        Err(error) => {
                            self.damaged(part(), format!("{origin}, a key of answer {number}: {}", json_error(&error)));
                        }
                    }
                }
                if answer.is_truncated == Some(true) || answer.next_token.is_some() {
                    let what = format!("{origin}: answer {number} says that more keys follow");
                    self.damage.push((part(), Cause::CutOff { what }));
                }
            }
            Err(error) => self.damaged(part(), format!("{origin}, answer {number}: {}", json_error(&error))),
        }
    }
}
