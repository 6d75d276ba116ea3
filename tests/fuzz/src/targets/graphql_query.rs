//! GraphQL documents before they are sent: only queries may be (PRV-2).

use http::Method;
use scan_transport::Request;
use scan_transport::allow::{Action, AllowList, Keep, Operation, Purpose};
use url::Url;

use crate::help::unseen::check_inert;

pub(super) const HOLDS: &str = "a document with a mutation or a subscription outside every selection is never sent, however it is \
    written; the parser's stack holds; the refusal repeats nothing of the document";

static LIST: AllowList = AllowList {
    connector: "fuzz",
    operations: &[Operation {
        name: "graphql",
        method: "POST",
        path: "/graphql",
        action: Action::GraphQlQuery,
        purpose: Purpose::Read,
        rights: &[],
        keep: Keep::Nothing,
    }],
};

pub(super) fn run(bytes: &[u8]) {
    let document = String::from_utf8_lossy(bytes);
    let url = Url::parse("https://api.example/graphql").expect("an address");
    let body = serde_json::json!({ "query": document, "variables": { "first": 100 } });
    let request = Request::json(Method::POST, url, &body).expect("JSON");
    match LIST.find_request(&request) {
        Ok(_) => {
            let words = outside_selections(&document);
            assert!(
                !words.iter().any(|word| word == "mutation" || word == "subscription"),
                "sent: {document:?} ({words:?})"
            );
        }
        Err(refusal) => check_inert(&refusal.to_string(), false),
    }
}

/// Names that begin a definition: those outside all brackets, where a definition begins (GraphQL, section 2.2), strings
/// and comments taken out.
fn outside_selections(document: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut open, mut begins) = (0_usize, true);
    let mut rest = document;
    while let Some(letter) = rest.chars().next() {
        let step = match letter {
            '#' => rest.find(['\n', '\r']).unwrap_or(rest.len()),
            '"' => string_length(rest),
            '{' | '(' | '[' => {
                open += 1;
                begins = false;
                1
            }
            '}' | ')' | ']' => {
                open = open.saturating_sub(1);
                begins = open == 0 && letter == '}';
                1
            }
            letter if letter.is_ascii_alphabetic() || letter == '_' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                if open == 0 && begins {
                    words.push(rest[..end].to_owned());
                    begins = false;
                }
                end
            }
            letter => letter.len_utf8(),
        };
        rest = &rest[step..];
    }
    words
}

fn string_length(text: &str) -> usize {
    if let Some(block) = text.strip_prefix("\"\"\"") {
        return block.replace("\\\"\"\"", "----").find("\"\"\"").map_or(text.len(), |end| end + 6);
    }
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            '"' if !escaped => return at + 1,
            '\n' | '\r' => return at,
            _ => escaped = letter == '\\' && !escaped,
        }
    }
    text.len()
}
