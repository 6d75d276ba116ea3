//! Secrets that are planted where a secret can be, and looked for where none may be (SEC-6).

use bytes::Bytes;
use data_encoding::{BASE64, BASE64URL, HEXLOWER};
use serde_json::Value;

use crate::fault::Answer;
use crate::random::Random;

/// One planted secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    /// Where it was planted, for messages.
    pub place: String,
    /// The secret: letters and digits, so that most encodings leave it readable.
    pub secret: String,
}

/// Where one was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Where it had been planted.
    pub planted: String,
    /// Where it was found.
    pub found: String,
    /// In which encoding.
    pub encoding: &'static str,
}

/// A set of secrets, all different, and the places in an answer that they go to.
#[derive(Debug, Clone)]
pub struct Canaries {
    random: Random,
    all: Vec<Canary>,
    fields: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    error: String,
}

/// Headers that carry secrets or text of a service's own making.
const HEADERS: &[&str] =
    &["set-cookie", "www-authenticate", "x-debug-token", "server", "x-request-id", "warning", "via"];

impl Canaries {
    /// Secrets of a seed: one for each of the usual headers, one for the text of every refusal.
    pub fn new(seed: u64) -> Self {
        let mut canaries = Self {
            random: Random::new(seed).fork("canaries"),
            all: Vec::new(),
            fields: Vec::new(),
            headers: Vec::new(),
            error: String::new(),
        };
        for name in HEADERS {
            let secret = canaries.plant(&format!("header {name}"));
            canaries.headers.push((String::from(*name), secret));
        }
        canaries.error = canaries.plant("text of a refusal");
        canaries
    }

    /// A new secret for a place of the test's own: a credential, a banner, a name of a file.
    pub fn plant(&mut self, place: &str) -> String {
        let secret = format!("cnry{}", self.random.token(28));
        self.all.push(Canary { place: String::from(place), secret: secret.clone() });
        secret
    }

    /// Every JSON object of every answer gets a field of this name with a secret in it, unless it has one already.
    /// For fields that services do send and that must not be kept: `token`, `client_secret`, `SecretAccessKey`.
    #[must_use]
    pub fn in_field(mut self, name: &str) -> Self {
        let secret = self.plant(&format!("field {name}"));
        self.fields.push((String::from(name), secret));
        self
    }

    /// All of them.
    pub fn all(&self) -> &[Canary] {
        &self.all
    }

    /// An answer with the secrets in their places. JSON and XML stay well formed.
    pub fn planted_in(&self, mut answer: Answer) -> Answer {
        for (name, secret) in &self.headers {
            if !answer.headers.contains_key(name) {
                let value = match name.as_str() {
                    "set-cookie" => format!("session={secret}; HttpOnly"),
                    "www-authenticate" => format!("Bearer realm=\"{secret}\""),
                    "warning" => format!("299 - \"{secret}\""),
                    _ => secret.clone(),
                };
                answer = answer.with(name, &value);
            }
        }
        let media = answer.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
        let refusal = answer.status >= 400;
        if media.contains("json") {
            let Ok(mut value) = serde_json::from_slice::<Value>(&answer.body) else { return answer };
            self.in_value(&mut value, refusal, true);
            answer.body = Bytes::from(value.to_string());
        } else if media.contains("xml") {
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            answer.body = Bytes::from(self.in_xml(&text, refusal));
        } else if refusal {
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            answer.body = Bytes::from(format!("{text} {}", self.error));
        }
        answer
    }

    fn in_value(&self, value: &mut Value, refusal: bool, top: bool) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.in_value(item, refusal, false)),
            Value::Object(fields) => {
                fields.values_mut().for_each(|field| self.in_value(field, refusal, false));
                for (name, secret) in &self.fields {
                    fields.entry(name.clone()).or_insert_with(|| Value::String(secret.clone()));
                }
                if refusal {
                    for text in ["message", "Message", "error_description", "errorSummary", "detail"] {
                        if let Some(Value::String(text)) = fields.get_mut(text) {
                            *text = [text.as_str(), " ", &self.error].concat();
                        }
                    }
                    if top {
                        fields.insert(String::from("debug"), Value::String(self.error.clone()));
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn in_xml(&self, text: &str, refusal: bool) -> String {
        let mut extra = String::new();
        for (name, secret) in &self.fields {
            extra += &["<", name, ">", secret, "</", name, ">"].concat();
        }
        let mut out = text.replace("</member>", &format!("{extra}</member>"));
        if refusal {
            out = out.replace("</Message>", &format!(" {}</Message>", self.error));
        }
        out
    }

    /// Every secret that can be read out of `bytes`: plain (which JSON escapes and percent signs leave as it is), in
    /// base64 at any offset, in hex, and each half by itself.
    pub fn leaks(&self, found: &str, bytes: &[u8]) -> Vec<Leak> {
        self.all
            .iter()
            .filter_map(|canary| {
                let encoding = encoding_in(&canary.secret, bytes)?;
                Some(Leak { planted: canary.place.clone(), found: String::from(found), encoding })
            })
            .collect()
    }
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && bytes.windows(needle.len()).any(|window| window == needle)
}

/// The encoding in which `secret` stands in `bytes`.
fn encoding_in(secret: &str, bytes: &[u8]) -> Option<&'static str> {
    let plain = secret.as_bytes();
    let (first, last) = plain.split_at(plain.len() / 2);
    if holds(bytes, plain) {
        return Some("plain");
    }
    if holds(bytes, first) || holds(bytes, last) {
        return Some("a half of it");
    }
    let hex = HEXLOWER.encode(plain);
    let each =
        |before: &str| (0..hex.len() / 2).map(|at| [before, &hex[2 * at..2 * at + 2]].concat()).collect::<String>();
    let (percent, escaped) = (each("%"), each("\\u00"));
    let lower = bytes.to_ascii_lowercase();
    if holds(&lower, hex.as_bytes()) {
        return Some("hex");
    }
    if holds(&lower, percent.as_bytes()) {
        return Some("percent-encoded");
    }
    if holds(&lower, escaped.as_bytes()) {
        return Some("JSON-escaped");
    }
    // Base64 of a text in which the secret starts at offset 0, 1 or 2: the letters that depend on the secret alone.
    for offset in 0..3_usize {
        let mut padded = vec![0_u8; offset];
        padded.extend_from_slice(plain);
        let whole = padded.len() / 3 * 3;
        let skip = if offset == 0 { 0 } else { 4 };
        for encoded in [BASE64.encode(&padded[..whole]), BASE64URL.encode(&padded[..whole])] {
            if holds(bytes, &encoded.as_bytes()[skip..]) {
                return Some("base64");
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_encoding_and_its_twin_is_not() {
        let mut canaries = Canaries::new(1);
        let secret = canaries.plant("a test");
        let shows = |text: &str| canaries.leaks("here", text.as_bytes()).iter().any(|leak| leak.planted == "a test");
        assert!(shows(&format!("x{secret}y")));
        assert!(shows(&secret[..20]));
        assert!(shows(&HEXLOWER.encode(secret.as_bytes()).to_uppercase()));
        for before in ["", "a", "ab", "user:", "abcd"] {
            assert!(shows(&BASE64.encode(format!("{before}{secret}").as_bytes())), "{before:?}");
        }
        let hex = HEXLOWER.encode(secret.as_bytes());
        let each = |before: &str| (0..32).map(|at| [before, &hex[2 * at..2 * at + 2]].concat()).collect::<String>();
        assert!(shows(&each("%")) && shows(&each("\\u00")));
        let other = Canaries::new(2).plant("another");
        assert!(!shows(&other));
        assert!(!shows("nothing"));
    }

    #[test]
    fn answers_carry_them_and_stay_well_formed() {
        let canaries = Canaries::new(3).in_field("token");
        let answer = Answer::json(&serde_json::json!([{"login": "ann"}, {"token": "own"}]));
        let value = canaries.planted_in(answer).value();
        assert!(value[0]["token"].as_str().is_some_and(|text| text.starts_with("cnry")));
        assert_eq!(value[1]["token"], "own");
        let refused = canaries.planted_in(Answer::json(&serde_json::json!({"message": "no"})).of(403));
        assert!(!canaries.leaks("body", &refused.body).is_empty());
        assert!(refused.headers.contains_key("set-cookie"));
    }
}
