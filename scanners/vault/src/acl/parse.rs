//! Policy text into rules.

use chrono::DateTime;
use scan_contract::Instant;
use serde_json::Value;

use super::capability::{Capabilities, Capability};
use super::lex::{Token, tokens};

/// One rule: a path pattern and what it allows there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PolicyRule {
    /// Path pattern as written, without a leading slash; templates are still in it.
    pub(crate) pattern: String,
    /// What it allows.
    pub(crate) capabilities: Capabilities,
    /// It ends by itself (OpenBao).
    pub(crate) expires: Option<Instant>,
    /// It cuts or filters lists without saying so in the answer (OpenBao: `pagination_limit`,
    /// `list_scan_response_keys_filter_path`).
    pub(crate) shortens_lists: bool,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Policy {
    /// Its rules, in the order written.
    pub(crate) rules: Vec<PolicyRule>,
}

/// A value of the policy language. What no rule needs is not kept.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    Text(String),
    List(Vec<Node>),
    Block(Vec<(Vec<String>, Node)>),
}

/// Deepest nesting of blocks and lists.
const DEEPEST: usize = 32;

impl Policy {
    /// Reads policy text. The error says what is wrong; such a policy is refused by the server as well, or was written
    /// in a form that this reader does not know.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let items = if text.trim_start().starts_with('{') { from_json(text)? } else { from_text(text)? };
        let mut rules = Vec::new();
        for (keys, node) in items {
            match keys.first().map(String::as_str) {
                Some("path") => collect(&keys[1..], &node, &mut rules)?,
                Some("name") => {}
                Some(other) => return Err(format!("an unknown key {:?}", shorten(other))),
                None => return Err(String::from("a value without a key")),
            }
        }
        Ok(Self { rules })
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}

/// `path "x" { .. }`, and the JSON forms `path: { x: { .. } }` and `path: [ { x: .. } ]`.
fn collect(keys: &[String], node: &Node, rules: &mut Vec<PolicyRule>) -> Result<(), String> {
    match (keys, node) {
        ([path], Node::Block(body)) => rules.extend(rule(path, body)?),
        ([], Node::Block(entries)) => {
            for (keys, node) in entries {
                collect(keys, node, rules)?;
            }
        }
        (_, Node::List(nodes)) => {
            for node in nodes {
                collect(keys, node, rules)?;
            }
        }
        _ => return Err(String::from("a path that is no block")),
    }
    Ok(())
}

fn rule(path: &str, body: &[(Vec<String>, Node)]) -> Result<Option<PolicyRule>, String> {
    let mut capabilities = Capabilities::NONE;
    let mut expires = None;
    let mut shortens_lists = false;
    for (keys, node) in body {
        match (keys.first().map(String::as_str), node) {
            (Some("capabilities"), Node::List(words)) => {
                for word in words {
                    let Node::Text(word) = word else { return Err(String::from("a capability that is no word")) };
                    let capability = Capability::parse(word).ok_or_else(|| {
                        format!("an unknown capability {:?} for path {:?}", shorten(word), shorten(path))
                    })?;
                    capabilities = capabilities.and(Capabilities::NONE.with(capability));
                }
            }
            (Some("capabilities"), Node::Text(word)) => {
                let capability =
                    Capability::parse(word).ok_or_else(|| format!("an unknown capability {:?}", shorten(word)))?;
                capabilities = capabilities.and(Capabilities::NONE.with(capability));
            }
            (Some("policy"), Node::Text(word)) => capabilities = capabilities.and(old_word(word)?),
            (Some("expiration"), Node::Text(when)) => {
                let at =
                    DateTime::parse_from_rfc3339(when).map_err(|_| String::from("an expiration that is no time"))?;
                expires = Some(at.to_utc());
            }
            (Some("pagination_limit" | "list_scan_response_keys_filter_path"), _) => shortens_lists = true,
            _ => {}
        }
    }
    let pattern = path.strip_prefix('/').unwrap_or(path).to_owned();
    Ok(Some(PolicyRule { pattern, capabilities, expires, shortens_lists }))
}

/// The words of the oldest form (`policy = "write"`).
fn old_word(word: &str) -> Result<Capabilities, String> {
    use Capability::{Create, Delete, Deny, List, Read, Sudo, Update};
    Ok(match word {
        "deny" => [Deny].into_iter().collect(),
        "read" => [Read, List].into_iter().collect(),
        "write" => [Create, Read, Update, Delete, List].into_iter().collect(),
        "sudo" => [Create, Read, Update, Delete, List, Sudo].into_iter().collect(),
        other => return Err(format!("an unknown policy word {:?}", shorten(other))),
    })
}

fn from_json(text: &str) -> Result<Vec<(Vec<String>, Node)>, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("no JSON, line {}", error.line()))?;
    match node_of(&value, 0)? {
        Node::Block(entries) => Ok(entries),
        Node::Text(_) | Node::List(_) => Err(String::from("no JSON object")),
    }
}

fn node_of(value: &Value, depth: usize) -> Result<Node, String> {
    if depth > DEEPEST {
        return Err(String::from("nested too deep"));
    }
    Ok(match value {
        Value::Null => Node::List(Vec::new()),
        Value::Bool(value) => Node::Text(value.to_string()),
        Value::Number(value) => Node::Text(value.to_string()),
        Value::String(text) => Node::Text(text.clone()),
        Value::Array(values) => {
            Node::List(values.iter().map(|value| node_of(value, depth + 1)).collect::<Result<_, _>>()?)
        }
        Value::Object(entries) => Node::Block(
            entries
                .iter()
                .map(|(key, value)| Ok((vec![key.clone()], node_of(value, depth + 1)?)))
                .collect::<Result<_, String>>()?,
        ),
    })
}

fn from_text(text: &str) -> Result<Vec<(Vec<String>, Node)>, String> {
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens: &tokens, at: 0 };
    let entries = reader.entries(None, 0)?;
    if reader.at == tokens.len() { Ok(entries) } else { Err(String::from("text after the last block")) }
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn is_sign(&self, sign: char) -> bool {
        self.peek() == Some(&Token::Sign(sign))
    }

    fn entries(&mut self, end: Option<char>, depth: usize) -> Result<Vec<(Vec<String>, Node)>, String> {
        if depth > DEEPEST {
            return Err(String::from("nested too deep"));
        }
        let mut entries = Vec::new();
        loop {
            while self.is_sign(',') {
                self.at += 1;
            }
            match (self.peek(), end) {
                (None, None) => return Ok(entries),
                (None, Some(_)) => return Err(String::from("a block does not end")),
                (Some(Token::Sign(sign)), Some(end)) if *sign == end => {
                    self.at += 1;
                    return Ok(entries);
                }
                _ => entries.push(self.entry(depth)?),
            }
        }
    }

    fn entry(&mut self, depth: usize) -> Result<(Vec<String>, Node), String> {
        let mut keys = Vec::new();
        loop {
            match self.peek().cloned() {
                Some(Token::Word(key) | Token::Text(key)) => {
                    keys.push(key);
                    self.at += 1;
                }
                Some(Token::Sign('=')) if !keys.is_empty() => {
                    self.at += 1;
                    return Ok((keys, self.value(depth)?));
                }
                Some(Token::Sign('{')) if !keys.is_empty() => {
                    self.at += 1;
                    return Ok((keys, Node::Block(self.entries(Some('}'), depth + 1)?)));
                }
                _ => return Err(String::from("a key without a value")),
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, String> {
        if depth > DEEPEST {
            return Err(String::from("nested too deep"));
        }
        let token = self.peek().cloned();
        self.at += 1;
        match token {
            Some(Token::Word(text) | Token::Text(text)) => Ok(Node::Text(text)),
            Some(Token::Sign('{')) => Ok(Node::Block(self.entries(Some('}'), depth + 1)?)),
            Some(Token::Sign('[')) => {
                let mut nodes = Vec::new();
                loop {
                    if self.is_sign(',') {
                        self.at += 1;
                    } else if self.is_sign(']') {
                        self.at += 1;
                        return Ok(Node::List(nodes));
                    } else if self.peek().is_none() {
                        return Err(String::from("a list does not end"));
                    } else {
                        nodes.push(self.value(depth + 1)?);
                    }
                }
            }
            _ => Err(String::from("a key without a value")),
        }
    }
}
